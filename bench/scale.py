"""How long judging takes at the size of a fleet: a store of generated certificates, holders and sessions.

    .venv/bin/python bench/scale.py [--certificates 250000] [--holders 100000] [--sessions 10000000] [--store FOLDER]

The rows are made by the engine itself from numbers, so that one command makes the same store again. Facts are spread
as in a mixed fleet: 2% ended, 3% end within 30 days, 5% RSA 1024, 4% SHA-1, 10% self-signed, 8% without names.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.evaluate import evaluate
from analytics.network import home_ranges
from analytics.store import open_store
from rules.pack import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.store import Store

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
_AT_ONCE = 1_000_000
_CERTIFICATES = """
INSERT INTO certificates (
    sha256, sha1, der_length, facts_version, spki_sha256, version, serial, subject, issuer,
    subject_attributes, subject_attributes_known, issuer_attributes, issuer_attributes_known, sans, sans_known,
    not_before, not_after, key_algorithm, key_bits, key_curve, key_exponent, signature_algorithm, signature_hash,
    tbs_signature_algorithm, tbs_signature_hash, is_ca, key_usage, key_usage_known, extended_key_usage,
    extended_key_usage_known, sct_count, self_issued, self_signed, policies_known, ocsp_urls_known,
    ca_issuer_urls_known, crl_urls_known, name_constraints_known, extensions_known, critical_extensions_known,
    unknown_extensions_known, extensions)
SELECT
    unhex(hex(SHA256(toString(n)))) AS sha256, unhex(hex(SHA1(toString(n)))) AS sha1, 900 + n % 400 AS der_length,
    1 AS facts_version, toNullable(unhex(hex(SHA256(concat('k', toString(n - n % 20 * (n % 50 = 0))))))) AS spki_sha256,
    3 AS version, lower(hex(cityHash64(n))) AS serial, concat('CN=device-', toString(n), ',O=Fleet') AS subject,
    if(n % 10 = 0, concat('CN=device-', toString(n), ',O=Fleet'), concat('CN=Issuing CA ', toString(n % 97))) AS issuer,
    [concat('CN=device-', toString(n)), 'O=Fleet'] AS subject_attributes, true AS subject_attributes_known,
    if(n % 10 = 0, [concat('CN=device-', toString(n))], [concat('CN=Issuing CA ', toString(n % 97))])
        AS issuer_attributes,
    true AS issuer_attributes_known,
    if(n % 12 = 0, [], [concat('dns:device-', toString(n), '.fleet.example')]) AS sans, true AS sans_known,
    {now:DateTime64(3, 'UTC')} - toIntervalDay(400 + n % 300) AS not_before,
    {now:DateTime64(3, 'UTC')} + toIntervalDay(multiIf(n % 50 = 1, -5 - n % 30, n % 33 = 2, n % 30, 60 + n % 3000))
        AS not_after,
    if(n % 3 = 0, 'EC', 'RSA') AS key_algorithm, multiIf(n % 3 = 0, 256, n % 20 = 1, 1024, 2048) AS key_bits,
    if(n % 3 = 0, 'secp256r1', NULL) AS key_curve, if(n % 3 = 0, NULL, '65537') AS key_exponent,
    'sha256WithRSAEncryption' AS signature_algorithm, if(n % 25 = 3, 'sha1', 'sha256') AS signature_hash,
    'sha256WithRSAEncryption' AS tbs_signature_algorithm, if(n % 25 = 3, 'sha1', 'sha256') AS tbs_signature_hash,
    false AS is_ca, ['digitalSignature'] AS key_usage, true AS key_usage_known, ['serverAuth'] AS extended_key_usage,
    true AS extended_key_usage_known, 0 AS sct_count, n % 10 = 0 AS self_issued, n % 10 = 0 AS self_signed,
    true AS policies_known, true AS ocsp_urls_known, true AS ca_issuer_urls_known, true AS crl_urls_known,
    true AS name_constraints_known, true AS extensions_known, true AS critical_extensions_known,
    true AS unknown_extensions_known, ['2.5.29.15', '2.5.29.17'] AS extensions
