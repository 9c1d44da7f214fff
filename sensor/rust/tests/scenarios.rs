//! Connections told packet by packet, and what must be said of them: each visibility, and what went wrong once.

mod wire;

use _rust::limits::Limits;
use wire::*;

const START: u64 = 1_000_000_000;
const SECOND: u64 = 1_000_000_000;

fn connection() -> Connection {
    Connection::new(5000, 1000, START)
}

/// A connection whose client has said hello.
fn asked() -> Connection {
    let mut c = connection();
    c.handshake();
    c.client(&client_hello("a"));
    c
}

/// Both visibilities of the one session that must come out.
fn seen(connection: &Connection) -> (&'static str, &'static str) {
    let sessions = run(&connection.out);
    assert_eq!(1, sessions.len(), "{sessions:#?}");
    let session = &sessions[0];
    (
        session.server_visibility.name(),
        session.client_visibility.name(),
    )
}

fn request() -> Vec<u8> {
    record(22, &message(13, &[1, 1, 0, 2, 4, 1, 0, 0]))
}

fn flight_with_request() -> Vec<u8> {
    [
        server_hello(),
        certificate(&[&der(1)]),
        request(),
        hello_done(),
    ]
    .concat()
}

#[test]
fn a_complete_handshake() {
    let mut c = connection();
    c.full(1, "one");
    assert_eq!(("visible", "not_requested"), seen(&c));
    let session = &run(&c.out)[0];
    assert!(session.established && session.confirmed);
    assert_eq!(0, session.bytes_lost);
}

#[test]
fn mutual_and_one_way() {
    let mut c = asked();
    c.server(&flight_with_request());
    c.client(
        &[
            certificate(&[&der(3)]),
            client_key_exchange(),
            change(),
            finished(),
        ]
        .concat(),
    );
    c.server(&[change(), finished()].concat());
    c.client(&data(50));
    c.server(&data(50));
    assert_eq!(("visible", "visible"), seen(&c));
    let both = c.out.clone();
    c.out.retain(|frame| !from_client(frame));
    assert_eq!(("visible", "one_way"), seen(&c));
    assert!(run(&c.out)[0].confirmed);
    c.out = both;
    c.out.retain(from_client);
    assert_eq!(("one_way", "visible"), seen(&c));
    assert!(run(&c.out)[0].confirmed);
    assert_eq!(0, run(&c.out)[0].bytes_lost);
}

#[test]
fn a_client_without_a_certificate_and_one_that_refuses() {
    let mut c = asked();
    c.server(&flight_with_request());
    c.client(
        &[
            certificate(&[]),
            client_key_exchange(),
            change(),
            finished(),
        ]
        .concat(),
    );
    c.server(&[change(), finished()].concat());
    assert_eq!(("visible", "none_sent"), seen(&c));
    let mut c = asked();
    c.server(&flight_with_request());
    c.client(&record(21, &[2, 48]));
    c.client_reset();
    assert_eq!(("visible", "none_sent"), seen(&c));
    let session = &run(&c.out)[0];
    assert_eq!(
        vec!["client fatal unknown_ca(48)".to_owned()],
        session.alerts
    );
    assert!(!session.established);
}

#[test]
fn tls_13_encrypts_and_resumes() {
    let chosen = |more: &[u8]| {
        let extensions = [extension(43, &[3, 4]), more.to_vec()].concat();
        record(
            22,
            &message(2, &server_hello_body(&[9; 32], &[], 0x1301, &extensions)),
        )
    };
    for (more, expected) in [(vec![], "encrypted"), (extension(41, &[0, 0]), "resumed")] {
        let mut c = connection();
        c.handshake();
        c.client(&client_hello_13("h"));
        c.server(&[chosen(&more), change(), data(80)].concat());
        c.client(&[change(), data(60)].concat());
        assert_eq!((expected, expected), seen(&c));
        assert!(run(&c.out)[0].established);
    }
}

#[test]
fn tls_12_resumes_by_id_and_by_ticket() {
    let id = [3; 32];
    let hello = record(
        22,
        &message(1, &client_hello_body(7, &id, &server_name("r"))),
    );
    let by_id = record(
        22,
        &message(2, &server_hello_body(&[9; 32], &id, 0xc02f, &[])),
    );
    let by_ticket = [
        record(
            22,
            &message(2, &server_hello_body(&[9; 32], &[], 0xc02f, &[])),
        ),
        record(22, &message(4, &[0; 40])),
    ]
    .concat();
    for answer in [by_id, by_ticket] {
        let mut c = connection();
        c.handshake();
        c.client(&hello);
        c.server(&[answer, change(), finished()].concat());
        c.client(&[change(), finished()].concat());
        assert_eq!(("resumed", "resumed"), seen(&c));
        assert_eq!(Some(true), run(&c.out)[0].resumed);
    }
}

