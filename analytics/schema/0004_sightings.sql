-- Who presented which certificate: outlives the sessions it is made of. Only minima, maxima and distinct counts, never
-- sums: rows that are told twice (a retry, a replay) change nothing.

CREATE TABLE IF NOT EXISTS sightings
(
    load_id LowCardinality(String) COMMENT 'Load of a capture; empty: live traffic, where loads come and go',
    sha256 FixedString(32) COMMENT 'SHA-256 of the certificate',
    role LowCardinality(String) COMMENT 'Side that presented it: server or client',
    scope LowCardinality(String) COMMENT 'Address space of the holder: a site, a virtual network; empty: the only one',
    address IPv6 COMMENT 'Holder: server or client address; IPv4 as ::ffff:a.b.c.d',
    port UInt16 COMMENT 'Port of a server; 0 for clients, whose ports mean nothing',
    server_name Nullable(String) COMMENT 'Name the client asked for (SNI); NULL: none, or not seen',
    first_seen SimpleAggregateFunction(min, DateTime64(9, 'UTC')) COMMENT 'Time of the earliest session',
    last_seen SimpleAggregateFunction(max, DateTime64(9, 'UTC')) COMMENT 'Time of the latest session',
    position SimpleAggregateFunction(min, UInt16) COMMENT 'Smallest position in a chain; 0 is the leaf',
    confirmed SimpleAggregateFunction(max, Bool) COMMENT 'The holder proved to be there in at least one session',
    established SimpleAggregateFunction(max, Bool) COMMENT 'At least one handshake was seen to end well',
    peers AggregateFunction(uniq, IPv6) COMMENT 'Distinct addresses it was presented to'
)
ENGINE = AggregatingMergeTree
ORDER BY (sha256, role, scope, address, port, server_name, load_id)
SETTINGS allow_nullable_key = 1
COMMENT 'Certificate x holder x role x server name: first and last seen, distinct peers';

CREATE MATERIALIZED VIEW IF NOT EXISTS sightings_of_servers TO sightings
COMMENT 'Feeds sightings with what servers presented'
AS SELECT
    if(isNull(s.capture), '', s.load_id) AS load_id,
    pair.1 AS sha256,
    'server' AS role,
    '' AS scope,
    s.server_address AS address,
    s.server_port AS port,
    s.server_name AS server_name,
    min(s.time) AS first_seen,
    max(s.time) AS last_seen,
    min(pair.2) AS position,
    max(s.confirmed) AS confirmed,
    max(s.established) AS established,
    uniqState(s.client_address) AS peers
FROM sessions AS s
ARRAY JOIN arrayZip(s.server_chain, arrayMap(i -> toUInt16(least(i - 1, 65535)), arrayEnumerate(s.server_chain))) AS pair
GROUP BY load_id, sha256, address, port, server_name;

CREATE MATERIALIZED VIEW IF NOT EXISTS sightings_of_clients TO sightings
COMMENT 'Feeds sightings with what clients presented'
AS SELECT
    if(isNull(s.capture), '', s.load_id) AS load_id,
    pair.1 AS sha256,
    'client' AS role,
    '' AS scope,
    s.client_address AS address,
    toUInt16(0) AS port,
    s.server_name AS server_name,
    min(s.time) AS first_seen,
    max(s.time) AS last_seen,
    min(pair.2) AS position,
    max(s.confirmed) AS confirmed,
    max(s.established) AS established,
    uniqState(s.server_address) AS peers
FROM sessions AS s
ARRAY JOIN arrayZip(s.client_chain, arrayMap(i -> toUInt16(least(i - 1, 65535)), arrayEnumerate(s.client_chain))) AS pair
GROUP BY load_id, sha256, address, server_name;
