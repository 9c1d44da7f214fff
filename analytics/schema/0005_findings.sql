-- What the rules said. A finding is named by rule and subject: judging again replaces it, and adds none.

CREATE TABLE IF NOT EXISTS findings
(
    id String COMMENT 'Stable name: from rule and subject',
    rule LowCardinality(String) COMMENT 'Id of the rule',
    severity LowCardinality(String) COMMENT 'info, low, medium, high or critical',
    title String COMMENT 'What was found, in words',
    subject_kind LowCardinality(String) COMMENT 'certificate or endpoint',
    subject String COMMENT 'SHA-256 of the certificate in hexadecimal, or address:port',
    step Nullable(Int64) COMMENT 'Threshold that was crossed (days), where the rule has several',
    holders String COMMENT 'Who presents it: JSON array of objects',
    ours Bool COMMENT 'At least one holder is in the home networks',
    confirmed Bool COMMENT 'At least one holder proved to be there',
    first_seen Nullable(DateTime64(6, 'UTC')) COMMENT 'Earliest session it rests on',
    last_seen Nullable(DateTime64(6, 'UTC')) COMMENT 'Latest session it rests on',
    evidence String COMMENT 'What it rests on: JSON object; certificates holds their SHA-256 in hexadecimal',
    evaluation String COMMENT 'Run that said so last',
    evaluated_at DateTime64(3, 'UTC') COMMENT 'Clock of that run'
)
ENGINE = ReplacingMergeTree(evaluated_at)
ORDER BY id
COMMENT 'Findings, one row for rule and subject; read it with FINAL';

CREATE TABLE IF NOT EXISTS evaluations
(
    id String COMMENT 'Name of the run',
    evaluated_at DateTime64(3, 'UTC') COMMENT 'Clock the run judged by',
    rule_pack String COMMENT 'Version of the rules',
    rule_pack_sha256 String COMMENT 'Hash of the rules, hexadecimal',
    parameters String COMMENT 'Parameters of the rules: JSON object',
    loads Array(String) COMMENT 'Loads that were judged; empty: all',
    home Array(String) COMMENT 'Networks that counted as ours',
    verdicts String COMMENT 'Number of subjects by rule and verdict: JSON object',
    errors Array(String) COMMENT 'Rules that broke: id and reason',
    findings Int64 COMMENT 'Number of findings',
    written_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'By the clock of the engine'
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY (evaluated_at, id)
COMMENT 'Runs of the rules: clock, rule pack, parameters, inputs, outcome';
