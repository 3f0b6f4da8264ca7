"""What no State may do where its bucket or container is not there: take a record for written."""

from uuid import uuid4

import pytest
from emulators import s3
from nephoscope.errors import Transient


def _s3(request):
    pytest.importorskip("botocore")
    from nephoscope.adapters.aws.state import S3State

    return S3State(s3(request.getfixturevalue("moto")), uuid4().hex, "hub")


def _blobs(request):
    from nephoscope.adapters.azure.state import BlobState
    from nephoscope.adapters.azure.storage import connected

    return BlobState(connected(request.getfixturevalue("azurite")), uuid4().hex, "hub")


def _gcs(request):
    credentials = pytest.importorskip("google.auth.credentials")
    from nephoscope.adapters.gcp.state import GcsState
    from nephoscope.adapters.gcp.storage import Storage

    storage = Storage(credentials.AnonymousCredentials(), request.getfixturevalue("gcs"))
    return GcsState(storage, uuid4().hex, "hub")


STORES = {"aws": _s3, "azure": _blobs, "gcp": _gcs}


@pytest.mark.parametrize("cloud", STORES)
def test_nothing_is_written_where_there_is_no_store(request, clouds, cloud):
    """Creating a record there is transient: somebody makes the bucket, and the Event is delivered again."""
    if cloud not in clouds:
        pytest.skip(f"not among --clouds: {cloud}")
    with pytest.raises(Transient):
        STORES[cloud](request).create("a", b"1")
