//! Any bytes as one direction of TLS: the same facts however they are cut into segments, memory in proportion to what was
//! read, and missing bytes are counted.
//!
//! Input: how to read (1 byte), how to cut (4), the stream.

use _rust::connection::{Moment, Spare};
use _rust::identities::Identities;
use _rust::limits::{Counters, Limits};
use _rust::tls::facts::Context;
use _rust::tls::half::Half;
use _rust::tls::profiles::Profiles;
use _rust::tls::reassembly::Cut;

use super::choices::{pieces, Choices};

/// Bytes of memory for one of the stream, and for each handshake and connection beside.
const PER_BYTE: usize = 32;
const PER_HANDSHAKE: usize = 4_096;
/// For a message of which one byte is there.
const RESERVED: usize = 8_192;
const MOMENT: Moment = Moment {
    time_ns: 7,
    frame: 1,
    interface: 0,
};

struct Reader {
    half: Half,
    limits: Limits,
    counters: Counters,
    identities: Identities,
    profiles: Profiles,
    spare: Spare,
    read: usize,
}

impl Reader {
    fn new(how: u8) -> Self {
        let mut half = if how & 1 == 0 {
            Half::default()
        } else {
            Half::with_version_2()
        };
        if how & 2 != 0 {
            half.begins_after_plaintext();
        }
        let limits = if how & 4 == 0 {
            Limits::default()
        } else {
            Limits {
                max_handshake_bytes: 600,
                max_chain_length: 2,
                max_sessions_per_connection: 2,
                max_held_certificate_bytes: 1_024,
                ..Limits::default()
            }
        };
        Self {
            half,
            limits,
            counters: Counters::default(),
            identities: Identities::default(),
            profiles: Profiles::default(),
            spare: Spare::default(),
            read: 0,
        }
    }

    fn take(&mut self, change: impl FnOnce(&mut Half, &mut Context<'_>)) {
        let mut context = Context {
            limits: &self.limits,
            counters: &mut self.counters,
            identities: &mut self.identities,
            profiles: &mut self.profiles,
            spare: &mut self.spare,
        };
        change(&mut self.half, &mut context);
        let most = RESERVED + PER_BYTE * self.read + PER_HANDSHAKE * (self.half.facts.len() + 1);
        assert!(self.half.memory() <= most, "{} bytes", self.half.memory());
        assert!(self.half.facts.len() <= self.limits.max_sessions_per_connection.max(1));
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.read += bytes.len();
        self.take(|half, context| half.feed(bytes, MOMENT, context));
    }

    fn end(mut self) -> (String, Counters, usize) {
        self.take(|half, context| half.end(Cut::Ended, context));
        assert!(self.half.is_done());
        let certificates = self.identities.take();
        for facts in &self.half.facts {
            let chain = facts.chain.iter().flat_map(|(names, _)| names);
            for name in chain {
                assert!(certificates.iter().any(|new| new.sha256 == *name));
            }
        }
        let facts = format!("{:?}", self.half.facts);
        (facts, self.counters, certificates.len())
    }
}

/// Check one input.
pub fn check(input: &[u8]) {
    let mut choices = Choices::new(input);
    let (how, cuts) = (choices.u8(), choices.u32());
    let stream = choices.rest();
    let mut whole = Reader::new(how);
    whole.feed(stream);
    let mut cut = Reader::new(how);
    let mut holed = Reader::new(how);
    for (place, piece) in pieces(stream, cuts).into_iter().enumerate() {
        cut.feed(piece);
        if place % 8 == 7 {
            let missing = u32::try_from(piece.len()).unwrap();
            let (done, before) = (holed.half.is_done(), holed.counters.bytes_lost);
            holed.take(|half, context| half.gap(missing, context));
            let lost = if done { 0 } else { u64::from(missing) };
            assert_eq!(before + lost, holed.counters.bytes_lost);
        } else {
            holed.feed(piece);
        }
    }
    assert_eq!(whole.end(), cut.end());
    holed.end();
}
