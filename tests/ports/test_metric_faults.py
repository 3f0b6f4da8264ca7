"""Every error that a cloud's client can raise is an answer: unknown, by somebody's fault, with a reason."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.core.exceptions as azure_errors
import botocore.exceptions as aws_errors
import google.api_core.exceptions as google_errors
import google.auth.exceptions as auth_errors
import pytest
from nephoscope.adapters.aws import faults as aws
from nephoscope.adapters.azure import faults as azure
from nephoscope.adapters.gcp import faults as gcp
from nephoscope.adapters.gcp.metrics import CloudMonitoringMetrics
from nephoscope.monitoring.answer import Fault, Lack, Unknown
from nephoscope.monitoring.query import Window, query

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(hours=4), NOW, timedelta(hours=1))
ASKED = query("custom.googleapis.com/m", "accuracy", {"model_name": "m"})


def errors(module: Any, *families: type[Exception]) -> Iterator[Exception]:
    """One error of every class of some families that a module has and that can be made here."""
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, families):
            for arguments in (("scripted",), ({"Error": {"Code": "X"}}, "Op"), ()):
                with suppress(TypeError, KeyError, AttributeError, ValueError):
                    yield kind(*arguments)
                    break


AWS = list(errors(aws_errors, aws_errors.BotoCoreError, aws_errors.ClientError))
AZURE = list(errors(azure_errors, azure_errors.AzureError))
GOOGLE = [
    *errors(google_errors, google_errors.GoogleAPIError),
    *errors(auth_errors, auth_errors.GoogleAuthError),
    google_errors.RetryError("too long", google_errors.ServiceUnavailable("busy")),
    google_errors.RetryError("too long", None),
]


def test_there_are_errors_to_try() -> None:
    """The clients' families of errors were found."""
    assert min(len(AWS), len(AZURE), len(GOOGLE)) >= 10


@pytest.mark.parametrize("error", AWS, ids=repr)
def test_every_aws_error_is_an_answer(error: Any) -> None:
    """Whatever botocore raises has a fault and one sentence."""
    told(aws.unanswered(error))


@pytest.mark.parametrize("error", AZURE, ids=repr)
def test_every_azure_error_is_an_answer(error: Any) -> None:
    """Whatever azure-core raises has a fault and one sentence."""
    told(azure.unanswered(error))


@pytest.mark.parametrize("error", GOOGLE, ids=repr)
def test_every_google_error_is_an_answer(error: Any) -> None:
    """Whatever Google's clients raise, at whichever call, is told for every question; none becomes a series."""
    told(gcp.unanswered(error))

    class Raises:
        """A client that fails."""

        def __getattr__(self, _: str) -> Any:
            raise error

    answer = CloudMonitoringMetrics("p", Raises()).points([ASKED], WINDOW)[ASKED]  # type: ignore[arg-type]
    told(answer)


def told(answer: object) -> None:
    """An answer that is none says whose fault it is, in one line."""
    assert isinstance(answer, Unknown)
    assert answer.lack is Lack.QUERY_FAILED
    assert isinstance(answer.fault, Fault)
    assert answer.reason.strip().endswith(".")
    assert "\n" not in answer.reason
