//! SSL 2 (K. Hickman, "The SSL Protocol", Netscape 1995): its records, and the messages that are not encrypted. These
//! are the hellos, of which the server's holds its certificate, and the client's key; the certificate of a client comes
//! later, encrypted.

use super::super::facts::{ChainEnd, Context};
use super::super::hello::{ClientHello, ServerHello};
use super::super::registry::Version;
use super::{Half, State};
use crate::bytes::Reader;

/// MSG-CLIENT-HELLO
pub const CLIENT_HELLO: u8 = 1;
/// MSG-CLIENT-MASTER-KEY
pub const CLIENT_MASTER_KEY: u8 = 2;
/// MSG-SERVER-HELLO
pub const SERVER_HELLO: u8 = 4;
/// SSL-X509-CERTIFICATE
pub const X509: u8 = 1;
/// The version, as on the wire.
pub const VERSION: Version = Version(0x0002);

/// What the two or three bytes before a record say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    /// Bytes of the record, padding included.
    length: usize,
    /// Bytes at its end that only fill a cipher's block.
    padding: usize,
}

impl Header {
    /// The highest bit says that there is no padding; then the length has one bit more, and a third byte is missing.
    fn read(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [high, low, ..] if high & 0x80 != 0 => Some(Self {
                length: usize::from(u16::from_be_bytes([high & 0x7f, low])),
                padding: 0,
            }),
            [high, low, padding, ..] => Some(Self {
                length: usize::from(u16::from_be_bytes([high & 0x3f, low])),
                padding: usize::from(padding),
            }),
            _ => None,
        }
    }
}

impl Half {
    pub(super) fn read_version_2_header<'a>(
        &mut self,
        have: usize,
        bytes: &'a [u8],
        context: &mut Context<'_>,
    ) -> &'a [u8] {
        let Some((&byte, rest)) = bytes.split_first() else {
            return &[];
        };
        if let Some(slot) = self.header.get_mut(have) {
            *slot = byte;
        }
        self.state = match Header::read(self.header.get(..=have).unwrap_or_default()) {
            None => State::Version2Header(have + 1),
            Some(header) if self.keys_changed => {
                // A check code of 16 bytes stands in each encrypted record; an error may still come in the clear.
                let encrypted = header.length > 16;
                let facts = self.current();
                facts.protected |= encrypted;
                facts.protected_data |= encrypted;
                State::Done
            }
            Some(Header { length: 0, .. }) => self.version_2_is_broken(context),
            Some(header) => State::Version2Body {
                left: header.length,
            },
        };
        rest
    }

    pub(super) fn read_version_2_body<'a>(
        &mut self,
        left: usize,
        bytes: &'a [u8],
        context: &mut Context<'_>,
    ) -> &'a [u8] {
        let (body, rest) = bytes.split_at(left.min(bytes.len()));
        self.small.extend_from_slice(body);
        let known = matches!(
            self.small.first(),
            Some(&(CLIENT_HELLO | CLIENT_MASTER_KEY | SERVER_HELLO))
        );
        let left = left - body.len();
        self.state = if !known {
            self.version_2_is_broken(context)
        } else if left > 0 {
            State::Version2Body { left }
        } else {
            let padding = Header::read(&self.header).map_or(0, |header| header.padding);
            let mut message = std::mem::take(&mut self.small);
            message.truncate(message.len().saturating_sub(padding));
            self.version_2_message(&message, context)
        };
        rest
    }

    fn version_2_is_broken(&mut self, context: &mut Context<'_>) -> State {
        context.counters.records_malformed += 1;
        self.small = Vec::new();
        State::Done
    }

    /// What a whole message says; gives what comes next.
    fn version_2_message(&mut self, message: &[u8], context: &mut Context<'_>) -> State {
        match message.first() {
            Some(&CLIENT_HELLO) => {
                match ClientHello::read_version_2(message) {
                    Some(hello) => self.current().client_hello = Some(hello),
                    None => context.counters.messages_malformed += 1,
                }
                // The server chooses whether it goes on in this format.
                self.version_2_may_follow = true;
                return State::Header(0);
            }
            Some(&SERVER_HELLO) => {
                let read = server_hello(message);
                let facts = self.current();
                match read {
                    Some((hello, kind, certificate)) => {
                        facts.server_hello = Some(hello);
                        if !certificate.is_empty() {
                            facts.note_certificate(kind == X509, certificate, context);
                        }
                    }
                    None => context.counters.messages_malformed += 1,
                }
            }
            _ => self.current().client_key_exchange = true,
        }
        self.keys_changed = true;
        State::Version2Header(0)
    }

    /// A message ends before its end: of a server's hello, the certificate is missing.
    pub(super) fn cut_version_2(&mut self, end: ChainEnd) {
        let is_body = matches!(self.state, State::Version2Body { .. });
        if is_body && self.small.first() == Some(&SERVER_HELLO) {
            self.current().chain = Some((Vec::new(), end));
        }
    }
}

