//! One frame to one TCP segment: link layers, VLAN tags, IP, TCP.

mod fragments;
mod ip;
mod link;
mod tcp;

pub use fragments::Fragments;
pub use link::is_known as is_known_link;
pub use tcp::{Segment, ACK, FIN, RST, SYN};

use crate::limits::{Counters, Limits};

/// One end of a flow. IPv4 addresses are mapped (RFC 4291 2.5.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Endpoint {
    /// IPv6 address, or `::ffff:a.b.c.d`.
    pub address: [u8; 16],
    /// TCP port.
    pub port: u16,
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
    fn count(self, counters: &mut Counters) {
        match self {
            Self::UnknownLink => counters.frames_unknown_link += 1,
            Self::NotIp => counters.frames_not_ip += 1,
            Self::NotTcp => counters.frames_not_tcp += 1,
            Self::Malformed => counters.frames_malformed += 1,
            Self::Fragment => counters.fragments += 1,
        }
    }
}

/// Take the TCP segment out of a frame and hand it to `receive`; frames without one are counted.
pub fn dissect(
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
    match outcome {
        Ok(datagram) => match datagram.fragment {
            None => deliver(&datagram, datagram.payload, wrapping, counters, receive),
            Some(place) => {
                counters.fragments += 1;
                let whole = fragments.add(&datagram, place, time_ns, limits, counters);
                match whole
                    .as_deref()
                    .map(|whole| ip::reassembled(datagram.protocol, whole))
                {
                    Some(Ok((protocol, payload))) => {
                        let datagram = ip::Datagram {
                            protocol,
                            ..datagram
                        };
                        deliver(&datagram, payload, wrapping, counters, receive);
                    }
                    Some(Err(skip)) => skip.count(counters),
                    None => {}
                }
            }
        },
        Err(skip) => skip.count(counters),
    }
}

fn deliver(
    datagram: &ip::Datagram<'_>,
    payload: &[u8],
    wrapping: Wrapping,
    counters: &mut Counters,
    receive: impl FnOnce(&Segment<'_>, &mut Counters),
) {
    match tcp::segment(datagram, payload, wrapping) {
        Ok(segment) => {
            if datagram.cut {
                counters.frames_cut_payload += 1;
            }
            receive(&segment, counters);
        }
        Err(skip) => skip.count(counters),
    }
}
