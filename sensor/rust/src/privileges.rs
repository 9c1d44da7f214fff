//! What the process may do: a sensor keeps the right to receive frames, and gives away the rest.
#![allow(
    unsafe_code,
    reason = "capabilities are given away by plain system calls (capabilities(7), prctl(2))"
)]

use std::io;

/// `_LINUX_CAPABILITY_VERSION_3`: two words for each set.
const VERSION: u32 = 0x2008_0522;
const CAP_NET_RAW: u32 = 13;
const LAST_CAP: u32 = 63;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Keeps CAP_NET_RAW, if the process has it, and gives up every other capability for good, for this thread and those it
/// begins later. No program it might start can gain any.
///
/// # Errors
/// If the kernel refuses.
pub fn keep_net_raw_only() -> io::Result<()> {
    // SAFETY: plain numbers. Where the process may not shrink its bounding set, it has nothing to give to a child either.
    unsafe {
        for capability in 0..=LAST_CAP {
            if capability != CAP_NET_RAW {
                libc::prctl(
                    libc::PR_CAPBSET_DROP,
                    libc::c_ulong::from(capability),
                    0,
                    0,
                    0,
                );
            }
        }
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::c_ulong::try_from(libc::PR_CAP_AMBIENT_CLEAR_ALL).unwrap_or(4),
            0,
            0,
            0,
        );
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    let header = Header {
        version: VERSION,
        pid: 0,
    };
    let mut sets = [Sets::default(); 2];
    // SAFETY: a header and two words for each set, as its version says.
    if unsafe { libc::syscall(libc::SYS_capget, &raw const header, sets.as_mut_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let kept = sets[0].permitted & 1 << CAP_NET_RAW;
    let sets = [
        Sets {
            effective: kept,
            permitted: kept,
            inheritable: 0,
        },
        Sets::default(),
    ];
    // SAFETY: as above.
    if unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
