-- Keys as things. Same parameters as the other views (0006_views.sql).

CREATE OR REPLACE VIEW key_holder
COMMENT 'One row for key, certificate, role and address (and port, of a server): who presented which key, in which certificate'
AS SELECT
    c.spki AS spki_sha256,
    h.sha256 AS sha256,
    c.* EXCEPT (spki, certificate),
    h.* EXCEPT (sha256)
FROM holder(loads = {loads:Array(String)}, home = {home:Array(String)}) AS h
INNER JOIN
(
    SELECT
        sha256 AS certificate,
        assumeNotNull(spki_sha256) AS spki,
        subject,
        issuer,
        key_algorithm,
        key_bits,
        key_curve,
        key_exponent,
        is_ca,
        self_issued,
        -- what it calls its holder: alternative names of hosts, else the common name, else the whole subject, in lower
        -- case; empty: not readable, or it has none
        arrayMap(n -> lower(substring(n, position(n, ':') + 1)), arrayFilter(n -> n LIKE 'dns:%' OR n LIKE 'ip:%', sans)) AS hosts,
        arrayMap(n -> lower(substring(n, 4)), arrayFilter(n -> n LIKE 'CN=%', subject_attributes)) AS common,
        multiIf(
            NOT sans_known, []::Array(String),
            notEmpty(hosts), arraySort(arrayDistinct(hosts)),
            notEmpty(common), arraySort(arrayDistinct(common)),
            notEmpty(ifNull(subject, '')), [lower(assumeNotNull(subject))],
            []::Array(String)) AS names
    FROM certificates FINAL
    WHERE spki_sha256 IS NOT NULL
) AS c ON c.certificate = h.sha256;

