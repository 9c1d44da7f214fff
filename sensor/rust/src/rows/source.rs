//! Where sessions come from.

use std::sync::Arc;

use crate::capture::capture_of;

/// What all sessions of one observation share.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name of the sensor.
    pub sensor: String,
    /// The captures it is made of.
    pub captures: Captures,
}

/// The captures of one observation, in the order in which they are read; none for a live interface. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Captures {
    names: Arc<[String]>,
    /// How many frames came before each capture that was begun.
    starts: Arc<Vec<u64>>,
}

impl Default for Captures {
    fn default() -> Self {
        Self::joined(Arc::default())
    }
}

impl Captures {
    /// One capture.
    #[must_use]
    pub fn one(name: String) -> Self {
        Self::joined(Arc::new([name]))
    }

    /// Captures of these names; only the first one is begun.
    #[must_use]
    pub fn joined(names: Arc<[String]>) -> Self {
        Self {
            names,
            starts: Arc::new(vec![0]),
        }
    }

    /// The same captures, more of them begun; see [`crate::capture::Joined::starts`].
    #[must_use]
    pub fn begun(&self, starts: Arc<Vec<u64>>) -> Self {
        Self {
            names: Arc::clone(&self.names),
            starts,
        }
    }

    /// The name of the capture that a frame is in, and its number there. `None` for a live interface.
    pub(super) fn of(&self, frame: u64) -> (Option<&str>, u64) {
        let at = capture_of(&self.starts, frame);
        let before = self.starts.get(at).copied().unwrap_or_default();
        let name = self.names.get(at).map(String::as_str);
        (name, frame.saturating_sub(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_of_the_capture_that_was_begun_before_it() {
        let names = ["a", "none", "b", "end"].map(str::to_owned);
        let all = Captures::joined(Arc::new(names)).begun(Arc::new(vec![0, 10, 10, 25]));
        for (frame, expected) in [
            (1, ("a", 1)),
            (10, ("a", 10)),
            (11, ("b", 1)),
            (25, ("b", 15)),
            (26, ("end", 1)),
        ] {
            let (name, number) = all.of(frame);
            assert_eq!((name, number), (Some(expected.0), expected.1));
        }
        assert_eq!((None, 7), Captures::default().of(7));
        assert_eq!((Some("x"), 7), Captures::one("x".to_owned()).of(7));
    }
}
