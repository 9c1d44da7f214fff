//! Alerts (RFC 8446 6).

use super::registry;

/// One alert in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// 1 warning, 2 fatal.
    pub level: u8,
    /// What is wrong.
    pub description: u8,
}

impl Alert {
    /// It ends the handshake.
    #[must_use]
    pub fn is_fatal(self) -> bool {
        self.level == 2
    }

    /// `fatal handshake_failure(40)`
    #[must_use]
    pub fn text(self) -> String {
        let level = match self.level {
            1 => "warning".to_owned(),
            2 => "fatal".to_owned(),
            other => format!("level({other})"),
        };
        let name = registry::alert(self.description).unwrap_or("unknown");
        format!("{level} {name}({})", self.description)
    }
}
