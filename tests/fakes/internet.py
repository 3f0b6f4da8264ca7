"""
The internet on loopback: a proxy that stands for every host that a test names, with certificates of its own.

What runs with its `env` asks https://sts.googleapis.com and the like as it would anywhere, and is answered by the test.
A host is a function that answers, or the address of a server that speaks HTTP/2 without TLS, as gRPC's do. One that
nobody named is refused and remembered.
"""

from __future__ import annotations

import datetime as dt
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from fakes.scripted_http import Service

Reply = tuple[int, dict[str, str], bytes]
Host = Callable[[str, str, Mapping[str, str], bytes], Reply]  # method, path, headers, body


def host_of(service: Service) -> Host:
    """The host at which a service is that a loopback server serves elsewhere."""

    def host(_method: str, path: str, _headers: Mapping[str, str], body: bytes) -> Reply:
        answer = service(path, body)
        return answer.status, dict(answer.headers), answer.body

    return host


class Internet:
    """A proxy with these hosts behind it."""

    def __init__(self, hosts: Mapping[str, Host | str], folder: Path) -> None:
        self.hosts = hosts
        self.refused: list[str] = []
        self.certificate = folder / "internet.pem"
        self.certificate.write_bytes(certificate(sorted(hosts)))
        context, http2 = self._tls(), self._tls()
        http2.set_alpn_protocols(["h2"])
        internet = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            host = ""

            def do_CONNECT(self) -> None:
                self.host = self.path.partition(":")[0]
                if self.host not in internet.hosts:
                    internet.refused.append(self.host)
                    self.send_error(403)
                    return
                self.send_response(200)
                self.end_headers()
                if isinstance(address := internet.hosts[self.host], str):
                    self.connection = http2.wrap_socket(self.connection, server_side=True)
                    relay(self.connection, address)
                    self.close_connection = True
                    return
                self.rfile.close()
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)  # type: ignore[assignment]
                self.close_connection = False

            def finish(self) -> None:
                super().finish()
                self.connection.close()

            def _handle(self) -> None:
                url = urlsplit(self.path)
                host = self.host or url.hostname or ""
                path = f"{url.path}?{url.query}" if url.query else url.path
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                found = internet.hosts.get(host, "")
                if not isinstance(found, str):
                    status, headers, answer = found(self.command, path, dict(self.headers), body)
                else:
                    internet.refused.append(host)
                    status, headers, answer = 403, {}, b""
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(answer))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = _handle  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        """What a process needs to find it, and to believe it."""
        proxy = f"http://127.0.0.1:{self._server.server_address[1]}"
        names = {name: proxy for each in ("http_proxy", "https_proxy") for name in (each, each.upper())}
        readers = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
        trust = dict.fromkeys(readers, str(self.certificate))
        return names | trust | dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def relay(near: ssl.SSLSocket, address: str) -> None:
    """Pass bytes on between a connection and an address, until either side closes."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as far:
        other: dict[socket.socket, socket.socket] = {near: far, far: near}
        while True:
            # What TLS has decrypted already makes no socket readable.
            for ready in [near] if near.pending() else select.select([near, far], [], [])[0]:
                data = ready.recv(65_536)
                if not data:
                    return
                other[ready].sendall(data)


def certificate(hosts: list[str]) -> bytes:
    """A certificate that is its own authority, for these hosts, with its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "internet")])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    may = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, decipher_only=False, **usage)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(may, critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    return built.public_bytes(serialization.Encoding.PEM) + private
