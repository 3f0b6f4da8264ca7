"""The billing API of each cloud that the configuration names, opened when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from msgspec import UNSET

from nephoscope.errors import BadSettings, Transient
from nephoscope.ports import Advice, Bills, Clock
from nephoscope.settings import Settings
from nephoscope.settings.bills import BillingExport, CostExplorer, CostManagement
from nephoscope.settings.spending import clouds_with_bills


def all_bills(settings: Settings, clock: Clock) -> dict[str, Bills]:
    """Every billing API of the configuration."""
    return {cloud: bills(cloud, settings, clock) for cloud in sorted(clouds_with_bills(settings))}


def bills(cloud: str, settings: Settings, clock: Clock) -> Bills:
    """
    One cloud's billing API.

    Raises:
        BadSettings: The configuration has none, or its extra is not installed.
    """
    written = getattr(settings.bills, cloud, UNSET)
    if written is UNSET:
        raise BadSettings(f"The configuration has no bills for '{cloud}'.", do=f"add bills.{cloud}")
    try:
        return _OPENED[cloud](written, clock)
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"The bills of '{cloud}' need '{error.name}', which is not installed.",
            do=f"pip install 'nephoscope[{cloud}]'",
        ) from error


def all_advice(settings: Settings) -> dict[str, Advice]:
    """What each cloud itself recommends, where the configuration asks for it."""
    return {cloud: found for cloud in sorted(clouds_with_bills(settings)) if (found := advice(cloud, settings))}


def advice(cloud: str, settings: Settings) -> Advice | None:
    """One cloud's own recommendations; None where the configuration does not ask for them."""
    written = settings.bills
    if cloud == "aws" and written.aws is not UNSET and written.aws.recommendations:
        from nephoscope.adapters.aws.advice import CostOptimizationHubAdvice

        return CostOptimizationHubAdvice()
    if cloud == "azure" and written.azure is not UNSET and written.azure.recommendations:
        from nephoscope.adapters.azure.advice import AdvisorAdvice

        return AdvisorAdvice(_azure_token(), written.azure.scope)
    if cloud == "gcp" and written.gcp is not UNSET and written.gcp.recommenders:
        from nephoscope.adapters.gcp.advice import RecommenderAdvice

        return RecommenderAdvice(_google_token(), written.gcp.recommenders)
    return None


def _aws(written: CostExplorer, clock: Clock) -> Bills:
    from nephoscope.adapters.aws.bills import CostExplorerBills

    return CostExplorerBills(clock, pages_most=written.pages)


def _azure(written: CostManagement, clock: Clock) -> Bills:
    from nephoscope.adapters.azure.bills import CostManagementBills

    return CostManagementBills(clock, _azure_token(), written.scope)


def _azure_token() -> Callable[[], str]:
    from azure.identity import DefaultAzureCredential

    from nephoscope.adapters.azure.bills import ENDPOINT
    from nephoscope.adapters.azure.identity import Token

    return Token(DefaultAzureCredential(), f"{ENDPOINT}/.default")


def _google_token() -> Callable[[], str]:
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    from nephoscope.adapters.gcp.identity import SCOPES, AccessToken

    @cache
    def opened() -> AccessToken:
        credentials, _ = google.auth.default(scopes=SCOPES)
        return AccessToken(credentials)

    def token() -> str:
        try:
            return opened()()
        except GoogleAuthError as error:
            raise Transient(f"Nobody is signed in to Google here: {error}.") from error

    return token


def _gcp(written: BillingExport, _: Clock) -> Bills:
    from nephoscope.adapters.gcp.bills import BigQueryBills

    project = None if written.project is UNSET else written.project
    most = round(written.most_gib * 1024**3)
    return BigQueryBills(written.table, focus=written.focus, bytes_most=most, project=project)


_OPENED: Mapping[str, Callable[[Any, Clock], Bills]] = {"aws": _aws, "azure": _azure, "gcp": _gcp}
