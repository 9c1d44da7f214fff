//! What is known of one direction of a connection.

use super::Moment;
use crate::stream::{before, Stream};
use crate::tls::scanner::Scanner;

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
    /// The acknowledgement number sent with the first bytes of TLS.
    pub acknowledged_at_start: Option<u32>,
    /// Sequence number of the first byte of TLS.
    pub tls_start: Option<u32>,
    /// When the bytes came that the scanner carries.
    pub carried_since: Option<Moment>,
    /// Bytes lost before TLS began in this direction, though it had begun in the other.
    pub lost_before: u64,
}

impl Side {
    /// The side went on to acknowledge more than when it began TLS: its peer is there.
    pub fn advanced(&self) -> bool {
        match (self.acknowledged_at_start, self.acknowledged) {
            (Some(start), Some(latest)) => before(start, latest),
            _ => false,
        }
    }
}
