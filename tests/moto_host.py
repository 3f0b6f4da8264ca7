"""
AWS' services on a port, with conditional writes as atomic as S3's: `python moto_host.py PORT`.

moto compares an If-Match and writes in two steps that another thread may come between. Of four writers with boto3
alone on one version of an object, more than one won in 1 of 300 rounds, in 10 of 200 where threads switch each
microsecond; S3 lets one win. So one conditional write at a time gets through to it here.
"""

import os
import sys
from threading import Lock

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

CONDITIONS = {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}


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


class Kept(MotoRequestHandler):
    """Keeps a connection for the next request, as S3 does; werkzeug's own takes a new one each."""

    protocol_version = "HTTP/1.1"


def main(port):
    """Serve until ended."""
    os.environ["MOTO_PORT"] = str(port)
    services = OneWriter(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", port, services, threaded=True, request_handler=Kept)


if __name__ == "__main__":
    main(int(sys.argv[1]))
