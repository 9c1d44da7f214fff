//! The interfaces that a pcapng capture describes, and their clocks.

use super::number::{to_usize, Order};

/// How many interfaces of one capture are kept, over all of its sections.
pub(super) const MAX_INTERFACES: usize = 65_536;

/// How much of an interface's name is kept, in bytes. Linux allows 15, Windows names are some 60 long.
const MAX_NAME_BYTES: usize = 256;

const NANOSECONDS_PER_SECOND: u128 = 1_000_000_000;

// Options of an Interface Description Block, and the one that ends every list of options.
const OPTION_END: u16 = 0;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// How many ticks make a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    /// Ticks of this many nanoseconds.
    Nanoseconds(u64),
    /// 10 to this power ticks, more than 10^9.
    PowerOf10(u8),
    /// 2 to this power ticks.
    PowerOf2(u8),
}

/// How an interface counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    resolution: Resolution,
    /// Seconds to add.
    offset_s: i64,
}

impl Clock {
    /// A time stamp as nanoseconds since 1970.
    ///
    /// - `Ok`: the time.
    /// - `Err`: it lies before 1970 or after 2554, and this is the nearest time that can be told.
    #[inline]
    pub(super) fn time_ns(self, ticks: u64) -> Result<u64, u64> {
        if let (Resolution::Nanoseconds(each), 0) = (self.resolution, self.offset_s) {
            return ticks.checked_mul(each).ok_or(u64::MAX);
        }
        let ticks = u128::from(ticks);
        let since_offset = match self.resolution {
            Resolution::Nanoseconds(each) => ticks * u128::from(each),
            Resolution::PowerOf10(power) => {
                10_u128
                    .checked_pow(power.into())
                    // Past 10^38 all 64 bits of a stamp are less than a nanosecond.
                    .map_or(0, |per_second| ticks * NANOSECONDS_PER_SECOND / per_second)
            }
            Resolution::PowerOf2(power) => (ticks * NANOSECONDS_PER_SECOND) >> power,
        };
        let offset = i128::from(self.offset_s) * 1_000_000_000;
        // At most 2^64 ticks of 10^9 ns each: far from the end of 127 bits.
        let time = i128::try_from(since_offset).unwrap_or(i128::MAX) + offset;
        u64::try_from(time).map_err(|_| if time < 0 { 0 } else { u64::MAX })
    }
}

/// One interface of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// A `LINKTYPE_` value.
    pub(super) link_type: u16,
    /// The most bytes of a packet that were kept; 0 means no limit.
    pub(super) snap_length: u32,
    /// How it counts time.
    pub(super) clock: Clock,
    /// Its name in the system that captured; `None` if it is not told.
    pub(super) name: Option<String>,
}

impl Interface {
    /// Reads the body of an Interface Description Block, without the lengths around it.
    ///
    /// - `Some((interface, true))`: all of it.
    /// - `Some((interface, false))`: an option contradicts the block; it and what follows is left out.
    /// - `None`: it is too short to be one.
    pub(super) fn read(order: Order, body: &[u8]) -> Option<(Self, bool)> {
        let mut interface = Self {
            link_type: order.u16(body)?,
            snap_length: order.u32(body.get(4..)?)?,
            clock: Clock {
                resolution: Resolution::Nanoseconds(1000),
                offset_s: 0,
            },
            name: None,
        };
        let mut rest = &body[8..];
        while !rest.is_empty() {
            let Some((code, value, after)) = option(order, rest) else {
                return Some((interface, false));
            };
            if code == OPTION_END {
                break;
            }
            if interface.take_option(order, code, value).is_none() {
                return Some((interface, false));
            }
            rest = after;
        }
        Some((interface, true))
    }

    /// Uses one option; `None` if its value has the wrong length.
    fn take_option(&mut self, order: Order, code: u16, value: &[u8]) -> Option<()> {
        match code {
            OPTION_NAME => {
                let end = value.iter().position(|&byte| byte == 0);
                let name = &value[..end.unwrap_or(value.len()).min(MAX_NAME_BYTES)];
                self.name = (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned());
            }
            OPTION_RESOLUTION => {
                let &[resolution] = value else { return None };
                self.clock.resolution = resolution_of(resolution);
            }
            OPTION_OFFSET => {
                let bytes: [u8; 8] = value.try_into().ok()?;
                self.clock.offset_s = match order {
                    Order::Big => i64::from_be_bytes(bytes),
                    Order::Little => i64::from_le_bytes(bytes),
                };
            }
            _ => {}
        }
        Some(())
    }
}

/// The value of `if_tsresol`: the highest bit chooses between powers of 2 and of 10, the rest is the power.
fn resolution_of(value: u8) -> Resolution {
    let power = value & 0x7F;
    if value & 0x80 != 0 {
        Resolution::PowerOf2(power)
    } else if power <= 9 {
        Resolution::Nanoseconds(10_u64.pow(u32::from(9 - power)))
    } else {
        Resolution::PowerOf10(power)
    }
}

/// The first option of a list: its code, its value and what follows. `None` if it does not fit.
fn option(order: Order, bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let code = order.u16(bytes)?;
    let length = to_usize(order.u16(bytes.get(2..)?)?.into());
    let value = bytes.get(4..4 + length)?;
    // The last option of some writers lacks its padding.
    let after = bytes.get(4 + length.next_multiple_of(4)..).unwrap_or(&[]);
    Some((code, value, after))
}

/// All interfaces of a capture. Those of the present section are the last ones.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    all: Vec<Interface>,
    section_start: usize,
}

impl Interfaces {
    /// Begins a section: its interfaces are counted from 0 again.
    pub(super) fn begin_section(&mut self) {
        self.section_start = self.all.len();
    }

    /// Adds one to the present section; false if there are [`MAX_INTERFACES`] already.
    pub(super) fn add(&mut self, interface: Interface) -> bool {
        let room = self.all.len() < MAX_INTERFACES;
        if room {
            self.all.push(interface);
        }
        room
    }

    /// An interface of the present section, with its number in the whole capture.
    #[inline]
    pub(super) fn in_section(&self, number: u32) -> Option<(u32, &Interface)> {
        let index = self.section_start.checked_add(to_usize(number))?;
        let interface = self.all.get(index)?;
        Some((u32::try_from(index).ok()?, interface))
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    /// An interface by its number in the whole capture.
    pub(super) fn in_capture(&self, number: u32) -> Option<&Interface> {
        self.all.get(to_usize(number))
    }
}
