"""What every Channel promises, each against a loopback service that answers as the real one does, or as scripted."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from fakes.hub import START, blind, breach, finding, ok, report
from fakes.scripted_http import CUT, HANG, RESET, Answer, ScriptedHttp, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from nephoscope.adapters.channels import slack as slack_adapter
from nephoscope.adapters.channels import teams as teams_adapter
from nephoscope.adapters.channels import webhook as webhook_adapter
from nephoscope.adapters.channels.blocks import blocks, escaped
from nephoscope.adapters.channels.mail import email as mail_of
from nephoscope.adapters.channels.slack import SlackBot, SlackWebhook
from nephoscope.adapters.channels.smtp import SmtpMailbox
from nephoscope.adapters.channels.teams import TeamsWorkflow
from nephoscope.adapters.channels.webhook import Webhook
from nephoscope.alerts.groups import Snapshot, Why
from nephoscope.alerts.messages import Message, message
from nephoscope.alerts.streams import apply
from nephoscope.errors import Permanent, Transient
from nephoscope.findings import Finding, at_most
from nephoscope.ports import Channel

HOUR = timedelta(hours=1)

pytestmark = [
    # slack-sdk leaves the socket of an answer that is an error to the garbage collector; Apprise imports `imghdr`.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning"),
]


def message_of(*findings: Finding, why: Why = Why.FIRING, **about: Any) -> Message:
    """A Message about these Findings, an hour after they were first seen."""
    seen = findings or (replace(breach(), limit=at_most(0.1)),)
    stream, news = apply(None, report(*seen), now=START)
    alerts = tuple(stream.alerts.values())
    recent = dict.fromkeys(stream.alerts, (0.02, 0.04, 0.137))
    snapshot = Snapshot("a1b2", START + HOUR, why, {"about": "flights"}, alerts, tuple(news), recent=recent)
    return message(snapshot, channel="room", group="g1", stores={"aws": "s3://mlops/prod"}, **about)


@dataclass
class Mailbox:
    """A mail server on loopback: what it got, and what it answers next."""

    port: int
    got: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, or answer what the script says."""
        if self.answers:
            return self.answers.pop(0)
        parsed = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)  # type: ignore[arg-type]
        assert isinstance(parsed, EmailMessage)
        self.got.append(parsed)
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Serve mail on a free port until the block ends."""
    loop = asyncio.new_event_loop()
    box = Mailbox(0)
    server = loop.run_until_complete(loop.create_server(lambda: SMTP(box), "127.0.0.1", 0))
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def mailbox(box: Mailbox, *recipients: str) -> SmtpMailbox:
    """Mailboxes on that server."""
    return SmtpMailbox("127.0.0.1", box.port, "hub@example.org", recipients or ("team@example.org",), tls="none")


def slack_service(_path: str, _body: bytes) -> Answer:
    """Slack's incoming webhook: "ok"."""
    return Answer(body=b"ok")


def bot_service(path: str, body: bytes) -> Answer:
    """Slack's Web API: each post has a `ts`."""
    told = {"ok": True, "channel": "C1", "ts": "1.5" if path.endswith("postMessage") else "1.0"}
    return Answer(headers={"Content-Type": "application/json"}, body=json.dumps(told).encode())


def workflow_service(_path: str, _body: bytes) -> Answer:
    """A Teams workflow: 202, empty."""
    return Answer(202)


HTTP: dict[str, tuple[Callable[[str, bytes], Answer], Callable[[str], Channel]]] = {
    "slack": (slack_service, SlackWebhook),
    "slack-bot": (bot_service, lambda url: SlackBot("xoxb-1", "C1", url=f"{url}/api/")),
    "teams": (workflow_service, TeamsWorkflow),
    "webhook": (lambda *_: Answer(204), lambda url: Webhook(f"{url}/alerts", "pager")),
}


@pytest.fixture(params=list(HTTP))
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ScriptedHttp, Channel]]:
    """Each HTTP channel with its service; its patience is short, for a test's sake."""
    service, open_channel = HTTP[request.param]
    for adapter in (slack_adapter, teams_adapter, webhook_adapter):
        monkeypatch.setattr(adapter, "TIMEOUT_SECONDS", 1)
    with serving(service) as scripted:
        yield scripted, open_channel(scripted.url)


def test_a_message_is_delivered_once(told: tuple[ScriptedHttp, Channel]) -> None:
    """One Message is one request, and its delivery id is in it."""
    scripted, channel = told
    channel.send(message_of())
    assert len(scripted.requests) == 1
    assert b"flights/dep_delay" in scripted.requests[0][1] or b"flights%2Fdep_delay" in scripted.requests[0][1]


