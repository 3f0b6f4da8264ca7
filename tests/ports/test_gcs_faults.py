"""Cloud Storage that fails: what is tried again, and that nothing unclear passes for an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fakes.scripted_http import RESET, Answer, ScriptedHttp, serving
from nephoscope.errors import Transient
from nephoscope.ports import Lost, Version

state = pytest.importorskip("nephoscope.adapters.gcp.state")
credentials = pytest.importorskip("google.auth.credentials")


@pytest.fixture
def storage() -> Iterator[ScriptedHttp]:
    """A service that has written whatever it is sent."""
    with serving(lambda *_: Answer(body=json.dumps({"generation": "7"}).encode())) as server:
        yield server


@pytest.fixture
def records(storage: ScriptedHttp) -> object:
    """A store over it."""
    http = state.connected(credentials.AnonymousCredentials())
    return state.GcsState(http, "b", "hub", endpoint=storage.url)


@pytest.mark.parametrize("fault", [Answer(503), Answer(429), RESET])
def test_a_write_that_failed_is_sent_again(storage: ScriptedHttp, records: state.GcsState, fault: Answer | str) -> None:
    """A moment's failure costs a second request, with the same condition, and is no error."""
    storage.script.append(fault)
    assert records.create("a", b"1") == Version("7")
    assert len(storage.requests) == 2
    assert all("ifGenerationMatch=0" in path for path, _ in storage.requests)


def test_a_write_whose_answer_got_lost_is_a_lost_race(storage: ScriptedHttp, records: state.GcsState) -> None:
    """The second request is refused by what the first one wrote; whose it is, the record's nonce tells."""
    storage.script += [RESET, Answer(412)]
    assert records.replace("a", Version("6"), b"1") is Lost.CONFLICT


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_what_is_no_answer_is_transient(storage: ScriptedHttp, records: state.GcsState, status: int) -> None:
    """A refusal, a bucket that is not there and a service that stays ill write nothing and say so."""
    storage.service = lambda *_: Answer(status, body=b"why")
    with pytest.raises(Transient, match=f"gs://b/hub/a: {status} why"):
        records.create("a", b"1")


@pytest.mark.parametrize("status", [400, 403, 412])
def test_only_a_missing_record_is_none(storage: ScriptedHttp, records: state.GcsState, status: int) -> None:
    """A record that cannot be read is not taken for one that is not there."""
    storage.service = lambda *_: Answer(status)
    with pytest.raises(Transient):
        records.get("a")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"error": {"code": 503}}', b"\xff", b""])
def test_a_success_that_says_nothing_is_transient(storage: ScriptedHttp, records: state.GcsState, body: bytes) -> None:
    """Status 200 with a gateway's page or an error is no empty list, no version and no record."""
    storage.service = lambda *_: Answer(body=body)
    for ask in (lambda: list(records.list("due/")), lambda: records.create("a", b"1"), lambda: records.get("a")):
        with pytest.raises(Transient, match="gs://b/hub/"):
            ask()
