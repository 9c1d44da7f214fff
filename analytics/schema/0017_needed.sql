-- What must be sent of a chain, by key: any certificate of a CA's key will do, and above a CA that is no anchor nobody can
-- say what clients hold. Issuers that say to be public are told apart, also under roots that left the lists since.

ALTER TABLE paths
    ADD COLUMN IF NOT EXISTS needed Array(String) COMMENT 'CAs of the best path that must be sent: the one on it, then others of its name and key, SHA-256 in hexadecimal with commas between' AFTER ancestors_known;

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
