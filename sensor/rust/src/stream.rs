//! One direction of a TCP connection, put in order.
//!
//! Bytes that arrive in order are handed on at once, as they lie in the frame; only what comes too early is kept.

mod early;
pub mod overlap;

use crate::limits::{Counters, Limits};
use early::Early;

/// Segments that begin further ahead than this are not of this stream, or nothing can be done for it.
pub const MAX_AHEAD: u32 = 1 << 24;

/// `a` lies before `b` on the circle of sequence numbers (RFC 9293 3.4).
#[must_use]
pub fn before(a: u32, b: u32) -> bool {
    a != b && b.wrapping_sub(a) < 1 << 31
}

/// A payload is at most one IP datagram long, and pieces are capped far below this.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// What to do with a segment's payload now.
#[derive(Debug, PartialEq, Eq)]
pub enum Accepted<'a> {
    /// These bytes are next in the stream.
    InOrder(&'a [u8]),
    /// Kept until earlier bytes come.
    Held,
    /// Seen before, or not of this stream.
    Nothing,
}

/// The order of one direction.
#[derive(Debug, Default)]
pub struct Stream {
    next: Option<u32>,
    anchored: bool,
    expects_start: bool,
    started: bool,
    fin: Option<u32>,
    /// Only where bytes are kept because earlier ones are missing.
    early: Option<Box<Early>>,
}

impl Stream {
    /// Sequence number of the next byte wanted; `None` before anything is known.
    #[must_use]
    pub fn next(&self) -> Option<u32> {
        self.next
    }

