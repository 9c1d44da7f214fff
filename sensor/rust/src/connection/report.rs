//! The end of a connection: its sessions, who is the client, and whether the peers proved to be there.

use std::sync::Arc;

use super::{Connection, Moment, Tls};
use crate::session::{connection_id, Place, Seen, Session};
use crate::tls::facts::{Context, Facts};
use crate::tls::reassembly::Cut;
use crate::visibility::View;

impl Connection {
    /// Nothing more comes: the sessions of this connection are put into `out`; gives how many they are.
    pub fn finish(
        &mut self,
        sensor: &str,
        interface: Option<&Arc<str>>,
        evicted: bool,
        context: &mut Context<'_>,
        out: &mut Vec<Session>,
    ) -> usize {
        for direction in [0, 1] {
            let held_at = self.sides[direction].held_at();
            let moment = held_at.unwrap_or(self.first);
            while !self.is_done(direction) && self.skip(direction, moment, context) {}
        }
        let Some(mut tls) = self.tls.take() else {
            return 0;
        };
        let [a, b] = &self.sides;
        let at_end = [a.missing_at_end(b), b.missing_at_end(a)];
        for (direction, missing) in at_end.into_iter().enumerate() {
            let side = &mut self.sides[direction];
            if missing > 0 && tls.started[direction] {
                tls.halves[direction].gap(missing, context);
            } else if missing > 0 {
                side.trouble().lost_before += u64::from(missing);
            }
        }
        for (half, side) in tls.halves.iter_mut().zip(&self.sides) {
            if side.lost_before() > 0 {
                half.lost(side.lost_before());
            }
            let lost = half.facts.iter().any(|facts| facts.lost_bytes > 0);
            half.end(if lost { Cut::Lost } else { Cut::Ended }, context);
        }
        let before = out.len();
        self.sessions(&mut tls, sensor, interface, evicted, out);
        context.spare.keep_handshake(tls);
        out.len() - before
    }

    fn sessions(
        &self,
        tls: &mut Tls,
        sensor: &str,
        interface: Option<&Arc<str>>,
        evicted: bool,
        out: &mut Vec<Session>,
    ) {
        let client = self.client(tls);
        let [a, b] = &mut tls.halves;
        let (asking, answering) = if client == 0 { (a, &*b) } else { (b, &*a) };
        asking.merge_retries(tls.started[1 - client].then_some(answering));
        let (client_side, server_side) = (&self.sides[client], &self.sides[1 - client]);
        let id = connection_id(sensor, self.named_by(), self.ends[0], self.ends[1]);
        let carried = self.plaintext(tls);
        let [a, b] = &mut tls.halves;
        let (client_half, server_half) = if client == 0 { (a, b) } else { (b, a) };
        let (mut no_client, mut no_server) = (Facts::default(), Facts::default());
        for ordinal in 0..client_half.facts.len().max(server_half.facts.len()) {
            let client_facts = client_half.facts.get_mut(ordinal);
            let server_facts = server_half.facts.get_mut(ordinal);
            let client_facts = client_facts.unwrap_or(&mut no_client);
            let server_facts = server_facts.unwrap_or(&mut no_server);
            let view = View {
                client: client_facts,
                server: server_facts,
                client_seen: client_side.seen,
                server_seen: server_side.seen,
                server_closed: server_side.closed,
                evicted,
            };
            if view.client.is_empty() && view.server.is_empty() {
                continue;
            }
            let since = match ordinal {
                0 => tls.since,
                _ => first_of([view.client.since, view.server.since]).unwrap_or(tls.since),
            };
            let place = Place {
                connection_id: id,
                ordinal: self.sessions_before() + ordinal,
                time_ns: since.time_ns,
                frame: since.frame,
                interface: interface.cloned(),
                client: self.ends[client],
                client_mac: client_side.mac,
                server: self.ends[1 - client],
                server_mac: server_side.mac,
                wrapping: self.wrapping.clone(),
                carrier: (carried > 0).then_some("unknown"),
                plaintext_before: self.initiator.map(|_| carried),
                confirmed: self.confirmed(client, &view),
                conflicting: self.sides.iter().any(|side| side.conflicting),
            };
            let seen = Seen::new(&view);
            out.push(Session::new(place, seen, client_facts, server_facts));
        }
    }

    /// Bytes of plaintext that were spoken before TLS began.
    fn plaintext(&self, tls: &Tls) -> u64 {
        let [a, b] = [0, 1].map(|side| (self.sides[side].plaintext(), tls.started[side]));
        match (a, b) {
            // Before its first hello a side that is not heard to speak TLS may have said something, if the other did;
            // afterwards it may have refused in words of its own.
            ((said, true), (heard, false)) | ((heard, false), (said, true)) if said > 0 => {
                said + heard
            }
            ((said, true), (_, false)) | ((_, false), (said, true)) => said,
            ((a, _), (b, _)) => a + b,
        }
    }

    /// Which direction is the TLS client's: by what it said, else who opened the connection, else the higher port.
    fn client(&self, tls: &Tls) -> usize {
        let any = |direction: usize, test: fn(&Facts) -> bool| {
            tls.halves[direction].facts.iter().any(test)
        };
        for direction in [0, 1] {
            if any(direction, Facts::is_client) && !any(1 - direction, Facts::is_client) {
                return direction;
            }
        }
        for direction in [0, 1] {
            if any(direction, Facts::is_server) && !any(1 - direction, Facts::is_server) {
                return 1 - direction;
            }
        }
        let higher = usize::from(self.ends[1].port > self.ends[0].port);
        self.initiator.map_or(higher, usize::from)
    }

    /// The peer proved to be there: the handshake went on from both sides; of a one-way capture, the seen side's
    /// acknowledgement numbers advanced.
    fn confirmed(&self, client: usize, view: &View<'_>) -> bool {
        let (client_side, server_side) = (&self.sides[client], &self.sides[1 - client]);
        let went_on = view.client.client_key_exchange
            || view.client.chain.is_some()
            || view.client.protected
            || client_side.advanced(server_side);
        match (view.client.is_empty(), view.server.is_empty()) {
            (false, false) => went_on,
            (false, true) => went_on && client_side.advanced(server_side),
            (true, false) => server_side.advanced(client_side),
            (true, true) => false,
        }
    }
}

/// The earlier one of those that are known.
fn first_of(moments: [Option<Moment>; 2]) -> Option<Moment> {
    moments
        .into_iter()
        .flatten()
        .min_by_key(|moment| moment.frame)
}
