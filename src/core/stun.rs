//! STUN (RFC 8489): how a server in the Internet sees a socket of ours, so that a NAT's mapping becomes known.
//!
//! Of the protocol only a Binding without credentials is needed: 20 bytes of request, and the XOR-MAPPED-ADDRESS of
//! its answer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::time::{MILLISECOND, Nanos};

/// Waits for an answer after each request: the RTO of section 6.2.1, 500 ms, doubled; fewer than its seven
/// requests, since a person waits.
pub const WAITS: [Nanos; 3] = [500 * MILLISECOND, 1000 * MILLISECOND, 2000 * MILLISECOND];
/// Port of a server whose port is not given.
pub const PORT: u16 = 3478;
/// Bytes of a message's head, and of a request.
pub const HEAD: usize = 20;

const MAGIC: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_INDICATION: u16 = 0x0011;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FAMILY_V4: u8 = 1;
const FAMILY_V6: u8 = 2;

/// Ties an answer to its request: random bytes.
pub type Transaction = [u8; 12];

/// A server, by name or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Host name or numeric address, IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// The text names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a STUN server is HOST or HOST:PORT, not {0:?}")]
pub struct BadServer(pub String);

impl FromStr for Server {
    type Err = BadServer;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadServer(text.into());
        let port = |text: &str| text.parse().ok().filter(|port| *port > 0).ok_or_else(bad);
        if let Ok(address) = text.parse::<SocketAddr>() {
            let host = address.ip().to_string();
            return Ok(Self {
                host,
                port: port(&address.port().to_string())?,
            });
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse::<IpAddr>() {
            return Ok(Self {
                host: address.to_string(),
                port: PORT,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, digits)) => (host, port(digits)?),
            None => (text, PORT),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(named) {
            return Err(bad());
        }
        Ok(Self {
            host: host.into(),
            port,
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Why a datagram tells no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoMapping {
    /// It is no answer to this request: wait on.
    #[error("it is no answer to this request")]
    NotOurs,
    /// The server refuses.
    #[error("it answered with error {code} {reason}")]
    Refused {
        /// Its code, such as 420.
        code: u16,
        /// Its words.
        reason: String,
    },
    /// The answer breaks off, or has no address in it.
    #[error("its answer has no XOR-MAPPED-ADDRESS")]
    NoAddress,
}

/// A Binding request.
pub fn request(transaction: &Transaction) -> [u8; HEAD] {
    head(BINDING_REQUEST, transaction)
}

/// A Binding indication, which nobody answers: it keeps a NAT's mapping alive.
pub fn indication(transaction: &Transaction) -> [u8; HEAD] {
    head(BINDING_INDICATION, transaction)
}

fn head(kind: u16, transaction: &Transaction) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..2].copy_from_slice(&kind.to_be_bytes());
    head[4..8].copy_from_slice(&MAGIC);
    head[8..].copy_from_slice(transaction);
    head
}

/// The address that the server saw, from its answer to the request of this transaction.
///
/// Attributes that are not known are passed over, also those that must be understood: older servers add RFC 3489's
/// addresses, which change nothing here.
///
/// # Errors
/// [`NoMapping::NotOurs`] for anything that does not answer this request.
pub fn mapped(datagram: &[u8], transaction: &Transaction) -> Result<SocketAddr, NoMapping> {
    let (head, body) = datagram.split_at_checked(HEAD).ok_or(NoMapping::NotOurs)?;
    if head[4..8] != MAGIC || head[8..] != *transaction {
        return Err(NoMapping::NotOurs);
    }
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let body = body.get(..length).ok_or(NoMapping::NoAddress)?;
    match u16::from_be_bytes([head[0], head[1]]) {
        BINDING_SUCCESS => Attributes(body)
            .find_map(|(kind, value)| {
                (kind == XOR_MAPPED_ADDRESS)
                    .then(|| address(value, transaction))
                    .flatten()
            })
            .ok_or(NoMapping::NoAddress),
        BINDING_ERROR => Err(Attributes(body)
            .find(|(kind, _)| *kind == ERROR_CODE)
            .and_then(|(_, value)| refusal(value))
            .unwrap_or(NoMapping::NoAddress)),
        _ => Err(NoMapping::NotOurs),
    }
}

/// Type and value of each attribute; ends where one breaks off.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_at_checked(4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = rest.get(..length)?;
        // Values are padded to four bytes; the last one's padding may be missing without harm.
        self.0 = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_be_bytes([head[0], head[1]]), value))
    }
}

