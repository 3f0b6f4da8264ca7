"""
Slack, by an incoming webhook or by a bot's token.

A webhook can only post. A bot threads what follows under an episode's first Message, and turns a repeat into an edit
of it (`chat.update`), so that a long trouble does not fill the room. Only `&`, `<` and `>` need escaping by Slack's
rules; data stands in `plain_text` all the same.
"""

from __future__ import annotations

import logging
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from nephoscope.adapters.channels.answers import RETRYABLE, refused, wait_seconds
from nephoscope.adapters.channels.blocks import blocks, escaped
from nephoscope.alerts.groups import Why
from nephoscope.alerts.messages import Message
from nephoscope.errors import Permanent, Transient

TIMEOUT_SECONDS = 10
API = "https://slack.com/api/"
_SILENT = logging.Logger("slack", logging.CRITICAL)  # slack-sdk logs URLs, which are secrets here, and whole bodies

# Answers of the Web API that may get better by themselves; with every other error the request is refused for good.
PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    }
)
NO_JSON = "Received a response in a non-JSON format"  # slack-sdk's words for what a proxy answers
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})


class SlackWebhook:
    """One Slack room, by its incoming webhook's URL, which is a secret."""

    def __init__(self, url: str) -> None:
        self._client = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=[], logger=_SILENT)

    def send(self, message: Message) -> str:
        """Post one Message; the answer "ok" is a delivery."""
        try:
            answer = self._client.send(
                text=escaped(message.headline), blocks=blocks(message), unfurl_links=False, unfurl_media=False
            )
        except (URLError, OSError, HTTPException) as error:
            raise Transient(f"Slack did not answer: {type(error).__name__}.") from error
        if answer.status_code == 200 and answer.body.strip() == "ok":
            return ""
        headers = {name: _first(value) for name, value in answer.headers.items()}
        do = "check that the webhook exists and may post to its room"
        raise refused("Slack", answer.status_code, answer.body, headers, do=do)


class SlackBot:
    """One Slack room, by a bot's token, which is a secret, and the room's id."""

    def __init__(self, token: str, room: str, *, url: str = API) -> None:
        self._room = room
        self._client = WebClient(token, base_url=url, timeout=TIMEOUT_SECONDS, retry_handlers=[], logger=_SILENT)

    def send(self, message: Message) -> str:
        """Post one Message, or edit the episode's first one in this room for its repeat; returns its `channel/ts`."""
        room, _, first = message.thread.partition("/")
        if room != self._room:  # the episode began in another one
            first = ""
        body: dict[str, Any] = {
            "text": escaped(message.headline),
            "blocks": blocks(message),
            "metadata": {"event_type": "nephoscope_delivery", "event_payload": {"id": message.id}},
        }
        if first and message.why is Why.REPEAT:
            try:
                return self._call("chat_update", channel=room, ts=first, **body)
            except Permanent as error:
                if not any(word in error.what for word in GONE):
                    raise
        thread = {"thread_ts": first, "reply_broadcast": True} if first else {}
        return self._call(
            "chat_postMessage", channel=self._room, unfurl_links=False, unfurl_media=False, **thread, **body
        )

    def _call(self, method: str, **arguments: Any) -> str:
        try:
            answer = getattr(self._client, method)(**arguments)
        except SlackApiError as error:
            raise _judged(error) from error
        except (SlackClientError, URLError, OSError, HTTPException, ValueError) as error:
            raise Transient(f"Slack did not answer: {type(error).__name__}.") from error
        return f"{answer['channel']}/{answer['ts']}"


def _judged(error: SlackApiError) -> Permanent | Transient:
    """By Slack's own words, errors come with 200 and `"ok": false`: the body decides."""
    answer: Any = error.response
    said = str(answer.get("error", "") if isinstance(answer.data, dict) else NO_JSON)
    headers = {name: _first(value) for name, value in answer.headers.items()}
    if answer.status_code in RETRYABLE or said in PASSING or said.startswith(NO_JSON):
        return Transient(f"Slack answered {answer.status_code} '{said}'.", retry_after_seconds=wait_seconds(headers))
    return Permanent(f"Slack answered '{said}'.", do="check the bot's token, its rights and that it is in the room")


def _first(value: object) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value)
