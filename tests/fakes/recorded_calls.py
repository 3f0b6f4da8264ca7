"""A loopback proxy in front of a cloud's services that keeps every request as the right that allows it."""

import http.client
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

SIGNED = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
PREFIX = {"monitoring": "cloudwatch"}  # whose actions are not called as their signatures are
HOP = ("connection", "content-length", "expect", "transfer-encoding")  # between two ends only
PASSED = (
    "content-type",
    "content-range",
    "etag",
    "last-modified",
    "smithy-protocol",
    "x-amz-version-id",
    "x-amzn-errortype",
)
PASSED_TOO = ("x-goog-", "x-ms-")


class RecordedCalls:
    """Passes requests on; `made` holds each right with its resource, as `read` (AWS' actions by default) tells them."""

    def __init__(self, endpoint, read=None):
        self.made = []
        calls, read = self, read or actions

        class Handler(BaseHTTPRequestHandler):
            def _pass(self):
                body = _body(self.headers, self.rfile)
                status, headers, answer = passed_on(endpoint, self.command, self.path, dict(self.headers), body)
                calls.made += read(self.command, self.path, dict(self.headers), body, status)
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() in PASSED or name.lower().startswith(PASSED_TOO):
                        self.send_header(name, value)
                told = self.command == "HEAD" and headers.get("Content-Length")  # of a body that does not come
                self.send_header("Content-Length", told or str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 - the names that http.server asks for

            def log_message(self, *_):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def recorded(host, made, read):
    """A host of the internet (fakes.internet) that keeps in `made` what each request to it takes, as `read` tells."""

    def answer(method, path, headers, body):
        status, given, told = host(method, path, headers, body)
        made.extend(read(method, path, headers, body, status))
        return status, given, told

    return answer


def _body(headers, stream):
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        return stream.read(int(headers.get("Content-Length") or 0))
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    stream.readline()
    return b"".join(parts)


def passed_on(endpoint, method, path, headers, body):
    """Pass a request on as it is; urllib would call a body without a type a form."""
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=60)
    try:
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP}
        connection.request(method, path, body=body or None, headers=kept)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def actions(method, path, headers, body, status):
    """
    The IAM actions that one request takes, with the resources that it names.

    >>> signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=k/20261124/eu-central-1/s3/aws4_request"}
    >>> actions("GET", "/bucket/a%2Fb", signed, b"", 404)
    [('s3:GetObject', 'arn:aws:s3:::bucket/a/b'), ('s3:ListBucket', 'arn:aws:s3:::bucket')]
    """
    signed = SIGNED.search(headers.get("Authorization", ""))
    if signed is None:
        return []
    service = PREFIX.get(signed[1], signed[1])
    if service == "s3":
        return _s3(method, path, status)
    form = parse_qs(body.decode("latin-1")) if b"Action=" in body else {}
    target = next((value for name, value in headers.items() if name.lower() == "x-amz-target"), "")
    name = (form.get("Action") or [target.rpartition(".")[2] or path.rpartition("/")[2]])[0]
    return [(f"{service}:{name}", (form.get("TopicArn") or ["*"])[0])]


def _s3(method, path, status):
    parts = urlsplit(path)
    bucket, _, key = unquote(parts.path).strip("/").partition("/")
    if not key:
        return [("s3:ListBucket", f"arn:aws:s3:::{bucket}")]
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Delete"}[method]
    version = "Version" if "versionId" in parse_qs(parts.query) else ""
    made = [(f"s3:{verb}Object{version}", f"arn:aws:s3:::{bucket}/{key}")]
    # "If the object you request doesn't exist, the error depends on whether you also have s3:ListBucket": 404 takes it.
    return [*made, ("s3:ListBucket", f"arn:aws:s3:::{bucket}")] if (verb, status) == ("Get", 404) else made
