//! Any bytes as plaintext in which TLS may begin: more bytes never change a verdict, it always comes in time, and the
//! same start is found however the bytes are cut.
//!
//! Input: whether alerts count (1 byte), how to cut (4), the stream.

use _rust::tls::opener::{begins, candidate, look, Opener, LONGEST};
use _rust::tls::scanner::Scanner;

use super::choices::{pieces, Choices};

#[derive(Debug, PartialEq)]
enum Told {
    Found { at: u64, opener: Opener },
    Not { searched: u64, alert: bool },
}

fn search(stream: &[u8], parts: &[&[u8]], alerts: bool) -> Told {
    let (mut scanner, mut before) = (Scanner::default(), 0);
    for part in parts {
        if let Some(found) = scanner.search(part, alerts) {
            let carried = &found.carried[..];
            let at = before + found.at - carried.len();
            assert_eq!(u64::try_from(at), Ok(scanner.searched()));
            let opening = [carried, &part[found.at..]].concat();
            assert!(stream[at..].starts_with(&opening));
            assert_eq!(found.opener, look(&opening));
            return Told::Found {
                at: scanner.searched(),
                opener: found.opener,
            };
        }
        before += part.len();
        let left = u64::try_from(before).unwrap() - scanner.searched();
        assert!(left <= u64::try_from(LONGEST).unwrap());
        assert_eq!(left == 0, scanner.is_fresh());
    }
    Told::Not {
        searched: scanner.searched(),
        alert: scanner.take_alert().is_some(),
    }
}

/// Check one input.
pub fn check(input: &[u8]) {
    let mut choices = Choices::new(input);
    let (alerts, cuts) = (choices.bool(), choices.u32());
    let stream = choices.rest();
    let mut verdict = Opener::Maybe;
    for n in 0..=stream.len().min(LONGEST + 4) {
        let now = look(&stream[..n]);
        // An alert alone in its record is one whatever follows.
        assert!(verdict == Opener::Maybe || verdict == now, "{n}");
        assert!(now != Opener::Maybe || n < LONGEST, "undecided after {n}");
        verdict = now;
    }
    assert_eq!(
        begins(stream),
        matches!(look(stream), Opener::Records | Opener::Version2Hello)
    );
    if !matches!(look(stream), Opener::No) && !stream.is_empty() {
        assert_eq!(Some(0), candidate(stream, 0));
    }
    assert_eq!(
        search(stream, &[stream], alerts),
        search(stream, &pieces(stream, cuts), alerts)
    );
}