@pytest.mark.parametrize("step", [Answer(500, body=b"oops"), Answer(503), Answer(408), HANG, RESET, CUT])
def test_what_may_get_better_is_transient(told: tuple[ScriptedHttp, Channel], step: Answer | str) -> None:
    """Their errors, silence, and a connection that breaks after the post was read are tried again, once per call."""
    scripted, channel = told
    scripted.script.append(step)
    service = scripted.service
    if step == CUT and isinstance(channel, (TeamsWorkflow, Webhook)):  # a body that is there to be cut
        scripted.service = lambda *_: Answer(body=b"some longer answer")
    with pytest.raises(Transient):
        channel.send(message_of())
    assert len(scripted.requests) == 1
    scripted.service = service
    channel.send(message_of())


def test_a_named_wait_is_kept(told: tuple[ScriptedHttp, Channel]) -> None:
    """429 with Retry-After says when to come back; nobody sleeps here."""
    scripted, channel = told
    body = json.dumps({"ok": False, "error": "ratelimited"}).encode()
    scripted.script.append(Answer(429, {"Retry-After": "30", "Content-Type": "application/json"}, body))
    with pytest.raises(Transient) as error:
        channel.send(message_of())
    assert error.value.retry_after_seconds == 30


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_permanent(told: tuple[ScriptedHttp, Channel], status: int) -> None:
    """What is gone or forbidden is not tried again; no message tells the channel's address, which is a secret."""
    scripted, channel = told
    body = json.dumps({"ok": False, "error": "invalid_auth"}).encode()
    scripted.script.append(Answer(status, {"Content-Type": "application/json"}, body))
    with pytest.raises(Permanent) as error:
        channel.send(message_of())
    assert "127.0.0.1" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("slack", b"<html>sign in</html>"),
        ("slack", b'{"ok": false}'),
        ("slack-bot", b'{"ok": false, "error": "internal_error"}'),
        ("slack-bot", b"<html>proxy</html>"),
        ("teams", b'{"error": {"code": "WorkflowTriggerIsNotEnabled"}}'),
        ("teams", b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"),
        ("teams", b"<html>sign in</html>"),
    ],
)
def test_a_failure_with_status_200_is_a_failure(kind: str, body: bytes) -> None:
    """A good status with an error in the body is no delivery, and is tried again (B13)."""
    service, open_channel = HTTP[kind]
    with serving(service) as scripted:
        scripted.script.append(Answer(200, {"Content-Type": "application/json"}, body))
        channel = open_channel(scripted.url)
        with pytest.raises(Transient):
            channel.send(message_of())
        channel.send(message_of())


def test_a_channel_that_nobody_answers_is_transient() -> None:
    """A closed port is tried again."""
    for _, open_channel in HTTP.values():
        with pytest.raises(Transient):
            open_channel("http://127.0.0.1:9").send(message_of())


def test_a_bot_threads_an_episode_and_edits_its_repeat() -> None:
    """A repeat edits the episode's first message; news goes to its thread; an edit that is refused becomes a post."""
    with serving(bot_service) as scripted:
        bot = SlackBot("xoxb-1", "C1", url=f"{scripted.url}/api/")
        first = bot.send(message_of())
        assert first == "C1/1.5"
        bot.send(message_of(why=Why.REPEAT, thread=first))
        bot.send(message_of(why=Why.RESOLVED, thread=first))
        gone = json.dumps({"ok": False, "error": "message_not_found"}).encode()
        scripted.script.append(Answer(200, {"Content-Type": "application/json"}, gone))
        bot.send(message_of(why=Why.REPEAT, thread=first))
        methods = [path.rpartition(".")[2] for path, _ in scripted.requests]
        assert methods == ["postMessage", "update", "postMessage", "update", "postMessage"]
        assert b"thread_ts" in scripted.requests[2][1]


def test_a_bot_whose_room_changed_speaks_in_the_new_one_only() -> None:
    """An episode that began in another room is neither edited nor threaded there."""
    with serving(bot_service) as scripted:
        bot = SlackBot("xoxb-1", "C2", url=f"{scripted.url}/api/")
        bot.send(message_of(why=Why.REPEAT, thread="C1/1.5"))
        bot.send(message_of(why=Why.RESOLVED, thread="C1/1.5"))
        assert [path.rpartition("/")[2] for path, _ in scripted.requests] == ["chat.postMessage"] * 2
        assert not any(b"thread_ts" in body or b"C1" in body for _, body in scripted.requests)


