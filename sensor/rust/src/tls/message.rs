//! The bodies of handshake messages other than the hellos.

use super::registry::{self, Version};
use crate::bytes::Reader;

/// How the list of a Certificate message was.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The body ends where the list says, and every certificate is complete.
    pub complete: bool,
    /// There are more than the cap allows; the rest is left out.
    pub too_long: bool,
}

/// More names than any server sends: the longest public lists have some hundreds.
const MAX_ISSUERS: usize = 1_024;

/// Read the body of a Certificate message (RFC 5246 7.4.2): the DER of each certificate that is complete goes to
/// `receive`, in the order sent.
pub fn certificates<'a>(
    body: &'a [u8],
    max_chain: usize,
    mut receive: impl FnMut(&'a [u8]),
) -> Chain {
    let mut chain = Chain::default();
    let mut reader = Reader::new(body);
    let Some(length) = reader.u24().and_then(|n| usize::try_from(n).ok()) else {
        return chain;
    };
    let there = reader.rest();
    let mut list = Reader::new(there.get(..length).unwrap_or(there));
    let mut number = 0;
    while !list.is_empty() {
        match list.vector24() {
            Some(_) if number == max_chain => {
                chain.too_long = true;
                return chain;
            }
            // ASN.1Cert is opaque<1..2^24-1>: an empty one is none, and what follows it is not to be trusted.
            Some(der) if !der.is_empty() => {
                number += 1;
                receive(der.rest());
            }
            _ => return chain,
        }
    }
    chain.complete = there.len() == length;
    chain
}

/// The names a CertificateRequest accepts as issuers, as DER; `None` when it is malformed.
#[must_use]
pub fn accepted_issuers(body: &[u8], version: Option<Version>) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(body);
    reader.vector8()?;
    // From TLS 1.2 on, signature algorithms stand between (RFC 5246 7.4.4).
    if version.is_none_or(|version| version.0 >= 0x0303) {
        reader.vector16()?;
    }
    let mut list = reader.vector16()?;
    let mut names = Vec::new();
    while !list.is_empty() {
        // DistinguishedName is opaque<1..2^16-1>.
        let name = list.vector16().filter(|name| !name.is_empty())?;
        if names.len() == MAX_ISSUERS {
            return None;
        }
        names.push(name.rest().to_vec());
    }
    Some(names)
}

/// What a ServerKeyExchange tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeyExchange {
    /// Named curve (RFC 8422 5.4).
    pub group: Option<u16>,
    /// Bits of the prime of a finite-field exchange (RFC 5246 7.4.3).
    pub prime_bits: Option<u16>,
    /// Signature and hash (TLS 1.2).
    pub scheme: Option<u16>,
}

/// Read a ServerKeyExchange; what it is made of depends on the cipher suite.
#[must_use]
pub fn key_exchange(body: &[u8], cipher: u16, version: Version) -> KeyExchange {
    let mut exchange = KeyExchange::default();
    let name = registry::cipher_suite(cipher).unwrap_or_default();
    let _ = read_key_exchange(&mut exchange, Reader::new(body), name, version);
    exchange
}

fn read_key_exchange(
    exchange: &mut KeyExchange,
    mut reader: Reader<'_>,
    suite: &str,
    version: Version,
) -> Option<()> {
    const NAMED_CURVE: u8 = 3;
    // Of the usual ones the beginning tells all that is asked here.
    const USUAL: [&str; 3] = ["TLS_ECDHE_RSA_W", "TLS_ECDHE_ECDSA_W", "TLS_DHE_RSA_W"];
    let usual = USUAL.iter().any(|start| suite.starts_with(start));
    let has_psk = !usual && suite.contains("PSK");
    if has_psk {
        reader.vector16()?;
    }
    if suite.starts_with("TLS_ECDHE") || suite.starts_with("TLS_ECDH_anon") {
        if reader.u8()? != NAMED_CURVE {
            return None;
        }
        exchange.group = Some(reader.u16()?);
        reader.vector8()?;
    } else if suite.starts_with("TLS_DHE") || suite.starts_with("TLS_DH_anon") {
        exchange.prime_bits = bits(reader.vector16()?.rest());
        for _ in ["g", "Ys"] {
            reader.vector16()?;
        }
    } else {
        return None;
    }
    let signed = usual || !suite.contains("_anon") && !has_psk;
    if signed && version.0 == 0x0303 {
        exchange.scheme = Some(reader.u16()?);
    }
    Some(())
}

