"""
msgspec's decoders, each made once and by one thread at a time.

msgspec describes a class when it first meets it, and keeps the description at the class before it is whole: a second
thread that meets the class meanwhile ends the process with a segmentation fault (0.22.0: in one start of six, where
sixteen threads decode at once). Once a decoder is made, any number of threads may use it, and `msgspec.convert`.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

UNDECODABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What a decoder raises of bytes that are none of its type, no UTF-8, or nested too deeply."""

_making = Lock()
_made: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """The decoder of a type, and with it the description that any other use of the type needs."""
    with _making:
        if kind not in _made:
            _made[kind] = msgspec.json.Decoder(kind)
        return _made[kind]
