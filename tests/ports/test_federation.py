"""Publishing across clouds without a stored key: each route, and six forgeries of what each route rests on."""

import datetime as dt
import json
import ssl
import time
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from emulators import Recorder
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
        bearer = headers.get("Authorization")
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
    yield known | {"certificate": str(certificate)}
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
    from nephoscope.adapters.gcp.identity import from_token

    return pubsub(services, from_token(federation(services), supplier))


def to_event_grid(services, supplier):
    """From AWS or Google to a hub in Azure."""
    from nephoscope.adapters.azure.identity import Token, from_token
    from nephoscope.adapters.azure.topic import SCOPE, EventGridTopic

    options = {
        "authority": services["entra"].url,
        "disable_instance_discovery": True,
        "connection_verify": services["certificate"],
        "retry_total": 0,
    }
    credential = from_token("tenant", "client", supplier, **options)
    return EventGridTopic(f"{services['azure'].url}/api/events", Token(credential, SCOPE))


def federation(services):
    """Where Google exchanges identities."""
    from nephoscope.adapters.gcp.identity import Federation

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
    names = ("x-amz-date", "x-amz-security-token")
    again = AWSRequest(asked["method"], asked["url"].replace("com?", "com/?"), {name: headers[name] for name in names})
    signer = SigV4Auth(Credentials("AKIAHOME", "home-secret"), "sts", "eu-central-1")
    again.context["timestamp"] = headers["x-amz-date"]
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return headers["authorization"].endswith(f"Signature={signer.signature(text, again)}")


def test_a_role_of_aws_is_enough_for_google(services):
    """A signed question to AWS who one is, which Google checks, becomes a token; no other secret is shown."""
    from nephoscope.adapters.gcp.identity import from_aws

    topic = pubsub(services, from_aws(federation(services)))
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
    from nephoscope.adapters.gcp.identity import from_aws

    trusts = services["gcp"].trusts

    def tampered(form):
        asked = tamper(json.loads(unquote(form["subject_token"])))
        return trusts(form | {"subject_token": json.dumps(asked)})

    monkeypatch.setattr(services["gcp"], "trusts", tampered)
    with pytest.raises(Transient):
        pubsub(services, from_aws(federation(services))).publish(BODY, attributes=ATTRIBUTES)
    assert services["gcp"].published == 0


def test_a_function_in_google_cloud_asks_the_metadata_server(recorder):
    """The identity token is asked for the audience, with the header that proves a local caller."""
    from nephoscope.adapters.gcp.identity import IdentityToken

    recorder.answers.append((200, {}, b"a.b.c"))
    assert IdentityToken(AUDIENCE, metadata=recorder.url)() == "a.b.c"
    _, path, headers, _ = recorder.requests[0]
    assert parse_qs(urlsplit(path).query) == {"audience": [AUDIENCE], "format": ["full"]}
    assert "google" in {value.lower() for name, value in headers.items() if name.lower() == "metadata-flavor"}


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
