"""Words of SQL for rules that a policy fills: what the zones of a subject's holders demand, and which names match.

A zone is a named tuple in the parameter `zones`: how to tell its members (`SELECTION`), then what it demands. A holder
is in the first zone that matches it, of all of the policy, also of those that demand nothing: that is how exceptions
are made. Each kind of selection that a zone gives must match; within a kind, one is enough. Zero and an empty list
demand nothing, so a holder outside of all zones meets every demand.
"""

from __future__ import annotations

from typing import Final

SELECTION: Final = "name String, networks Array(String), vlans Array(String), names Array(String)"
"""`networks` are CIDRs, IPv4 ones in dotted text; `vlans` such as `vlan:10`; `names` are patterns of LIKE."""

_SCOPE: Final = "(loads = {loads:Array(String)}, home = {home:Array(String)})"


def zones_of(demands: str) -> str:
    """Give the type of a parameter `zones` that makes these demands: `days UInt32`."""
    return f"Array(Tuple({SELECTION}, {demands}))"


def zone_of(kind: str, role: str, address: str, port: str, names: str) -> str:
    """Find the zone of one holder, as an SQL expression; a zone without name or demand if it is in none.

    `kind` is the type of the parameter. A VLAN is that of the first packet of a session, which is the client's, whoever
    holds the certificate: the way back may be tagged otherwise.
    """
    tagged = f"""(SELECT arrayJoin(encapsulation)::String AS tag, side.1, side.2, side.3 FROM (
        SELECT encapsulation, arrayJoin([('server', server, server_port), ('client', client, toUInt16(0))]) AS side
        FROM session{_SCOPE}
        WHERE arrayExists(zone -> notEmpty(zone.vlans), {{zones:{kind}}}) AND notEmpty(encapsulation)))"""
    return f"""arrayFirst(zone ->
        (empty(zone.networks) OR arrayExists(network -> isIPAddressInRange({address}, network), zone.networks))
        AND (empty(zone.vlans)
            OR arrayExists(tag -> (tag, {role}, {address}, ifNull({port}, 0)) IN {tagged}, zone.vlans))
        AND (empty(zone.names) OR ({role} = 'server'
            AND arrayExists(asked -> arrayExists(name -> lower(asked) LIKE name, zone.names), {names}))),
        {{zones:{kind}}})"""


def of_holders(kind: str) -> str:
    """Give the zones of all holders of a certificate, ours first, as an SQL array over the view `certificate`."""
    zone = zone_of(kind, "h.role", "h.address", "h.port", "h.server_names")
    return f"if(empty({{zones:{kind}}}), [], arrayMap(h -> {zone}, holders))"


def of_endpoint(kind: str) -> str:
    """Give the zone of an endpoint, as an SQL expression over the view `endpoint`."""
    return zone_of(kind, "'server'", "address", "port", "server_names")