/// XOR-MAPPED-ADDRESS, section 14.2: port and address are combined by exclusive or with the magic cookie, an address
/// of IPv6 with the transaction's id after it.
fn address(value: &[u8], transaction: &Transaction) -> Option<SocketAddr> {
    let [_, family, port @ ..] = value else {
        return None;
    };
    let (port, address) = port.split_first_chunk::<2>()?;
    let port = u16::from_be_bytes([port[0] ^ MAGIC[0], port[1] ^ MAGIC[1]]);
    let mut key = [0; 16];
    key[..4].copy_from_slice(&MAGIC);
    key[4..].copy_from_slice(transaction);
    let ip = match *family {
        FAMILY_V4 => {
            let bytes: [u8; 4] = address.try_into().ok()?;
            Ipv4Addr::from(std::array::from_fn::<u8, 4, _>(|i| bytes[i] ^ key[i])).into()
        }
        FAMILY_V6 => {
            let bytes: [u8; 16] = address.try_into().ok()?;
            Ipv6Addr::from(std::array::from_fn::<u8, 16, _>(|i| bytes[i] ^ key[i])).into()
        }
        _ => return None,
    };
    (port > 0).then(|| SocketAddr::new(ip, port))
}

/// ERROR-CODE, section 14.8: the hundreds, the rest, and words.
fn refusal(value: &[u8]) -> Option<NoMapping> {
    let ([_, _, hundreds, rest], reason) = value.split_first_chunk::<4>()?;
    Some(NoMapping::Refused {
        code: u16::from(hundreds & 0b111) * 100 + u16::from(*rest),
        reason: String::from_utf8_lossy(reason)
            .chars()
            .filter(|c| !c.is_control())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend((value.len() as u16).to_be_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(kind: u16, transaction: &Transaction, attributes: &[Vec<u8>]) -> Vec<u8> {
        let body = attributes.concat();
        let mut bytes = head(kind, transaction).to_vec();
        bytes[2..4].copy_from_slice(&(body.len() as u16).to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn xor_mapped(address: SocketAddr, transaction: &Transaction) -> Vec<u8> {
        let mut value = vec![0, if address.is_ipv4() { 1 } else { 2 }];
        value.extend((address.port() ^ 0x2112).to_be_bytes());
        let key = [&MAGIC[..], transaction].concat();
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        value.extend(ip.iter().zip(key).map(|(byte, key)| byte ^ key));
        attribute(XOR_MAPPED_ADDRESS, &value)
    }

    fn any_address() -> impl Strategy<Value = SocketAddr> {
        (any::<IpAddr>(), 1_u16..).prop_map(|(ip, port)| SocketAddr::new(ip, port))
    }

    proptest! {
        #[test]
        fn the_mapped_address_is_read_whatever_else_is_told(
            address in any_address(),
            transaction: Transaction,
            before in proptest::collection::vec((0x0021_u16.., proptest::collection::vec(any::<u8>(), 0..40)), 0..4),
        ) {
            let mut attributes: Vec<Vec<u8>> =
                before.iter().map(|(kind, value)| attribute(*kind, value)).collect();
            attributes.push(xor_mapped(address, &transaction));
            let answer = message(BINDING_SUCCESS, &transaction, &attributes);
            prop_assert_eq!(mapped(&answer, &transaction), Ok(address));
        }

        #[test]
        fn an_answer_to_another_request_is_not_ours(address in any_address(), ours: Transaction, other: Transaction) {
            prop_assume!(ours != other);
            let answer = message(BINDING_SUCCESS, &other, &[xor_mapped(address, &other)]);
            prop_assert_eq!(mapped(&answer, &ours), Err(NoMapping::NotOurs));
        }

        #[test]
        fn nothing_that_arrives_does_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), transaction: Transaction) {
            let _ = mapped(&bytes, &transaction);
            let mut ours = message(BINDING_SUCCESS, &transaction, &[]);
            ours[2..4].copy_from_slice(&(bytes.len() as u16).to_be_bytes());
            ours.extend(&bytes);
            let _ = mapped(&ours, &transaction);
        }

        #[test]
        fn an_answer_that_breaks_off_has_no_address(address in any_address(), transaction: Transaction, cut in 1_usize..8) {
            let mut answer = message(BINDING_SUCCESS, &transaction, &[xor_mapped(address, &transaction)]);
            answer.truncate(answer.len() - cut);
            prop_assert_eq!(mapped(&answer, &transaction), Err(NoMapping::NoAddress));
        }

        #[test]
        fn a_server_is_read_back_from_its_text(ip: IpAddr, port in 1_u16..) {
            let server = Server { host: ip.to_string(), port };
            prop_assert_eq!(server.to_string().parse(), Ok(server));
        }
    }

    #[test]
    fn the_sample_answers_of_rfc_5769_are_read() {
        let transaction: Transaction = [
            0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
        ];
        let v4 = [0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        let v6 = [
            0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4,
            0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
        ];
        let software = attribute(0x8022, b"test vector");
        let read = |value: &[u8]| {
            let attributes = [software.clone(), attribute(XOR_MAPPED_ADDRESS, value)];
            mapped(
                &message(BINDING_SUCCESS, &transaction, &attributes),
                &transaction,
            )
        };
        assert_eq!(read(&v4), Ok("192.0.2.1:32853".parse().unwrap()));
        assert_eq!(
            read(&v6),
            Ok("[2001:db8:1234:5678:11:2233:4455:6677]:32853"
                .parse()
                .unwrap())
        );
    }

    #[test]
    fn a_request_is_the_head_alone() {
        let bytes = request(&[7; 12]);
        assert_eq!(bytes[..8], [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
        assert_eq!(bytes[8..], [7; 12]);
        assert_eq!(indication(&[7; 12])[..2], [0, 0x11]);
    }

    #[test]
    fn a_refusal_is_told_with_its_code() {
        let answer = message(
            BINDING_ERROR,
            &[1; 12],
            &[attribute(ERROR_CODE, b"\0\0\x04\x14Unknown Attribute")],
        );
        let refused = mapped(&answer, &[1; 12]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "it answered with error 420 Unknown Attribute"
        );
    }

    #[test]
    fn servers_are_names_or_addresses_with_or_without_a_port() {
        let table = [
            ("stun.example.org", Some("stun.example.org:3478")),
            ("stun.example.org:19302", Some("stun.example.org:19302")),
            ("127.0.0.1:9", Some("127.0.0.1:9")),
            ("192.0.2.1", Some("192.0.2.1:3478")),
            ("2001:db8::1", Some("[2001:db8::1]:3478")),
            ("[2001:db8::1]", Some("[2001:db8::1]:3478")),
            ("[2001:db8::1]:5", Some("[2001:db8::1]:5")),
            ("", None),
            (":3478", None),
            ("host:", None),
            ("host:0", None),
            ("1.2.3.4:0", None),
            ("host:port", None),
            ("a b", None),
        ];
        for (text, shown) in table {
            let server = text.parse::<Server>().ok();
            assert_eq!(
                server.map(|server| server.to_string()).as_deref(),
                shown,
                "{text}"
            );
        }
    }
}
