"""
Which words of a column are kept where there are too many, and how their hashes are made.

Kept are the words of the smallest hashes ("bottom-k"): a word that is among the smallest of a whole is among the
smallest of every part it stands in, so its count is exact in any merge, in any order.

Source: Cohen & Kaplan, Summarizing data using bottom-k sketches, PODC 2007.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable

KNOWN = 10_000  # categories a window is counted by
KEPT = 1_000  # other words whose counts are kept
PLAIN = 100  # columns of more distinct words than this are written as hashes


def digest(word: str, salt: str = "") -> str:
    """
    Sixteen hex digits in place of a word.

    >>> digest("a") == digest("a"), digest("a") == digest("a", "salt"), len(digest("a"))
    (True, False, 16)
    """
    return hashlib.blake2b(word.encode(errors="surrogatepass"), digest_size=8, key=salt.encode()[:64]).hexdigest()


def kept(words: Iterable[str], *, hashed: bool, most: int = KEPT) -> list[str]:
    """The `most` words of the smallest hashes, in ascending order of these."""
    if hashed:
        return heapq.nsmallest(most, words)
    return [word for _, word in heapq.nsmallest(most, ((digest(word), word) for word in words))]
