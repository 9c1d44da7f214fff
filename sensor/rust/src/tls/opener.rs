//! Where TLS begins: told from the bytes, on any port and in mid-stream of any protocol (STARTTLS of whatever kind).

use super::half::{VERSION_2_CLIENT_HELLO, VERSION_2_SERVER_HELLO, VERSION_2_X509};
use super::{content, handshake, MAX_RECORD, RECORD_HEADER};
use crate::bytes::Reader;

/// Bytes of a message that are looked at: type, length and what follows.
const HEAD: usize = 10;
/// Bytes after which it is always known whether TLS begins here, even if each record holds a single byte.
pub const LONGEST: usize = HEAD * (RECORD_HEADER + 1);
/// A hello longer than this is none. The first byte of its length alone must tell, see `message_head`.
const MAX_HELLO: u32 = 0x0001_ffff;
/// Version, random, and the lengths of the empty vectors behind them.
const MIN_HELLO: u32 = 38;

/// What stands at the start of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// Not TLS.
    No,
    /// Could be, more bytes would tell.
    Maybe,
    /// A record with a hello or a Certificate message.
    Records,
    /// A hello in the format of SSL 2: of a client (RFC 5246 E.2, also for later versions), or of a server.
    Version2Hello,
    /// A record with an alert: an answer, if the other side spoke TLS.
    Alert,
}

/// Look at the first bytes of a slice.
#[must_use]
pub fn look(bytes: &[u8]) -> Opener {
    match bytes.first() {
        None => Opener::Maybe,
        Some(&content::HANDSHAKE) => handshake_records(bytes),
        Some(&content::ALERT) => alert_record(bytes),
        Some(first) if first & 0x80 != 0 => version_2(bytes),
        Some(_) => Opener::No,
    }
}

/// Whether TLS begins at the start of a segment of which nothing else is known.
#[inline]
#[must_use]
pub fn begins(payload: &[u8]) -> bool {
    matches!(payload.first(), Some(&(content::HANDSHAKE | 0x80..)))
        && matches!(look(payload), Opener::Records | Opener::Version2Hello)
}

/// The next place in a slice, at or behind `from`, where an opener may stand.
#[must_use]
pub fn candidate(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let at = rest
        .iter()
        .position(|&byte| matches!(byte, content::HANDSHAKE | content::ALERT | 0x80..))?;
    Some(from + at)
}

fn handshake_records(bytes: &[u8]) -> Opener {
    // Nearly always the head lies in one record.
    if let [_, 3, 0..=4, high, low, body @ ..] = bytes {
        let length = u16::from_be_bytes([*high, *low]);
        if let Some((head, _)) = body.split_first_chunk::<HEAD>() {
            if (HEAD..=usize::from(MAX_RECORD)).contains(&usize::from(length)) {
                return message_head(head);
            }
        }
    }
    let mut head = [0; HEAD];
    let mut have = 0;
    let mut reader = Reader::new(bytes);
    // A message may be spread over records of any size: gather its head from as many as it takes.
    while have < HEAD {
        match record_header(&mut reader, content::HANDSHAKE) {
            Ok(Some(length)) => {
                let wanted = usize::from(length).min(HEAD - have);
                let available = reader.rest().len().min(wanted);
                let Some(body) = reader.take(available) else {
                    return Opener::Maybe;
                };
                if let Some(slot) = head.get_mut(have..have + available) {
                    slot.copy_from_slice(body);
                }
                have += available;
                // What is known by now stays true, whatever the next record is.
                let known = message_head(head.get(..have).unwrap_or_default());
                if available < wanted || known != Opener::Maybe {
                    return known;
                }
            }
            Ok(None) => break,
            Err(()) => return Opener::No,
        }
    }
    message_head(head.get(..have).unwrap_or_default())
}

