//! Names for numbers (IANA "Transport Layer Security (TLS) Parameters"). The number is what counts; a name is decoration.

use super::cipher_suites::CIPHER_SUITES;

/// A protocol version as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version(pub u16);

impl Version {
    /// TLS 1.3, also in its drafts (0x7fXX).
    #[must_use]
    pub fn is_13(self) -> bool {
        self.0 == 0x0304 || self.0 >> 8 == 0x7f
    }

    /// `TLSv1.2`; `None` for a number nobody registered.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self.0 {
            0x0002 => Some("SSLv2"),
            0x0300 => Some("SSLv3"),
            0x0301 => Some("TLSv1.0"),
            0x0302 => Some("TLSv1.1"),
            0x0303 => Some("TLSv1.2"),
            _ if self.is_13() => Some("TLSv1.3"),
            _ => None,
        }
    }
}

/// Values that clients send at random so that servers learn to ignore the unknown (RFC 8701).
#[must_use]
pub fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`
#[must_use]
pub fn cipher_suite(number: u16) -> Option<&'static str> {
    named(CIPHER_SUITES, number)
}

/// The suite authenticates nobody by certificate: anonymous, pre-shared key, Kerberos, password.
#[must_use]
pub fn needs_no_certificate(number: u16) -> bool {
    cipher_suite(number).is_some_and(|name| {
        let key_exchange = name.split("_WITH_").next().unwrap_or(name);
        key_exchange.contains("_anon")
            || key_exchange.contains("KRB5")
            || key_exchange.ends_with("_SRP_SHA")
            || key_exchange.contains("ECCPWD")
            || (key_exchange.contains("PSK") && !key_exchange.contains("RSA_PSK"))
    })
}

/// `x25519`
#[must_use]
pub fn group(number: u16) -> Option<&'static str> {
    named(GROUPS, number)
}

/// `rsa_pss_rsae_sha256`; of TLS 1.2 pairs that TLS 1.3 does not name: `sha224 rsa`.
#[must_use]
pub fn signature_scheme(number: u16) -> Option<&'static str> {
    named(SIGNATURE_SCHEMES, number)
}

/// `handshake_failure`
#[must_use]
pub fn alert(number: u8) -> Option<&'static str> {
    named(ALERTS, u16::from(number))
}

fn named(table: &[(u16, &'static str)], number: u16) -> Option<&'static str> {
    let at = table.binary_search_by_key(&number, |row| row.0).ok()?;
    table.get(at).map(|row| row.1)
}

static GROUPS: &[(u16, &str)] = &[
    (1, "sect163k1"),
    (2, "sect163r1"),
    (3, "sect163r2"),
    (4, "sect193r1"),
    (5, "sect193r2"),
    (6, "sect233k1"),
    (7, "sect233r1"),
    (8, "sect239k1"),
    (9, "sect283k1"),
    (10, "sect283r1"),
    (11, "sect409k1"),
    (12, "sect409r1"),
    (13, "sect571k1"),
    (14, "sect571r1"),
    (15, "secp160k1"),
    (16, "secp160r1"),
    (17, "secp160r2"),
    (18, "secp192k1"),
    (19, "secp192r1"),
    (20, "secp224k1"),
    (21, "secp224r1"),
    (22, "secp256k1"),
    (23, "secp256r1"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (26, "brainpoolP256r1"),
    (27, "brainpoolP384r1"),
    (28, "brainpoolP512r1"),
    (29, "x25519"),
    (30, "x448"),
    (31, "brainpoolP256r1tls13"),
    (32, "brainpoolP384r1tls13"),
    (33, "brainpoolP512r1tls13"),
    (34, "GC256A"),
    (35, "GC256B"),
    (36, "GC256C"),
    (37, "GC256D"),
    (38, "GC512A"),
    (39, "GC512B"),
    (40, "GC512C"),
    (41, "curveSM2"),
    (0x0100, "ffdhe2048"),
    (0x0101, "ffdhe3072"),
    (0x0102, "ffdhe4096"),
    (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"),
    (0x0200, "MLKEM512"),
    (0x0201, "MLKEM768"),
    (0x0202, "MLKEM1024"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ec, "X25519MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
    (0x6399, "X25519Kyber768Draft00"),
    (0x639a, "SecP256r1Kyber768Draft00"),
];

static SIGNATURE_SCHEMES: &[(u16, &str)] = &[
    (0x0101, "md5 rsa"),
    (0x0201, "rsa_pkcs1_sha1"),
    (0x0202, "sha1 dsa"),
    (0x0203, "ecdsa_sha1"),
    (0x0301, "sha224 rsa"),
    (0x0302, "sha224 dsa"),
    (0x0303, "sha224 ecdsa"),
    (0x0401, "rsa_pkcs1_sha256"),
    (0x0402, "sha256 dsa"),
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0501, "rsa_pkcs1_sha384"),
    (0x0502, "sha384 dsa"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0601, "rsa_pkcs1_sha512"),
    (0x0602, "sha512 dsa"),
    (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0708, "sm2sig_sm3"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0807, "ed25519"),
    (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"),
    (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
    (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
    (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
    (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
    (0x0904, "mldsa44"),
    (0x0905, "mldsa65"),
    (0x0906, "mldsa87"),
];

static ALERTS: &[(u16, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (117, "general_error"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_so_that_every_number_is_found() {
        for table in [CIPHER_SUITES, GROUPS, SIGNATURE_SCHEMES, ALERTS] {
            assert!(table.len() > 20);
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn grease_is_told_from_what_resembles_it() {
        assert!(is_grease(0x0a0a) && is_grease(0xfafa));
        assert!(!is_grease(0x0a1a) && !is_grease(0x0a0b) && !is_grease(0x1301));
    }

    #[test]
    fn suites_without_a_certificate() {
        // TLS_DH_anon_WITH_AES_128_CBC_SHA, TLS_PSK_WITH_AES_128_GCM_SHA256, TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA
        for number in [0x0034, 0x00a8, 0xc035] {
            assert!(needs_no_certificate(number), "{number:04x}");
        }
        // TLS_RSA_PSK_WITH_AES_128_GCM_SHA256 sends one; so do SRP with RSA and all others.
        for number in [0x00ac, 0xc01e, 0x002f, 0xc02f, 0x1301] {
            assert!(!needs_no_certificate(number), "{number:04x}");
        }
    }
}
