-- The CA graph: who signed each certificate, by verified signatures, and what follows from it. Derived, and so replaced
-- when CAs are seen that were not, or anchors change. NULL in the views until then.

CREATE TABLE IF NOT EXISTS paths
(
    sha256 FixedString(32) COMMENT 'SHA-256 of the certificate',
    basis String COMMENT 'What it was derived by: versions, and the hash of the anchors',
    generation Int64 COMMENT 'Number of the derivation; a later one replaces an earlier one',
    authority Bool COMMENT 'It may issue: a CA by its basic constraints, or of version 1 and self-signed',
    issuer_name String COMMENT 'SHA-256 of the issuer name as encoded, hexadecimal',
    signer LowCardinality(String) COMMENT 'self, verified, wrong, namesake, missing or unknown: what is known of who signed it',
    issuer_key Nullable(String) COMMENT 'SHA-256 of the SPKI of the key that signed it; if that was not seen, a name made of issuer name and authority key identifier',
    issuer_key_seen Nullable(Bool) COMMENT 'issuer_key is a key that was seen',
    issuer_called Nullable(String) COMMENT 'What people call the issuer: common name, else organisation',
    path Array(String) COMMENT 'Best path: SHA-256 from the issuer to the top, hexadecimal; empty: it is its own top',
    path_open Nullable(Bool) COMMENT 'The path ends where no issuer is known, at neither an anchor nor a root',
    ancestors Array(String) COMMENT 'SHA-256 of all CAs above it, on any path, hexadecimal',
    ancestors_known Bool COMMENT 'False: there are more',
    needed Array(String) COMMENT 'CAs of the best path that must be sent: the one on it, then others of its name and key, SHA-256 in hexadecimal with commas between',
    namesakes Array(String) COMMENT 'SHA-256 of CAs that have the name of its issuer and did not sign it, hexadecimal',
    class LowCardinality(Nullable(String)) COMMENT 'public, corporate, vendor, intercepted, test, self-signed or unknown',
    class_reason Nullable(String) COMMENT 'Why, in words',
    effective_not_after Nullable(DateTime64(3, 'UTC')) COMMENT 'Earliest end on the best path, its own included; NULL: the path is not known to its top',
    digest String COMMENT 'SHA-256 of all this, hexadecimal'
)
ENGINE = ReplacingMergeTree(generation)
ORDER BY sha256
COMMENT 'Derived: the best path of each certificate, and its class; read it with FINAL';

-- Chains as they were sent. Only minima and maxima: rows that are told twice change nothing.

CREATE TABLE IF NOT EXISTS presented
(
    load_id LowCardinality(String) COMMENT 'Load of a capture; empty: live traffic',
    role LowCardinality(String) COMMENT 'Side that sent it: server or client',
    chain Array(FixedString(32)) COMMENT 'SHA-256 in the order that was sent, leaf first',
    whole SimpleAggregateFunction(max, Bool) COMMENT 'At least once the message was read to its end',
    first_seen SimpleAggregateFunction(min, DateTime64(9, 'UTC')) COMMENT 'Earliest session',
    last_seen SimpleAggregateFunction(max, DateTime64(9, 'UTC')) COMMENT 'Latest session'
)
ENGINE = AggregatingMergeTree
ORDER BY (role, chain, load_id)
COMMENT 'Chains that were sent, each once for a side and load';

CREATE MATERIALIZED VIEW IF NOT EXISTS presented_by_servers TO presented
COMMENT 'Feeds presented with what servers sent'
AS SELECT if(isNull(capture), '', load_id) AS load_id, 'server' AS role, server_chain AS chain,
    max(server_visibility IN ('visible', 'decrypted')) AS whole, min(time) AS first_seen, max(time) AS last_seen
FROM sessions WHERE notEmpty(server_chain) GROUP BY load_id, chain;

CREATE MATERIALIZED VIEW IF NOT EXISTS presented_by_clients TO presented
COMMENT 'Feeds presented with what clients sent'
AS SELECT if(isNull(capture), '', load_id) AS load_id, 'client' AS role, client_chain AS chain,
    max(client_visibility IN ('visible', 'decrypted')) AS whole, min(time) AS first_seen, max(time) AS last_seen
FROM sessions WHERE notEmpty(client_chain) GROUP BY load_id, chain;

INSERT INTO presented
SELECT if(isNull(capture), '', load_id) AS load_id, 'server' AS role, server_chain AS chain,
    max(server_visibility IN ('visible', 'decrypted')) AS whole, min(time) AS first_seen, max(time) AS last_seen
