-- What rules about endpoints and their past speak in. The parameters of each view are those of 0006.

ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS dh_bits Nullable(UInt16) COMMENT 'Bits of the prime of a finite-field key exchange before TLS 1.3; NULL: not seen, or another exchange' AFTER named_group_code;

CREATE OR REPLACE VIEW endpoint
COMMENT 'One row a server endpoint (scope, address, port): what was negotiated there and what could be seen'
AS SELECT
    -- key: scope|address|port
    concat(e.at_scope, '|', address, '|', toString(port)) AS endpoint,
    e.at_scope AS scope,
    -- usual text: IPv4 dotted, IPv6 compressed
    replaceRegexpOne(IPv6NumToString(e.ip), '^::ffff:(\\d+\\.)', '\\1') AS address,
    e.p AS port,
    -- address:port, [address]:port for IPv6
    concat(if(position(address, ':') > 0, concat('[', address, ']'), address), ':', toString(port)) AS shown,
    e.session_count AS sessions,
    e.client_count AS clients,
    -- sessions in which the server chose a version
    e.answered_count AS answered_sessions,
    -- the server was seen to answer, at least once
    (e.answered_count > 0 OR e.any_confirmed)::Bool AS answered,
    -- names of negotiated versions, and the latest time of each
    e.version_names AS versions,
    e.version_times AS version_last_seen,
    -- NULL: none was negotiated in sight
    e.weakest_name AS weakest_version,
    e.weakest_code AS weakest_version_code,
    e.latest_name AS latest_version,
    e.latest_code AS latest_version_code,
    -- why the server's certificate is, or is not, known -> sessions
    e.visibility_counts AS visibilities,
    -- at least one session showed a certificate of the server
    e.any_certificate AS certificate_seen,
    -- SHA-256 of the certificates it presented: all, and the leaves
    e.chain_members AS certificates,
    e.leaf_members AS leaf_certificates,
    -- names the clients asked for
    e.names AS server_names,
    e.carrier_names AS carriers,
    e.any_ours AS ours,
    e.any_confirmed AS confirmed,
    e.any_established AS established,
    e.first AS first_seen,
    e.last AS last_seen,
    -- numbers and names of what the server chose; the name of an unknown number is 0x and the number
    e.suite_list::Array(Tuple(code UInt16, name String)) AS cipher_suites,
    e.group_list::Array(Tuple(code UInt16, name String)) AS named_groups,
    -- bits of the shortest prime it named for a key exchange; NULL: none was seen
    e.least_dh_bits AS dh_bits,
    -- what it signed key exchanges with; before TLS 1.3 only
    e.scheme_list::Array(Tuple(code UInt16, name String)) AS signature_schemes,
    -- alerts in the clear -> sessions, and the latest time of each: 'client fatal unknown_ca(48)'
    e.alert_counts AS alerts,
    e.alert_times AS alert_last_seen,
    -- latest handshake that ended well; NULL: none did
    e.established_at AS established_last_seen,
    -- sessions in which bytes came again and were different
    e.conflicting_count AS conflicting_sessions,
    -- full handshakes that ended well, by what they asked of the client: a certificate; none; not to be told (TLS 1.3)
    e.asked_count AS asked_sessions,
    e.unasked_count AS unasked_sessions,
    e.untold_count AS untold_sessions,
    -- of the first kind, those in which the client sent an empty list, and from how many addresses
    e.empty_handed_count AS empty_handed_sessions,
    e.empty_handed_addresses AS empty_handed_clients,
    -- clients whose handshake the server broke off because of their certificate or for want of one: sessions, addresses
    e.turned_away_count AS turned_away_sessions,
    e.turned_away_addresses AS turned_away_clients
