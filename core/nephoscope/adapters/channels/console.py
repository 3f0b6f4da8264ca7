"""The terminal as a Channel: one block of plain text a Message."""

from __future__ import annotations

from typing import TextIO

from nephoscope.adapters.channels.text import lines
from nephoscope.alerts.messages import Message


class ConsoleChannel:
    """Writes Messages to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, message: Message) -> str:
        """Write one Message and flush it."""
        block = [message.headline, *(f"  {line}" for line in lines(message))]
        self._stream.write("\n".join(block) + "\n\n")
        self._stream.flush()
        return ""
