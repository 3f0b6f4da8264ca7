"""
AWS' services on a port, with conditional writes as atomic as S3's: `python moto_host.py PORT [N]`.

moto compares an If-Match and writes in two steps that another thread may come between. Of four writers with boto3
alone on one version of an object, more than one won in 1 of 300 rounds, in 10 of 200 where threads switch each
microsecond; S3 lets one win. So one conditional write at a time gets through to it here.

With N, each N-th Report that is to be written down is refused, as by a right that comes and goes.
"""

import os
import sys
import time
from functools import cache
from http import HTTPStatus
from io import BytesIO
from itertools import count
from threading import Lock

os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"  # buckets are in paths here; moto looks three times for them

from moto.core.errors import ErrorLookupFactory
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs.models import SQSBackend
from werkzeug.serving import run_simple
from werkzeug.test import run_wsgi_app

CONDITIONS = {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}


class Services(DomainDispatcherApplication):
    """Finds a host's service once; moto lists its folder of services for each request, a third of the time it takes."""

    def __init__(self):
        super().__init__(application)
        self._found = {}

    def get_backend_for_host(self, host):
        """The service that a host's name means."""
        if host not in self._found:
            self._found[host] = super().get_backend_for_host(host)
        return self._found[host]


def application(service):
    """A service of moto's; not for debugging, which makes a class for the form of each request."""
    made = create_backend_app(service)
    made.debug = False
    return made


class OneWriter:
    """Lets one conditional write through at a time."""

    def __init__(self, app):
        self._app = app
        self._lock = Lock()

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "PUT" and CONDITIONS & environ.keys():
            with self._lock:
                return self._app(environ, start_response)
        return self._app(environ, start_response)


class Refusing:
    """Refuses each N-th creation of a Report's record."""

    def __init__(self, app, each):
        self._app = app
        self._each = each
        self._numbers = count(1)

    def __call__(self, environ, start_response):
        asked = environ["REQUEST_METHOD"], "/reports/" in environ["PATH_INFO"], "HTTP_IF_NONE_MATCH" in environ
        if asked == ("PUT", True, True) and next(self._numbers) % self._each == 0:
            refused = b"<Error><Code>AccessDenied</Code></Error>"
            start_response("403 Forbidden", [("Content-Length", str(len(refused)))])
            return [refused]
        return self._app(environ, start_response)


class Kept(MotoRequestHandler):
    """Keeps a connection for the next request, as S3 does; werkzeug's own closes it after each."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # a small answer leaves whole, once it is flushed
    disable_nagle_algorithm = True  # the rest of a large one does not wait for 40 ms

    def run_wsgi(self):
        """Answer one request, whose body is read to its end before."""
        environ = self.make_environ()
        sent = environ["wsgi.input"]
        chunked = environ.get("wsgi.input_terminated")
        environ["wsgi.input"] = BytesIO(sent.read() if chunked else sent.read(int(environ.get("CONTENT_LENGTH") or 0)))
        parts, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        content = b"".join(parts)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and int(code) != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle_expect_100(self):
        """Ask for the body of who waits to be asked."""
        asked = super().handle_expect_100()
        self.wfile.flush()
        return asked

    def log_request(self, *_):
        """Say nothing of each."""


def retained(backend, queue, message):
    """Whether a queue keeps a message still; moto counts all messages of the queue for each one to find that out."""
    kept_seconds = backend.get_queue(queue).message_retention_period
    return message.sent_timestamp / 1000 + kept_seconds > time.time()


def main(port, each=0):
    """Serve until ended."""
    os.environ["MOTO_PORT"] = str(port)
    # The errors of a service are listed once; moto lists them for each answer that is one, as that there is no object.
    ErrorLookupFactory._create_error_lut = staticmethod(cache(ErrorLookupFactory._create_error_lut))
    SQSBackend.is_message_valid_based_on_retention_period = retained
    services = OneWriter(Services())
    services = Refusing(services, each) if each else services
    run_simple("127.0.0.1", port, services, threaded=True, request_handler=Kept)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
