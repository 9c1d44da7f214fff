//! Why each side's certificate is, or is not, known: a silent endpoint must never look clean.

use crate::tls::facts::{ChainEnd, Facts};
use crate::tls::half::VERSION_2;
use crate::tls::registry::{needs_no_certificate, Version};

/// The same words as `sensor.events.Visibility`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Its Certificate message was read to the end.
    Visible,
    /// Certificates travel encrypted: in TLS 1.3 both, in SSL 2 the client's.
    Encrypted,
    /// An earlier session was resumed: no certificate is sent.
    Resumed,
    /// The cipher suite needs no certificate.
    PskOrAnonymous,
    /// It was free to send one and did not, or sent an empty list.
    NoneSent,
    /// The server never asked for one.
    NotRequested,
    /// Only the other direction is in the capture.
    OneWay,
    /// The observation ends before the message does.
    #[default]
    Truncated,
    /// Bytes of it are missing from the capture.
    Lost,
    /// One of our own caps was hit.
    Evicted,
    /// A form of certificate, or of message, that cannot be read here.
    Unsupported,
}

impl Visibility {
    /// The word in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Encrypted => "encrypted",
            Self::Resumed => "resumed",
            Self::PskOrAnonymous => "psk_or_anonymous",
            Self::NoneSent => "none_sent",
            Self::NotRequested => "not_requested",
            Self::OneWay => "one_way",
            Self::Truncated => "truncated",
            Self::Lost => "lost",
            Self::Evicted => "evicted",
            Self::Unsupported => "unsupported",
        }
    }
}

/// One handshake as it was seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What the client said.
    pub client: &'a Facts,
    /// What the server said.
    pub server: &'a Facts,
    /// Any packet of the client is in the capture.
    pub client_seen: bool,
    /// Any packet of the server is in the capture.
    pub server_seen: bool,
    /// The server ended the connection (FIN or RST).
    pub server_closed: bool,
    /// The flow was dropped for one of our caps.
    pub evicted: bool,
}

fn of_chain(chain: Option<&(Vec<[u8; 32]>, ChainEnd)>) -> Option<Visibility> {
    let (names, end) = chain?;
    Some(match end {
        ChainEnd::Complete if names.is_empty() => Visibility::NoneSent,
        ChainEnd::Complete => Visibility::Visible,
        ChainEnd::Truncated => Visibility::Truncated,
        ChainEnd::Lost => Visibility::Lost,
        ChainEnd::Evicted => Visibility::Evicted,
        ChainEnd::Unsupported => Visibility::Unsupported,
    })
}

fn refused(facts: &Facts) -> bool {
    facts.alerts.iter().any(|alert| alert.is_fatal())
}

