//! Any bytes as the body of a handshake message: a message that breaks off tells nothing that the whole one does not, a
//! chain that is called complete is written the same way again, and messages come out of pieces as they come out whole.
//!
//! Input: which message (1 byte), where to cut (2), the body.

use _rust::connection::Moment;
use _rust::tls::alert::Alert;
use _rust::tls::hello::{text, ClientHello, ServerHello};
use _rust::tls::message::{accepted_issuers, certificates, key_exchange, Chain};
use _rust::tls::profiles::Profiles;
use _rust::tls::reassembly::{Message, Messages};
use _rust::tls::registry::Version;

use super::choices::{pieces, Choices};

/// With any other version in its place, a hello must not have the extension that says otherwise (RFC 8446 4.2.1).
const TLS_12: [u8; 2] = [3, 3];

/// What the cut message tells must be what the whole one tells.
fn agree<T: PartialEq + std::fmt::Debug>(cut: Option<&T>, whole: Option<&T>) {
    if cut.is_some() {
        assert_eq!(whole, cut);
    }
}

/// The extensions of a hello, behind so many vectors: whether one comes twice, which no version of TLS allows.
fn repeats(body: &[u8], session_id: bool, vectors: &[usize]) -> bool {
    let mut at = 34;
    let number = |at: usize, size: usize| -> Option<usize> {
        let bytes = body.get(at..at + size)?;
        Some(bytes.iter().fold(0, |n, &b| n << 8 | usize::from(b)))
    };
    if session_id {
        at += 1 + number(at, 1).unwrap_or(0);
    }
    for &size in vectors {
        at += size + number(at, size).unwrap_or(0);
    }
    at += 2;
    let mut kinds = Vec::new();
    while let (Some(kind), Some(length)) = (number(at, 2), number(at + 2, 2)) {
        if kinds.contains(&kind) {
            return true;
        }
        kinds.push(kind);
        at += 4 + length;
    }
    false
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn client_hello(body: &[u8], n: usize) {
    let mut profiles = Profiles::default();
    let whole = ClientHello::read(body, true, &mut profiles);
    assert!(whole.session_id.bytes().len() <= 32);
    if let Some(profile) = &whole.profile {
        assert!(is_hex(profile.ja3.as_str(), 32));
        let parts: Vec<&str> = profile.ja4.as_str().split('_').collect();
        assert!(parts[0].len() == 10 && is_hex(parts[1], 12) && is_hex(parts[2], 12));
        assert_eq!(3, parts.len());
        assert!(whole.alpn.is_some() && whole.ech.is_some());
    }
    let cut = ClientHello::read(&body[..n], false, &mut profiles);
    assert!(cut.malformed && cut.profile.is_none());
    // What is remembered of other hellos changes nothing.
    let _ = ClientHello::read(&body[..n], true, &mut profiles);
    assert_eq!(whole, ClientHello::read(body, true, &mut profiles));
    if !repeats(body, true, &[2, 1]) {
        if body.starts_with(&TLS_12) {
            agree(cut.offered.as_ref(), whole.offered.as_ref());
        }
        agree(cut.server_name.as_ref(), whole.server_name.as_ref());
        agree(cut.alpn.as_ref(), whole.alpn.as_ref());
        agree(cut.ech.as_ref(), whole.ech.as_ref());
    }
    assert!(cut.session_id.bytes().is_empty() || cut.session_id == whole.session_id);
}

fn server_hello(body: &[u8], n: usize) {
    let mut profiles = Profiles::default();
    let whole = ServerHello::read(body, true, &mut profiles);
    let Some(cut) = ServerHello::read(&body[..n], false, &mut profiles) else {
        return;
    };
    let whole = whole.expect("more bytes tell no less");
    assert!(cut.malformed && cut.ja3s.is_none());
    assert!(whole
        .ja3s
        .as_ref()
        .is_none_or(|ja3s| is_hex(ja3s.as_str(), 32)));
    assert_eq!(
        (whole.cipher, &whole.session_id, whole.retry),
        (cut.cipher, &cut.session_id, cut.retry)
    );
    let draft = body.first_chunk().map(|&v| u16::from_be_bytes(v)) >= Some(0x0304);
    let (session_id, before) = (!draft, usize::from(!draft));
    let mut behind = body.to_vec();
    // The cipher suite, and the compression method, stand where a vector could.
    let at = 34 + usize::from(session_id) * (1 + usize::from(body.get(34).copied().unwrap_or(0)));
    behind.drain(at..(at + 2 + before).min(behind.len()).max(at));
    if !repeats(&behind, session_id, &[]) {
        if body.starts_with(&TLS_12) {
            agree(cut.version.as_ref(), whole.version.as_ref());
        }
        agree(cut.group.as_ref(), whole.group.as_ref());
        agree(cut.alpn.as_ref(), whole.alpn.as_ref());
        agree(cut.sct_count.as_ref(), whole.sct_count.as_ref());
        assert!(!cut.resumes || whole.resumes);
    }
}

fn listed(body: &[u8]) -> (Vec<&[u8]>, Chain) {
    let mut ders = Vec::new();
    let chain = certificates(body, 4, |der| ders.push(der));
    (ders, chain)
}

fn chain(body: &[u8], n: usize) {
    let (ders, whole) = listed(body);
    assert!(ders.len() <= 4 && !(whole.complete && whole.too_long));
    assert!(ders.iter().all(|der| !der.is_empty()));
    if whole.complete {
        let length = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
        let list: Vec<u8> = ders
            .iter()
            .flat_map(|der| [&length(der.len())[1..], der].concat())
            .collect();
        assert_eq!(body, [&length(list.len())[1..], &list].concat());
    }
    let (of_cut, cut) = listed(&body[..n]);
    assert!(n == body.len() || !cut.complete || !whole.complete);
    assert!(ders.starts_with(&of_cut));
}

fn issuers(body: &[u8], version: Version) {
    if let Some(names) = accepted_issuers(body, Some(version)) {
        let told: usize = names.iter().map(|name| 2 + name.len()).sum();
        assert!(names.iter().all(|name| !name.is_empty()) && told < body.len());
    }
}

/// Types, bodies and whether they are whole; and whether it was plaintext all along.
type Told = (Vec<(u8, Vec<u8>, bool)>, bool);

fn messages<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let (mut messages, mut told) = (Messages::default(), Vec::new());
    for part in parts {
        let receive = |m: Message<'_>| {
            // Messages that nobody reads are stepped over: of their bodies, what is there is given.
            let body = if matches!(m.kind, 1 | 2 | 11..=13) {
                m.body
            } else {
                &[]
            };
            told.push((m.kind, body.to_vec(), m.cut.is_none()));
        };
        if messages
            .push(part, Moment::default(), 300, receive)
            .is_err()
        {
            return (told, false);
        }
        assert!(messages.buffered() <= 1_024);
    }
    (told, true)
}

/// Check one input.
pub fn check(input: &[u8]) {
    let mut choices = Choices::new(input);
    let (which, cut) = (choices.u8(), choices.u16());
    let body = choices.rest();
    let n = usize::from(cut) % (body.len() + 1);
    match which % 8 {
        0 => client_hello(body, n),
        1 => server_hello(body, n),
        2 => chain(body, n),
        3 => issuers(body, Version(0x0301 + (cut & 3))),
        4 => {
            let told = key_exchange(body, cut, Version(0x0303));
            assert!(body.len() > 2 || (told.group.is_none() && told.scheme.is_none()));
        }
        5 => {
            let hello = ClientHello::read_version_2(body);
            assert_eq!(body.len() >= 3, hello.is_some());
        }
        6 => assert_eq!(
            messages([body]),
            messages(pieces(body, u32::from(cut)).into_iter())
        ),
        _ => {
            let [level, description] = cut.to_be_bytes();
            assert!(Alert { level, description }.text().is_ascii());
            assert!(text(body).len() >= body.len());
        }
    }
}
