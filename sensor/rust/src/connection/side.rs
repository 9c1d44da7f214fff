//! What is known of one direction of a connection.

use super::Moment;
use crate::stream::{before, Stream, MAX_AHEAD};
use crate::tls::scanner::Scanner;

/// What few directions have.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// When the last bytes came that had to wait for earlier ones.
    pub held_at: Option<Moment>,
    /// Where the last segment ends of which the capture lacks the rest (snaplen).
    pub cut_to: Option<u32>,
    /// Bytes lost before TLS began in this direction, though it had begun in the other.
    pub lost_before: u64,
}

#[derive(Debug, Default)]
pub(super) struct Side {
    pub stream: Stream,
    pub scanner: Scanner,
    /// Any packet of this direction was seen.
    pub seen: bool,
    pub closed: bool,
    pub mac: Option<[u8; 6]>,
    pub syn: Option<u32>,
    /// Highest acknowledgement number sent.
    pub acknowledged: Option<u32>,
    /// Lowest acknowledgement number sent with data.
    pub acknowledged_first: Option<u32>,
    /// Sequence number of the first byte of TLS.
    pub tls_start: Option<u32>,
    /// When the bytes came that the scanner carries.
    pub carried_since: Option<Box<Moment>>,
    trouble: Option<Box<Trouble>>,
    /// Bytes came again that were different, or contradicted each other in fragments.
    pub conflicting: bool,
}

impl Side {
    /// To note it.
    pub fn trouble(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }

    /// When the last bytes came that had to wait for earlier ones.
    pub fn held_at(&self) -> Option<Moment> {
        self.trouble.as_ref()?.held_at
    }

    /// Bytes lost before TLS began in this direction, though it had begun in the other.
    pub fn lost_before(&self) -> u64 {
        self.trouble
            .as_ref()
            .map_or(0, |trouble| trouble.lost_before)
    }

    /// Bytes held on the heap, near enough.
    pub fn memory(&self) -> usize {
        let carried = self
            .carried_since
            .as_ref()
            .map_or(0, |_| size_of::<Moment>());
        let trouble = self.trouble.as_ref().map_or(0, |_| size_of::<Trouble>());
        self.stream.pending_bytes() + self.scanner.memory() + carried + trouble
    }

    /// The side got something of its peer: it acknowledged TLS, or, where the peer's TLS is not seen, went on to
    /// acknowledge more than when it first sent data.
    pub fn advanced(&self, peer: &Self) -> bool {
        // One more than at first may be the peer's FIN.
        let first = || Some(self.acknowledged_first?.wrapping_add(1));
        let start = peer.tls_start.or_else(first);
        match (start, self.acknowledged) {
            (Some(start), Some(latest)) => before(start, latest),
            _ => false,
        }
    }

    /// Bytes of plaintext before TLS: counted by sequence numbers where both ends are known, for some may have come
    /// before the SYN, else what was searched.
    pub fn plaintext(&self) -> u64 {
        match (self.syn, self.tls_start) {
            (Some(syn), Some(start)) => {
                let before = u64::from(start.wrapping_sub(syn.wrapping_add(1)));
                before.saturating_sub(self.lost_before())
            }
            _ => self.scanner.searched(),
        }
    }

    /// Note an acknowledgement number.
    pub fn acknowledge(&mut self, number: u32, with_data: bool) {
        if self
            .acknowledged
            .is_none_or(|latest| before(latest, number))
        {
            self.acknowledged = Some(number);
        }
        if with_data
            && self
                .acknowledged_first
                .is_none_or(|first| before(number, first))
        {
            self.acknowledged_first = Some(number);
        }
    }

    /// The bytes missing now are those of a segment that was not captured whole: nothing will bring them.
    pub fn lacks_what_was_cut(&self) -> bool {
        let cut_to = self.trouble.as_ref().and_then(|trouble| trouble.cut_to);
        cut_to.is_some() && self.stream.first_kept() == cut_to
    }

    /// Bytes at the end of this direction that its peer acknowledged and the capture lacks. One more than there is may
    /// be a FIN that was not seen.
    pub fn missing_at_end(&self, peer: &Self) -> u32 {
        match (self.stream.next(), peer.acknowledged) {
            // What is not mirrored at all is not missing.
            _ if !self.seen => 0,
            (Some(next), Some(acknowledged)) if before(next.wrapping_add(1), acknowledged) => {
                let missing = acknowledged.wrapping_sub(next);
                if missing < MAX_AHEAD {
                    missing
                } else {
                    0
                }
            }
            _ => 0,
        }
    }
}