def test_a_mail_is_text_html_and_a_chart_in_its_thread() -> None:
    """Text, HTML with an inline chart, a Message-ID of its own, and References made from the group."""
    with mail_server() as box:
        mailbox(box).send(message_of())
        mailbox(box).send(replace(message_of(), id="c3d4/room", why=Why.RESOLVED))
        first, second = box.got
        assert first["References"] == second["References"] == second["In-Reply-To"] == "<group.g1@nephoscope.invalid>"
        assert first["Message-ID"] != second["Message-ID"]
        kinds = [part.get_content_type() for part in first.walk()]
        assert {"text/plain", "text/html", "image/png"} <= set(kinds)
        (chart,) = (part for part in first.walk() if part.get_content_type() == "image/png")
        assert chart.get_content().startswith(b"\x89PNG")
        text = first.get_body(("plain",))
        assert text is not None
        assert "0.137 (at most 0.1)" in text.get_content()


@pytest.mark.parametrize(("answer", "error"), [("451 later", Transient), ("554 no", Permanent)])
def test_a_mail_servers_answer_decides(answer: str, error: type[Exception]) -> None:
    """4yz is tried again, 5yz is not."""
    with mail_server() as box:
        box.answers.append(answer)
        with pytest.raises(error):
            mailbox(box).send(message_of())
        mailbox(box).send(message_of())
        assert len(box.got) == 1


def test_a_mail_server_that_is_not_there_is_transient() -> None:
    """A closed port is tried again."""
    with pytest.raises(Transient):
        mailbox(Mailbox(9)).send(message_of())


def test_ses_gets_the_same_mail() -> None:
    """Raw MIME by SES's API, its throttling tried again, its refusals not."""
    ses = pytest.importorskip("nephoscope.adapters.channels.ses")
    accepted = Answer(200, {"Content-Type": "application/json"}, b'{"MessageId": "0100"}')
    with serving(lambda *_: accepted) as scripted, pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "testing")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        box = ses.SesMailbox("hub@example.org", ["team@example.org"], region="eu-west-1", endpoint=scripted.url)
        assert box.send(message_of()) == "0100"
        posted = json.loads(scripted.requests[0][1])
        assert posted["Destination"] == {"ToAddresses": ["team@example.org"]}
        for status, code, error in (
            (429, "TooManyRequestsException", Transient),
            (500, "InternalFailure", Transient),
            (400, "MessageRejected", Permanent),
        ):
            scripted.script.append(Answer(status, {"x-amzn-errortype": code}, b"{}"))
            with pytest.raises(error):
                box.send(message_of())


def test_apprise_tells_every_other_service() -> None:
    """A service that Apprise knows gets the text; one that does not take it is tried again; other URLs are refused."""
    apprise = pytest.importorskip("nephoscope.adapters.channels.apprise")
    with serving(lambda *_: Answer(200)) as scripted:
        channel = apprise.AppriseService(scripted.url.replace("http://", "json://") + "/x")
        channel.send(message_of())
        assert "flights/dep_delay" in json.loads(scripted.requests[0][1])["message"]
        scripted.script.append(Answer(500))
        with pytest.raises(Transient):
            channel.send(message_of())
    with pytest.raises(Permanent):
        apprise.AppriseService("nonsense")


def test_the_webhook_speaks_alertmanagers_version_4() -> None:
    """The keys, statuses and times that receivers of Alertmanager's body read; equal labels over a whole life."""
    keys = {
        *("version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels"),
        *("commonAnnotations", "externalURL", "alerts"),
    }
    firing = json.loads(webhook_adapter.body(message_of(), "pager"))
    assert set(firing) == keys
    assert (firing["version"], firing["status"], firing["receiver"]) == ("4", "firing", "pager")
    (alert,) = firing["alerts"]
    assert set(alert) == {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}
    assert alert["startsAt"] == "2026-11-24T06:30:00Z"
    assert alert["endsAt"] == "0001-01-01T00:00:00Z"
    assert alert["labels"]["alertname"] == "drift.ks"
    assert alert["generatorURL"].startswith("https://console.aws.amazon.com/s3/object/mlops?prefix=prod/ledger/")
    seen = message_of(blind())
    unknown = json.loads(webhook_adapter.body(seen, "pager"))["alerts"][0]
    assert (unknown["status"], unknown["annotations"]["state"]) == ("firing", "unknown")
    assert unknown["labels"] == alert["labels"]
    assert unknown["fingerprint"] == alert["fingerprint"]


def text_of(part: Any) -> str:
    """Every text in a JSON document."""
    return json.dumps(part, ensure_ascii=False)


