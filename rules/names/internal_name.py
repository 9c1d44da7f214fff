"""internal-name: a certificate that is public, or calls itself so, names a host that only its own network knows."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import DNS_NAMES, IS_PUBLIC, SAYS_PUBLIC

# RFC 6761, 6762, 8375 and 2606; what ICANN will not delegate; and what routers have made up.
TOPS = (
    *("local", "localhost", "localdomain", "internal", "intranet", "private", "corp", "home", "lan"),
    *("test", "invalid"),
)
NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10")
HOSTS = f"arrayMap(name -> trim(TRAILING '.' FROM name), {DNS_NAMES})"
INSIDE = (
    f"arrayFilter(name -> position(name, '.') = 0 OR has({{tops:Array(String)}}, splitByChar('.', name)[-1]), {HOSTS})"
)
ADDRESSES = "arrayMap(text -> substring(text, 4), arrayFilter(text -> startsWith(text, 'ip:'), sans))"
PRIVATE = (
    "arrayFilter(address -> arrayExists(network -> isIPAddressInRange(address, network), {networks:Array(String)}), "
    f"{ADDRESSES})"
)


def named(*sans: str, **more: object) -> CertificateRecipe:
    """Give a certificate that asserts the policy of domain-validated ones."""
    return CertificateRecipe(sans=sans, **({"policies": ("2.23.140.1.2.1",)} | more))  # type: ignore[arg-type]


FINDS = Finds(Severity.LOW, "says it is public, and names an internal host")

RULE = Rule(
    id="internal-name",
    title=f"concat(if({IS_PUBLIC}, 'is', 'says it is'), ' public, and names an internal host')",
    summary="A certificate that is public, or says so, is for a host name or address that nobody owns.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    # Those that ended before that day were allowed.
    applies=f"presented_as_leaf AND {SAYS_PUBLIC} AND not_after >= toDateTime64('2015-11-01 00:00:00', 3, 'UTC')",
    fails=f"if(sans_known, notEmpty({INSIDE}) OR notEmpty({PRIVATE}), NULL)",
    evidence=(
        "subject",
        "issuer",
        "class",
        "sans",
        f"arrayConcat({INSIDE}, {PRIVATE}) AS internal",
        "policies",
        "not_after",
    ),
    why="No public CA may sign such a name, for in every network it is another machine. If the CA is not public, the "
    "certificate pretends to be what it is not.",
    action="Look at who issued it. Your own CA should leave out the policy of public CAs (2.23.140.1...).",
    references=("CA/Browser Forum Baseline Requirements 4.2.2", "RFC 6761", "RFC 6762", "RFC 1918"),
    parameters=(
        Parameter("tops", "Array(String)", TOPS, "labels", "Top-level domains that nobody owns."),
        Parameter("networks", "Array(String)", NETWORKS, "networks", "Addresses that nobody owns."),
    ),
    examples=(
        Example("fires", "A local name.", presented(named("dns:nas.local")), FINDS),
        Example("fires-address", "A private address.", presented(named("ip:192.168.1.1")), FINDS),
        Example("silent", "A name that somebody owns.", presented(named("dns:www.device.example")), Verdict.PASS),
        Example(
            "silent-private",
            "It does not say it is public.",
            presented(named("dns:nas.local", policies=())),
            Verdict.NOT_APPLICABLE,
        ),
        Example("unknown", "Not readable.", presented(named(damage="bad_extension")), Verdict.UNKNOWN),
        Example("boundary", "One label.", presented(named("dns:www.device.example", "dns:nas")), FINDS),
        Example(
            "boundary-address", "The first address behind 10.0.0.0/8.", presented(named("ip:11.0.0.0")), Verdict.PASS
        ),
    ),
)
