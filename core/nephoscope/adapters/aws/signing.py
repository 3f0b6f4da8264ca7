"""Whether SNS signed: its certificates, from the one place where it keeps them, and what their keys say of a text."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from nephoscope.adapters.https import accepted, request
from nephoscope.errors import Transient, Unauthorised

MOST_KNOWN = 16  # SNS changes its certificate about once a year


def fetched(url: str) -> bytes:
    """
    Get a certificate; a redirect is no answer.

    Raises:
        Transient: SNS does not answer.
    """
    return accepted(request(url), "SNS' certificates").body


class SnsSignatures:
    """Signatures of SNS, version 2: RSA over SHA-256; each certificate is asked for once."""

    def __init__(self, fetch: Callable[[str], bytes] = fetched) -> None:
        self._fetch = fetch
        self._known: dict[str, RSAPublicKey] = {}

    def verify(self, url: str, text: bytes, signature: bytes) -> None:
        """
        Pass a text that was signed with the key of the certificate at this place.

        Args:
            url: A place that was held against SNS' pattern already.
            text: What has to be signed.
            signature: What came with it.

        Raises:
            Unauthorised: It was signed by somebody else, or not at all.
            Transient: The certificate cannot be had.
        """
        try:
            self._key(url).verify(signature, text, PKCS1v15(), SHA256())
        except InvalidSignature as error:
            raise Unauthorised("A post came with a signature that is not SNS'.", do="nothing: it is refused") from error

    def _key(self, url: str) -> RSAPublicKey:
        if url not in self._known:
            try:
                key = x509.load_pem_x509_certificate(self._fetch(url)).public_key()
            except ValueError as error:
                raise Transient(f"What SNS keeps at {url} is no certificate.") from error
            if not isinstance(key, RSAPublicKey):
                raise Transient(f"The certificate at {url} has no RSA key.")
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[url] = key
        return self._known[url]
