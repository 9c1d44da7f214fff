//! Any bytes as a capture, along the whole road with small limits: state within its caps after every packet, the same
//! sessions in whatever pieces the input comes, every certificate named is handed out, and rows that others can read.
//!
//! Input: which limits (1 byte), the capture.

use std::collections::HashSet;

use _rust::capture::{CaptureReader, Input, Options, Packets};
use _rust::connection::Moment;
use _rust::engine::{Engine, Output};
use _rust::identities::Sha;
use _rust::limits::{Counters, Limits};
use _rust::privacy::Privacy;
use _rust::reading::{Plan, Reading};
use _rust::rows::{Captures, Source};
use _rust::session::Session;
use sha2::{Digest as _, Sha256};

use super::capture::Pieces;
use super::rows::{check_arrow, check_json};

const SENSOR: &str = "fuzz";

fn limits(which: u8) -> Limits {
    if which & 1 == 0 {
        return Limits::default();
    }
    Limits {
        max_flows: 3,
        max_pending_bytes: 2_048,
        max_state_bytes: 8_192,
        max_plaintext_bytes: 512,
        max_handshake_bytes: 4_096,
        max_chain_length: 2,
        max_sessions_per_connection: 2,
        max_held_certificate_bytes: 2_048,
        max_fragmented_datagrams: 2,
        max_fragment_bytes: 2_048,
        awaited_timeout_s: 2,
        handshake_timeout_s: 3,
        finished_timeout_s: 3,
        gap_timeout_s: 1,
        ..Limits::default()
    }
}

/// What a run gave, as far as two runs must agree: what was counted, and the sessions.
struct Run {
    counters: Counters,
    sessions: Vec<Session>,
    handed_out: HashSet<Sha>,
}

impl Run {
    fn take(&mut self, output: Output) {
        for new in output.certificates {
            assert_eq!(<Sha>::from(Sha256::digest(&new.der)), new.sha256);
            self.handed_out.insert(new.sha256);
        }
        for session in &output.sessions {
            let chains = [&session.server_chain, &session.client_chain];
            for name in chains.into_iter().flatten().flatten() {
                assert!(self.handed_out.contains(name), "nobody gets it");
            }
        }
        self.sessions.extend(output.sessions);
    }
}

fn by_reading(capture: &[u8], size: usize, limits: &Limits, workers: usize) -> Run {
    let plan = Plan {
        sensor: SENSOR.to_owned(),
        limits: limits.clone(),
        sha256: true,
        workers,
        privacy: Privacy::default(),
    };
    let input = Input::Stream(Box::new(Pieces::new(capture, size)));
    let mut reading = Reading::new(input, &plan);
    let mut run = Run {
        counters: Counters::default(),
        sessions: Vec::new(),
        handed_out: HashSet::new(),
    };
    while let Some(output) = reading.portion() {
        run.take(output);
    }
    assert!(reading.portion().is_none(), "the end is the end");
    let progress = reading.progress();
    assert_eq!(progress.packets, reading.counters().frames);
    assert!(progress.span_ns.is_none_or(|(first, last)| first <= last));
    let reports = reading.reports();
    let mut faults = reports.iter().flat_map(|report| &report.faults);
    assert!(faults.all(|fault| !fault.message.contains('\n')));
    run.counters = reading.counters();
    assert_eq!(Ok(run.counters.sessions), u64::try_from(run.sessions.len()));
    run
}

/// Packet by packet, so that the state can be looked at between.
fn by_packets(capture: &[u8], limits: &Limits) -> usize {
    let mut reader = CaptureReader::new(
        Input::Stream(Box::new(Pieces::new(capture, usize::MAX))),
        Options::default(),
    );
    let mut engine = Engine::new(SENSOR, limits.clone());
    let mut block = Packets::default();
    while reader.read(&mut block) {
        for packet in block.iter() {
            let moment = Moment {
                time_ns: packet.time_ns,
                frame: packet.number,
                interface: packet.interface,
            };
            engine.frame(packet.link_type, packet.data, moment);
            assert!(engine.memory() <= limits.max_state_bytes);
        }
    }
    let mut sessions = 0;
    loop {
        let ended = engine.finish(1);
        sessions += engine.take().sessions.len();
        if ended {
            return sessions;
        }
    }
}

/// Check one input.
pub fn check(input: &[u8]) {
    let Some((&which, capture)) = input.split_first() else {
        return;
    };
    let limits = limits(which);
    let whole = by_reading(capture, usize::MAX, &limits, 1);
    let size = 1 + usize::from(which >> 1);
    let pieces = by_reading(capture, size, &limits, 1);
    let together = by_reading(capture, usize::MAX, &limits, 3);
    let source = Source {
        sensor: SENSOR.to_owned(),
        captures: Captures::one("any".to_owned()),
    };
    let rows = check_json(&whole.sessions, &source);
    assert_eq!(rows, check_json(&pieces.sessions, &source));
    assert_eq!(rows, check_json(&together.sessions, &source));
    assert_eq!(whole.counters, pieces.counters);
    assert_eq!(whole.counters, together.counters);
    assert_eq!(whole.sessions.len(), by_packets(capture, &limits));
    check_arrow(&whole.sessions, &source);
}
