//! The characters a picture is made of, for terminals with and without Unicode.

use ratatui::symbols::border;

/// Which characters are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlyphSet {
    /// Lines, blocks and signs of Unicode.
    Utf8,
    /// ASCII only.
    Ascii,
}

/// The characters the picture is made of.
#[derive(Debug, Clone, Copy)]
pub struct Glyphs {
    /// Frames of panes.
    pub border: border::Set<'static>,
    /// Columns of a histogram, from empty to full.
    pub levels: &'static [&'static str],
    /// Progress made.
    pub full: &'static str,
    /// Progress to come.
    pub rest: &'static str,
    /// Between a value and its uncertainty.
    pub plus_minus: &'static str,
    /// How often.
    pub times: &'static str,
    /// The prefix of a millionth.
    pub micro: &'static str,
    /// From function to host.
    pub outbound: &'static str,
    /// From host to function.
    pub inbound: &'static str,
    /// The row in progress.
    pub here: &'static str,
    /// Median of warm starts in a chart.
    pub warm: &'static str,
    /// Median of cold starts in a chart.
    pub cold: &'static str,
    /// Both in one place.
    pub both: &'static str,
    /// One sample in a chart.
    pub sample: &'static str,
    /// Dots of a character in a chart: columns, rows.
    pub fine: (usize, usize),
    /// A fitted line in a chart.
    pub line: &'static str,
    /// An edge of its band.
    pub band: &'static str,
    /// A horizontal axis.
    pub axis: &'static str,
    /// A tick on it.
    pub tick: &'static str,
    /// A vertical axis.
    pub upright: &'static str,
    /// Where the axes meet.
    pub corner: &'static str,
    /// Text that goes on.
    pub more: &'static str,
    /// Between the parts of a heading.
    pub dot: &'static str,
}

const UTF8: Glyphs = Glyphs {
    border: border::PLAIN,
    levels: &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    full: "█",
    rest: "░",
    plus_minus: "±",
    times: "×",
    micro: "µ",
    outbound: "→",
    inbound: "←",
    here: "◄",
    warm: "○",
    cold: "●",
    both: "◉",
    sample: "·",
    fine: (2, 4),
    line: "─",
    band: "┈",
    axis: "─",
    tick: "┴",
    upright: "│",
    corner: "└",
    more: "…",
    dot: "·",
};

const ASCII: Glyphs = Glyphs {
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    levels: &[" ", ".", ":", "#"],
    full: "#",
    rest: ".",
    plus_minus: "+-",
    times: "x",
    micro: "u",
    outbound: "->",
    inbound: "<-",
    here: "<",
    warm: "o",
    cold: "@",
    both: "8",
    sample: ".",
    fine: (1, 1),
    line: "-",
    band: "'",
    axis: "-",
    tick: "+",
    upright: "|",
    corner: "+",
    more: "~",
    dot: "-",
};

impl Glyphs {
    /// The characters of this set.
    pub fn of(set: GlyphSet) -> Self {
        match set {
            GlyphSet::Utf8 => UTF8,
            GlyphSet::Ascii => ASCII,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ASCII;

    #[test]
    fn every_ascii_glyph_is_ascii() {
        let text = format!("{ASCII:?}");
        assert!(text.is_ascii(), "{text}");
    }
}
