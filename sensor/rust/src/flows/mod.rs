//! The flow table: connections that are awaited, in handshake, or lately finished; all others stay outside.

mod leaving;

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::connection::{Connection, Moment, Status, Tombstone};
use crate::frame::{Endpoint, Segment, RST, SYN};
use crate::identities::Identities;
use crate::limits::{Counters, Limits};
use crate::session::Session;
use crate::tls::facts::Context;
use crate::tls::opener;
use crate::tls::profiles::Profiles;
use leaving::CLASSES;

type Key = [Endpoint; 2];

#[derive(Debug)]
enum State {
    Free,
    Open(Box<Connection>),
    Finished(Tombstone),
}

/// How long a flow is kept, and in which order flows are given up when there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Finished,
    Awaited,
    Handshake,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    /// Rises whenever the slot changes its flow or its class, so that old places in the queues are known as such.
    generation: u32,
    touched_ns: u64,
    class: Class,
    /// Bytes of it that are counted in `Flows::memory`.
    cost: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
struct Ticket {
    slot: usize,
    generation: u32,
    since_ns: u64,
}

/// All flows, and what they gave.
#[derive(Debug)]
pub struct Flows {
    sensor: String,
    hasher: RandomState,
    index: HashTable<usize>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    queues: [VecDeque<Ticket>; 3],
    memory: usize,
    /// By the packets; never goes back.
    now_ns: u64,
    interfaces: Vec<Option<Arc<str>>>,
    ending: Option<Vec<usize>>,
    /// Names for certificates, and those to hand out.
    pub identities: Identities,
    profiles: Profiles,
    /// Sessions that are finished.
    pub sessions: Vec<Session>,
}

impl Flows {
    /// An empty table.
    #[must_use]
    pub fn new(sensor: &str) -> Self {
        Self {
            sensor: sensor.to_owned(),
            hasher: RandomState::default(),
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            queues: Default::default(),
            memory: 0,
            now_ns: 0,
            interfaces: Vec::new(),
            ending: None,
            identities: Identities::default(),
            profiles: Profiles::default(),
            sessions: Vec::new(),
        }
    }

    /// Flows in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Bytes that all flows cost, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Move the clock, which never goes back; gives what it shows.
    pub fn advance_clock(&mut self, time_ns: u64) -> u64 {
        self.now_ns = self.now_ns.max(time_ns);
        self.now_ns
    }

    /// Give an interface its name.
    pub fn name_interface(&mut self, interface: u32, name: &str) {
        let at = usize::try_from(interface).unwrap_or(usize::MAX);
        // Interfaces are described one after another; a number far beyond is a lie of the file.
        if at < 65_536 {
            if self.interfaces.len() <= at {
                self.interfaces.resize(at + 1, None);
            }
            self.interfaces[at] = Some(Arc::from(name));
        }
    }

    /// Take in one segment.
    pub fn segment(
        &mut self,
        segment: &Segment<'_>,
        moment: Moment,
        limits: &Limits,
        counters: &mut Counters,
    ) {
        let direction = usize::from(segment.destination < segment.source);
        let key = if direction == 0 {
            [segment.source, segment.destination]
        } else {
            [segment.destination, segment.source]
        };
        let hash = self.hasher.hash_one(key);
        let slots = &self.slots;
        let found = self
            .index
            .find(hash, |&slot| slots[slot].key == key)
            .copied();
        let slot = match found {
            None if begins_flow(segment) => self.open(key, hash, segment, moment, limits, counters),
            None => return,
            Some(slot) => match &self.slots[slot].state {
                State::Finished(tombstone) => {
                    let syn = segment.has(SYN) && tombstone.is_new_syn(direction, segment.sequence);
                    let data = !segment.has(SYN)
                        && opener::begins(segment.payload)
                        && tombstone.is_new_data(direction, segment.sequence);
                    if !syn && !data || segment.has(RST) {
                        return;
                    }
                    let mut connection = Connection::new(key, segment.wrapping, moment);
                    if data {
                        if tombstone.sessions >= limits.max_sessions_per_connection {
                            counters.sessions_too_many += 1;
                            return;
                        }
                        connection = connection.continued(tombstone);
                    }
                    self.begin(slot, connection, counters);
                    slot
                }
                State::Open(connection) if connection.is_new_syn(direction, segment) => {
                    self.expire(slot, false, limits, counters);
                    self.open(key, hash, segment, moment, limits, counters)
                }
                State::Open(_) | State::Free => slot,
            },
        };
        self.advance(slot, direction, segment, moment, limits, counters);
    }

