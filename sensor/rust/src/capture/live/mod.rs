//! Interfaces, watched as they are: packets out of the kernel's rings, with the kernel's times.
//!
//! What is taken out of a ring is copied, so that the ring is the kernel's again at once, and everything behind goes the
//! road of a capture file: flows are divided over processors by their inner addresses, which no fanout of the kernel knows
//! where frames are tunnelled.

mod ring;
mod socket;

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ring::{wait, Frame, Ring, State, Statistics};

use super::joined::Part;
use super::{Packet, Packets, Record};

/// How long a portion may be in the making.
const PORTION_TIME: Duration = Duration::from_millis(250);
/// How often interfaces are looked after.
const LOOK_TIME: Duration = Duration::from_secs(1);
/// Bytes taken out of the rings at once, near enough.
const MOST_BYTES: usize = 1 << 20;
/// How long packets are still taken once the end was asked for.
const DRAIN_TIME: Duration = Duration::from_secs(1);
/// Of several interfaces, packets wait so many blocks' time for earlier ones from another interface.
const PATIENCE: u64 = 3;

/// How interfaces are watched.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Memory of each ring, bytes.
    pub ring_bytes: usize,
    /// The kernel hands over so much at a time; a multiple of a page. A frame must fit in.
    pub block_bytes: usize,
    /// Or after this time.
    pub block_milliseconds: usize,
    /// Frames for other machines too.
    pub promiscuous: bool,
    /// A program of classic BPF that chooses frames; empty: all.
    pub filter: Vec<(u16, u8, u8, u32)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ring_bytes: 64 << 20,
            block_bytes: 1 << 20,
            block_milliseconds: 20,
            promiscuous: true,
            filter: Vec::new(),
        }
    }
}

/// What can be told of a watched interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Its name.
    pub name: String,
    /// `up`, `down` or `gone`.
    pub state: &'static str,
    /// Frames that the kernel had for the ring, dropped ones included.
    pub frames: u64,
    /// Frames dropped because the ring was full.
    pub drops: u64,
    /// How often the ring was full.
    pub freezes: u64,
    /// How often the interface went away, or down, and came back.
    pub returns: u64,
}

/// An interface; it may be away for a while.
struct Port {
    name: String,
    ring: Option<Ring>,
    state: State,
    counted: Statistics,
    returns: u64,
}

impl Port {
    fn count(&mut self) {
        if let Some(ring) = &self.ring {
            self.counted.add(ring.statistics());
        }
    }

    /// Looks whether the interface is there, and watches it again if it is another one of the same name.
    fn look(&mut self, settings: &Settings) {
        self.count();
        let mut state = self
            .ring
            .as_ref()
            .map_or(State::Gone, |ring| ring.state(&self.name));
        if state == State::Gone {
            self.ring = Ring::open(&self.name, settings).ok();
            if let Some(ring) = &self.ring {
                state = ring.state(&self.name);
            }
        }
        self.returns += u64::from(self.state != State::Up && state == State::Up);
        self.state = state;
    }
}

/// Asks a reading to end: what is unfinished is then finished as it stands.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ask for it.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A reader of interfaces, with the manner of a reader of captures.
pub struct Live {
    ports: Vec<Port>,
    settings: Settings,
    stop: Stop,
    /// The end was asked for: nothing is taken out of the rings after this time.
    ends: Option<Instant>,
    /// What was taken out of the rings and is not handed out; of several interfaces, in the order of its times.
    bytes: Vec<u8>,
    records: Vec<Record>,
    /// How many of them are to be handed out.
    ready: usize,
    packets: u64,
    wire_bytes: u64,
    portion_since: Instant,
    looked: Instant,
    is_due: bool,
    starts: Arc<Vec<u64>>,
}

impl Live {
    /// Watches these interfaces from now on; all of them must be there.
    ///
    /// # Errors
    /// The one that cannot be watched, and why.
    pub fn open(
        names: &[String],
        settings: Settings,
        stop: Stop,
    ) -> Result<Self, (String, io::Error)> {
        let mut ports = Vec::with_capacity(names.len());
        for name in names {
            let ring = Ring::open(name, &settings).map_err(|error| (name.clone(), error))?;
            ports.push(Port {
                state: ring.state(name),
                name: name.clone(),
                ring: Some(ring),
                counted: Statistics::default(),
                returns: 0,
            });
        }
        let now = Instant::now();
        Ok(Self {
            ports,
            settings,
            stop,
            ends: None,
            bytes: Vec::new(),
            records: Vec::new(),
            ready: 0,
            packets: 0,
            wire_bytes: 0,
            portion_since: now,
            looked: now,
            is_due: false,
            starts: Arc::new(vec![0]),
        })
    }

    /// Goes on to the next packets, perhaps none: it waits no longer than a portion may take. `false` at the end.
    pub fn advance(&mut self) -> bool {
        self.is_due = false;
        loop {
            let now = Instant::now();
            if self.ends.is_none() && self.stop.is_asked() {
                // What the kernel has is handed over within the time of a block.
                let time = u64::try_from(self.settings.block_milliseconds).unwrap_or(0);
                std::thread::sleep(Duration::from_millis(2 * time));
                self.ends = Some(now + DRAIN_TIME);
            }
            self.collect(self.ends.is_none_or(|ends| now < ends));
            if self.ready > 0 {
                break;
            }
            if self.ends.is_some() {
                return false;
            }
            if now.duration_since(self.looked) >= LOOK_TIME {
                self.looked = now;
                for port in &mut self.ports {
                    port.look(&self.settings);
                }
            }
            if now.duration_since(self.portion_since) >= PORTION_TIME {
                break;
            }
            wait(self.ports.iter().filter_map(|port| port.ring.as_ref()), 50);
        }
        if self.portion_since.elapsed() >= PORTION_TIME {
            self.portion_since = Instant::now();
            self.is_due = true;
        }
        true
    }

