//! Every cap of the core, with its default, and every counter. A cap that is hit is always counted.

/// A cap in seconds as nanoseconds of packet time.
#[must_use]
pub fn nanoseconds(seconds: usize) -> u64 {
    u64::try_from(seconds)
        .unwrap_or(u64::MAX)
        .saturating_mul(1_000_000_000)
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:expr;)+) => {
        /// The caps. Each is an option of the commands under its own name.
        #[derive(Debug, Clone)]
        pub struct Limits { $($(#[doc = $doc])+ pub $name: usize,)+ }

        impl Default for Limits {
            fn default() -> Self { Self { $($name: $default,)+ } }
        }

        impl Limits {
            /// Name and value of each.
            #[must_use]
            pub fn list(&self) -> Vec<(&'static str, usize)> { vec![$((stringify!($name), self.$name),)+] }

            /// Change one by name; `false` if there is no such cap.
            pub fn set(&mut self, name: &str, value: usize) -> bool {
                match name { $(stringify!($name) => self.$name = value,)+ _ => return false }
                true
            }
        }
    };
}

/// Bytes that the core takes at most with the default caps: flows and what is remembered of finished ones (220 and 96
/// bytes each, with their places in tables), what flows keep (with what an allocator adds, an eighth), certificates,
/// fragments, and some megabytes that depend on no cap.
pub const DEFAULT_BUDGET: usize = 288 << 20;
/// Less than this would leave room for nothing.
pub const SMALLEST_BUDGET: usize = 16 << 20;

impl Limits {
    /// Caps that together keep the core within so many bytes, at least `SMALLEST_BUDGET`.
    #[must_use]
    pub fn within(budget: usize) -> Self {
        let mut limits = Self::default();
        let part = |cap: usize| {
            let share = u128::try_from(cap).unwrap_or(0) * u128::try_from(budget).unwrap_or(0);
            let share = share / u128::try_from(DEFAULT_BUDGET).unwrap_or(1);
            usize::try_from(share).unwrap_or(usize::MAX).max(1)
        };
        for cap in [
            &mut limits.max_flows,
            &mut limits.max_finished_flows,
            &mut limits.max_state_bytes,
            &mut limits.max_held_certificate_bytes,
            &mut limits.max_fragmented_datagrams,
            &mut limits.max_fragment_bytes,
        ] {
            *cap = part(*cap);
        }
        limits
    }

    /// Into how many tables the flows are divided, so that several threads can work. It hangs on the caps alone: the
    /// answer must not change with the number of threads. A small table is not divided, lest a part be too small.
    #[must_use]
    pub fn shards(&self) -> usize {
        const SHARDS: usize = 4;
        let of_default = Self::default();
        let is_large = |cap: fn(&Self) -> usize| cap(self) >= cap(&of_default) / 32;
        if is_large(|limits| limits.max_flows)
            && is_large(|limits| limits.max_finished_flows)
            && is_large(|limits| limits.max_state_bytes)
        {
            SHARDS
        } else {
            1
        }
    }

    /// The caps of one of so many shards.
    #[must_use]
    pub fn of_shard(&self, shards: usize) -> Self {
        let part = |cap: usize| cap.div_ceil(shards.max(1));
        Self {
            max_flows: part(self.max_flows),
            max_finished_flows: part(self.max_finished_flows),
            max_state_bytes: part(self.max_state_bytes),
            ..self.clone()
        }
    }
}

limits! {
    /// Flows followed at a time: awaited and in handshake together.
    max_flows = 262_144;
    /// Finished flows remembered at a time.
    max_finished_flows = 131_072;
    /// Bytes of one direction kept because earlier ones are missing, bookkeeping included.
    max_pending_bytes = 262_144;
    /// Bytes that all flows cost together: what they keep, and what is known of their handshakes.
    max_state_bytes = 134_217_728;
    /// Bytes of plaintext of one direction searched for the start of TLS.
    max_plaintext_bytes = 32_768;
    /// Bytes of one handshake message.
    max_handshake_bytes = 262_144;
    /// Certificates of one chain.
    max_chain_length = 64;
    /// Sessions of one connection.
    max_sessions_per_connection = 64;
    /// Bytes of certificates held to recognise them when they come again.
    max_held_certificate_bytes = 33_554_432;
    /// IP datagrams being put together from fragments.
    max_fragmented_datagrams = 1_024;
    /// Bytes of their fragments.
    max_fragment_bytes = 8_388_608;
    /// Seconds without a packet after which a flow that never started TLS is forgotten.
    awaited_timeout_s = 120;
    /// Seconds without a packet after which an unfinished handshake is reported.
    handshake_timeout_s = 300;
    /// Seconds for which a finished flow is remembered, so that a late copy of its packets opens no second session.
    finished_timeout_s = 300;
    /// Seconds after which missing bytes are given up, although the flow goes on.
    gap_timeout_s = 10;
}

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        /// What was counted; all numbers only grow.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Counters { $($(#[doc = $doc])+ pub $name: u64,)+ }

        impl Counters {
            /// Name and value of each.
            #[must_use]
            pub fn list(&self) -> Vec<(&'static str, u64)> { vec![$((stringify!($name), self.$name),)+] }

            /// Count all that another one counted.
            pub fn add(&mut self, other: &Self) { $(self.$name += other.$name;)+ }
        }
    };
}

counters! {
    /// Frames handed in.
    frames;
    /// TCP segments from or to networks that are left out on purpose.
    segments_excluded;
    /// Frames of a link type that is not known here.
    frames_unknown_link;
    /// Frames that hold no IP.
    frames_not_ip;
    /// Frames that their link encrypts: 802.11, MACsec.
    frames_encrypted;
    /// IP packets that hold no TCP.
    frames_not_tcp;
    /// Frames cut, or lying about their lengths, before the end of the TCP header.
    frames_malformed;
    /// Frames whose payload was not captured whole (snaplen).
    frames_cut_payload;
    /// IP fragments.
    fragments;
    /// Fragmented datagrams given up: a cap was hit, or time ran out.
    fragments_dropped;
    /// Fragments that contradict one that is kept: where they overlap, they differ.
    fragments_conflicting;
    /// Flows opened.
    flows;
    /// Flows dropped because `max_flows` or `max_state_bytes` was hit.
    flows_evicted;
    /// Finished flows forgotten before their time because `max_finished_flows` was hit.
    finished_forgotten;
    /// Segments too far from what was expected, dropped.
    segments_out_of_window;
    /// Segments that come again before a handshake ends, and say something else: an attack, or a broken mirror.
    segments_conflicting;
    /// Times `max_pending_bytes` forced missing bytes to be given up.
    pending_overflows;
    /// Bytes given up as missing from the capture, in directions that carried TLS.
    bytes_lost;
    /// Handshake messages longer than a cap.
    handshake_too_long;
    /// Chains longer than `max_chain_length`.
    chain_too_long;
    /// Connections with more sessions than `max_sessions_per_connection`.
    sessions_too_many;
    /// Records that broke the protocol.
    records_malformed;
    /// Handshake messages whose inside broke the protocol.
    messages_malformed;
    /// Sessions reported.
    sessions;
    /// Certificates handed out with their DER.
    certificates;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_budget_is_half_of_all_that_grows_with_traffic() {
        let (all, half) = (Limits::default(), Limits::within(DEFAULT_BUDGET / 2));
        for (of_all, of_half) in [
            (all.max_flows, half.max_flows),
            (all.max_finished_flows, half.max_finished_flows),
            (all.max_state_bytes, half.max_state_bytes),
            (
                all.max_held_certificate_bytes,
                half.max_held_certificate_bytes,
            ),
            (all.max_fragmented_datagrams, half.max_fragmented_datagrams),
            (all.max_fragment_bytes, half.max_fragment_bytes),
        ] {
            assert_eq!(of_all / 2, of_half);
        }
        assert_eq!(all.max_handshake_bytes, half.max_handshake_bytes);
    }
}
