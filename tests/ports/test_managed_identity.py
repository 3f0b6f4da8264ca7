"""A managed identity's tokens without azure-identity: the same question, and nothing unclear passes for a token."""

import json
from datetime import timedelta

import pytest
from emulators import Entra
from nephoscope.adapters.azure.managed import ManagedToken
from nephoscope.errors import Transient

identity = pytest.importorskip("azure.identity")
SCOPE = "https://storage.azure.com/.default"


@pytest.mark.parametrize("client_id", ["", "11111111-2222-3333-4444-555555555555"])
def test_the_question_is_the_libraries(entra: Entra, clock, monkeypatch, client_id):
    """Path, query and secret are those of Microsoft's own library, with an identity of its own or one of several."""
    for name, value in entra.env.items():
        monkeypatch.setenv(name, value)
    theirs = identity.ManagedIdentityCredential(client_id=client_id or None).get_token(SCOPE).token
    ours = ManagedToken(f"{entra.url}/msi/token", "secret", SCOPE, clock, client_id=client_id)()
    assert ours == theirs == "entra-token"
    paths = [path.partition("?") for _, path, _, _ in entra.requests]
    asked = [(place, sorted(query.split("&"))) for place, _, query in paths]
    assert asked[0] == asked[1]
    lowered = [{name.lower(): value for name, value in headers.items()} for _, _, headers, _ in entra.requests]
    assert lowered[0]["x-identity-header"] == lowered[1]["x-identity-header"] == "secret"


def test_a_token_is_kept_until_shortly_before_it_ends(recorder, clock):
    """It is asked for once, and again five minutes before its end."""
    ends = str(int((clock.now() + timedelta(hours=1)).timestamp()))
    recorder.answer = lambda *_: (200, {}, json.dumps({"access_token": "t", "expires_on": ends}).encode())
    token = ManagedToken(recorder.url, "s", SCOPE, clock)
    assert (token(), token(), len(recorder.requests)) == ("t", "t", 1)
    clock.at += timedelta(minutes=56)
    token()
    assert len(recorder.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [(500, {}, b""), (200, {}, b"{}"), (200, {}, b"<html>"), (200, {}, b'{"access_token": "t", "expires_on": "soon"}')],
)
def test_what_is_no_token_is_transient(recorder, clock, answer):
    """Whatever needed it is tried again."""
    recorder.answers.append(answer)
    with pytest.raises(Transient):
        ManagedToken(recorder.url, "s", SCOPE, clock)()
