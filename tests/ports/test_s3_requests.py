"""S3 asked without its SDK: the same request as the SDK's, and nothing unclear passes for an answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from emulators import AWS_REGION, Recorder, s3
from fakes.scripted_http import CUT, RESET, Answer, serving
from nephoscope.errors import Transient
from nephoscope.events import ObjectRef
from nephoscope.ports import Lost, Version

boto3 = pytest.importorskip("boto3")
state = pytest.importorskip("nephoscope.adapters.aws.state")

NAMES = [
    "plain.json",
    "a b+c.csv",
    "%2B%20%%%.png",
    "é/ü.csv",
    "😀",
    "a?b#c&d=e;f",
    "../up/./here",
    "a//b",
    "~-_.!*'()",
    "end ",
]


@pytest.mark.parametrize("key", NAMES, ids=ascii)
def test_a_name_is_spelled_as_the_sdk_spells_it(recorder: Recorder, key: str) -> None:
    """What is signed and sent is the path that Amazon's own client sends: no name is tidied up on its way."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
    recorder.answers += [(200, {"ETag": '"1"'}, b"{}")] * 2
    boto3.client("s3", endpoint_url=recorder.url, **keys).get_object(Bucket="b", Key=key)
    state.S3State(s3(recorder.url), "b", "").get(key)
    (_, theirs, _, _), (_, ours, headers, _) = recorder.requests
    assert ours == theirs
    assert f"/{AWS_REGION}/s3/aws4_request" in headers["Authorization"]


def test_a_listing_is_signed_as_it_is_asked(recorder: Recorder) -> None:
    """The query's names are in order and escaped, which is how S3 computes the signature; pages follow their token."""
    page = b"<ListBucketResult><Contents><Key>hub/due/a+b%%2Bc</Key></Contents>%b</ListBucketResult>"
    more = b"<NextContinuationToken>1/x=&amp;y</NextContinuationToken>"
    recorder.answers += [(200, {}, page % more), (200, {}, page % b"")]
    assert list(state.S3State(s3(recorder.url), "b", "hub").list("due/")) == ["due/a b+c"] * 2
    first, second = (path.partition("?")[2] for _, path, _, _ in recorder.requests)
    assert first == "encoding-type=url&list-type=2&prefix=hub%2Fdue%2F&start-after=hub%2F"
    assert second.startswith("continuation-token=1%2Fx%3D%26y&")


def test_a_bucket_of_another_region_is_found(recorder: Recorder) -> None:
    """S3 says where it is; it is asked there, at once the next time."""
    moved = (301, {"x-amz-bucket-region": "us-west-2"}, b"<Error><Code>PermanentRedirect</Code></Error>")
    recorder.answers += [moved, *[(200, {"ETag": '"1"'}, b"{}")] * 2]
    records = state.S3State(s3(recorder.url), "b", "")
    assert records.get("a") == records.get("a") == (b"{}", '"1"')
    regions = [headers["Authorization"].split("/")[2] for _, _, headers, _ in recorder.requests]
    assert regions == [AWS_REGION, "us-west-2", "us-west-2"]


@pytest.mark.parametrize("fault", [Answer(503), Answer(429), RESET])
def test_a_write_that_failed_is_sent_again(fault: Answer | str) -> None:
    """A moment's failure costs a second request, with the same condition, and is no error."""
    with serving(lambda *_: Answer(headers={"ETag": '"7"'})) as service:
        service.script.append(fault)
        assert state.S3State(s3(service.url), "b", "").create("a", b"1") == Version('"7"')
        assert len(service.requests) == 2


def test_a_write_whose_answer_got_lost_is_a_lost_race() -> None:
    """The second request is refused by what the first one wrote; whose it is, the record's nonce tells."""
    refused = Answer(412, body=b"<Error><Code>PreconditionFailed</Code></Error>")
    with serving(lambda *_: refused) as service:
        service.script.append(RESET)
        assert state.S3State(s3(service.url), "b", "").replace("a", Version('"6"'), b"1") is Lost.CONFLICT


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, body=b"<Error><Code>AccessDenied</Code></Error>"),
        Answer(404, body=b"<Error><Code>NoSuchBucket</Code></Error>"),
        Answer(404, body=b"<html>who?</html>"),
        Answer(500),
        Answer(200, body=b"<Error><Code>SlowDown</Code></Error>"),
    ],
)
def test_what_is_no_answer_is_transient(answer: Answer) -> None:
    """A refusal, a missing bucket, a gateway's page and a success that says nothing: no record, no version, no list."""
    with serving(lambda *_: answer) as service:
        records = state.S3State(s3(service.url), "b", "hub")
        asks = (lambda: records.get("a"), lambda: records.create("a", b"1"), lambda: list(records.list("due/")))
        with ThreadPoolExecutor(len(asks)) as beside:  # what fails for a moment is asked again for some seconds
            asked = [beside.submit(ask) for ask in asks]
        for one in asked:
            with pytest.raises(Transient, match="hub/"):
                one.result()


def test_an_object_that_breaks_off_is_transient(tmp_path: Path) -> None:
    """Half a table is no damaged table: the Event comes again."""
    from nephoscope.adapters.aws.objects import S3Objects

    with serving(lambda *_: Answer(body=b"x" * 1_000)) as service:
        service.script.append(CUT)
        with pytest.raises(Transient, match="s3://b/landed/a"):
            S3Objects(s3(service.url)).fetch(ObjectRef("aws", "b", "landed/a", ""), tmp_path / "it", most_bytes=1_000)
