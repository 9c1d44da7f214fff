"""Numbers of the collector and its sensors, for Prometheus; of certificates, the ones that end soonest.

Certificates stand under the names that boards know: those of x509-certificate-exporter (`x509_cert_not_after`),
ssl_exporter (`ssl_cert_not_after`) and blackbox_exporter (`probe_ssl_earliest_cert_expiry`). How many series there can
be is bounded: MOST_CERTIFICATES certificates, as many endpoints, MOST_SENSORS sensors.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector as Source

from analytics.forward.box import BoxError
from analytics.store_errors import StoreError
from sensor import backlog
from sensor.segment import SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from analytics.collector.loading import Passed
    from analytics.evaluate import Evaluation
    from analytics.forward.forwarder import Forwarder
    from analytics.store import Store

MOST_CERTIFICATES = 1000
MOST_SENSORS = 100
_KEPT_SECONDS = 30 * 86_400
"""Certificates and endpoints that nobody has seen for so long are not among the numbers."""
_CERTIFICATES = f"""
WITH held AS
(
    SELECT sha256, max(last_seen) AS seen
    FROM holder(loads = [], home = {{home:Array(String)}})
    WHERE ours AND confirmed
    GROUP BY sha256
    HAVING seen >= toDateTime64({{since:Int64}}, 3, 'UTC')
)
SELECT
    lower(hex(c.sha256)),
    ifNull(c.serial, ''),
    arrayStringConcat(arrayFilter(one -> startsWith(one, 'CN='), c.subject_attributes), ','),
    arrayStringConcat(arrayFilter(one -> startsWith(one, 'CN='), c.issuer_attributes), ','),
    arrayStringConcat(arrayMap(one -> substring(one, 5), arrayFilter(one -> startsWith(one, 'dns:'), c.sans)), ','),
    arrayStringConcat(arrayMap(one -> substring(one, 4), arrayFilter(one -> startsWith(one, 'ip:'), c.sans)), ','),
    toUnixTimestamp64Milli(assumeNotNull(c.not_before)) / 1000,
    toUnixTimestamp64Milli(assumeNotNull(c.not_after)) / 1000,
    count() OVER ()
FROM certificates AS c FINAL
INNER JOIN held ON held.sha256 = c.sha256
WHERE c.not_after IS NOT NULL AND c.not_before IS NOT NULL
ORDER BY c.not_after, c.sha256
LIMIT {MOST_CERTIFICATES}
"""
_ENDPOINTS = f"""
SELECT h.shown, min(toUnixTimestamp64Milli(assumeNotNull(c.not_after))) / 1000 AS ends
FROM holder(loads = [], home = {{home:Array(String)}}) AS h
INNER JOIN (SELECT sha256, not_after FROM certificates FINAL WHERE not_after IS NOT NULL) AS c ON c.sha256 = h.sha256
WHERE h.ours AND h.confirmed AND h.role = 'server' AND h.position = 0
    AND h.last_seen >= toDateTime64({{since:Int64}}, 3, 'UTC')
