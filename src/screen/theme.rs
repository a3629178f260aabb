//! Meaning → style.
//!
//! Colour only repeats what a word or a mark says already. Colours are the terminal's own sixteen by
//! name, so that light and dark backgrounds both stay readable; white, black, yellow and grey, which
//! vanish on one of them, are not used.

use ratatui::style::{Color, Modifier, Style};

use super::glyphs::{GlyphSet, Glyphs};

/// What the user wants; `None` asks the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThemeChoice {
    /// Colours, or bold, reverse, underline and dim alone.
    pub palette: Option<Palette>,
    /// The characters to draw with.
    pub glyphs: Option<GlyphSet>,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// The terminal's own colours, by name.
    Colour,
    /// Bold, reverse, underline and dim only.
    Mono,
}

/// What a piece of the picture means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Ordinary text.
    Text,
    /// What names a value, and whatever matters less.
    Label,
    /// A value to be read first.
    Value,
    /// The program's name, headings.
    Heading,
    /// A pane's frame.
    Border,
    /// The frame of the pane that has the focus.
    Focus,
    /// A warm start.
    Warm,
    /// A cold start.
    Cold,
    /// As it should be: running, complete, progress.
    Good,
    /// Someone should look at it.
    Warning,
    /// A sample was lost.
    Error,
    /// Datagrams were lost.
    Lost,
    /// Standing still: paused, frozen, a question.
    Standing,
    /// A key that can be pressed.
    Key,
    /// A key that can do nothing now.
    KeyOff,
}

/// How everything looks.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    palette: Palette,
    /// The characters to draw with.
    pub glyphs: Glyphs,
}

impl Theme {
    /// A theme with nothing left open.
    pub fn new(palette: Palette, glyphs: GlyphSet) -> Self {
        Self {
            palette,
            glyphs: Glyphs::of(glyphs),
        }
    }

    /// What was chosen, and for the rest what the environment says: a non-empty `NO_COLOR` means no
    /// colours, and a locale that is not UTF-8 (`LC_ALL`, else `LC_CTYPE`, else `LANG`) means ASCII.
    pub fn resolve(choice: ThemeChoice, environment: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let palette = || {
            if set("NO_COLOR").is_some() {
                Palette::Mono
            } else {
                Palette::Colour
            }
        };
        let glyphs = || {
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
                .into_iter()
                .find_map(set)
                .unwrap_or_default();
            let locale = locale.to_lowercase().replace('-', "");
            if locale.contains("utf8") {
                GlyphSet::Utf8
            } else {
                GlyphSet::Ascii
            }
        };
        Self::new(
            choice.palette.unwrap_or_else(palette),
            choice.glyphs.unwrap_or_else(glyphs),
        )
    }

    /// Whether colours are used.
    pub fn palette(&self) -> Palette {
        self.palette
    }

    /// How this meaning looks.
    pub fn style(&self, meaning: Meaning) -> Style {
        match self.palette {
            Palette::Colour => colour(meaning),
            Palette::Mono => mono(meaning),
        }
    }
}

fn colour(meaning: Meaning) -> Style {
    let plain = Style::new();
    match meaning {
        Meaning::Text | Meaning::Key => plain,
        Meaning::Label | Meaning::Border | Meaning::KeyOff => plain.add_modifier(Modifier::DIM),
        Meaning::Value | Meaning::Heading => plain.add_modifier(Modifier::BOLD),
        Meaning::Focus => plain.fg(Color::Blue).add_modifier(Modifier::BOLD),
        Meaning::Warm => plain.fg(Color::Magenta),
        Meaning::Cold => plain.fg(Color::Cyan),
        Meaning::Good => plain.fg(Color::Green),
        Meaning::Warning => plain.fg(Color::Red),
        Meaning::Error => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
        Meaning::Lost => plain.fg(Color::Red).add_modifier(Modifier::UNDERLINED),
        Meaning::Standing => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
    }
}

fn mono(meaning: Meaning) -> Style {
    let modifier = match meaning {
        Meaning::Text | Meaning::Warm | Meaning::Good | Meaning::Key => Modifier::empty(),
        Meaning::Label | Meaning::Border | Meaning::KeyOff => Modifier::DIM,
        Meaning::Value | Meaning::Heading | Meaning::Focus | Meaning::Cold | Meaning::Warning => {
            Modifier::BOLD
        }
        Meaning::Lost => Modifier::BOLD.union(Modifier::UNDERLINED),
        Meaning::Error | Meaning::Standing => Modifier::BOLD.union(Modifier::REVERSED),
    };
    Style::new().add_modifier(modifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(environment: &'static [(&'static str, &'static str)]) -> Theme {
        Theme::resolve(ThemeChoice::default(), |name| {
            environment
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).into())
        })
    }

    #[test]
    fn no_color_takes_the_colours_away_and_an_empty_one_does_not() {
        assert_eq!(with(&[("NO_COLOR", "1")]).palette(), Palette::Mono);
        assert_eq!(with(&[("NO_COLOR", "")]).palette(), Palette::Colour);
        assert_eq!(with(&[]).palette(), Palette::Colour);
    }

    #[test]
    fn a_locale_without_utf8_gets_ascii() {
        assert_eq!(with(&[("LANG", "en_GB.UTF-8")]).glyphs.full, "█");
        assert_eq!(with(&[("LANG", "C.utf8")]).glyphs.full, "█");
        assert_eq!(with(&[("LANG", "C")]).glyphs.full, "#");
        assert_eq!(
            with(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")])
                .glyphs
                .full,
            "#"
        );
        assert_eq!(
            with(&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]).glyphs.full,
            "█"
        );
    }

    #[test]
    fn the_mono_theme_has_no_colour() {
        for meaning in [
            Meaning::Warm,
            Meaning::Cold,
            Meaning::Lost,
            Meaning::Error,
            Meaning::Focus,
        ] {
            assert_eq!(mono(meaning).fg, None);
        }
    }
}
