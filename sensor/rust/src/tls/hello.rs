//! ClientHello and ServerHello: what is offered and what is chosen (RFC 8446 4.1, RFC 5246 7.4.1, SSL 2 in E.2).

use std::sync::Arc;

use super::fingerprint::Md5Hex;
use super::profiles::{ClientProfile, Profiles};
use super::registry::{is_grease, Version};
use crate::bytes::Reader;

mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const SUPPORTED_GROUPS: u16 = 10;
    pub const EC_POINT_FORMATS: u16 = 11;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const ALPN: u16 = 16;
    pub const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 18;
    pub const PRE_SHARED_KEY: u16 = 41;
    /// The number of `KEY_SHARE` in drafts of TLS 1.3 before 23.
    pub const KEY_SHARE_OF_DRAFTS: u16 = 40;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    pub const KEY_SHARE: u16 = 51;
    pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// More application protocols than any client offers.
const MAX_PROTOCOLS: usize = 64;
/// Bytes of a host name: DNS allows 255.
const MAX_SERVER_NAME: usize = 1_024;

/// The random that marks a HelloRetryRequest (RFC 8446 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A session id: 32 bytes at most (RFC 5246 7.4.1.2). Of a longer one, which is malformed, the first ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionId {
    bytes: [u8; 32],
    length: u8,
}

impl SessionId {
    fn new(bytes: &[u8]) -> Self {
        if let Some(bytes) = bytes.first_chunk() {
            // As most are.
            return Self {
                bytes: *bytes,
                length: 32,
            };
        }
        let mut id = Self::default();
        for (slot, byte) in id.bytes.iter_mut().zip(bytes) {
            *slot = *byte;
            id.length += 1;
        }
        id
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// What a client offered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// The highest version offered; `None` if the hello breaks off before it can be known.
    pub offered: Option<Version>,
    /// Session id, for TLS up to 1.2 the mark of resumption.
    pub session_id: SessionId,
    /// Server name indication, as text.
    pub server_name: Option<String>,
    /// Application protocols, none without the extension; `None` for a hello that breaks off before it.
    pub alpn: Option<Arc<[String]>>,
    /// Encrypted client hello; servers cannot tell it from GREASE of the same shape, nor can we. `None` as `alpn`.
    pub ech: Option<bool>,
    /// Its fingerprints; `None` for SSL 2 format or a hello that breaks off.
    pub profile: Option<Arc<ClientProfile>>,
    /// The inside was malformed; what was read until there stands.
    pub malformed: bool,
}

/// What a server chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerHello {
    /// Negotiated version; `None` if the hello breaks off before it can be known.
    pub version: Option<Version>,
    /// Asks for another ClientHello.
    pub retry: bool,
    /// Session id.
    pub session_id: SessionId,
    /// Cipher suite; `None` in SSL 2, where the client chooses.
    pub cipher: Option<u16>,
    /// JA3S hash; `None` for a hello that breaks off.
    pub ja3s: Option<Md5Hex>,
    /// Group of the key share (TLS 1.3).
    pub group: Option<u16>,
    /// It says that it resumes a session: a pre-shared key was accepted (TLS 1.3), or the session's id was known (SSL 2).
    pub resumes: bool,
    /// Application protocol chosen, where it is not encrypted.
    pub alpn: Option<String>,
    /// Signed certificate timestamps; `None` if the hello breaks off before them, or where they are encrypted.
    pub sct_count: Option<u16>,
    /// The inside was malformed; what was read until there stands.
    pub malformed: bool,
}

/// Bytes from the wire as text: printable ASCII as it is, UTF-8 too, all else as `\xNN`.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

impl ClientHello {
    /// Read the body of a ClientHello message; `whole`: it is not cut. What is malformed ends the reading, not the hello,
    /// and what it did not come to is unknown.
    #[must_use]
    pub fn read(body: &[u8], whole: bool, profiles: &mut Profiles) -> Self {
        let mut hello = Self::default();
        profiles.fields.clear();
        let complete = hello.read_fields(Reader::new(body), profiles).is_some() && whole;
        hello.malformed |= !complete;
        let fields = &mut profiles.fields;
        let listed = fields
            .versions
            .iter()
            .copied()
            .filter(|&version| version >> 8 == 3)
            .max();
        hello.offered = listed
            .or_else(|| settled(fields.legacy_version, complete))
            .map(Version);
        if complete {
            fields.has_server_name = fields.extensions.contains(&extension::SERVER_NAME);
            hello.ech.get_or_insert(false);
            hello.alpn.get_or_insert_default();
            hello.profile = Some(profiles.client());
        }
        hello
    }

