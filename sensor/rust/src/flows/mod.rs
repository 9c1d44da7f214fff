//! The flow table: connections that are awaited, in handshake, or lately finished; all others stay outside.

mod graves;
mod index;
mod leaving;
mod opening;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::connection::{Connection, Spare, Status, Tombstone};
use crate::dispatch::{Arrival, Key};
use crate::frame::SYN;
use crate::identities::{Identities, Register};
use crate::limits::{Counters, Limits};
use crate::session::Session;
use crate::tls::facts::Context;
use crate::tls::profiles::Profiles;
use graves::{Grave, Graves};
use index::Index;
use opening::Openings;

/// How long a connection is kept, and in which order they are given up when there are too many flows, when no opening is
/// left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// No TLS yet.
    Awaited,
    Handshake,
}

const CLASSES: [Class; 2] = [Class::Awaited, Class::Handshake];

/// Sessions of a shard for which there is room at once: about as many as a block of packets brings.
const USUAL_SESSIONS: usize = 32;

#[derive(Debug)]
struct Slot {
    hash: u64,
    /// Rises whenever the slot changes its flow or its class, so that old places in the queues are known as such.
    generation: u32,
    class: Class,
    touched_ns: u64,
    /// Bytes of it that are counted in `Flows::memory`.
    cost: usize,
    /// `None` where the slot is free.
    connection: Option<Box<Connection>>,
}

/// Where an open flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It said nothing yet: the opening with this number.
    Opening(usize),
    /// In this slot.
    Open(usize),
}

impl Place {
    const OPENING: u32 = 1 << 31;

    fn packed(self) -> u32 {
        // There are far fewer flows than numbers: `max_flows` is capped below them.
        let number = |at: usize| u32::try_from(at).unwrap_or(Self::OPENING - 1) % Self::OPENING;
        match self {
            Self::Opening(at) => number(at) + Self::OPENING,
            Self::Open(slot) => number(slot),
        }
    }

