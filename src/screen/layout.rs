//! The size of the terminal → rectangles. Pure; any size is fine, even none.
//!
//! As room shrinks, what leaves first is the chart, then log, clock and packets, then the table of
//! sizes, then the histogram; the numbers a person looks for stay, down to a single line. Where there are
//! panes at all, one that has left takes another's place while it has the focus.

use ratatui::layout::Rect;

/// A framed part of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The table of sizes and start kinds.
    Sizes,
    /// The histogram of round trips.
    RoundTrips,
    /// The clock estimate.
    Clock,
    /// Counts of datagrams.
    Packets,
    /// Invocation time against size.
    Chart,
    /// The log.
    Log,
    /// The table of samples of a recorded run; only alone.
    Samples,
    /// The exchanges of one sample; only alone.
    Exchanges,
}

impl Pane {
    /// Those that stand beside each other, in the order in which Tab visits them.
    pub const ALL: [Self; 6] = [
        Self::Sizes,
        Self::Chart,
        Self::RoundTrips,
        Self::Clock,
        Self::Packets,
        Self::Log,
    ];

    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sizes => "sizes",
            Self::RoundTrips => "round trips",
            Self::Clock => "clock",
            Self::Packets => "datagrams",
            Self::Chart => "invocation time by size",
            Self::Log => "log",
            Self::Samples => "samples",
            Self::Exchanges => "exchanges",
        }
    }
}

/// How much can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Two columns with every pane: from 120x30.
    Wide,
    /// Two columns: from 72x12, and in full at 80x24.
    Standard,
    /// One column: from 44x16.
    Narrow,
    /// Two status lines and six numbers: from 20x4.
    Small,
    /// One line.
    Line,
}

impl Shape {
    /// What fits into an area.
    pub fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (120.., 30..) => Self::Wide,
            (72.., 12..) => Self::Standard,
            (44.., 16..) => Self::Narrow,
            (20.., 4..) => Self::Small,
            _ => Self::Line,
        }
    }
}

/// Where everything goes. A part that has no room has an empty rectangle, or none at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// How much is shown.
    pub shape: Shape,
    /// What runs, where and how it stands.
    pub header: Rect,
    /// What is being done now.
    pub now: Rect,
    /// How far the run is.
    pub progress: Rect,
    /// The framed parts, in Tab's order.
    pub panes: Vec<(Pane, Rect)>,
    /// The six numbers of a small screen.
    pub numbers: Rect,
    /// Keys, or a message.
    pub footer: Rect,
}

impl Placement {
    /// Whether this pane is on the screen.
    pub fn shows(&self, pane: Pane) -> bool {
        self.panes.iter().any(|(placed, _)| *placed == pane)
    }
}

/// Lays out `area` for a run of `sizes` sizes with the focus on a pane; a zoomed one takes the room of all.
pub fn place(area: Rect, sizes: usize, focus: Pane, zoom: Option<Pane>) -> Placement {
    let shape = Shape::of(area);
    let mut rest = area;
    let has_header = !matches!(shape, Shape::Small | Shape::Line);
    let status_rows = u16::from(shape != Shape::Line);
    let footer_rows =
        u16::from(has_header || area.height >= 6 || (shape == Shape::Line && area.height >= 2));
    let header = cut_top(&mut rest, u16::from(has_header));
    let now = cut_top(&mut rest, 1);
    let progress = cut_top(&mut rest, status_rows);
    let footer = cut_bottom(&mut rest, footer_rows);
    let (mut panes, mut numbers) = (Vec::new(), Rect::default());
    let table = (sizes + 3).min(200) as u16;
    match (shape, zoom) {
        (Shape::Line, _) => {}
        (_, Some(pane)) => panes.push((pane, rest)),
        (Shape::Wide, None) => wide(&mut panes, rest, table),
        (Shape::Standard, None) => standard(&mut panes, rest, table),
        (Shape::Narrow, None) => narrow(&mut panes, rest, table),
        (Shape::Small, None) => numbers = rest,
    }
    if zoom.is_none() {
        let gives_way = stand_in(focus);
        let shown = panes.iter().any(|(pane, _)| *pane == focus);
        let place = panes.iter_mut().find(|(pane, _)| *pane == gives_way);
        if let Some((pane, _)) = place.filter(|_| !shown) {
            *pane = focus;
        }
    }
    panes.retain(|(_, area)| !area.is_empty());
    panes.sort_by_key(|(pane, _)| Pane::ALL.iter().position(|other| other == pane));
    Placement {
        shape,
        header,
        now,
        progress,
        panes,
        numbers,
        footer,
    }
}