    fn read_fields(&mut self, mut reader: Reader<'_>, profiles: &mut Profiles) -> Option<()> {
        let fields = &mut profiles.fields;
        fields.legacy_version = reader.u16()?;
        reader.take(32)?;
        self.session_id = SessionId::new(reader.vector8()?.rest());
        fill(&mut fields.ciphers, reader.vector16()?)?;
        reader.vector8()?;
        if reader.is_empty() {
            return Some(());
        }
        let mut extensions = reader.vector16()?;
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let body = extensions.vector16()?;
            if !is_grease(kind) {
                profiles.fields.extensions.push(kind);
            }
            // A malformed extension is not a malformed hello: fingerprints take it as it is.
            if self.read_extension(kind, body, profiles).is_none() {
                self.malformed = true;
            }
        }
        Some(())
    }

    fn read_extension(
        &mut self,
        kind: u16,
        mut body: Reader<'_>,
        profiles: &mut Profiles,
    ) -> Option<()> {
        let fields = &mut profiles.fields;
        match kind {
            extension::SERVER_NAME if !body.is_empty() => {
                let mut names = body.vector16()?;
                while !names.is_empty() {
                    let (kind, name) = (names.u8()?, names.vector16()?);
                    if kind == 0 && name.rest().len() > MAX_SERVER_NAME {
                        self.malformed = true;
                    } else if kind == 0 && self.server_name.is_none() {
                        self.server_name = Some(text(name.rest()));
                    }
                }
            }
            extension::SUPPORTED_GROUPS => fill(&mut fields.groups, body.vector16()?)?,
            extension::EC_POINT_FORMATS => {
                let formats = body.vector8()?.rest();
                fields.point_formats.clear();
                fields.point_formats.extend_from_slice(formats);
            }
            extension::SIGNATURE_ALGORITHMS => {
                fill(&mut fields.signatures, body.vector16()?)?;
            }
            extension::SUPPORTED_VERSIONS => fill(&mut fields.versions, body.vector8()?)?,
            extension::ALPN => {
                let list = body.vector16()?;
                let (mut protocols, mut number) = (list, 0);
                while !protocols.is_empty() {
                    // ProtocolName is opaque<1..2^8-1> (RFC 7301 3.1).
                    let protocol = protocols.vector8().filter(|name| !name.is_empty())?.rest();
                    if number == MAX_PROTOCOLS {
                        self.malformed = true;
                        break;
                    }
                    if number == 0 {
                        fields.first_alpn.clear();
                        fields.first_alpn.extend_from_slice(protocol);
                    }
                    number += 1;
                }
                self.alpn = Some(profiles.protocols(list.rest(), || protocol_names(list)));
            }
            extension::ENCRYPTED_CLIENT_HELLO => self.ech = Some(true),
            _ => {}
        }
        Some(())
    }

    /// Read a ClientHello in the format of SSL 2, without its two length bytes.
    #[must_use]
    pub fn read_version_2(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        reader.u8()?;
        let offered = Some(Version(reader.u16()?));
        Some(Self {
            offered,
            ech: Some(false),
            alpn: Some(Arc::default()),
            ..Self::default()
        })
    }
}

impl ServerHello {
    /// Read the body of a ServerHello message; `whole`: it is not cut. `None` if it breaks off before the cipher suite.
    #[must_use]
    pub fn read(body: &[u8], whole: bool, profiles: &mut Profiles) -> Option<Self> {
        let mut reader = Reader::new(body);
        let legacy = reader.u16()?;
        let retry = reader.take(32)? == RETRY_RANDOM;
        // Drafts of TLS 1.3 before 22 have no session id and no compression method; the final version never stands in
        // this field (RFC 8446 4.1.3).
        let draft = legacy >= 0x0304;
        let session_id = if draft {
            SessionId::default()
        } else {
            SessionId::new(reader.vector8()?.rest())
        };
        let cipher = reader.u16()?;
        let mut hello = Self {
            retry,
            session_id,
            cipher: Some(cipher),
            ..Self::default()
        };
        let mut kinds = std::mem::take(&mut profiles.kinds);
        kinds.clear();
        let complete = hello.read_extensions(reader, draft, &mut kinds).is_some() && whole;
        hello.version = hello
            .version
            .or_else(|| settled(legacy, complete).map(Version));
        if complete {
            hello.ja3s = Some(profiles.ja3s(legacy, cipher, &kinds));
            if hello.version.is_some_and(|version| !version.is_13()) {
                hello.sct_count.get_or_insert(0);
            }
        } else {
            hello.malformed = true;
        }
        profiles.kinds = kinds;
        Some(hello)
    }