#[test]
fn without_certificates_by_suite() {
    let hello = record(
        22,
        &message(2, &server_hello_body(&[9; 32], &[1; 32], 0x0018, &[])),
    );
    let mut c = asked();
    c.server(&[hello, record(22, &message(12, &[0; 20])), hello_done()].concat());
    c.client(&[client_key_exchange(), change(), finished()].concat());
    c.server(&[change(), finished()].concat());
    assert_eq!(("psk_or_anonymous", "not_requested"), seen(&c));
}

#[test]
fn cut_and_lost_inside_the_certificate() {
    let mut big = vec![0x30, 0x82, 0x10, 0];
    big.extend(vec![5; 4096]);
    let mut c = asked();
    c.server(&[server_hello(), certificate(&[&der(1), &big]), hello_done()].concat());
    let all = c.out.clone();
    c.out.truncate(all.len() - 2);
    assert_eq!("truncated", seen(&c).0);
    assert_eq!(Some(1), run(&c.out)[0].server_chain.as_ref().map(Vec::len));
    c.out = all.clone();
    c.out.remove(all.len() - 2);
    c.client(&[client_key_exchange(), change(), finished()].concat());
    c.server(&[change(), finished()].concat());
    assert_eq!("lost", seen(&c).0);
    let session = &run(&c.out)[0];
    assert_eq!(Some(1), session.server_chain.as_ref().map(Vec::len));
    assert_eq!(1400, session.bytes_lost);
}

#[test]
fn a_lost_flight_is_lost_and_no_plaintext() {
    let mut c = asked();
    let before = c.out.len();
    c.server(&server_flight(1));
    c.out.truncate(before);
    c.client(&[client_key_exchange(), change(), finished()].concat());
    c.server(&[change(), finished()].concat());
    assert_eq!("lost", seen(&c).0);
    let session = &run(&c.out)[0];
    assert_eq!((Some(0), None), (session.plaintext_before, session.carrier));
}

#[test]
fn a_start_in_the_middle_tells_what_was_missed() {
    let mut c = connection();
    c.client(&[certificate(&[&der(2)]), client_key_exchange()].concat());
    c.server_fin();
    c.client_fin();
    assert_eq!(("lost", "visible"), seen(&c));
}