/// The length of a record with this content type; `Ok(None)` when its header is not complete.
fn record_header(reader: &mut Reader<'_>, kind: u8) -> Result<Option<u16>, ()> {
    let header = reader.rest();
    let fits = |at: usize, right: &dyn Fn(u8) -> bool| header.get(at).is_none_or(|&b| right(b));
    if !(fits(0, &|b| b == kind) && fits(1, &|b| b == 3) && fits(2, &|b| b <= 4)) {
        return Err(());
    }
    let mut ahead = *reader;
    let Some(length) = ahead.take(3).and_then(|_| ahead.u16()) else {
        return Ok(None);
    };
    *reader = ahead;
    if length == 0 || length > MAX_RECORD {
        return Err(());
    }
    Ok(Some(length))
}

/// Judge the first bytes of a handshake message, as far as they are there.
fn message_head(head: &[u8]) -> Opener {
    let mut reader = Reader::new(head);
    let Some(kind) = reader.u8() else {
        return Opener::Maybe;
    };
    if !matches!(
        kind,
        handshake::CLIENT_HELLO | handshake::SERVER_HELLO | handshake::CERTIFICATE
    ) {
        return Opener::No;
    }
    let Some(length) = reader.u24() else {
        let high = head.get(1).is_some_and(|&high| high > 1);
        return if kind != handshake::CERTIFICATE && high {
            Opener::No
        } else {
            Opener::Maybe
        };
    };
    if kind == handshake::CERTIFICATE {
        return certificate_head(length, reader);
    }
    if !(MIN_HELLO..=MAX_HELLO).contains(&length) {
        return Opener::No;
    }
    match (reader.u8(), reader.u8()) {
        (Some(3), Some(0..=4)) => Opener::Records,
        // Drafts of TLS 1.3 answered with a version of their own.
        (Some(0x7f), after) if kind == handshake::SERVER_HELLO => {
            after.map_or(Opener::Maybe, |_| Opener::Records)
        }
        (Some(3) | None, None) => Opener::Maybe,
        _ => Opener::No,
    }
}

/// The list fills the message, and the first certificate fits into the list.
fn certificate_head(length: u32, mut reader: Reader<'_>) -> Opener {
    let Some(list) = reader.u24() else {
        return Opener::Maybe;
    };
    if length < 16 || list != length - 3 {
        return Opener::No;
    }
    match reader.u24() {
        Some(first) if first >= 8 && first <= list - 3 => Opener::Records,
        Some(_) => Opener::No,
        None => Opener::Maybe,
    }
}

/// Level and description in the clear, alone in their record.
fn alert_record(bytes: &[u8]) -> Opener {
    let mut reader = Reader::new(bytes);
    match record_header(&mut reader, content::ALERT) {
        Ok(Some(2)) => match (reader.u8(), reader.u8()) {
            (Some(1 | 2), Some(_)) => Opener::Alert,
            (Some(1 | 2) | None, None) => Opener::Maybe,
            _ => Opener::No,
        },
        Ok(None) => Opener::Maybe,
        _ => Opener::No,
    }
}

/// A record of SSL 2 without padding, that holds a hello.
fn version_2(bytes: &[u8]) -> Opener {
    match bytes.get(2) {
        None => Opener::Maybe,
        Some(&VERSION_2_CLIENT_HELLO) => version_2_client(bytes),
        Some(&VERSION_2_SERVER_HELLO) => version_2_server(bytes),
        Some(_) => Opener::No,
    }
}

/// The three lengths of the hello must add up to its record's.
fn version_2_client(bytes: &[u8]) -> Opener {
    match (bytes.get(3), bytes.get(4)) {
        (Some(0), Some(2)) | (Some(3), Some(0..=3)) | (Some(0 | 3) | None, None) => {}
        _ => return Opener::No,
    }
    let mut reader = Reader::new(bytes);
    let mut lengths = || {
        let record = u32::from(reader.u16()? & 0x7fff);
        reader.take(3)?;
        let ciphers = u32::from(reader.u16()?);
        let session = u32::from(reader.u16()?);
        let challenge = u32::from(reader.u16()?);
        Some((record, ciphers, session, challenge))
    };
    match lengths() {
        None => Opener::Maybe,
        Some((record, ciphers, session, challenge))
            if ciphers > 0
                && ciphers % 3 == 0
                && matches!(session, 0 | 16)
                && (16..=32).contains(&challenge)
                && record == 9 + ciphers + session + challenge =>
        {
            Opener::Version2Hello
        }
        Some(_) => Opener::No,
    }
}

