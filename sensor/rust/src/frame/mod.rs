//! One frame to one TCP segment: link layers, VLAN tags, IP, TCP.

mod common;
mod fragments;
mod ip;
mod link;
mod tcp;

pub use common::segment as common;
pub use fragments::Fragments;
pub use link::is_known as is_known_link;
pub use tcp::{Loose, Origin, Segment, ACK, FIN, RST, SYN};

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use crate::limits::{Counters, Limits};

/// One end of a flow. IPv4 addresses are mapped (RFC 4291 2.5.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Endpoint {
    /// IPv6 address, or `::ffff:a.b.c.d`.
    pub address: [u8; 16],
    /// TCP port.
    pub port: u16,
}

impl Ord for Endpoint {
    /// By address, then by port. As numbers, which is quicker than byte by byte: it is asked of every packet.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |end: &Self| u128::from_be_bytes(end.address);
        (number(self), self.port).cmp(&(number(other), other.port))
    }
}

impl PartialOrd for Endpoint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
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
    /// MPLS label.
    Label(u32),
    /// `PPPoE` session.
    Pppoe(u16),
    /// Cisco metadata: security group of the sender.
    SecurityGroup(u16),
    /// 802.1ah tag: service instance.
    ServiceInstance(u32),
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
    /// Note one more layer; too many are not honest.
    fn push(&mut self, layer: Layer) -> Result<(), Skip> {
        *self.layers.get_mut(self.depth).ok_or(Skip::Malformed)? = Some(layer);
        self.depth += 1;
        Ok(())
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.depth == 0
    }

    /// As text, outermost first: `vlan:10`, `mpls:16`.
    pub fn path(&self) -> impl Iterator<Item = String> + '_ {
        self.layers.iter().flatten().map(|layer| match layer {
            Layer::Vlan(id) => format!("vlan:{id}"),
            Layer::Label(label) => format!("mpls:{label}"),
            Layer::Pppoe(session) => format!("pppoe:{session}"),
            Layer::SecurityGroup(group) => format!("sgt:{group}"),
            Layer::ServiceInstance(id) => format!("isid:{id}"),
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
    /// Encrypted by the link: 802.11, `MACsec`.
    Encrypted,
    /// A frame of 802.11 with several packets: not counted, each of them is read.
    Aggregate,
    /// A fragment: not counted, it is kept.
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
            Self::Encrypted => counters.frames_encrypted += 1,
            Self::Aggregate | Self::Fragment => {}
        }
    }
}

/// The TCP segment of a frame that holds one, and holds it whole.
///
/// # Errors
/// Why there is none. `Skip::Fragment` and `Skip::Aggregate` are for `dissect` to take.
#[allow(clippy::inline_always, reason = "asked of every packet")]
#[inline(always)]
pub fn segment(link_type: u16, frame: &[u8]) -> Result<Segment<'_>, Skip> {
    match common::segment(link_type, frame) {
        Some(segment) => Ok(segment),
        None => uncommon(link_type, frame),
    }
}

/// The segment of a frame that is none of the common ones; gives the same for those.
///
/// # Errors
/// As of [`segment`].
pub fn uncommon(link_type: u16, frame: &[u8]) -> Result<Segment<'_>, Skip> {
    let mut wrapping = Wrapping::default();
    let datagram = ip::packet(link::network_packet(link_type, frame, &mut wrapping)?)?;
    if datagram.fragment.is_some() {
        return Err(Skip::Fragment);
    }
    tcp::segment(&datagram, datagram.payload, Origin::Frame(link_type, frame))
}

/// What a frame is taken apart with.
pub struct Tools<'a> {
    /// Fragments that wait.
    pub fragments: &'a mut Fragments,
    /// Caps.
    pub limits: &'a Limits,
    /// Counters.
    pub counters: &'a mut Counters,
}

/// Take the TCP segments out of a frame and hand each to `receive`: one, but for aggregates of 802.11; frames without any
/// are counted.
pub fn dissect(
    link_type: u16,
    frame: &[u8],
    time_ns: u64,
    tools: &mut Tools<'_>,
    mut receive: impl FnMut(&Segment<'_>, &mut Counters),
) {
    let mut wrapping = Wrapping::default();
    match link::network_packet(link_type, frame, &mut wrapping) {
        Err(Skip::Aggregate) => link::each_packet(link_type, frame, |packet, wrapping| {
            network(packet, wrapping, time_ns, tools, &mut receive);
        }),
        packet => network(packet, wrapping, time_ns, tools, receive),
    }
}

fn network(
    packet: Result<&[u8], Skip>,
    wrapping: Wrapping,
    time_ns: u64,
    tools: &mut Tools<'_>,
    receive: impl FnMut(&Segment<'_>, &mut Counters),
) {
    let Tools {
        fragments,
        limits,
        counters,
    } = tools;
    let datagram = match packet.and_then(ip::packet) {
        Ok(datagram) => datagram,
        Err(skip) => return skip.count(counters),
    };
    let Some(place) = datagram.fragment else {
        return deliver(&datagram, datagram.payload, wrapping, counters, receive);
    };
    counters.fragments += 1;
    let whole = fragments.add(&datagram, place, time_ns, limits, counters);
    let Some(whole) = whole else {
        return;
    };
    match ip::reassembled(datagram.protocol, &whole.payload) {
        Ok((protocol, payload)) => {
            let datagram = ip::Datagram {
                protocol,
                missing: 0,
                conflicting: whole.conflicting,
                ..datagram
            };
            deliver(&datagram, payload, wrapping, counters, receive);
        }
        Err(skip) => skip.count(counters),
    }
}

fn deliver(
    datagram: &ip::Datagram<'_>,
    payload: &[u8],
    wrapping: Wrapping,
    counters: &mut Counters,
    mut receive: impl FnMut(&Segment<'_>, &mut Counters),
) {
    match tcp::segment(datagram, payload, Origin::Read(&wrapping)) {
        Ok(segment) => {
            if datagram.missing > 0 {
                counters.frames_cut_payload += 1;
            }
            receive(&segment, counters);
        }
        Err(skip) => skip.count(counters),
    }
}
