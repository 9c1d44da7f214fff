//! Mapped files: the same packets and the same damage as from a stream, wherever a view ends; every test that reads bytes looks
//! at both (`read`).

use std::fs::OpenOptions;
use std::io::Write as _;

use sha2::{Digest as _, Sha256};

use super::forge::{packets, pcap, pcapng, Endian, PCAP};
use super::packed::gzip;
use super::{kept, read, read_input, CaptureReader, Input, Options, Packets, Scratch};
use crate::capture::mapped::VIEW_BYTES;

#[test]
fn packets_of_any_size_fit_together_over_several_views() {
    let mut list = packets(40, 1_400);
    list.extend(packets(60, 900_000));
    list.extend(packets(3_000, 700));
    for bytes in [pcap(PCAP, &list), pcapng(Endian::Big, &list)] {
        assert!(bytes.len() as u64 > VIEW_BYTES + VIEW_BYTES / 4);
        let cut = &bytes[..bytes.len() - 1];
        let reading = read(cut);
        assert_eq!(
            (list.len(), 1),
            (reading.packets.len(), reading.damage.len())
        );
        let whole = Scratch::new(&bytes);
        let reading = read_input(Input::Mapped(whole.open()), true);
        assert_eq!(
            (list.len(), 0),
            (reading.packets.len(), reading.damage.len())
        );
        assert_eq!(Some(Sha256::digest(&bytes).into()), reading.sha256);
    }
}

#[test]
fn the_blocks_are_those_that_are_read() {
    let file = Scratch::new(&pcap(PCAP, &packets(4_000, 700)));
    let blocks = |input| {
        let mut reader = CaptureReader::new(input, Options::default());
        let (mut sizes, mut block) = (Vec::new(), Packets::default());
        while reader.read(&mut block) {
            sizes.push((block.len(), reader.stored_bytes_read()));
        }
        sizes
    };
    let read = blocks(Input::File(file.open()));
    assert!(read.len() > 3);
    assert_eq!(read, blocks(Input::Mapped(file.open())));
}

#[test]
fn what_cannot_be_mapped_is_read() {
    let list = packets(10, 60);
    let file = Scratch::new(&gzip(&pcap(PCAP, &list)));
    assert_eq!(list, read_input(Input::Mapped(file.open()), false).packets);
    let (pipe, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&pcap(PCAP, &list)).unwrap();
    drop(writer);
    let pipe = Input::Mapped(std::os::fd::OwnedFd::from(pipe).into());
    assert_eq!(list, read_input(pipe, false).packets);
}

/// As of a capture that is still written.
#[test]
fn a_file_that_grows_meanwhile_is_read_to_its_end() {
    let list = packets(4_000, 700);
    let bytes = pcap(PCAP, &list);
    let half = bytes.len() / 2;
    let file = Scratch::new(&bytes[..half]);
    let input = Input::Mapped(file.open());
    let mut reader = CaptureReader::new(input, Options::default());
    let (mut all, mut block) = (Vec::new(), Packets::default());
    assert!(reader.read(&mut block));
    all.extend(kept(&block));
    assert!(all.len() < list.len() / 2);
    let mut longer = OpenOptions::new().append(true).open(&file.path).unwrap();
    longer.write_all(&bytes[half..]).unwrap();
    while reader.read(&mut block) {
        all.extend(kept(&block));
    }
    assert_eq!(list, all);
    assert!(reader.damage().is_empty());
}
