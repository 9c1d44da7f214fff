"""Messages in the words of others, a file for each format. A format gives bytes for one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.forward.formats import cef, ecs, leef, ocsf, plain, splunk, syslog

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.forward.message import Message

FORMATS: dict[str, Callable[[Message], bytes]] = {
    "json": plain.write,
    "ecs": ecs.write,
    "ocsf": ocsf.write,
    "ocsf-compliance": ocsf.write_compliance,
    "cef": cef.write,
    "leef": leef.write,
    "rfc5424": syslog.write,
    "splunk": splunk.write,
}
