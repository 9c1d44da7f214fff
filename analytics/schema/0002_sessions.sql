-- One row a handshake, as the sensor saw it. The sensor's columns travel as Arrow and are inserted byte for byte; what
-- names the load comes from the comment of the INSERT (setting log_comment, JSON), so that the bytes stay as they are.
-- The window of tokens serves retries of one INSERT; what was loaded is in the ledger.
-- Time to live counts from the load, not from the packets: an audit of an old capture must not lose it at once.

CREATE TABLE IF NOT EXISTS sessions
(
    session_id FixedString(16) COMMENT 'From sensor, time of the first frame, flow and ordinal: the same however it was read',
    connection_id FixedString(16) COMMENT 'Shared by the handshakes of one connection (renegotiation)',
    community_id String COMMENT 'Community ID v1 of the flow',
    time DateTime64(9, 'UTC') COMMENT 'First packet of the handshake',
    sensor LowCardinality(String) COMMENT 'Name of the sensor; empty: an audit on this machine',
    capture LowCardinality(Nullable(String)) COMMENT 'Name of the capture; NULL: live traffic',
    frame Nullable(UInt64) COMMENT 'Number in the capture, from 1, of the first frame of the handshake',
    interface LowCardinality(Nullable(String)) COMMENT 'Interface it was captured on, where known',
    client_address IPv6 COMMENT 'TLS client; IPv4 as ::ffff:a.b.c.d',
    client_port UInt16 COMMENT 'Port of the TLS client',
    client_mac LowCardinality(Nullable(String)) COMMENT 'Link-layer address that frames of the client came from',
    server_address IPv6 COMMENT 'TLS server; IPv4 as ::ffff:a.b.c.d',
    server_port UInt16 COMMENT 'Port of the TLS server',
    server_mac LowCardinality(Nullable(String)) COMMENT 'Link-layer address that frames of the server came from',
    encapsulation Array(LowCardinality(String)) COMMENT 'Outermost first: vlan:10, vxlan:42 ...',
    transport LowCardinality(String) COMMENT 'tcp, udp, eapol, radius',
    protocol LowCardinality(String) COMMENT 'tls (SSL 2 and 3 too), dtls, quic ...',
    carrier LowCardinality(Nullable(String)) COMMENT 'What spoke before TLS: smtp+starttls ...; NULL: not known',
    plaintext_before Nullable(UInt64) COMMENT 'Bytes of plain text before the handshake; NULL: the start of the stream was not seen',
    version LowCardinality(Nullable(String)) COMMENT 'Negotiated: SSLv2, SSLv3, TLSv1.0 ... TLSv1.3; NULL: no answer of the server was seen, or no name',
    version_code Nullable(UInt16) COMMENT 'Negotiated version as on the wire',
    version_offered LowCardinality(Nullable(String)) COMMENT 'Highest version the client offered',
    version_offered_code Nullable(UInt16) COMMENT 'The same as on the wire',
    cipher_suite LowCardinality(Nullable(String)) COMMENT 'Chosen suite by its IANA name',
    cipher_suite_code Nullable(UInt16) COMMENT 'Chosen suite as on the wire',
    named_group LowCardinality(Nullable(String)) COMMENT 'Key exchange group by its IANA name',
    named_group_code Nullable(UInt16) COMMENT 'Key exchange group as on the wire',
    signature_scheme LowCardinality(Nullable(String)) COMMENT 'What the server signed the key exchange with',
    signature_scheme_code Nullable(UInt16) COMMENT 'The same as on the wire',
    server_name Nullable(String) COMMENT 'Name the client asked for (SNI); NULL: none, or not seen',
    alpn LowCardinality(Nullable(String)) COMMENT 'Application protocol the server chose',
    alpn_offered Array(LowCardinality(String)) COMMENT 'Application protocols the client offered',
    alpn_offered_known Bool COMMENT 'False: alpn_offered was not seen',
    ech_offered Nullable(Bool) COMMENT 'Client offered Encrypted Client Hello; NULL: no hello seen',
    resumed Nullable(Bool) COMMENT 'An earlier session was resumed; NULL: cannot be told',
    ja3 LowCardinality(Nullable(String)) COMMENT 'JA3 of the ClientHello, MD5 in hexadecimal',
    ja3s LowCardinality(Nullable(String)) COMMENT 'JA3S of the ServerHello, MD5 in hexadecimal',
    ja4 LowCardinality(Nullable(String)) COMMENT 'JA4 of the ClientHello',
    server_chain Array(FixedString(32)) COMMENT 'SHA-256 of the certificates the server sent, in its order, leaf first',
    server_chain_known Bool COMMENT 'False: no Certificate message of the server was seen',
    client_chain Array(FixedString(32)) COMMENT 'SHA-256 of the certificates the client sent, in its order, leaf first',
    client_chain_known Bool COMMENT 'False: no Certificate message of the client was seen',
    client_certificate_requested Nullable(Bool) COMMENT 'Server asked for a certificate; NULL: cannot be told',
    accepted_issuers Array(String) COMMENT 'DER names of the authorities the server takes client certificates of (bytes, not text)',
    accepted_issuers_known Bool COMMENT 'False: no CertificateRequest was seen',
    ocsp_stapled Nullable(Bool) COMMENT 'Server sent an OCSP answer; NULL: cannot be told',
    sct_count Nullable(UInt16) COMMENT 'Signed certificate timestamps in the handshake; NULL: cannot be told',
    alerts Array(LowCardinality(String)) COMMENT 'In order: server fatal handshake_failure(40) ...',
    established Bool COMMENT 'Handshake was seen to end well',
    confirmed Bool COMMENT 'The peer proved to be there: the handshake went on from both sides',
    bytes_lost UInt64 COMMENT 'Bytes of the handshake that are missing from the capture',
    server_visibility LowCardinality(String) COMMENT 'Why the certificate of the server is, or is not, known: visible, encrypted, resumed ...',
    client_visibility LowCardinality(String) COMMENT 'Why the certificate of the client is, or is not, known',
    load_id LowCardinality(String) DEFAULT JSONExtractString(getSetting('log_comment'), 'load_id') COMMENT 'Load that brought the row',
    loaded_at DateTime('UTC') DEFAULT now() COMMENT 'By the clock of the engine; time to live counts from here',
    CONSTRAINT load_is_named CHECK load_id != ''
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(loaded_at)
ORDER BY (server_address, server_port, time)
TTL loaded_at + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Observed handshakes, one row each; kept for 90 days after they were loaded';
