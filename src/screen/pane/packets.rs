//! Datagrams: of the attempt in flight and of the whole run; over HTTP, the invocations that take their place.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::core::contract::Carrier;
use crate::core::sample::PacketCounts;

use super::{fact, framed, indented, put, remark};
use crate::screen::draw::Scene;
use crate::screen::layout::Pane;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;
use crate::screen::{facts, format};

/// What the columns are called, but for the arrows.
const HEADINGS: [&str; 5] = ["sent", "back", "lost ", "", "loss"];

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let inside = indented(framed(
        frame,
        area,
        Pane::Packets,
        scene,
        Vec::new(),
        Vec::new(),
    ));
    if scene.board.sync() == Carrier::Http {
        return follow_ups(frame, inside, scene);
    }
    let run = facts::packets(scene.board, scene.live);
    let glyphs = &scene.theme.glyphs;
    let arrows = ["", "", glyphs.outbound, glyphs.inbound, ""];
    let headings: Vec<String> = HEADINGS
        .iter()
        .zip(arrows)
        .map(|(name, arrow)| format!("{name}{arrow}"))
        .collect();
    let attempt = facts::packets_of_attempt(scene.board, scene.live);
    let rows =
        [("try", attempt), ("run", run)].map(|(name, packets)| (name, packets, texts(&packets)));
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| {
            let texts = rows
                .iter()
                .map(|(_, _, texts)| &texts[column])
                .chain([&headings[column]]);
            texts.map(|text| text.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let gap =
        if 3 + widths.iter().map(|width| width + 3).sum::<usize>() <= usize::from(inside.width) {
            3
        } else {
            1
        };
    let label = scene.theme.style(Meaning::Label);
    let row = |name: &'static str, texts: &[String], styles: [Style; 5]| {
        let cells = texts
            .iter()
            .zip(&widths)
            .zip(styles)
            .flat_map(|((text, width), style)| {
                let space = gap + width.saturating_sub(text.chars().count());
                [
                    Span::raw(" ".repeat(space)),
                    Span::styled(text.clone(), style),
                ]
            });
        Line::from(
            [Span::styled(format!("{name:3}"), label)]
                .into_iter()
                .chain(cells)
                .collect::<Vec<_>>(),
        )
    };
    put(frame, inside, 0, row("", &headings, [label; 5]));
    for (place, (name, packets, texts)) in rows.iter().enumerate() {
        put(
            frame,
            inside,
            place as u16 + 1,
            row(name, texts, styles(scene, packets)),
        );
    }
    let rest = vec![
        fact(
            scene,
            0,
            "duplicates",
            format::count(u64::from(run.duplicates)),
        ),
        fact(
            scene,
            1,
            "reordered",
            format::count(u64::from(run.reordered)),
        ),
        fact(
            scene,
            2,
            "strays",
            format::count(u64::from(scene.live.strays)),
        ),
    ];
    put(frame, inside, 3, fit(rest, inside.width, 2));
}

/// What takes the place of datagrams when the clock is compared over HTTP.
fn follow_ups(frame: &mut Frame, inside: Rect, scene: &Scene) {
    let run = &scene.board.follow_ups;
    let count = |count: u32| format::count(u64::from(count));
    let unusable = |priority, name: &str, number: u32| {
        let style = scene.theme.style(if number > 0 {
            Meaning::Warning
        } else {
            Meaning::Value
        });
        let mark = if number > 0 { " !" } else { "" };
        let label = scene.theme.style(Meaning::Label);
        Segment::new(priority, format!("{name} "), label)
            .and(format!("{}{mark}", count(number)), style)
    };
    let rows = [
        vec![remark(scene, 0, "none: the clock is compared by HTTP")],
        vec![
            fact(scene, 0, "follow-ups", count(run.made)),
            fact(scene, 1, "paired", count(run.paired)),
        ],
        vec![
            unusable(0, "other instance", run.elsewhere),
            unusable(1, "no answer", run.failed),
        ],
    ];
    for (row, parts) in rows.into_iter().enumerate() {
        put(frame, inside, row as u16, fit(parts, inside.width, 2));
    }
}

/// A row's texts, by column.
fn texts(packets: &PacketCounts) -> [String; 5] {
    let number = |count: u32| format::count(u64::from(count));
    let mark = if packets.sent > packets.answered {
        " !"
    } else {
        ""
    };
    [
        number(packets.sent),
        number(packets.answered),
        number(packets.lost_outbound()),
        number(packets.lost_inbound()),
        format!("{}{mark}", format::percent(packets.loss())),
    ]
}

fn styles(scene: &Scene, packets: &PacketCounts) -> [Style; 5] {
    let alarmed = |count: u32| {
        scene.theme.style(if count > 0 {
            Meaning::Lost
        } else {
            Meaning::Text
        })
    };
    let text = scene.theme.style(Meaning::Text);
    let loss = scene.theme.style(if packets.sent > packets.answered {
        Meaning::Warning
    } else {
        Meaning::Text
    });
    [
        text,
        text,
        alarmed(packets.lost_outbound()),
        alarmed(packets.lost_inbound()),
        loss,
    ]
}
