//! What happened, newest last.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::board::{LogLine, Severity};

use super::{framed, indented, put, remark};
use crate::screen::draw::Scene;
use crate::screen::format;
use crate::screen::layout::Pane;
use crate::screen::theme::Meaning;

/// Columns of the time of day and the mark before the text.
const MARGIN: usize = 11;
/// Columns before the further lines of an entry where there are few.
const MARGIN_LEAST: usize = 2;
/// Width from which an entry's lines begin below each other.
const ROOMY: usize = 48;

/// Draws it: whole entries from the newest (or where it is scrolled to) upwards.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let log = &scene.board.log;
    let back = scene.view.log_back.min(log.len().saturating_sub(1));
    let notes = if back > 0 {
        vec![remark(scene, 0, format!("{back} newer below, End follows"))]
    } else {
        Vec::new()
    };
    let inside = indented(framed(frame, area, Pane::Log, scene, Vec::new(), notes));
    let mut lines: Vec<Line> = Vec::new();
    let last = if back > 0 {
        Vec::new()
    } else {
        super::ending::lines(scene)
    };
    for entry in last.into_iter().chain(newest(scene, back)) {
        let wrapped = entry_lines(scene, &entry, usize::from(inside.width));
        if lines.len() + wrapped.len() > usize::from(inside.height) && !lines.is_empty() {
            break;
        }
        lines.splice(0..0, wrapped);
    }
    for (row, line) in lines.into_iter().enumerate() {
        put(frame, inside, row as u16, line);
    }
}

/// The lines of the log without the last `back`, the newest first; those that say the same one after the other are one
/// line with their number.
pub fn newest(scene: &Scene, back: usize) -> impl Iterator<Item = LogLine> {
    let lines = scene.board.log.iter().rev().skip(back);
    folded(lines.map(AsRef::as_ref), scene.theme.glyphs.times)
}

fn folded<'a>(
    lines: impl Iterator<Item = &'a LogLine>,
    times: &'static str,
) -> impl Iterator<Item = LogLine> {
    let mut lines = lines.peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.clone();
        let same = |other: &&LogLine| (other.severity, &other.text) == (line.severity, &line.text);
        let mut count = 1;
        while lines.next_if(same).is_some() {
            count += 1;
        }
        if count > 1 {
            line.text = format!("{} ({times}{count})", line.text);
        }
        Some(line)
    })
}

/// The mark of a severity, and how it looks.
pub fn mark(severity: Severity) -> (&'static str, Meaning) {
    match severity {
        Severity::Note => (" ", Meaning::Text),
        Severity::Warning => ("!", Meaning::Warning),
        Severity::Error => ("x", Meaning::Error),
    }
}

fn entry_lines(scene: &Scene, entry: &LogLine, width: usize) -> Vec<Line<'static>> {
    let (mark, meaning) = mark(entry.severity);
    let time = format::time_of_day(entry.wall, scene.zone);
    let indent = if width < ROOMY { MARGIN_LEAST } else { MARGIN };
    let lines = wrap(
        &entry.text,
        width.saturating_sub(MARGIN),
        width.saturating_sub(indent),
    );
    let text = scene.theme.style(if entry.severity == Severity::Error {
        Meaning::Value
    } else {
        Meaning::Text
    });
    let dressed = lines.into_iter().enumerate().map(|(row, line)| {
        let lead = match row {
            0 => [
                Span::styled(format!("{time:8} "), scene.theme.style(Meaning::Label)),
                Span::styled(mark, scene.theme.style(meaning)),
                Span::raw(" "),
            ],
            _ => [Span::raw(" ".repeat(indent)), Span::raw(""), Span::raw("")],
        };
        Line::from(
            lead.into_iter()
                .chain([Span::styled(line, text)])
                .collect::<Vec<_>>(),
        )
    });
    dressed.collect()
}

/// Breaks a text into lines, the first of at most `first` columns, the others of at most `width`:
/// between words, else within one that is too long.
pub fn wrap(text: &str, first: usize, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let room = if lines.len() == 1 { first } else { width }.max(1);
            let space = usize::from(length > 0);
            let free = room.saturating_sub(length + space);
            if columns(rest) > free && length > 0 {
                lines.push(String::new());
                length = 0;
                continue;
            }
            let (piece, after) = rest.split_at(beginning(rest, free));
            rest = after;
            length += space + columns(piece);
            if let Some(line) = lines.last_mut() {
                line.extend(std::iter::repeat_n(' ', space));
                line.push_str(piece);
            }
        }
    }
    lines
}

/// Columns that a text takes: two for a wide character.
fn columns(text: &str) -> usize {
    Span::raw(text).width()
}

/// Bytes of as many characters from the beginning as `room` columns can hold, one at the least.
fn beginning(text: &str, room: usize) -> usize {
    let ends = text
        .char_indices()
        .map(|(at, letter)| at + letter.len_utf8());
    let fitting = ends
        .clone()
        .take_while(|end| columns(&text[..*end]) <= room);
    fitting.last().or_else(|| ends.clone().next()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{LogLine, Severity, folded, wrap};

    #[test]
    fn lines_that_say_the_same_are_told_once_with_their_number() {
        let line = |wall, text: &str| LogLine {
            wall,
            severity: Severity::Note,
            text: text.into(),
        };
        let lines = [line(1, "b"), line(2, "a"), line(3, "a"), line(4, "b")];
        let told = folded(lines.iter().rev(), "x").map(|line| (line.wall, line.text));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [(4, "b".into()), (3, "a (x2)".into()), (1, "b".into())]
        );
    }

    #[test]
    fn lines_break_between_words_and_lose_none() {
        assert_eq!(
            wrap("asked cold, got warm (2 of 5)", 12, 12),
            ["asked cold,", "got warm (2", "of 5)"]
        );
        assert_eq!(
            wrap("asked cold, got warm", 6, 20),
            ["asked", "cold, got warm"]
        );
        assert_eq!(
            wrap("a verylongwordindeed b", 6, 6),
            ["a", "verylo", "ngword", "indeed", "b"]
        );
        assert_eq!(wrap("", 5, 5), [""]);
        assert_eq!(wrap("函数没有回答 x", 5, 5), ["函数", "没有", "回答", "x"]);
        assert_eq!(wrap("函", 1, 1), ["函"], "too wide, but not lost");
        assert_eq!(wrap("ab", 0, 0), ["a", "b"]);
    }
}
