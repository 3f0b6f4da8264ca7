"""
Blobs as files that Arrow reads in parts, by the same requests and as the same identity as everything else here.

Arrow's own file system first asks whether the account has directories: a question about the whole container, which a
right to one prefix of it does not answer.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NoReturn

import pyarrow as pa
from pyarrow import fs

from nephoscope.adapters.azure.state import NOT_THERE, BlobState
from nephoscope.adapters.azure.storage import Blobs

DIRECTORY = ("x-ms-resource-type", "x-ms-meta-hdi_isfolder")
READ_ONLY = "features are read from Blob Storage, and not written to it"


def file_system(blobs: Blobs) -> fs.FileSystem:
    """The blobs of an account; paths are CONTAINER/KEY."""
    return fs.PyFileSystem(_Files(blobs))


class _Files(fs.FileSystemHandler):  # type: ignore[misc]
    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Files) and other._blobs is self._blobs

    __hash__ = None  # type: ignore[assignment]

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
        names = [f"{container}/{key}" for key in self._listed(container, f"{folder.rstrip('/')}/" if folder else "")]
        if not names and not selector.allow_not_found:
            raise FileNotFoundError(selector.base_dir)
        folders = {name.rpartition("/")[0] for name in names}  # accounts with directories list them as blobs
        return [fs.FileInfo(name, fs.FileType.File) for name in names if name.rstrip("/") not in folders]

    def open_input_file(self, path: str) -> pa.NativeFile:
        container, _, key = path.partition("/")
        return pa.PythonFile(_Blob(self._blobs, container, key), mode="r")

    open_input_stream = open_input_file

    def _about(self, path: str) -> fs.FileInfo:
        container, _, key = path.strip("/").partition("/")
        found = self._blobs.ask("HEAD", container, key, no=NOT_THERE) if key else None
        # A directory is a blob as well, of whoever made it: by the account's own kind, or by Hadoop.
        if found is not None and not {"directory", "true"} & {found.headers.get(name) for name in DIRECTORY}:
            return fs.FileInfo(path, fs.FileType.File, size=int(found.headers["Content-Length"]))
        inside = next(iter(self._listed(container, f"{key}/" if key else "")), None)
        return fs.FileInfo(path, fs.FileType.NotFound if inside is None else fs.FileType.Directory)

    def _listed(self, container: str, prefix: str) -> Any:
        return BlobState(self._blobs, container, "").list(prefix)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError(READ_ONLY)

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = delete_file = _refuse
    move = copy_file = open_output_stream = open_append_stream = _refuse


class _Blob(io.RawIOBase):
    """One blob in the version that was opened: one that is written anew meanwhile breaks off, and nothing is mixed."""

    def __init__(self, blobs: Blobs, container: str, key: str) -> None:
        super().__init__()
        self._blobs, self._container, self._key = blobs, container, key
        found = blobs.ask("HEAD", container, key, no=NOT_THERE)
        if found is None:
            raise FileNotFoundError(f"{container}/{key}")
        self._size, self._version = int(found.headers["Content-Length"]), found.headers["ETag"]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def size(self) -> int:
        """Bytes."""
        return self._size

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        if self._at >= end:
            return b""
        part = {"x-ms-range": f"bytes={self._at}-{end - 1}", "If-Match": self._version}
        found = self._blobs.ask("GET", self._container, self._key, headers=part)
        body: bytes = b"" if found is None else found.data
        if len(body) != end - self._at:
            raise OSError(f"{len(body)} of {end - self._at} bytes of {self._container}/{self._key} came")
        self._at = end
        return body
