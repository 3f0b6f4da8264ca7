"""
A token of another cloud, exchanged for one of the cloud that is spoken to; no key is stored.

Two clouds' token services take it by one or two HTTPS requests. Their own libraries would bring `cryptography` and more
for it, some 8 MiB of a zipped function, and are the oracle in the tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from nephoscope.adapters.https import Answer, accepted, request
from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import Transient

EARLY_SECONDS = 300.0  # a token is exchanged anew that long before it ends
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

T = TypeVar("T")


class Granted(msgspec.Struct, frozen=True):
    """What a token service answers (RFC 6749, 5.1)."""

    access_token: str
    expires_in: float


class KeptToken:
    """
    A token that is exchanged anew shortly before it ends; `exchange` gives it with its seconds.

    They are counted by the wall's clock: the monotonic one may stand still while a function is frozen, and a token that
    ended in the meantime would be shown for as long as the function runs on.
    """

    def __init__(self, exchange: Callable[[], Granted], *, clock: Callable[[], float] = time.time) -> None:
        self._exchange = exchange
        self._clock = clock
        self._turn = Lock()
        self._token = ""
        self._since = self._until = 0.0

    def __call__(self) -> str:
        """
        A valid token.

        Raises:
            Transient: There is none to be had.
        """
        with self._turn:
            if not self._since <= self._clock() < self._until:
                granted = self._exchange()
                self._token = granted.access_token
                self._since = self._clock()
                self._until = self._since + granted.expires_in - EARLY_SECONDS
            return self._token


def granted(url: str, form: Mapping[str, str], who: str) -> Granted:
    """
    Post a form to a token service.

    Raises:
        Transient: It refuses, does not answer, or answers something else.
    """
    return read(request(url, method="POST", body=urlencode(form).encode(), headers=FORM), Granted, who)


def read(answer: Answer, kind: type[T], who: str) -> T:
    """
    Read an answer of a token service; what it says is not told, for it may hold a token.

    Raises:
        Transient: It refused, or its answer cannot be read.
    """
    body = accepted(answer, who).body
    try:
        return decoder(kind).decode(body)
    except UNDECODABLE as error:
        raise Transient(f"{who} gave {len(body)} bytes that are no token.") from error
