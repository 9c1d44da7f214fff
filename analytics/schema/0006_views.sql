-- The rules' vocabulary. Each view takes two parameters:
--   loads  Array(String)  loads to look at; [] is all of them
--   home   Array(String)  networks that are ours, as IPv6 CIDRs (analytics/network.py writes IPv4 ones as ::ffff:10.0.0.0/104)
-- Times are DateTime64(6): with nine digits a comparison with a certificate of the year 9999 overflows, and a rule breaks.
-- Views are stateless: a later migration replaces them.

CREATE OR REPLACE VIEW session
COMMENT 'One row a handshake: sessions, with addresses as text and what is ours'
AS WITH
    arrayMap(c -> IPv6CIDRToRange(toIPv6(splitByChar('/', c)[1]), toUInt8(splitByChar('/', c)[2])), {home:Array(String)}) AS networks
SELECT
    *,
    -- usual text: IPv4 dotted, IPv6 compressed
    replaceRegexpOne(IPv6NumToString(client_address), '^::ffff:(\\d+\\.)', '\\1') AS client,
    replaceRegexpOne(IPv6NumToString(server_address), '^::ffff:(\\d+\\.)', '\\1') AS server,
    -- address space of both sides; empty: the only one
    '' AS scope,
    -- address:port of the server, [address]:port for IPv6
    concat(if(position(server, ':') > 0, concat('[', server, ']'), server), ':', toString(server_port)) AS shown,
    -- key of the server's endpoint: scope|address|port
    concat(scope, '|', server, '|', toString(server_port)) AS endpoint,
    -- the server, the client is in the home networks
    arrayExists(n -> server_address BETWEEN n.1 AND n.2, networks)::Bool AS ours,
    arrayExists(n -> client_address BETWEEN n.1 AND n.2, networks)::Bool AS client_ours
FROM sessions
WHERE empty({loads:Array(String)}) OR has({loads:Array(String)}, load_id);

CREATE OR REPLACE VIEW holder
COMMENT 'One row for certificate, role and address (and port, of a server): who presented what, from sightings'
AS WITH
    arrayMap(c -> IPv6CIDRToRange(toIPv6(splitByChar('/', c)[1]), toUInt8(splitByChar('/', c)[2])), {home:Array(String)}) AS networks
SELECT
    seen.sha256 AS sha256,
    -- server or client
    seen.role AS role,
    seen.scope AS scope,
    -- usual text: IPv4 dotted, IPv6 compressed
    replaceRegexpOne(IPv6NumToString(seen.ip), '^::ffff:(\\d+\\.)', '\\1') AS address,
    -- NULL for clients
    if(seen.role = 'server', toNullable(seen.p), NULL) AS port,
    -- address:port of a server, address of a client
    if(seen.role = 'server', concat(if(position(address, ':') > 0, concat('[', address, ']'), address), ':', toString(seen.p)), address) AS shown,
    -- in the home networks
    arrayExists(n -> seen.ip BETWEEN n.1 AND n.2, networks)::Bool AS ours,
    seen.is_confirmed AS confirmed,
    seen.is_established AS established,
    -- smallest position in a chain; 0 is the leaf
    seen.least_position AS position,
    seen.first AS first_seen,
    seen.last AS last_seen,
    -- distinct addresses it was presented to
    seen.peer_count AS peers,
    -- names the clients asked for
    seen.names AS server_names
FROM
(
    SELECT
        sha256,
        role,
        scope,
        address AS ip,
        port AS p,
        max(confirmed)::Bool AS is_confirmed,
        max(established)::Bool AS is_established,
        min(position)::UInt16 AS least_position,
        toDateTime64(min(first_seen), 6, 'UTC') AS first,
        toDateTime64(max(last_seen), 6, 'UTC') AS last,
        uniqMerge(peers) AS peer_count,
        arraySort(groupUniqArray(1000)(server_name)) AS names
    FROM sightings
    WHERE empty({loads:Array(String)}) OR has({loads:Array(String)}, load_id)
    GROUP BY sha256, role, scope, ip, p
) AS seen;

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
    seen.last AS last_seen
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
INNER JOIN (SELECT * FROM certificates FINAL) AS facts ON facts.sha256 = seen.sha256;

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
    e.last AS last_seen
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
        toDateTime64(max(s.time), 6, 'UTC') AS last
    FROM session(loads = {loads:Array(String)}, home = {home:Array(String)}) AS s
    GROUP BY at_scope, ip, p
) AS e;

CREATE OR REPLACE VIEW lacking
COMMENT 'Certificates that sessions name and the store does not hold: a segment was lost, or is still to come'
AS SELECT
    sightings.sha256 AS sha256,
    -- distinct places it was seen at
    uniqExact(role, scope, address, port) AS holders,
    toDateTime64(min(first_seen), 6, 'UTC') AS first_seen,
    toDateTime64(max(last_seen), 6, 'UTC') AS last_seen
FROM sightings
WHERE (empty({loads:Array(String)}) OR has({loads:Array(String)}, load_id)) AND sha256 NOT IN (SELECT sha256 FROM certificates)
GROUP BY sha256;
