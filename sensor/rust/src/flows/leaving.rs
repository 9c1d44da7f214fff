//! How flows leave the table: given up, quiet for too long, or at the end of the observation.

use super::{Class, Flows, State, Ticket};
use crate::limits::{nanoseconds, Counters, Limits};

/// The least promising first.
pub(super) const CLASSES: [Class; 2] = [Class::Awaited, Class::Handshake];

impl Flows {
    /// Give up the least promising flow: one without TLS, else the oldest handshake.
    pub(super) fn evict(
        &mut self,
        classes: &[Class],
        limits: &Limits,
        counters: &mut Counters,
    ) -> bool {
        for &class in classes {
            while let Some(ticket) = self.queues[class as usize].pop_front() {
                if self.slots[ticket.slot()].generation == ticket.generation {
                    counters.flows_evicted += 1;
                    self.end(ticket.slot(), true, limits, counters);
                    return true;
                }
            }
        }
        false
    }

    /// Memory is short: give up the oldest flow that costs at least as much as the average, within reason; giving up the
    /// small ones would help nobody.
    pub(super) fn evict_dear(&mut self, limits: &Limits, counters: &mut Counters) -> bool {
        const TRIES: usize = 1_024;
        let open = (self.slots.len() - self.free.len()).max(1);
        for class in CLASSES {
            for _ in 0..self.queues[class as usize].len().min(TRIES) {
                let Some(ticket) = self.queues[class as usize].pop_front() else {
                    break;
                };
                let entry = &self.slots[ticket.slot()];
                if entry.generation == ticket.generation {
                    if entry.cost >= self.memory / open {
                        counters.flows_evicted += 1;
                        self.end(ticket.slot(), true, limits, counters);
                        return true;
                    }
                    self.queues[class as usize].push_back(ticket);
                }
            }
        }
        self.evict(&CLASSES, limits, counters)
    }

    /// End a flow for good: its sessions are reported, and it is not remembered.
    pub(super) fn end(
        &mut self,
        slot: usize,
        evicted: bool,
        limits: &Limits,
        counters: &mut Counters,
    ) {
        self.report(slot, evicted, limits, counters);
        self.remove(slot);
    }

    /// Forget and report what has been quiet for too long, by the clock of the packets, until so many sessions wait to be
    /// taken; `true` when nothing quiet is left.
    pub fn sweep(&mut self, enough: usize, limits: &Limits, counters: &mut Counters) -> bool {
        let now_ns = self.now_ns;
        let quiet =
            |since_ns: u64, seconds: usize| now_ns.saturating_sub(since_ns) >= nanoseconds(seconds);
        while self
            .graves
            .oldest_ns()
            .is_some_and(|since_ns| quiet(since_ns, limits.finished_timeout_s))
        {
            self.forget_oldest();
        }
        for class in CLASSES {
            let seconds = match class {
                Class::Awaited => limits.awaited_timeout_s,
                Class::Handshake => limits.handshake_timeout_s,
            };
            while let Some(ticket) = self.queues[class as usize].front().copied() {
                if self.sessions.len() >= enough {
                    return false;
                }
                let entry = &self.slots[ticket.slot()];
                if entry.generation != ticket.generation {
                    self.queues[class as usize].pop_front();
                } else if !quiet(ticket.since_ns, seconds) {
                    break;
                } else {
                    self.queues[class as usize].pop_front();
                    if quiet(entry.touched_ns, seconds) {
                        self.end(ticket.slot(), false, limits, counters);
                    } else {
                        let since_ns = now_ns;
                        self.queues[class as usize].push_back(Ticket { since_ns, ..ticket });
                    }
                }
            }
        }
        true
    }

    /// The observation ends: report the flows that are open, in the order in which they began, until this many
    /// sessions wait to be taken; `true` when none is left.
    pub fn finish(&mut self, enough: usize, limits: &Limits, counters: &mut Counters) -> bool {
        let mut left = match self.ending.take() {
            Some(left) => left,
            None => self.open_flows(),
        };
        while self.sessions.len() < enough {
            match left.pop() {
                Some(slot) => self.end(slot, false, limits, counters),
                None => return true,
            }
        }
        self.ending = Some(left);
        false
    }

    /// Slots of the open flows, the one that began first at the end.
    fn open_flows(&self) -> Vec<usize> {
        let mut open: Vec<(u64, usize)> = self
            .slots
            .iter()
            .enumerate()
            .filter_map(|(slot, entry)| match &entry.state {
                State::Open(connection) => Some((connection.first_frame(), slot)),
                _ => None,
            })
            .collect();
        open.sort_unstable_by(|a, b| b.cmp(a));
        open.into_iter().map(|(_, slot)| slot).collect()
    }
}
