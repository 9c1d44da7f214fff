//! One interface, seen through a ring of memory that the kernel fills: AF_PACKET with TPACKET_V3 (packet(7), and
//! Documentation/networking/packet_mmap.rst of Linux).
//!
//! The socket only ever receives: nothing in here sends.
#![allow(
    unsafe_code,
    clippy::cast_ptr_alignment,
    reason = "the ring is memory shared with the kernel, aligned to pages, and no safe wrapper of these calls is kept alive"
)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{fence, Ordering};

use super::socket::{attach, bind, flags, hardware_type, index_of, link_type_of, promiscuous, set};
use super::Settings;

/// Frames of a ring of version 3 have the length they have; the kernel only checks that this one fits.
const FRAME_BYTES: usize = 2048;
/// A VLAN tag without its EtherType: the kernel says 802.1Q by leaving it out.
const TPID_802_1Q: u16 = 0x8100;
const PACKET_IGNORE_OUTGOING: libc::c_int = 23;

/// A frame as it lies in the ring.
pub(super) struct Frame<'a> {
    pub(super) time_ns: u64,
    /// What was captured.
    pub(super) data: &'a [u8],
    /// Bytes on the wire, the tag that the card took out not counted.
    pub(super) original_length: u32,
    /// The outer VLAN tag that card or kernel took out: EtherType and control information.
    pub(super) tag: Option<(u16, u16)>,
}

/// What the kernel counted on one socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Statistics {
    /// Frames that came, those dropped included.
    pub(super) frames: u64,
    /// Frames dropped because the ring was full.
    pub(super) drops: u64,
    /// How often the ring was full.
    pub(super) freezes: u64,
}

impl Statistics {
    pub(super) fn add(&mut self, more: Self) {
        self.frames += more.frames;
        self.drops += more.drops;
        self.freezes += more.freezes;
    }
}

/// How an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It carries frames.
    Up,
    /// It is there and switched off, or has no carrier.
    Down,
    /// There is none of this name, or another one.
    Gone,
}

/// The memory of a ring.
struct Map {
    start: NonNull<u8>,
    length: usize,
}

// The memory belongs to one `Map`, whoever has it.
unsafe impl Send for Map {}

impl Map {
    fn new(socket: &OwnedFd, length: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at a place of the kernel's choice; failure is told by its value.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { start, length })
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody borrows from it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A socket on one interface, and its ring.
pub(super) struct Ring {
    socket: OwnedFd,
    map: Map,
    block_bytes: usize,
    blocks: usize,
    /// The block that the kernel fills next.
    next: usize,
    index: libc::c_int,
    pub(super) link_type: u16,
}

impl Ring {
    /// Watches an interface; the kernel needs CAP_NET_RAW for it.
    pub(super) fn open(name: &str, settings: &Settings) -> io::Result<Self> {
        let index = index_of(name)?;
        // SAFETY: a plain system call; protocol 0: no frame comes before the socket is bound.
        let number =
            unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a socket that was just opened and belongs to nobody else.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        let hardware = hardware_type(&socket, name)?;
        let link_type = link_type_of(hardware).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                format!("frames of hardware type {hardware} cannot be read"),
            )
        })?;
        let version = libc::c_int::try_from(libc::tpacket_versions::TPACKET_V3 as u32).unwrap_or(2);
        set(&socket, libc::PACKET_VERSION, &version)?;
        if hardware == libc::ARPHRD_LOOPBACK {
            // What goes out there comes in again. Kernels before 4.20 do not know the option, and show it twice.
            let _ = set(&socket, PACKET_IGNORE_OUTGOING, &1_i32);
        }
        attach(&socket, &settings.filter)?;
        let blocks = settings.ring_bytes.div_ceil(settings.block_bytes).max(2);
        let map = make_ring(&socket, settings, blocks)?;
        if settings.promiscuous {
            promiscuous(&socket, index)?;
        }
        bind(&socket, index)?;
        Ok(Self {
            socket,
            map,
            block_bytes: settings.block_bytes,
            blocks,
            next: 0,
            index,
            link_type,
        })
    }

    /// Shows the frames of the next block that the kernel is through with, and gives the block back; `false` if there is
    /// none.
    pub(super) fn take(&mut self, mut each: impl FnMut(Frame<'_>)) -> bool {
        let Some(start) = self.next.checked_mul(self.block_bytes) else {
            return false;
        };
        // SAFETY: `next` is less than `blocks`, so that the block lies within the mapping; the kernel does not write to it
        // while its status says USER, and nobody else has the ring.
        let block = unsafe {
            std::slice::from_raw_parts(self.map.start.as_ptr().add(start), self.block_bytes)
        };
        // SAFETY: blocks are aligned to pages; the kernel writes the status, so that it must be read anew each time.
        let status = unsafe { block.as_ptr().add(8).cast::<u32>().read_volatile() };
        if status & libc::TP_STATUS_USER == 0 {
            return false;
        }
        fence(Ordering::Acquire);
        let mut rest = u32_at(block, 12).unwrap_or(0);
        let mut at = index(u32_at(block, 16));
        while rest > 0 {
            let Some(frame) = frame(block, at) else { break };
            each(frame);
            rest -= 1;
            match index(u32_at(block, at)) {
                0 => break,
                offset => at += offset,
            }
        }
        fence(Ordering::Release);
        // SAFETY: as above, but for the kernel's own writes, which begin after this one.
        unsafe {
            self.map
                .start
                .as_ptr()
                .add(start + 8)
                .cast::<u32>()
                .write_volatile(libc::TP_STATUS_KERNEL);
        }
        self.next = (self.next + 1) % self.blocks;
        true
    }

    /// What the kernel counted since it was last asked.
    pub(super) fn statistics(&self) -> Statistics {
        let mut found = [0_u32; 3];
        let mut length = libc::socklen_t::try_from(size_of::<[u32; 3]>()).unwrap_or(12);
        // SAFETY: three numbers and their size; the kernel writes no more than that.
        let status = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                found.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        let [frames, drops, freezes] = if status == 0 { found } else { [0; 3] }.map(u64::from);
        Statistics {
            frames,
            drops,
            freezes,
        }
    }

    /// How the interface is now.
    pub(super) fn state(&self, name: &str) -> State {
        // An error that waits on the socket (the interface went down) would end every poll at once.
        let mut error: libc::c_int = 0;
        let mut length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(4);
        // SAFETY: one number and its size.
        unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ERROR,
                (&raw mut error).cast(),
                &raw mut length,
            )
        };
        if index_of(name).ok() != Some(self.index) {
            return State::Gone;
        }
        let wanted = libc::IFF_UP | libc::IFF_RUNNING;
        match flags(&self.socket, name) {
            Ok(flags) if libc::c_int::from(flags) & wanted == wanted => State::Up,
            _ => State::Down,
        }
    }
}

