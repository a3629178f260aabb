use super::*;

fn parts(placement: &Placement) -> Vec<Rect> {
    let fixed = [
        placement.header,
        placement.now,
        placement.progress,
        placement.numbers,
        placement.footer,
    ];
    fixed
        .into_iter()
        .chain(placement.panes.iter().map(|(_, area)| *area))
        .filter(|area| !area.is_empty())
        .collect()
}

#[test]
fn parts_stay_inside_and_never_overlap_at_any_size() {
    let zooms = [None, Some(Pane::Chart)];
    for (width, height) in (0..130).flat_map(|width| (0..60).map(move |height| (width, height))) {
        for (zoom, sizes) in zooms
            .iter()
            .flat_map(|zoom| [0, 7, 40].map(|sizes| (*zoom, sizes)))
        {
            let area = Rect::new(0, 0, width, height);
            let parts = parts(&place(area, sizes, Pane::Chart, zoom));
            for (i, part) in parts.iter().enumerate() {
                assert_eq!(part.intersection(area), *part, "{part} leaves {area}");
                for other in &parts[i + 1..] {
                    assert!(
                        !part.intersects(*other),
                        "{part} overlaps {other} in {area}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_row_is_wasted_where_panes_are_shown() {
    for (width, height) in [
        (120, 40),
        (80, 24),
        (220, 60),
        (100, 30),
        (72, 12),
        (50, 40),
    ] {
        let area = Rect::new(0, 0, width, height);
        let covered: u32 = parts(&place(area, 7, Pane::Sizes, None))
            .iter()
            .map(|part| part.area())
            .sum();
        assert_eq!(covered, area.area(), "{area}");
    }
}

#[test]
fn what_matters_least_leaves_first() {
    let shown = |width, height| {
        let placement = place(Rect::new(0, 0, width, height), 7, Pane::Sizes, None);
        Pane::ALL
            .into_iter()
            .filter(|pane| placement.shows(*pane))
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(120, 40), Pane::ALL);
    assert_eq!(
        shown(80, 24),
        [
            Pane::Sizes,
            Pane::RoundTrips,
            Pane::Clock,
            Pane::Packets,
            Pane::Log
        ]
    );
    assert_eq!(shown(80, 15), [Pane::Sizes, Pane::RoundTrips]);
    assert_eq!(shown(40, 12), []);
    let small = place(Rect::new(0, 0, 40, 12), 7, Pane::Sizes, None);
    assert_eq!(small.numbers.height, 9);
    assert_eq!(Shape::of(Rect::new(0, 0, 60, 1)), Shape::Line);
}

#[test]
fn a_zoomed_pane_has_the_screen_to_itself() {
    let area = Rect::new(0, 0, 80, 24);
    let placement = place(area, 7, Pane::Chart, Some(Pane::Chart));
    assert_eq!(placement.panes, [(Pane::Chart, Rect::new(0, 3, 80, 20))]);
}

#[test]
fn a_pane_without_room_takes_the_place_of_another_while_it_has_the_focus() {
    let at = |focus, height| place(Rect::new(0, 0, 80, height), 7, focus, None);
    let chart = at(Pane::Chart, 24);
    assert!(chart.shows(Pane::Chart) && !chart.shows(Pane::Sizes));
    let log = at(Pane::Log, 15);
    assert!(log.shows(Pane::Log) && log.shows(Pane::Sizes));
    for pane in Pane::ALL {
        assert!(at(pane, 12).shows(pane), "{pane:?}");
    }
}

#[test]
fn twenty_sizes_have_a_row_each_beside_every_pane() {
    let placement = place(Rect::new(0, 0, 120, 40), 20, Pane::Sizes, None);
    let sizes = placement
        .panes
        .iter()
        .find(|(pane, _)| *pane == Pane::Sizes);
    // Two of the frame and one of the heading.
    assert!(sizes.is_some_and(|(_, area)| area.height >= 23));
}
