//! How flows leave the table: given up, quiet for too long, or at the end of the observation.

use super::{Class, Flows, Place, Ticket, CLASSES};
use crate::limits::{nanoseconds, Counters, Limits};

impl Flows {
    /// Give up the least promising flow: one that said nothing, else one without TLS, else the oldest handshake.
    pub(super) fn evict(&mut self, limits: &Limits, counters: &mut Counters) -> bool {
        if let Some((hash, at)) = self.openings.pop_oldest() {
            counters.flows_evicted += 1;
            self.index.remove(hash, Place::Opening(at).packed());
            return true;
        }
        CLASSES
            .into_iter()
            .any(|class| self.evict_of(class, 0, limits, counters))
    }

    /// Memory is short: give up the oldest flow that costs at least half of the average of its class, within reason; giving
    /// up the small ones would help nobody, and neither would a class that has little. Half, lest where most cost the same
    /// it is always the few that are a little further on.
    pub(super) fn evict_dear(&mut self, limits: &Limits, counters: &mut Counters) -> bool {
        const LITTLE: usize = 8;
        let all = self.memory();
        for class in CLASSES {
            let share = &self.classes[class as usize];
            if share.flows > 0 && share.bytes >= all / LITTLE {
                let least = share.bytes / share.flows / 2;
                return self.evict_of(class, least, limits, counters);
            }
        }
        false
    }

    /// Give up the oldest flow of a class that costs so much, or one of the oldest.
    fn evict_of(
        &mut self,
        class: Class,
        cost: usize,
        limits: &Limits,
        counters: &mut Counters,
    ) -> bool {
        const TRIES: usize = 32;
        let mut passed = 0;
        while let Some(ticket) = self.queues[class as usize].pop_front() {
            let entry = &self.slots[ticket.slot()];
            if entry.generation != ticket.generation {
                continue;
            }
            if entry.cost < cost && passed < TRIES {
                passed += 1;
                self.queues[class as usize].push_back(ticket);
                continue;
            }
            counters.flows_evicted += 1;
            self.end(ticket.slot(), true, limits, counters);
            return true;
        }
        false
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

    /// The clock of the packets shows this time: forget and report what has been quiet for too long.
    pub(crate) fn sweep(&mut self, now_ns: u64, limits: &Limits, counters: &mut Counters) {
        self.now_ns = self.now_ns.max(now_ns);
        let now_ns = self.now_ns;
        let quiet =
            |since_ns: u64, seconds: usize| now_ns.saturating_sub(since_ns) >= nanoseconds(seconds);
        while self
            .graves
            .oldest_ns()
            .is_some_and(|since_ns| quiet(since_ns, limits.finished_timeout_s))
        {
            self.graves.pop();
        }
        let said_nothing = |since_ns| quiet(since_ns, limits.awaited_timeout_s);
        while let Some((hash, at)) = self.openings.pop_quiet(now_ns, said_nothing) {
            self.index.remove(hash, Place::Opening(at).packed());
        }
        for class in CLASSES {
            let seconds = match class {
                Class::Awaited => limits.awaited_timeout_s,
                Class::Handshake => limits.handshake_timeout_s,
            };
            while let Some(ticket) = self.queues[class as usize].front().copied() {
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
            .filter_map(|(slot, entry)| {
                let connection = entry.connection.as_ref()?;
                Some((connection.first_frame(), slot))
            })
            .collect();
        open.sort_unstable_by(|a, b| b.cmp(a));
        open.into_iter().map(|(_, slot)| slot).collect()
    }
}
