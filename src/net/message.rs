//! What the kernel is asked for, and what it says of a datagram beside its bytes.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::RawFd;

use super::clock::nanos;
use crate::core::contract::StampKind;
use crate::core::time::Nanos;

/// Room for the control messages of one datagram: three time stamps, or a stamp and an extended error.
const CONTROL_BYTES: usize = 256;

/// Has the kernel stamp datagrams in this way; an error when it does not know it.
pub(super) fn ask_for(fd: RawFd, kind: StampKind) -> io::Result<()> {
    match kind {
        StampKind::Kernel => set_option(
            fd,
            libc::SO_TIMESTAMPING,
            (libc::SOF_TIMESTAMPING_TX_SOFTWARE
                | libc::SOF_TIMESTAMPING_RX_SOFTWARE
                | libc::SOF_TIMESTAMPING_SOFTWARE
                | libc::SOF_TIMESTAMPING_OPT_ID
                | libc::SOF_TIMESTAMPING_OPT_TSONLY) as libc::c_int,
        ),
        StampKind::KernelReceive => set_option(fd, libc::SO_TIMESTAMPNS, 1),
        StampKind::User => Ok(()),
    }
}

pub(super) fn set_option(fd: RawFd, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the value is an int that outlives the call, and its size is given.
    let status = unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// What one `recvmsg` yielded.
pub(super) struct Message {
    pub length: usize,
    pub truncated: bool,
    pub source: Option<SocketAddr>,
    /// The kernel's stamp.
    pub stamp: Option<Nanos>,
    /// On the error queue: the kernel's count of the datagram that the stamp is of.
    pub counted: Option<u32>,
}

/// Control messages must begin where a header may.
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

/// Takes one message and what is said of it.
pub(super) fn read_message(
    fd: RawFd,
    buffer: &mut [u8],
    flags: libc::c_int,
) -> io::Result<Message> {
    let mut control = Control([0; CONTROL_BYTES]);
    let mut parts = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: all-zero bytes are a valid `sockaddr_storage` (family unspecified) and a valid `msghdr` (no buffers).
    let (mut source, mut header) =
        unsafe { (zeroed::<libc::sockaddr_storage>(), zeroed::<libc::msghdr>()) };
    header.msg_name = (&raw mut source).cast();
    header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    header.msg_iov = &raw mut parts;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control).cast();
    header.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: every pointer in `header` is to a live local (or to `buffer`) of the length given beside it.
    let length = unsafe { libc::recvmsg(fd, &raw mut header, flags) };
    if length < 0 {
        return Err(io::Error::last_os_error());
    }
    let (stamp, counted) = read_control(&header);
    Ok(Message {
        length: length as usize,
        truncated: header.msg_flags & libc::MSG_TRUNC != 0,
        source: address(&source),
        stamp,
        counted,
    })
}

/// The stamp and, on the error queue, the count of its datagram.
fn read_control(header: &libc::msghdr) -> (Option<Nanos>, Option<u32>) {
    let (mut stamp, mut counted) = (None, None);
    // SAFETY: `recvmsg` filled in `msg_control` and `msg_controllen`, and the buffer is alive in the caller.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: `next` is null or points to a whole header within that buffer, as the CMSG macros promise.
    while let Some(control) = unsafe { next.as_ref() } {
        match (control.cmsg_level, control.cmsg_type) {
            // `SCM_TIMESTAMPING` is three times, of which the first is the software stamp.
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING | libc::SCM_TIMESTAMPNS) => {
                // SAFETY: the kernel puts at least one timespec there; the data need not be aligned.
                let time = unsafe {
                    libc::CMSG_DATA(control)
                        .cast::<libc::timespec>()
                        .read_unaligned()
                };
                stamp = Some(nanos(time)).filter(|time| *time != 0);
            }
            (libc::SOL_IP, libc::IP_RECVERR) | (libc::SOL_IPV6, libc::IPV6_RECVERR) => {
                // SAFETY: the kernel puts an extended error there; the data need not be aligned.
                let error = unsafe {
                    libc::CMSG_DATA(control)
                        .cast::<libc::sock_extended_err>()
                        .read_unaligned()
                };
                counted =
                    (error.ee_origin == libc::SO_EE_ORIGIN_TIMESTAMPING).then_some(error.ee_data);
            }
            _ => {}
        }
        // SAFETY: as for the first header.
        next = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    (stamp, counted)
}

fn address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which type it is, and the storage is large enough and aligned for every type.
            let v4 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}