FROM sessions WHERE notEmpty(server_chain) GROUP BY load_id, chain;

INSERT INTO presented
SELECT if(isNull(capture), '', load_id) AS load_id, 'client' AS role, client_chain AS chain,
    max(client_visibility IN ('visible', 'decrypted')) AS whole, min(time) AS first_seen, max(time) AS last_seen
FROM sessions WHERE notEmpty(client_chain) GROUP BY load_id, chain;

CREATE OR REPLACE VIEW chain
COMMENT 'One row a chain that was sent: what is wrong with it as a list; parameter loads, [] is all of them'
AS SELECT
    sent.leaf AS sha256,
    sent.role AS role,
    -- SHA-256, hexadecimal, in the order sent, leaf first
    sent.members AS members,
    -- the message was read to its end
    sent.is_whole AS whole,
    sent.first AS first_seen,
    sent.last AS last_seen,
    -- members that are not above the leaf on any path, or are there twice; NULL: cannot be told
    multiIf(length(members) = 1, toNullable(0), p.digest = '' OR NOT p.ancestors_known OR p.signer = 'unknown', NULL,
        length(members) - 1 - length(arrayIntersect(arrayDistinct(arraySlice(members, 2)), p.ancestors))) AS extra_count,
    -- places on the best path, in the order sent
    arrayFilter(i -> i > 0, arrayMap(m -> indexOf(p.path, m), members)) AS on_path,
    -- they are not in the order of the path; NULL: nothing was derived
    if(p.digest = '', NULL, arraySort(on_path) != on_path)::Nullable(Bool) AS misordered,
    -- intermediates of the best path of which no certificate was sent: the one that the path has
    if(p.digest = '' OR NOT sent.is_whole, [], arrayMap(n -> splitByChar(',', n)[1],
        arrayFilter(n -> NOT hasAny(members, splitByChar(',', n)), p.needed))) AS lacking,
    -- NULL: the message was cut, or nobody knows the path to its top
    multiIf(NOT sent.is_whole OR p.digest = '', NULL, notEmpty(lacking), true, p.path_open, NULL, false)::Nullable(Bool) AS lacks,
    -- it holds a CA of the issuer's name whose key did not sign the leaf
    hasAny(arraySlice(members, 2), p.namesakes) AS namesake_sent
FROM
(
    SELECT chain[1] AS leaf, role, arrayMap(c -> lower(hex(c)), chain) AS members, max(whole)::Bool AS is_whole,
        toDateTime64(min(first_seen), 6, 'UTC') AS first, toDateTime64(max(last_seen), 6, 'UTC') AS last
    FROM presented
    WHERE empty({loads:Array(String)}) OR has({loads:Array(String)}, load_id)
    GROUP BY chain, role
) AS sent
LEFT JOIN
(SELECT * FROM paths FINAL) AS p ON p.sha256 = sent.leaf;

