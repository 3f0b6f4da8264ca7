"""Cloud Storage that fails: what is tried again, and that nothing unclear passes for an answer."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.scripted_http import CUT, RESET, Answer, ScriptedHttp, serving
from nephoscope.errors import Transient
from nephoscope.events import ObjectRef
from nephoscope.ports import Lost, Version

objects = pytest.importorskip("nephoscope.adapters.gcp.objects")
state = pytest.importorskip("nephoscope.adapters.gcp.state")
json_api = pytest.importorskip("nephoscope.adapters.gcp.storage")
credentials = pytest.importorskip("google.auth.credentials")

LANDED = ObjectRef("gcp", "b", "landed/a.csv", "7")


@pytest.fixture
def storage() -> Iterator[ScriptedHttp]:
    """A service that has written whatever it is sent."""
    with serving(lambda *_: Answer(body=json.dumps({"generation": "7"}).encode())) as server:
        yield server


@pytest.fixture
def records(storage: ScriptedHttp) -> object:
    """A store over it."""
    return state.GcsState(json_api.Storage(credentials.AnonymousCredentials(), storage.url), "b", "hub")


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


@pytest.fixture
def ending() -> object:
    """Credentials whose token ends; each new one has a number."""

    class Ending(credentials.Credentials):  # type: ignore[misc,name-defined]
        def refresh(self, _: object) -> None:
            self.token = f"t{int(self.token[1:]) + 1}"

    mine = Ending()
    mine.token = "t0"
    return mine


def test_a_token_that_ended_is_asked_for_anew(storage: ScriptedHttp, ending: object, tmp_path: Path) -> None:
    """The same request is sent again as whoever has the new one, be it a write or a table that is streamed."""
    there = json_api.Storage(ending, storage.url)
    storage.script += [Answer(401)]
    assert state.GcsState(there, "b", "hub").create("a", b"1") == Version("7")
    storage.script += [Answer(401), Answer(body=b"rows")]
    assert objects.GcsObjects(there).fetch(LANDED, tmp_path / "it", most_bytes=100) == 4
    assert (tmp_path / "it").read_bytes() == b"rows"
    assert storage.signed == ["Bearer t0", "Bearer t1", "Bearer t1", "Bearer t2"]


def test_a_new_token_that_is_refused_is_a_missing_right(storage: ScriptedHttp, ending: object) -> None:
    """Nobody asks for tokens without an end."""
    storage.script += [Answer(401), Answer(401)]
    with pytest.raises(Transient, match="gs://b/hub/a: 401"):
        state.GcsState(json_api.Storage(ending, storage.url), "b", "hub").create("a", b"1")
    assert len(storage.requests) == 2


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


@pytest.mark.parametrize("fault", [CUT, Answer(403, body=b"why")])
def test_an_object_that_does_not_come_whole_is_transient(
    storage: ScriptedHttp, tmp_path: Path, fault: Answer | str
) -> None:
    """Half a table is no damaged table, and a right that is missing no missing object: the Event comes again."""
    storage.script.append(fault)
    there = json_api.Storage(credentials.AnonymousCredentials(), storage.url)
    with pytest.raises(Transient, match="gs://b/landed/"):
        objects.GcsObjects(there).fetch(LANDED, tmp_path / "it", most_bytes=100)


class Unpacking:
    """Cloud Storage for an object with `Content-Encoding: gzip`: it is served unpacked, and no length is told."""

    def ask(self, *_: object, **__: object) -> object:
        """A thousand bytes."""
        from urllib3 import HTTPResponse

        return HTTPResponse(io.BytesIO(b"x" * 1_000), status=200, preload_content=False)


@pytest.mark.parametrize(("most", "copied"), [(1_000, True), (999, False)])
def test_an_object_without_a_length_is_counted(tmp_path: Path, most: int, copied: bool) -> None:
    """What unpacks on its way takes no more room than what lies there unpacked."""
    file = tmp_path / "it"
    assert objects.GcsObjects(Unpacking()).fetch(LANDED, file, most_bytes=most) == 1_000
    assert file.exists() == copied
