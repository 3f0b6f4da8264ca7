"""The terminal as a Channel: one block of plain text a Message."""

from __future__ import annotations

from typing import TextIO

from nephoscope.adapters.channels.text import body_lines, headline
from nephoscope.alerts.messages import Message


class ConsoleChannel:
    """Writes Messages to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, message: Message) -> None:
        """Write one Message and flush it."""
        lines = [headline(message), *(f"  {line}" for line in body_lines(message)), f"  delivery {message.id}"]
        self._stream.write("\n".join(lines) + "\n\n")
        self._stream.flush()