    fn unpacked(packed: u32) -> Self {
        let at = usize::try_from(packed % Self::OPENING).unwrap_or(usize::MAX);
        if packed < Self::OPENING {
            Self::Open(at)
        } else {
            Self::Opening(at)
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Ticket {
    slot: u32,
    generation: u32,
    since_ns: u64,
}

impl Ticket {
    fn slot(self) -> usize {
        usize::try_from(self.slot).unwrap_or(usize::MAX)
    }
}

#[derive(Debug, Default)]
struct Share {
    flows: usize,
    bytes: usize,
}

/// All flows, and what they gave.
#[derive(Debug)]
pub struct Flows {
    sensor: String,
    /// Of open flows.
    index: Index,
    openings: Openings,
    slots: Vec<Slot>,
    free: Vec<usize>,
    queues: [VecDeque<Ticket>; 2],
    /// Of each class: how many flows, and the bytes that they cost.
    classes: [Share; 2],
    graves: Graves,
    /// By the packets; never goes back.
    now_ns: u64,
    interfaces: Vec<Option<Arc<str>>>,
    ending: Option<Vec<usize>>,
    profiles: Profiles,
    spare: Spare,
    /// Names for certificates, and those to hand out.
    pub(crate) identities: Identities,
    /// Sessions that are finished.
    pub sessions: Vec<Session>,
}

impl Flows {
    /// An empty table.
    #[must_use]
    pub(crate) fn new(sensor: &str, register: Arc<Register>) -> Self {
        Self {
            sensor: sensor.to_owned(),
            index: Index::default(),
            openings: Openings::default(),
            slots: Vec::new(),
            free: Vec::new(),
            queues: Default::default(),
            classes: Default::default(),
            graves: Graves::default(),
            now_ns: 0,
            interfaces: Vec::new(),
            ending: None,
            profiles: Profiles::default(),
            spare: Spare::default(),
            identities: Identities::new(register),
            sessions: Vec::new(),
        }
    }

    /// Flows in the table, finished ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len() + self.graves.known()
    }

    /// Bytes that all open flows cost, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.classes.iter().map(|share| share.bytes).sum()
    }

    /// The table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    /// Where the flow with this hash is kept, if it is open.
    #[inline]
    pub(crate) fn find(&self, hash: u64) -> Option<Place> {
        let hash_of = |number| hash_of(&self.slots, &self.openings, number);
        self.index.find(hash, hash_of).map(Place::unpacked)
    }

    /// Take in one segment of the flow that is at this place, if it is known.
    pub(crate) fn segment(
        &mut self,
        arrival: &Arrival<'_>,
        place: Option<Place>,
        limits: &Limits,
        counters: &mut Counters,
    ) {
        self.now_ns = self.now_ns.max(arrival.now_ns);
        let place = match place {
            None if !arrival.begins => return,
            None => match self.graves.find(arrival.hash).copied() {
                None => self.open(arrival, limits, counters),
                Some(tombstone) => match self.reopen(&tombstone, arrival, limits, counters) {
                    Some(place) => place,
                    None => return,
                },
            },
            Some(Place::Opening(at)) => Place::Opening(at),
            Some(Place::Open(slot)) => match self.slots.get(slot) {
                Some(entry) => match &entry.connection {
                    Some(connection) if *connection.ends() == arrival.key => {
                        if connection.is_new_syn(arrival.direction, &arrival.segment) {
                            self.end(slot, false, limits, counters);
                            self.open(arrival, limits, counters)
                        } else {
                            Place::Open(slot)
                        }
                    }
                    // Another flow with the same 64 bits of a secret hash: once in the life of a thousand sensors.
                    _ => return,
                },
                None => return,
            },
        };
        let slot = match place {
            Place::Open(slot) => slot,
            Place::Opening(at) => match self.said_something(at, arrival) {
                Some(slot) => slot,
                None => return,
            },
        };
        self.advance(slot, arrival, limits, counters);
    }

    /// Whether this packet begins a new connection, or another handshake of a finished one; gives its place.
    fn reopen(
        &mut self,
        tombstone: &Tombstone,
        arrival: &Arrival<'_>,
        limits: &Limits,
        counters: &mut Counters,
    ) -> Option<Place> {
        let Arrival {
            segment,
            direction,
            hash,
            ..
        } = arrival;
        if segment.has(SYN) {
            return tombstone.is_new_syn(*direction, segment.sequence).then(|| {
                self.graves.reopen(*hash);
                self.open(arrival, limits, counters)
            });
        }
        if !tombstone.is_new_data(*direction, segment.sequence) {
            return None;
        }
        if tombstone.sessions >= limits.max_sessions_per_connection {
            counters.sessions_too_many += 1;
            return None;
        }
        let connection = Connection::new(arrival.key, segment.wrapping(), arrival.moment);
        self.make_room(limits, counters);
        counters.flows += 1;
        let connection = connection.continued(tombstone);
        self.graves.reopen(*hash);
        let cost = connection.memory();
        let slot = self.begin(arrival, connection);
        self.count(slot, cost);
        let place = Place::Open(slot);
        self.add(*hash, place);
        Some(place)
    }

    /// Open a flow; its segment is still to be taken in.
    fn open(&mut self, arrival: &Arrival<'_>, limits: &Limits, counters: &mut Counters) -> Place {
        self.make_room(limits, counters);
        counters.flows += 1;
        let place = Place::Opening(self.openings.begin(arrival, self.now_ns));
        self.add(arrival.hash, place);
        place
    }

    /// Add a flow to the index.
    fn add(&mut self, hash: u64, place: Place) {
        let hash_of = |number| hash_of(&self.slots, &self.openings, number);
        self.index.insert(hash, place.packed(), hash_of);
    }

    /// Give up flows until there is room for one more.
    fn make_room(&mut self, limits: &Limits, counters: &mut Counters) {
        let most = limits.max_flows.max(1);
        while self.openings.len() + self.slots.len() - self.free.len() >= most
            && self.evict(limits, counters)
        {}
    }

    /// Take in a segment of an opening; gives the slot of the connection that it becomes, if the segment is more than can
    /// be kept.
    fn said_something(&mut self, at: usize, arrival: &Arrival<'_>) -> Option<usize> {
        let opening = self.openings.get_mut(at)?;
        // The packet may be ahead of the clock, which waits for a second one to say so, or far behind it.
        let now_ns = self.now_ns.max(arrival.moment.time_ns);
        opening.touched_ns = opening.touched_ns.max(now_ns);
        if opening.keep(arrival) {
            return None;
        }
        let grown = self.openings.grow(at, arrival.key)?;
        let slot = self.begin(arrival, grown);
        let [old, new] = [Place::Opening(at), Place::Open(slot)].map(Place::packed);
        self.index.replace(arrival.hash, old, new);
        Some(slot)
    }

    /// Put a connection into a slot. The index does not know of it.
    fn begin(&mut self, arrival: &Arrival<'_>, connection: Connection) -> usize {
        let class = Class::Awaited;
        self.classes[class as usize].flows += 1;
        let slot = self.free.pop().unwrap_or(self.slots.len());
        let begun = Slot {
            hash: arrival.hash,
            generation: self.slots.get(slot).map_or(0, |entry| entry.generation),
            class,
            touched_ns: self.now_ns,
            cost: 0,
            connection: Some(Box::new(connection)),
        };
        if let Some(entry) = self.slots.get_mut(slot) {
            *entry = begun;
        } else {
            self.slots.push(begun);
        }
        self.queue(slot);
        slot
    }

    /// Count a flow at what it costs now.
    fn count(&mut self, slot: usize, cost: usize) {
        let entry = &mut self.slots[slot];
        let counted = std::mem::replace(&mut entry.cost, cost);
        let share = &mut self.classes[entry.class as usize];
        share.bytes = share.bytes - counted + cost;
    }

    fn reclass(&mut self, slot: usize, class: Class) {
        let entry = &mut self.slots[slot];
        let before = std::mem::replace(&mut entry.class, class);
        let cost = entry.cost;
        let share = &mut self.classes[before as usize];
        share.flows -= 1;
        share.bytes -= cost;
        let share = &mut self.classes[class as usize];
        share.flows += 1;
        share.bytes += cost;
        self.queue(slot);
    }

    /// Put a flow at the end of its class's queue.
    fn queue(&mut self, slot: usize) {
        let entry = &mut self.slots[slot];
        entry.generation = entry.generation.wrapping_add(1);
        let (class, generation) = (entry.class, entry.generation);
        let (queue, slots) = (&mut self.queues[class as usize], &self.slots);
        // A slot has one valid ticket at most: those of the past must not outgrow the table.
        if queue.len() > 2 * slots.len() + 64 {
            queue.retain(|ticket| slots[ticket.slot()].generation == ticket.generation);
        }
        queue.push_back(Ticket {
            slot: u32::try_from(slot).unwrap_or(u32::MAX),
            generation,
            since_ns: self.now_ns,
        });
    }

    fn advance(
        &mut self,
        slot: usize,
        arrival: &Arrival<'_>,
        limits: &Limits,
        counters: &mut Counters,
    ) {
        let Arrival {
            segment,
            moment,
            direction,
            ..
        } = arrival;
        let entry = &mut self.slots[slot];
        // The packet may be ahead of the clock, which waits for a second one to say so, or far behind it.
        let now_ns = self.now_ns.max(moment.time_ns);
        let Some(connection) = &mut entry.connection else {
            return;
        };
        if connection.hopes_for(*direction, segment) {
            entry.touched_ns = entry.touched_ns.max(now_ns);
        }
        let had_tls = connection.has_tls();
        let mut context = Context {
            limits,
            counters,
            identities: &mut self.identities,
            profiles: &mut self.profiles,
            spare: &mut self.spare,
        };
        let status = connection.segment(*direction, segment, *moment, &mut context);
        match status {
            Status::Open => {
                let has_tls = connection.has_tls();
                if entry.cost == 0 || !segment.payload.is_empty() {
                    let cost = connection.memory();
                    self.count(slot, cost);
                }
                if has_tls && !had_tls {
                    self.reclass(slot, Class::Handshake);
                }
                while self.memory() > limits.max_state_bytes && self.evict_dear(limits, counters) {}
            }
            Status::Finished => self.finished(slot, limits, counters),
            Status::Plain => self.remove(slot),
        }
    }

    /// Report an open flow's sessions; what remains is a tombstone.
    fn finished(&mut self, slot: usize, limits: &Limits, counters: &mut Counters) {
        if let Some(tombstone) = self.report(slot, false, limits, counters) {
            self.bury(slot, tombstone, limits, counters);
        }
        self.remove(slot);
    }

    /// Report an open flow's sessions; gives what is to be remembered of it, if it had any.
    fn report(
        &mut self,
        slot: usize,
        evicted: bool,
        limits: &Limits,
        counters: &mut Counters,
    ) -> Option<Tombstone> {
        let connection = self.slots[slot].connection.as_mut()?;
        if !connection.has_tls() && !connection.has_pending() {
            return None;
        }
        let interface = usize::try_from(connection.interface())
            .ok()
            .and_then(|at| self.interfaces.get(at).cloned().flatten());
        let mut context = Context {
            limits,
            counters,
            identities: &mut self.identities,
            profiles: &mut self.profiles,
            spare: &mut self.spare,
        };
        let had_tls = connection.has_tls();
        if self.sessions.is_empty() {
            self.sessions.reserve(USUAL_SESSIONS);
        }
        let sessions = connection.finish(
            &self.sensor,
            interface.as_ref(),
            evicted,
            &mut context,
            &mut self.sessions,
        );
        counters.sessions += u64::try_from(sessions).unwrap_or(0);
        had_tls.then(|| connection.tombstone(sessions))
    }

    /// Remember a finished flow.
    fn bury(
        &mut self,
        slot: usize,
        tombstone: Tombstone,
        limits: &Limits,
        counters: &mut Counters,
    ) {
        while self.graves.len() >= limits.max_finished_flows.max(1) {
            counters.finished_forgotten += 1;
            self.graves.pop();
        }
        self.graves.push(Grave {
            hash: self.slots[slot].hash,
            since_ns: self.now_ns,
            tombstone,
        });
    }

    /// Free an open flow's slot.
    fn remove(&mut self, slot: usize) {
        self.count(slot, 0);
        let entry = &mut self.slots[slot];
        self.classes[entry.class as usize].flows -= 1;
        entry.connection = None;
        entry.generation = entry.generation.wrapping_add(1);
        self.index.remove(entry.hash, Place::Open(slot).packed());
        self.free.push(slot);
    }
}

/// The hash of the flow with this number in the index.
#[inline]
fn hash_of(slots: &[Slot], openings: &Openings, number: u32) -> u64 {
    let hash = match Place::unpacked(number) {
        Place::Open(slot) => slots.get(slot).map(|entry| entry.hash),
        Place::Opening(at) => openings.get(at).map(|opening| opening.hash),
    };
    hash.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_packing() {
        let most = usize::try_from(Place::OPENING).unwrap() - 1;
        for at in [0, 262_144, most] {
            for place in [Place::Opening(at), Place::Open(at)] {
                assert_eq!(place, Place::unpacked(place.packed()));
            }
        }
    }
}
