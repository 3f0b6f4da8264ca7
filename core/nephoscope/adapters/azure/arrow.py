"""
Blobs as files that Arrow reads in parts, by the same requests and as the same identity as everything else here.

Arrow's own file system first asks whether the account has directories: a question about the whole container, which a
right to one prefix of it does not answer.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

import pyarrow as pa
from pyarrow import fs
from urllib3 import BaseHTTPResponse

from nephoscope.adapters.azure.state import NOT_THERE, BlobState
from nephoscope.adapters.azure.storage import Blobs
from nephoscope.errors import Transient

# A directory is a blob as well, of whoever made it: by the account's own kind, or by Hadoop.
DIRECTORY = (("x-ms-resource-type", "directory"), ("x-ms-meta-hdi_isfolder", "true"))
READ_ONLY = "features are read from Blob Storage, and not written to it"


def file_system(blobs: Blobs) -> fs.FileSystem:
    """
    The blobs of an account; paths are CONTAINER/KEY.

    A blob is read in the version in which it was first seen, however often it is opened: one that is written anew
    meanwhile is transient, and nothing is mixed. So make one for each reading.
    """
    return fs.PyFileSystem(_Files(blobs))


class _Seen(NamedTuple):
    size: int
    version: str


class _Files(fs.FileSystemHandler):  # type: ignore[misc]
    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._seen: dict[str, _Seen] = {}

    def get_type_name(self) -> str:
        return "blobs"

    def normalize_path(self, path: str) -> str:
        return path.strip("/")

    def get_file_info(self, paths: Sequence[str]) -> list[fs.FileInfo]:
        return [self._about(path) for path in paths]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        if not selector.recursive:
            raise NotImplementedError("folders of folders are listed as a whole")
        container, _, folder = selector.base_dir.partition("/")
        names = [f"{container}/{key}" for key in self._listed(container, folder)]
        if not names and not selector.allow_not_found:
            raise FileNotFoundError(selector.base_dir)
        return [self._about(name) for name in names if not name.endswith("/")]

    def open_input_file(self, path: str) -> pa.NativeFile:
        if path not in self._seen and self._about(path).type is not fs.FileType.File:
            raise FileNotFoundError(path)
        return pa.PythonFile(_Blob(self._blobs, path, self._seen[path]), mode="r")

    open_input_stream = open_input_file

    def _about(self, path: str) -> fs.FileInfo:
        container, _, key = path.strip("/").partition("/")
        found = self._blobs.ask("HEAD", container, key, no=NOT_THERE) if key else None
        if found is None:
            inside = next(self._listed(container, key), None)
            return fs.FileInfo(path, fs.FileType.NotFound if inside is None else fs.FileType.Directory)
        if any(found.headers.get(name) == value for name, value in DIRECTORY):
            return fs.FileInfo(path, fs.FileType.Directory)
        seen = self._seen.setdefault(path, _told(found, path))
        return fs.FileInfo(path, fs.FileType.File, size=seen.size)

    def _listed(self, container: str, folder: str) -> Iterator[str]:
        return BlobState(self._blobs, container, "").list(f"{folder.rstrip('/')}/" if folder else "")

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError(READ_ONLY)

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = delete_file = _refuse
    move = copy_file = open_output_stream = open_append_stream = _refuse


def _told(found: BaseHTTPResponse, path: str) -> _Seen:
    size, version = found.headers.get("Content-Length", ""), found.headers.get("ETag", "")
    if not (size.isdigit() and version):
        raise Transient(f"Azure's answer for {path} tells no size or no version.")
    return _Seen(int(size), version)


class _Blob(io.RawIOBase):
    """One blob, for one reader at a time."""

    def __init__(self, blobs: Blobs, path: str, seen: _Seen) -> None:
        super().__init__()
        self._blobs = blobs
        self._path = path
        self._seen = seen
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._seen.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        start = self._at
        end = self._seen.size if size < 0 else min(start + size, self._seen.size)
        if start >= end:
            return b""
        part = {"x-ms-range": f"bytes={start}-{end - 1}", "If-Match": self._seen.version}
        container, _, key = self._path.partition("/")
        found = self._blobs.ask("GET", container, key, headers=part)
        body: bytes = b"" if found is None else found.data
        if len(body) != end - start:
            raise Transient(f"{len(body)} of {end - start} bytes of {self._path} came.")
        self._at = end
        return body
