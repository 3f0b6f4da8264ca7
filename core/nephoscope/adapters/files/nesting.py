"""
How deep JSON is nested, watched while it streams by.

pyarrow's parser recurses, and a line of 200,000 brackets ends the process. Nearly every block is passed by counting: a
line cannot be nested deeper than it has opening brackets, and a flat line has one. Only lines that have a thousand are
looked at bracket by bracket.
"""

from __future__ import annotations

import numpy as np

DEEPEST = 1_000


class Nesting:
    """The nesting of a stream of JSON lines."""

    def __init__(self) -> None:
        self._line = 0  # opening brackets of the line that the last block broke off in

    def too_deep(self, block: bytes) -> bool:
        """Say whether a line is nested deeper than `DEEPEST`; brackets in strings count too."""
        opening = block.count(b"[") + block.count(b"{")
        flat = block.count(b"\n{")
        deep = self._line + opening - flat > DEEPEST and self._deepest(block) > DEEPEST
        rest = block[block.rfind(b"\n") + 1 :]
        self._line = rest.count(b"[") + rest.count(b"{") + (self._line if len(rest) == len(block) else 0)
        return deep

    def _deepest(self, block: bytes) -> int:
        lines = block.split(b"\n")
        return max(_depth(line) + (self._line if at == 0 else 0) for at, line in enumerate(lines))


def _depth(line: bytes) -> int:
    if line.count(b"[") + line.count(b"{") <= DEEPEST // 2:
        return 0
    letters = np.frombuffer(line, dtype=np.uint8)
    steps = np.isin(letters, list(b"[{")).astype(np.int64) - np.isin(letters, list(b"]}"))
    return int(np.cumsum(steps).max(initial=0))