    fn open(
        &mut self,
        key: Key,
        hash: u64,
        segment: &Segment<'_>,
        moment: Moment,
        limits: &Limits,
        counters: &mut Counters,
    ) -> usize {
        while self.index.len() >= limits.max_flows.max(1) && self.evict(&CLASSES, limits, counters)
        {
        }
        let connection = Connection::new(key, segment.wrapping, moment);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                key,
                generation: 0,
                touched_ns: 0,
                class: Class::Awaited,
                cost: 0,
                state: State::Free,
            });
            self.slots.len() - 1
        });
        self.slots[slot].key = key;
        let (hasher, slots) = (&self.hasher, &self.slots);
        self.index
            .insert_unique(hash, slot, |&slot| hasher.hash_one(slots[slot].key));
        self.begin(slot, connection, counters);
        slot
    }

    fn begin(&mut self, slot: usize, connection: Connection, counters: &mut Counters) {
        counters.flows += 1;
        self.count(slot, connection.memory());
        self.slots[slot].state = State::Open(Box::new(connection));
        self.slots[slot].touched_ns = 0;
        self.reclass(slot, Class::Awaited);
    }

    /// Count a flow at what it costs now.
    fn count(&mut self, slot: usize, cost: usize) {
        let counted = std::mem::replace(&mut self.slots[slot].cost, cost);
        self.memory = self.memory - counted + cost;
    }

    fn reclass(&mut self, slot: usize, class: Class) {
        let now_ns = self.now_ns;
        let entry = &mut self.slots[slot];
        entry.class = class;
        entry.touched_ns = entry.touched_ns.max(now_ns);
        entry.generation = entry.generation.wrapping_add(1);
        let generation = entry.generation;
        let (queue, slots) = (&mut self.queues[class as usize], &self.slots);
        // A slot has one valid ticket at most: those of the past must not outgrow the table.
        if queue.len() > 2 * slots.len() + 64 {
            queue.retain(|ticket| slots[ticket.slot].generation == ticket.generation);
        }
        queue.push_back(Ticket {
            slot,
            generation,
            since_ns: now_ns,
        });
    }

    fn advance(
        &mut self,
        slot: usize,
        direction: usize,
        segment: &Segment<'_>,
        moment: Moment,
        limits: &Limits,
        counters: &mut Counters,
    ) {
        let entry = &mut self.slots[slot];
        let State::Open(connection) = &mut entry.state else {
            return;
        };
        if connection.hopes_for(direction, segment) {
            // The packet may be ahead of the clock, which waits for a second one to say so, or far behind it.
            entry.touched_ns = entry.touched_ns.max(self.now_ns.max(moment.time_ns));
        }
        let had_tls = connection.has_tls();
        let mut context = Context {
            limits,
            counters,
            identities: &mut self.identities,
            profiles: &mut self.profiles,
        };
        let status = connection.segment(direction, segment, moment, &mut context);
        let (has_tls, cost) = (connection.has_tls(), connection.memory());
        self.count(slot, cost);
        match status {
            Status::Open => {
                if has_tls && !had_tls {
                    self.reclass(slot, Class::Handshake);
                }
                while self.memory > limits.max_state_bytes && self.evict_dear(limits, counters) {}
            }
            Status::Finished => self.report(slot, false, limits, counters),
            Status::Plain => self.remove(slot),
        }
    }

    /// Report an open flow's sessions; what remains is a tombstone.
    fn report(&mut self, slot: usize, evicted: bool, limits: &Limits, counters: &mut Counters) {
        let State::Open(connection) = &mut self.slots[slot].state else {
            return;
        };
        let interface = usize::try_from(connection.interface())
            .ok()
            .and_then(|at| self.interfaces.get(at).cloned().flatten());
        let mut context = Context {
            limits,
            counters,
            identities: &mut self.identities,
            profiles: &mut self.profiles,
        };
        let had_tls = connection.has_tls();
        let sessions = connection.finish(
            &self.sensor,
            interface.as_ref(),
            evicted,
            &mut context,
            &mut self.sessions,
        );
        counters.sessions += u64::try_from(sessions).unwrap_or(0);
        let tombstone = connection.tombstone(sessions);
        if had_tls {
            self.slots[slot].state = State::Finished(tombstone);
            self.count(slot, 0);
            self.reclass(slot, Class::Finished);
        } else {
            self.remove(slot);
        }
    }

    fn remove(&mut self, slot: usize) {
        self.count(slot, 0);
        let hash = self.hasher.hash_one(self.slots[slot].key);
        if let Ok(entry) = self.index.find_entry(hash, |&other| other == slot) {
            entry.remove();
        }
        let entry = &mut self.slots[slot];
        entry.state = State::Free;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(slot);
    }
}

/// Whether a segment of an unknown flow opens one: a SYN, or TLS at the start of its payload.
fn begins_flow(segment: &Segment<'_>) -> bool {
    !segment.has(RST) && (segment.has(SYN) || opener::begins(segment.payload))
}
