-- What is known of an endpoint although no handshake shows it.

CREATE OR REPLACE VIEW scanned
(
    ip IPv6 COMMENT 'Address of the endpoint; IPv4 as ::ffff:a.b.c.d',
    port Int64 COMMENT 'Port of the endpoint',
    last_seen DateTime64(3, 'UTC') COMMENT 'When its certificate was last met there, as the sources say',
    sources Array(String) COMMENT 'Who met it'
)
COMMENT 'One row an endpoint whose own certificate an import brought; (toIPv6(address), port) of view endpoint finds it here'
AS SELECT
    assumeNotNull(i.address) AS ip,
    assumeNotNull(i.port) AS port,
    max(i.seen) AS last_seen,
    arraySort(groupUniqArray(100)(i.source::String)) AS sources
FROM imports AS i
WHERE i.address IS NOT NULL AND i.port IS NOT NULL AND i.position = 0
GROUP BY ip, port;
