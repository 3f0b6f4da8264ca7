"""Where people are told: chat rooms, mailboxes and webhooks, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from nephoscope.settings.section import Secret, Section, Text

Host: TypeAlias = Annotated[str, Meta(pattern=r"^[^\s/@]+$", title="a server's name, without a scheme or a port")]
Address: TypeAlias = Annotated[str, Meta(pattern=r"^[^\s@]+@[^\s@/]+$", title="a mail address")]
SendResolved: TypeAlias = Annotated[bool, Meta(description="Whether the end of an Alert is told as well.")]


class Console(Section, tag_field="type", tag="console", frozen=True, kw_only=True):
    """The terminal or log that the hub writes to."""

    send_resolved: SendResolved = True


class Slack(Section, tag_field="type", tag="slack", frozen=True, kw_only=True):
    """A Slack room, through an incoming webhook."""

    url: Annotated[Secret, Meta(description="The incoming webhook's URL.")]
    send_resolved: SendResolved = True


class SlackBot(Section, tag_field="type", tag="slack-bot", frozen=True, kw_only=True):
    """A Slack room, through a bot, which threads an episode and turns a repeat into an edit."""

    token: Annotated[Secret, Meta(description="The bot's token, with the right chat:write.")]
    room: Annotated[
        str,
        Meta(pattern=r"^[CGD][A-Z0-9]{2,}$", title="a room's id such as C024BE91L", description="Where it posts."),
    ]
    send_resolved: SendResolved = True


class Teams(Section, tag_field="type", tag="teams", frozen=True, kw_only=True):
    """A Microsoft Teams channel, through a Workflows webhook."""

    url: Annotated[Secret, Meta(description="The workflow's URL.")]
    send_resolved: SendResolved = True


class Webhook(Section, tag_field="type", tag="webhook", frozen=True, kw_only=True):
    """Any HTTP endpoint that reads Alertmanager's version 4 body."""

    url: Annotated[Secret, Meta(description="The endpoint's URL.")]
    token: Annotated[Secret, Meta(description="A bearer token; none is sent when absent.")] | UnsetType = UNSET
    send_resolved: SendResolved = True


class Smtp(Section, tag_field="type", tag="smtp", frozen=True, kw_only=True):
    """Mailboxes, through an SMTP server."""

    host: Annotated[Host, Meta(description="The server's name.")]
    port: Annotated[int, Meta(ge=1, le=65535, title="a port from 1 to 65535", description="The server's port.")] = 587
    sender: Annotated[Address, Meta(description="The From address.")]
    recipients: Annotated[
        tuple[Address, ...], Meta(min_length=1, title="a list of addresses", description="The To addresses.")
    ]
    username: Annotated[Text, Meta(description="Who signs in; nobody does when absent.")] | UnsetType = UNSET
    password: Annotated[Secret, Meta(description="The password of `username`.")] | UnsetType = UNSET
    tls: Annotated[Literal["none", "starttls", "tls"], Meta(description="How the connection is encrypted.")] = (
        "starttls"
    )
    send_resolved: SendResolved = True


class Ses(Section, tag_field="type", tag="ses", frozen=True, kw_only=True):
    """Mailboxes, through Amazon SES, with the rights of the function itself."""

    sender: Annotated[Address, Meta(description="The From address, which SES has verified.")]
    recipients: Annotated[
        tuple[Address, ...],
        Meta(min_length=1, max_length=50, title="a list of 1 to 50 addresses", description="The To addresses."),
    ]
    region: Annotated[
        str,
        Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", title="a region such as eu-west-1", description="Where SES is."),
    ]
    send_resolved: SendResolved = True


class Apprise(Section, tag_field="type", tag="apprise", frozen=True, kw_only=True):
    """Any other service that Apprise knows: Discord, Telegram, Matrix, ntfy, Pushover and many more."""

    url: Annotated[Secret, Meta(description="The service's Apprise URL.")]
    send_resolved: SendResolved = True


Channel: TypeAlias = Console | Slack | SlackBot | Teams | Webhook | Smtp | Ses | Apprise
