"""Publishing across clouds without a stored key: each route, and six forgeries of what each route rests on."""

import datetime as dt
import json
import os
import ssl
import subprocess
import sys
import time
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from emulators import Recorder
from nephoscope.adapters.pooled import trust
from nephoscope.errors import Transient

jwt = pytest.importorskip("jwt")
pytest.importorskip("cryptography")

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
ISSUER, SUBJECT, AUDIENCE = "https://issuer.example", "nephoscope-drift", "api://nephoscope"
ROLE = "arn:aws:iam::123456789012:role/publish"
PROVIDER = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
ACCOUNT = "publisher@mlops.iam.gserviceaccount.com"
BODY, ATTRIBUTES = b'{"specversion":"1.0"}', {"id": "1"}


def token(*, key=KEY, algorithm="RS256", **claims):
    """A token of the home cloud, good unless something is changed."""
    now = int(time.time())
    good = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 300}
    return jwt.encode(good | claims, key if algorithm != "none" else None, algorithm=algorithm, headers={"kid": "1"})


FORGERIES = {
    "another key": lambda: token(key=OTHER_KEY),
    "no signature": lambda: token(algorithm="none"),
    "another audience": lambda: token(aud="api://somebody-else"),
    "another subject": lambda: token(sub="nephoscope-cost"),
    "another issuer": lambda: token(iss="https://evil.example"),
    "expired": lambda: token(exp=int(time.time()) - 120),
}


def trusted(shown):
    """What a token service checks: signature, issuer, audience, end, subject."""
    try:
        claims = jwt.decode(shown, KEY.public_key(), algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    except jwt.PyJWTError:
        return False
    return claims["sub"] == SUBJECT


class Sts(Recorder):
    """AWS: a role for a token, then the topic, for who signs with what the role was given."""

    published = 0

    def answer(self, method, path, headers, body):
        """Exchange, or publish."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form["Action"] == "AssumeRoleWithWebIdentity":
            good = form["RoleArn"] == ROLE and trusted(form["WebIdentityToken"])
            return (200, {}, CREDENTIALS) if good else (400, {}, REFUSED)
        signed = headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIAROLE/")
        if form["Action"] != "Publish" or not signed or headers["X-Amz-Security-Token"] != "session":
            return 403, {}, REFUSED
        self.published += 1
        return 200, {}, b"<PublishResponse/>"


END = f"{dt.datetime.now(dt.UTC) + dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
CREDENTIALS = f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>session</SessionToken><Expiration>{END}</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>""".encode()
REFUSED = b"<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no</Message></Error></ErrorResponse>"


class Google(Recorder):
    """Google: a federated token, then an impersonated one, then the topic."""

    published = 0

    def answer(self, method, path, headers, body):
        """Exchange, impersonate, or publish."""
        [bearer] = [value for name, value in headers.items() if name.lower() == "authorization"] or [None]
        if path == "/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            good = form["audience"] == PROVIDER and self.trusts(form)
            given = {"access_token": "federated", "expires_in": 3600, "token_type": "Bearer"}
            return (200, {}, json.dumps(given).encode()) if good else (400, {}, b'{"error": "invalid_grant"}')
        if path == f"/impersonate/{ACCOUNT}:generateAccessToken" and bearer == "Bearer federated":
            return 200, {}, json.dumps({"accessToken": "own", "expireTime": END}).encode()
        if path == "/v1/projects/mlops/topics/t:publish" and bearer == "Bearer own":
            self.published += 1
            return 200, {}, b"{}"
        return 403, {}, b"{}"

    def trusts(self, form):
        """Whether the identity shown is the one that is trusted."""
        if form["subject_token_type"].endswith("aws4_request"):
            return signed_by_the_role(json.loads(unquote(form["subject_token"])))
        return trusted(form["subject_token"])


class Entra(Recorder):
    """Entra ID over TLS, for client assertions, and Event Grid."""

    published = 0

    def answer(self, method, path, headers, body):
        """Describe itself, exchange, or publish."""
        place = urlsplit(path).path
        if place.endswith("/openid-configuration"):
            ends = {"token_endpoint": "oauth2/v2.0/token", "authorization_endpoint": "oauth2/v2.0/authorize"}
            known = {name: f"{self.url}/tenant/{end}" for name, end in ends.items()}
            return 200, JSON, json.dumps(known | {"issuer": f"{self.url}/tenant/v2.0"}).encode()
        if place == "/tenant/oauth2/v2.0/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            good = form["client_id"] == "client" and trusted(form["client_assertion"])
            given = {"access_token": "entra", "expires_in": 3600, "token_type": "Bearer"}
            return (200, JSON, json.dumps(given).encode()) if good else (401, JSON, b'{"error": "invalid_client"}')
        return 403, {}, b"{}"


JSON = {"Content-Type": "application/json"}


class Grid(Recorder):
    """Event Grid: publishes for who has Entra's token."""

    published = 0

    def answer(self, method, path, headers, body):
        """Publish."""
        good = headers["Authorization"] == "Bearer entra"
        self.published += good
        return (200 if good else 401), {}, b""


@pytest.fixture
def services(tmp_path, monkeypatch):
    """The three clouds' token services and topics, on loopback."""
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    known = {"aws": Sts(), "gcp": Google(), "entra": Entra(context), "azure": Grid()}
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", known["aws"].url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHOME")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "home-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "home-session")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trust.cache_clear()  # whom a process trusts it reads once
    yield known | {"certificate": str(certificate)}
    trust.cache_clear()
    for service in known.values():
        service.close()


