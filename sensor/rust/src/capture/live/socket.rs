//! A socket of the packet layer on one interface, and what can be asked of the interface: plain system calls.
#![allow(
    unsafe_code,
    reason = "sockets of the packet layer and questions about interfaces are system calls that no safe wrapper here makes"
)]

use std::ffi::CString;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd as _, OwnedFd};

/// LINKTYPE_ values.
const LINKTYPE_ETHERNET: u16 = 1;
const LINKTYPE_PPP: u16 = 9;
const LINKTYPE_RAW: u16 = 101;
const LINKTYPE_RADIOTAP: u16 = 127;

pub(super) fn index_of(name: &str) -> io::Result<libc::c_int> {
    let name = CString::new(name).map_err(|_| io::Error::from_raw_os_error(libc::ENODEV))?;
    // SAFETY: text that ends with NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::from_raw_os_error(libc::ENODEV)),
        index => {
            libc::c_int::try_from(index).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))
        }
    }
}

pub(super) fn link_type_of(hardware: u16) -> Option<u16> {
    match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Some(LINKTYPE_ETHERNET),
        libc::ARPHRD_PPP => Some(LINKTYPE_PPP),
        // Tunnels without a link layer: frames begin with IP.
        libc::ARPHRD_NONE | libc::ARPHRD_TUNNEL | libc::ARPHRD_TUNNEL6 | libc::ARPHRD_SIT => {
            Some(LINKTYPE_RAW)
        }
        libc::ARPHRD_IEEE80211_RADIOTAP => Some(LINKTYPE_RADIOTAP),
        _ => None,
    }
}

/// A question about an interface, with its name in it.
fn question(name: &str) -> libc::ifreq {
    // SAFETY: numbers and arrays of them, for which all zeros are a value.
    let mut question: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = question.ifr_name.len() - 1;
    for (slot, byte) in question.ifr_name.iter_mut().take(room).zip(name.bytes()) {
        *slot = libc::c_char::from_ne_bytes([byte]);
    }
    question
}

pub(super) fn hardware_type(socket: &OwnedFd, name: &str) -> io::Result<u16> {
    let mut question = question(name);
    // SAFETY: the kernel fills in the address that the question has room for.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR, &raw mut question) };
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was filled in just now.
    Ok(unsafe { question.ifr_ifru.ifru_hwaddr.sa_family })
}

pub(super) fn flags(socket: &OwnedFd, name: &str) -> io::Result<libc::c_short> {
    let mut question = question(name);
    // SAFETY: the kernel fills in the flags.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut question) };
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was filled in just now.
    Ok(unsafe { question.ifr_ifru.ifru_flags })
}

/// Sets an option of the packet layer.
pub(super) fn set<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    set_at(socket, libc::SOL_PACKET, option, value)
}

fn set_at<T>(
    socket: &OwnedFd,
    level: libc::c_int,
    option: libc::c_int,
    value: &T,
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    // SAFETY: a value of plain numbers, and its size.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast(),
            length,
        )
    };
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Lets the kernel choose frames by a program of classic BPF; an empty one: all of them.
pub(super) fn attach(socket: &OwnedFd, program: &[(u16, u8, u8, u32)]) -> io::Result<()> {
    if program.is_empty() {
        return Ok(());
    }
    let mut steps: Vec<libc::sock_filter> = program
        .iter()
        .map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k })
        .collect();
    let program = libc::sock_fprog {
        len: u16::try_from(steps.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?,
        filter: steps.as_mut_ptr(),
    };
    set_at(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

pub(super) fn promiscuous(socket: &OwnedFd, index: libc::c_int) -> io::Result<()> {
    let membership = libc::packet_mreq {
        mr_ifindex: index,
        mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or(1),
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::PACKET_ADD_MEMBERSHIP, &membership)
}

/// From here on frames come.
pub(super) fn bind(socket: &OwnedFd, index: libc::c_int) -> io::Result<()> {
    // SAFETY: numbers and arrays of them, for which all zeros are a value.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or(17);
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).unwrap_or(3).to_be();
    address.sll_ifindex = index;
    let length = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).unwrap_or(20);
    // SAFETY: an address and its size.
    let status = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            std::ptr::from_ref(&address).cast(),
            length,
        )
    };
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