CREATE OR REPLACE VIEW certificate
COMMENT 'One row a certificate that was presented: its facts, with NULL where a list is not known, and its holders'
AS SELECT
    facts.sha256 AS sha256,
    facts.* EXCEPT (sha256),
    -- counts that are NULL, and so never zero, where the list could not be read
    if(sans_known, toNullable(length(sans)), NULL) AS san_count,
    if(key_usage_known, toNullable(length(key_usage)), NULL) AS key_usage_count,
    if(extended_key_usage_known, toNullable(length(extended_key_usage)), NULL) AS extended_key_usage_count,
    if(policies_known, toNullable(length(policies)), NULL) AS policy_count,
    if(ocsp_urls_known, toNullable(length(ocsp_urls)), NULL) AS ocsp_url_count,
    if(ca_issuer_urls_known, toNullable(length(ca_issuer_urls)), NULL) AS ca_issuer_url_count,
    if(crl_urls_known, toNullable(length(crl_urls)), NULL) AS crl_url_count,
    if(name_constraints_known, toNullable(length(name_constraints)), NULL) AS name_constraint_count,
    if(extensions_known, toNullable(length(extensions)), NULL) AS extension_count,
    if(critical_extensions_known, toNullable(length(critical_extensions)), NULL) AS critical_extension_count,
    if(unknown_extensions_known, toNullable(length(unknown_extensions)), NULL) AS unknown_extension_count,
    if(subject_attributes_known, toNullable(length(subject_attributes)), NULL) AS subject_attribute_count,
    if(issuer_attributes_known, toNullable(length(issuer_attributes)), NULL) AS issuer_attribute_count,
    -- single questions to lists; NULL where the list could not be read
    if(key_usage_known, toNullable(has(key_usage, 'keyCertSign')), NULL)::Nullable(Bool) AS can_sign_certificates,
    if(extended_key_usage_known, toNullable(has(extended_key_usage, 'serverAuth')), NULL)::Nullable(Bool) AS has_server_auth,
    if(extended_key_usage_known, toNullable(has(extended_key_usage, 'clientAuth')), NULL)::Nullable(Bool) AS has_client_auth,
    length(defects) AS defect_count,
    -- smallest position in a chain; 0 is the leaf
    seen.least_position AS position,
    (seen.least_position = 0)::Bool AS presented_as_leaf,
    -- server, client or both
    seen.role_names AS roles,
    -- ours first, then servers, then by address
    arrayMap(h -> h.3, seen.ordered)::Array(Tuple(
        role String, address String, port Nullable(UInt16), ours Bool, confirmed Bool,
        first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'), server_names Array(String))) AS holders,
    seen.holder_rows AS holder_count,
    seen.our_rows AS ours_count,
    seen.any_ours AS ours,
    seen.any_confirmed AS confirmed,
    seen.first AS first_seen,
    seen.last AS last_seen,
    -- derived, NULL until then: public, corporate, vendor, intercepted, test, self-signed or unknown, and why
    derived.class AS class,
    derived.class_reason AS class_reason,
    -- earliest end on the best path; NULL: the path is not known to its top
    derived.effective_not_after AS effective_not_after,
    -- self, verified, wrong, namesake, missing or unknown: what is known of who signed it
    nullIf(derived.signer, '')::Nullable(String) AS signer,
    derived.issuer_key AS issuer_key,
    derived.issuer_key_seen AS issuer_key_seen,
    derived.issuer_called AS issuer_called,
    -- SHA-256 from the issuer to the top, hexadecimal; the top is neither an anchor nor a root
    derived.path AS path,
    derived.path_open AS path_open,
    -- as a leaf, over all chains it was sent in; NULL: cannot be told
    sent.lacks AS chain_lacks,
    sent.lacking AS chain_lacking,
    sent.extra AS chain_extra,
    sent.misordered AS chain_misordered,
    sent.namesake AS chain_namesake
FROM
(
    SELECT
        h.sha256 AS sha256,
        min(h.position) AS least_position,
        arraySort(groupUniqArray(h.role)) AS role_names,
        arraySort(t -> (t.1, t.2, (t.3).2, (t.3).3), groupArray((NOT h.ours, h.role != 'server',
            (h.role, h.address, h.port, h.ours, h.confirmed, h.first_seen, h.last_seen, h.server_names)))) AS ordered,
        count() AS holder_rows,
        countIf(h.ours) AS our_rows,
        max(h.ours) AS any_ours,
        max(h.confirmed) AS any_confirmed,
        min(h.first_seen) AS first,
        max(h.last_seen) AS last
    FROM holder(loads = {loads:Array(String)}, home = {home:Array(String)}) AS h
    GROUP BY sha256
) AS seen
INNER JOIN (SELECT * FROM certificates FINAL) AS facts ON facts.sha256 = seen.sha256
LEFT JOIN (SELECT * FROM paths FINAL) AS derived ON derived.sha256 = seen.sha256
LEFT JOIN
(
    SELECT
        sha256,
        max(c.lacks) AS lacks,
        arraySort(groupUniqArrayArray(64)(c.lacking)) AS lacking,
        max(c.extra_count) AS extra,
        max(c.misordered) AS misordered,
        max(toNullable(c.namesake_sent)) AS namesake
    FROM chain(loads = {loads:Array(String)}) AS c
    GROUP BY sha256
) AS sent ON sent.sha256 = seen.sha256;

CREATE OR REPLACE VIEW issuer
COMMENT 'One row a key that issued certificates which holders present as their own; self-signed ones issue themselves'
AS WITH
    ['public', 'corporate', 'vendor', 'intercepted', 'test', 'self-signed', 'unknown'] AS order_of_classes
SELECT
    -- SHA-256 of the SPKI, hexadecimal; where the key was not seen, a name made of issuer name and key identifier
    i.key AS issuer_key,
    i.key_seen AS issuer_key_seen,
    -- what people call it, and all names it has in certificates
    arrayElement(i.called, 1) AS name,
    i.issuer_texts AS names,
    -- best class of what it issued, and why
    (i.best).2 AS class,
    (i.best).3 AS class_reason,
    i.shas AS certificates,
    length(i.shas) AS certificate_count,
    -- when each certificate was first seen
    i.firsts AS certificate_first_seen,
    -- ours first; at most a thousand
    arrayMap(h -> h.3, arraySort(t -> (t.1, t.2, (t.3).2, (t.3).3), i.held))::Array(Tuple(
        role String, address String, port Nullable(UInt16), ours Bool, confirmed Bool,
        first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'), server_names Array(String))) AS holders,
    i.holder_rows AS holder_count,
    -- networks of its holders: /24 of IPv4, /64 of IPv6
    i.networks AS networks,
    i.any_ours AS ours,
    i.any_confirmed AS confirmed,
    i.first AS first_seen,
    i.last AS last_seen,
    -- what is known of who signed its certificates: verified, missing ...
    i.signer_words AS signers,
    -- it issued nothing but itself
    i.own AS self_signed,
    -- above it something is not known
    i.open AS path_open,
    -- at least one certificate is built as public CAs build them: it says so by policy or timestamps of public logs, or the
    -- path is open and it has addresses as public CAs give them. A root that Mozilla's list no longer has is no shadow.
    i.marks AS may_be_public,
    -- earliest sight of any certificate here: how far back anyone can tell new from old
    (SELECT min(first_seen) FROM holder(loads = {loads:Array(String)}, home = {home:Array(String)})) AS history_from
FROM
(
    SELECT
        p.issuer_key AS key,
        max(p.issuer_key_seen) AS key_seen,
        arraySort(groupUniqArray(20)(p.issuer_called)) AS called,
        arraySort(groupUniqArray(20)(p.issuer)) AS issuer_texts,
        min((indexOf(order_of_classes, assumeNotNull(p.class)), assumeNotNull(p.class)::String, assumeNotNull(p.class_reason))) AS best,
        arraySort(groupUniqArray(lower(hex(h.sha256)))) AS shas,
        arraySort(groupArray(h.first)) AS firsts,
        groupUniqArrayArray(1000)(h.held) AS held,
        uniqExactArray(arrayMap(t -> ((t.3).1, (t.3).2, (t.3).3), h.held)) AS holder_rows,
        arraySort(groupUniqArrayArray(1000)(h.networks)) AS networks,
        max(h.any_ours) AS any_ours,
        max(h.any_confirmed) AS any_confirmed,
        min(h.first) AS first,
        max(h.last) AS last,
        min(p.signer = 'self')::Bool AS own,
        arraySort(groupUniqArray(p.signer::String)) AS signer_words,
        max(p.path_open) AS open,
        max((p.path_open AND p.public_marks) OR p.public_claims) AS marks
    FROM
    (
        SELECT
            sha256,
            groupArray((NOT ours, role != 'server',
                (role, address, port, ours, confirmed, first_seen, last_seen, server_names))) AS held,
            groupUniqArray(100)(if(position(address, ':') > 0,
                concat(IPv6NumToString((IPv6CIDRToRange(toIPv6(address), 64)).1), '/64'),
                concat(toString(tupleElement(IPv4CIDRToRange(toIPv4OrDefault(address), 24), 1)), '/24'))) AS networks,
            max(ours) AS any_ours,
            max(confirmed) AS any_confirmed,
            min(first_seen) AS first,
            max(last_seen) AS last
        FROM holder(loads = {loads:Array(String)}, home = {home:Array(String)})
        WHERE position = 0
        GROUP BY sha256
    ) AS h
    INNER JOIN
    (
        SELECT derived.*, issuer, public_marks, public_claims FROM (SELECT * FROM paths FINAL) AS derived
        INNER JOIN
        (
            SELECT sha256, issuer,
                ifNull(sct_count, 0) > 0 OR arrayExists(p -> startsWith(p, '2.23.140.1.'), policies) AS public_claims,
                ifNull(sct_count, 1) > 0 OR notEmpty(ocsp_urls) OR notEmpty(ca_issuer_urls)
                OR notEmpty(crl_urls) OR public_claims AS public_marks
            FROM certificates FINAL
        ) AS named ON named.sha256 = derived.sha256
    ) AS p ON p.sha256 = h.sha256
    WHERE p.issuer_key IS NOT NULL AND p.class IS NOT NULL
    GROUP BY key
) AS i;