CREATE OR REPLACE VIEW key
COMMENT 'One row a key that was presented: its certificates, names and holders, and what is known against it'
AS SELECT
    who.spki AS spki_sha256,
    what.algorithm AS key_algorithm,
    what.bits AS key_bits,
    what.curve AS key_curve,
    what.exponent AS key_exponent,
    -- SHA-256 of its certificates, at most 1000, and how many there are
    what.certificate_set AS certificates,
    what.certificate_number AS certificate_count,
    -- subjects and issuers of its certificates, at most 100 of each
    what.subject_set AS subjects,
    what.issuer_set AS issuers,
    -- names of its leaves, at most 100, and how many different sets of them there are
    what.name_set AS names,
    what.set_number AS name_set_count,
    -- a certificate with it was presented as the holder's own; a certificate with it says that it is a CA
    (what.leaf_number > 0)::Bool AS presented_as_leaf,
    what.any_ca AS is_ca,
    -- two leaves have it that share neither a name nor an address (of the first 64 different sets of names); NULL where
    -- the names of a leaf could not be read
    multiIf(
        arrayExists(a -> arrayExists(b ->
            NOT hasAny(a.1, b.1) AND NOT hasAny(a.2, b.3) AND NOT hasAny(b.2, a.3) AND NOT hasAny(a.4, b.4),
            what.sets), what.sets), true,
        what.nameless > 0 AND what.leaf_number > 1, NULL,
        false)::Nullable(Bool) AS under_other_names,
    -- ours first, then servers, then by address
    arrayMap(h -> h.3, who.ordered)::Array(Tuple(
        role String, address String, port Nullable(UInt16), ours Bool, confirmed Bool,
        first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'), server_names Array(String))) AS holders,
    who.holder_rows AS holder_count,
    who.our_rows AS ours_count,
    who.any_ours AS ours,
    who.any_confirmed AS confirmed,
    who.first AS first_seen,
    who.last AS last_seen,
    -- what checks found, by name; nothing else is wrong with it only where weaknesses_known
    checked.found AS weaknesses,
    (checked.there AND checked.why_not IS NULL)::Bool AS weaknesses_known,
    -- why not every check could be made
    if(checked.there, checked.why_not, 'not looked at yet') AS unchecked,
    -- blocklists were given and asked; one has it (NULL: it has no number that they could be asked for)
    looked.there AS looked_up,
    looked.is_known AS known,
    looked.name AS known_as,
    -- it shares a prime with another modulus of the store; NULL: not held against the others, or no RSA key
    if(factors.there, toNullable(factors.others > 0), NULL)::Nullable(Bool) AS shares_prime,
    -- how many others it shares one with; of at most 100 of them, the certificates: SHA-256 and subject
    factors.others AS shares_prime_count,
    partners.shown AS shares_prime_with,
    -- factors of the modulus, hexadecimal, however they were found
    coalesce(factors.p, checked.p) AS factor_p,
    coalesce(factors.q, checked.q) AS factor_q
FROM
(
    SELECT
        spki,
        arraySort(t -> (t.1, t.2, (t.3).2, (t.3).3), groupArray((NOT is_ours, role != 'server',
            (role, address, port, is_ours, is_confirmed, seen_first, seen_last, asked)))) AS ordered,
        count() AS holder_rows,
        countIf(is_ours) AS our_rows,
        max(is_ours)::Bool AS any_ours,
        max(is_confirmed)::Bool AS any_confirmed,
        min(seen_first) AS first,
        max(seen_last) AS last
    FROM
    (
        SELECT
            spki_sha256 AS spki,
            role,
            address,
            port,
            max(ours)::Bool AS is_ours,
            max(confirmed)::Bool AS is_confirmed,
            min(first_seen) AS seen_first,
            max(last_seen) AS seen_last,
            arraySort(groupUniqArrayArray(1000)(server_names)) AS asked
        FROM key_holder(loads = {loads:Array(String)}, home = {home:Array(String)})
        GROUP BY spki, role, address, port
    )
    GROUP BY spki
) AS who
INNER JOIN
(
    SELECT
        spki,
        any(set_algorithm) AS algorithm,
        any(set_bits) AS bits,
        any(set_curve) AS curve,
        any(set_exponent) AS exponent,
        max(set_ca) AS any_ca,
        arraySort(groupUniqArrayArray(1000)(set_certificates)) AS certificate_set,
        sum(set_certificate_number) AS certificate_number,
        arraySort(groupUniqArrayArray(100)(set_subjects)) AS subject_set,
        arraySort(groupUniqArrayArray(100)(set_issuers)) AS issuer_set,
        arraySort(groupUniqArrayArrayIf(100)(set_names, set_leaves > 0)) AS name_set,
        countIf(set_leaves > 0 AND notEmpty(set_names)) AS set_number,
        sum(set_leaves) AS leaf_number,
        sumIf(set_leaves, empty(set_names)) AS nameless,
        -- names; those of them that are wildcards; wildcards that would cover them; addresses
        groupArrayIf(64)((
            set_names,
            arrayFilter(n -> startsWith(n, '*.'), set_names),
            arrayMap(n -> concat('*', substring(n, position(n, '.'))), arrayFilter(n -> position(n, '.') > 0, set_names)),
            set_addresses), set_leaves > 0 AND notEmpty(set_names)) AS sets
    FROM
    (
        SELECT
            spki_sha256 AS spki,
            names AS set_names,
            any(key_algorithm) AS set_algorithm,
            any(key_bits) AS set_bits,
            any(key_curve) AS set_curve,
            any(key_exponent) AS set_exponent,
            max(is_ca) AS set_ca,
            groupUniqArray(1000)(sha256) AS set_certificates,
            uniqExact(sha256) AS set_certificate_number,
            groupUniqArray(100)(subject) AS set_subjects,
            groupUniqArray(100)(issuer) AS set_issuers,
            uniqExactIf(sha256, position = 0) AS set_leaves,
            groupUniqArrayIf(1000)(address, position = 0) AS set_addresses
        FROM key_holder(loads = {loads:Array(String)}, home = {home:Array(String)})
        GROUP BY spki, set_names
    )
    GROUP BY spki
) AS what ON what.spki = who.spki
LEFT JOIN
(
    SELECT spki_sha256 AS spki, true AS there, weaknesses AS found, unchecked AS why_not, modulus_sha256 AS modulus_id, factor_p AS p, factor_q AS q
    FROM keys FINAL
) AS checked ON checked.spki = who.spki
LEFT JOIN
(
    SELECT spki_sha256 AS spki, true AS there, known AS is_known, known_as AS name FROM key_lookups FINAL
) AS looked ON looked.spki = who.spki
LEFT JOIN
(
    SELECT modulus_sha256 AS modulus_id, true AS there, shared AS others, factor_p AS p, factor_q AS q FROM key_factors FINAL
) AS factors ON factors.modulus_id = checked.modulus_id
LEFT JOIN
(
    SELECT
        one.modulus_id AS modulus_id,
        arraySort(groupUniqArray(100)(concat(lower(hex(c.sha256)), ' ', ifNull(c.subject, '')))) AS shown
    FROM
    (
        SELECT modulus_sha256 AS modulus_id, arrayJoin(partners) AS partner FROM key_factors FINAL WHERE shared > 0
    ) AS one
    INNER JOIN
    (
        SELECT spki_sha256 AS spki, lower(hex(assumeNotNull(modulus_sha256))) AS modulus_name FROM keys FINAL
        WHERE modulus_sha256 IN (SELECT modulus_sha256 FROM key_factors WHERE shared > 0)
    ) AS k ON k.modulus_name = one.partner
    INNER JOIN
    (
        SELECT sha256, subject, assumeNotNull(spki_sha256) AS spki FROM certificates FINAL WHERE spki_sha256 IS NOT NULL
    ) AS c ON c.spki = k.spki
    GROUP BY modulus_id
) AS partners ON partners.modulus_id = checked.modulus_id;
