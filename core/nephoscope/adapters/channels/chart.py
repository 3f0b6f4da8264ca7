"""A small line chart as a PNG: the newest values, and the limit as a dashed line."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise

WIDTH, HEIGHT, MARGIN = 320, 72, 6
_WHITE, _LINE, _LIMIT, _DOT = (255, 255, 255), (31, 93, 153), (200, 60, 60), (20, 20, 20)


def png(values: Sequence[float], limits: Sequence[float] = ()) -> bytes:
    """
    Draw a chart.

    Args:
        values: At least two, the oldest first; what is not finite is drawn at the edge.
        limits: What they are held against.

    Source: Portable Network Graphics, W3C, third edition: chunks of length, type, data and CRC; colour type 2, 8 bit.

    >>> png([-1.7e308, 0.0, 1.7e308])[1:4]
    b'PNG'
    """
    finite = [value for value in (*values, *limits) if abs(value) != float("inf")]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    pixels = [[_WHITE] * WIDTH for _ in range(HEIGHT)]
    for limit in limits:
        for x in range(MARGIN, WIDTH - MARGIN):
            if x % 8 < 5:
                pixels[_y(limit, low, high)][x] = _LIMIT
    points = [
        (MARGIN + round(i * (WIDTH - 2 * MARGIN - 1) / (len(values) - 1)), _y(value, low, high))
        for i, value in enumerate(values)
    ]
    for start, end in pairwise(points):
        _draw(pixels, start, end)
    x, y = points[-1]
    for dx in range(-2, 3):
        for dy in range(-2, 3):
            pixels[min(HEIGHT - 1, max(0, y + dy))][min(WIDTH - 1, x + dx)] = _DOT
    return _encoded(pixels)


def _y(value: float, low: float, high: float) -> int:
    span = (high / 2 - low / 2) or 1.0  # of halves: the whole may be more than a number can say
    share = (min(max(value, low), high) / 2 - low / 2) / span
    return HEIGHT - 1 - MARGIN - round(share * (HEIGHT - 1 - 2 * MARGIN))


def _draw(pixels: list[list[tuple[int, int, int]]], start: tuple[int, int], end: tuple[int, int]) -> None:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        x = start[0] + round((end[0] - start[0]) * step / steps)
        y = start[1] + round((end[1] - start[1]) * step / steps)
        for thick in (y, y + 1):
            pixels[min(HEIGHT - 1, thick)][x] = _LINE


def _encoded(pixels: list[list[tuple[int, int, int]]]) -> bytes:
    rows = b"".join(b"\0" + bytes(channel for pixel in row for channel in pixel) for row in pixels)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
