"""The TLS messages of one forged connection, in order: right in form, with numbers that follow from the session.

What travels encrypted is made of bytes that look so. RFC 8446 (TLS 1.3), 5246 (1.2), 2246 (1.0), 6101 (SSL 3).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509

from analytics.forge.certificates import session_certificates
from rules.suites import ANONYMOUS, FINITE_FIELD, STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.rule import CertificateRecipe, ExampleSession

VERSIONS: Final[Mapping[str, int]] = {
    "SSLv3": 0x0300,
    "TLSv1.0": 0x0301,
    "TLSv1.1": 0x0302,
    "TLSv1.2": 0x0303,
    "TLSv1.3": 0x0304,
}

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA = 20, 21, 22, 23
_FATAL = 2
_X25519, _P256 = 29, 23
_ECDSA_SHA256, _RSA_SHA256, _DSA_SHA1 = 0x0403, 0x0401, 0x0202
_OFFERED = (0x1301, 0x1302, 0xC02B, 0xC02F, 0xC009, 0xC013, 0x0032, 0x002F, 0x0035)


@dataclass(frozen=True, slots=True)
class Message:
    """One TLS record as it goes over the wire."""

    sender: str
    """`client` or `server`."""
    name: str
    """The handshake message in it (`server_hello`), or `encrypted`, `change_cipher_spec`, `application_data`."""
    record: bytes


class Handshake:
    """Makes the messages of one session: `for message in Handshake(session)`."""

    def __init__(self, session: ExampleSession) -> None:
        """KeyError: a version that is not one of `VERSIONS`."""
        self._session = session
        self._code = VERSIONS[session.version]
        self._wire = min(self._code, VERSIONS["TLSv1.2"])
        self._server_chain = session.server_chain or ()
        self._key = self._server_chain[0].key if self._server_chain else "p256"

    def __iter__(self) -> Iterator[Message]:
        """Give the messages in order, as far as the session says they go."""
        sender, _, number = (self._session.refusal or "").partition(" ")
        refused = {"client": "server_hello_done", "server": "client_key_exchange"}.get(sender)
        for message in self._messages():
            yield message
            if message.name == self._session.ends_after:
                return
            if message.name == refused:
                yield self._record(sender, "alert", _ALERT, bytes((_FATAL, int(number))))
                return

    def _messages(self) -> Iterator[Message]:
        yield self._handshake("client", "client_hello", 1, self._client_hello())
        yield self._handshake("server", "server_hello", 2, self._server_hello())
        if self._code == VERSIONS["TLSv1.3"]:
            yield from self._rest_of_1_3()
        elif self._session.server_chain is None:
            yield from self._finish("server", "client")
        else:
            yield from self._full()
            yield from self._finish("client", "server")
        yield self._record("client", "application_data", _APPLICATION_DATA, self._noise("request", 180))
        yield self._record("server", "application_data", _APPLICATION_DATA, self._noise("response", 900))
        closing = _APPLICATION_DATA if self._code == VERSIONS["TLSv1.3"] else _ALERT
        yield self._record("client", "encrypted", closing, self._noise("close", 26))

    def _full(self) -> Iterator[Message]:
        """Give what stands between ServerHello and the first ChangeCipherSpec (RFC 5246 figure 1)."""
        if self._suite() not in ANONYMOUS:
            yield self._handshake("server", "certificate", 11, self._certificates(self._server_chain))
        if not self._is_static_rsa():
            yield self._handshake("server", "server_key_exchange", 12, self._server_key_exchange())
        client_chain = self._session.client_chain
        if client_chain is not None:
            yield self._handshake("server", "certificate_request", 13, self._certificate_request())
        yield self._handshake("server", "server_hello_done", 14, b"")
        if client_chain is not None:
            yield self._handshake("client", "client_certificate", 11, self._certificates(client_chain))
        yield self._handshake("client", "client_key_exchange", 16, self._client_key_exchange())
        if client_chain:
            yield self._handshake("client", "certificate_verify", 15, self._signed("verify", client_chain[0].key))

    def _rest_of_1_3(self) -> Iterator[Message]:
        """RFC 8446 figure 1 after the ServerHello, with the ChangeCipherSpec of appendix D.4."""
        yield self._record("server", "change_cipher_spec", _CHANGE_CIPHER_SPEC, b"\x01")
        yield self._record("server", "encrypted", _APPLICATION_DATA, self._noise("encrypted extensions", 40))
        yield self._record("server", "encrypted", _APPLICATION_DATA, self._noise("certificate", 1400))
        yield self._record("server", "encrypted", _APPLICATION_DATA, self._noise("server finished", 140))
        yield self._record("client", "change_cipher_spec", _CHANGE_CIPHER_SPEC, b"\x01")
        yield self._record("client", "encrypted", _APPLICATION_DATA, self._noise("client finished", 53))

    def _finish(self, first: str, second: str) -> Iterator[Message]:
        for sender in (first, second):
            yield self._record(sender, "change_cipher_spec", _CHANGE_CIPHER_SPEC, b"\x01")
            yield self._record(sender, "encrypted", _HANDSHAKE, self._noise(f"{sender} finished", 40))

    def _client_hello(self) -> bytes:
        session_id = self._noise("session id", 32) if self._is_resumed() or self._wire < self._code else b""
        suites = [code for code in _OFFERED if self._code == VERSIONS["TLSv1.3"] or code >> 8 != 0x13]  # noqa: PLR2004
        hello = self._wire.to_bytes(2, "big") + self._noise("client random", 32) + _vector(1, session_id)
        hello += _vector(2, _words(*suites)) + _vector(1, b"\x00")
        return hello if self._code == VERSIONS["SSLv3"] else hello + _vector(2, b"".join(self._client_extensions()))

    def _client_extensions(self) -> Iterator[bytes]:
        if self._session.server_name is not None:
            name = b"\x00" + _vector(2, self._session.server_name.encode("ascii"))
            yield _extension(0, _vector(2, name))
        yield _extension(10, _vector(2, _words(_X25519, _P256)))
        yield _extension(11, _vector(1, b"\x00"))
        if self._code >= VERSIONS["TLSv1.2"]:
            yield _extension(13, _vector(2, _words(_ECDSA_SHA256, 0x0804, _RSA_SHA256, _DSA_SHA1)))
        if self._code == VERSIONS["TLSv1.3"]:
            yield _extension(43, _vector(1, _words(VERSIONS["TLSv1.3"], VERSIONS["TLSv1.2"])))
            yield _extension(51, _vector(2, _words(_X25519) + _vector(2, self._noise("client share", 32))))

    def _server_hello(self) -> bytes:
        is_1_3 = self._code == VERSIONS["TLSv1.3"]
        session_id = self._noise("session id" if self._is_resumed() or is_1_3 else "new session id", 32)
        hello = self._wire.to_bytes(2, "big") + self._noise("server random", 32) + _vector(1, session_id)
        hello += _words(self._suite()) + b"\x00"
        if is_1_3:
            share = _extension(51, _words(_X25519) + _vector(2, self._noise("server share", 32)))
            return hello + _vector(2, _extension(43, _words(self._code)) + share)
        return hello

    def _suite(self) -> int:
        """Choose the suite that a server with this key would choose, unless the session says which."""
        if self._session.suite is not None:
            return self._session.suite
        if self._code == VERSIONS["TLSv1.3"]:
            return 0x1301
        if self._key.startswith("dsa"):
            return 0x0032
        if self._is_static_rsa():
            return 0x002F
        is_rsa = self._key.startswith("rsa")
        if self._code == VERSIONS["TLSv1.2"]:
            return 0xC02F if is_rsa else 0xC02B
        return 0xC013 if is_rsa else 0xC009

    def _is_resumed(self) -> bool:
        return self._session.server_chain is None and self._code < VERSIONS["TLSv1.3"]

    def _is_static_rsa(self) -> bool:
        if self._session.suite is not None:
            return self._session.suite in STATIC
        return self._key.startswith("rsa") and self._code < VERSIONS["TLSv1.2"]

    def _is_finite_field(self) -> bool:
        if self._session.suite is not None:
            return self._session.suite in FINITE_FIELD
        return self._key.startswith("dsa")

    def _server_key_exchange(self) -> bytes:
        if self._is_finite_field():  # RFC 5246 7.4.3: p, g, Ys
            octets = self._session.prime_bits // 8 - 1
            p, g, y = b"\xff" + self._noise("p", octets), b"\x02", b"\x01" + self._noise("y", octets)
            values = _vector(2, p) + _vector(2, g) + _vector(2, y)
        else:
            values = b"\x03" + _words(self._session.group) + _vector(1, b"\x04" + self._noise("server point", 64))
        if self._suite() in ANONYMOUS:
            return values
        return values + self._signed("exchange", self._key, self._session.signed)

    def _client_key_exchange(self) -> bytes:
        if self._is_static_rsa():
            secret = self._noise("premaster", 256)
            return secret if self._code == VERSIONS["SSLv3"] else _vector(2, secret)  # RFC 6101 omits the length
        if self._is_finite_field():
            return _vector(2, b"\x01" + self._noise("client y", self._session.prime_bits // 8 - 1))
        return _vector(1, b"\x04" + self._noise("client point", 64))

    def _certificates(self, chain: tuple[CertificateRecipe, ...]) -> bytes:
        forged = session_certificates(self._session)
        return _vector(3, b"".join(_vector(3, forged[recipe.name]) for recipe in chain))

    def _certificate_request(self) -> bytes:
        types = _vector(1, b"\x01\x40")
        schemes = _vector(2, _words(_ECDSA_SHA256, _RSA_SHA256)) if self._code >= VERSIONS["TLSv1.2"] else b""
        names = b"".join(_vector(2, _subject(recipe)) for recipe in self._session.hidden if recipe.is_ca)
        return types + schemes + _vector(2, names)

    def _signed(self, what: str, key: str, scheme: int | None = None) -> bytes:
        """Give a digitally-signed struct; its value is noise, as nobody on the way can check it."""
        scheme = scheme or {"rsa": _RSA_SHA256, "dsa": _DSA_SHA1}.get(key[:3], _ECDSA_SHA256)
        value = self._noise(what, 256 if key.startswith("rsa") else 71)
        return (_words(scheme) if self._code >= VERSIONS["TLSv1.2"] else b"") + _vector(2, value)

    def _handshake(self, sender: str, name: str, kind: int, body: bytes) -> Message:
        return self._record(sender, name, _HANDSHAKE, bytes((kind,)) + _vector(3, body))

    def _record(self, sender: str, name: str, kind: int, body: bytes) -> Message:
        """One record; RFC 8446 5.1 and RFC 5246 E.1 let a ClientHello travel as TLS 1.0."""
        version = min(self._wire, VERSIONS["TLSv1.0"]) if name == "client_hello" else self._wire
        return Message(sender, name, bytes((kind,)) + _words(version) + _vector(2, body))

    def _noise(self, what: str, length: int) -> bytes:
        return hashlib.shake_256(f"{what} {self._session}".encode()).digest(length)


def _subject(recipe: CertificateRecipe) -> bytes:
    return x509.Name.from_rfc4514_string(recipe.subject or f"CN={recipe.name}").public_bytes()


def _extension(code: int, body: bytes) -> bytes:
    return _words(code) + _vector(2, body)


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)


def _vector(octets: int, body: bytes) -> bytes:
    """Length in so many octets, then the body. OverflowError when it does not fit."""
    return len(body).to_bytes(octets, "big") + body