FROM
(
    SELECT
        s.scope AS at_scope,
        s.server_address AS ip,
        s.server_port AS p,
        count() AS session_count,
        uniq(s.client_address) AS client_count,
        countIf(s.version_code IS NOT NULL) AS answered_count,
        arraySort(groupUniqArray(s.version)) AS version_names,
        maxMap(if(s.version IS NULL, map(), map(assumeNotNull(s.version)::String, toDateTime64(s.time, 6, 'UTC')))) AS version_times,
        -- versions of DTLS count downwards: put beside the TLS they stem from
        argMin(s.version, transform(s.version_code, [0xfeff, 0xfefd, 0xfefc], [0x0302, 0x0303, 0x0304], s.version_code)) AS weakest_name,
        argMin(s.version_code, transform(s.version_code, [0xfeff, 0xfefd, 0xfefc], [0x0302, 0x0303, 0x0304], s.version_code)) AS weakest_code,
        argMaxIf(s.version, s.time, s.version_code IS NOT NULL) AS latest_name,
        argMaxIf(s.version_code, s.time, s.version_code IS NOT NULL) AS latest_code,
        sumMap(map(s.server_visibility::String, toUInt64(1))) AS visibility_counts,
        max(s.server_visibility IN ('visible', 'decrypted') AND s.server_chain_known OR notEmpty(s.server_chain))::Bool AS any_certificate,
        groupUniqArrayArray(1000)(s.server_chain) AS chain_members,
        groupUniqArrayArray(1000)(arraySlice(s.server_chain, 1, 1)) AS leaf_members,
        arraySort(groupUniqArray(1000)(s.server_name)) AS names,
        arraySort(groupUniqArray(100)(s.carrier)) AS carrier_names,
        max(s.ours)::Bool AS any_ours,
        max(s.confirmed)::Bool AS any_confirmed,
        max(s.established)::Bool AS any_established,
        toDateTime64(min(s.time), 6, 'UTC') AS first,
        toDateTime64(max(s.time), 6, 'UTC') AS last,
        arraySort(groupUniqArrayIf(1000)((ifNull(s.cipher_suite_code, 0), ifNull(s.cipher_suite::Nullable(String),
            concat('0x', lower(hex(ifNull(s.cipher_suite_code, 0)))))), s.cipher_suite_code IS NOT NULL)) AS suite_list,
        arraySort(groupUniqArrayIf(1000)((ifNull(s.named_group_code, 0), ifNull(s.named_group::Nullable(String),
            concat('0x', lower(hex(ifNull(s.named_group_code, 0)))))), s.named_group_code IS NOT NULL)) AS group_list,
        arraySort(groupUniqArrayIf(1000)((ifNull(s.signature_scheme_code, 0), ifNull(s.signature_scheme::Nullable(String),
            concat('0x', lower(hex(ifNull(s.signature_scheme_code, 0)))))), s.signature_scheme_code IS NOT NULL)) AS scheme_list,
        min(s.dh_bits) AS least_dh_bits,
        sumMap(mapFromArrays(arrayDistinct(s.alerts)::Array(String), arrayWithConstant(length(arrayDistinct(s.alerts)), toUInt64(1)))) AS alert_counts,
        maxMap(mapFromArrays(arrayDistinct(s.alerts)::Array(String), arrayWithConstant(length(arrayDistinct(s.alerts)), toDateTime64(s.time, 6, 'UTC')))) AS alert_times,
        maxOrNullIf(toDateTime64(s.time, 6, 'UTC'), s.established) AS established_at,
        countIf(s.conflicting) AS conflicting_count,
        countIf(s.established AND s.resumed = false AND s.client_certificate_requested = true) AS asked_count,
        countIf(s.established AND s.resumed = false AND s.client_certificate_requested = false) AS unasked_count,
        countIf(s.established AND NOT coalesce(s.resumed, false) AND s.client_certificate_requested IS NULL) AS untold_count,
        countIf(s.established AND s.client_certificate_requested = true AND s.client_visibility = 'none_sent') AS empty_handed_count,
        uniqIf(s.client_address, s.established AND s.client_certificate_requested = true AND s.client_visibility = 'none_sent') AS empty_handed_addresses,
        countIf(arrayExists(a -> match(a, '^server fatal .*\\((41|42|43|44|45|46|48|116)\\)$')
            OR s.client_certificate_requested = true AND s.client_visibility = 'none_sent' AND a = 'server fatal handshake_failure(40)', s.alerts)) AS turned_away_count,
        uniqIf(s.client_address, arrayExists(a -> match(a, '^server fatal .*\\((41|42|43|44|45|46|48|116)\\)$')
            OR s.client_certificate_requested = true AND s.client_visibility = 'none_sent' AND a = 'server fatal handshake_failure(40)', s.alerts)) AS turned_away_addresses
    FROM session(loads = {loads:Array(String)}, home = {home:Array(String)}) AS s
    GROUP BY at_scope, ip, p
) AS e;

