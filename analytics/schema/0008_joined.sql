-- Captures read as one: a set has one entry, which lists its files.

ALTER TABLE loads
    ADD COLUMN IF NOT EXISTS joined Array(String) COMMENT 'Joined captures: <SHA-256>  <name> of each that could be read, in the order of packets; empty: one capture, or live traffic' AFTER damage,
    COMMENT COLUMN load_id 'Of a capture: <SHA-256 of its uncompressed bytes>:<engine version>:<facts version>; of joined captures: the same with the SHA-256 over their sorted hashes; of live traffic: the name of the segment',
    COMMENT COLUMN kind 'capture, joined or live',
    COMMENT COLUMN name 'Name of the capture, or of the first one and how many more, when it was first loaded; or of the segment',
    COMMENT COLUMN capture_sha256 'SHA-256 of the uncompressed bytes of the capture; of joined captures over their sorted hashes; NULL for live traffic';
