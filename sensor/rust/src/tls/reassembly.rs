//! Handshake messages out of record bodies: several in one record, or one over many.

use super::handshake;
use crate::bytes;
use crate::connection::{Moment, Spare};

/// Type and length.
const HEADER: usize = 4;

/// Most chains are shorter than this, in bytes.
pub const USUAL: usize = 8_192;

/// Why a message ends before its length says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The observation ended.
    Ended,
    /// Bytes are missing from the capture.
    Lost,
    /// It is longer than our cap.
    TooLong,
}

/// A message, or as much of it as there is.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Handshake type.
    pub kind: u8,
    /// Its body, up to the cut.
    pub body: &'a [u8],
    /// `None` when it is whole.
    pub cut: Option<Cut>,
    /// When its first byte came.
    pub since: Moment,
}

/// These bytes are no plaintext handshake.
#[derive(Debug, PartialEq, Eq)]
pub struct NotPlaintext;

#[derive(Debug, Clone, Copy)]
struct Current {
    kind: u8,
    missing: usize,
    keep: bool,
}

/// One direction's messages.
#[derive(Debug, Default)]
pub struct Messages {
    header: [u8; HEADER],
    header_length: usize,
    current: Option<Current>,
    since: Moment,
    buffer: Vec<u8>,
}

/// Types whose body is read; all others are stepped over.
fn is_read(kind: u8) -> bool {
    matches!(
        kind,
        handshake::CLIENT_HELLO
            | handshake::SERVER_HELLO
            | handshake::CERTIFICATE
            | handshake::SERVER_KEY_EXCHANGE
            | handshake::CERTIFICATE_REQUEST
    )
}

impl Messages {
    /// Bytes kept of an unfinished message.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Take a buffer, if there is none and these bytes begin a message that they do not end.
    pub fn borrow_buffer(&mut self, bytes: &[u8], spare: &mut Spare) {
        let is_whole = |&[_, a, b, c]: &[u8; HEADER]| {
            let length = usize::try_from(u32::from_be_bytes([0, a, b, c]));
            length.is_ok_and(|length| length + HEADER <= bytes.len())
        };
        if self.buffer.capacity() == 0 && !bytes.first_chunk().is_some_and(is_whole) {
            self.buffer = spare.buffer();
        }
    }

    /// Give the buffer away, if there is nothing in it.
    pub fn return_buffer(&mut self, spare: &mut Spare) {
        if self.buffer.is_empty() && self.buffer.capacity() > 0 {
            spare.keep_buffer(std::mem::take(&mut self.buffer));
        }
    }