/// A server's hello, the type of its certificate, and the certificate, which is empty where a session is resumed.
fn server_hello(message: &[u8]) -> Option<(ServerHello, u8, &[u8])> {
    let mut reader = Reader::new(message);
    reader.u8()?;
    let resumes = reader.u8()? != 0;
    let kind = reader.u8()?;
    let version = Version(reader.u16()?);
    let length = usize::from(reader.u16()?);
    // The lengths of the list of ciphers and of the connection's id.
    reader.take(4)?;
    let hello = ServerHello {
        version: Some(version),
        resumes,
        ..ServerHello::default()
    };
    Some((hello, kind, reader.take(length)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Moment, Spare};
    use crate::identities::Identities;
    use crate::limits::{Counters, Limits};
    use crate::tls::facts::Facts;
    use crate::tls::profiles::Profiles;
    use crate::tls::reassembly::Cut;

    const CERTIFICATE: &[u8] = &[0x30, 3, 2, 1, 9];

    /// Version 2, one cipher kind (RC4 with 128 bits and MD5), an id of 16 bytes.
    fn server() -> Vec<u8> {
        let head = [SERVER_HELLO, 0, X509, 0, 2, 0, 5, 0, 3, 0, 16];
        [&head[..], CERTIFICATE, &[1, 0, 0x80], &[7; 16]].concat()
    }

    fn client() -> Vec<u8> {
        let head = [CLIENT_HELLO, 0, 2, 0, 3, 0, 0, 0, 16];
        [&head[..], &[1, 0, 0x80], &[5; 16]].concat()
    }

    fn record(message: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(message.len()).unwrap().to_be_bytes();
        [&[high | 0x80, low], message].concat()
    }

    /// The same with a third byte and padding.
    fn padded(message: &[u8]) -> Vec<u8> {
        let length = u16::try_from(message.len() + 3).unwrap().to_be_bytes();
        [&length, &[3][..], message, &[0; 3]].concat()
    }

    fn feed(stream: &[u8], size: usize, finish: Option<Cut>) -> (Facts, bool, Counters) {
        let (mut identities, mut counters) = (Identities::default(), Counters::default());
        let mut profiles = Profiles::default();
        let limits = Limits::default();
        let mut context = Context {
            limits: &limits,
            counters: &mut counters,
            identities: &mut identities,
            profiles: &mut profiles,
            spare: &mut Spare::default(),
        };
        let mut half = Half::with_version_2();
        for part in stream.chunks(size) {
            half.feed(part, Moment::default(), &mut context);
        }
        let done = half.is_done();
        if let Some(cut) = finish {
            half.end(cut, &mut context);
        }
        (half.facts.remove(0), done, counters)
    }

    #[test]
    fn a_server_shows_its_certificate_however_its_hello_is_cut() {
        for hello in [record(&server()), padded(&server())] {
            let stream = [hello, padded(&[0xee; 45])].concat();
            for size in 1..=stream.len() {
                let (facts, done, counters) = feed(&stream, size, None);
                let (chain, end) = facts.chain.unwrap();
                assert_eq!((1, ChainEnd::Complete, true), (chain.len(), end, done));
                assert_eq!(Some(VERSION), facts.server_hello.unwrap().version);
                assert!(facts.protected_data);
                assert_eq!(
                    (0, 0),
                    (counters.records_malformed, counters.messages_malformed)
                );
            }
        }
    }

    #[test]
    fn a_client_goes_on_with_its_key_and_then_encrypted() {
        let key = [
            &[CLIENT_MASTER_KEY, 1, 0, 0x80, 0, 0, 0, 16, 0, 0][..],
            &[9; 16],
        ]
        .concat();
        let stream = [record(&client()), record(&key), padded(&[0xee; 45])].concat();
        for size in 1..=stream.len() {
            let (facts, done, _) = feed(&stream, size, None);
            assert_eq!(Some(VERSION), facts.client_hello.unwrap().offered);
            assert!(facts.client_key_exchange && facts.protected_data && done);
        }
    }

    #[test]
    fn a_client_may_go_on_in_records_of_tls() {
        let mut hello = client();
        hello[1..3].copy_from_slice(&[3, 1]);
        let alert = [21, 3, 1, 0, 2, 2, 40];
        let (facts, _, counters) = feed(&[&record(&hello)[..], &alert].concat(), 4, None);
        assert_eq!((1, 0), (facts.alerts.len(), counters.records_malformed));
    }

    #[test]
    fn an_error_in_the_clear_is_no_protected_data() {
        let stream = [record(&server()), record(&[0, 0, 2])].concat();
        let (facts, done, _) = feed(&stream, 7, None);
        assert!(done && !facts.protected);
    }

    #[test]
    fn a_resumed_session_shows_none() {
        let hello = [&[SERVER_HELLO, 1, 0, 0, 2, 0, 0, 0, 0, 0, 16][..], &[7; 16]].concat();
        let (facts, ..) = feed(&record(&hello), 99, None);
        assert!(facts.server_hello.unwrap().resumes && facts.chain.is_none());
    }

    #[test]
    fn what_is_cut_broken_or_of_another_kind_is_told() {
        let whole = record(&server());
        for n in 3..whole.len() {
            for (cut, end) in [
                (Cut::Ended, ChainEnd::Truncated),
                (Cut::Lost, ChainEnd::Lost),
            ] {
                let (facts, ..) = feed(&whole[..n], 99, Some(cut));
                assert_eq!(Some((Vec::new(), end)), facts.chain, "{n}");
            }
        }
        let mut other = server();
        other[2] = 9;
        let (facts, ..) = feed(&record(&other), 99, None);
        assert_eq!(Some((Vec::new(), ChainEnd::Unsupported)), facts.chain);
        let mut lying = server();
        lying[5] = 1;
        let (facts, _, counters) = feed(&record(&lying), 99, None);
        assert_eq!((1, None), (counters.messages_malformed, facts.chain));
        let stream = [record(&client()), record(&[77; 20])].concat();
        let (_, done, counters) = feed(&stream, 99, None);
        assert_eq!((1, true), (counters.records_malformed, done));
    }
}
