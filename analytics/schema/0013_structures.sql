-- How certificates are built: the same generator and template give the same fingerprint (docs/csf1.md).

CREATE TABLE IF NOT EXISTS structures
(
    sha256 FixedString(32) COMMENT 'SHA-256 of the certificate',
    structure_version Int64 COMMENT 'Version of the program that wrote it; a higher one replaces a lower one',
    csf1 LowCardinality(Nullable(String)) COMMENT 'Fingerprint, csf1: and 32 hexadecimal digits; NULL: nothing of it could be read',
    text LowCardinality(Nullable(String)) COMMENT 'What it is the hash of'
)
ENGINE = ReplacingMergeTree(structure_version)
ORDER BY sha256
COMMENT 'Structure fingerprint of each certificate; read it with FINAL';