    fn read_extensions(
        &mut self,
        mut reader: Reader<'_>,
        draft: bool,
        kinds: &mut Vec<u16>,
    ) -> Option<()> {
        if !draft {
            reader.u8()?;
        }
        if reader.is_empty() {
            return Some(());
        }
        let mut extensions = reader.vector16()?;
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let body = extensions.vector16()?;
            kinds.push(kind);
            if self.read_extension(kind, body).is_none() {
                self.malformed = true;
            }
        }
        Some(())
    }

    fn read_extension(&mut self, kind: u16, mut body: Reader<'_>) -> Option<()> {
        match kind {
            extension::SUPPORTED_VERSIONS => self.version = Some(Version(body.u16()?)),
            extension::KEY_SHARE | extension::KEY_SHARE_OF_DRAFTS => {
                self.group = Some(body.u16()?);
            }
            extension::PRE_SHARED_KEY => self.resumes = true,
            extension::ALPN => {
                self.alpn = Some(text(body.vector16()?.vector8()?.rest()));
            }
            extension::SIGNED_CERTIFICATE_TIMESTAMP => {
                let mut list = body.vector16()?;
                let mut count = 0;
                while !list.is_empty() {
                    list.vector16()?;
                    count += 1;
                }
                self.sct_count = Some(count);
            }
            _ => {}
        }
        Some(())
    }
}

/// The version field of a hello tells the version, unless it says TLS 1.2 and an extension that was not reached says more
/// (RFC 8446 4.2.1).
fn settled(legacy: u16, complete: bool) -> Option<u16> {
    (complete || !matches!(legacy, 0 | 0x0303)).then_some(legacy)
}

/// The names of a list of application protocols, as far as they are read.
fn protocol_names(mut list: Reader<'_>) -> Arc<[String]> {
    let names = std::iter::from_fn(|| list.vector8());
    let names = names.take(MAX_PROTOCOLS).map(|name| text(name.rest()));
    names.collect::<Vec<String>>().into()
}

/// The numbers of a list but GREASE, in place of what was there; nothing is changed if half a number stands at the end.
fn fill(numbers: &mut Vec<u16>, list: Reader<'_>) -> Option<()> {
    let (pairs, rest) = list.rest().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    numbers.clear();
    let listed = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    numbers.extend(listed.filter(|&number| !is_grease(number)));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_stay_visible() {
        assert_eq!("a\u{e9}\\xffz", text(b"a\xc3\xa9\xffz"));
    }

    #[test]
    fn a_hello_that_breaks_off_keeps_what_was_read() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([2, 8, 9, 0, 2, 0x13]);
        let hello = ClientHello::read(&body, true, &mut Profiles::default());
        assert_eq!(
            (vec![8, 9], None, true, None),
            (
                hello.session_id.bytes().to_vec(),
                hello.offered,
                hello.malformed,
                hello.profile
            )
        );
    }

    #[test]
    fn no_prefix_of_a_hello_panics() {
        let mut profiles = Profiles::default();
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0, 0, 17]);
        body.extend([0, 0, 0, 6, 0, 4, 0, 0, 1, b'a']);
        body.extend([0, 43, 0, 3, 2, 3, 4]);
        for n in 0..=body.len() {
            let whole = n == body.len();
            let hello = ClientHello::read(&body[..n], whole, &mut profiles);
            assert_eq!(whole, hello.profile.is_some(), "{n}");
            assert_eq!(whole, hello.ech.is_some(), "{n}");
            assert!(matches!(hello.offered, None | Some(Version(0x0304))), "{n}");
            let _ = ServerHello::read(&body[..n], whole, &mut profiles);
        }
        assert_eq!(
            Some("a".into()),
            ClientHello::read(&body, true, &mut Profiles::default()).server_name
        );
    }

    /// As drafts 16 and 22 of TLS 1.3 have them.
    #[test]
    fn the_key_share_of_a_draft() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0x13, 1, 0, 0, 14]);
        body.extend([0, 43, 0, 2, 0x7f, 22, 0, 40, 0, 4, 0, 29, 0, 0]);
        let hello = ServerHello::read(&body, true, &mut Profiles::default()).unwrap();
        assert_eq!((Some(29), false), (hello.group, hello.malformed));
    }

    #[test]
    fn a_cut_server_hello_does_not_guess() {
        let mut profiles = Profiles::default();
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
        let whole = ServerHello::read(&body, true, &mut profiles).unwrap();
        assert_eq!(
            (Some(Version(0x0304)), None),
            (whole.version, whole.sct_count)
        );
        for n in 37..body.len() {
            let cut = ServerHello::read(&body[..n], false, &mut profiles).unwrap();
            assert_eq!(
                (None, None, None),
                (cut.version, cut.ja3s, cut.sct_count),
                "{n}"
            );
        }
        body[1] = 2;
        let cut = ServerHello::read(&body[..37], false, &mut profiles).unwrap();
        assert_eq!(Some(Version(0x0302)), cut.version);
    }
}
