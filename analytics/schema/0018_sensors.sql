-- What sensors counted, as their segments tell.

CREATE TABLE IF NOT EXISTS sensor_stats
(
    load_id String COMMENT 'Of the segment, as in loads',
    sensor LowCardinality(String) COMMENT 'Name of the sensor',
    run String COMMENT 'Of the sensor: counters begin at zero with each',
    last_packet Nullable(DateTime64(9, 'UTC')) COMMENT 'Latest packet of the segment; NULL: it has none',
    counters Map(LowCardinality(String), Int64) COMMENT 'What was counted since the run began, when the segment was sealed',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'By the clock of the engine'
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY (sensor, load_id)
TTL toDateTime(loaded_at) + INTERVAL 90 DAY
COMMENT 'Counters of sensors: packets, bytes, drops, flows, caps hit; one row a segment of live traffic';
