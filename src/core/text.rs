//! SeBS's datagrams: the function sends its request id, the host sends it back as it came; `stop` ends the session.
//!
//! The texts carry no numbers, so a reply cannot be told from a late one; the exchanges are joined by time.

use std::net::SocketAddr;

use super::contract::Dialect;
use super::sample::Token;
use super::stamp;

/// The datagram that ends a session; it is not answered.
pub const STOP: &[u8] = b"stop";
/// Longest request id that is answered, bytes.
pub const LONGEST_ID: usize = 128;

/// The language of a datagram from a function; none when it can be neither.
///
/// A STAMP request has zeros where the reflector writes, and text has none, so that no datagram is both.
pub fn dialect(datagram: &[u8]) -> Option<Dialect> {
    if stamp::is_request(datagram) {
        return Some(Dialect::Stamp);
    }
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    let is_text = (1..=LONGEST_ID).contains(&datagram.len()) && datagram.iter().all(printable);
    is_text.then_some(Dialect::Text)
}

/// Whose text a session takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextIdentity {
    /// The token in hex, from whichever address it first comes: our own functions.
    Exactly(Token),
    /// The first id that nobody else claims: SeBS's own function, whose id the host learns only from its answer.
    First,
}

/// What a text datagram is to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Its request.
    Request,
    /// Its end.
    Stop,
    /// Its first request, unless another session has a better claim.
    Unclaimed,
    /// Nothing.
    Foreign,
}

/// The one function whose text a session answers.
#[derive(Debug, Clone)]
pub struct Speaker {
    id: Option<Id>,
    source: Option<SocketAddr>,
}

impl Speaker {
    /// Nobody has spoken yet.
    pub fn new(identity: TextIdentity) -> Self {
        let id = match identity {
            TextIdentity::Exactly(token) => Some(Id::of(token.to_string().as_bytes())),
            TextIdentity::First => None,
        };
        Self { id, source: None }
    }

    /// What a datagram of this text and source is to the session.
    pub fn claim(&self, text: &[u8], source: SocketAddr) -> Claim {
        let known_source = self.source == Some(source);
        match &self.id {
            _ if text == STOP && known_source => Claim::Stop,
            _ if text == STOP => Claim::Foreign,
            None => Claim::Unclaimed,
            Some(id) if id.bytes() == text && (known_source || self.source.is_none()) => {
                Claim::Request
            }
            Some(_) => Claim::Foreign,
        }
    }

    /// Takes the id and source of a request for its own; only the first counts.
    pub fn bind(&mut self, text: &[u8], source: SocketAddr) {
        self.id.get_or_insert_with(|| Id::of(text));
        self.source.get_or_insert(source);
    }
}

/// A request id, kept without allocation.
#[derive(Debug, Clone, Copy)]
struct Id {
    bytes: [u8; LONGEST_ID],
    length: usize,
}

impl Id {
    fn of(text: &[u8]) -> Self {
        let length = text.len().min(LONGEST_ID);
        let mut bytes = [0; LONGEST_ID];
        bytes[..length].copy_from_slice(&text[..length]);
        Self { bytes, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn text_and_stamp_are_told_apart() {
        let long = [b'x'; LONGEST_ID + 1];
        for (datagram, expected) in [
            (&b"8f1c-42"[..], Some(Dialect::Text)),
            (STOP, Some(Dialect::Text)),
            (&long[1..], Some(Dialect::Text)),
            (&[0; stamp::BASE], Some(Dialect::Stamp)),
            (&long, None),
            (b"", None),
            (b"two\nlines", None),
            ("zażółć".as_bytes(), None),
            (&[0; stamp::BASE - 1], None),
        ] {
            assert_eq!(dialect(datagram), expected, "{datagram:?}");
        }
    }

    #[test]
    fn only_the_function_that_spoke_first_is_heard_and_may_end_it() {
        for identity in [
            TextIdentity::First,
            TextIdentity::Exactly(Token([0xab; 16])),
        ] {
            let id = "ab".repeat(16);
            let mut speaker = Speaker::new(identity);
            assert_eq!(
                speaker.claim(STOP, source(1)),
                Claim::Foreign,
                "nobody has spoken"
            );
            assert!(matches!(
                speaker.claim(id.as_bytes(), source(1)),
                Claim::Request | Claim::Unclaimed
            ));
            speaker.bind(id.as_bytes(), source(1));
            assert_eq!(speaker.claim(id.as_bytes(), source(1)), Claim::Request);
            assert_eq!(speaker.claim(id.as_bytes(), source(2)), Claim::Foreign);
            assert_eq!(speaker.claim(b"other", source(1)), Claim::Foreign);
            assert_eq!(speaker.claim(STOP, source(2)), Claim::Foreign);
            assert_eq!(speaker.claim(STOP, source(1)), Claim::Stop);
        }
    }

    #[test]
    fn a_token_is_not_taken_by_another_id() {
        let speaker = Speaker::new(TextIdentity::Exactly(Token([1; 16])));
        assert_eq!(speaker.claim(b"8f1c", source(1)), Claim::Foreign);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(datagram in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut speaker = Speaker::new(TextIdentity::First);
            let _ = dialect(&datagram);
            speaker.bind(&datagram, source(1));
            let _ = speaker.claim(&datagram, source(1));
        }
    }
}
