//! Connections that have said nothing yet: the headers of their first segments. A flood of SYNs costs little so, and neither
//! do a million connections that wait.

use std::collections::VecDeque;

use super::{Key, Ticket};
use crate::connection::{Connection, Header, Moment};
use crate::dispatch::Arrival;
use crate::frame::{Wrapping, FIN, RST};

/// SYN, its answer, and the answer to that.
const MAX_HEADERS: usize = 3;

#[derive(Debug)]
pub(super) struct Opening {
    /// Of the flow's key. The key itself is not kept: what comes later has it.
    pub(super) hash: u64,
    pub(super) touched_ns: u64,
    /// Rises whenever the place changes its flow, so that old tickets are known as such.
    generation: u32,
    count: u8,
    headers: [Header; MAX_HEADERS],
    macs: [Option<[u8; 6]>; 2],
    first: Moment,
    /// Only where there is an encapsulation.
    wrapping: Option<Box<Wrapping>>,
}

impl Opening {
    /// Keep the header of a segment that holds nothing else; `false` if it is more than that, or there is no room.
    pub(super) fn keep(&mut self, arrival: &Arrival<'_>) -> bool {
        let Arrival {
            segment, direction, ..
        } = arrival;
        let plain = segment.payload.is_empty() && segment.flags & (FIN | RST) == 0;
        let at = usize::from(self.count);
        let Some(slot) = self.headers.get_mut(at).filter(|_| plain) else {
            return false;
        };
        *slot = Header::new(*direction, segment);
        self.count += 1;
        if let Some(mac) = self.macs.get_mut(*direction).filter(|mac| mac.is_none()) {
            *mac = segment.wrapping().source_mac;
        }
        true
    }

    /// The connection as if all these segments had been given to it.
    fn grow(&self, ends: Key) -> Connection {
        let wrapping = self.wrapping.as_deref().copied().unwrap_or_default();
        let mut connection = Connection::new(ends, wrapping, self.first);
        for header in self.headers.iter().take(usize::from(self.count)) {
            connection.note_header(header, self.macs[header.direction()]);
        }
        connection
    }
}

/// All of them, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Openings {
    list: Vec<Opening>,
    free: Vec<u32>,
    queue: VecDeque<Ticket>,
}

impl Openings {
    /// Begin one with this segment, which is still to be kept; gives its number.
    pub(super) fn begin(&mut self, arrival: &Arrival<'_>, now_ns: u64) -> usize {
        let wrapping = arrival.segment.wrapping();
        let mut macs = [None; 2];
        macs[arrival.direction] = wrapping.source_mac;
        let new = |generation| Opening {
            hash: arrival.hash,
            touched_ns: now_ns,
            generation,
            count: 0,
            headers: [Header::default(); MAX_HEADERS],
            macs,
            first: arrival.moment,
            wrapping: (!wrapping.is_empty()).then(|| Box::new(wrapping)),
        };
        let number = self.free.pop();
        let number = number.unwrap_or(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        let ticket = |generation| Ticket {
            slot: number,
            generation,
            since_ns: now_ns,
        };
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(opening) = self.list.get_mut(at) {
            *opening = new(opening.generation);
            self.queue.push_back(ticket(opening.generation));
        } else {
            self.list.push(new(0));
            self.queue.push_back(ticket(0));
        }
        // An opening has one ticket: those of the past must not outgrow the list.
        if self.queue.len() > 2 * self.list.len() + 64 {
            let list = &self.list;
            self.queue.retain(|ticket| is_of(*ticket, list).is_some());
        }
        at
    }

    /// Openings that there are.
    pub(super) fn len(&self) -> usize {
        self.list.len() - self.free.len()
    }

    /// The one with this number.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&Opening> {
        self.list.get(at)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Opening> {
        self.list.get_mut(at)
    }

    /// Take this one away: what it became.
    pub(super) fn grow(&mut self, at: usize, ends: Key) -> Option<Connection> {
        let grown = self.list.get(at)?.grow(ends);
        self.remove(at);
        Some(grown)
    }

    fn remove(&mut self, at: usize) {
        if let Some(opening) = self.list.get_mut(at) {
            opening.generation = opening.generation.wrapping_add(1);
            opening.wrapping = None;
            self.free.extend(u32::try_from(at));
        }
    }

    /// Take the oldest away; gives its hash and its number.
    pub(super) fn pop_oldest(&mut self) -> Option<(u64, usize)> {
        loop {
            let ticket = self.queue.pop_front()?;
            if let Some(opening) = is_of(ticket, &self.list) {
                let hash = opening.hash;
                self.remove(ticket.slot());
                return Some((hash, ticket.slot()));
            }
        }
    }

    /// Take one away of which nothing was heard for too long; gives its hash and its number. One that was waiting so
    /// long, but was heard, waits again.
    pub(super) fn pop_quiet(
        &mut self,
        now_ns: u64,
        is_quiet: impl Fn(u64) -> bool,
    ) -> Option<(u64, usize)> {
        while let Some(ticket) = self.queue.front().copied() {
            match is_of(ticket, &self.list) {
                Some(_) if !is_quiet(ticket.since_ns) => break,
                Some(opening) if is_quiet(opening.touched_ns) => return self.pop_oldest(),
                Some(_) => self.queue.push_back(Ticket {
                    since_ns: now_ns,
                    ..ticket
                }),
                None => {}
            }
            self.queue.pop_front();
        }
        None
    }
}

/// The opening that has this ticket.
fn is_of(ticket: Ticket, list: &[Opening]) -> Option<&Opening> {
    let opening = list.get(ticket.slot())?;
    (opening.generation == ticket.generation).then_some(opening)
}
