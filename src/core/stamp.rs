//! The wire format: STAMP (RFC 8762, TLVs of RFC 8972), the function as Session-Sender, the host as Session-Reflector.
//!
//! One datagram of 108 bytes each way, big-endian. A timestamp is PTPv2's truncated form (RFC 8762, Z bit of the
//! error estimate set): 4 bytes of seconds since the Unix epoch, 4 bytes of nanoseconds.
//!
//! ```text
//! octets    function -> host                              host -> function
//!   0-3     sequence number, from 0                       reply number, from 0 in each session
//!   4-11    T1, user space                                T3, user space
//!  12-13    error estimate (S 0, Z 1, scale, multiplier)  the same
//!  14-15    SSID: the session                             SSID
//!  16-23    zero                                          T2, the best stamp there is
//!  24-27    zero                                          sequence number of the request
//!  28-35    zero                                          T1 of the request
//!  36-43    zero                                          its error estimate 2, zero 2, TTL 1, zero 3
//!  44-47    TLV: flags (U set), type 7, length 16         TLV: flags (U clear), type 7, length 16
//!  48-51    zero                                          number of an earlier reply (normally the previous one)
//!  52-59    zero                                          its T3 by the kernel
//!  60-63    zero                                          timestamping method 2 (software, local) or 0 when unknown; zero 3
//!  64-67    TLV: flags (U set), type 252, length 40       the same TLV with U clear
//!  68-83    token
//!  84-87    bit 31: END marker; bits 0-30: sequence number of the last exchange completed, or 0x7fffffff for none
//!  88-89    low 16 bits of that exchange's reply number
//!  90-91    probes answered so far (distinct), low 16 bits
//!  92-99    its T1, by the kernel if it gave one, else user space; zero for none
//! 100-107   its T4, likewise
//! ```
//!
//! END markers are no exchanges: they carry numbers beyond the last probe, are answered like any other request
//! (the answer, END bit included, is the confirmation), and count in no statistic.