MANY = [breach(f"flights/column_{number:04}", reason="x" * 300) for number in range(5_000)]


def test_a_storm_fits_every_channel_and_counts_the_rest() -> None:
    """Five thousand Alerts: each channel keeps its limits, with the exact number left out and where they all are."""
    storm = message_of(*MANY)
    posted = blocks(storm)
    written = [block.to_dict() for block in posted]  # validates Slack's own limits for each block
    assert len(written) <= 50
    assert sum(len(text_of(block)) for block in written) < 13_200
    shown = sum(block["type"] == "section" for block in written) - 1
    assert f"and {5_000 - shown} more" in text_of(written)
    assert storm.record in text_of(written)
    card = teams_adapter.body(storm)
    assert len(json.dumps(card, ensure_ascii=False).encode()) <= 20 * 1024
    titles = [element for element in card["attachments"][0]["content"]["body"] if element.get("separator")]
    assert f"and {5_000 - len(titles)} more" in text_of(card)
    mail = mail_of(storm, "hub@example.org", ["team@example.org"])
    (attached,) = mail.iter_attachments()
    assert len(json.loads(attached.get_content())) == 5_000
    body = webhook_adapter.body(storm, "pager")
    assert len(body) <= 512 * 1024
    assert json.loads(body)["truncatedAlerts"] == 5_000 - len(json.loads(body)["alerts"])


CARD_ELEMENTS = {
    "RichTextBlock": {"type", "inlines", "spacing", "separator"},
    "TextRun": {"type", "text", "size", "weight", "color", "isSubtle"},
}
CARD_VALUES = {
    "size": {"small", "default", "medium", "large"},
    "weight": {"lighter", "default", "bolder"},
    "color": {"default", "dark", "light", "accent", "good", "warning", "attention"},
    "spacing": {"none", "small", "default", "medium", "large"},
}