/// Length of a number; `None` if it is longer than any that is used.
fn bits(number: &[u8]) -> Option<u16> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    let [first, rest @ ..] = number.get(zeros..)? else {
        return Some(0);
    };
    u16::try_from(rest.len() * 8 + 8)
        .ok()
        .and_then(|all| all.checked_sub(u16::try_from(first.leading_zeros()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], max_chain: usize) -> (Vec<&[u8]>, Chain) {
        let mut certificates = Vec::new();
        let chain = super::certificates(body, max_chain, |der| certificates.push(der));
        (certificates, chain)
    }

    #[test]
    fn complete_certificates_before_a_cut_are_kept() {
        let body = [0, 0, 9, 0, 0, 2, 7, 8, 0, 0, 1, 9];
        let (certificates, whole) = read(&body, 9);
        assert_eq!(vec![&[7, 8][..], &[9]], certificates);
        assert!(whole.complete);
        for n in 0..body.len() {
            let (certificates, cut) = read(&body[..n], 9);
            assert_eq!(
                (usize::from(n >= 8), false),
                (certificates.len(), cut.complete)
            );
        }
    }

    #[test]
    fn a_list_that_lies_about_its_length_is_not_complete() {
        for body in [
            [0, 0, 4, 0, 0, 1, 9, 5].as_slice(),
            &[0, 0, 5, 0, 0, 1, 9, 5],
            &[0, 0, 4, 0, 0, 2, 9],
        ] {
            assert!(!read(body, 9).1.complete);
        }
    }

    #[test]
    fn an_empty_list_is_complete() {
        let (certificates, chain) = read(&[0, 0, 0], 9);
        assert!(chain.complete && certificates.is_empty());
    }

    #[test]
    fn an_empty_certificate_ends_the_reading() {
        let (certificates, chain) = read(&[0, 0, 8, 0, 0, 1, 9, 0, 0, 0, 7], 9);
        assert_eq!((vec![&[9][..]], false), (certificates, chain.complete));
    }

    #[test]
    fn chains_are_capped() {
        let (certificates, chain) = read(&[0, 0, 8, 0, 0, 1, 1, 0, 0, 1, 2], 1);
        assert_eq!((1, true), (certificates.len(), chain.too_long));
    }

    #[test]
    fn requests_of_both_shapes() {
        let old = [1, 1, 0, 4, 0, 2, 0x30, 0];
        assert_eq!(
            Some(vec![vec![0x30, 0]]),
            accepted_issuers(&old, Some(Version(0x0302)))
        );
        let new = [1, 1, 0, 2, 4, 1, 0, 4, 0, 2, 0x30, 0];
        assert_eq!(
            Some(vec![vec![0x30, 0]]),
            accepted_issuers(&new, Some(Version(0x0303)))
        );
        assert_eq!(None, accepted_issuers(&new[..9], Some(Version(0x0303))));
    }

    #[test]
    fn key_exchange_by_suite_and_version() {
        let body = [3, 0, 29, 1, 5, 8, 4, 0, 0];
        let expected = KeyExchange {
            group: Some(29),
            prime_bits: None,
            scheme: Some(0x0804),
        };
        // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        assert_eq!(expected, key_exchange(&body, 0xc02f, Version(0x0303)));
        assert_eq!(None, key_exchange(&body, 0xc013, Version(0x0301)).scheme);
        // TLS_DHE_RSA_WITH_AES_128_CBC_SHA
        let dhe = [0, 1, 7, 0, 1, 2, 0, 1, 9, 4, 1, 0, 0];
        let expected = KeyExchange {
            group: None,
            prime_bits: Some(3),
            scheme: Some(0x0401),
        };
        assert_eq!(expected, key_exchange(&dhe, 0x0033, Version(0x0303)));
    }

    #[test]
    fn bits_of_a_number() {
        let lengths = [&[][..], &[0], &[1], &[0, 0, 0xff], &[0x80, 0], &[0xff; 256]].map(bits);
        assert_eq!([0, 0, 1, 8, 16, 2048].map(Some), lengths);
        assert_eq!(None, bits(&[1; 8193]));
    }
}
