//! The end of a connection: its sessions, who is the client, and whether the peers proved to be there.

use std::sync::Arc;

use super::{Connection, Tls};
use crate::session::{connection_id, Place, Session};
use crate::stream::before;
use crate::tls::facts::{Context, Facts};
use crate::tls::reassembly::Cut;
use crate::visibility::View;

impl Connection {
    /// Nothing more comes: the sessions of this connection.
    pub fn finish(
        &mut self,
        sensor: &str,
        interface: Option<&Arc<str>>,
        evicted: bool,
        context: &mut Context<'_>,
    ) -> Vec<Session> {
        for direction in [0, 1] {
            while !self.is_done(direction) && self.skip(direction, self.first, context) {}
        }
        let Some(mut tls) = self.tls.take() else {
            return Vec::new();
        };
        for (half, side) in tls.halves.iter_mut().zip(&self.sides) {
            if side.lost_before > 0 {
                half.lost(side.lost_before);
            }
            let lost = half.facts.iter().any(|facts| facts.lost_bytes > 0);
            half.end(if lost { Cut::Lost } else { Cut::Ended }, context);
        }
        self.sessions(&mut tls, sensor, interface, evicted)
    }

    fn sessions(
        &self,
        tls: &mut Tls,
        sensor: &str,
        interface: Option<&Arc<str>>,
        evicted: bool,
    ) -> Vec<Session> {
        let client = self.client(tls);
        let [a, b] = &mut tls.halves;
        let (asking, answering) = if client == 0 { (a, &*b) } else { (b, &*a) };
        asking.merge_retries(tls.started[1 - client].then_some(answering));
        let (client_half, server_half) = (&tls.halves[client], &tls.halves[1 - client]);
        let (client_side, server_side) = (&self.sides[client], &self.sides[1 - client]);
        let nothing = Facts::default();
        let id = connection_id(sensor, self.first_ns, self.ends[0], self.ends[1]);
        let plaintext_before = self.initiator.map(|_| tls.plaintext_before);
        let mut sessions = Vec::new();
        for ordinal in 0..client_half.facts.len().max(server_half.facts.len()) {
            let view = View {
                client: client_half.facts.get(ordinal).unwrap_or(&nothing),
                server: server_half.facts.get(ordinal).unwrap_or(&nothing),
                client_seen: client_side.seen,
                server_seen: server_side.seen,
                server_closed: server_side.closed,
                evicted,
            };
            if view.client.is_empty() && view.server.is_empty() {
                continue;
            }
            let place = Place {
                connection_id: id,
                ordinal: self.sessions_before + ordinal,
                time_ns: tls.since.time_ns,
                frame: tls.since.frame,
                interface: interface.cloned(),
                client: self.ends[client],
                client_mac: client_side.mac,
                server: self.ends[1 - client],
                server_mac: server_side.mac,
                encapsulation: self.wrapping.path().collect(),
                carrier: (tls.plaintext_before > 0).then_some("unknown"),
                plaintext_before,
                confirmed: self.confirmed(client, &view),
            };
            sessions.push(Session::new(place, &view));
        }
        sessions
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
        self.initiator
            .unwrap_or(usize::from(self.ends[1].port > self.ends[0].port))
    }

    /// The peer proved to be there: the handshake went on from both sides; of a one-way capture, the seen side's
    /// acknowledgement numbers advanced.
    fn confirmed(&self, client: usize, view: &View<'_>) -> bool {
        let (client_side, server_side) = (&self.sides[client], &self.sides[1 - client]);
        let went_on = view.client.client_key_exchange
            || view.client.chain.is_some()
            || view.client.protected
            || client_side.advanced();
        let answered = match (client_side.tls_start, server_side.acknowledged) {
            (Some(start), Some(acknowledged)) => before(start, acknowledged),
            _ => false,
        };
        match (view.client.is_empty(), view.server.is_empty()) {
            (false, false) => went_on && answered,
            (false, true) => went_on && client_side.advanced(),
            (true, false) => server_side.advanced(),
            (true, true) => false,
        }
    }
}