/// Waits until one of the rings has a block, or so many milliseconds.
pub(super) fn wait<'a>(rings: impl Iterator<Item = &'a Ring>, milliseconds: i32) {
    let mut wanted: Vec<libc::pollfd> = rings
        .map(|ring| libc::pollfd {
            fd: ring.socket.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let count = libc::nfds_t::try_from(wanted.len()).unwrap_or(0);
    // SAFETY: an array and its length. An interruption is no error: the caller looks and waits again.
    let ready = unsafe { libc::poll(wanted.as_mut_ptr(), count, milliseconds) };
    // A socket with an error is always ready; it must not keep a processor busy.
    let in_trouble = |one: &libc::pollfd| one.revents & libc::POLLERR != 0;
    if ready > 0 && wanted.iter().all(|one| in_trouble(one) || one.revents == 0) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// One frame of a block: `struct tpacket3_hdr`.
fn frame(block: &[u8], at: usize) -> Option<Frame<'_>> {
    let number = |offset: usize| u32_at(block, at + offset);
    let (seconds, nanoseconds) = (u64::from(number(4)?), u64::from(number(8)?));
    let (kept, original_length, status) = (index(number(12)), number(16)?, number(20)?);
    let start = at + usize::from(u16_at(block, at + 24)?);
    let tag = (status & libc::TP_STATUS_VLAN_VALID != 0).then(|| {
        let control = number(32).and_then(|tag| u16::try_from(tag & 0xffff).ok());
        let kind = u16_at(block, at + 36).filter(|_| status & libc::TP_STATUS_VLAN_TPID_VALID != 0);
        (kind.unwrap_or(TPID_802_1Q), control.unwrap_or(0))
    });
    Some(Frame {
        time_ns: seconds * 1_000_000_000 + nanoseconds,
        data: block.get(start..start.checked_add(kept)?)?,
        original_length,
        tag,
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at.checked_add(4)?)?;
    found.try_into().ok().map(u32::from_ne_bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let found = bytes.get(at..at.checked_add(2)?)?;
    found.try_into().ok().map(u16::from_ne_bytes)
}

fn index(number: Option<u32>) -> usize {
    number
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(0)
}

fn make_ring(socket: &OwnedFd, settings: &Settings, blocks: usize) -> io::Result<Map> {
    let number = |value: usize| {
        libc::c_uint::try_from(value).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
    };
    let request = libc::tpacket_req3 {
        tp_block_size: number(settings.block_bytes)?,
        tp_block_nr: number(blocks)?,
        tp_frame_size: number(FRAME_BYTES)?,
        tp_frame_nr: number(settings.block_bytes / FRAME_BYTES * blocks)?,
        tp_retire_blk_tov: number(settings.block_milliseconds)?,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    };
    set(socket, libc::PACKET_RX_RING, &request)?;
    Map::new(socket, settings.block_bytes.saturating_mul(blocks))
}
