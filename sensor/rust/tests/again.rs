//! What comes again: bytes, which may differ; handshakes on one connection; and what frames lack that were cut.

mod wire;

use _rust::limits::{Counters, Limits};
use _rust::session::Session;
use wire::*;

const START: u64 = 1_000_000_000;

fn asked() -> Connection {
    let mut c = Connection::new(5000, 1000, START);
    c.handshake();
    c.client(&client_hello("a"));
    c
}

fn end(c: &mut Connection) {
    c.client(&[client_key_exchange(), change(), finished()].concat());
    c.server(&[change(), finished()].concat());
}

/// Whether the one session says that bytes contradicted each other, and what was counted.
fn told(frames: &[Frame]) -> (bool, u64) {
    let (sessions, counters) = counted(frames);
    assert_eq!(1, sessions.len());
    (sessions[0].conflicting, counters.segments_conflicting)
}

fn counted(frames: &[Frame]) -> (Vec<Session>, Counters) {
    run_counted(frames, Limits::default())
}

/// The last frame again, with one payload byte changed.
fn changed(frame: &Frame, payload_at: usize) -> Frame {
    let mut other = frame.clone();
    other.data[40 + payload_at] ^= 1;
    other
}

#[test]
fn the_same_bytes_again_are_no_conflict() {
    let mut c = asked();
    c.server(&server_flight(1));
    let again = c.out.clone();
    c.out.extend(again);
    end(&mut c);
    assert_eq!((false, 0), told(&c.out));
}

#[test]
fn another_answer_for_the_same_place_is_told_and_the_first_one_stands() {
    let mut c = asked();
    let forged_at = c.server_sequence;
    c.server(&server_flight(7));
    let expected = run(&c.out)[0].server_chain.clone();
    c.server_sequence = forged_at;
    // The true server is slower, and its first record is another one.
    c.server(
        &[
            &record(22, &message(2, &[3, 3, 5, 5, 5, 5, 5, 5]))[..],
            &server_flight(1),
        ]
        .concat(),
    );
    end(&mut c);
    let (sessions, counters) = counted(&c.out);
    assert_eq!(1, sessions.len());
    assert!(sessions[0].conflicting && counters.segments_conflicting > 0);
    assert_eq!(expected, sessions[0].server_chain);
}

#[test]
fn each_byte_that_waits_for_earlier_ones_is_compared() {
    let mut c = asked();
    c.server(
        &[
            server_hello(),
            certificate(&[&der(1), &der(2), &der(3)]),
            hello_done(),
        ]
        .concat(),
    );
    assert_eq!(6, c.out.len());
    let late = c.out.remove(4);
    for at in [0, 1, 77, 200] {
        let mut frames = c.out.clone();
        let other = changed(&frames[4], at);
        frames.extend([other, late.clone()]);
        assert_eq!((true, 1), told(&frames), "{at}");
    }
}

#[test]
fn a_probe_of_a_living_peer_is_no_conflict() {
    let mut c = asked();
    c.client_sequence -= 1;
    c.client(&[0]);
    c.server(&server_flight(1));
    end(&mut c);
    assert_eq!((false, 0), told(&c.out));
}

#[test]
fn what_comes_again_after_the_handshake_is_not_looked_at() {
    let mut c = asked();
    c.server(&server_flight(1));
    end(&mut c);
    let other = changed(&c.out[4], 9);
    c.out.push(other);
    assert_eq!((false, 0), told(&c.out));
}

#[test]
fn handshakes_of_one_connection_have_each_their_own_time_and_packet() {
    let mut c = asked();
    c.server(&server_flight(1));
    let second = c.out.len();
    c.client(&client_hello("b"));
    c.server(&server_flight(2));
    end(&mut c);
    let sessions = run(&c.out);
    let places: Vec<_> = sessions.iter().map(|s| (s.frame, s.time_ns)).collect();
    let expected = [3, second].map(|at| (u64::try_from(at + 1).unwrap(), c.out[at].time_ns));
    assert_eq!(expected.as_slice(), places);
    assert_eq!(sessions[0].connection_id, sessions[1].connection_id);
    assert_ne!(sessions[0].session_id, sessions[1].session_id);
    let names: Vec<_> = sessions
        .iter()
        .map(|s| s.server_name.clone().unwrap())
        .collect();
    assert_eq!(["a", "b"].as_slice(), names);
    assert!(sessions[0].server_chain != sessions[1].server_chain);
}

#[test]
fn connections_without_times_have_ids_of_their_own() {
    let mut first = Connection::new(5000, 1000, 0);
    first.full(1, "a");
    let mut second = Connection::new(5000, 9_000_000, 0);
    second.full(2, "b");
    first.out.extend(second.out);
    for frame in &mut first.out {
        frame.time_ns = 0;
    }
    let sessions = run(&first.out);
    assert_eq!(2, sessions.len());
    assert_ne!(sessions[0].connection_id, sessions[1].connection_id);
    assert_ne!(sessions[0].session_id, sessions[1].session_id);
}

#[test]
fn frames_cut_by_the_capture_lose_their_rest_and_later_records_are_still_read() {
    let mut c = asked();
    c.server(
        &[
            server_hello(),
            certificate(&[&der(1), &der(2), &der(3)]),
            hello_done(),
        ]
        .concat(),
    );
    end(&mut c);
    c.client(&data(900));
    c.server(&data(900));
    let whole = run(&c.out);
    assert_eq!("visible", whole[0].server_visibility.name());
    // Of the first segment of the server: IP, TCP, and less than the first certificate.
    for length in [60, 200, 500, 1_439] {
        let mut frames = c.out.clone();
        let cut = frames[4].data.len() - length;
        frames[4].data.truncate(length);
        let (sessions, counters) = counted(&frames);
        assert_eq!((1, 1), (sessions.len(), counters.frames_cut_payload));
        let session = &sessions[0];
        assert_eq!(u64::try_from(cut).unwrap(), session.bytes_lost, "{length}");
        assert_eq!("lost", session.server_visibility.name(), "{length}");
        assert!(session.established && session.confirmed, "{length}");
    }
}

#[test]
fn a_capture_of_short_frames_keeps_nothing_waiting() {
    let mut c = asked();
    c.server(&server_flight(1));
    for _ in 0..2_000 {
        c.server(&record(22, &[0x99; 1_300]));
    }
    for frame in &mut c.out {
        frame.data.truncate(96);
    }
    let (sessions, memory) = run_with(&c.out, Limits::default());
    assert_eq!(1, sessions.len());
    assert!(memory < 8_000, "{memory}");
}

#[test]
fn what_was_cut_at_the_end_is_lost_if_the_peer_got_it() {
    let mut c = asked();
    c.server(&server_flight(1));
    let last = c.out.last_mut().unwrap();
    let cut = last.data.len() - 200;
    last.data.truncate(200);
    // The capture may have ended within this frame.
    let session = &run(&c.out)[0];
    let found = (session.server_visibility.name(), session.bytes_lost);
    assert_eq!(("truncated", 0), found);
    c.client_ack();
    let session = &run(&c.out)[0];
    let found = (session.server_visibility.name(), session.bytes_lost);
    assert_eq!(("lost", u64::try_from(cut).unwrap()), found);
}