    /// Takes what the rings have, if there is still `time` for it, and says how much is ready.
    fn collect(&mut self, time: bool) {
        let before = self.bytes.len();
        let mut taken = time;
        while taken && self.bytes.len() - before < MOST_BYTES {
            taken = false;
            for (number, port) in (1..).zip(&mut self.ports) {
                let Some(ring) = &mut port.ring else { continue };
                let link_type = ring.link_type;
                let (bytes, records, sum) =
                    (&mut self.bytes, &mut self.records, &mut self.wire_bytes);
                taken |= ring.take(|frame| {
                    *sum += u64::from(frame.original_length);
                    records.push(keep(bytes, &frame, link_type, number));
                });
            }
        }
        self.ready = self.records.len();
        if self.ports.len() > 1 {
            self.records.sort_by_key(|record| record.time_ns);
            if self.ends.is_none() {
                let patience = u64::try_from(self.settings.block_milliseconds).unwrap_or(0);
                let horizon = now_ns().saturating_sub(PATIENCE * patience * 1_000_000);
                self.ready = self
                    .records
                    .partition_point(|record| record.time_ns <= horizon);
            }
        }
    }

    /// Shows the packets that `advance` went on to.
    pub fn show(&mut self, mut each: impl FnMut(Packet<'_>)) {
        for record in self.records.iter().take(self.ready) {
            self.packets += 1;
            each(record.packet(self.packets, &self.bytes));
        }
        self.hand_over(&mut Vec::new());
    }

    /// Shows the packets and keeps them; what `into` held before is overwritten.
    pub fn keep(&mut self, into: &mut Packets, mut each: impl FnMut(Packet<'_>)) {
        into.before = self.packets;
        for record in self.records.iter().take(self.ready) {
            self.packets += 1;
            each(record.packet(self.packets, &self.bytes));
        }
        let mut bytes = std::mem::take(into.bytes.buffer());
        into.records = self.hand_over(&mut bytes);
        *into.bytes.buffer() = bytes;
    }

    /// Leaves the packets that are ready: their records come back, and their bytes go into `bytes`, whose room is used for
    /// what waits.
    fn hand_over(&mut self, bytes: &mut Vec<u8>) -> Vec<Record> {
        let later = self.records.split_off(self.ready);
        let ready = std::mem::replace(&mut self.records, later);
        self.ready = 0;
        bytes.clear();
        if self.records.is_empty() {
            std::mem::swap(&mut self.bytes, bytes);
            return ready;
        }
        for record in &mut self.records {
            let start = bytes.len();
            bytes.extend_from_slice(self.bytes.get(record.place()).unwrap_or_default());
            record.start = u32::try_from(start).unwrap_or(u32::MAX);
        }
        std::mem::swap(&mut self.bytes, bytes);
        ready
    }

    /// A portion is to be handed out, whatever is in it.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.is_due
    }

    /// How many packets were delivered.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes of their frames on the wire.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    /// How many numbers interfaces have: they begin at 1.
    #[must_use]
    pub fn interfaces(&self) -> u32 {
        u32::try_from(self.ports.len() + 1).unwrap_or(u32::MAX)
    }

    /// The name of an interface by its number.
    #[must_use]
    pub fn interface_name(&self, interface: u32) -> Option<&str> {
        let at = usize::try_from(interface).ok()?.checked_sub(1)?;
        self.ports.get(at).map(|port| port.name.as_str())
    }

    /// As of one capture.
    #[must_use]
    pub fn starts(&self) -> Arc<Vec<u64>> {
        Arc::clone(&self.starts)
    }

    /// As of one capture, which has no hash.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        vec![Part {
            packets: self.packets,
            damage: Vec::new(),
            sha256: None,
        }]
    }

    /// What can be told of each interface now.
    pub fn watched(&mut self) -> Vec<Watched> {
        let tell = |port: &mut Port| {
            port.count();
            Watched {
                name: port.name.clone(),
                state: match port.state {
                    State::Up => "up",
                    State::Down => "down",
                    State::Gone => "gone",
                },
                frames: port.counted.frames,
                drops: port.counted.drops,
                freezes: port.counted.freezes,
                returns: port.returns,
            }
        };
        self.ports.iter_mut().map(tell).collect()
    }
}

/// The time of day, nanoseconds since 1970: the clock that the kernel's packet times are of.
#[must_use]
pub fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

/// Copies a frame, with the VLAN tag that was taken out of it.
fn keep(bytes: &mut Vec<u8>, frame: &Frame<'_>, link_type: u16, interface: u32) -> Record {
    const ADDRESSES: usize = 12;
    let start = bytes.len();
    let mut length = frame.original_length;
    match (frame.tag, frame.data.split_at_checked(ADDRESSES)) {
        (Some((kind, control)), Some((addresses, rest))) => {
            bytes.extend_from_slice(addresses);
            bytes.extend_from_slice(&kind.to_be_bytes());
            bytes.extend_from_slice(&control.to_be_bytes());
            bytes.extend_from_slice(rest);
            length = length.saturating_add(4);
        }
        _ => bytes.extend_from_slice(frame.data),
    }
    let place: Range<usize> = start..bytes.len();
    Record::new(frame.time_ns, link_type, interface, length, &place)
}