CREATE OR REPLACE VIEW served
COMMENT 'One row for leaf certificate, server endpoint and name asked for: when it was served there, and its facts'
AS SELECT
    seen.at_scope AS scope,
    -- usual text: IPv4 dotted, IPv6 compressed
    replaceRegexpOne(IPv6NumToString(seen.ip), '^::ffff:(\\d+\\.)', '\\1') AS address,
    seen.p AS port,
    -- key of the endpoint: scope|address|port
    concat(seen.at_scope, '|', address, '|', toString(seen.p)) AS endpoint,
    -- NULL: none
    seen.asked AS server_name,
    seen.sha256 AS sha256,
    facts.sans AS sans,
    facts.sans_known AS sans_known,
    facts.subject_attributes AS subject_attributes,
    facts.not_before AS not_before,
    facts.not_after AS not_after,
    facts.spki_sha256 AS spki,
    facts.issuer AS issuer,
    facts.self_signed AS self_signed,
    facts.key_algorithm AS key_algorithm,
    facts.key_bits AS key_bits,
    facts.signature_algorithm AS signature,
    facts.signature_hash AS hash,
    -- what a server shows for a moment to prove to an ACME issuer that a name is its own (RFC 8737)
    has(facts.extensions, '1.3.6.1.5.5.7.1.31')::Bool AS for_acme,
    -- DNS names as they are compared: lower case, no dot at the end
    arrayMap(t -> replaceRegexpOne(lower(substring(t, 5)), '[.]$', ''), arrayFilter(t -> startsWith(t, 'dns:'), facts.sans)) AS dns_names,
    -- whose it is: DNS names and addresses, or the subject where there are none; empty: cannot be told
    multiIf(
        NOT facts.sans_known, [],
        arrayExists(t -> match(t, '^(dns|ip):'), facts.sans), arraySort(arrayMap(t -> lower(t), arrayFilter(t -> match(t, '^(dns|ip):'), facts.sans))),
        ifNull(facts.subject, '') = '', [],
        [concat('subject:', assumeNotNull(facts.subject))])::Array(String) AS identities,
    -- O of the issuer, or its whole name where it has none
    ifNull(nullIf(substring(arrayFirst(t -> startsWith(t, 'O='), facts.issuer_attributes), 3), ''), facts.issuer) AS organization,
    -- security strength of the key in bits (NIST SP 800-57 part 1, table 2), cut at 128; NULL: not known
    multiIf(
        facts.key_algorithm IN ('RSA', 'DSA'), multiIf(facts.key_bits >= 3072, 128, facts.key_bits >= 2048, 112, facts.key_bits >= 1024, 80, facts.key_bits < 1024, 40, NULL),
        facts.key_algorithm = 'EC', least(intDiv(facts.key_bits, 2), 128),
        match(facts.key_algorithm, '^(Ed25519|Ed448|ML-DSA-.*|SLH-DSA-.*)$'), 128,
        NULL)::Nullable(UInt16) AS strength,
    seen.any_established AS established,
    seen.first AS first_seen,
    seen.last AS last_seen
FROM
(
    SELECT
        sha256,
        scope AS at_scope,
        address AS ip,
        port AS p,
        server_name AS asked,
        max(established)::Bool AS any_established,
        toDateTime64(min(first_seen), 6, 'UTC') AS first,
        toDateTime64(max(last_seen), 6, 'UTC') AS last
    FROM sightings
    WHERE role = 'server' AND (empty({loads:Array(String)}) OR has({loads:Array(String)}, load_id))
    GROUP BY sha256, at_scope, ip, p, asked
    -- what anyone can make up, without a handshake, is no part of an endpoint's history
    HAVING min(position) = 0 AND max(confirmed)
) AS seen
INNER JOIN (SELECT * FROM certificates FINAL) AS facts ON facts.sha256 = seen.sha256;

