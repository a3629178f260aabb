//! Small marks in a plot, finer than a character where the terminal has braille: what matters more lies on top.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::glyphs::Glyphs;

/// The first of the braille characters; the others follow by which dots they have.
const BRAILLE: u32 = 0x2800;
/// The bit of each dot, by row and column.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// What a mark is; a later one hides those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// An edge of a band.
    Band,
    /// A fitted line.
    Line,
    /// A sample.
    Sample,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    layer: Layer,
    bits: u8,
    style: Style,
}

/// The marks of one plot.
#[derive(Debug)]
pub struct Raster {
    area: Rect,
    /// Dots of a character: columns, rows.
    fine: (usize, usize),
    marks: Vec<Option<Mark>>,
}

impl Raster {
    /// None yet in this area.
    pub fn new(area: Rect, glyphs: &Glyphs) -> Self {
        Self {
            area,
            fine: glyphs.fine,
            marks: vec![None; usize::from(area.width) * usize::from(area.height)],
        }
    }

    /// Dots from left to right in one character.
    pub fn across(&self) -> usize {
        self.fine.0
    }

    /// Dots from top to bottom of the area.
    pub fn rows(&self) -> usize {
        usize::from(self.area.height) * self.fine.1
    }

    /// Adds a dot; nothing outside the area, or under what matters more.
    pub fn put(&mut self, (x, y): (usize, usize), layer: Layer, style: Style) {
        let (column, row) = (x / self.fine.0, y / self.fine.1);
        if column >= usize::from(self.area.width) || row >= usize::from(self.area.height) {
            return;
        }
        let place = row * usize::from(self.area.width) + column;
        let bit = BITS[y % self.fine.1][x % self.fine.0];
        let mark = self.marks[place].get_or_insert(Mark {
            layer,
            bits: 0,
            style,
        });
        if layer > mark.layer {
            (mark.layer, mark.bits) = (layer, 0);
        }
        if layer == mark.layer {
            mark.bits |= bit;
            mark.style = style;
        }
    }

    /// Draws them.
    pub fn draw(&self, frame: &mut Frame, glyphs: &Glyphs) {
        let width = usize::from(self.area.width).max(1);
        for (place, mark) in self.marks.iter().enumerate() {
            let Some(mark) = mark else { continue };
            let at = (
                self.area.x + (place % width) as u16,
                self.area.y + (place / width) as u16,
            );
            let Some(cell) = frame.buffer_mut().cell_mut(at) else {
                continue;
            };
            cell.set_style(Style::reset().patch(mark.style));
            match (self.fine, mark.layer) {
                ((1, 1), Layer::Band) => cell.set_symbol(glyphs.band),
                ((1, 1), Layer::Line) => cell.set_symbol(glyphs.line),
                ((1, 1), Layer::Sample) => cell.set_symbol(glyphs.sample),
                _ => cell
                    .set_char(char::from_u32(BRAILLE + u32::from(mark.bits)).unwrap_or_default()),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::screen::glyphs::GlyphSet;

    fn drawn(set: GlyphSet, dots: &[((usize, usize), Layer)]) -> String {
        let glyphs = Glyphs::of(set);
        let mut terminal = Terminal::new(TestBackend::new(3, 1)).expect("a buffer");
        let draw = |frame: &mut Frame| {
            let mut raster = Raster::new(frame.area(), &glyphs);
            for (at, layer) in dots {
                raster.put(*at, *layer, Style::new());
            }
            raster.draw(frame, &glyphs);
        };
        terminal.draw(draw).expect("a buffer takes every frame");
        let cells = terminal.backend().buffer().content.iter();
        cells.map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn dots_share_a_character_and_samples_hide_lines() {
        let dots = [
            ((0, 0), Layer::Sample),
            ((1, 3), Layer::Sample),
            ((1, 0), Layer::Line),
            ((2, 1), Layer::Band),
            ((3, 1), Layer::Line),
            ((9, 9), Layer::Sample),
        ];
        assert_eq!(drawn(GlyphSet::Utf8, &dots), "⢁⠐ ");
        let coarse = [
            ((0, 0), Layer::Line),
            ((0, 0), Layer::Sample),
            ((1, 0), Layer::Band),
        ];
        assert_eq!(drawn(GlyphSet::Ascii, &coarse), ".' ");
    }
}
