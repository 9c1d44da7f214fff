"""Shadow PKI: who issues to machines of ours without sanction, to what, since when, and whether it grows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from analytics.report.model import ShadowIssuer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.store import Store

GROWTH = dt.timedelta(days=30)
"""Certificates first seen within this time count as new."""
_QUERY = """
SELECT issuer_key, issuer_key_seen, ifNull(name, ''), names, class, class_reason, certificate_count, holder_count,
    networks, first_seen, last_seen, history_from,
    arrayCount(t -> t > {from:DateTime64(3, 'UTC')}, certificate_first_seen)
FROM issuer(loads = {loads:Array(String)}, home = {home:Array(String)})
WHERE (ours OR {all:Bool}) AND NOT self_signed AND class NOT IN ('public', 'corporate', 'vendor', 'self-signed')
ORDER BY certificate_count DESC, name, issuer_key
"""


def shadow(
    store: Store, *, loads: Sequence[str], home: Sequence[str], at: dt.datetime | None, any_ours: bool
) -> tuple[ShadowIssuer, ...]:
    """List issuers that nobody sanctioned, of ours, or of all where nothing is ours; largest first."""
    if at is None:
        return ()
    scope = {"loads": list(loads), "home": list(home), "all": not any_ours, "from": at - GROWTH}
    return tuple(
        ShadowIssuer(
            issuer_key=key,
            key_seen=bool(key_seen),
            name=name or "an issuer without a name",
            names=tuple(names),
            kind=kind,
            reason=reason,
            certificates=certificates,
            holders=holders,
            networks=tuple(networks),
            first_seen=first,
            last_seen=last,
            new=new if history <= at - GROWTH else None,
        )
        for key, key_seen, name, names, kind, reason, certificates, holders, networks, first, last, history, new in (
            store.query(_QUERY, scope)
        )
    )