FROM (SELECT number AS n FROM numbers({start:UInt64}, {count:UInt64}))
"""
_SESSIONS = """
INSERT INTO sessions (session_id, connection_id, community_id, time, capture, client_address, client_port,
    server_address, server_port, transport, protocol, version, version_code, cipher_suite, cipher_suite_code,
    named_group, named_group_code, server_name, resumed, server_chain, server_chain_known, client_chain_known,
    client_certificate_requested, established, confirmed, server_visibility, client_visibility, load_id)
SELECT reinterpretAsFixedString(toUInt128(number)) , reinterpretAsFixedString(toUInt128(number)), '',
    {now:DateTime64(3, 'UTC')} - toIntervalSecond(number % 5000000), NULL,
    toIPv6(concat('10.200.', toString(number % 250), '.', toString(number % 240 + 1))), 1024 + number % 60000,
    toIPv6(concat('10.', toString(h % 100), '.', toString(intDiv(h, 100) % 250), '.', toString(intDiv(h, 25000) + 1))),
    443 AS port, 'tcp', 'tls', if(h % 7 = 0, 'TLSv1.3', 'TLSv1.2'), if(h % 7 = 0, 0x0304, 0x0303),
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc02f, 'x25519', 29, concat('device-', toString(h), '.fleet.example'),
    false, if(h % 7 = 0, [], [toFixedString(unhex(hex(SHA256(toString(c)))), 32)]), h % 7 != 0, true, false, true, true,
    if(h % 7 = 0, 'encrypted', 'visible'), 'not_requested', 'scale'
FROM (
    SELECT number, cityHash64(number) % {holders:UInt64} AS h,
        (h + {holders:UInt64} * (cityHash64(number, 1) % 3)) % {certificates:UInt64} AS c
    FROM numbers({start:UInt64}, {count:UInt64}))
"""


@contextmanager
def told(what: str) -> Iterator[None]:
    """Print how long it took."""
    start = time.perf_counter()
    yield
    print(f"{what:<48} {time.perf_counter() - start:8.2f} s", flush=True)


def fill(store: Store, certificates: int, holders: int, sessions: int, first: int = 0) -> None:
    """Make the rows; certificates from number `first` on."""
    parameters = {"now": NOW}
    for start in range(first, certificates, _AT_ONCE):
        count = min(_AT_ONCE, certificates - start)
        store.command(_CERTIFICATES, parameters | {"start": start, "count": count})
    for start in range(0, sessions, _AT_ONCE):
        many = {"start": start, "count": min(_AT_ONCE, sessions - start), "holders": holders}
        store.command(_SESSIONS, {"now": NOW, "certificates": certificates, **many})


def main() -> int:
    """Fill a store, then judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificates", type=int, default=250_000)
    parser.add_argument("--holders", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=10_000_000)
    parser.add_argument("--store", type=Path, help="keep the store here; one that is there is judged as it is")
    parser.add_argument("--slow", type=float, default=0.5, help="rules that take longer than this are named")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = (wanted.store or Path(folder) / "store").resolve()
        there = place.exists()
        with open_store(f"chdb://{place}") as store:
            store.migrate()
            if not there:
                with told("filling"):
                    fill(store, wanted.certificates, wanted.holders, wanted.sessions)
            judge(store, wanted.slow)
    return 0


def judge(store: Store, slow: float) -> None:
    """Time all rules at once, then each by itself."""
    pack = load_rules()
    for view in ("certificate", "endpoint"):
        with told(f"view {view}, all columns"):
            [(count,)] = store.query(
                f"SELECT count() FROM (SELECT * FROM {view}(loads = [], home = {{home:Array(String)}})) "
                "WHERE NOT ignore(*)",
                {"home": home_ranges(())},
            )
        print(f"  {count:,} rows")
    with told(f"all {len(pack.rules)} rules"):
        evaluation = evaluate(store, pack, now=NOW, home=home_ranges(()))
    print(f"  {len(evaluation.findings):,} findings, {len(evaluation.errors)} errors")
    for error in evaluation.errors:
        print(f"  {error.rule}: {error.message}")
    for rule in pack.rules:
        start = time.perf_counter()
        evaluate(store, type(pack)((rule,), (), pack.version, pack.sha256), now=NOW, home=home_ranges(()))
        if (took := time.perf_counter() - start) > slow:
            print(f"  {rule.id:<40} {took:8.2f} s")


if __name__ == "__main__":
    sys.exit(main())
