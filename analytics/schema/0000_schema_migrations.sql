-- The ledger of this folder: which migrations a store has had, and what they said when they ran.

CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32 COMMENT 'Number at the start of the file name',
    name String COMMENT 'File name without .sql',
    checksum FixedString(32) COMMENT 'SHA-256 of the file as it was applied: an applied migration is never edited',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'By the clock of the engine'
)
ENGINE = ReplacingMergeTree
ORDER BY version
COMMENT 'Migrations that were applied to this store';
