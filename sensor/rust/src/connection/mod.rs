//! One TCP connection: two directions put in order, searched for TLS, and followed through its handshake.

mod report;
mod side;
mod spare;
mod tombstone;

pub use spare::Spare;
pub use tombstone::Tombstone;

use side::Side;

use crate::frame::{Endpoint, Segment, Wrapping, ACK, FIN, RST, SYN};
use crate::limits::nanoseconds;
use crate::stream::overlap::Witness;
use crate::stream::{before, Accepted};
use crate::tls::facts::{Context, Facts};
use crate::tls::half::{looks_like_record, Half};
use crate::tls::opener::Opener;

/// When and where a packet was seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// Nanoseconds since 1970.
    pub time_ns: u64,
    /// Number in the capture, from 1.
    pub frame: u64,
    /// Index of the interface.
    pub interface: u32,
}

/// What the header of a segment says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Header {
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    from_second: bool,
    has_payload: bool,
}

impl Header {
    /// Of a segment sent by the first (0) or the second end (1).
    #[must_use]
    pub fn new(direction: usize, segment: &Segment<'_>) -> Self {
        Self {
            sequence: segment.sequence,
            acknowledgement: segment.acknowledgement,
            flags: segment.flags,
            from_second: direction != 0,
            has_payload: !segment.payload.is_empty(),
        }
    }

    /// 0 or 1.
    #[must_use]
    pub fn direction(&self) -> usize {
        usize::from(self.from_second)
    }

    fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }
}

/// What is to become of a connection after a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Go on.
    Open,
    /// Its handshakes are over: report them.
    Finished,
    /// There is no TLS in it: forget it.
    Plain,
}

/// The part that only connections with TLS have.
#[derive(Debug, Default)]
struct Tls {
    halves: [Half; 2],
    witnesses: [Witness; 2],
    started: [bool; 2],
    since: Moment,
}

impl Tls {
    /// Bytes that it costs, near enough.
    fn memory(&self) -> usize {
        let halves: usize = self.halves.iter().map(Half::memory).sum();
        let witnesses: usize = self.witnesses.iter().map(Witness::memory).sum();
        size_of::<Self>() + halves + witnesses
    }

    /// Forget everything, but not the room it took.
    fn clear(&mut self) {
        self.halves.iter_mut().for_each(Half::clear);
        self.witnesses.iter_mut().for_each(Witness::clear);
        self.started = [false; 2];
    }
}

/// What was reported of a connection that goes on.
#[derive(Debug)]
struct Before {
    /// Time and number of its first packet.
    named_by: (u64, u64),
    sessions: usize,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    ends: [Endpoint; 2],
    sides: [Side; 2],
    /// 0 or 1.
    initiator: Option<u8>,
    first: Moment,
    /// What was reported before, where it goes on after a report.
    before: Option<Box<Before>>,
    /// Only where there is an encapsulation.
    wrapping: Option<Box<Wrapping>>,
    tls: Option<Box<Tls>>,
    /// Nothing more is wanted of a direction: it is asked of every packet.
    done: [bool; 2],
}

impl Connection {
    /// A connection whose first packet is this one. Direction 0 is sent by `ends[0]`.
    #[must_use]
    pub fn new(ends: [Endpoint; 2], wrapping: Wrapping, first: Moment) -> Self {
        Self {
            ends,
            sides: [Side::default(), Side::default()],
            initiator: None,
            first,
            before: None,
            wrapping: (!wrapping.is_empty()).then(|| Box::new(wrapping)),
            tls: None,
            done: [false; 2],
        }
    }

    /// More handshakes of a connection of which some were reported.
    #[must_use]
    pub fn continued(mut self, tombstone: &Tombstone) -> Self {
        self.before = Some(Box::new(Before {
            named_by: tombstone.first,
            sessions: tombstone.sessions,
        }));
        self
    }

    /// Time and number that name the connection, also when it goes on after a report.
    fn named_by(&self) -> (u64, u64) {
        let first = (self.first.time_ns, self.first.frame);
        self.before.as_ref().map_or(first, |before| before.named_by)
    }

    fn sessions_before(&self) -> usize {
        self.before.as_ref().map_or(0, |before| before.sessions)
    }

    /// What to remember when the handshakes were reported.
    #[must_use]
    pub fn tombstone(&self, sessions: usize) -> Tombstone {
        let [a, b] = &self.sides;
        Tombstone {
            first: self.named_by(),
            sessions: self.sessions_before() + sessions,
            next: [a.stream.next(), b.stream.next()],
            syn: [a.syn, b.syn],
        }
    }

