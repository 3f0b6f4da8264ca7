"""MurmurHash3, the 32-bit variant: what Feast names the fields of a Redis hash by."""

from __future__ import annotations

_C1, _C2, _32_BITS = 0xCC9E2D51, 0x1B873593, 0xFFFFFFFF


def murmur3(data: bytes) -> int:
    """
    Hash bytes to 32 bits, seed 0, unsigned.

    >>> murmur3(b""), murmur3(b"hello"), murmur3(b"user_features:age")
    (0, 613153351, 31067140)

    Source: Austin Appleby, MurmurHash3_x86_32, public domain.
    """
    h = 0
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        h ^= _mixed(int.from_bytes(data[start : start + 4], "little"))
        h = (_rotated(h, 13) * 5 + 0xE6546B64) & _32_BITS
    if tail := data[whole:]:
        h ^= _mixed(int.from_bytes(tail, "little"))
    h ^= len(data)
    h = ((h ^ h >> 16) * 0x85EBCA6B) & _32_BITS
    h = ((h ^ h >> 13) * 0xC2B2AE35) & _32_BITS
    return h ^ h >> 16


def _mixed(k: int) -> int:
    return (_rotated(k * _C1 & _32_BITS, 15) * _C2) & _32_BITS


def _rotated(x: int, by: int) -> int:
    return (x << by | x >> 32 - by) & _32_BITS
