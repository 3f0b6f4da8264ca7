"""
A ZIP archive of one file, as AWS packs its legacy Cost and Usage Report, made readable without unpacking it.

A member of a ZIP archive and a gzip file hold the same thing, a stream in deflate (RFC 1951), in other wrappings. The
stream is copied as it is into gzip's wrapping (RFC 1952): what comes of it takes no more room than the archive, and is
unpacked only as it is read, as any other gzip file is.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import IO

from nephoscope.errors import Unreadable

MAGIC = b"PK\x03\x04"
_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # its signature, and the lengths of the name and of the extra field
_ENCRYPTED = 0x1
_CHUNK = 1 << 20


def is_zip(path: Path) -> bool:
    """Whether a file begins as a ZIP archive does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def rewrapped(path: Path, folder: Path) -> Path:
    """
    Write the one file of an archive as gzip, or as it is where it is not compressed.

    Args:
        path: The archive.
        folder: Where the copy goes, under the archive's own name.

    Raises:
        Unreadable: The archive is cut or encrypted, holds other than one file, or packs it in another way.
    """
    copy = folder / path.name
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as source, copy.open("wb") as target:
            member = _only(path, archive)
            _to_data(path, source, member)
            packed = member.compress_type == zipfile.ZIP_DEFLATED
            target.write(_GZIP_HEADER if packed else b"")
            _copied(path, source, target, member.compress_size)
            target.write(struct.pack("<II", member.CRC, member.file_size & 0xFFFFFFFF) if packed else b"")
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        raise Unreadable(f"'{path.name}' is no whole ZIP archive: {error}.", do="export it again") from error
    return copy


def _only(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise Unreadable(f"'{path.name}' is a ZIP archive of {len(members)} files.", do="unzip it")
    (member,) = members
    if member.flag_bits & _ENCRYPTED or member.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        raise Unreadable(f"'{path.name}' is encrypted, or packed in an unusual way.", do="unzip it")
    return member


def _to_data(path: Path, source: IO[bytes], member: zipfile.ZipInfo) -> None:
    source.seek(member.header_offset)
    signature, name, extra = _LOCAL_HEADER.unpack(source.read(_LOCAL_HEADER.size))
    if signature != MAGIC:
        raise Unreadable(f"'{path.name}' is no whole ZIP archive.", do="export it again")
    source.seek(name + extra, 1)


def _copied(path: Path, source: IO[bytes], target: IO[bytes], size: int) -> None:
    left = min(size, path.stat().st_size)
    while left and (chunk := source.read(min(left, _CHUNK))):
        target.write(chunk)
        left -= len(chunk)
    if left or size > path.stat().st_size:
        raise Unreadable(f"'{path.name}' is no whole ZIP archive.", do="export it again")
