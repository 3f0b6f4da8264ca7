"""Blobs as Arrow reads them: what Arrow's own file system reads there, with the rights to one prefix."""

import io
import random
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emulators import AZURE_ACCOUNT, AZURE_KEY
from nephoscope.adapters.azure.arrow import file_system
from nephoscope.adapters.azure.storage import Blobs, connected
from nephoscope.errors import Transient
from pyarrow import fs


class Watched(Blobs):
    """Notes what is asked."""

    def __init__(self, blobs):
        self.__dict__ |= vars(blobs)
        self.asked = []

    def ask(self, method, container, key, **more):
        """Ask."""
        self.asked.append((method, key, more.get("query", {}).get("prefix")))
        return super().ask(method, container, key, **more)


@pytest.fixture
def container(azurite):
    """A container with a table of many row groups and a folder, and what reads it."""
    blobs, name = Watched(connected(azurite)), uuid4().hex
    blobs.ask("PUT", name, "", query={"restype": "container"}, body=b"")
    out = io.BytesIO()
    values = np.random.default_rng(1).normal(size=50_000)
    pq.write_table(pa.table({"a": values, "b": values * 2}), out, row_group_size=5_000)
    put(blobs, name, "users.parquet", out.getvalue())
    put(blobs, name, "clicks/day=1/part 0+%.parquet", out.getvalue())
    put(blobs, name, "clicks/empty", b"")
    blobs.asked.clear()
    return blobs, name


def put(blobs, container, key, body):
    """Write a blob."""
    blobs.ask("PUT", container, key, headers={"x-ms-blob-type": "BlockBlob"}, body=body)


@pytest.fixture
def arrows_own(azurite):
    """Arrow's own file system of the same account."""
    at = urlsplit(dict(part.split("=", 1) for part in azurite.split(";") if part)["BlobEndpoint"])
    where = {"blob_storage_authority": at.netloc, "dfs_storage_authority": at.netloc}
    schemes = {"blob_storage_scheme": at.scheme, "dfs_storage_scheme": at.scheme}
    return fs.AzureFileSystem(AZURE_ACCOUNT, account_key=AZURE_KEY, **where, **schemes)


def test_it_reads_what_arrow_reads(container, arrows_own):
    """Kinds, sizes, listings, tables, single columns and any part of a file are the same."""
    blobs, name = container
    ours = file_system(blobs)
    for path in ("users.parquet", "clicks", "clicks/empty", "nothing"):
        mine, theirs = (each.get_file_info(f"{name}/{path}") for each in (ours, arrows_own))
        assert (mine.type, mine.size) == (theirs.type, theirs.size)
    below = fs.FileSelector(f"{name}/clicks", recursive=True)
    files = [{one.path for one in each.get_file_info(below) if one.is_file} for each in (ours, arrows_own)]
    assert files[0] == files[1] == {f"{name}/clicks/day=1/part 0+%.parquet", f"{name}/clicks/empty"}
    for columns in (None, ["b"]):
        tables = [
            pq.read_table(f"{name}/users.parquet", filesystem=each, columns=columns) for each in (ours, arrows_own)
        ]
        assert tables[0].equals(tables[1])
    mine, theirs = (each.open_input_file(f"{name}/users.parquet") for each in (ours, arrows_own))
    chance = random.Random(1)
    for _ in range(50):
        start, length = chance.randrange(mine.size() + 10), chance.randrange(9_999)
        mine.seek(start)
        theirs.seek(min(start, theirs.size()))
        assert mine.read(length) == theirs.read(length)


def test_nothing_is_asked_of_the_whole_container(container):
    """A right to one prefix is enough: Arrow's own question about the account's kind is not asked."""
    blobs, name = container
    ours = file_system(blobs)
    pq.read_table(f"{name}/users.parquet", filesystem=ours)
    ours.get_file_info(fs.FileSelector(f"{name}/clicks", recursive=True))
    asked = {key or prefix for _, key, prefix in blobs.asked}
    assert asked == {"users.parquet", "clicks/", "clicks/day=1/part 0+%.parquet", "clicks/empty"}


def test_a_blob_that_is_written_anew_breaks_off(container):
    """Half of one table and half of another are none, in one opening or in two: the Event comes again."""
    blobs, name = container
    files = file_system(blobs)
    with files.open_input_file(f"{name}/users.parquet") as file:
        assert file.read(4) == b"PAR1"
        put(blobs, name, "users.parquet", b"PAR1 and something else")
        with pytest.raises(Transient, match="412"):
            file.read(4)
    files.get_file_info(f"{name}/users.parquet")
    with pytest.raises(Transient, match="412"):
        files.open_input_file(f"{name}/users.parquet").read(4)
    assert file_system(blobs).open_input_file(f"{name}/users.parquet").read() == b"PAR1 and something else"


def test_what_is_not_there_is_not_found(container):
    """A missing file and a missing folder are no empty ones."""
    blobs, name = container
    for ask in (
        lambda files: files.open_input_file(f"{name}/nothing"),
        lambda files: files.get_file_info(fs.FileSelector(f"{name}/nothing", recursive=True)),
    ):
        with pytest.raises(FileNotFoundError):
            ask(file_system(blobs))


def test_a_directory_that_is_a_blob_is_no_file(container):
    """Accounts with directories list and show them as blobs, and so does what Hadoop made: only tables are read."""
    blobs, name = container
    kind = {"x-ms-blob-type": "BlockBlob", "x-ms-meta-hdi_isfolder": "true"}
    for folder in ("lake.parquet", "lake.parquet/day=1.parquet", "lake.parquet/empty.parquet"):
        blobs.ask("PUT", name, folder, headers=kind, body=b"")
    put(blobs, name, "lake.parquet/day=1.parquet/part-0", b"PAR1")
    files = file_system(blobs)
    assert files.get_file_info(f"{name}/lake.parquet").type is fs.FileType.Directory
    found = files.get_file_info(fs.FileSelector(f"{name}/lake.parquet", recursive=True))
    assert [one.path for one in found if one.is_file] == [f"{name}/lake.parquet/day=1.parquet/part-0"]