    /// This SYN begins another connection between the same ports, though the end of this one was not seen. Before any data
    /// was read, a SYN is only another try.
    #[must_use]
    pub fn is_new_syn(&self, direction: usize, segment: &Segment<'_>) -> bool {
        segment.has(SYN)
            && !segment.has(RST)
            && self.sides[direction].stream.is_started()
            && self.tombstone(0).is_new_syn(direction, segment.sequence)
    }

    /// The segment may bring a handshake forward: what a finished direction sends does not, nor do mere acknowledgements.
    #[must_use]
    pub fn hopes_for(&self, direction: usize, segment: &Segment<'_>) -> bool {
        self.tls.is_none() || !(segment.payload.is_empty() || self.is_done(direction))
    }

    /// Its ends: direction 0 is sent by the first.
    #[must_use]
    pub fn ends(&self) -> &[Endpoint; 2] {
        &self.ends
    }

    /// Index of the interface that saw the first packet.
    #[must_use]
    pub fn interface(&self) -> u32 {
        self.first.interface
    }

    /// Number of the first packet.
    #[must_use]
    pub fn first_frame(&self) -> u64 {
        self.first.frame
    }

    /// TLS has begun.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Bytes are kept because earlier ones are missing: TLS may be among them.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.sides
            .iter()
            .any(|side| side.stream.hole_since_ns().is_some())
    }

    /// Bytes that this connection costs, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        let sides: usize = self.sides.iter().map(Side::memory).sum();
        let wrapping = self.wrapping.as_ref().map_or(0, |_| size_of::<Wrapping>());
        let tls = self.tls.as_ref().map_or(0, |tls| tls.memory());
        size_of::<Self>() + wrapping + sides + tls
    }

    /// Take in one segment, sent in `direction`.
    pub fn segment(
        &mut self,
        direction: usize,
        segment: &Segment<'_>,
        moment: Moment,
        context: &mut Context<'_>,
    ) -> Status {
        let known = self.sides[direction].mac.is_some();
        let mac = if known {
            None
        } else {
            segment.wrapping().source_mac
        };
        self.note_header(&Header::new(direction, segment), mac);
        for side in [0, 1] {
            // What waited for the number of the first byte may be next now.
            if self.sides[side].stream.hole_since_ns().is_some() {
                self.drain(side, moment, context);
            }
        }
        if !segment.payload.is_empty() && !self.is_done(direction) {
            self.sides[direction].conflicting |= segment.conflicting;
            self.payload(direction, segment, moment, context);
        }
        self.note_end(direction, segment);
        self.status(context)
    }

    /// Take in what a header says; `mac` is its sender's, if it is not known yet.
    pub fn note_header(&mut self, header: &Header, mac: Option<[u8; 6]>) {
        let direction = header.direction();
        let [side, peer] = self.both(direction);
        side.seen = true;
        side.mac = side.mac.or(mac);
        if header.has(SYN) {
            side.stream.begin_at_syn(header.sequence, !peer.seen);
            peer.stream.expect_start();
            side.syn = side.syn.or(Some(header.sequence));
        }
        if header.has(ACK) && !header.has(RST) {
            let acknowledgement = header.acknowledgement;
            let behind_syn = |syn: u32| header.sequence == syn.wrapping_add(1);
            let first = header.has(SYN) || side.syn.is_none_or(behind_syn);
            peer.stream.begin_at_acknowledgement(acknowledgement, first);
            side.acknowledge(acknowledgement, header.has_payload);
        }
        if header.has(SYN) && self.initiator.is_none() {
            self.initiator = Some(u8::from(header.from_second != header.has(ACK)));
        }
    }

    fn note_end(&mut self, direction: usize, segment: &Segment<'_>) {
        let done = self.is_done(direction);
        let [side, _] = self.both(direction);
        let end = end_of(segment);
        if segment.has(FIN) {
            side.stream.finish_at(end);
        }
        // A RST that is not next in order may overtake what was sent before it (RFC 9293 3.10.7.4).
        let in_order = side
            .stream
            .next()
            .is_none_or(|next| next == segment.sequence);
        side.closed |= side.stream.is_complete()
            || (segment.has(FIN) && done)
            || (segment.has(RST) && (in_order || done));
    }

    fn both(&mut self, direction: usize) -> [&mut Side; 2] {
        let [a, b] = &mut self.sides;
        if direction == 0 {
            [a, b]
        } else {
            [b, a]
        }
    }

    fn is_done(&self, direction: usize) -> bool {
        self.done[direction]
    }

    fn payload(
        &mut self,
        direction: usize,
        segment: &Segment<'_>,
        moment: Moment,
        context: &mut Context<'_>,
    ) {
        let (sequence, payload) = (first_byte(segment), segment.payload);
        if self.is_padding(direction, sequence, payload) {
            return;
        }
        if self.contradicts(direction, sequence, payload) {
            self.sides[direction].conflicting = true;
            context.counters.segments_conflicting += 1;
        }
        let side = &mut self.sides[direction];
        let accepted = side
            .stream
            .accept(sequence, payload, moment.time_ns, context.counters);
        match accepted {
            Accepted::InOrder(news) => {
                self.bytes(direction, news, moment, context);
                self.drain(direction, moment, context);
            }
            Accepted::Held => {
                side.trouble().held_at = Some(moment);
                let timeout_ns = nanoseconds(context.limits.gap_timeout_s);
                let late = side
                    .stream
                    .hole_since_ns()
                    .is_some_and(|since| moment.time_ns.saturating_sub(since) > timeout_ns);
                let over = side.stream.is_over(context.limits);
                context.counters.pending_overflows += u64::from(over);
                if late || side.lacks_what_was_cut() {
                    self.skip(direction, moment, context);
                }
                // The first piece may be a small one: one is not always enough.
                while self.sides[direction].stream.is_over(context.limits)
                    && self.skip(direction, moment, context)
                {}
            }
            Accepted::Nothing => {}
        }
        if segment.missing > 0 {
            self.sides[direction].trouble().cut_to = Some(end_of(segment));
        }
    }

    /// These bytes were seen before and were different, as far as what was seen is still held.
    fn contradicts(&self, direction: usize, sequence: u32, payload: &[u8]) -> bool {
        let stream = &self.sides[direction].stream;
        if stream.hole_since_ns().is_some() && stream.differs(sequence, payload) {
            return true;
        }
        let handed_on = stream.next().filter(|&next| before(sequence, next));
        // A probe whether the peer is alive may repeat the last byte as anything (RFC 9293 3.8.4).
        let probes = |next: u32| payload.len() == 1 && sequence.wrapping_add(1) == next;
        match (&self.tls, handed_on) {
            (Some(tls), Some(next)) if !probes(next) => {
                tls.witnesses[direction].differs(sequence, payload)
            }
            _ => false,
        }
    }

    /// Some equipment counts the padding of short frames as payload: a few zeros where a stream, or a record of TLS,
    /// begins. Neither begins with a zero, and the true bytes follow with the same sequence number.
    fn is_padding(&self, direction: usize, sequence: u32, payload: &[u8]) -> bool {
        const LONGEST_PADDING: usize = 6;
        let side = &self.sides[direction];
        payload.len() <= LONGEST_PADDING
            && payload.iter().all(|&byte| byte == 0)
            && side.stream.next() == Some(sequence)
            && match &self.tls {
                Some(tls) if tls.started[direction] => tls.halves[direction].is_between_records(),
                _ => side.scanner.is_fresh() && side.scanner.searched() == 0,
            }
    }

    /// Bytes that were kept, as far as they are next now.
    fn drain(&mut self, direction: usize, moment: Moment, context: &mut Context<'_>) {
        while let Some(bytes) = self.sides[direction].stream.pop_ready() {
            if self.is_done(direction) {
                self.sides[direction].stream.drop_pending();
                return;
            }
            self.bytes(direction, &bytes, moment, context);
        }
    }

    /// Give up the bytes missing in one direction and take in what was kept behind them; `false` if none are.
    fn skip(&mut self, direction: usize, moment: Moment, context: &mut Context<'_>) -> bool {
        let Some(missing) = self.sides[direction].stream.skip_hole() else {
            return false;
        };
        match &mut self.tls {
            Some(tls) if tls.started[direction] => tls.halves[direction].gap(missing, context),
            Some(_) => {
                self.sides[direction].scanner.gap();
                self.sides[direction].trouble().lost_before += u64::from(missing);
                context.counters.bytes_lost += u64::from(missing);
            }
            None => self.sides[direction].scanner.gap(),
        }
        self.drain(direction, moment, context);
        true
    }

    /// The next bytes of one direction.
    fn bytes(&mut self, direction: usize, bytes: &[u8], moment: Moment, context: &mut Context<'_>) {
        if let Some(tls) = self.tls.as_mut().filter(|tls| tls.started[direction]) {
            let length = u32::try_from(bytes.len()).unwrap_or(0);
            let end = self.sides[direction].stream.next().unwrap_or(length);
            tls.witnesses[direction].note(end.wrapping_sub(length), bytes);
            let half = &mut tls.halves[direction];
            half.feed(bytes, moment, context);
            self.done[direction] = half.is_done();
            return;
        }
        let answering = self.tls.is_some();
        let side = &mut self.sides[direction];
        // The hello of this direction may be missing: then its later records still say what they say.
        if answering && side.scanner.is_fresh() && looks_like_record(bytes) {
            self.start(direction, Opener::Records, &[], bytes, [moment; 2], context);
            return;
        }
        if side.scanner.is_fresh() {
            side.carried_since = None;
        }
        if let Some(found) = side.scanner.search(bytes, answering) {
            let since = side
                .carried_since
                .as_deref()
                .filter(|_| !found.carried.is_empty())
                .copied()
                .unwrap_or(moment);
            let rest = bytes.get(found.at..).unwrap_or_default();
            let carried = found.carried;
            self.start(
                direction,
                found.opener,
                &carried,
                rest,
                [since, moment],
                context,
            );
        } else if side.carried_since.is_none() && !side.scanner.is_fresh() {
            side.carried_since = Some(Box::new(moment));
        }
    }

    /// TLS begins in this direction with `carried`, then `rest`, each at its moment.
    fn start(
        &mut self,
        direction: usize,
        opener: Opener,
        carried: &[u8],
        rest: &[u8],
        [since, moment]: [Moment; 2],
        context: &mut Context<'_>,
    ) {
        let length = u32::try_from(carried.len() + rest.len()).unwrap_or(0);
        let side = &mut self.sides[direction];
        side.tls_start = side.stream.next().map(|next| next.wrapping_sub(length));
        let tls = self.tls.get_or_insert_with(|| {
            let mut tls = context.spare.handshake();
            tls.since = since;
            tls
        });
        tls.started[direction] = true;
        if let Some(start) = side.tls_start {
            let behind = start.wrapping_add(u32::try_from(carried.len()).unwrap_or(0));
            tls.witnesses[direction].note(start, carried);
            tls.witnesses[direction].note(behind, rest);
        }
        let half = &mut tls.halves[direction];
        if opener == Opener::Version2Hello {
            half.begins_with_version_2();
        }
        if self.sides[direction].scanner.searched() > 0 {
            half.begins_after_plaintext();
        }
        half.feed(carried, since, context);
        half.feed(rest, moment, context);
        self.done[direction] = half.is_done();
        let other = 1 - direction;
        let answered = (!tls.started[other]).then(|| self.sides[other].scanner.take_alert());
        if let Some(alert) = answered.flatten() {
            self.start(
                other,
                Opener::Records,
                &alert,
                &[],
                [since, moment],
                context,
            );
        }
    }

    fn status(&self, context: &Context<'_>) -> Status {
        if self.done == [true; 2] {
            return Status::Finished;
        }
        let [a, b] = &self.sides;
        if self.tls.is_some() && !a.closed && !b.closed {
            return Status::Open;
        }
        // What one side acknowledged and the other did not show yet may still come, out of order.
        let outstanding = a.missing_at_end(b) > 0 || b.missing_at_end(a) > 0;
        let quiet = a.stream.hole_since_ns().is_none() && b.stream.hole_since_ns().is_none();
        let ended = a.closed && b.closed || (a.closed || b.closed) && !self.half_open();
        let closed = quiet && ended && !outstanding;
        match &self.tls {
            Some(_) if closed => Status::Finished,
            Some(_) => Status::Open,
            None if closed => Status::Plain,
            None => {
                let limit = u64::try_from(context.limits.max_plaintext_bytes).unwrap_or(u64::MAX);
                if self
                    .sides
                    .iter()
                    .any(|side| side.scanner.searched() > limit)
                {
                    Status::Plain
                } else {
                    Status::Open
                }
            }
        }
    }

    /// One side has said FIN, and the other may go on.
    fn half_open(&self) -> bool {
        // A client that resets may overtake the answer that is under way.
        let answer_awaited = |direction: usize| {
            let asked = |tls: &Tls| tls.halves[direction].facts.iter().any(Facts::is_client);
            self.sides[direction].closed
                && !self.is_done(1 - direction)
                && self.tls.as_deref().is_some_and(asked)
        };
        self.sides.iter().any(|side| side.stream.is_complete()) || (0..2).any(answer_awaited)
    }
}

/// Sequence number of the first payload byte: a SYN takes one itself.
fn first_byte(segment: &Segment<'_>) -> u32 {
    segment.sequence.wrapping_add(u32::from(segment.has(SYN)))
}

/// Sequence number behind the last payload byte, whether it was captured or not.
fn end_of(segment: &Segment<'_>) -> u32 {
    let length = u32::try_from(segment.payload.len() + segment.missing).unwrap_or(0);
    first_byte(segment).wrapping_add(length)
}
