-- Facts of each distinct certificate, and apart from them its DER: wide values would make reading the facts dear.
-- Both are filled from certificates_in, which keeps nothing and takes certificates.arrow byte for byte.
-- A list that could not be read is empty and its _known column false; texts, numbers and times are NULL instead.

CREATE TABLE IF NOT EXISTS certificates
(
    sha256 FixedString(32) COMMENT 'SHA-256 of the DER: names the certificate',
    sha1 FixedString(20) COMMENT 'SHA-1 of the DER',
    der_length Int64 COMMENT 'Bytes of the DER',
    facts_version Int64 COMMENT 'Version of how it was read; a higher one replaces a lower one',
    spki_sha256 Nullable(FixedString(32)) COMMENT 'SHA-256 of the SubjectPublicKeyInfo: names the key',
    version Nullable(Int64) COMMENT '1, 2 or 3 as people say it, or what was found',
    serial Nullable(String) COMMENT 'Serial number, hexadecimal, as encoded',
    subject Nullable(String) COMMENT 'RFC 4514 text; empty: an empty name',
    issuer Nullable(String) COMMENT 'RFC 4514 text; empty: an empty name',
    subject_attributes Array(String) COMMENT 'Attributes of the subject, in the order of the DER: CN=...',
    subject_attributes_known Bool COMMENT 'False: they could not be read',
    issuer_attributes Array(String) COMMENT 'Attributes of the issuer, in the order of the DER: CN=...',
    issuer_attributes_known Bool COMMENT 'False: they could not be read',
    sans Array(String) COMMENT 'Subject alternative names: dns:..., ip:..., email:... ...',
    sans_known Bool COMMENT 'False: they could not be read',
    not_before Nullable(DateTime64(3, 'UTC')) COMMENT 'Start of validity',
    not_after Nullable(DateTime64(3, 'UTC')) COMMENT 'Last second of validity (it is still valid then)',
    key_algorithm LowCardinality(Nullable(String)) COMMENT 'RSA, EC, DSA, Ed25519 ... or the OID',
    key_bits Nullable(Int64) COMMENT 'RSA and DSA: bits of the modulus; EC: of the field',
    key_curve LowCardinality(Nullable(String)) COMMENT 'Named curve, its OID, or explicit',
    key_exponent LowCardinality(Nullable(String)) COMMENT 'RSA public exponent, decimal',
    signature_algorithm LowCardinality(Nullable(String)) COMMENT 'Name or OID of the outer signature algorithm',
    signature_hash LowCardinality(Nullable(String)) COMMENT 'Its hash: sha1, md5, sha256 ...',
    tbs_signature_algorithm LowCardinality(Nullable(String)) COMMENT 'Name or OID of the one inside the signed part',
    tbs_signature_hash LowCardinality(Nullable(String)) COMMENT 'Its hash',
    is_ca Nullable(Bool) COMMENT 'Basic constraints say so; false when they are absent',
    path_length Nullable(Int64) COMMENT 'pathLenConstraint; NULL: absent or not readable',
    key_usage Array(LowCardinality(String)) COMMENT 'RFC 5280 names; empty: absent',
    key_usage_known Bool COMMENT 'False: it could not be read',
    extended_key_usage Array(LowCardinality(String)) COMMENT 'RFC names or OIDs; empty: absent',
    extended_key_usage_known Bool COMMENT 'False: it could not be read',
    subject_key_id Nullable(String) COMMENT 'Hexadecimal; NULL: absent or not readable',
    authority_key_id Nullable(String) COMMENT 'Hexadecimal; NULL: absent or not readable',
    policies Array(LowCardinality(String)) COMMENT 'OIDs of certificate policies; empty: absent',
    policies_known Bool COMMENT 'False: they could not be read',
    ocsp_urls Array(LowCardinality(String)) COMMENT 'Where to ask for revocation (OCSP); empty: absent',
    ocsp_urls_known Bool COMMENT 'False: they could not be read',
    ca_issuer_urls Array(LowCardinality(String)) COMMENT 'Where the certificate of the issuer is to be had; empty: absent',
    ca_issuer_urls_known Bool COMMENT 'False: they could not be read',
    crl_urls Array(LowCardinality(String)) COMMENT 'CRL distribution points; empty: absent',
    crl_urls_known Bool COMMENT 'False: they could not be read',
    sct_count Nullable(Int64) COMMENT 'Embedded signed certificate timestamps; 0: extension absent',
    adcs_template LowCardinality(Nullable(String)) COMMENT 'Microsoft AD CS template: name or OID; NULL: absent or not readable',
    name_constraints Array(String) COMMENT 'permitted:dns:..., excluded:ip:...; empty: absent',
    name_constraints_known Bool COMMENT 'False: they could not be read',
    extensions Array(LowCardinality(String)) COMMENT 'OIDs of all extensions, in order',
    extensions_known Bool COMMENT 'False: they could not be read',
    critical_extensions Array(LowCardinality(String)) COMMENT 'OIDs of those marked critical',
    critical_extensions_known Bool COMMENT 'False: they could not be read',
    unknown_extensions Array(LowCardinality(String)) COMMENT 'OIDs of those nothing here reads',
    unknown_extensions_known Bool COMMENT 'False: they could not be read',
    self_issued Nullable(Bool) COMMENT 'Subject and issuer are the same name, as encoded',
    self_signed Nullable(Bool) COMMENT 'Signature verifies with its own key; NULL: cannot be verified here',
    defects Array(String) COMMENT 'What is malformed: one JSON object each (code, where, offset, need, got)'
)
ENGINE = ReplacingMergeTree(facts_version)
ORDER BY sha256
COMMENT 'Facts of each distinct certificate; read it with FINAL';

CREATE TABLE IF NOT EXISTS certificate_der
(
    sha256 FixedString(32) COMMENT 'SHA-256 of the DER: names the certificate',
    der String COMMENT 'The certificate itself (bytes, not text)'
)
ENGINE = ReplacingMergeTree
ORDER BY sha256
SETTINGS index_granularity = 256
COMMENT 'DER of each distinct certificate; read it with FINAL';

CREATE TABLE IF NOT EXISTS certificates_in AS certificates
ENGINE = Null
COMMENT 'Door of certificates.arrow: keeps nothing, feeds certificates and certificate_der';

ALTER TABLE certificates_in ADD COLUMN IF NOT EXISTS der String COMMENT 'The certificate itself (bytes, not text)';

CREATE MATERIALIZED VIEW IF NOT EXISTS certificates_from_in TO certificates
COMMENT 'Feeds certificates from certificates_in, what they do not hold yet'
AS SELECT * EXCEPT (der) FROM certificates_in
WHERE (sha256, facts_version) NOT IN (SELECT sha256, facts_version FROM certificates);

CREATE MATERIALIZED VIEW IF NOT EXISTS certificate_der_from_in TO certificate_der
COMMENT 'Feeds certificate_der from certificates_in, what it does not hold yet'
AS SELECT sha256, der FROM certificates_in
WHERE sha256 NOT IN (SELECT sha256 FROM certificate_der);
