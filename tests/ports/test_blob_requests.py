"""Blob Storage asked without its SDK: the same request as the SDK's, and nothing unclear passes for an answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from emulators import AZURE_ACCOUNT, AZURE_KEY, Recorder
from fakes.scripted_http import RESET, Answer, serving
from nephoscope.adapters.azure.objects import BlobObjects
from nephoscope.adapters.azure.state import BlobState
from nephoscope.adapters.azure.storage import Blobs, bearer, shared_key
from nephoscope.errors import Transient
from nephoscope.events import ObjectRef
from nephoscope.ports import Lost, Version

blob = pytest.importorskip("azure.storage.blob")

NAMES = ["plain.json", "a b+c.csv", "%2B%20%%%.png", "é/ü.csv", "😀", "a?b#c&d=e;f", "a//b", "~-_.!*'()", "end "]
REFUSED = {"x-ms-error-code": "AuthorizationPermissionMismatch"}


@pytest.mark.parametrize("key", NAMES, ids=ascii)
def test_a_name_is_spelled_as_the_sdk_spells_it(recorder: Recorder, key: str) -> None:
    """What is signed and sent is the path that Microsoft's own client sends."""
    place = f"{recorder.url}/{AZURE_ACCOUNT}"
    recorder.answers += [(200, {"ETag": '"1"', "Content-Range": "bytes 0-0/1"}, b"{")] * 2
    blob.BlobClient(place, "c", key, credential=AZURE_KEY).download_blob()
    BlobState(Blobs(place, shared_key(AZURE_ACCOUNT, AZURE_KEY)), "c", "").get(key)
    (_, theirs, _, _), (_, ours, _, _) = recorder.requests
    assert ours == theirs


def test_an_identity_shows_its_token(recorder: Recorder) -> None:
    """Where there is no key the function's own token is shown, asked anew for each request."""
    recorder.answers += [(200, {"ETag": '"1"'}, b"{}")] * 2
    tokens = iter(("first", "second"))
    records = BlobState(Blobs(recorder.url, bearer(lambda: next(tokens))), "c", "hub")
    assert records.get("a") == records.get("a") == (b"{}", '"1"')
    assert [headers["Authorization"] for _, _, headers, _ in recorder.requests] == ["Bearer first", "Bearer second"]


def test_a_listing_follows_its_marker(recorder: Recorder) -> None:
    """Names come as they were written, whatever XML makes of them."""
    page = "<EnumerationResults><Blobs><Blob>%s</Blob></Blobs>%s</EnumerationResults>"
    first = page % ("<Name>hub/due/a&amp;b%2Fc</Name>", "<NextMarker>1&amp;2</NextMarker>")
    second = page % ('<Name Encoded="true">hub/due/d%EF%BF%BEe</Name>', "<NextMarker />")
    recorder.answers += [(200, {}, first.encode()), (200, {}, second.encode())]
    records = BlobState(Blobs(recorder.url, bearer(lambda: "t")), "c", "hub")
    assert list(records.list("due/")) == ["due/a&b%2Fc", "due/d\ufffee"]
    assert recorder.requests[1][1].endswith("&marker=1%262")


def test_a_blob_that_is_still_being_copied_is_read_later(recorder: Recorder, tmp_path: Path) -> None:
    """A copy that is pending has not all of its bytes: the Event comes again."""
    recorder.answers += [(200, {"x-ms-copy-status": status}, b"a\n1\n") for status in ("pending", "success")]
    objects = BlobObjects(lambda _: Blobs(recorder.url, bearer(lambda: "t")))
    ref = ObjectRef("azure", "acme/c", "t.csv")
    with pytest.raises(Transient, match="still being copied"):
        objects.fetch(ref, tmp_path / "t", most_bytes=100)
    assert objects.fetch(ref, tmp_path / "t", most_bytes=100) == 4


@pytest.mark.parametrize("fault", [Answer(503), Answer(429), RESET])
def test_a_write_that_failed_is_sent_again(fault: Answer | str) -> None:
    """A moment's failure costs a second request, with the same condition, and is no error."""
    with serving(lambda *_: Answer(201, headers={"ETag": '"7"'})) as service:
        service.script.append(fault)
        assert BlobState(Blobs(service.url, bearer(lambda: "t")), "c", "").create("a", b"1") == Version('"7"')
        assert len(service.requests) == 2


def test_a_write_whose_answer_got_lost_is_a_lost_race() -> None:
    """The second request is refused by what the first one wrote; whose it is, the record's nonce tells."""
    refused = Answer(412, headers={"x-ms-error-code": "ConditionNotMet"})
    with serving(lambda *_: refused) as service:
        service.script.append(RESET)
        records = BlobState(Blobs(service.url, bearer(lambda: "t")), "c", "")
        assert records.replace("a", Version('"6"'), b"1") is Lost.CONFLICT


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, headers=REFUSED),
        Answer(404, headers={"x-ms-error-code": "ContainerNotFound"}),
        Answer(404, body=b"<html>who?</html>"),
        Answer(500),
        Answer(200, body=b"<html>"),
    ],
)
def test_what_is_no_answer_is_transient(answer: Answer) -> None:
    """A refusal, a missing container, a gateway's page and a success that says nothing: no record, version or list."""
    with serving(lambda *_: answer) as service:
        records = BlobState(Blobs(service.url, bearer(lambda: "t")), "c", "hub")
        asks = (lambda: records.get("a"), lambda: records.create("a", b"1"), lambda: list(records.list("due/")))
        with ThreadPoolExecutor(len(asks)) as beside:  # what fails for a moment is asked again for some seconds
            asked = [beside.submit(ask) for ask in asks]
        for one in asked:
            with pytest.raises(Transient, match="hub/"):
                one.result()
