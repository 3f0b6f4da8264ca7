"""Which adapter each kind of channel in the configuration is; imported when a configuration has one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import msgspec

from nephoscope import settings as configuration
from nephoscope.errors import NephoscopeError
from nephoscope.ports import Channel
from nephoscope.settings import Settings
from nephoscope.wiring.entry import LOGGER

if TYPE_CHECKING:
    from nephoscope.alerts.messages import Message

Secret = Callable[[str], str]  # a reference in the configuration to what it stands for


def channels(settings: Settings, secret: Secret) -> dict[str, Channel]:
    """
    Every configured channel, by name.

    Raises:
        BadSettings, Permanent: A secret is not there, or is not what the channel needs.
    """
    return {name: each() for name, each in _openers(settings, secret).items()}


def each_by_itself(settings: Settings, secret: Secret) -> dict[str, Channel]:
    """
    The same, but a channel that cannot be opened costs no other one anything: it is opened when it is told.

    Raises:
        NephoscopeError: None of them can be opened, so that nobody would be told.
    """
    found: dict[str, Channel] = {}
    failures: list[NephoscopeError] = []
    for name, opener in _openers(settings, secret).items():
        try:
            found[name] = opener()
        except NephoscopeError as error:
            LOGGER.error("channel", extra={"facts": {"outcome": "failed", "error": f"{name}: {error}"}})
            found[name] = _Unopened(cache(opener))
            failures.append(error)
    if failures and len(failures) == len(found):
        raise failures[0]
    return found


@dataclass(frozen=True, slots=True)
class _Unopened:
    """A channel that could not be opened; each Message tries again, and fails by whatever is in its way."""

    opener: Callable[[], Channel]

    def send(self, message: Message) -> str:
        return self.opener().send(message)


def _openers(settings: Settings, secret: Secret) -> dict[str, Callable[[], Channel]]:
    return {name: partial(_KINDS[type(written)], name, written, secret) for name, written in settings.channels.items()}


def _console(_: str, __: configuration.Console, ___: Secret) -> Channel:
    from nephoscope.adapters.channels.console import ConsoleChannel

    return ConsoleChannel(sys.stdout)


def _slack(_: str, written: configuration.Slack, secret: Secret) -> Channel:
    from nephoscope.adapters.channels.slack import SlackWebhook

    return SlackWebhook(secret(written.url))


def _slack_bot(_: str, written: configuration.SlackBot, secret: Secret) -> Channel:
    from nephoscope.adapters.channels.slack import SlackBot

    return SlackBot(secret(written.token), written.room)


def _teams(_: str, written: configuration.Teams, secret: Secret) -> Channel:
    from nephoscope.adapters.channels.teams import TeamsWorkflow

    return TeamsWorkflow(secret(written.url))


def _webhook(name: str, written: configuration.Webhook, secret: Secret) -> Channel:
    from nephoscope.adapters.channels.webhook import Webhook

    bearer = "" if written.token is msgspec.UNSET else secret(written.token)
    return Webhook(secret(written.url), name, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})


def _smtp(_: str, written: configuration.Smtp, secret: Secret) -> Channel:
    from nephoscope.adapters.channels.smtp import SmtpMailbox

    return SmtpMailbox(
        written.host,
        written.port,
        written.sender,
        written.recipients,
        username="" if written.username is msgspec.UNSET else written.username,
        password="" if written.password is msgspec.UNSET else secret(written.password),
        tls=written.tls,
    )


def _ses(_: str, written: configuration.Ses, __: Secret) -> Channel:
    from nephoscope.adapters.channels.ses import SesMailbox

    return SesMailbox(written.sender, written.recipients, region=written.region)


def _apprise(_: str, written: configuration.Apprise, secret: Secret) -> Channel:
    from nephoscope.adapters.channels.apprise import AppriseService

    return AppriseService(secret(written.url))


_KINDS: Mapping[type, Callable[..., Channel]] = {
    configuration.Console: _console,
    configuration.Slack: _slack,
    configuration.SlackBot: _slack_bot,
    configuration.Teams: _teams,
    configuration.Webhook: _webhook,
    configuration.Smtp: _smtp,
    configuration.Ses: _ses,
    configuration.Apprise: _apprise,
}
