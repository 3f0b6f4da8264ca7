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
        self._depth = 0  # of the line that the last block broke off in, where it did

    def too_deep(self, block: bytes) -> bool:
        """Say whether a line is nested deeper than `DEEPEST`; brackets in strings count too."""
        opening = block.count(b"[") + block.count(b"{")
        flat = block.count(b"\n{")
        deep = self._depth + opening - flat > DEEPEST and self._deepest(block) > DEEPEST
        rest = block[block.rfind(b"\n") + 1 :]
        closing = rest.count(b"]") + rest.count(b"}")
        self._depth = rest.count(b"[") + rest.count(b"{") - closing + (self._depth if len(rest) == len(block) else 0)
        return deep

    def _deepest(self, block: bytes) -> int:
        return max(_deepest(line, 0 if at else self._depth) for at, line in enumerate(block.split(b"\n")))


def _deepest(line: bytes, begun: int) -> int:
    if begun + line.count(b"[") + line.count(b"{") <= DEEPEST:
        return 0
    letters = np.frombuffer(line, dtype=np.uint8)
    steps = np.isin(letters, list(b"[{")).astype(np.int64) - np.isin(letters, list(b"]}"))
    return begun + int(np.cumsum(steps).max(initial=0))
