//! A connection that has said nothing yet: the headers of its first segments. A flood of SYNs costs little so, and neither
//! do a million connections that wait.

use crate::connection::{Connection, Header, Moment};
use crate::frame::{Endpoint, Segment, Wrapping, FIN, RST};

/// SYN, its answer, and the answer to that.
const MAX_HEADERS: usize = 3;

#[derive(Debug)]
pub(super) struct Opening {
    first: Moment,
    /// Only where there is an encapsulation.
    wrapping: Option<Box<Wrapping>>,
    macs: [Option<[u8; 6]>; 2],
    headers: [Header; MAX_HEADERS],
    count: usize,
}

impl Opening {
    /// One that begins with this segment, which is still to be kept.
    pub(super) fn new(first: Moment, direction: usize, segment: &Segment<'_>) -> Self {
        let wrapping = segment.wrapping();
        let mut macs = [None; 2];
        macs[direction] = wrapping.source_mac;
        Self {
            first,
            wrapping: (!wrapping.is_empty()).then(|| Box::new(wrapping)),
            macs,
            headers: [Header::default(); MAX_HEADERS],
            count: 0,
        }
    }

    /// Keep the header of a segment that holds nothing else; `false` if it is more than that, or there is no room.
    pub(super) fn keep(&mut self, direction: usize, segment: &Segment<'_>) -> bool {
        let plain = segment.payload.is_empty() && segment.flags & (FIN | RST) == 0;
        let Some(slot) = self.headers.get_mut(self.count).filter(|_| plain) else {
            return false;
        };
        *slot = Header::new(direction, segment);
        self.count += 1;
        if let Some(mac) = self.macs.get_mut(direction).filter(|mac| mac.is_none()) {
            *mac = segment.wrapping().source_mac;
        }
        true
    }

    /// The connection as if all these segments had been given to it.
    pub(super) fn grow(&self, ends: [Endpoint; 2]) -> Connection {
        let wrapping = self.wrapping.as_deref().copied().unwrap_or_default();
        let mut connection = Connection::new(ends, wrapping, self.first);
        for header in self.headers.iter().take(self.count) {
            connection.note_header(header, self.macs[header.direction()]);
        }
        connection
    }
}
