"""Names of object identifiers: tables only, so that facts do not change with the version of a library."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

RFC4514_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "2.5.4.3": "CN",
        "2.5.4.6": "C",
        "2.5.4.7": "L",
        "2.5.4.8": "ST",
        "2.5.4.9": "STREET",
        "2.5.4.10": "O",
        "2.5.4.11": "OU",
        "0.9.2342.19200300.100.1.1": "UID",
        "0.9.2342.19200300.100.1.25": "DC",
    }
)
"""RFC 4514 section 3: the only short names that every reader of such text knows."""

ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **RFC4514_ATTRIBUTES,
        "2.5.4.4": "SN",
        "2.5.4.5": "serialNumber",
        "2.5.4.12": "title",
        "2.5.4.13": "description",
        "2.5.4.15": "businessCategory",
        "2.5.4.16": "postalAddress",
        "2.5.4.17": "postalCode",
        "2.5.4.18": "postOfficeBox",
        "2.5.4.20": "telephoneNumber",
        "2.5.4.41": "name",
        "2.5.4.42": "GN",
        "2.5.4.43": "initials",
        "2.5.4.44": "generationQualifier",
        "2.5.4.45": "x500UniqueIdentifier",
        "2.5.4.46": "dnQualifier",
        "2.5.4.65": "pseudonym",
        "2.5.4.97": "organizationIdentifier",
        "1.2.840.113549.1.9.1": "emailAddress",
        "1.2.840.113549.1.9.2": "unstructuredName",
        "1.2.840.113549.1.9.8": "unstructuredAddress",
        "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
    }
)
"""Short names of attributes, as OpenSSL and the RFCs write them."""

EXTENSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "2.5.29.9": "subjectDirectoryAttributes",
        "2.5.29.14": "subjectKeyIdentifier",
        "2.5.29.15": "keyUsage",
        "2.5.29.16": "privateKeyUsagePeriod",
        "2.5.29.17": "subjectAltName",
        "2.5.29.18": "issuerAltName",
        "2.5.29.19": "basicConstraints",
        "2.5.29.30": "nameConstraints",
        "2.5.29.31": "cRLDistributionPoints",
        "2.5.29.32": "certificatePolicies",
        "2.5.29.33": "policyMappings",
        "2.5.29.35": "authorityKeyIdentifier",
        "2.5.29.36": "policyConstraints",
        "2.5.29.37": "extKeyUsage",
        "2.5.29.46": "freshestCRL",
        "2.5.29.54": "inhibitAnyPolicy",
        "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
        "1.3.6.1.5.5.7.1.3": "qcStatements",
        "1.3.6.1.5.5.7.1.7": "ipAddrBlocks",
        "1.3.6.1.5.5.7.1.8": "autonomousSysIds",
        "1.3.6.1.5.5.7.1.11": "subjectInfoAccess",
        "1.3.6.1.5.5.7.1.24": "tlsFeature",
        "1.3.6.1.5.5.7.48.1.5": "ocspNoCheck",
        "1.3.6.1.4.1.11129.2.4.2": "signedCertificateTimestampList",
        "1.3.6.1.4.1.11129.2.4.3": "precertificatePoison",
        "1.3.6.1.4.1.311.20.2": "enrollCertTypeExtension",
        "1.3.6.1.4.1.311.21.1": "certificateServicesCaVersion",
        "1.3.6.1.4.1.311.21.2": "previousCaCertificateHash",
        "1.3.6.1.4.1.311.21.7": "certificateTemplate",
        "1.3.6.1.4.1.311.21.10": "applicationCertPolicies",
        "1.3.6.1.4.1.311.25.2": "ntdsCaSecurity",
        "2.16.840.1.113730.1.1": "netscapeCertType",
        "2.16.840.1.113730.1.4": "netscapeCaRevocationUrl",
        "2.16.840.1.113730.1.13": "netscapeComment",
    }
)
"""Extensions that certspan has a name for; the others are a certificate's `unknown_extensions`."""

KEY_PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "2.5.29.37.0": "anyExtendedKeyUsage",
        "1.3.6.1.5.5.7.3.1": "serverAuth",
        "1.3.6.1.5.5.7.3.2": "clientAuth",
        "1.3.6.1.5.5.7.3.3": "codeSigning",
        "1.3.6.1.5.5.7.3.4": "emailProtection",
        "1.3.6.1.5.5.7.3.5": "ipsecEndSystem",
        "1.3.6.1.5.5.7.3.6": "ipsecTunnel",
        "1.3.6.1.5.5.7.3.7": "ipsecUser",
        "1.3.6.1.5.5.7.3.8": "timeStamping",
        "1.3.6.1.5.5.7.3.9": "OCSPSigning",
        "1.3.6.1.5.5.7.3.13": "eapOverPPP",
        "1.3.6.1.5.5.7.3.14": "eapOverLAN",
        "1.3.6.1.5.5.7.3.17": "ipsecIKE",
        "1.3.6.1.5.5.7.3.21": "secureShellClient",
        "1.3.6.1.5.5.7.3.22": "secureShellServer",
        "1.3.6.1.5.2.3.4": "pkinitKPClientAuth",
        "1.3.6.1.5.2.3.5": "pkinitKPKdc",
        "1.3.6.1.4.1.311.20.2.2": "smartcardLogon",
        "1.3.6.1.4.1.311.10.3.3": "msSGC",
        "2.16.840.1.113730.4.1": "nsSGC",
    }
)
"""Names of extended key usages, as the RFCs write them."""


class Curve(NamedTuple):
    """A named elliptic curve."""

    name: str
    bits: int
    """Of the field."""


_CURVES = (
    ("1.2.840.10045.3.1.1", "secp192r1", 192),
    ("1.2.840.10045.3.1.7", "secp256r1", 256),
    *((f"1.3.132.0.{last}", name, bits) for last, name, bits in (
        (1, "sect163k1", 163), (2, "sect163r1", 163), (3, "sect239k1", 239), (6, "secp112r1", 112),
        (7, "secp112r2", 112), (8, "secp160r1", 160), (9, "secp160k1", 160), (10, "secp256k1", 256),
        (15, "sect163r2", 163), (16, "sect283k1", 283), (17, "sect283r1", 283), (26, "sect233k1", 233),
        (27, "sect233r1", 233), (28, "secp128r1", 128), (29, "secp128r2", 128), (30, "secp160r2", 160),
        (31, "secp192k1", 192), (32, "secp224k1", 224), (33, "secp224r1", 224), (34, "secp384r1", 384),
        (35, "secp521r1", 521), (36, "sect409k1", 409), (37, "sect409r1", 409), (38, "sect571k1", 571),
        (39, "sect571r1", 571),
    )),
    *((f"1.3.36.3.3.2.8.1.1.{2 * place + 1 + twisted}", f"brainpoolP{bits}{'rt'[twisted]}1", bits)
      for place, bits in enumerate((160, 192, 224, 256, 320, 384, 512)) for twisted in (0, 1)),
    ("1.2.156.10197.1.301", "sm2p256v1", 256),
)  # fmt: skip
CURVES: Final[Mapping[str, Curve]] = MappingProxyType({oid: Curve(name, bits) for oid, name, bits in _CURVES})