def self_signed(folder):
    """A certificate for 127.0.0.1 with its key, in one file."""
    import ipaddress

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder(name, name, KEY.public_key(), 1, now - dt.timedelta(days=1), now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(KEY, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    file = folder / "loopback.pem"
    file.write_bytes(built.public_bytes(serialization.Encoding.PEM) + private)
    return file


def to_sns(services, supplier):
    """From Azure or Google to a hub in AWS."""
    from nephoscope.adapters.aws.identity import role
    from nephoscope.adapters.aws.topic import SnsTopic

    arn = "arn:aws:sns:eu-central-1:123456789012:t"
    return SnsTopic(arn, role(ROLE, supplier, region="eu-central-1"), endpoint=f"{services['aws'].url}/")


def to_pubsub(services, supplier):
    """From Azure to a hub in Google Cloud."""
    from nephoscope.adapters.gcp.federation import from_token

    return pubsub(services, from_token(federation(services), supplier))


def to_event_grid(services, supplier):
    """From AWS or Google to a hub in Azure."""
    from nephoscope.adapters.azure.federation import from_token
    from nephoscope.adapters.azure.topic import SCOPE, EventGridTopic

    shown = from_token("tenant", "client", supplier, SCOPE, authority=services["entra"].url)
    return EventGridTopic(f"{services['azure'].url}/api/events", shown)


def federation(services):
    """Where Google exchanges identities."""
    from nephoscope.adapters.gcp.federation import Federation

    root = services["gcp"].url
    return Federation(
        PROVIDER, ACCOUNT, sts=f"{root}/token", impersonation=f"{root}/impersonate/{{}}:generateAccessToken"
    )


def pubsub(services, shown):
    """The topic in Google Cloud."""
    from nephoscope.adapters.gcp.topic import PubSubTopic

    return PubSubTopic("projects/mlops/topics/t", shown, endpoint=services["gcp"].url)


ROUTES = {"aws": to_sns, "gcp": to_pubsub, "azure": to_event_grid}


@pytest.mark.parametrize("hub", ROUTES)
def test_a_token_of_the_home_cloud_is_enough(services, hub):
    """Two messages are published; the token is exchanged once."""
    shown = []
    topic = ROUTES[hub](services, lambda: shown.append(1) or token())
    topic.publish(BODY, attributes=ATTRIBUTES)
    topic.publish(BODY, attributes=ATTRIBUTES)
    assert services[hub].published == 2
    assert len(shown) == 1


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
@pytest.mark.parametrize("hub", ROUTES)
def test_a_forged_token_publishes_nothing(services, hub, forgery):
    """Another key, no signature, audience, subject, issuer, or an end that is past: refused, and the Report is kept."""
    topic = ROUTES[hub](services, forgery)
    with pytest.raises(Transient):
        topic.publish(BODY, attributes=ATTRIBUTES)
    assert services[hub].published == 0


def signed_by_the_role(asked):
    """What Google checks of AWS: the question who one is, signed for this pool, now, by the role that is trusted."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {one["key"].lower(): one["value"] for one in asked["headers"]}
    when = dt.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    if headers.get("x-goog-cloud-target-resource") != PROVIDER or abs(dt.datetime.now(dt.UTC) - when) > dt.timedelta(
        minutes=15
    ):
        return False
    if not asked["url"].startswith("https://sts.eu-central-1.amazonaws.com?Action=GetCallerIdentity"):
        return False
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    if not {"host", "x-amz-date", "x-amz-security-token"} <= set(signed):
        return False
    shown = {name: headers[name] for name in signed if name != "host"}
    again = AWSRequest(asked["method"], asked["url"].replace("com?", "com/?"), shown)
    signer = SigV4Auth(Credentials("AKIAHOME", "home-secret"), "sts", "eu-central-1")
    again.context["timestamp"] = headers["x-amz-date"]
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return headers["authorization"].endswith(f"Signature={signer.signature(text, again)}")


def test_a_role_of_aws_is_enough_for_google(services):
    """A signed question to AWS who one is, which Google checks, becomes a token; no other secret is shown."""
    from nephoscope.adapters.gcp.federation import from_aws

    topic = pubsub(services, from_aws(federation(services), region="eu-central-1"))
    topic.publish(BODY, attributes=ATTRIBUTES)
    assert services["gcp"].published == 1
    assert b"home-secret" not in b"".join(body for _, _, _, body in services["gcp"].requests)


def late(asked):
    """A question that was signed twenty minutes ago."""
    when = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=20)
    return changed(asked, "x-amz-date", f"{when:%Y%m%dT%H%M%SZ}")


def changed(asked, name, value):
    """The same question with one header changed."""
    headers = [one | {"value": value} if one["key"].lower() == name else one for one in asked["headers"]]
    return asked | {"headers": headers}


TAMPERED = {
    "another pool": lambda asked: changed(asked, "x-goog-cloud-target-resource", PROVIDER + "2"),
    "another signature": lambda asked: changed(asked, "authorization", "AWS4-HMAC-SHA256 Signature=0"),
    "another host": lambda asked: asked | {"url": asked["url"].replace("sts.", "evil.")},
    "another question": lambda asked: asked | {"url": asked["url"].replace("GetCallerIdentity", "GetSessionToken")},
    "another session": lambda asked: changed(asked, "x-amz-security-token", "somebody-else"),
    "an old one": late,
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_question_to_aws_publishes_nothing(services, monkeypatch, tamper):
    """What was signed for another pool, by another, at another time or for another question is refused."""
    from nephoscope.adapters.gcp.federation import from_aws

    trusts = services["gcp"].trusts

    def tampered(form):
        asked = tamper(json.loads(unquote(form["subject_token"])))
        return trusts(form | {"subject_token": json.dumps(asked)})

    monkeypatch.setattr(services["gcp"], "trusts", tampered)
    with pytest.raises(Transient):
        pubsub(services, from_aws(federation(services), region="eu-central-1")).publish(BODY, attributes=ATTRIBUTES)
    assert services["gcp"].published == 0


def test_a_function_in_google_cloud_asks_the_metadata_server(recorder):
    """The identity token is asked for the audience, with the header that proves a local caller."""
    from nephoscope.adapters.gcp.identity import IdentityToken

    recorder.answers.append((200, {}, b"a.b.c"))
    assert IdentityToken(AUDIENCE, metadata=recorder.url)() == "a.b.c"
    _, path, headers, _ = recorder.requests[0]
    assert parse_qs(urlsplit(path).query) == {"audience": [AUDIENCE], "format": ["full"]}
    assert "google" in {value.lower() for name, value in headers.items() if name.lower() == "metadata-flavor"}


def test_a_function_in_google_cloud_gets_its_access_token(recorder):
    """The metadata server's answers are understood as it spells them."""
    told = {"access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer"}

    def metadata(_method, path, headers, _body):
        assert {name.lower(): value for name, value in headers.items()}["metadata-flavor"] == "Google"
        about = (
            told if "/token" in path else {"email": "job@acme-ml.iam.gserviceaccount.com", "scopes": [], "aliases": []}
        )
        return 200, {"Metadata-Flavor": "Google", "Content-Type": "application/json"}, json.dumps(about).encode()

    recorder.answer = metadata
    # google.auth reads where the metadata server is when it is imported.
    program = "from nephoscope.adapters.gcp.identity import own; print(own()())"
    environment = os.environ | {"GCE_METADATA_HOST": recorder.url.removeprefix("http://")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ya29.x\n", "")


def test_a_function_in_aws_asks_sts(recorder):
    """STS signs a token of five minutes for the audience."""
    import boto3
    from nephoscope.adapters.aws.identity import WebIdentity

    answer = """<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>
    <WebIdentityToken>a.b.c</WebIdentityToken></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"""
    recorder.answers.append((200, {"Content-Type": "text/xml"}, answer.encode()))
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-central-1"}
    assert WebIdentity(boto3.client("sts", endpoint_url=recorder.url, **keys), AUDIENCE)() == "a.b.c"
    asked = parse_qs(recorder.requests[0][3].decode())
    assert (asked["Audience.member.1"], asked["DurationSeconds"]) == ([AUDIENCE], ["300"])


def forms(service):
    """The forms that a token service was sent, without what differs from one time to the next."""
    sent = [body for method, path, _, body in service.requests if method == "POST" and b"grant_type" in body]
    return [{name: values[0] for name, values in parse_qs(body.decode()).items()} for body in sent]


def test_googles_token_service_is_asked_as_googles_own_library_asks_it(services):
    """For an OIDC token the exchange and the impersonation are google-auth's, field by field."""
    from google.auth import identity_pool
    from nephoscope.adapters.gcp.identity import SCOPES, AccessToken

    class Supplier(identity_pool.SubjectTokenSupplier):
        def get_subject_token(self, context, request):
            return SHOWN

    to_pubsub(services, lambda: SHOWN).publish(BODY, attributes=ATTRIBUTES)
    ours = [(path, body) for _, path, _, body in services["gcp"].requests][:2]
    AccessToken(
        identity_pool.Credentials(**vendors(services, "jwt"), subject_token_supplier=Supplier(), scopes=SCOPES)
    )()
    theirs = [(path, body) for _, path, _, body in services["gcp"].requests][3:]
    assert forms(services["gcp"])[0] == {k: v for k, v in forms(services["gcp"])[1].items() if k != "options"}
    assert [path for path, _ in ours] == [path for path, _ in theirs]
    assert json.loads(ours[1][1]) == json.loads(theirs[1][1])


SHOWN = token(exp=int(time.time()) + 86_400)  # made when tests are collected, long before some run


def vendors(services, kind):
    """The same federation, as google-auth is told of it."""
    ours = federation(services)
    return {
        "audience": ours.audience,
        "subject_token_type": f"urn:ietf:params:oauth:token-type:{kind}",
        "token_url": ours.sts,
        "service_account_impersonation_url": ours.impersonation.format(ours.service_account),
        "credential_source": None,
    }


def test_the_question_to_aws_is_googles_own_librarys(services):
    """The same question to the same address with the same headers, signed: what google-auth shows is what is shown."""
    from google.auth import aws
    from nephoscope.adapters.gcp.federation import CALLER, from_aws
    from nephoscope.adapters.gcp.identity import SCOPES, AccessToken

    from_aws(federation(services), region="eu-central-1")()
    source = {"environment_id": "aws1", "regional_cred_verification_url": CALLER}
    given = vendors(services, "x") | {"credential_source": source, "scopes": SCOPES}
    AccessToken(aws.Credentials(**given | {"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request"}))()
    ours, theirs = (json.loads(unquote(form["subject_token"])) for form in forms(services["gcp"]))
    assert (ours["url"], ours["method"]) == (theirs["url"], theirs["method"])
    assert names(ours) == names(theirs)


def names(asked):
    """The headers of a question."""
    return sorted(one["key"].lower() for one in asked["headers"])


def test_entra_is_asked_as_azures_own_library_asks_it(services):
    """The exchange is azure-identity's, but for what it tells of itself."""
    from azure.identity import ClientAssertionCredential
    from nephoscope.adapters.azure.topic import SCOPE

    to_event_grid(services, lambda: SHOWN).publish(BODY, attributes=ATTRIBUTES)
    options = {"authority": services["entra"].url, "connection_verify": services["certificate"], "retry_total": 0}
    own = ClientAssertionCredential("tenant", "client", lambda: SHOWN, disable_instance_discovery=True, **options)
    own.get_token(SCOPE)
    ours, theirs = forms(services["entra"])
    assert ours == {name: value for name, value in theirs.items() if name in ours}
    assert set(theirs) - set(ours) <= {"client_info"}


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"access_token": 7, "expires_in": 1}', b"\xff"])
def test_an_answer_that_is_no_token_is_not_told(recorder, answer):
    """Whatever a token service says instead of a token is transient, and not repeated in the reason."""
    from nephoscope.adapters.azure.federation import from_token

    recorder.answers.append((200, {}, answer))
    with pytest.raises(Transient, match=f"{len(answer)} bytes that are no token"):
        from_token("tenant", "client", lambda: "t", "s", authority=recorder.url)()


def test_a_token_is_exchanged_anew_before_it_ends(recorder):
    """A warm function publishes for days: its token is kept for all but the last five minutes of its life."""
    from nephoscope.adapters.exchange import Granted, KeptToken

    now, given = [0.0], iter("abc")
    kept = KeptToken(lambda: Granted(next(given), 3600), clock=lambda: now[0])
    assert (kept(), kept()) == ("a", "a")
    now[0] = 3299
    assert kept() == "a"
    now[0] = 3301
    assert kept() == "b"
    now[0] = 3300  # a clock that was set back tells nothing of how old it is
    assert kept() == "c"