GROUP BY h.shown
ORDER BY ends, h.shown
LIMIT {MOST_CERTIFICATES}
"""
_FINDINGS = """
SELECT severity, state, waiver IS NOT NULL, count() FROM finding WHERE state IN ('open', 'stale') GROUP BY ALL
"""
_VISIBILITY = """
SELECT side, visibility, count() FROM
(
    SELECT 'server' AS side, server_visibility::String AS visibility FROM sessions
    WHERE time >= {since:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT 'client', client_visibility::String FROM sessions
    WHERE time >= {since:DateTime64(3, 'UTC')}
)
GROUP BY ALL
"""
_OF_SENSORS = {
    "packets": "Packets that the sensor took from its interfaces.",
    "bytes": "Bytes of their frames on the wire.",
    "kernel_drops": "Packets that the kernel dropped because the ring was full.",
    "interface_drops": "Packets that the interfaces dropped before the ring.",
    "interface_returns": "Times an interface came back after being away.",
    "sessions": "Handshakes in sealed segments.",
    "sessions_dropped": "Handshakes in segments that were dropped because the spool was full.",
    "segments": "Segments sealed.",
    "segments_dropped": "Segments dropped because the spool was full.",
    "flows": "Flows begun.",
    "flows_evicted": "Flows given up because a cap was reached.",
    "bytes_lost": "Bytes of streams that were missing from the mirror.",
}
"""Counters of a sensor, which end the names of their metrics -> what they say; what else it counts is
`certspan_sensor_events`.
"""


@dataclass(slots=True)
class _Numbers:
    """What was asked of the store at the last check."""

    certificates: list[tuple[Any, ...]] = field(default_factory=list)
    endpoints: list[tuple[Any, ...]] = field(default_factory=list)
    findings: list[tuple[Any, ...]] = field(default_factory=list)
    visibility: list[tuple[Any, ...]] = field(default_factory=list)
    now: float = 0.0
    seconds: float = 0.0
    """How long the check took."""
    rule_errors: int = 0


class Metrics(Source):
    """All numbers, kept so that a scrape asks no store; told by the collector (`analytics.collector.service.Told`)."""

    def __init__(self, spools: Sequence[Path], passed: Passed, home: Sequence[str], now_ns: Callable[[], int]) -> None:
        """`now_ns`: the time, nanoseconds since 1970."""
        self._spools = spools
        self._passed = passed
        self._home = list(home)
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._numbers = _Numbers()
        self._failures = 0
        self._last_pass: float | None = None
        self._is_well = False
        self.forwarder: Forwarder | None = None
        """None: no sink is told."""

    @property
    def is_ready(self) -> bool:
        """The last pass over the spools went well."""
        return self._is_well

    def passed(self, store: Store) -> None:
        """Note that the store answers."""
        del store
        self._last_pass = self._now_ns() / 1e9
        self._is_well = True

    def failed(self, error: Exception) -> None:
        """Note that it does not."""
        del error
        self._failures += 1
        self._is_well = False

    def checked(self, store: Store, evaluation: Evaluation, seconds: float) -> None:
        """Ask the store for what a scrape shows until the next check."""
        now = evaluation.now.timestamp()
        given = {"home": self._home, "since": int(now) - _KEPT_SECONDS}
        try:
            numbers = _Numbers(
                store.query(_CERTIFICATES, given),
                store.query(_ENDPOINTS, given),
                store.query(_FINDINGS),
                store.query(_VISIBILITY, {"since": evaluation.now.replace(hour=0, minute=0, second=0, microsecond=0)}),
                now,
                seconds,
                len(evaluation.errors),
            )
        except StoreError as error:
            self.failed(error)
            return
        with self._lock:
            self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        """Give all families."""
        with self._lock:
            numbers = self._numbers
        yield from self._of_collector(numbers)
        yield from self._of_spools()
        yield from self._of_sensors()
        yield from _of_certificates(numbers)
        if self.forwarder is not None:
            yield from _of_sinks(self.forwarder)

    def _of_collector(self, numbers: _Numbers) -> Iterator[Metric]:
        passed = self._passed
        for name, value, words in (
            ("segments_loaded", passed.segments, "Segments that went into the store."),
            ("segments_repeated", passed.repeated, "Segments that the store had already."),
            ("segments_failed", passed.failed, "Segments set aside because they cannot be loaded."),
            ("sessions_loaded", passed.sessions, "Handshakes that went into the store."),
            (
                "certificates_loaded",
                passed.certificates,
                "Certificates in those segments; the same one may come again.",
            ),
            ("sessions_lacking_certificates", passed.lacking, "Handshakes loaded before their certificate."),
            ("store_failures", self._failures, "Tries that failed because of the store or a spool."),
        ):
            yield CounterMetricFamily(f"certspan_{name}", words, value=value)
        gauges: tuple[tuple[str, float, str], ...] = (
            ("up", float(self._is_well), "1: the last pass over the spools went well."),
            ("last_pass_timestamp_seconds", self._last_pass or 0.0, "When that was; 0: there was none."),
            ("check_duration_seconds", numbers.seconds, "How long the last check took, facts included."),
            ("check_timestamp_seconds", numbers.now, "Clock of the last check; 0: there was none."),
            ("rule_errors", float(numbers.rule_errors), "Rules that broke in the last check."),
        )
        for gauge, number, words in gauges:
            yield GaugeMetricFamily(f"certspan_{gauge}", words, value=number)
        findings = GaugeMetricFamily(
            "certspan_findings", "Findings that stand.", labels=["severity", "state", "waived"]
        )
        for severity, state, waived, count in numbers.findings:
            findings.add_metric([severity, state, "true" if waived else "false"], count)
        yield findings
        seen = GaugeMetricFamily(
            "certspan_sessions_today",
            "Handshakes of this day, by what of each side was seen.",
            labels=["side", "visibility"],
        )
        for side, visibility, count in numbers.visibility:
            seen.add_metric([side, visibility], count)
        yield seen

    def _of_spools(self) -> Iterator[Metric]:
        segments = GaugeMetricFamily("certspan_spool_segments", "Segments that wait.", labels=["spool"])
        size = GaugeMetricFamily("certspan_spool_bytes", "Bytes that wait.", labels=["spool"])
        lag = GaugeMetricFamily("certspan_spool_lag_seconds", "Age of the oldest segment that waits.", labels=["spool"])
        for spool in self._spools:
            try:
                waiting = backlog.waiting(spool)
            except SpoolError:
                continue
            segments.add_metric([str(spool)], len(waiting))
            size.add_metric([str(spool)], sum(one.bytes for one in waiting))
            age = (self._now_ns() - waiting[0].sealed_ns) / 1e9 if waiting else 0.0
            lag.add_metric([str(spool)], max(0.0, age))
        yield from (segments, size, lag)

    def _of_sensors(self) -> Iterator[Metric]:
        sensors = sorted(self._passed.counters.items())[:MOST_SENSORS]
        for counter, words in _OF_SENSORS.items():
            family = CounterMetricFamily(f"certspan_sensor_{counter}", words, labels=["sensor"])
            for sensor, told in sensors:
                family.add_metric([sensor], told.counters.get(counter, 0))
            yield family
        others = CounterMetricFamily(
            "certspan_sensor_events", "What else sensors count: caps hit, malformed frames.", labels=["sensor", "event"]
        )
        away = GaugeMetricFamily("certspan_sensor_interfaces_away", "Interfaces that are down.", labels=["sensor"])
        last = GaugeMetricFamily(
            "certspan_sensor_last_packet_timestamp_seconds", "Latest packet that was told of.", labels=["sensor"]
        )
        for sensor, told in sensors:
            away.add_metric([sensor], told.counters.get("interfaces_away", 0))
            if told.last_ns is not None:
                last.add_metric([sensor], told.last_ns / 1e9)
            for counter in sorted(told.counters.keys() - _OF_SENSORS.keys() - {"interfaces_away"}):
                others.add_metric([sensor, counter], told.counters[counter])
        yield from (others, away, last)


def _of_certificates(numbers: _Numbers) -> Iterator[Metric]:
    names = ["subject_CN", "issuer_CN", "serial_number", "fingerprint_sha256"]
    before = GaugeMetricFamily("x509_cert_not_before", "Start of validity, seconds since 1970.", labels=names)
    after = GaugeMetricFamily("x509_cert_not_after", "End of validity, seconds since 1970.", labels=names)
    expired = GaugeMetricFamily("x509_cert_expired", "1: it had ended at the last check.", labels=names)
    by_ssl = GaugeMetricFamily(
        "ssl_cert_not_after",
        "End of validity, seconds since 1970.",
        labels=["serial_no", "issuer_cn", "cn", "dnsnames", "ips", "emails", "ou"],
    )
    for sha256, serial, subject, issuer, dns, ips, begins, ends, _ in numbers.certificates:
        subject_cn, issuer_cn = subject.removeprefix("CN="), issuer.removeprefix("CN=")
        labels = [subject_cn, issuer_cn, serial, sha256]
        before.add_metric(labels, begins)
        after.add_metric(labels, ends)
        expired.add_metric(labels, float(ends < numbers.now))
        by_ssl.add_metric([serial, issuer_cn, subject_cn, dns, ips, "", ""], ends)
    yield from (before, after, expired, by_ssl)
    probe = GaugeMetricFamily(
        "probe_ssl_earliest_cert_expiry",
        "End of an endpoint's own certificate, seconds since 1970.",
        labels=["instance"],
    )
    for shown, ends in numbers.endpoints:
        probe.add_metric([shown], ends)
    yield probe
    known = numbers.certificates[0][-1] if numbers.certificates else 0
    yield GaugeMetricFamily(
        "certspan_certificates", "Certificates of ours that were seen within 30 days.", value=float(known)
    )


def _of_sinks(forwarder: Forwarder) -> Iterator[Metric]:
    sent = CounterMetricFamily("certspan_sink_sent", "Messages that a sink has taken.", labels=["sink"])
    refused = CounterMetricFamily("certspan_sink_refused", "Messages refused for good.", labels=["sink"])
    failures = CounterMetricFamily("certspan_sink_failures", "Tries that failed.", labels=["sink"])
    waiting = GaugeMetricFamily("certspan_sink_waiting", "Messages that wait for a sink.", labels=["sink"])
    dead = GaugeMetricFamily("certspan_sink_dead_letters", "Messages put by after a refusal.", labels=["sink"])
    for name, counts in forwarder.counts.items():
        sent.add_metric([name], counts.sent)
        refused.add_metric([name], counts.refused)
        failures.add_metric([name], counts.failures)
    with suppress(BoxError):  # a disk that fails is told by the log; the rest is still to be seen
        for name, (waits, letters) in forwarder.waiting().items():
            waiting.add_metric([name], waits)
            dead.add_metric([name], letters)
    yield from (sent, refused, failures, waiting, dead)
