//! Any bytes as frames: each is a segment or is counted, a segment's payload lies in its frame, a cut frame tells nothing
//! that the whole one does not, and fragments stay within their caps.
//!
//! Input: frames, each behind its link type (2 bytes), seconds since the one before (1) and length (2).

use std::ops::Range;

use _rust::frame::{dissect, is_known_link, segment, Endpoint, Fragments, Segment, Skip, Tools};
use _rust::limits::{Counters, Limits};

use super::choices::Choices;

const MAX_FRAMES: usize = 64;
const SECOND_NS: u64 = 1_000_000_000;

#[derive(Debug, PartialEq)]
struct Told {
    ends: [Endpoint; 2],
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    path: Vec<String>,
    payload: Vec<u8>,
    missing: usize,
    inside: bool,
}

impl Told {
    fn new(segment: &Segment<'_>, frame: &[u8]) -> Self {
        Self {
            ends: [segment.source, segment.destination],
            sequence: segment.sequence,
            acknowledgement: segment.acknowledgement,
            flags: segment.flags,
            path: segment.wrapping().path().collect(),
            payload: segment.payload.to_vec(),
            missing: segment.missing,
            inside: inside(segment.payload, frame),
        }
    }
}

fn skipped(counters: &Counters) -> u64 {
    counters.frames_unknown_link
        + counters.frames_not_ip
        + counters.frames_not_tcp
        + counters.frames_malformed
        + counters.frames_encrypted
}

fn inside(part: &[u8], whole: &[u8]) -> bool {
    let Range { start, end } = whole.as_ptr_range();
    part.is_empty() || (start <= part.as_ptr() && part.as_ptr_range().end <= end)
}

struct Table {
    fragments: Fragments,
    limits: Limits,
    counters: Counters,
    time_ns: u64,
}

impl Table {
    fn new() -> Self {
        Self {
            fragments: Fragments::default(),
            limits: Limits {
                max_fragmented_datagrams: 3,
                max_fragment_bytes: 4_096,
                ..Limits::default()
            },
            counters: Counters::default(),
            time_ns: 0,
        }
    }

    fn frame(&mut self, link_type: u16, frame: &[u8]) -> Vec<Told> {
        let mut told = Vec::new();
        let before = self.counters.clone();
        let mut tools = Tools {
            fragments: &mut self.fragments,
            limits: &self.limits,
            counters: &mut self.counters,
        };
        dissect(link_type, frame, self.time_ns, &mut tools, |segment, _| {
            told.push(Told::new(segment, frame));
        });
        let counted = skipped(&self.counters) - skipped(&before);
        let fragments = self.counters.fragments - before.fragments;
        let outcomes = counted + u64::try_from(told.len()).unwrap();
        match segment(link_type, frame) {
            Ok(segment) => {
                assert_eq!([Told::new(&segment, frame)], *told, "two ways, two answers");
                assert_eq!((1, 0), (outcomes, fragments));
            }
            Err(Skip::Aggregate) => {}
            Err(Skip::Fragment) => assert!(fragments == 1 && outcomes <= 1),
            Err(_) => assert_eq!((1, 1, 0), (counted, outcomes, fragments)),
        }
        // A known one may name another in its header (PPI), which is not.
        let unknown = self.counters.frames_unknown_link > before.frames_unknown_link;
        assert!(unknown || is_known_link(link_type));
        for told in &told {
            assert!(told.inside || fragments > 0);
            assert!(told.inside || u16::try_from(told.payload.len()).is_ok());
        }
        let (datagrams, bytes, queued) = self.fragments.load();
        assert!(datagrams <= self.limits.max_fragmented_datagrams);
        assert!(bytes <= self.limits.max_fragment_bytes);
        assert!(queued <= 2 * self.limits.max_fragmented_datagrams + 1);
        told
    }
}

/// What a frame tells, and the same frame without its last bytes.
fn compare(cut: Vec<Told>, whole: &[Told]) {
    // An aggregate that is cut may have lost the packets at its end.
    for (mut cut, whole) in cut.into_iter().zip(whole) {
        if whole.inside {
            assert!(whole.payload.starts_with(&cut.payload));
            cut.payload.clone_from(&whole.payload);
            cut.missing = whole.missing;
            assert_eq!(*whole, cut);
        }
    }
}

/// Check one input.
pub fn check(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut table = Table::new();
    for _ in 0..MAX_FRAMES {
        if choices.is_empty() {
            break;
        }
        let link_type = choices.u16();
        table.time_ns += u64::from(choices.u8()) * SECOND_NS;
        let length = usize::from(choices.u16());
        let frame = choices.bytes(length);
        let told = table.frame(link_type, frame);
        let size = usize::from(frame.last().copied().unwrap_or(0)).min(frame.len());
        compare(
            Table::new().frame(link_type, &frame[..frame.len() - size]),
            &told,
        );
    }
}