CREATE OR REPLACE VIEW endpoint_names
COMMENT 'endpoint, with each name that clients asked it for and whether the certificate they were given is for that name'
AS SELECT
    e.*,
    -- match; mismatch (in a handshake that ended well); no_name (no alternative name, and nothing that contradicts: the
    -- common name is this one, or an address was asked for); unknown: names that cannot be read or are none, identities of another kind (URI, SRV), or no handshake that ended well
    n.pairs::Array(Tuple(server_name String, sha256 FixedString(32), verdict String, names Array(String))) AS name_checks
FROM endpoint(loads = {loads:Array(String)}, home = {home:Array(String)}) AS e
LEFT JOIN
(
    SELECT
        endpoint,
        -- RFC 9525 6.3: label by label, without regard to case; an asterisk stands for one whole left-most label
        groupArray(10000)((asked, sha256, multiIf(
            NOT sans_known OR wanted_ip IS NULL AND NOT match(wanted, '^[a-z0-9_-]+([.][a-z0-9_-]+)*$'), 'unknown',
            wanted_ip IS NOT NULL AND arrayExists(t -> startsWith(t, 'ip:') AND toIPv6OrNull(substring(t, 4)) = wanted_ip, sans), 'match',
            wanted_ip IS NULL AND (has(dns_names, wanted) OR position(wanted, '.') > 1 AND has(dns_names, wildcard)), 'match',
            arrayExists(t -> match(t, '^(uri:|othername:1[.]3[.]6[.]1[.]5[.]5[.]7[.]8[.][57]:)'), sans), 'unknown',
            NOT established, 'unknown',
            NOT arrayExists(t -> match(t, '^(dns|ip):'), sans)
                AND (wanted_ip IS NOT NULL OR arrayExists(t -> lower(t) = concat('cn=', wanted), subject_attributes)), 'no_name',
            'mismatch'), arrayFilter(t -> match(t, '^(dns|ip):'), sans))) AS pairs
    FROM
    (
        SELECT
            endpoint, sha256, sans, sans_known, dns_names, subject_attributes, established,
            assumeNotNull(server_name) AS asked,
            replaceRegexpOne(lower(asked), '[.]$', '') AS wanted,
            toIPv6OrNull(wanted) AS wanted_ip,
            concat('*', substring(wanted, position(wanted, '.'))) AS wildcard
        FROM served(loads = {loads:Array(String)})
        WHERE server_name IS NOT NULL
    )
    GROUP BY endpoint
) AS n USING endpoint;

CREATE OR REPLACE VIEW endpoint_clients
COMMENT 'endpoint, with each client certificate that it let in: whose handshake ended well'
AS SELECT
    e.*,
    -- listing: the server named issuers. listed: one of them is in the chain; NULL: the chain may go on unseen.
    -- overdue: let in after its notAfter; NULL: that cannot be read
    c.pairs::Array(Tuple(sha256 FixedString(32), subject String, issuer String, listing Bool, listed Nullable(Bool), overdue Nullable(Bool))) AS let_in
