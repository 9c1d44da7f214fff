"""All keys of a policy, with what each means. The reader, the example, the manual and its tests follow from here.

Values are as the user wrote them, of the right type and within their limits; `checks.py` says what else is wrong.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1, max_length=1000)]
Texts = list[Text]
Criticality = Literal["low", "normal", "high"]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the policy. Structs, not dataclasses, because these read themselves."""


class Trust(_Table, frozen=True, kw_only=True):
    """Whom you trust. Paths count from the folder of the policy."""

    corporate: Annotated[Texts, Meta(description="folders or files of PEM: the roots of your own authorities")] = []
    vendors: Annotated[Texts, Meta(description="folders or files of PEM: authorities of vendors that you accept")] = []
    system_roots: Annotated[bool, Meta(description="the roots of this machine count as public ones")] = False
    blocklists: Annotated[Texts, Meta(description="lists of known keys that nobody may use")] = []


class Disabled(_Table, frozen=True, kw_only=True):
    """A rule that does not judge here."""

    rule: Annotated[Text, Meta(description="id of the rule")]
    reason: Annotated[Text, Meta(description="why; stands in every report")]


class Zone(_Table, frozen=True, kw_only=True):
    """Part of the network with demands of its own. A holder is in the first zone that matches it."""

    name: Annotated[Text, Meta(description="what findings call it")]
    networks: Annotated[Texts, Meta(description="CIDRs or addresses of its holders")] = []
    vlans: Annotated[
        list[Annotated[int, Meta(ge=0, le=4094)]],
        Meta(description="VLANs that a handshake's first packet, the client's, is tagged with"),
    ] = []
    names: Annotated[Texts, Meta(description="names that clients ask its servers for; `*` is any text")] = []
    rsa_bits: Annotated[
        Annotated[int, Meta(ge=512, le=16384)] | None,
        Meta(description="least bits of RSA and DSA keys: `zone-key-too-short`"),
    ] = None
    ec_bits: Annotated[
        Annotated[int, Meta(ge=160, le=1024)] | None,
        Meta(description="least bits of elliptic curves: `zone-key-too-short`"),
    ] = None
    hashes: Annotated[Texts, Meta(description="hashes that may sign, such as `sha256`: `zone-hash-not-allowed`")] = []
    lifetime_days: Annotated[
        Annotated[int, Meta(ge=1, le=36525)] | None,
        Meta(description="longest life of a certificate: `zone-lifetime-too-long`"),
    ] = None
    issuers: Annotated[
        Texts,
        Meta(
            description="who may issue: RFC 4514 names as certspan shows them, or SHA-256 of the issuer's public key "
            "(SPKI): `zone-issuer-not-allowed`"
        ),
    ] = []
    mtls: Annotated[bool, Meta(description="servers must demand client certificates: `zone-mtls-missing`")] = False
    criticality: Annotated[
        Criticality, Meta(description="`high` makes findings one step graver, `low` one step milder")
    ] = "normal"


class Pin(_Table, frozen=True, kw_only=True):
    """A server that may have these keys only: `pin-broken`."""

    server: Annotated[Text, Meta(description="a name that clients ask for (`*` is any text), or `address:port`")]
    spki: Annotated[Texts, Meta(min_length=1, description="SHA-256 of the public keys (SPKI), hexadecimal")]


class Owner(_Table, frozen=True, kw_only=True):
    """Who answers for what. The first that matches a holder owns the finding there."""

    business: Annotated[Text | None, Meta(description="who answers for it; by default the owner in the CMDB row")] = (
        None
    )
    technical: Annotated[Text | None, Meta(description="who mends it")] = None
    renewal: Annotated[Text | None, Meta(description="how certificates get renewed there")] = None
    criticality: Annotated[Criticality, Meta(description="as of a zone; the graver of the two holds")] = "normal"
    networks: Annotated[Texts, Meta(description="CIDRs or addresses of holders")] = []
    names: Annotated[
        Texts, Meta(description="alternative names of certificates, or names servers are asked for; `*` is any text")
    ] = []
    issuers: Annotated[Texts, Meta(description="RFC 4514 names of issuers as certspan shows them")] = []
    macs: Annotated[Texts, Meta(description="link-layer addresses, whole or the first octets (the vendor)")] = []
    cmdb: Annotated[
        dict[Text, Text], Meta(description="columns of the holder's CMDB row and what stands there; `*` is any text")
    ] = {}


class Columns(_Table, frozen=True, kw_only=True):
    """Which columns of the CMDB hold what; without it, columns are known by their usual names."""

    addresses: Annotated[Texts, Meta(description="IP addresses, with or without a prefix length")] = []
    names: Annotated[Texts, Meta(description="host names")] = []
    macs: Annotated[Texts, Meta(description="link-layer addresses")] = []
    owner: Annotated[Texts, Meta(description="the owner; the first column that is not empty")] = []


class Cmdb(_Table, frozen=True, kw_only=True):
    """A table of what should be there, as CSV."""

    file: Annotated[Text | None, Meta(description="the CSV file; owners with `cmdb` need it")] = None
    delimiter: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1)] | None,
        Meta(description="by default what cuts the header: comma, semicolon, tab or bar"),
    ] = None
    encoding: Annotated[Text, Meta(description="such as `cp1252`; marks at the start of the file win")] = "utf-8"
    columns: Annotated[Columns, Meta(description="which columns hold what")] = Columns()


class Document(_Table, frozen=True, kw_only=True):
    """The whole policy."""

    home_networks: Annotated[Texts, Meta(description="CIDRs that are yours; `--home` wins")] = []
    trust: Annotated[Trust, Meta(description="whom you trust")] = Trust()
    rules: Annotated[
        dict[str, Any],
        Meta(description="`disable`, a list of rules with a reason each; and a table of parameters for each rule"),
    ] = {}
    zones: Annotated[list[Zone], Meta(max_length=1000, description="parts of the network")] = []
    pins: Annotated[list[Pin], Meta(max_length=10_000, description="servers with fixed keys")] = []
    owners: Annotated[list[Owner], Meta(max_length=2000, description="who answers for what, first match wins")] = []
    cmdb: Annotated[Cmdb, Meta(description="a table of what should be there")] = Cmdb()


TABLES: dict[str, type[Struct]] = {
    "": Document,
    "trust": Trust,
    "rules.disable": Disabled,
    "zones": Zone,
    "pins": Pin,
    "owners": Owner,
    "cmdb": Cmdb,
    "cmdb.columns": Columns,
}
"""Each table of the policy by its place."""