    /// No message is unfinished.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.current.is_none() && self.header_length == 0
    }

    /// Take in bytes of handshake records, which came at this moment; each message is handed to `receive` when its last byte is there.
    ///
    /// # Errors
    /// What should be a message's start has a type nobody knows: it is encrypted, or no handshake.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        now: Moment,
        max_bytes: usize,
        mut receive: impl FnMut(Message<'_>),
    ) -> Result<(), NotPlaintext> {
        while !bytes.is_empty() {
            if self.is_between() {
                self.since = now;
            }
            let current = match self.current {
                Some(current) => current,
                None => match self.read_header(&mut bytes)? {
                    Some(current) => current,
                    None => return Ok(()),
                },
            };
            let (body, rest) = bytes.split_at(current.missing.min(bytes.len()));
            let missing = current.missing - body.len();
            bytes = rest;
            if current.keep && self.buffer.len() + body.len() > max_bytes {
                // As much as the cap allows, however the bytes came.
                let fits = max_bytes.saturating_sub(self.buffer.len());
                self.buffer.extend(body.iter().take(fits));
                receive(Message {
                    kind: current.kind,
                    body: &self.buffer,
                    cut: Some(Cut::TooLong),
                    since: self.since,
                });
                self.stop_keeping();
            }
            let current = self.current.unwrap_or(current);
            if missing == 0 {
                self.finish(current, body, &mut receive);
                continue;
            }
            self.current = Some(Current { missing, ..current });
            if current.keep {
                if self.buffer.is_empty() {
                    // Room for all of it at once, unless it claims more than honest messages have.
                    self.buffer
                        .reserve(current.missing.min(USUAL).min(max_bytes));
                }
                self.buffer.extend_from_slice(body);
            }
        }
        Ok(())
    }

    fn read_header(&mut self, bytes: &mut &[u8]) -> Result<Option<Current>, NotPlaintext> {
        let (header, rest) = bytes::header(&mut self.header, self.header_length, bytes);
        *bytes = rest;
        let (length, [kind, a, b, c]) = match header {
            Ok(header) => (HEADER, header),
            Err(length) => (length, self.header),
        };
        self.header_length = length;
        if length > 0 && !handshake::is_known(kind) {
            return Err(NotPlaintext);
        }
        if length < HEADER {
            return Ok(None);
        }
        let current = Current {
            kind,
            missing: usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX),
            keep: is_read(kind),
        };
        // An empty message is complete with its header; `push` would not come back for it.
        self.current = Some(current);
        Ok(Some(current))
    }

    fn finish(&mut self, current: Current, body: &[u8], receive: &mut impl FnMut(Message<'_>)) {
        let whole = if self.buffer.is_empty() {
            body
        } else {
            self.buffer.extend_from_slice(body);
            &self.buffer
        };
        let stepped_over = is_read(current.kind) && !current.keep;
        if !stepped_over {
            receive(Message {
                kind: current.kind,
                body: whole,
                cut: None,

                since: self.since,
            });
        }
        self.buffer.clear();
        self.current = None;
        self.header_length = 0;
    }

    /// This many bytes of handshake records are missing. What is there of the current message is handed on; `false` if
    /// the place of the next message is not known any more.
    pub fn gap(&mut self, missing: usize, receive: impl FnOnce(Message<'_>)) -> bool {
        let Some(current) = self.current else {
            self.header_length = 0;
            return false;
        };
        if current.keep {
            receive(Message {
                kind: current.kind,
                body: &self.buffer,
                cut: Some(Cut::Lost),

                since: self.since,
            });
        }
        self.stop_keeping();
        match current.missing.checked_sub(missing) {
            Some(0) => {
                self.current = None;
                self.header_length = 0;
                true
            }
            Some(left) => {
                self.current = Some(Current {
                    missing: left,
                    keep: false,
                    ..current
                });
                true
            }
            None => {
                self.current = None;
                self.header_length = 0;
                false
            }
        }
    }

    /// Nothing more comes: hand on what is there of the current message.
    pub fn end(&mut self, cut: Cut, receive: impl FnOnce(Message<'_>)) {
        if let Some(current) = self.current.take() {
            if current.keep {
                receive(Message {
                    kind: current.kind,
                    body: &self.buffer,
                    cut: Some(cut),

                    since: self.since,
                });
            }
        }
        self.buffer = Vec::new();
        self.header_length = 0;
    }

    fn stop_keeping(&mut self) {
        self.buffer = Vec::new();
        if let Some(current) = &mut self.current {
            current.keep = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(parts: &[&[u8]], max: usize) -> Vec<(u8, Vec<u8>, Option<Cut>)> {
        let mut messages = Messages::default();
        let mut out = Vec::new();
        for part in parts {
            messages
                .push(part, Moment::default(), max, |m| {
                    out.push((m.kind, m.body.to_vec(), m.cut));
                })
                .unwrap();
        }
        messages.end(Cut::Ended, |m| out.push((m.kind, m.body.to_vec(), m.cut)));
        out
    }

    const STREAM: &[u8] = &[
        11, 0, 0, 5, 1, 2, 3, 4, 5, 14, 0, 0, 0, 1, 0, 0, 2, 8, 9, 16, 0, 0, 1, 7, 11, 0, 0, 1, 3,
    ];

    #[test]
    fn the_same_messages_however_the_bytes_are_cut() {
        let whole = collect(&[STREAM], 100);
        let expected = vec![
            (11, vec![1, 2, 3, 4, 5], None),
            (14, vec![], None),
            (1, vec![8, 9], None),
            (16, vec![7], None),
            (11, vec![3], None),
        ];
        assert_eq!(expected, whole);
        for size in 1..STREAM.len() {
            let parts: Vec<&[u8]> = STREAM.chunks(size).collect();
            let kinds = |list: Vec<(u8, Vec<u8>, Option<Cut>)>| -> Vec<_> {
                list.into_iter()
                    .map(|(kind, body, cut)| {
                        // Messages that nobody reads come without their body when they are cut.
                        (kind, if is_read(kind) { body } else { vec![] }, cut)
                    })
                    .collect()
            };
            assert_eq!(kinds(whole.clone()), kinds(collect(&parts, 100)), "{size}");
        }
    }

    #[test]
    fn a_cut_message_is_handed_on_with_the_reason() {
        let expected = vec![(11, vec![1, 2], Some(Cut::Ended))];
        assert_eq!(expected, collect(&[&STREAM[..6]], 100));
    }

    #[test]
    fn a_message_over_the_cap_is_cut_once_and_the_next_one_is_read() {
        let parts: Vec<&[u8]> = STREAM.chunks(1).collect();
        let out = collect(&parts, 3);
        assert_eq!((11, vec![1, 2, 3], Some(Cut::TooLong)), out[0]);
        assert_eq!((14, vec![], None), out[1]);
        assert_eq!(5, out.len());
    }

    #[test]
    fn the_cap_cuts_at_the_same_byte_however_the_bytes_come() {
        let expected = collect(&[STREAM], 3);
        assert_eq!((11, vec![1, 2, 3], Some(Cut::TooLong)), expected[0]);
        for size in 1..9 {
            let parts: Vec<&[u8]> = STREAM.chunks(size).collect();
            assert_eq!(expected[0], collect(&parts, 3)[0], "{size}");
        }
    }

    #[test]
    fn after_a_gap_inside_a_message_the_next_one_is_found() {
        let mut messages = Messages::default();
        let mut out = Vec::new();
        messages
            .push(&STREAM[..6], Moment::default(), 100, |_| {})
            .unwrap();
        assert!(messages.gap(3, |m| out.push((m.kind, m.body.to_vec(), m.cut))));
        messages
            .push(&STREAM[9..], Moment::default(), 100, |m| {
                out.push((m.kind, m.body.to_vec(), m.cut));
            })
            .unwrap();
        assert_eq!((11, vec![1, 2], Some(Cut::Lost)), out[0]);
        assert_eq!((14, vec![], None), out[1]);
    }

    #[test]
    fn encrypted_bytes_are_not_taken_for_messages() {
        let mut messages = Messages::default();
        assert_eq!(
            Err(NotPlaintext),
            messages.push(&[0x9c, 0, 0], Moment::default(), 100, |_| {})
        );
    }
}