    /// Bytes were handed on.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.started
    }

    /// Bytes kept, bookkeeping included.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.early.as_ref().map_or(0, |early| early.bytes())
    }

    /// Since when, in packet time, earlier bytes are missing; `None` when none are.
    #[must_use]
    pub fn hole_since_ns(&self) -> Option<u64> {
        self.early.as_ref().map(|early| early.since_ns())
    }

    /// All bytes up to the FIN were handed on.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.fin.is_some() && self.fin == self.next
    }

    /// The direction's SYN says where it begins. A SYN that comes late still says so, unless bytes were read already;
    /// with `latest`, the last of several counts: nobody is seen to acknowledge one of them.
    pub fn begin_at_syn(&mut self, sequence: u32, latest: bool) {
        if (!self.anchored || latest) && !self.started {
            self.next = Some(sequence.wrapping_add(1));
            self.anchored = true;
        }
    }

    /// The connection was seen from its beginning, so that the number of this direction's first byte will be seen, too:
    /// until then bytes are kept.
    pub fn expect_start(&mut self) {
        self.expects_start = true;
    }

    /// The other side expects this byte next: where to begin if the SYN was not seen, or was not the one it answers. Of a
    /// connection that was seen from its beginning only the `first` bytes that the other side sends tell it: what is
    /// acknowledged later may lie far behind the first byte, which is still to come.
    pub fn begin_at_acknowledgement(&mut self, acknowledgement: u32, first: bool) {
        let awaited = self.expects_start && !self.anchored;
        if self.started || awaited && !first {
            return;
        }
        let far = |next: u32| {
            acknowledgement.wrapping_sub(next) > MAX_AHEAD
                && next.wrapping_sub(acknowledgement) > MAX_AHEAD
        };
        let better = |next: u32| far(next) || awaited && before(acknowledgement, next);
        if self.next.is_none_or(better) {
            // Bytes that came before their SYN may lie before those that are acknowledged.
            self.next = match self.first_kept() {
                Some(earliest) if before(earliest, acknowledgement) => Some(earliest),
                _ => Some(acknowledgement),
            };
        }
    }

    /// Note the end of the stream.
    pub fn finish_at(&mut self, sequence: u32) {
        self.fin = Some(sequence);
    }

    /// Take in one segment's payload.
    pub fn accept<'a>(
        &mut self,
        sequence: u32,
        payload: &'a [u8],
        time_ns: u64,
        counters: &mut Counters,
    ) -> Accepted<'a> {
        if payload.is_empty() {
            return Accepted::Nothing;
        }
        if self.next.is_none() && self.expects_start {
            return self.wait(sequence, payload, time_ns);
        }
        let guessed = self.expects_start && !self.anchored && !self.started;
        if guessed && self.next.is_some_and(|next| before(sequence, next)) {
            // Only an acknowledgement said where to begin; it was not the first.
            self.next = Some(sequence);
        }
        let next = *self.next.get_or_insert(sequence);
        let end = sequence.wrapping_add(length(payload));
        if !before(next, end) {
            return Accepted::Nothing;
        }
        if before(next, sequence) {
            if sequence.wrapping_sub(next) > MAX_AHEAD {
                counters.segments_out_of_window += 1;
                return Accepted::Nothing;
            }
            return self.wait(sequence, payload, time_ns);
        }
        let known = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
        let Some(news) = payload.get(known..) else {
            return Accepted::Nothing;
        };
        self.next = Some(end);
        self.started = true;
        Accepted::InOrder(news)
    }

    /// Keep a segment until earlier bytes come.
    fn wait<'a>(&mut self, sequence: u32, payload: &[u8], time_ns: u64) -> Accepted<'a> {
        let new = || Box::new(Early::new(time_ns));
        let early = self.early.get_or_insert_with(new);
        early.hold(sequence, payload);
        Accepted::Held
    }

    /// Kept bytes that are next now, if any; call until there are none.
    pub fn pop_ready(&mut self) -> Option<Vec<u8>> {
        let (next, early) = (self.next?, self.early.as_mut()?);
        let ready = early.pop(next);
        if early.is_empty() {
            self.early = None;
        }
        let ready = ready?;
        self.next = Some(next.wrapping_add(length(&ready)));
        self.started = true;
        Some(ready)
    }

    /// Give up the bytes missing before the first kept piece; gives how many they are.
    pub fn skip_hole(&mut self) -> Option<u32> {
        let first = self.first_kept()?;
        let missing = self.next.map_or(0, |next| first.wrapping_sub(next));
        self.next = Some(first);
        self.started = true;
        Some(missing)
    }

    /// Whether more is kept than a direction may.
    #[must_use]
    pub fn is_over(&self, limits: &Limits) -> bool {
        self.early
            .as_ref()
            .is_some_and(|early| early.is_over(limits))
    }

    /// Forget what is kept.
    pub fn drop_pending(&mut self) {
        self.early = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out when these (offset, length) pieces of 0, 1, 2 ... go in, holes given up at the end.
    fn read(start: u32, segments: &[(u32, u32)]) -> (Vec<u8>, u32) {
        let mut counters = Counters::default();
        let (mut stream, mut out, mut lost) = (Stream::default(), Vec::new(), 0);
        stream.begin_at_syn(start, false);
        for &(offset, n) in segments {
            let payload: Vec<u8> = (offset..offset + n).map(|i| (i % 251) as u8).collect();
            let sequence = start.wrapping_add(1).wrapping_add(offset);
            if let Accepted::InOrder(news) = stream.accept(sequence, &payload, 0, &mut counters) {
                out.extend_from_slice(news);
            }
            while let Some(bytes) = stream.pop_ready() {
                out.extend_from_slice(&bytes);
            }
        }
        while let Some(missing) = stream.skip_hole() {
            lost += missing;
            while let Some(bytes) = stream.pop_ready() {
                out.extend_from_slice(&bytes);
            }
        }
        assert_eq!(0, stream.pending_bytes());
        (out, lost)
    }

    pub(super) fn numbers(n: u32) -> Vec<u8> {
        (0..n).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn order_repetition_and_overlap_do_not_matter() {
        for start in [0, 1000, u32::MAX - 5, u32::MAX - 1, 0x7fff_fffb] {
            for segments in [
                &[(0, 10), (10, 10)][..],
                &[(10, 10), (0, 10)],
                &[(5, 5), (15, 5), (10, 5), (5, 15), (0, 20)],
                &[(15, 5), (3, 4), (1, 17), (0, 2)],
                &[(0, 5), (2, 10), (18, 2), (4, 16), (0, 20)],
                &[(19, 1), (17, 1), (16, 3), (2, 16), (0, 3)],
            ] {
                assert_eq!(
                    (numbers(20), 0),
                    read(start, segments),
                    "{start} {segments:?}"
                );
            }
        }
    }

    #[test]
    fn one_byte_segments_backwards() {
        let segments: Vec<_> = (0..500).rev().map(|i| (i, 1)).collect();
        assert_eq!((numbers(500), 0), read(u32::MAX - 100, &segments));
    }

    #[test]
    fn one_byte_segments_in_wild_order() {
        for step in [7, 1_931, 2_963, 4_999] {
            let segments: Vec<_> = (0..5_000).map(|i| (i * step % 5_000, 1)).collect();
            assert_eq!((numbers(5_000), 0), read(9, &segments), "{step}");
        }
    }

    #[test]
    fn missing_bytes_are_counted() {
        let mut expected = numbers(5);
        expected.extend(&numbers(20)[10..]);
        assert_eq!((expected, 5), read(7, &[(10, 10), (0, 5)]));
    }

    #[test]
    fn a_late_syn_still_says_where_the_stream_begins() {
        let (mut stream, mut counters) = (Stream::default(), Counters::default());
        stream.begin_at_acknowledgement(500, true);
        stream.begin_at_syn(99, false);
        assert_eq!(Some(100), stream.next());
        stream.accept(100, b"abc", 0, &mut counters);
        stream.begin_at_syn(3000, false);
        assert_eq!(Some(103), stream.next());
    }

    #[test]
    fn of_several_syns_the_one_that_is_answered_counts() {
        let mut stream = Stream::default();
        stream.begin_at_syn(99, false);
        stream.begin_at_acknowledgement(150, true);
        assert_eq!(Some(100), stream.next());
        stream.begin_at_acknowledgement(0x5000_0001, true);
        assert_eq!(Some(0x5000_0001), stream.next());
    }

    #[test]
    fn only_the_first_segment_of_the_other_side_tells_where_an_awaited_start_is() {
        let (mut stream, mut counters) = (Stream::default(), Counters::default());
        stream.expect_start();
        stream.begin_at_acknowledgement(118, false);
        assert_eq!(None, stream.next());
        assert_eq!(Accepted::Held, stream.accept(118, b"def", 0, &mut counters));
        stream.begin_at_acknowledgement(115, true);
        assert_eq!(Some(115), stream.next());
        assert_eq!(
            Accepted::InOrder(b"abc".as_slice()),
            stream.accept(115, b"abc", 0, &mut counters)
        );
        assert_eq!(Some(b"def".to_vec()), stream.pop_ready());
    }

    #[test]
    fn data_before_the_syn_waits_for_it() {
        let (mut stream, mut counters) = (Stream::default(), Counters::default());
        stream.expect_start();
        assert_eq!(Accepted::Held, stream.accept(103, b"def", 0, &mut counters));
        assert_eq!(Accepted::Held, stream.accept(100, b"abc", 0, &mut counters));
        assert_eq!(None, stream.pop_ready());
        stream.begin_at_syn(99, false);
        assert_eq!(Some(b"abcdef".to_vec()), stream.pop_ready());
        let mut late = Stream::default();
        late.expect_start();
        late.accept(100, b"abc", 0, &mut counters);
        assert_eq!(Some(0), late.skip_hole());
        assert_eq!(Some(b"abc".to_vec()), late.pop_ready());
    }

    #[test]
    fn a_wild_sequence_number_is_dropped() {
        let (mut stream, mut counters) = (Stream::default(), Counters::default());
        stream.begin_at_syn(0, false);
        assert_eq!(
            Accepted::Nothing,
            stream.accept(0x4000_0000, b"abc", 0, &mut counters)
        );
        assert_eq!(1, counters.segments_out_of_window);
    }
}
