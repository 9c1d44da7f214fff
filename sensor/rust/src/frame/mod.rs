//! One frame to one TCP segment: link layers, VLAN tags, IP, TCP.

mod common;
mod fragments;
mod ip;
mod link;
mod tcp;

pub use fragments::Fragments;
pub use link::is_known as is_known_link;
pub use tcp::{Segment, ACK, FIN, RST, SYN};

use std::hash::{Hash, Hasher};

use crate::limits::{Counters, Limits};

/// One end of a flow. IPv4 addresses are mapped (RFC 4291 2.5.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Endpoint {
    /// IPv6 address, or `::ffff:a.b.c.d`.
    pub address: [u8; 16],
    /// TCP port.
    pub port: u16,
}

impl Hash for Endpoint {
    /// As numbers: a slice would be hashed with its length, byte by byte.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.address));
        state.write_u16(self.port);
    }
}

/// One layer that wrapped the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// 802.1Q or 802.1ad tag: VLAN id.
    Vlan(u16),
}

/// How deep encapsulations are followed.
const MAX_LAYERS: usize = 6;

/// The encapsulations of a frame, outermost first, and its MAC addresses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wrapping {
    layers: [Option<Layer>; MAX_LAYERS],
    depth: usize,
    /// Sender's MAC address, where the link has one.
    pub source_mac: Option<[u8; 6]>,
    /// Receiver's MAC address.
    pub destination_mac: Option<[u8; 6]>,
}

impl Wrapping {
    /// Note one more layer; `None` when there are too many to be honest.
    fn push(&mut self, layer: Layer) -> Option<()> {
        *self.layers.get_mut(self.depth)? = Some(layer);
        self.depth += 1;
        Some(())
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.depth == 0
    }

    /// As text, outermost first: `vlan:10`.
    pub fn path(&self) -> impl Iterator<Item = String> + '_ {
        self.layers.iter().flatten().map(|layer| match layer {
            Layer::Vlan(id) => format!("vlan:{id}"),
        })
    }
}

/// Why a frame gave no segment. Each is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// The link type is not known.
    UnknownLink,
    /// No IP in it.
    NotIp,
    /// IP, but no TCP.
    NotTcp,
    /// A length or an offset is impossible, or the frame ends inside a header.
    Malformed,
    /// One fragment; the datagram is not complete.
    Fragment,
}

impl Skip {
    /// Count it.
    pub fn count(self, counters: &mut Counters) {
        match self {
            Self::UnknownLink => counters.frames_unknown_link += 1,
            Self::NotIp => counters.frames_not_ip += 1,
            Self::NotTcp => counters.frames_not_tcp += 1,
            Self::Malformed => counters.frames_malformed += 1,
            Self::Fragment => counters.fragments += 1,
        }
    }
}

/// The TCP segment of a frame that is no fragment; and whether its payload was captured whole.
///
/// # Errors
/// Why there is none. `Skip::Fragment` is for `fragment` to take.
#[inline]
pub fn segment(link_type: u16, frame: &[u8]) -> Result<(Segment<'_>, bool), Skip> {
    if let Some(segment) = common::segment(link_type, frame) {
        return Ok((segment, true));
    }
    let mut wrapping = Wrapping::default();
    let datagram = ip::packet(link::network_packet(link_type, frame, &mut wrapping)?)?;
    if datagram.fragment.is_some() {
        return Err(Skip::Fragment);
    }
    let segment = tcp::segment(&datagram, datagram.payload, link_type, frame)?;
    Ok((segment, !datagram.cut))
}

/// Keep a fragment; if it was the last one missing, hand the segment that they make to `receive`.
pub fn fragment(
    link_type: u16,
    frame: &[u8],
    time_ns: u64,
    fragments: &mut Fragments,
    limits: &Limits,
    counters: &mut Counters,
    receive: impl FnOnce(&Segment<'_>, &mut Counters),
) {
    let mut wrapping = Wrapping::default();
    let outcome = link::network_packet(link_type, frame, &mut wrapping).and_then(ip::packet);
    let Ok((datagram, place)) = outcome.and_then(|datagram| match datagram.fragment {
        Some(place) => Ok((datagram, place)),
        None => Err(Skip::Fragment),
    }) else {
        return;
    };
    let Some(whole) = fragments.add(&datagram, place, time_ns, limits, counters) else {
        return;
    };
    let made = ip::reassembled(datagram.protocol, &whole).and_then(|(protocol, payload)| {
        let datagram = ip::Datagram {
            protocol,
            ..datagram
        };
        tcp::segment(&datagram, payload, link_type, frame)
    });
    match made {
        Ok(segment) => {
            counters.frames_cut_payload += u64::from(datagram.cut);
            receive(&segment, counters);
        }
        Err(skip) => skip.count(counters),
    }
}
