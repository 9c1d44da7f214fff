//! JA3, JA3S and JA4 (the client fingerprint of the JA4 family, BSD-3-Clause), as their authors publish them.

use data_encoding::HEXLOWER;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::registry::is_grease;
use crate::bytes::Ascii;

/// A hash in hexadecimal digits.
pub type Md5Hex = Ascii<32>;
/// `t13d1516h2_8daaf6152771_e5627efa2ab1`
pub type Ja4 = Ascii<36>;

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
/// What JA4 shows where it has nothing to hash.
const NOTHING: &str = "000000000000";

/// What the fingerprints of a ClientHello are made of, as on the wire; GREASE, which is in none of them, is left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ClientFields {
    /// Version field of the hello itself.
    pub legacy_version: u16,
    /// supported_versions.
    pub versions: Vec<u16>,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Extension types in order.
    pub extensions: Vec<u16>,
    /// supported_groups.
    pub groups: Vec<u16>,
    /// ec_point_formats.
    pub point_formats: Vec<u8>,
    /// signature_algorithms.
    pub signatures: Vec<u16>,
    /// The first protocol of the ALPN extension.
    pub first_alpn: Vec<u8>,
    /// The server name extension is there.
    pub has_server_name: bool,
}

impl ClientFields {
    /// Nothing is read yet.
    pub fn clear(&mut self) {
        self.legacy_version = 0;
        self.has_server_name = false;
        for list in [
            &mut self.versions,
            &mut self.ciphers,
            &mut self.extensions,
            &mut self.groups,
            &mut self.signatures,
        ] {
            list.clear();
        }
        self.point_formats.clear();
        self.first_alpn.clear();
    }
}

fn real(numbers: &[u16]) -> impl Iterator<Item = u16> + '_ {
    numbers.iter().copied().filter(|&number| !is_grease(number))
}

fn push_joined(text: &mut String, numbers: impl Iterator<Item = u16>) {
    for (index, number) in numbers.enumerate() {
        if index > 0 {
            text.push('-');
        }
        push_decimal(text, number);
    }
}

/// A fifth of the time of a handshake went into `write!` here.
fn push_decimal(text: &mut String, number: u16) {
    let digit = |value: u16| char::from(b'0' + u8::try_from(value % 10).unwrap_or(0));
    for scale in [10_000, 1_000, 100, 10] {
        if number >= scale {
            text.push(digit(number / scale));
        }
    }
    text.push(digit(number));
}

fn md5_hex(text: &str) -> Md5Hex {
    let mut hex = Ascii::default();
    HEXLOWER.encode_mut(&Md5::digest(text.as_bytes()), hex.bytes_mut());
    hex
}

/// JA3: MD5 over version, suites, extensions, groups and point formats, without GREASE.
#[must_use]
pub fn ja3(fields: &ClientFields) -> Md5Hex {
    let mut text = String::with_capacity(512);
    push_decimal(&mut text, fields.legacy_version);
    for list in [&fields.ciphers, &fields.extensions, &fields.groups] {
        text.push(',');
        push_joined(&mut text, real(list));
    }
    text.push(',');
    push_joined(
        &mut text,
        fields.point_formats.iter().map(|&format| u16::from(format)),
    );
    md5_hex(&text)
}

/// JA3S: MD5 over version, suite and extensions of the ServerHello.
#[must_use]
pub fn ja3s(version: u16, cipher: u16, extensions: &[u16]) -> Md5Hex {
    let mut text = String::with_capacity(64);
    push_decimal(&mut text, version);
    text.push(',');
    push_decimal(&mut text, cipher);
    text.push(',');
    push_joined(&mut text, extensions.iter().copied());
    md5_hex(&text)
}

