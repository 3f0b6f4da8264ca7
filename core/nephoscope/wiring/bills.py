"""The billing API of each cloud that the configuration names, opened when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET

from nephoscope.errors import BadSettings
from nephoscope.ports import Bills, Clock
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


def _aws(written: CostExplorer, clock: Clock) -> Bills:
    from nephoscope.adapters.aws.bills import CostExplorerBills

    return CostExplorerBills(clock, pages_most=written.pages)


def _azure(written: CostManagement, clock: Clock) -> Bills:
    from azure.identity import DefaultAzureCredential

    from nephoscope.adapters.azure.bills import ENDPOINT, CostManagementBills
    from nephoscope.adapters.azure.identity import Token

    return CostManagementBills(clock, Token(DefaultAzureCredential(), f"{ENDPOINT}/.default"), written.scope)


def _gcp(written: BillingExport, _: Clock) -> Bills:
    from nephoscope.adapters.gcp.bills import BigQueryBills

    project = None if written.project is UNSET else written.project
    most = round(written.most_gib * 1024**3)
    return BigQueryBills(written.table, focus=written.focus, bytes_most=most, project=project)


_OPENED: Mapping[str, Callable[[Any, Clock], Bills]] = {"aws": _aws, "azure": _azure, "gcp": _gcp}
