"""What the forge makes is what it says, by the judgement of cryptography (and see test_forge_tools.py)."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

from analytics.forge import der
from analytics.forge.certificates import DAMAGES, forge_certificate, forge_chain, session_certificates
from analytics.forge.keys import RsaKey, forge_key
from analytics.forge.packets import forge_capture
from rules.rule import CertificateRecipe, ExampleSession

KEYS = ("rsa1024", "rsa2047", "rsa2048", "p192", "p224", "p256", "p384", "p521", "ed25519", "dsa1024")
SIGNATURES = (
    ("rsa1024", "md5", "1.2.840.113549.1.1.4"),
    ("rsa1024", "sha1", "1.2.840.113549.1.1.5"),
    ("rsa2048", "sha256", "1.2.840.113549.1.1.11"),
    ("rsa2048", "sha384", "1.2.840.113549.1.1.12"),
    ("rsa2048", "sha512", "1.2.840.113549.1.1.13"),
    ("p256", "sha1", "1.2.840.10045.4.1"),
    ("p256", "sha256", "1.2.840.10045.4.3.2"),
    ("p384", "sha384", "1.2.840.10045.4.3.3"),
    ("dsa1024", "sha1", "1.2.840.10040.4.3"),
    ("ed25519", "sha256", "1.3.101.112"),
)
HASHES = {"md5": hashes.MD5(), "sha1": hashes.SHA1()}  # noqa: S303  what devices still use
CA = CertificateRecipe(name="ca", key="rsa2048", is_ca=True)
DEVICE = CertificateRecipe(
    name="device",
    subject="CN=device,O=Example",
    issuer="ca",
    sans=("dns:device.example", "ip:192.0.2.1", "ip:2001:db8::1"),
)


def certificate(recipe: CertificateRecipe, issuer: CertificateRecipe | None = None) -> x509.Certificate:
    """Forge and load."""
    return x509.load_der_x509_certificate(forge_certificate(recipe, issuer or recipe))


def verify(child: x509.Certificate, key: object, digest: str) -> None:
    """Check a signature with the library's own arithmetic."""
    algorithm = HASHES.get(digest) or getattr(hashes, digest.upper())()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(child.signature, child.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(child.signature, child.tbs_certificate_bytes, ec.ECDSA(algorithm))
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(child.signature, child.tbs_certificate_bytes, algorithm)
    else:
        assert isinstance(key, ed25519.Ed25519PublicKey)
        key.verify(child.signature, child.tbs_certificate_bytes)


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_has_the_kind_and_size_it_is_named_by(kind: str) -> None:
    key = serialization.load_der_public_key(forge_key(kind, "device").spki)
    size = int("".join(filter(str.isdigit, kind)))
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey | ec.EllipticCurvePublicKey):
        assert key.key_size == size
    else:
        assert isinstance(key, ed25519.Ed25519PublicKey)
        assert size == 25519


def test_the_shortest_keys_cannot_even_be_loaded_here_but_have_their_size() -> None:
    for bits in (512, 768):
        key = forge_key(f"rsa{bits}", "device")
        assert isinstance(key, RsaKey)
        assert key.n.bit_length() == bits


def test_keys_follow_from_kind_and_name() -> None:
    assert forge_key("p256", "a").spki != forge_key("p256", "b").spki
    assert forge_key("rsa1024", "a").spki != forge_key("rsa1024", "b").spki
    forge_key.cache_clear()
    # A fixed value: keys must not change with machine, process or version.
    found = hashes.Hash(hashes.SHA256())
    found.update(forge_key("rsa1024", "device").spki + forge_key("p256", "device").spki)
    assert found.finalize().hex() == "907eafff7e762d378f5d251459282e21cc92171ad71d24b4cb609785cf3881a8"


@pytest.mark.parametrize(("kind", "digest", "oid"), SIGNATURES)
def test_signatures_verify_with_the_issuers_key_and_no_other(kind: str, digest: str, oid: str) -> None:
    issuer = CertificateRecipe(name="ca", key=kind, hash=digest, is_ca=True)
    child = certificate(CertificateRecipe(issuer="ca", hash=digest), issuer)
    assert child.signature_algorithm_oid.dotted_string == oid
    verify(child, certificate(issuer).public_key(), digest)
    other = serialization.load_der_public_key(forge_key(kind, "other").spki)
    with pytest.raises(InvalidSignature):
        verify(child, other, digest)