FROM endpoint(loads = {loads:Array(String)}, home = {home:Array(String)}) AS e
LEFT JOIN
(
    SELECT endpoint, groupArray(10000)((leaf, leaf_subject, leaf_issuer, listing, is_listed, is_overdue)) AS pairs
    FROM
    (
        SELECT
            chain.endpoint AS endpoint,
            chain.members[1] AS leaf,
            notEmpty(chain.accepted) AS listing,
            -- the name of an issuer stands in the certificate as it stands in the server's list, byte for byte
            multiIf(max(arrayExists(name -> position(facts.der, name) > 0, chain.accepted)), true,
                max(ifNull(facts.self_issued, false)), false, NULL)::Nullable(Bool) AS is_listed,
            maxIf(facts.subject, facts.sha256 = leaf) AS leaf_subject,
            maxIf(facts.issuer, facts.sha256 = leaf) AS leaf_issuer,
            maxIf(toStartOfSecond(chain.last) > facts.not_after, facts.sha256 = leaf) AS is_overdue
        FROM
        (
            SELECT endpoint, client_chain AS members, accepted_issuers AS accepted, max(toDateTime64(time, 6, 'UTC')) AS last
            FROM session(loads = {loads:Array(String)}, home = {home:Array(String)})
            WHERE notEmpty(client_chain) AND established AND confirmed
            GROUP BY endpoint, members, accepted
        ) AS chain
        ARRAY JOIN chain.members AS member
        INNER JOIN
        (
            SELECT known.sha256 AS sha256, ifNull(known.subject, '') AS subject, ifNull(known.issuer, '') AS issuer, known.not_after AS not_after,
                known.self_issued AS self_issued, raw.der AS der
            FROM (SELECT sha256, subject, issuer, not_after, self_issued FROM certificates FINAL
                WHERE sha256 IN (SELECT sha256 FROM sightings WHERE role = 'client')) AS known
            INNER JOIN (SELECT sha256, der FROM certificate_der FINAL
                WHERE sha256 IN (SELECT sha256 FROM sightings WHERE role = 'client')) AS raw ON raw.sha256 = known.sha256
        ) AS facts ON facts.sha256 = member
        GROUP BY endpoint, chain.members, chain.accepted
    )
    GROUP BY endpoint
) AS c USING endpoint;

CREATE OR REPLACE VIEW succession
COMMENT 'One row for endpoint, name asked for and leaf certificate there: which one came before it, and how the two relate'
AS SELECT
    endpoint,
    -- NULL: none
    asked AS server_name,
    before AS old,
    after AS new,
    -- a name in common, or without names the same subject
    hasAny(before.identities, after.identities) AS same_names,
    -- the new one was issued when the old one was in service: it is more than a second one that was always there
    ifNull(after.not_before > before.first_seen, false) AS issued_later,
    before.last_seen - toIntervalDay(1) >= before.first_seen AND after.last_seen - toIntervalDay(1) >= after.first_seen AS by_itself,
    multiIf(
        empty(earlier), 'first',
        before.last_seen < after.first_seen AND by_itself AND same_names AND before.organization = after.organization
            AND after.not_before < before.not_before AND after.not_after < before.not_after, 'rolled_back',
        -- one after the other: by its dates, or because each had a day of its own; else it may be chance that two which
        -- are both in service were seen in turn
        before.last_seen < after.first_seen AND (asked IS NOT NULL OR same_names) AND (issued_later OR by_itself), 'replaced',
        before.last_seen < after.first_seen, 'followed',
        NOT same_names OR NOT ifNull(before.key_algorithm = after.key_algorithm, false), 'parallel',
        after.not_before IS NULL OR before.not_before IS NULL, 'unread',
        NOT issued_later, 'alternating',
        before.last_seen - toIntervalDay(1) >= after.last_seen, 'rolled_back',
        'beside') AS relation
FROM
(
    SELECT
        endpoint,
        asked,
        -- the latest hundred: whoever shows a thousand certificates a day has no history
        arraySlice(arraySort(t -> (t.first_seen, t.sha256), groupArray(10000)(leaf)), -100) AS leaves,
        arrayJoin(leaves) AS after,
        arrayFilter(t -> t.first_seen < after.first_seen, leaves) AS earlier,
        arrayFilter(t -> ifNull(t.key_algorithm = after.key_algorithm, false), earlier) AS alike,
        -- of the same kind of key if there is one: servers have an RSA and an EC certificate side by side
        arraySort(t -> (t.last_seen, t.sha256), if(notEmpty(alike), alike, earlier))[-1] AS before
    FROM
    (
        SELECT
            endpoint,
            server_name AS asked,
            (sha256, first_seen, last_seen, identities, not_before, not_after, spki, issuer, organization, self_signed,
             key_algorithm, key_bits, strength, hash, signature)::Tuple(
                sha256 FixedString(32), first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'), identities Array(String),
                not_before Nullable(DateTime64(3, 'UTC')), not_after Nullable(DateTime64(3, 'UTC')), spki Nullable(FixedString(32)),
                issuer Nullable(String), organization Nullable(String), self_signed Nullable(Bool), key_algorithm Nullable(String),
                key_bits Nullable(Int64), strength Nullable(UInt16), hash Nullable(String), signature Nullable(String)) AS leaf
        FROM served(loads = {loads:Array(String)})
        WHERE NOT for_acme
    )
    GROUP BY endpoint, asked
);

