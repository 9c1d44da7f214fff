//! The native core of certspan: capture files in, TLS sessions and certificates out.
//!
//! No module but `python` knows Python, so that tests, fuzz targets and benches run without it. The road of a packet:
//! `capture` -> `engine` -> `frame` -> `flows` -> `connection` -> `stream` -> `tls` -> `visibility` -> `session` -> `rows`.

pub mod bytes;
pub mod capture;
pub mod connection;
mod crew;
mod deliveries;
pub mod dispatch;
pub mod engine;
pub mod flows;
pub mod frame;
pub mod identities;
pub mod intake;
pub mod limits;
mod portions;
pub mod privacy;
#[cfg(target_os = "linux")]
pub mod privileges;
#[cfg(feature = "python")]
mod python;
pub mod reading;
pub mod rows;
pub mod session;
pub mod stream;
pub mod table;
pub mod tls;
pub mod visibility;