/// Its certificate, ciphers and connection id must add up to its record; a resumed session has only the last.
fn version_2_server(bytes: &[u8]) -> Opener {
    const CERTIFICATE_AT: usize = 13;
    const SEQUENCE: u8 = 0x30;
    let fits = |at: usize, right: u8| bytes.get(at).is_none_or(|&byte| byte == right);
    let resumes = bytes.get(3).is_some_and(|&hit| hit == 1);
    let kind = if resumes { 0 } else { VERSION_2_X509 };
    if !(fits(3, u8::from(resumes)) && fits(4, kind) && fits(5, 0) && fits(6, 2)) {
        return Opener::No;
    }
    let mut reader = Reader::new(bytes);
    let mut lengths = || {
        let record = u32::from(reader.u16()? & 0x7fff);
        reader.take(5)?;
        let [certificate, ciphers, id] =
            [reader.u16()?, reader.u16()?, reader.u16()?].map(u32::from);
        Some((record, certificate, ciphers, id))
    };
    match lengths() {
        None => Opener::Maybe,
        Some((record, certificate, ciphers, id))
            if record == 11 + certificate + ciphers + id
                && (16..=32).contains(&id)
                && ciphers % 3 == 0
                && (ciphers > 0) != resumes
                && (certificate >= 8) != resumes
                && (resumes || fits(CERTIFICATE_AT, SEQUENCE)) =>
        {
            Opener::Version2Hello
        }
        Some(_) => Opener::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; 11] = [22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

    #[test]
    fn a_hello_is_known_as_soon_as_it_can_be_and_never_denied_before() {
        for n in 0..HELLO.len() {
            assert_eq!(Opener::Maybe, look(&HELLO[..n]), "{n}");
        }
        assert_eq!(Opener::Records, look(&HELLO));
    }

    #[test]
    fn the_hello_of_a_draft_is_not_denied_before_its_version_is_there() {
        let draft = [22, 3, 3, 0, 90, 2, 0, 0, 86, 0x7f, 0x1c];
        for n in 0..draft.len() {
            assert_eq!(Opener::Maybe, look(&draft[..n]), "{n}");
        }
        assert_eq!(Opener::Records, look(&draft));
    }

    #[test]
    fn a_hello_in_records_of_one_byte_is_known_within_the_longest_look() {
        let bytes: Vec<u8> = HELLO[5..]
            .iter()
            .chain(&[9; 8])
            .flat_map(|&b| [22, 3, 1, 0, 1, b])
            .collect();
        assert_eq!(Opener::Records, look(&bytes[..LONGEST]));
        for n in 0..36 {
            assert_eq!(Opener::Maybe, look(&bytes[..n]), "{n}");
        }
    }

    #[test]
    fn what_only_resembles_is_denied() {
        for (at, value) in [
            (0, 23),
            (1, 2),
            (2, 5),
            (3, 0x50),
            (5, 3),
            (6, 9),
            (9, 2),
            (10, 5),
        ] {
            let mut bytes = HELLO;
            bytes[at] = value;
            assert_eq!(Opener::No, look(&bytes), "{at}");
        }
    }

    #[test]
    fn a_certificate_message_must_add_up() {
        let bytes = [22, 3, 3, 1, 0, 11, 0, 0, 0xfc, 0, 0, 0xf9, 0, 0, 0xf6];
        assert_eq!(Opener::Records, look(&bytes));
        let mut wrong = bytes;
        wrong[11] = 0xf8;
        assert_eq!(Opener::No, look(&wrong));
        let mut wrong = bytes;
        wrong[14] = 0xf7;
        assert_eq!(Opener::No, look(&wrong));
    }

    #[test]
    fn a_long_certificate_message_is_not_denied_before_its_length_is_there() {
        let bytes = [22, 3, 3, 0x40, 0, 11, 3, 0, 0xfc, 3, 0, 0xf9, 0, 0x10, 0xf6];
        for n in 0..bytes.len() {
            assert_eq!(Opener::Maybe, look(&bytes[..n]), "{n}");
        }
        assert_eq!(Opener::Records, look(&bytes));
    }

    #[test]
    fn a_hello_that_is_known_stays_known_whatever_the_next_record_is() {
        let mut bytes = HELLO.to_vec();
        bytes[3..5].copy_from_slice(&[0, 6]);
        bytes.extend([23, 3, 3, 0, 9]);
        for n in HELLO.len()..=bytes.len() {
            assert_eq!(Opener::Records, look(&bytes[..n]), "{n}");
        }
    }

    #[test]
    fn the_longest_hello_is_told_by_the_first_byte_of_its_length() {
        let mut bytes = HELLO;
        bytes[6..9].copy_from_slice(&[1, 0xff, 0xff]);
        assert_eq!(Opener::Records, look(&bytes));
        bytes[6..9].copy_from_slice(&[2, 0, 0]);
        for n in 7..bytes.len() {
            assert_eq!(Opener::No, look(&bytes[..n]), "{n}");
        }
    }

    #[test]
    fn version_2_lengths_must_add_up() {
        let bytes = [0x80, 9 + 6 + 16, 1, 3, 1, 0, 6, 0, 0, 0, 16];
        assert_eq!(Opener::Version2Hello, look(&bytes));
        for n in 1..bytes.len() {
            assert_eq!(Opener::Maybe, look(&bytes[..n]), "{n}");
        }
        let mut wrong = bytes;
        wrong[1] += 1;
        assert_eq!(Opener::No, look(&wrong));
    }

    #[test]
    fn a_version_2_server_must_add_up() {
        let new = [
            0x80,
            11 + 9 + 3 + 16,
            4,
            0,
            1,
            0,
            2,
            0,
            9,
            0,
            3,
            0,
            16,
            0x30,
        ];
        let resumed = [0x80, 11 + 16, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 16, 7];
        for bytes in [new, resumed] {
            assert_eq!(Opener::Version2Hello, look(&bytes));
            for n in 1..bytes.len() - 1 {
                assert_eq!(Opener::Maybe, look(&bytes[..n]), "{n}");
            }
            for (at, value) in [
                (1, 77),
                (2, 5),
                (3, 2),
                (4, 2),
                (5, 3),
                (6, 1),
                (8, 3),
                (10, 6),
                (12, 9),
            ] {
                let mut wrong = bytes;
                wrong[at] = value;
                assert_eq!(Opener::No, look(&wrong), "{at}");
            }
        }
        let mut wrong = new;
        wrong[13] = 0x31;
        assert_eq!(Opener::No, look(&wrong));
    }

    #[test]
    fn version_2_clients_of_all_versions() {
        for version in [[0, 2], [3, 0], [3, 1], [3, 3]] {
            let mut bytes = [0x80, 9 + 6 + 16, 1, 0, 0, 0, 6, 0, 0, 0, 16];
            bytes[3..5].copy_from_slice(&version);
            assert_eq!(Opener::Version2Hello, look(&bytes));
        }
        for version in [[0, 0], [0, 3], [2, 0], [3, 4]] {
            let mut bytes = [0x80, 9 + 6 + 16, 1, 0, 0, 0, 6, 0, 0, 0, 16];
            bytes[3..5].copy_from_slice(&version);
            assert_eq!(Opener::No, look(&bytes));
        }
    }

    #[test]
    fn an_alert_stands_alone() {
        assert_eq!(Opener::Alert, look(&[21, 3, 1, 0, 2, 2, 40]));
        assert_eq!(Opener::No, look(&[21, 3, 1, 0, 2, 7, 40]));
        assert_eq!(Opener::No, look(&[21, 3, 1, 0, 26, 2, 40]));
    }
}
