//! Packets of TLS connections, written by hand: IPv4 and TCP on raw IP, with sequence numbers kept.
#![allow(
    dead_code,
    missing_docs,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used
)]

use _rust::connection::Moment;
use _rust::engine::Engine;
use _rust::frame::{Endpoint, ACK, FIN, RST, SYN};
use _rust::limits::{Counters, Limits};
use _rust::session::Session;

const RAW_IP: u16 = 101;
/// Segments of a stream are cut to this.
const SEGMENT: usize = 1_400;

#[derive(Clone)]
pub struct Frame {
    pub data: Vec<u8>,
    pub time_ns: u64,
}

pub fn from_client(frame: &Frame) -> bool {
    frame.data[15] == 1
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_be_bytes()
}

fn three(number: usize) -> [u8; 3] {
    let [_, a, b, c] = u32::try_from(number).unwrap().to_be_bytes();
    [a, b, c]
}

pub fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let one = |part: &[u8]| [&[kind, 3, 3], &short(part.len())[..], part].concat();
    body.chunks(16_384).flat_map(one).collect()
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &three(body.len()), body].concat()
}

pub fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &short(body.len()), body].concat()
}

pub fn server_name(name: &str) -> Vec<u8> {
    let entry = [&[0][..], &short(name.len()), name.as_bytes()].concat();
    extension(0, &[&short(entry.len())[..], &entry].concat())
}

pub fn client_hello_body(random: u8, session_id: &[u8], extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([random; 32]);
    body.push(u8::try_from(session_id.len()).unwrap());
    body.extend(session_id);
    body.extend([0, 4, 0xc0, 0x2f, 0x13, 0x01, 1, 0]);
    body.extend(short(extensions.len()));
    body.extend(extensions);
    body
}

pub fn client_hello(name: &str) -> Vec<u8> {
    record(
        22,
        &message(1, &client_hello_body(7, &[], &server_name(name))),
    )
}

pub fn client_hello_13(name: &str) -> Vec<u8> {
    let extensions = [server_name(name), extension(43, &[4, 3, 4, 3, 3])].concat();
    record(22, &message(1, &client_hello_body(7, &[], &extensions)))
}

pub fn server_hello_body(random: &[u8; 32], id: &[u8], suite: u16, extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random);
    body.push(u8::try_from(id.len()).unwrap());
    body.extend(id);
    body.extend(suite.to_be_bytes());
    body.push(0);
    body.extend(short(extensions.len()));
    body.extend(extensions);
    body
}

pub fn server_hello() -> Vec<u8> {
    record(
        22,
        &message(2, &server_hello_body(&[9; 32], &[1; 32], 0xc02f, &[])),
    )
}

pub fn certificate(ders: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = ders
        .iter()
        .flat_map(|der| [&three(der.len())[..], der].concat())
        .collect();
    record(22, &message(11, &[&three(list.len())[..], &list].concat()))
}

pub fn hello_done() -> Vec<u8> {
    record(22, &message(14, &[]))
}

pub fn client_key_exchange() -> Vec<u8> {
    record(22, &message(16, &[32; 33]))
}

pub fn change() -> Vec<u8> {
    record(20, &[1])
}

pub fn finished() -> Vec<u8> {
    record(22, &[0x99; 40])
}

pub fn data(bytes: usize) -> Vec<u8> {
    record(23, &vec![0xe5; bytes])
}

pub fn der(number: u8) -> Vec<u8> {
    [&[0x30, 0x82, 2, 0][..], &[number; 512]].concat()
}

pub fn server_flight(number: u8) -> Vec<u8> {
    [server_hello(), certificate(&[&der(number)]), hello_done()].concat()
}

/// One TCP connection, packet by packet.
pub struct Connection {
    pub client_end: Endpoint,
    pub server_end: Endpoint,
    pub client_sequence: u32,
    pub server_sequence: u32,
    pub now_ns: u64,
    pub out: Vec<Frame>,
}

fn endpoint(last: u8, port: u16) -> Endpoint {
    let mut address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0];
    address[15] = last;
    Endpoint { address, port }
}