impl View<'_> {
    fn is_13(&self) -> bool {
        self.server.version().is_some_and(Version::is_13)
    }

    /// An earlier session was resumed; `None` when that cannot be told.
    #[must_use]
    pub fn resumed(&self) -> Option<bool> {
        let hello = self.server.server_hello.as_ref()?;
        if hello.version?.is_13() {
            return (!hello.retry).then_some(hello.resumes);
        }
        if hello.version == Some(VERSION_2) {
            return Some(hello.resumes);
        }
        if self.server.chain.is_some()
            || self.server.server_key_exchange
            || self.server.hello_done
            || self.client.client_key_exchange
        {
            return Some(false);
        }
        // RFC 5246 7.4.1.3: the server echoes the session id it resumes; with a ticket (RFC 5077 3.4) it goes straight
        // on to the change of keys.
        let echoed = self.client.client_hello.as_ref().is_some_and(|client| {
            !client.session_id.bytes().is_empty() && client.session_id == hello.session_id
        });
        if echoed || (self.server.protected && self.server.lost_bytes == 0) {
            return Some(true);
        }
        None
    }

    /// The server asked for a certificate; `None` when that cannot be told.
    #[must_use]
    pub fn requested(&self) -> Option<bool> {
        if self.server.certificate_request.is_some() || self.client.chain.is_some() {
            return Some(true);
        }
        let asked_nothing = self.server.hello_done && self.server.lost_bytes == 0;
        let resumed = self.resumed() == Some(true)
            && self
                .server
                .version()
                .is_some_and(|version| !version.is_13() && version != VERSION_2);
        (asked_nothing || resumed).then_some(false)
    }

    /// Of the server's certificate.
    #[must_use]
    pub fn server_visibility(&self) -> Visibility {
        if let Some(visibility) = of_chain(self.server.chain.as_ref()) {
            return visibility;
        }
        if !self.server_seen {
            return Visibility::OneWay;
        }
        let missing = if self.server.lost_bytes > 0 {
            Visibility::Lost
        } else if self.evicted {
            Visibility::Evicted
        } else {
            Visibility::Truncated
        };
        match &self.server.server_hello {
            Some(hello) if self.is_13() && !hello.retry => {
                if hello.resumes {
                    Visibility::Resumed
                } else {
                    Visibility::Encrypted
                }
            }
            Some(_) if self.resumed() == Some(true) => Visibility::Resumed,
            Some(hello) if hello.cipher.is_some_and(needs_no_certificate) => {
                Visibility::PskOrAnonymous
            }
            Some(_) if missing != Visibility::Lost && self.server.hello_done => {
                Visibility::NoneSent
            }
            None if self.server.is_server() || self.went_past() => Visibility::Lost,
            _ if missing == Visibility::Truncated
                && (refused(self.server) || self.server_closed) =>
            {
                Visibility::NoneSent
            }
            _ => missing,
        }
    }

    /// What comes only behind the server's Certificate message was seen.
    fn went_past(&self) -> bool {
        self.server.protected
            || self.client.protected
            || self.client.client_key_exchange
            || self.client.chain.is_some()
    }

    /// Of the client's certificate.
    #[must_use]
    pub fn client_visibility(&self) -> Visibility {
        if let Some(visibility) = of_chain(self.client.chain.as_ref()) {
            return visibility;
        }
        if self.server.version() == Some(VERSION_2) {
            return Visibility::Encrypted;
        }
        if let Some(hello) = &self.server.server_hello {
            if self.is_13() && !hello.retry {
                return if hello.resumes {
                    Visibility::Resumed
                } else {
                    Visibility::Encrypted
                };
            }
        }
        if self.resumed() == Some(true) {
            return Visibility::Resumed;
        }
        if self.requested() == Some(false) {
            return Visibility::NotRequested;
        }
        if !self.client_seen {
            return Visibility::OneWay;
        }
        if self.client.lost_bytes > 0 {
            return Visibility::Lost;
        }
        if self.client.client_key_exchange {
            // The Certificate message comes before it (RFC 5246 7.4.6); it is only skipped when nobody asked, or by
            // SSL 3, which sends an alert instead.
            return if self.requested() == Some(true) {
                Visibility::NoneSent
            } else {
                Visibility::NotRequested
            };
        }
        if self.client.protected {
            // Nothing of the server was seen; the client went on without a key exchange in the clear.
            let offered = self
                .client
                .client_hello
                .as_ref()
                .and_then(|hello| hello.offered);
            return match self.server.version().or(offered) {
                Some(version) if version.is_13() => Visibility::Encrypted,
                _ => Visibility::Resumed,
            };
        }
        if self.evicted {
            return Visibility::Evicted;
        }
        if refused(self.client) || refused(self.server) {
            return Visibility::NoneSent;
        }
        Visibility::Truncated
    }

    /// Both sides went on to protected data, and neither sent a fatal alert; of a one-way capture, the side that is seen.
    #[must_use]
    pub fn established(&self) -> bool {
        let went_on = |facts: &Facts, seen: bool| !seen || facts.protected_data;
        (self.client.protected_data || self.server.protected_data)
            && went_on(self.client, self.client_seen)
            && went_on(self.server, self.server_seen)
            && !refused(self.client)
            && !refused(self.server)
    }
}
