"""
Every other service, by its Apprise URL: Discord, Telegram, Matrix, ntfy, Pushover and some hundred more.

Apprise says only whether a service took the text, not why it did not. The text goes out plain; signs that some service
reads as a mention, a link or a tag are replaced by look-alikes that none does.
"""

from __future__ import annotations

from apprise import Apprise, NotifyFormat, NotifyType

from nephoscope.adapters.channels.text import lines
from nephoscope.alerts.groups import Why
from nephoscope.alerts.messages import Message
from nephoscope.errors import Permanent, Transient

TIMEOUT_SECONDS = 10
BODY_MOST = 3_500
TITLE_ROOM = 32  # letters that a service may set around a title
_LOOK_ALIKES = str.maketrans({"@": "＠", "<": "‹", ">": "›", "[": "［", "]": "］", "`": "'", "*": "∗", "~": "∼"})
_KINDS = {Why.RESOLVED: NotifyType.SUCCESS, Why.FIRING: NotifyType.FAILURE, Why.UNKNOWN: NotifyType.WARNING}


class AppriseService:
    """One service, by its Apprise URL, which is a secret."""

    def __init__(self, url: str) -> None:
        self._services = Apprise()
        if not self._services.add(url):
            raise Permanent("Apprise knows no service of this URL.", do="correct the secret that the channel names")
        self._most = min(BODY_MOST, *(each.body_maxlen for each in self._services))

    def send(self, message: Message) -> str:
        """Hand one Message to the service."""
        title = message.headline.translate(_LOOK_ALIKES)
        text = "\n".join(lines(message)).translate(_LOOK_ALIKES)
        most = max(self._most - len(title) - TITLE_ROOM, TITLE_ROOM)  # many set the title into the body
        taken = self._services.notify(
            title=title,
            body=text if len(text) <= most else text[: most - 1] + "…",
            notify_type=_KINDS.get(message.why, NotifyType.INFO),
            body_format=NotifyFormat.TEXT,
            timeout=TIMEOUT_SECONDS,
        )
        if not taken:
            raise Transient("The service behind Apprise did not take the message.")
        return ""
