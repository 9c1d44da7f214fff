"""`--at` takes RFC 3339, `capture` and `now`, and says what is wrong with anything else."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import at

NOW = dt.datetime(2026, 11, 23, 17, 0, 0, 123_456, tzinfo=dt.UTC)


def clock() -> dt.datetime:
    """Give a clock that stands."""
    return NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01T00:00:00Z", dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
        ("2026-12-01", dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
        ("2026-12-01t01:30:00z", dt.datetime(2026, 12, 1, 1, 30, tzinfo=dt.UTC)),
        ("2026-12-01 01:30:00+01:30", dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
        ("2026-12-01T00:00:00.1239999Z", dt.datetime(2026, 12, 1, 0, 0, 0, 123_000, tzinfo=dt.UTC)),
        ("2024-02-29", dt.datetime(2024, 2, 29, tzinfo=dt.UTC)),
    ],
)
def test_times(text: str, expected: dt.datetime) -> None:
    assert at.parse(text, clock) == (expected, "time")


def test_words() -> None:
    assert at.parse("capture", clock) == (None, "capture")
    assert at.parse("now", clock) == (NOW.replace(microsecond=123_000), "now")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-13-01", "month must be in 1..12"),
        ("2026-02-30", "day "),
        ("2026-12-01T25:00:00Z", "hour must be in 0..23"),
        ("2026-12-01T00:00:00", "the zone is missing"),
        ("2026-12-01T00:00", "this is no time"),
        ("20261201", "this is no time"),
        ("2026-W01-1", "this is no time"),
        ("yesterday", "this is no time"),
        ("", "this is no time"),
        ("٢٠٢٦-12-01", "this is no time"),
        ("0001-01-01T00:00:00+23:59", "date value out of range"),
        ("1850-01-01", "only the years 1900 to 2261"),
        ("9999-12-31", "only the years 1900 to 2261"),
        ("2026-12-01T00:00:00+25:00", ""),
    ],
)
def test_nonsense_is_told_with_a_way_out(text: str, why: str) -> None:
    with pytest.raises(at.AtError) as caught:
        at.parse(text, clock)
    message = str(caught.value)
    assert message.startswith(f"--at {text}: {why}")
    assert message.endswith("; write a time as 2026-12-01T00:00:00Z, or 'capture', or 'now'")


@given(st.text(max_size=30))
def test_no_text_gives_anything_but_a_time_or_an_explanation(text: str) -> None:
    try:
        at.parse(text, clock)
    except at.AtError:
        return


@given(st.datetimes(min_value=dt.datetime(1, 1, 1), max_value=dt.datetime(9999, 12, 31)))  # noqa: DTZ001  made UTC below
def test_the_time_of_any_packet_can_be_judged_at(moment: dt.datetime) -> None:
    clamped = at.clamp(moment.replace(tzinfo=dt.UTC))
    assert at.EARLIEST <= clamped < at.LATEST