impl Connection {
    pub fn new(port: u16, initial: u32, now_ns: u64) -> Self {
        Self {
            client_end: endpoint(1, port),
            server_end: endpoint(2, 443),
            client_sequence: initial,
            server_sequence: initial.wrapping_add(0x1234_5678),
            now_ns,
            out: Vec::new(),
        }
    }

    fn push(&mut self, by_client: bool, flags: u8, payload: &[u8]) {
        let client = (self.client_end, self.client_sequence);
        let server = (self.server_end, self.server_sequence);
        let (from, to) = if by_client {
            (client, server)
        } else {
            (server, client)
        };
        let acknowledged = if flags & ACK == 0 { 0 } else { to.1 };
        let mut frame = vec![0x45, 0];
        frame.extend(short(40 + payload.len()));
        frame.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
        frame.extend(&from.0.address[12..]);
        frame.extend(&to.0.address[12..]);
        frame.extend(from.0.port.to_be_bytes());
        frame.extend(to.0.port.to_be_bytes());
        frame.extend(from.1.to_be_bytes());
        frame.extend(acknowledged.to_be_bytes());
        frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(payload);
        self.out.push(Frame {
            data: frame,
            time_ns: self.now_ns,
        });
        self.now_ns += 1_000_000;
        let length = u32::try_from(payload.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        let sequence = if by_client {
            &mut self.client_sequence
        } else {
            &mut self.server_sequence
        };
        *sequence = sequence.wrapping_add(length);
    }

    pub fn handshake(&mut self) {
        self.push(true, SYN, &[]);
        self.push(false, SYN | ACK, &[]);
        self.client_ack();
    }

    pub fn client_ack(&mut self) {
        self.push(true, ACK, &[]);
    }

    pub fn server_ack(&mut self) {
        self.push(false, ACK, &[]);
    }

    pub fn client(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(SEGMENT) {
            self.push(true, ACK, part);
        }
    }

    pub fn server(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(SEGMENT) {
            self.push(false, ACK, part);
        }
    }

    pub fn client_fin(&mut self) {
        self.push(true, ACK | FIN, &[]);
    }

    pub fn server_fin(&mut self) {
        self.push(false, ACK | FIN, &[]);
    }

    /// Nobody listens there.
    pub fn refused(&mut self) {
        self.push(true, SYN, &[]);
        self.push(false, ACK | RST, &[]);
    }

    pub fn client_reset(&mut self) {
        self.push(true, ACK | RST, &[]);
    }

    /// A TLS 1.2 connection with one certificate and some data.
    pub fn full(&mut self, number: u8, name: &str) {
        self.handshake();
        self.client(&client_hello(name));
        self.server(&server_flight(number));
        self.client(&[client_key_exchange(), change(), finished()].concat());
        self.server(&[change(), finished()].concat());
        self.client(&data(100));
        self.server(&data(100));
    }
}

pub fn run(frames: &[Frame]) -> Vec<Session> {
    run_with(frames, Limits::default()).0
}

/// Sessions, and the most bytes of state that there ever were.
pub fn run_with(frames: &[Frame], limits: Limits) -> (Vec<Session>, usize) {
    let (mut engine, most) = through(frames, limits);
    (engine.take().sessions, most)
}

/// Sessions, and what was counted.
pub fn run_counted(frames: &[Frame], limits: Limits) -> (Vec<Session>, Counters) {
    let (mut engine, _) = through(frames, limits);
    (engine.take().sessions, engine.counters())
}

/// Sessions that are reported before the observation ends.
pub fn run_unended(frames: &[Frame]) -> Vec<Session> {
    fed(frames, Limits::default()).0.take().sessions
}

fn through(frames: &[Frame], limits: Limits) -> (Engine, usize) {
    let (mut engine, most) = fed(frames, limits);
    while !engine.finish(usize::MAX) {}
    (engine, most)
}

fn fed(frames: &[Frame], limits: Limits) -> (Engine, usize) {
    let mut engine = Engine::new("", limits);
    let mut most = 0;
    for (number, frame) in (1..).zip(frames) {
        let moment = Moment {
            time_ns: frame.time_ns,
            frame: number,
            interface: 0,
        };
        engine.frame(RAW_IP, &frame.data, moment);
        most = most.max(engine.memory());
    }
    (engine, most)
}
