-- What others found: certificates out of files and scanners. Their facts stand with all other certificates; where a
-- scanner says at which endpoint it met one, the endpoint is its holder, with the load of the import in sightings.

CREATE TABLE IF NOT EXISTS imports
(
    load_id String COMMENT 'Load that brought the row: import:<source>:<SHA-256 of the file>',
    source LowCardinality(String) COMMENT 'Who found it, as the user calls it: a scanner, a CA, a log of Certificate Transparency',
    sha256 FixedString(32) COMMENT 'SHA-256 of the certificate',
    address Nullable(IPv6) COMMENT 'Address of the server it was met at; IPv4 as ::ffff:a.b.c.d; NULL: the source names none',
    port Nullable(Int64) COMMENT 'Port of that server; NULL: the source names none',
    server_name Nullable(String) COMMENT 'Name the source asked for, or looked up; NULL: none',
    position Int64 COMMENT 'Position in the chain; 0 is the leaf, or a certificate by itself',
    seen DateTime64(3, 'UTC') COMMENT 'When it was met, as the source says; else when it was imported'
)
ENGINE = ReplacingMergeTree
ORDER BY (load_id, sha256, address, port, server_name)
SETTINGS allow_nullable_key = 1
COMMENT 'Certificates that others found, and where; read it with FINAL';
