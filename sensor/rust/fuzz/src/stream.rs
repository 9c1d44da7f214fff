//! Any segments as one direction of TCP, held against a plain model: every byte handed on was sent for its place, the
//! places follow one another, nothing that is there is held back, and what is kept is counted and capped.
//!
//! The model leaves open which of two different copies of a byte is handed on.
//!
//! Input: how it begins (1 byte), first sequence number (4), then steps: kind (1), offset (2), length (1).

use std::collections::BTreeMap;

use _rust::limits::{Counters, Limits};
use _rust::stream::{Accepted, Stream, MAX_AHEAD};

use super::choices::Choices;

const MAX_STEPS: usize = 256;
/// What a kept piece costs beside its bytes, at most.
const MOST_PER_PIECE: usize = 256;

struct Model {
    stream: Stream,
    counters: Counters,
    limits: Limits,
    base: u32,
    /// Bytes that were sent and not handed on, by their place: all that were sent for it.
    there: BTreeMap<i64, Vec<u8>>,
    /// Numbers too far from one another to have an order.
    lawless: bool,
    time_ns: u64,
}

impl Model {
    fn new(base: u32) -> Self {
        Self {
            stream: Stream::default(),
            counters: Counters::default(),
            limits: Limits {
                max_pending_bytes: 2_048,
                ..Limits::default()
            },
            base,
            there: BTreeMap::new(),
            lawless: false,
            time_ns: 0,
        }
    }

    fn place(&self, sequence: u32) -> i64 {
        i64::from(sequence.wrapping_sub(self.base).cast_signed())
    }

    fn next(&self) -> Option<i64> {
        self.stream.next().map(|next| self.place(next))
    }

    fn note(&mut self, start: i64, payload: &[u8]) {
        for (place, &byte) in (start..).zip(payload) {
            self.there.entry(place).or_default().push(byte);
        }
    }

    /// These bytes were handed on; they end where the stream goes on now.
    fn handed_on(&mut self, before: Option<i64>, bytes: &[u8]) {
        let end = self.next().expect("it began");
        let start = end - i64::try_from(bytes.len()).unwrap();
        assert!(!bytes.is_empty() && self.stream.is_started());
        if self.lawless {
            return;
        }
        if let Some(before) = before {
            assert_eq!(before, start, "a byte was left out, or came twice");
        }
        for (place, byte) in (start..).zip(bytes) {
            let sent = self.there.get(&place).expect("nobody sent it");
            assert!(sent.contains(byte), "nobody sent {byte} for {place}");
        }
    }

    fn segment(&mut self, sequence: u32, payload: &[u8]) {
        let before = self.next();
        let started = self.stream.is_started();
        let far = self.counters.segments_out_of_window;
        let start = self.place(sequence);
        let end = sequence.wrapping_add(u32::try_from(payload.len()).unwrap());
        let behind = self
            .stream
            .next()
            .is_some_and(|next| end.wrapping_sub(next).cast_signed() <= 0);
        let accepted = self
            .stream
            .accept(sequence, payload, self.time_ns, &mut self.counters);
        match accepted {
            Accepted::InOrder(bytes) => {
                self.note(start, payload);
                // Before the first byte was handed on, earlier ones may still come.
                let moved = before.filter(|&before| started || before >= start);
                self.handed_on(moved.filter(|_| started), bytes);
            }
            Accepted::Held => {
                assert_eq!(before, self.next());
                self.note(start, payload);
            }
            Accepted::Nothing if payload.is_empty() => {}
            Accepted::Nothing => {
                let far = self.counters.segments_out_of_window > far;
                assert!(self.lawless || behind || far, "bytes were thrown away");
            }
        }
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            let before = self.next();
            let Some(bytes) = self.stream.pop_ready() else {
                break;
            };
            self.handed_on(before, &bytes);
        }
        if let Some(next) = self.next() {
            self.there = self.there.split_off(&next);
            assert!(self.lawless || !self.there.contains_key(&next));
        }
        let kept = self.there.len();
        let pending = self.stream.pending_bytes();
        if !self.lawless {
            assert!((kept..=kept * (1 + MOST_PER_PIECE)).contains(&pending));
            assert_eq!(kept == 0, self.stream.hole_since_ns().is_none());
        }
    }

    fn skip_hole(&mut self) {
        let before = self.next();
        let missing = self.stream.skip_hole();
        let first = self.there.keys().next().copied();
        if self.lawless {
            self.drain();
            return;
        }
        assert_eq!(first.is_some(), missing.is_some());
        if let (Some(first), Some(missing)) = (first, missing) {
            assert_eq!(Some(first), self.next());
            assert_eq!(first - before.unwrap_or(first), i64::from(missing));
        }
        self.drain();
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        let kind = choices.u8();
        let offset = i32::from(choices.u16().cast_signed());
        let length = usize::from(choices.u8());
        // Mostly near, sometimes at the rim of the window.
        let shift = if kind & 0x80 == 0 { 0 } else { 10 };
        let sequence = self.base.wrapping_add_signed(offset << shift);
        let next = self.next();
        let started = self.stream.is_started();
        self.time_ns += 1;
        match kind & 0x0f {
            0..=8 => {
                let other = kind & 0x0f == 8;
                let start = self.place(sequence);
                let payload: Vec<u8> = (start..)
                    .take(length)
                    .map(|place| u8::from(other) ^ place.to_be_bytes()[7] ^ place.to_be_bytes()[6])
                    .collect();
                self.segment(sequence, &payload);
            }
            9 => {
                self.stream.begin_at_syn(sequence, kind & 0x10 != 0);
                self.drain();
            }
            10 => {
                self.stream
                    .begin_at_acknowledgement(sequence, kind & 0x10 == 0);
                self.drain();
            }
            11 => self.stream.expect_start(),
            12 => self.stream.finish_at(sequence),
            13 => self.skip_hole(),
            14 => self.drain(),
            _ => {
                // A wild number: where nothing is known yet, anything goes from here on.
                let wild = sequence.wrapping_add(u32::from(choices.u16()) << 16);
                let ahead = next.map_or(i64::MAX, |next| (self.place(wild) - next).abs());
                self.lawless |= ahead >= i64::from(MAX_AHEAD) - (1 << 9) && !started;
                self.segment(wild, &[kind; 9][..length % 10]);
            }
        }
        if started {
            assert!(self.stream.is_started());
            let moved = self.next().zip(next).is_none_or(|(now, then)| now >= then);
            assert!(self.lawless || moved, "the stream went back");
        }
    }
}

/// Check one input.
pub fn check(input: &[u8]) {
    let mut choices = Choices::new(input);
    let begins = choices.u8();
    let mut model = Model::new(choices.u32());
    match begins & 3 {
        0 => model.stream.begin_at_syn(model.base.wrapping_sub(1), false),
        1 => model.stream.expect_start(),
        2 => model.stream.begin_at_acknowledgement(model.base, true),
        _ => {}
    }
    for _ in 0..MAX_STEPS {
        if choices.is_empty() {
            break;
        }
        model.step(&mut choices);
        while model.stream.is_over(&model.limits) {
            model.skip_hole();
        }
        assert!(model.stream.pending_bytes() <= model.limits.max_pending_bytes);
    }
    while model.stream.hole_since_ns().is_some() {
        model.skip_hole();
    }
    assert_eq!(0, model.stream.pending_bytes(), "bytes that nobody gets");
}
