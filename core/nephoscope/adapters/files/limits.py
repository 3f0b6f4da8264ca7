"""How much of a file is read at most, decided before it is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nephoscope.errors import Unreadable

MIB = 1024 * 1024
CONTAINER = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """
    Bounds that keep a hostile or a mistaken file from taking the process down.

    The defaults are a laptop's.
    """

    file_bytes: int = 8 * 1024 * MIB
    footer_bytes: int = 16 * MIB  # of a Parquet file
    columns: int = 10_000
    decoded_bytes: int = 64 * 1024 * MIB  # of a whole Parquet table, in any case
    decoded_few_bytes: int = 1024 * MIB  # of one that decodes to more than
    decoded_times: int = 500  # its size so many times, whichever is more
    unpacked_bytes: int = 256 * MIB  # of a packed text file, or
    unpacked_times: int = 100  # its packed size so many times, whichever is more
    thrift_strings: int = 16 * MIB
    thrift_elements: int = 1_000_000

    def check_columns(self, count: int, name: str) -> None:
        """
        Pass a table of so many columns.

        Raises:
            Unreadable: They are too many.
        """
        if count > self.columns:
            raise Unreadable(
                f"'{name}' has {count:,} columns, at most {self.columns:,} are read.",
                do="write fewer columns into one file",
            )


LAPTOP = ReadLimits()
FUNCTION = ReadLimits(file_bytes=512 * MIB)


def memory_of_this_machine() -> int:
    """How many bytes of memory there are for this process: its machine's, or its container's where that has fewer."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    told = CONTAINER.read_text().strip() if CONTAINER.is_file() else "max"
    return machine if told == "max" else min(machine, int(told))
