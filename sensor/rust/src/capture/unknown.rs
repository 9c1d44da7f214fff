//! What a file is that is no capture, if it is easily told: the first thing its owner wants to know.

use super::compression;
use super::pcap;

/// How many bytes are looked at.
pub(super) const LOOK_BYTES: usize = 512;

/// How files of other kinds start, and what to call them.
const KINDS: [(&[u8], &str); 28] = [
    (b"\x7FELF", "a program (ELF)"),
    (b"MZ", "a program (Windows)"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive; unpack it first"),
    (b"Rar!\x1A\x07", "a RAR archive; unpack it first"),
    (b"\xFD7zXZ\0", "data compressed with xz; unpack it first"),
    (b"BZh", "data compressed with bzip2; unpack it first"),
    (b"LZIP", "data compressed with lzip; unpack it first"),
    (
        b"\x1F\x9D",
        "data compressed with compress; unpack it first",
    ),
    (b"\x1F\x8B", "data compressed twice; unpack it once"),
    (b"\x28\xB5\x2F\xFD", "data compressed twice; unpack it once"),
    (b"\x04\x22\x4D\x18", "data compressed twice; unpack it once"),
    (b"snoop\0\0\0", "a snoop capture; convert it to pcap first"),
    (b"btsnoop\0", "a Bluetooth capture (btsnoop)"),
    (
        b"RTSS",
        "a Network Monitor capture; convert it to pcap first",
    ),
    (
        b"GMBU",
        "a Network Monitor capture; convert it to pcap first",
    ),
    (
        b"TRSNIFF data    \x1A",
        "a Sniffer capture; convert it to pcap first",
    ),
    (b"XCP\0", "a NetXray capture; convert it to pcap first"),
    (b"\x7Fver", "a Peek capture; convert it to pcap first"),
    (
        b"iptrace ",
        "an AIX iptrace capture; convert it to pcap first",
    ),
    (
        b"ObserverPktBuffe",
        "an Observer capture; convert it to pcap first",
    ),
    (b"LOGG", "a vehicle bus log (BLF)"),
    (
        b"\xA1\xB2\x34\xCD",
        "a variant of pcap that is not read; convert it first",
    ),
    (
        b"\xCD\x34\xB2\xA1",
        "a variant of pcap that is not read; convert it first",
    ),
    (
        b"\xA1\x2B\x3C\x4D",
        "a variant of pcap that is not read; convert it first",
    ),
    (
        b"\x4D\x3C\x2B\xA1",
        "a variant of pcap that is not read; convert it first",
    ),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture (PNG)"),
];

/// The byte-order magic of pcapng, in both byte orders.
const SECTION_MAGICS: [[u8; 4]; 2] = [[0x1A, 0x2B, 0x3C, 0x4D], [0x4D, 0x3C, 0x2B, 0x1A]];

/// What the file looks like, from its first bytes.
pub(super) fn looks_like(start: &[u8]) -> &'static str {
    if let Some((_, kind)) = KINDS.iter().find(|(magic, _)| start.starts_with(magic)) {
        return kind;
    }
    if start.get(257..262) == Some(b"ustar") {
        return "a tar archive; unpack it first";
    }
    if start.iter().all(|&byte| byte == 0) {
        return "nothing but zero bytes";
    }
    let near = &start[..start.len().min(24)];
    if near
        .windows(4)
        .any(|four| SECTION_MAGICS.iter().any(|magic| four == magic))
    {
        return "a pcapng capture that was damaged on its way, as by a transfer as text";
    }
    if is_text(start) {
        return "text";
    }
    "binary data of an unknown kind"
}

/// Whether a file that is too short to tell starts as a capture or a known packing would.
pub(super) fn may_be_cut(start: &[u8]) -> bool {
    let begins = |magic: &[u8]| magic.starts_with(start);
    pcap::MAGICS
        .iter()
        .any(|magic| begins(&magic.to_be_bytes()) || begins(&magic.to_le_bytes()))
        || compression::MAGICS.into_iter().any(begins)
        || start.starts_with(&[0x0A, 0x0D, 0x0D, 0x0A])
        || begins(&[0x0A, 0x0D, 0x0D, 0x0A])
}

/// Whether all of it is text in UTF-8. The last character may be cut.
fn is_text(start: &[u8]) -> bool {
    let whole = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let plain =
        |letter: char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r' | '\x1B');
    !whole.is_empty() && whole.chars().all(plain)
}
