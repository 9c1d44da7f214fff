-- What was loaded. An entry is written last: rows of a load that has none are remains of a broken attempt.

CREATE TABLE IF NOT EXISTS loads
(
    load_id String COMMENT 'Of a capture: <SHA-256 of its uncompressed bytes>:<engine version>:<facts version>; of live traffic: the name of the segment',
    kind LowCardinality(String) COMMENT 'capture or live',
    sensor String COMMENT 'Name of the sensor; empty: an audit on this machine',
    name String COMMENT 'Name of the capture when it was first loaded, or of the segment',
    capture_sha256 Nullable(FixedString(32)) COMMENT 'SHA-256 of the uncompressed bytes of the capture; NULL for live traffic',
    engine_version LowCardinality(String) COMMENT 'Version of the answers of the native core',
    facts_version Int64 COMMENT 'Version of how certificates were read',
    packets UInt64 COMMENT 'Packets the sessions came from',
    first_packet Nullable(DateTime64(9, 'UTC')) COMMENT 'Earliest packet; NULL: there was none',
    last_packet Nullable(DateTime64(9, 'UTC')) COMMENT 'Latest packet; NULL: there was none',
    damage Array(String) COMMENT 'What was wrong with the capture, one line each',
    sessions UInt64 COMMENT 'Rows it brought into sessions',
    certificates UInt64 COMMENT 'Distinct certificates it named',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'By the clock of the engine'
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY load_id
COMMENT 'Ledger of loads: what makes a second load of the same capture add nothing';
