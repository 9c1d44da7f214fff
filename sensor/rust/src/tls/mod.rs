//! TLS as a passive observer reads it: records, handshake messages, what they say.

pub mod alert;
mod cipher_suites;
pub mod facts;
pub mod fingerprint;
pub mod half;
pub mod hello;
pub mod message;
pub mod opener;
pub mod profiles;
pub mod reassembly;
pub mod registry;
pub mod scanner;

/// Largest record body of any version: TLSCiphertext of TLS 1.2 (RFC 5246 6.2.3).
pub const MAX_RECORD: u16 = 16_384 + 2_048;
/// Content type, version, length.
pub const RECORD_HEADER: usize = 5;

/// Record content types (RFC 8446 5.1).
pub mod content {
    /// change_cipher_spec
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// alert
    pub const ALERT: u8 = 21;
    /// handshake
    pub const HANDSHAKE: u8 = 22;
    /// application_data
    pub const APPLICATION_DATA: u8 = 23;
    /// heartbeat (RFC 6520)
    pub const HEARTBEAT: u8 = 24;
}

/// Handshake message types (RFC 8446 4, RFC 5246 7.4).
pub mod handshake {
    /// client_hello
    pub const CLIENT_HELLO: u8 = 1;
    /// server_hello
    pub const SERVER_HELLO: u8 = 2;
    /// certificate
    pub const CERTIFICATE: u8 = 11;
    /// server_key_exchange
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    /// certificate_request
    pub const CERTIFICATE_REQUEST: u8 = 13;
    /// server_hello_done
    pub const SERVER_HELLO_DONE: u8 = 14;
    /// certificate_verify
    pub const CERTIFICATE_VERIFY: u8 = 15;
    /// client_key_exchange
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    /// certificate_status (RFC 6066)
    pub const CERTIFICATE_STATUS: u8 = 22;
    /// compressed_certificate (RFC 8879)
    pub const COMPRESSED_CERTIFICATE: u8 = 25;

    /// Whether a message of this type may stand in plaintext.
    #[must_use]
    pub fn is_known(kind: u8) -> bool {
        matches!(kind, 0..=2 | 4 | 11..=16 | 20..=25 | 67)
    }
}

/// Whether these five bytes can be a record header.
#[must_use]
pub fn is_record_header(header: [u8; RECORD_HEADER]) -> bool {
    let [kind, major, minor, high, low] = header;
    (content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(&kind)
        && major == 3
        && minor <= 4
        && u16::from_be_bytes([high, low]) <= MAX_RECORD
}
