//! Bytes from the terminal → keys.
//!
//! Own, since crossterm's reader (0.29) spins without end on a terminal that has vanished: its loop
//! leaves neither at end of file nor at an error, and a spinning thread would spoil the measurement.

/// A key as it was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Press {
    /// A character; shift is in its case.
    Char(char),
    /// A letter with Control.
    Control(char),
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Any other.
    Other,
}

const PASTE_BEGINS: &[u8] = b"200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";
/// No terminal sends a longer sequence for one key.
const LONGEST_SEQUENCE: usize = 32;

/// Turns what was read into keys. What is pasted is text, not keys, and is dropped.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
    pasting: bool,
}

impl Decoder {
    /// The keys in these bytes; the start of a sequence waits for its end in the next ones.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<Press> {
        let mut pending = std::mem::take(&mut self.held);
        pending.extend_from_slice(bytes);
        let mut rest = pending.as_slice();
        let mut keys = Vec::new();
        while !rest.is_empty() {
            if self.pasting {
                rest = self.skip_paste(rest);
                continue;
            }
            match first_key(rest) {
                Some((_, used)) if rest[..used].ends_with(PASTE_BEGINS) => {
                    self.pasting = true;
                    rest = &rest[used..];
                }
                Some((key, used)) => {
                    keys.push(key);
                    rest = &rest[used..];
                }
                None if rest.len() > LONGEST_SEQUENCE => rest = &[],
                None => {
                    self.held = rest.to_vec();
                    rest = &[];
                }
            }
        }
        keys
    }

    fn skip_paste<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        if let Some(end) = rest
            .windows(PASTE_ENDS.len())
            .position(|window| window == PASTE_ENDS)
        {
            self.pasting = false;
            return &rest[end + PASTE_ENDS.len()..];
        }
        self.held = rest[rest.len().saturating_sub(PASTE_ENDS.len() - 1)..].to_vec();
        &[]
    }
}

/// The first key and its length in bytes; none when its sequence is not complete.
fn first_key(bytes: &[u8]) -> Option<(Press, usize)> {
    match bytes {
        [0x1b] | [0x1b, 0x1b, ..] => Some((Press::Escape, 1)),
        [0x1b, b'[', ..] => control_sequence(bytes),
        [0x1b, b'O'] | [] => None,
        [0x1b, b'O', last, ..] => Some((arrow(*last), 3)),
        // A character with Alt.
        [0x1b, ..] => Some((Press::Other, 2)),
        [b'\r' | b'\n', ..] => Some((Press::Enter, 1)),
        [b'\t', ..] => Some((Press::Tab, 1)),
        [byte @ 1..=26, ..] => Some((Press::Control(char::from(byte - 1 + b'a')), 1)),
        [byte @ 0x20..=0x7e, ..] => Some((Press::Char(char::from(*byte)), 1)),
        [byte, ..] => {
            let length = match byte {
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                _ => 1,
            };
            (bytes.len() >= length).then_some((Press::Other, length))
        }
    }
}

fn control_sequence(bytes: &[u8]) -> Option<(Press, usize)> {
    let length = 2 + bytes[2..]
        .iter()
        .position(|byte| (0x40..=0x7e).contains(byte))?;
    let key = match &bytes[2..=length] {
        [last] => arrow(*last),
        b"1~" | b"7~" => Press::Home,
        b"4~" | b"8~" => Press::End,
        b"5~" => Press::PageUp,
        b"6~" => Press::PageDown,
        _ => Press::Other,
    };
    Some((key, length + 1))
}

fn arrow(last: u8) -> Press {
    match last {
        b'A' => Press::Up,
        b'B' => Press::Down,
        b'C' => Press::Right,
        b'D' => Press::Left,
        b'H' => Press::Home,
        b'F' => Press::End,
        b'Z' => Press::BackTab,
        _ => Press::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Press> {
        Decoder::default().decode(bytes)
    }

    #[test]
    fn keys_arrive_as_they_were_pressed() {
        assert_eq!(
            keys(b"pS ?"),
            [
                Press::Char('p'),
                Press::Char('S'),
                Press::Char(' '),
                Press::Char('?')
            ]
        );
        assert_eq!(
            keys(b"\x03\x1a\t\r"),
            [
                Press::Control('c'),
                Press::Control('z'),
                Press::Tab,
                Press::Enter
            ]
        );
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[5~\x1b[6~"),
            [Press::Up, Press::Down, Press::PageUp, Press::PageDown]
        );
        assert_eq!(
            keys(b"\x1b[Z\x1b[H\x1b[4~\x1b[D\x1bOC"),
            [
                Press::BackTab,
                Press::Home,
                Press::End,
                Press::Left,
                Press::Right
            ]
        );
        assert_eq!(keys(b"\x1b"), [Press::Escape]);
        assert_eq!(keys(b"\x1b\x1b[A"), [Press::Escape, Press::Up]);
    }

    #[test]
    fn a_strange_key_is_one_key() {
        assert_eq!(keys("ä€".as_bytes()), [Press::Other, Press::Other]);
        assert_eq!(
            keys(b"\x1bs\x1b[15;2~s"),
            [Press::Other, Press::Other, Press::Char('s')]
        );
    }

    #[test]
    fn a_sequence_cut_in_two_is_still_one_key() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"\x1b[5"), []);
        assert_eq!(decoder.decode(b"~q"), [Press::PageUp, Press::Char('q')]);
    }

    #[test]
    fn pasted_text_presses_no_keys() {
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder.decode(b"p\x1b[200~sS qy\x1b[20"),
            [Press::Char('p')]
        );
        assert_eq!(decoder.decode(b"1~r"), [Press::Char('r')]);
        assert_eq!(keys(b"\x1b[200~q\x1b[201~f"), [Press::Char('f')]);
    }

    #[test]
    fn any_bytes_end() {
        let mut decoder = Decoder::default();
        for seed in 0..2000_u32 {
            let bytes = [seed * 7919, seed.wrapping_mul(2_654_435_761)]
                .map(u32::to_le_bytes)
                .concat();
            decoder.decode(&bytes);
            decoder.decode(b"\x1b[");
            assert!(decoder.held.len() <= LONGEST_SEQUENCE);
        }
    }
}