CREATE OR REPLACE VIEW endpoint_history
COMMENT 'endpoint, with the leaf certificates it presented and which of them came after which'
AS SELECT
    e.*,
    p.leaf_rows::Array(Tuple(server_name Nullable(String), sha256 FixedString(32), first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'),
        not_before Nullable(DateTime64(3, 'UTC')), not_after Nullable(DateTime64(3, 'UTC')), spki Nullable(FixedString(32)))) AS leaves,
    -- pairs, with the relation of the view succession
    p.pairs::Array(Tuple(server_name Nullable(String), relation String, old Tuple(
        sha256 FixedString(32), first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'), identities Array(String),
        not_before Nullable(DateTime64(3, 'UTC')), not_after Nullable(DateTime64(3, 'UTC')), spki Nullable(FixedString(32)),
        issuer Nullable(String), organization Nullable(String), self_signed Nullable(Bool), key_algorithm Nullable(String),
        key_bits Nullable(Int64), strength Nullable(UInt16), hash Nullable(String), signature Nullable(String)), new Tuple(
        sha256 FixedString(32), first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'), identities Array(String),
        not_before Nullable(DateTime64(3, 'UTC')), not_after Nullable(DateTime64(3, 'UTC')), spki Nullable(FixedString(32)),
        issuer Nullable(String), organization Nullable(String), self_signed Nullable(Bool), key_algorithm Nullable(String),
        key_bits Nullable(Int64), strength Nullable(UInt16), hash Nullable(String), signature Nullable(String)))) AS successions
FROM endpoint(loads = {loads:Array(String)}, home = {home:Array(String)}) AS e
LEFT JOIN
(
    SELECT
        endpoint AS at,
        groupArray(10000)((server_name, new.sha256, new.first_seen, new.last_seen, new.not_before, new.not_after, new.spki)) AS leaf_rows,
        groupArrayIf(10000)((server_name, relation, old, new), relation != 'first') AS pairs
    FROM succession(loads = {loads:Array(String)})
    GROUP BY at
) AS p ON p.at = e.endpoint;

CREATE OR REPLACE VIEW endpoint_renewals
COMMENT 'endpoint_history, with certificates that another endpoint had, too, and has replaced since, and that were presented here later'
AS SELECT
    e.*,
    -- place: the endpoint that has the newer one, since then
    o.pairs::Array(Tuple(sha256 FixedString(32), not_after Nullable(DateTime64(3, 'UTC')), newer FixedString(32), place String, since DateTime64(6, 'UTC'))) AS renewed_elsewhere
FROM endpoint_history(loads = {loads:Array(String)}, home = {home:Array(String)}) AS e
LEFT JOIN
(
    SELECT here.endpoint AS at, groupUniqArray(1000)((here.sha256, here.not_after, there.newer, there.place, there.since)) AS pairs
    FROM served(loads = {loads:Array(String)}) AS here
    INNER JOIN
    (
        SELECT old.sha256 AS sha256, argMin(new.sha256, new.first_seen) AS newer, argMin(endpoint, new.first_seen) AS place, min(new.first_seen) AS since
        FROM succession(loads = {loads:Array(String)})
        WHERE relation = 'replaced' AND issued_later AND same_names
        GROUP BY sha256
    ) AS there ON there.sha256 = here.sha256
    WHERE here.last_seen > there.since AND here.endpoint != there.place
    GROUP BY at
) AS o ON o.at = e.endpoint;
