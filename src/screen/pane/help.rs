//! All keys and all marks, over the panes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::log::wrap;
use super::put;
use crate::screen::draw::Scene;
use crate::screen::keys::KEYS;
use crate::screen::layout::middle;
use crate::screen::theme::Meaning;

/// Columns of the names of the keys.
const NAMES: usize = 11;
/// Columns of the box.
const WIDTH: u16 = 78;

/// Draws it; as much as fits, from the line it is scrolled to.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let lines = lines(scene, area.width.min(WIDTH).saturating_sub(2));
    let whole = middle(area, WIDTH, lines.len() as u16 + 2);
    let room = usize::from(whole.height.saturating_sub(2));
    let top = scene.view.help_top.min(lines.len().saturating_sub(room));
    let mut block = Block::bordered()
        .border_set(scene.theme.glyphs.border)
        .border_style(scene.theme.style(Meaning::Focus))
        .title(Line::styled(" help ", scene.theme.style(Meaning::Focus)));
    if room < lines.len() {
        let below = lines.len() - room - top;
        block = block.title_bottom(Line::from(format!(" {below} more below, arrows scroll ")));
    }
    let inside = block.inner(whole);
    frame.render_widget(Clear, whole);
    frame.render_widget(block, whole);
    for (row, line) in lines.into_iter().skip(top).enumerate() {
        put(frame, inside, row as u16, line);
    }
}

fn lines(scene: &Scene, width: u16) -> Vec<Line<'static>> {
    let mut rows: Vec<(String, String)> = Vec::new();
    for key in KEYS {
        match rows.last_mut() {
            Some((names, help)) if help == key.help => *names = format!("{names}, {}", key.name),
            _ => rows.push((key.name.into(), key.help.into())),
        }
    }
    let (here, sign) = (scene.theme.glyphs.here, scene.theme.glyphs.plus_minus);
    rows.push((
        "marks".into(),
        format!("x failed  - skipped  ? no clock  * left out  ! look here  {here} in progress"),
    ));
    rows.push((
        "n".into(),
        format!("samples that count; {sign} 95 %: how far the median's interval reaches"),
    ));
    rows.into_iter()
        .flat_map(|(names, help)| row(scene, &names, &help, width))
        .collect()
}

/// A name and its explanation, on as many lines as that needs.
fn row(scene: &Scene, name: &str, help: &str, width: u16) -> Vec<Line<'static>> {
    let (key, text) = (
        scene.theme.style(Meaning::Heading),
        scene.theme.style(Meaning::Text),
    );
    let room = usize::from(width).saturating_sub(NAMES + 2);
    let lines = wrap(help, room, room).into_iter().enumerate();
    let named = lines.map(|(place, line)| {
        let name = if place == 0 { name } else { "" };
        Line::from(vec![
            Span::styled(format!(" {name:NAMES$} "), key),
            Span::styled(line, text),
        ])
    });
    named.collect()
}