/// JA4 over TCP: `t13d1516h2_8daaf6152771_e5627efa2ab1`.
#[must_use]
pub fn ja4(fields: &ClientFields) -> Ja4 {
    let mut ciphers: Vec<u16> = real(&fields.ciphers).collect();
    let extensions: Vec<u16> = real(&fields.extensions).collect();
    let head = format!(
        "t{}{}{:02}{:02}{}",
        version(fields),
        if fields.has_server_name { 'd' } else { 'i' },
        ciphers.len().min(99),
        extensions.len().min(99),
        alpn(&fields.first_alpn),
    );
    ciphers.sort_unstable();
    let cipher_hash = if ciphers.is_empty() {
        NOTHING.to_owned()
    } else {
        short_hash(&hex_list(&ciphers))
    };
    let mut sorted: Vec<u16> = extensions
        .iter()
        .copied()
        .filter(|&kind| kind != SERVER_NAME && kind != ALPN)
        .collect();
    sorted.sort_unstable();
    let mut text = hex_list(&sorted);
    let signatures: Vec<u16> = real(&fields.signatures).collect();
    if !signatures.is_empty() {
        text.push('_');
        text.push_str(&hex_list(&signatures));
    }
    let extension_hash = if sorted.is_empty() {
        NOTHING.to_owned()
    } else {
        short_hash(&text)
    };
    Ascii::new(&format!("{head}_{cipher_hash}_{extension_hash}"))
}

fn version(fields: &ClientFields) -> &'static str {
    let highest = real(&fields.versions)
        .max()
        .unwrap_or(fields.legacy_version);
    match highest {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// First and last byte of the first protocol; `9` stands for one that is not ASCII. The specification's text has been
/// changed to hexadecimal digits there, but the values published with it, and the tools in use, still say `9`.
fn alpn(first: &[u8]) -> String {
    let shown = |byte: u8| {
        if byte.is_ascii() {
            char::from(byte)
        } else {
            '9'
        }
    };
    match (first.first(), first.last()) {
        (Some(&start), Some(&end)) => [shown(start), shown(end)].iter().collect(),
        _ => "00".to_owned(),
    }
}

fn hex_list(numbers: &[u16]) -> String {
    let mut text = String::with_capacity(numbers.len() * 5);
    for number in numbers {
        if !text.is_empty() {
            text.push(',');
        }
        HEXLOWER.encode_append(&number.to_be_bytes(), &mut text);
    }
    text
}

fn short_hash(text: &str) -> String {
    let mut hash = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    hash.truncate(12);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the JA4 specification (technical details, "JA4: TLS client fingerprint").
    #[test]
    fn the_published_example_of_ja4() {
        let fields = ClientFields {
            legacy_version: 0x0303,
            versions: vec![0x0a0a, 0x0304, 0x0303],
            ciphers: vec![
                0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
                0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
            ],
            groups: vec![0x001d],
            point_formats: vec![0],
            signatures: vec![
                0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
            ],
            first_alpn: b"h2".to_vec(),
            has_server_name: true,
        };
        assert_eq!(
            "t13d1516h2_8daaf6152771_e5627efa2ab1",
            ja4(&fields).as_str()
        );
    }

    /// The example of the JA3 README: 769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0.
    #[test]
    fn the_published_example_of_ja3() {
        let fields = ClientFields {
            legacy_version: 769,
            ciphers: vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
            extensions: vec![0, 10, 11],
            groups: vec![23, 24, 25],
            point_formats: vec![0],
            ..ClientFields::default()
        };
        assert_eq!("ada70206e40642a3e4461f35503241d5", ja3(&fields).as_str());
    }

    #[test]
    fn alpn_shows_its_ends() {
        for (first, expected) in [
            (&b"h2"[..], "h2"),
            (b"http/1.1", "h1"),
            (b"", "00"),
            (b"h", "hh"),
            (b"\xab\xcd", "99"),
            (b"x\xcd", "x9"),
        ] {
            assert_eq!(expected, alpn(first));
        }
    }

    #[test]
    fn without_suites_or_extensions_ja4_shows_zeros() {
        let fields = ClientFields {
            legacy_version: 0x0301,
            ..ClientFields::default()
        };
        assert_eq!(
            "t10i000000_000000000000_000000000000",
            ja4(&fields).as_str()
        );
    }
}
