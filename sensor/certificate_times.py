"""Times of a certificate (RFC 5280 4.1.2.5), UTC, 1850 to 9999; what is written loosely is read and noted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from sensor.certificate_defects import DerError, quote

if TYPE_CHECKING:
    from sensor.der import Der, Element

UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18

FIRST_YEAR: Final = 1850
"""Times before it are no honest dates, and stores cannot hold them."""
UTC_TIME_YEARS: Final = range(1950, 2050)
"""RFC 5280 4.1.2.5.1: two-digit years from 50 belong to 19xx."""
_MAX_TIME_BYTES: Final = 40

_FORMS: Final = {
    UTC_TIME: re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?()(Z|[+-]\d{4})?", re.ASCII),
    GENERALIZED_TIME: re.compile(
        r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?(Z|[+-]\d\d(?:\d\d)?)?", re.ASCII
    ),
}
"""What X.680 allows: minutes, seconds, a fraction of the second, a zone or none. The right form has 13 or 15 digits."""
_RIGHT_FORMS: Final = {UTC_TIME: re.compile(rb"\d{12}Z"), GENERALIZED_TIME: re.compile(rb"\d{14}Z")}


def read_time(der: Der, element: Element) -> datetime:
    """Read a Time. One without a zone is taken as UTC, since nothing better is known."""
    form = _FORMS.get(element.tag)
    content = der.content(element)
    found = form.fullmatch(content[: _MAX_TIME_BYTES + 1].decode("latin-1")) if form else None
    if found is None or len(content) > _MAX_TIME_BYTES:
        raise DerError(element.head, "UTCTime or GeneralizedTime", quote(content))
    if not _RIGHT_FORMS[element.tag].fullmatch(content):
        der.notes.add("loose_time", element.start, "digits to the second and Z", quote(content))
    try:
        moment = _moment(found, short_year=element.tag == UTC_TIME)
    except (ValueError, OverflowError) as error:
        raise DerError(element.start, "a time of the calendar", quote(content), "time_out_of_range") from error
    if moment.year < FIRST_YEAR:
        raise DerError(element.start, f"a year from {FIRST_YEAR}", quote(content), "time_out_of_range")
    if element.tag == GENERALIZED_TIME and moment.year in UTC_TIME_YEARS:
        der.notes.add("wrong_time_type", element.head, "UTCTime", quote(content))
    return moment


def _moment(found: re.Match[str], *, short_year: bool) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if short_year:
        year += 1900 if 1900 + year in UTC_TIME_YEARS else 2000
    microsecond = int((found[7] or "")[:6].ljust(6, "0"))
    zone = found[8] or "Z"
    local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    if zone == "Z":
        return local
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5] or 0))
    return local.replace(tzinfo=timezone(ahead if zone[0] == "+" else -ahead)).astimezone(UTC)