def test_a_card_is_an_adaptive_card_1_4() -> None:
    """Only elements, properties and values of version 1.4, in the envelope that a workflow reads."""
    posted = teams_adapter.body(message_of(breach(), blind("flights/b"), ok("flights/c")))
    assert posted["type"] == "message"
    (attachment,) = posted["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert set(card) <= {"$schema", "type", "version", "fallbackText", "msteams", "body", "actions"}
    for element in card["body"]:
        assert set(element) <= CARD_ELEMENTS[element["type"]]
        for run in element["inlines"]:
            assert set(run) <= CARD_ELEMENTS[run["type"]]
            assert all(value in CARD_VALUES[name] for name, value in run.items() if name in CARD_VALUES)
    assert all(action["type"] == "Action.OpenUrl" for action in card["actions"])


SIGNS = [
    *("<!channel>", "<!here>", "<@U012AB3CD>", "<#C012AB3CD>", "<https://evil.example|Click>", "<!subteam^S1>"),
    *("[Click](https://evil.example)", "![x](https://evil.example/x.png)", "**bold**", "`code`", "# head", "> quote"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:x'>a</a>", "<b>", "&lt;b&gt;"),
    *('" onmouseover="x', "' onload='x", "</h2><h1>", "a\r\nBcc: evil@example.org", "a\nSubject: x", "a\rb", "\0"),
    *("a\u202eb", "\u2066x\u2069", "a\u200bb", "\ufeffx", "\u00ad", "a\u2028b", "\x1b[31mred", "\x07", "@everyone"),
    *(
        "@here",
        "~~x~~",
        "*x*",
        "_x_",
        "{{x}}",
        "${x}",
        "%s%n",
        "=cmd|'/c calc'!A1",
        "\ud800x".encode("utf-8", "replace").decode(),
    ),
]
HOSTILE = [f"{before}{sign}{behind}" for sign in SIGNS for before in ("", "a ", "a", "(") for behind in ("", " b")]
HOSTILE += ["x" * 50_000, "\U0001f480" * 20_000, "<" * 50_000]


def assert_harmless(name: str) -> None:
    """No channel's output has an active sequence of a hostile name, and everything stays one line."""
    hostile = message_of(
        finding(subject=f"flights/{name}", reason=f"{name} was seen.", check=f"drift.{name}", team=name)
    )
    for block in blocks(hostile):
        written = block.to_dict()
        for text in (written.get("text"), *(written.get("elements") or ())):
            assert text is None or text["type"] == "plain_text" or "evil" not in text["text"]
    for sign in ("<!", "<@", "<#", "<http"):
        assert sign not in escaped(hostile.headline)
    card = teams_adapter.body(hostile)
    runs = [run for element in card["attachments"][0]["content"]["body"] for run in element["inlines"]]
    assert all(run["type"] == "TextRun" for run in runs)  # "Markdown is not supported" in a TextRun
    assert all(text.isprintable() for text in (run["text"] for run in runs))
    mail = mail_of(hostile, "hub@example.org", ["team@example.org"])
    assert mail["Bcc"] is None
    assert len(mail.get_all("Subject", [])) == 1
    mail.as_bytes()
    html = mail.get_body(("html",))
    assert html is not None
    content = html.get_content()
    for sign in ("<script", "<img src=x", "<a href='javascript", "</h2><h1", '" onmouseover="x'):
        assert sign not in content
    assert not set(content) & set("\u202e\u2066\u200b\ufeff\x1b\x00")
    assert len(hostile.headline) <= 160
    assert all(len(text) <= 450 for item in hostile.items for text in (item.what, item.reason, item.where, item.check))


@pytest.mark.parametrize("number", range(6))
def test_hostile_names_are_shown_and_not_obeyed(number: int) -> None:
    """Three hundred names: mentions, links, HTML, Markdown, line breaks, right-to-left, zero width, 50 kB (D13)."""
    assert len(HOSTILE) >= 300
    for name in HOSTILE[number::6]:
        assert_harmless(name)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_name_is_harmless(name: str) -> None:
    """Whatever somebody calls a column."""
    assert_harmless(name)


def test_apprise_text_has_no_sign_that_a_service_obeys() -> None:
    """Services that read the text as Markdown or HTML find no mention, link or tag in it."""
    apprise = pytest.importorskip("nephoscope.adapters.channels.apprise")
    taken: list[Any] = []

    def notify(**about: Any) -> bool:
        taken.append(SimpleNamespace(**about))
        return True

    channel = apprise.AppriseService("json://127.0.0.1:9/x")
    channel._services = SimpleNamespace(notify=notify)
    for name in HOSTILE[:200]:
        channel.send(message_of(finding(subject=name)))
    assert not any(sign in each.body + each.title for each in taken for sign in ("<", ">", "@", "](", "`", "**"))


def test_a_webhook_closes_what_is_told_elsewhere_now() -> None:
    """To a receiver that an Alert moved away from it is over: nobody would ever close it there."""
    stream, news = apply(None, report(breach()), now=START)
    (identity,) = news
    moved = Snapshot("m", START + HOUR, Why.MOVED, {}, tuple(stream.alerts.values()), (identity,), {identity: "route"})
    body = json.loads(webhook_adapter.body(message(moved, channel="pager", group="g"), "pager"))
    assert (body["status"], body["alerts"][0]["status"], body["alerts"][0]["endsAt"]) == (
        "resolved",
        "resolved",
        "2026-11-24T07:30:00Z",
    )


def test_a_text_fits_into_what_its_service_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord takes 2,000 letters, title and all: a storm is cut to that, and not refused for ever."""
    apprise = pytest.importorskip("nephoscope.adapters.channels.apprise")
    channel = apprise.AppriseService(f"discord://{'1' * 18}/{'a' * 68}")
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(channel._services, "notify", lambda **about: sent.append(about) or True)
    channel.send(message_of(*(finding(subject=f"column_{n}/{'x' * 200}") for n in range(40))))
    assert len(sent[0]["title"]) + len(sent[0]["body"]) <= 2_000 - 16
    assert sent[0]["body"].endswith("…")


def test_a_mail_that_was_taken_is_not_sent_again_for_its_goodbye() -> None:
    """A server that takes the mail and answers QUIT with 421 has the mail."""
    accepted: list[int] = []

    class Curt(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 x\r\n")
            data = False
            for line in self.rfile:
                if data:
                    if line == b".\r\n":
                        data = False
                        accepted.append(1)
                        self.wfile.write(b"250 queued\r\n")
                elif line.strip().upper().startswith(b"DATA"):
                    data = True
                    self.wfile.write(b"354 go\r\n")
                elif line.strip().upper().startswith(b"QUIT"):
                    self.wfile.write(b"421 shutting down\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Curt) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        mailbox = SmtpMailbox("127.0.0.1", server.server_address[1], "a@x.org", ["b@x.org"], tls="none")
        mailbox.send(message_of(finding()))
        assert accepted == [1]
        shy = replace(mailbox, username="ada", password="pässwort")
        with pytest.raises((Permanent, Transient)) as told:
            shy.send(message_of(finding()))
        assert "pässwort" not in str(told.value)
        server.shutdown()