#[test]
fn a_server_that_speaks_no_tls() {
    let mut c = asked();
    c.server(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    c.client_fin();
    c.server_fin();
    c.client_ack();
    assert_eq!("none_sent", seen(&c).0);
    assert_eq!(
        (Some(0), None),
        (run(&c.out)[0].plaintext_before, run(&c.out)[0].carrier)
    );
}

#[test]
fn a_reset_does_not_overtake_the_answer_under_way() {
    let mut c = asked();
    c.client_reset();
    c.server(&server_flight(1));
    assert_eq!("visible", seen(&c).0);
}

#[test]
fn the_same_ports_again() {
    for first_is_full in [false, true] {
        for keep in [|_: &Frame| true, |frame: &Frame| !from_client(frame)] {
            let mut first = connection();
            if first_is_full {
                first.full(1, "one");
            } else {
                first.handshake();
                first.client(&client_hello("one"));
                first.server_ack();
            }
            let mut second = Connection::new(5000, 0x7000_0000, first.now_ns + 30 * SECOND);
            second.full(2, "two");
            let frames: Vec<Frame> = [first.out, second.out].concat();
            let kept: Vec<Frame> = frames.into_iter().filter(keep).collect();
            let sessions = run(&kept);
            let visible = sessions
                .iter()
                .filter(|one| one.server_chain.is_some())
                .count();
            assert_eq!(1 + usize::from(first_is_full), visible, "{first_is_full}");
            let ids: Vec<_> = sessions.iter().map(|one| one.connection_id).collect();
            assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }
}

#[test]
fn one_packet_from_the_far_future_ends_nothing() {
    let mut c = asked();
    let mut other = Connection::new(6000, 77, START + 400 * 86_400 * SECOND);
    other.client_ack();
    c.out.extend(other.out);
    c.server(&server_flight(1));
    c.client(&[client_key_exchange(), change(), finished()].concat());
    c.server(&[change(), finished()].concat());
    assert_eq!("visible", seen(&c).0);
}

#[test]
fn a_quiet_handshake_is_reported_when_its_time_is_over() {
    for (pause_s, reported) in [(299, 0), (302, 1)] {
        let mut quiet = connection();
        quiet.handshake();
        quiet.client(&client_hello("quiet"));
        let mut later = Connection::new(4_001, 9, quiet.now_ns + pause_s * 1_000_000_000);
        later.client_end.port += 1;
        later.handshake();
        let frames = [quiet.out, later.out].concat();
        assert_eq!(reported, run_unended(&frames).len(), "{pause_s}");
    }
}

#[test]
fn a_second_certificate_message_hides_nothing() {
    let mut c = asked();
    c.server(
        &[
            server_hello(),
            certificate(&[&der(1)]),
            certificate(&[]),
            hello_done(),
        ]
        .concat(),
    );
    assert_eq!("visible", seen(&c).0);
}

#[test]
fn encrypted_records_behind_a_lost_hello_are_not_kept() {
    let mut c = asked();
    let before = c.out.len();
    c.server(&server_flight(1));
    c.out.truncate(before);
    c.server(&change());
    for _ in 0..2_000 {
        c.server(&record(22, &[0x99; 1_000]));
    }
    let (_, memory) = run_with(&c.out, Limits::default());
    // What lies behind the hole waits up to its own cap; the records must not add to it.
    let cap = Limits::default().max_pending_bytes;
    assert!(memory < cap + 50_000, "{memory}");
}

/// A connection of its own that says hello, and goes no further by itself.
fn hostile(port: u16) -> Connection {
    let mut hostile = Connection::new(10_000 + port, 5, START);
    hostile.client_end.port = 10_000 + port;
    hostile.handshake();
    hostile.client(&client_hello("x"));
    hostile
}

#[test]
fn an_honest_handshake_among_hostile_holes() {
    let mut frames = Vec::new();
    for port in 0..300 {
        let mut hostile = hostile(port);
        hostile.server_sequence += 1;
        for _ in 0..100 {
            hostile.server(&[0; 1_400]);
        }
        frames.extend(hostile.out);
    }
    let mut honest = Connection::new(4_000, 1, START);
    honest.full(1, "honest");
    let at = frames.len() / 2;
    let middle = honest.out.len() / 2;
    let tail = honest.out.split_off(middle);
    frames.splice(at..at, honest.out);
    frames.extend(tail);
    let limits = Limits {
        max_state_bytes: 4 << 20,
        ..Limits::default()
    };
    let (sessions, _) = run_with(&frames, limits);
    let found: Vec<_> = sessions
        .iter()
        .filter(|one| one.server_name.as_deref() == Some("honest"))
        .collect();
    assert_eq!(1, found.len());
    assert_eq!("visible", found[0].server_visibility.name());
}

#[test]
fn an_honest_handshake_among_many_that_cost_the_same() {
    let mut frames = Vec::new();
    for port in 0..3_000 {
        frames.extend(hostile(port).out);
    }
    // Packets of ten that go further than the others come evenly among those of 500; the table has room for some 1,000.
    let all = (0..10).map(|number| {
        let mut honest = Connection::new(4_000, 1, START);
        honest.client_end.port += number;
        honest.handshake();
        honest.client(&client_hello("honest"));
        // The certificate comes in pieces: the flow costs most while it waits for the rest.
        for piece in server_flight(1).chunks(20) {
            honest.server(piece);
        }
        honest.out
    });
    let mut at = 6_000;
    let packets: Vec<_> = all.collect();
    let step = 4 * 500 / packets[0].len();
    for turn in 0..packets[0].len() {
        frames.splice(at..at, packets.iter().map(|one| one[turn].clone()));
        at += step + packets.len();
    }
    let limits = Limits {
        max_state_bytes: 2 << 20,
        ..Limits::default()
    };
    let (sessions, counters) = run_counted(&frames, limits);
    assert!(counters.flows_evicted > 1_000);
    let visible = sessions
        .iter()
        .filter(|one| one.server_name.as_deref() == Some("honest"))
        .filter(|one| one.server_visibility.name() == "visible");
    assert_eq!(10, visible.count());
}

#[test]
fn endless_names_are_no_names() {
    let long = "x".repeat(60_000);
    let mut c = connection();
    c.handshake();
    c.client(&client_hello(&long));
    c.server(&server_flight(1));
    assert_eq!(None, run(&c.out)[0].server_name);
    assert_eq!("visible", seen(&c).0);
}

#[test]
fn small_early_pieces_do_not_let_large_ones_pile_up() {
    let mut connection = Connection::new(40_000, 1, 1);
    connection.handshake();
    let first = connection.client_sequence;
    for place in 0..100 {
        connection.client_sequence = first + 10 + 2 * place;
        connection.client(b"x");
    }
    for place in 0..200 {
        connection.client_sequence = first + 10_000 + 1_500 * place;
        connection.client(&[b'y'; 1_400]);
    }
    let limits = Limits {
        max_pending_bytes: 20_000,
        ..Limits::default()
    };
    let (_, most) = run_with(&connection.out, limits);
    assert!((20_000..30_000).contains(&most), "{most}");
}

#[test]
fn a_refused_attempt_is_no_part_of_the_connection_that_follows() {
    let mut refused = Connection::new(5000, 77, START);
    refused.refused();
    let mut c = Connection::new(5000, 1000, START + SECOND);
    c.full(1, "one");
    let alone = run(&c.out)[0].session_id;
    let both = run(&[refused.out, c.out].concat());
    assert_eq!(
        vec![alone],
        both.iter().map(|s| s.session_id).collect::<Vec<_>>()
    );
}
