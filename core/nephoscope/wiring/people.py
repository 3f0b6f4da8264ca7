"""The three clouds as a person's own account sees them: by whatever the cloud's command line signed in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from nephoscope.errors import BadSettings
from nephoscope.wiring.aws import Aws
from nephoscope.wiring.azure import Azure
from nephoscope.wiring.function import Cloud
from nephoscope.wiring.gcp import STORAGE_EMULATOR, Gcp


class PersonsAzure(Azure):
    """Azure by `az login`, or whatever else azure-identity finds."""

    @cached_property
    def _identity(self) -> Any:
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential()


class PersonsGcp(Gcp):
    """Google Cloud by `gcloud auth application-default login`."""

    @cached_property
    def _token(self) -> Callable[[], str]:
        from nephoscope.adapters.gcp.identity import AccessToken

        return AccessToken(_application_default())

    @cached_property
    def _credentials(self) -> Any:
        return super()._credentials if STORAGE_EMULATOR in os.environ else _application_default()


def _application_default() -> Any:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    from nephoscope.adapters.gcp.identity import SCOPES

    try:
        return google.auth.default(scopes=list(SCOPES))[0]
    except DefaultCredentialsError as error:
        raise BadSettings(
            f"Google Cloud knows nobody here: {error}.", do="gcloud auth application-default login"
        ) from error


CLOUDS: Mapping[str, Callable[[], Cloud]] = {"aws": Aws, "azure": PersonsAzure, "gcp": PersonsGcp}
STORE_OF = {"s3": "aws", "az": "azure", "gs": "gcp"}