/// The pane in whose place one is shown that has none.
fn stand_in(pane: Pane) -> Pane {
    match pane {
        Pane::Chart => Pane::Sizes,
        _ => Pane::RoundTrips,
    }
}

const CLOCK_ROWS: u16 = 5;
const CLOCK_ROWS_LEAST: u16 = 4;
const PACKET_ROWS: u16 = 6;
const CHART_ROWS_LEAST: u16 = 10;
const TABLES_ROWS_LEAST: u16 = 9;

fn wide(panes: &mut Vec<(Pane, Rect)>, body: Rect, table: u16) {
    let (mut left, mut right) = (body, body);
    left = cut_left(&mut right, left.width * 53 / 100);
    let chart_rows = left.height.saturating_sub(table).max(left.height / 3);
    panes.push((Pane::Chart, cut_bottom(&mut left, chart_rows)));
    panes.push((Pane::Sizes, left));
    panes.push((Pane::RoundTrips, cut_top(&mut right, body.height * 4 / 10)));
    panes.push((Pane::Clock, cut_top(&mut right, CLOCK_ROWS)));
    panes.push((Pane::Packets, cut_top(&mut right, PACKET_ROWS)));
    panes.push((Pane::Log, right));
}

fn standard(panes: &mut Vec<(Pane, Rect)>, body: Rect, table: u16) {
    let mut right = body;
    let mut left = cut_left(&mut right, body.width * 55 / 100);
    let facts = CLOCK_ROWS_LEAST + PACKET_ROWS;
    if body.height < facts + TABLES_ROWS_LEAST {
        panes.push((Pane::Sizes, left));
        panes.push((Pane::RoundTrips, right));
        return;
    }
    panes.push((Pane::Packets, cut_bottom(&mut left, PACKET_ROWS)));
    panes.push((Pane::Clock, cut_bottom(&mut left, CLOCK_ROWS_LEAST)));
    let spare = left.height.saturating_sub(table);
    if spare >= CHART_ROWS_LEAST {
        panes.push((Pane::Chart, cut_bottom(&mut left, spare)));
    }
    panes.push((Pane::Sizes, left));
    let histogram = if body.height < 30 {
        body.height - facts
    } else {
        body.height * 45 / 100
    };
    panes.push((Pane::RoundTrips, cut_top(&mut right, histogram)));
    panes.push((Pane::Log, right));
}

fn narrow(panes: &mut Vec<(Pane, Rect)>, mut body: Rect, table: u16) {
    let histogram = (body.height * 3 / 10).max(7);
    panes.push((Pane::RoundTrips, cut_top(&mut body, histogram)));
    if body.height >= CLOCK_ROWS_LEAST + PACKET_ROWS + 5 {
        panes.push((Pane::Packets, cut_bottom(&mut body, PACKET_ROWS)));
        panes.push((Pane::Clock, cut_bottom(&mut body, CLOCK_ROWS_LEAST)));
    }
    let spare = body.height.saturating_sub(table);
    if spare >= 4 {
        panes.push((Pane::Log, cut_bottom(&mut body, spare)));
    }
    panes.push((Pane::Sizes, body));
}

/// A box of at most this size in the middle of `area`.
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// Takes up to `rows` rows from the top of `rest`.
pub fn cut_top(rest: &mut Rect, rows: u16) -> Rect {
    let height = rows.min(rest.height);
    let piece = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    piece
}

/// Takes up to `rows` rows from the bottom of `rest`.
pub fn cut_bottom(rest: &mut Rect, rows: u16) -> Rect {
    let height = rows.min(rest.height);
    rest.height -= height;
    Rect {
        y: rest.y + rest.height,
        height,
        ..*rest
    }
}

/// Takes up to `columns` columns from the left of `rest`.
pub fn cut_left(rest: &mut Rect, columns: u16) -> Rect {
    let width = columns.min(rest.width);
    let piece = Rect { width, ..*rest };
    rest.x += width;
    rest.width -= width;
    piece
}

#[cfg(test)]
mod tests;
