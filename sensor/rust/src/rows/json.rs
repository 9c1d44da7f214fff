//! Sessions as JSON lines.

use std::net::{IpAddr, Ipv6Addr};

use data_encoding::HEXLOWER;

use super::{Row, Source, Value, FIELDS};
use crate::session::Session;

/// One JSON object a line (RFC 8259), fields of `docs/session.schema.json`.
#[must_use]
pub fn json(sessions: &[Session], source: &Source) -> String {
    let mut out = String::with_capacity(sessions.len() * 1_600);
    for session in sessions {
        let row = Row::new(session, source);
        let mut separator = '{';
        for (name, tell) in &FIELDS {
            out.push(separator);
            separator = ',';
            string(&mut out, name);
            out.push(':');
            write(&mut out, &tell(&row));
        }
        out.push_str("}\n");
    }
    out
}

fn write(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Id(id) => hex(out, *id),
        Value::Address(endpoint) => {
            let address = IpAddr::V6(Ipv6Addr::from(endpoint.address)).to_canonical();
            string(out, &address.to_string());
        }
        Value::Time(ns) => string(out, &timestamp(*ns)),
        Value::Text(text) => optional(out, *text, string),
        Value::Ascii(text) => optional(out, *text, |out, text| {
            string(out, std::str::from_utf8(text).unwrap_or_default());
        }),
        Value::U64(number) => optional(out, number.as_ref(), |out, n| out.push_str(&n.to_string())),
        Value::U16(number) => optional(out, number.as_ref(), |out, n| out.push_str(&n.to_string())),
        Value::Bool(flag) => optional(out, flag.as_ref(), |out, flag| {
            out.push_str(if *flag { "true" } else { "false" });
        }),
        Value::Texts(list) => optional(out, *list, |out, list| {
            array(out, list, |out, text: &String| string(out, text));
        }),
        Value::KnownTexts(list) => array(out, list, |out, text: &String| string(out, text)),
        Value::Hashes(list) => optional(out, *list, |out, list| array(out, list, hex)),
        Value::Names(list) => optional(out, *list, |out, list| array(out, list, hex)),
    }
}

fn optional<T: ?Sized>(out: &mut String, value: Option<&T>, write: impl Fn(&mut String, &T)) {
    match value {
        Some(value) => write(out, value),
        None => out.push_str("null"),
    }
}

fn array<T>(out: &mut String, list: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

fn hex(out: &mut String, bytes: &(impl AsRef<[u8]> + ?Sized)) {
    out.push('"');
    HEXLOWER.encode_append(bytes.as_ref(), out);
    out.push('"');
}

/// Everything that is not printable ASCII is escaped, so that no terminal or viewer acts upon it.
fn string(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// RFC 3339 with nine digits, UTC.
#[must_use]
fn timestamp(ns: u64) -> String {
    let (seconds, fraction) = (ns / 1_000_000_000, ns % 1_000_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction:09}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// Days since 1970 as year, month, day of the Gregorian calendar. Years are counted from March, so that a leap day ends
/// one; 719,468 days lie between 0000-03-01 and 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        // `date -u -d @N +%FT%TZ`
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000000005Z"),
            (951_782_399, "2000-02-28T23:59:59.000000005Z"),
            (951_782_400, "2000-02-29T00:00:00.000000005Z"),
            (951_868_800, "2000-03-01T00:00:00.000000005Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000000005Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000005Z"),
        ] {
            assert_eq!(expected, timestamp(seconds * 1_000_000_000 + 5));
        }
    }

    #[test]
    fn hostile_text_is_inert() {
        let mut out = String::new();
        string(&mut out, "a\"\\\n\0\u{202e}\u{1f600}\x7f<");
        assert_eq!(
            "\"a\\\"\\\\\\u000a\\u0000\\u202e\\ud83d\\ude00\\u007f<\"",
            out
        );
    }
}
