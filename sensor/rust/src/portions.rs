//! What the shards gave, put together in portions.

use std::collections::HashMap;

use crate::engine::Output;
use crate::identities::Sha;

/// Sessions in a portion, near enough.
pub(crate) const PORTION_SESSIONS: usize = 1_024;
/// Bytes of new certificates in a portion.
const PORTION_CERTIFICATE_BYTES: usize = 4 << 20;
/// Packets after which a portion is given out even if nothing was found, so that progress shows and signals are heard.
const PORTION_PACKETS: usize = 1 << 17;

/// A portion in the making.
#[derive(Debug, Default)]
pub struct Portions {
    output: Output,
    packets: usize,
    certificate_bytes: usize,
    certificates: u64,
}

impl Portions {
    /// Add what a shard gave. A certificate that another shard gave before is not given again.
    pub fn add(&mut self, output: Output) {
        self.output.sessions.extend(output.sessions);
        for certificate in output.certificates {
            if certificate.is_to_be_handed_out() {
                self.certificates += 1;
                self.certificate_bytes += certificate.der.len();
                self.output.certificates.push(certificate);
            }
        }
    }

    /// Packets that this portion is of.
    pub fn add_packets(&mut self, packets: usize) {
        self.packets += packets;
    }

    /// It is time to hand it out.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.output.sessions.len() >= PORTION_SESSIONS
            || self.certificate_bytes >= PORTION_CERTIFICATE_BYTES
            || self.packets >= PORTION_PACKETS
    }

    /// Hand it out: the sessions that began first at the front, certificates in the order in which these name them.
    #[must_use]
    pub fn take(&mut self) -> Output {
        (self.certificate_bytes, self.packets) = (0, 0);
        let room = Output {
            sessions: Vec::with_capacity(PORTION_SESSIONS.min(self.output.sessions.len())),
            ..Output::default()
        };
        let mut output = std::mem::replace(&mut self.output, room);
        output
            .sessions
            .sort_by_cached_key(|session| (session.frame, session.session_id));
        if output.certificates.len() > 1 {
            let chains = output.sessions.iter().flat_map(|session| {
                [&session.server_chain, &session.client_chain]
                    .into_iter()
                    .flatten()
                    .flatten()
            });
            let mut places: HashMap<Sha, usize> = HashMap::new();
            for (place, name) in chains.enumerate() {
                places.entry(*name).or_insert(place);
            }
            let place = |name: &Sha| places.get(name).copied().unwrap_or(usize::MAX);
            output
                .certificates
                .sort_by_cached_key(|certificate| (place(&certificate.sha256), certificate.sha256));
        }
        output
    }

    /// Certificates handed out.
    #[must_use]
    pub fn certificates(&self) -> u64 {
        self.certificates
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::identities::{Identities, Register};
    use crate::limits::Limits;

    #[test]
    fn what_two_shards_name_is_handed_out_once() {
        let register = Arc::new(Register::default());
        let mut portions = Portions::default();
        for shard in 0..3 {
            let mut identities = Identities::new(Arc::clone(&register));
            identities.identify(&[1; 60], &Limits::default());
            identities.identify(&[2 + shard; 60], &Limits::default());
            portions.add(Output {
                certificates: identities.take(),
                ..Output::default()
            });
        }
        assert_eq!(
            (4, 4),
            (portions.certificates(), portions.take().certificates.len())
        );
    }
}
