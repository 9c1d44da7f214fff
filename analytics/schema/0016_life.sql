-- The life of findings. Events are the truth, written once; what a finding is now follows from them (view finding), so
-- that no interruption between two writes can leave a state that no event tells of.

CREATE TABLE IF NOT EXISTS finding_events
(
    finding String COMMENT 'Id of the finding',
    ordinal Int64 COMMENT 'Number of the event in the life of its finding, from 1',
    at DateTime64(3, 'UTC') COMMENT 'Clock of the evaluation that saw it',
    kind LowCardinality(String) COMMENT 'opened, changed, resolved, stale, reopened, waived or waiver_ended',
    state LowCardinality(String) COMMENT 'State of the finding from here on: open, stale or resolved',
    reason Nullable(String) COMMENT 'Why it is resolved: replaced, mended or not_applicable; NULL: it is not',
    rule LowCardinality(String) COMMENT 'Id of the rule',
    severity LowCardinality(String) COMMENT 'info, low, medium, high or critical, from here on',
    title String COMMENT 'What was found, in words, at this time',
    subject_kind LowCardinality(String) COMMENT 'certificate or endpoint',
    subject String COMMENT 'SHA-256 of the certificate in hexadecimal, or address:port',
    step Nullable(Int64) COMMENT 'Threshold that was crossed (days), where the rule has several',
    ours Bool COMMENT 'At least one holder is in the home networks',
    last_seen Nullable(DateTime64(6, 'UTC')) COMMENT 'Latest session of the subject that was known then',
    waiver Nullable(String) COMMENT 'Id of the waiver that holds from here on; NULL: none'
)
ENGINE = ReplacingMergeTree
ORDER BY (finding, ordinal)
COMMENT 'What happened to findings, one row an event; read it with FINAL';

CREATE TABLE IF NOT EXISTS waivers
(
    id String COMMENT 'Name of the waiver: from rule, subject, end, reason and owner',
    rule LowCardinality(String) COMMENT 'Id of the rule it is about',
    subject String COMMENT 'SHA-256 of the certificate in hexadecimal, or address:port',
    until DateTime64(3, 'UTC') COMMENT 'It holds before this time',
    reason String COMMENT 'Why the risk is accepted, in words of its owner',
    owner String COMMENT 'Who accepts it',
    created_at DateTime64(3, 'UTC') COMMENT 'When it was written, by the clock of that machine',
    removed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was taken back; NULL: it was not',
    version Int64 COMMENT 'Rises when the row is written again; the last one counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
COMMENT 'Findings that someone accepts until a date; read it with FINAL';

CREATE OR REPLACE VIEW finding
(
    id String COMMENT 'Stable name: from rule and subject',
    rule String COMMENT 'Id of the rule',
    severity String COMMENT 'info, low, medium, high or critical',
    title String COMMENT 'What was found, in words',
    event_severity String COMMENT 'As its last event has it',
    event_title String COMMENT 'As its last event has it',
    subject_kind String COMMENT 'certificate or endpoint',
    subject String COMMENT 'SHA-256 of the certificate in hexadecimal, or address:port',
    step Nullable(Int64) COMMENT 'Threshold that was crossed (days); NULL: the rule has no steps',
    ours Bool COMMENT 'At least one holder is in the home networks',
    confirmed Bool COMMENT 'At least one holder proved to be there',
    first_seen Nullable(DateTime64(6, 'UTC')) COMMENT 'Earliest session it rests on',
    last_seen Nullable(DateTime64(6, 'UTC')) COMMENT 'Latest session it rests on',
    holders String COMMENT 'Who presents it: JSON array of objects',
    evidence String COMMENT 'What it rests on: JSON object',
    state String COMMENT 'open, stale or resolved',
    opened_at DateTime64(3, 'UTC') COMMENT 'When it was first found',
    changed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When severity, step or title last changed; NULL: never',
    resolved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was resolved; NULL: it is not',
    resolution Nullable(String) COMMENT 'replaced, mended or not_applicable; NULL: it is not resolved',
    stale_since Nullable(DateTime64(3, 'UTC')) COMMENT 'When its subject was called unseen; NULL: it is not stale',
    reopened UInt64 COMMENT 'How often it came back',
    waiver Nullable(String) COMMENT 'Waiver that held at the last evaluation; NULL: none',
    events Int64 COMMENT 'Number of its events'
)
COMMENT 'One row a finding: what it is now, by its events, and what it rests on, by the last evaluation that found it'
AS SELECT
    e.finding AS id,
    e.rule_name AS rule,
    -- while it is open as the last evaluation has it, afterwards as its last event has it
    if(f.id != '' AND e.latest_state != 'resolved', f.severity::String, e.latest_severity::String) AS severity,
    if(f.id != '' AND e.latest_state != 'resolved', f.title, e.latest_title) AS title,
    -- as its last event has them
    e.latest_severity AS event_severity,
    e.latest_title AS event_title,
    e.kind_of_subject AS subject_kind,
    e.subject_name AS subject,
    (e.latest).1 AS step,
    e.latest_ours AS ours,
    if(f.id != '', f.confirmed, true) AS confirmed,
    f.first_seen AS first_seen,
    if(f.id != '', f.last_seen, (e.latest).2) AS last_seen,
    if(f.id != '', f.holders, '[]') AS holders,
    if(f.id != '', f.evidence, '{}') AS evidence,
    -- open, stale or resolved
    e.latest_state AS state,
    e.opened AS opened_at,
    -- NULL: its severity, step and title are what they were when it opened
    if(e.changes = 0, NULL, toNullable(e.changed)) AS changed_at,
    if(e.latest_state = 'resolved', toNullable(e.resolved), NULL) AS resolved_at,
    if(e.latest_state = 'resolved', (e.latest).3, NULL) AS resolution,
    if(e.latest_state = 'stale', toNullable(e.staled), NULL) AS stale_since,
    -- how often it came back
    e.reopenings AS reopened,
    -- waiver that held at the last evaluation
    (e.latest).4 AS waiver,
    e.event_count AS events
FROM
(
    SELECT
        finding,
        argMax(rule, ordinal) AS rule_name,
        argMax(severity, ordinal) AS latest_severity,
        argMax(title, ordinal) AS latest_title,
        argMax(subject_kind, ordinal) AS kind_of_subject,
        argMax(subject, ordinal) AS subject_name,
        argMax(ours, ordinal) AS latest_ours,
        argMax(state, ordinal) AS latest_state,
        -- in a tuple, for argMax passes over NULL
        argMax((step, last_seen, reason, waiver), ordinal) AS latest,
        min(at) AS opened,
        countIf(kind = 'changed') AS changes,
        maxIf(at, kind = 'changed') AS changed,
        maxIf(at, kind = 'resolved') AS resolved,
        maxIf(at, kind = 'stale') AS staled,
        countIf(kind = 'reopened') AS reopenings,
        max(ordinal) AS event_count
    FROM finding_events FINAL
    GROUP BY finding
) AS e
LEFT JOIN (SELECT * FROM findings FINAL) AS f ON f.id = e.finding;