def test_a_certificate_says_what_its_recipe_says() -> None:
    found = certificate(DEVICE, CA)
    assert found.version is x509.Version.v3
    assert found.subject.rfc4514_string() == "CN=device,O=Example"
    assert found.issuer.rfc4514_string() == "CN=ca"
    assert found.not_valid_before_utc == dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    assert found.not_valid_after_utc == dt.datetime(2035, 1, 1, tzinfo=dt.UTC)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["device.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "2001:db8::1"]
    assert certificate(CA).extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    found.verify_directly_issued_by(certificate(CA))


def test_times_after_2049_are_generalized_times() -> None:
    recipe = CertificateRecipe(not_before="2049-12-31T23:59:59Z", not_after="9999-12-31T23:59:59Z")
    raw = forge_certificate(recipe, recipe)
    assert b"\x17\x0d491231235959Z\x18\x0f99991231235959Z" in raw
    assert x509.load_der_x509_certificate(raw).not_valid_after_utc.year == 9999


def test_the_same_recipe_gives_the_same_bytes() -> None:
    session = ExampleSession(server_chain=(DEVICE, CA))
    first, capture = session_certificates(session), forge_capture((session,))
    forge_certificate.cache_clear()
    forge_key.cache_clear()
    assert session_certificates(session) == first
    assert forge_capture((session,)) == capture


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damage_changes_the_certificate_and_spares_its_signature(damage: str) -> None:
    kind = "rsa1024" if damage == "huge_exponent" else "p256"
    clean = forge_certificate(CertificateRecipe(key=kind, issuer="ca"), CA)
    raw = forge_certificate(CertificateRecipe(key=kind, issuer="ca", damage=damage), CA)
    assert raw != clean
    tbs, signature = _parts(raw)
    key = serialization.load_der_public_key(forge_key("rsa2048", "ca").spki)
    assert isinstance(key, rsa.RSAPublicKey)
    if damage == "bad_signature":
        with pytest.raises(InvalidSignature):
            key.verify(signature, tbs, padding.PKCS1v15(), hashes.SHA256())
    else:
        key.verify(signature, tbs, padding.PKCS1v15(), hashes.SHA256())


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    """TBS and signature of a certificate signed with RSA 2048, cut out by hand, as no library loads them all."""
    assert raw[4] == 0x30
    octets = raw[5] & 0x7F
    end = 6 + octets + int.from_bytes(raw[6 : 6 + octets], "big")
    mark = raw.index(b"\x03\x82\x01\x01\x00", end)
    return raw[4:end], raw[mark + 5 : mark + 5 + 256]


@pytest.mark.parametrize(
    "recipe",
    [
        CertificateRecipe(damage="no_such_damage"),
        CertificateRecipe(key="rot13"),
        CertificateRecipe(sans=("fax:1",)),
        CertificateRecipe(not_after="2026-01-01T00:00:00"),
        CertificateRecipe(key="rsa512", hash="sha512"),
    ],
)
def test_what_cannot_be_made_is_refused(recipe: CertificateRecipe) -> None:
    with pytest.raises(ValueError, match=r".+"):
        forge_certificate(recipe, recipe)


def test_an_issuer_without_a_recipe_is_refused() -> None:
    with pytest.raises(KeyError):
        forge_chain((CertificateRecipe(issuer="nobody"),))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (-1, "0201ff"), (-128, "020180"), (-129, "0202ff7f")],
)
def test_integers_are_as_short_as_they_can_be(value: int, encoded: str) -> None:
    assert der.integer(value).hex() == encoded


def test_usages_policies_addresses_and_timestamps_are_what_the_recipe_says() -> None:
    found = certificate(
        CertificateRecipe(
            subject="",
            serial="0080",
            is_ca=True,
            path_length=2,
            key_usage=("nonRepudiation", "keyAgreement", "decipherOnly"),
            eku=("serverAuth", "clientAuth", "codeSigning", "emailProtection", "anyExtendedKeyUsage", "1.2.3.4"),
            policies=("2.23.140.1.2.1", "1.2.3.5"),
            ocsp_urls=("http://ca.example/ocsp",),
            crl_urls=("http://ca.example/1.crl", "http://ca.example/2.crl"),
            scts=3,
            unheard_of=("1.2.3.6", "critical:1.2.3.7"),
        )
    )
    assert not list(found.subject)
    assert found.serial_number == 128
    values = found.extensions
    constraints = values.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 2)
    usage = values.get_extension_for_class(x509.KeyUsage).value
    assert (usage.content_commitment, usage.key_agreement, usage.decipher_only) == (True, True, True)
    others = (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign, usage.encipher_only)
    assert others == (False, False, False, False)
    purposes = [oid.dotted_string for oid in values.get_extension_for_class(x509.ExtendedKeyUsage).value]
    assert purposes == [*(f"1.3.6.1.5.5.7.3.{n}" for n in (1, 2, 3, 4)), "2.5.29.37.0", "1.2.3.4"]
    policies = values.get_extension_for_class(x509.CertificatePolicies).value
    assert [policy.policy_identifier.dotted_string for policy in policies] == ["2.23.140.1.2.1", "1.2.3.5"]
    [access] = values.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access.access_method.dotted_string == "1.3.6.1.5.5.7.48.1"
    assert access.access_location.value == "http://ca.example/ocsp"
    points = values.get_extension_for_class(x509.CRLDistributionPoints).value
    names = [name.value for point in points for name in point.full_name or ()]
    assert names == ["http://ca.example/1.crl", "http://ca.example/2.crl"]
    stamps = values.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    assert len({stamp.log_id for stamp in stamps}) == 3
    rest = {one.oid.dotted_string: one.critical for one in values if isinstance(one.value, x509.UnrecognizedExtension)}
    assert rest == {"1.2.3.6": False, "1.2.3.7": True}


def test_version_1_has_no_extensions_and_an_empty_usage_is_none_at_all() -> None:
    first = certificate(CertificateRecipe(version=1))
    assert first.version is x509.Version.v1
    assert not list(first.extensions)
    silent = certificate(CertificateRecipe(key_usage=()))
    with pytest.raises(x509.ExtensionNotFound):
        silent.extensions.get_extension_for_class(x509.KeyUsage)


def test_recipes_that_were_there_before_keep_their_bytes() -> None:
    """A field that a recipe gets later must not change what is forged without it."""
    digest = hashes.Hash(hashes.SHA256())
    for raw in forge_chain((DEVICE, CA, CertificateRecipe(damage="negative_serial"))):
        digest.update(raw)
    assert digest.finalize().hex() == "982a0e4806dbf7d8a446ba66f9160600cdb1d4736ac16fd52f5c27e8662be63e"
