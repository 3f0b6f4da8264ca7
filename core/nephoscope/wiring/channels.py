"""Which adapter each kind of channel in the configuration is; imported when a configuration has one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import msgspec

from nephoscope import settings as configuration
from nephoscope.ports import Channel
from nephoscope.settings import Settings

Secret = Callable[[str], str]  # a reference in the configuration to what it stands for


def channels(settings: Settings, secret: Secret) -> dict[str, Channel]:
    """
    Every configured channel, by name.

    Raises:
        BadSettings, Permanent: A secret is not there, or is not what the channel needs.
    """
    return {name: _KINDS[type(written)](name, written, secret) for name, written in settings.channels.items()}


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
