//! The report: what it says of runs made by hand, and that nothing in a run can break it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::float_cmp,
    reason = "a figure is written as it is, so it reads back the same"
)]

mod dom;
mod fake_run;
mod hand;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use dom::Element;
use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::sample::{Failure, SampleOutcome, StartKind};
use sebs_tui::core::time::{MILLISECOND, Nanos};
use sebs_tui::store::Report;
use serde_json::Value;

/// A run's directory with these events in its journal.
fn on_disk(entries: &[Entry]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let lines: String = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap() + "\n")
        .collect();
    std::fs::write(directory.path().join("journal.jsonl"), lines).unwrap();
    directory
}

fn report_of(entries: &[Entry]) -> Report {
    Report::read(on_disk(entries).path(), None).unwrap()
}

fn json_of(report: &Report) -> Value {
    serde_json::from_str(&report.json()).unwrap()
}

/// What each figure of the page must show, by the JSON of the same report.
fn assert_page_shows(page: &Element, json: &Value) {
    invocation_shows(page, json);
    distributions_show(page, json);
    network_shows(page, json);
    convergence_shows(page, json);
    comparison_shows(page, json);
}

fn figure<'a>(page: &'a Element, id: &str) -> &'a Element {
    page.find(|element| element.name == "figure" && element.get("id") == id)
        .unwrap_or_else(|| panic!("no figure {id}"))
}

/// The drawings of a figure, each of which must say the same.
fn drawings(figure: &Element) -> Vec<&Element> {
    let drawings = figure.all(|element| element.name == "svg" && element.has_class("plot"));
    assert!(!drawings.is_empty(), "{} shows nothing", figure.get("id"));
    drawings
}

fn number(text: &str) -> f64 {
    text.parse()
        .unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// Marks with these classes, as (size, ns, x, y), in the order of the JSON's cells.
fn marks(svg: &Element, classes: &str) -> Vec<(u64, i64, f64, f64)> {
    svg.all(|element| element.get("class") == classes)
        .into_iter()
        .map(|mark| {
            let of = |name| number(mark.get(name));
            (
                of("data-size") as u64,
                of("data-ns") as i64,
                of("x"),
                of("y"),
            )
        })
        .collect()
}

/// Points lie where their values say: on a straight line of value against place, to a tenth of a pixel.
fn assert_linear(values: &[f64], places: &[f64]) {
    let ends = |of: &[f64]| {
        let least = (0..values.len())
            .min_by(|a, b| values[*a].total_cmp(&values[*b]))
            .unwrap();
        let most = (0..values.len())
            .max_by(|a, b| values[*a].total_cmp(&values[*b]))
            .unwrap();
        (of[least], of[most])
    };
    let ((low, high), (from, to)) = (ends(values), ends(places));
    if high <= low {
        return;
    }
    for (value, place) in values.iter().zip(places) {
        let due = from + (value - low) / (high - low) * (to - from);
        assert!(
            (due - place).abs() <= 0.11,
            "{value} is drawn at {place}, not {due}"
        );
    }
}

fn invocation_shows(page: &Element, json: &Value) {
    for svg in drawings(figure(page, "invocation-time")) {
        let mut places = Vec::new();
        for kind in ["warm", "cold"] {
            let cells = json["samples"].as_array().unwrap().iter();
            let due: Vec<(u64, i64)> = cells
                .filter(|cell| cell["kind"] == kind)
                .flat_map(|cell| {
                    let size = cell["size"].as_u64().unwrap();
                    let measured = cell["measured"].as_array().unwrap();
                    assert!(measured.len() <= 60, "all samples are drawn");
                    measured
                        .iter()
                        .map(move |of| (size, of["invocation_time"].as_i64().unwrap()))
                })
                .collect();
            let shown = marks(svg, &format!("{kind} point"));
            let pairs: Vec<(u64, i64)> = shown.iter().map(|mark| (mark.0, mark.1)).collect();
            assert_eq!(pairs, due);
            let cells = json["analysis"]["cells"].as_array().unwrap().iter();
            let medians: Vec<(u64, i64)> = cells
                .filter(|cell| cell["kind"] == kind && !cell["invocation_time"].is_null())
                .map(|cell| {
                    let median = &cell["invocation_time"]["median"];
                    (cell["size"].as_u64().unwrap(), median.as_i64().unwrap())
                })
                .collect();
            let shown_medians = marks(svg, &format!("{kind} median"));
            let pairs: Vec<_> = shown_medians.iter().map(|mark| (mark.0, mark.1)).collect();
            assert_eq!(pairs, medians);
            places.extend(shown);
            places.extend(shown_medians);
            intervals_show(svg, json, kind);
            if let Some(line) = json["analysis"][kind]["all"].get("known") {
                let fit = svg.all(|element| element.get("class") == format!("{kind} fit"));
                assert_eq!(
                    number(fit[0].get("data-slope")),
                    line["slope"].as_f64().unwrap()
                );
            }
        }
        let sizes: Vec<f64> = places.iter().map(|place| place.0 as f64).collect();
        let along: Vec<f64> = places.iter().map(|place| place.2).collect();
        assert_linear(&sizes, &along);
        let log = svg.has_class("log");
        let scaled = |ns: i64| if log { (ns as f64).ln() } else { ns as f64 };
        let times: Vec<f64> = places.iter().map(|place| scaled(place.1)).collect();
        let up: Vec<f64> = places.iter().map(|place| place.3).collect();
        assert_linear(&times, &up);
    }
}

fn intervals_show(svg: &Element, json: &Value, kind: &str) {
    let cells = json["analysis"]["cells"].as_array().unwrap().iter();
    let due: Vec<(f64, f64)> = cells
        .filter(|cell| cell["kind"] == kind)
        .filter_map(|cell| cell["invocation_time"]["median_interval"].get("known"))
        .map(|known| {
            (
                known["low"].as_f64().unwrap(),
                known["high"].as_f64().unwrap(),
            )
        })
        .collect();
    let shown: Vec<(f64, f64)> = svg
        .all(|element| element.get("class") == format!("{kind} whisker"))
        .into_iter()
        .map(|whisker| {
            (
                number(whisker.get("data-low")),
                number(whisker.get("data-high")),
            )
        })
        .collect();
    assert_eq!(shown, due);
}

fn distributions_show(page: &Element, json: &Value) {
    for cell in json["samples"].as_array().unwrap() {
        let (size, kind) = (&cell["size"], cell["kind"].as_str().unwrap());
        let measured = cell["measured"].as_array().unwrap();
        if measured.is_empty() {
            continue;
        }
        let mut due: Vec<i64> = measured
            .iter()
            .map(|of| of["invocation_time"].as_i64().unwrap())
            .collect();
        due.sort_unstable();
        let line = figure(page, &format!("ecdf-{size}"))
            .find(|element| element.get("class") == format!("{kind} ecdf"))
            .expect("an ECDF");
        let shown: Vec<i64> = line
            .get("data-ns")
            .split(' ')
            .map(|ns| ns.parse().unwrap())
            .collect();
        assert_eq!(shown, due);
        let bars = figure(page, &format!("histogram-{size}"))
            .all(|element| element.get("class") == format!("{kind} bar"));
        let counted: f64 = bars.iter().map(|bar| number(bar.get("data-count"))).sum();
        assert_eq!(counted as usize, due.len());
        let heights: Vec<f64> = bars.iter().map(|bar| number(bar.get("height"))).collect();
        let counts: Vec<f64> = bars
            .iter()
            .map(|bar| number(bar.get("data-count")))
            .collect();
        assert_linear(&counts, &heights);
    }
}

fn network_shows(page: &Element, json: &Value) {
    for svg in drawings(figure(page, "round-trip")) {
        for kind in ["warm", "cold"] {
            let due: Vec<(u64, i64)> = json["round_trips"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|of| of["kind"] == kind)
                .map(|of| (of["size"].as_u64().unwrap(), of["p50"].as_i64().unwrap()))
                .collect();
            let shown = marks(svg, &format!("{kind} median"));
            assert_eq!(
                shown
                    .iter()
                    .map(|mark| (mark.0, mark.1))
                    .collect::<Vec<_>>(),
                due
            );
        }
    }
    let lost = |cell: &Value| {
        let of = |name: &str| cell["packets"][name].as_u64().unwrap();
        (of("sent") - of("received"), of("received") - of("answered"))
    };
    let cells = json["analysis"]["cells"].as_array().unwrap().iter();
    let due = cells
        .map(lost)
        .fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    if due == (0, 0) {
        return;
    }
    for svg in drawings(figure(page, "loss")) {
        let shown = |way: &str| -> u64 {
            let bars = svg.all(|element| element.has_class(way));
            bars.iter()
                .map(|bar| number(bar.get("data-count")) as u64)
                .sum()
        };
        assert_eq!((shown("to-host"), shown("to-function")), due);
    }
}

fn convergence_shows(page: &Element, json: &Value) {
    let due = &json["convergence"];
    for svg in drawings(figure(page, "offset")) {
        for (class, column) in [("all lower", "lower"), ("all upper", "upper")] {
            let line = svg
                .find(|element| element.get("class") == class)
                .expect("a line");
            let shown: Vec<i64> = line
                .get("data-ns")
                .split(' ')
                .map(|ns| ns.parse().unwrap())
                .collect();
            let exchanges = due["exchanges"].as_array().unwrap();
            let limits: Vec<i64> = exchanges
                .iter()
                .filter_map(|of| of[column].as_i64())
                .collect();
            assert_eq!(shown, limits);
        }
    }
}

/// A part for each baseline, in their order; no section where there is none.
fn comparison_shows(page: &Element, json: &Value) {
    let section = page.find(|element| element.get("aria-labelledby") == "comparison");
    let comparisons = json["comparisons"].as_array().unwrap();
    let Some(section) = section else {
        assert_eq!(comparisons.len(), 0);
        return;
    };
    let titles = section.all(|element| element.name == "h3");
    let tables = section.all(|element| element.name == "table");
    assert_eq!(titles.len(), comparisons.len());
    assert_eq!(tables.len(), comparisons.len());
    for ((comparison, title), table) in comparisons.iter().zip(titles).zip(tables) {
        let baseline = comparison["baseline"].as_str().unwrap();
        assert_eq!(title.text, format!("Against {baseline}"));
        let run = &comparison["runs"][0];
        comparison_rows_show(table, run);
        for difference in run["differences"].as_array().unwrap() {
            let due = difference["what"].as_str().unwrap();
            let told = section.find(|element| element.name == "li" && element.text.contains(due));
            assert!(told.is_some(), "{due} is not told");
        }
    }
}

/// Verdict, change and chance of each size and start kind.
fn comparison_rows_show(table: &Element, run: &Value) {
    let rows = table.all(|element| element.name == "tr");
    let cells = run["cells"].as_array().unwrap();
    assert_eq!(rows.len(), cells.len() + 1);
    for (row, cell) in rows[1..].iter().zip(cells) {
        let shown: Vec<&str> = row
            .all(|element| element.name == "td")
            .iter()
            .map(|cell| cell.text.as_str())
            .collect();
        assert!(shown[0].starts_with(cell["kind"].as_str().unwrap()));
        let verdict = cell["verdict"].as_str().unwrap().replace('_', " ");
        assert!(shown[1].starts_with(&verdict), "{shown:?}");
        let difference = cell["change"]["difference"].as_f64().unwrap();
        let (value, unit) = shown[2].split_once(' ').unwrap();
        let unit = match unit {
            "s" => 1e9,
            "ms" => 1e6,
            "µs" => 1e3,
            _ => 1.0,
        };
        let value = number(&value.replace('−', "-")) * unit;
        assert!(
            (value - difference).abs() <= difference.abs() / 500.0,
            "{shown:?}"
        );
        match cell["corrected_p"].as_f64() {
            Some(p) if p < 0.001 => assert_eq!(shown[5], "below 0.001"),
            Some(p) => assert!((number(shown[5]) - p).abs() <= p / 15.0, "{shown:?}, {p}"),
            None => assert_eq!(shown[5], "–"),
        }
    }
}

/// Three sizes, 12 samples each, warm 10 ms and cold 100 ms more, and this much.
fn timed(seed: u64, extra: Nanos) -> Vec<Entry> {
    let mut state = seed;
    hand::timed_run(3, 12, |key| {
        let scatter = (hand::noise(&mut state) * 1e6) as Nanos;
        let cold = Nanos::from(key.kind == StartKind::Cold) * 100 * MILLISECOND;
        10 * MILLISECOND + cold + scatter + extra
    })
}

/// A directory with this name in `parent`, and these events in its journal.
fn beside(parent: &tempfile::TempDir, name: &str, entries: &[Entry]) -> PathBuf {
    let path = parent.path().join(name);
    std::fs::rename(on_disk(entries).keep(), &path).unwrap();
    path
}

/// A report of a run of another runtime, against one that took 5 ms less and has a hostile name, and against one that
/// took as long.
fn compared() -> (Report, tempfile::TempDir) {
    let mut after = timed(2, 5 * MILLISECOND);
    if let Event::RunStarted { run } = &mut after[0].event {
        run.runtime = "python".into();
    }
    let parent = tempfile::tempdir().unwrap();
    let now = beside(&parent, "now", &after);
    let baselines = [
        beside(&parent, "<b>&'before", &timed(1, 0)),
        beside(&parent, "alike", &timed(3, 5 * MILLISECOND)),
    ];
    let report = Report::read(&now, None).unwrap();
    (report.against(&now, &baselines).unwrap(), parent)
}

#[test]
fn a_report_against_earlier_runs_says_what_changed_since_each_and_what_else_is_not_the_same() {
    let (report, _) = compared();
    let html = report.html();
    let page = dom::parse(&html);
    assert_page_shows(&page, &json_of(&report));
    let section = page
        .find(|element| element.get("aria-labelledby") == "comparison")
        .unwrap();
    let texts: Vec<&str> = section
        .all(|element| ["p", "li", "h3"].contains(&element.name.as_str()))
        .iter()
        .map(|element| element.text.as_str())
        .collect();
    assert!(texts[1].ends_with("/<b>&'before"), "{texts:?}");
    for due in [
        "Of 6 sizes and start kinds: slower at 6.",
        "Of 6 sizes and start kinds: no difference shown at 6.",
        "Not the same in both runs: runtime (native, then python).",
    ] {
        assert!(texts.contains(&due), "{due}: {texts:?}");
    }
    assert!(texts[0].contains("for all 12 tests of these comparisons together"));
    let markdown = report.markdown();
    assert!(markdown.contains("| warm, 1.00 MB | slower | +5."));
    let places = ["before\n", "alike\n"].map(|name| markdown.find(name).unwrap());
    assert!(places[0] < places[1], "{markdown}");
}

#[test]
fn the_chances_are_corrected_over_all_baselines() {
    let (report, parent) = compared();
    let json = json_of(&report);
    let chances = |json: &Value, baseline: usize| -> Vec<(f64, f64)> {
        let cells = json["comparisons"][baseline]["runs"][0]["cells"].as_array();
        let chances = cells.unwrap().iter().map(|cell| {
            let test = &cell["test"]["known"];
            (
                test["p"].as_f64().unwrap(),
                cell["corrected_p"].as_f64().unwrap(),
            )
        });
        chances.collect()
    };
    let both = [chances(&json, 0), chances(&json, 1)].concat();
    let alone: Vec<f64> = both.iter().map(|(chance, _)| *chance).collect();
    let due = sebs_tui::core::statistics::holm(&alone);
    assert_eq!(both.iter().map(|(_, of)| *of).collect::<Vec<_>>(), due);
    // Of one baseline alone there are fewer tests, and each is held to less.
    let now = parent.path().join("now");
    let baseline = [parent.path().join("<b>&'before")];
    let report = Report::read(&now, None).unwrap();
    let json = json_of(&report.against(&now, &baseline).unwrap());
    let mut pairs = chances(&json, 0).into_iter().zip(&both);
    assert!(pairs.all(|((_, one), (_, of_two))| one < *of_two));
}

#[test]
fn a_report_against_what_it_cannot_be_compared_with_says_why() {
    let (run, other) = (on_disk(&timed(1, 0)), on_disk(&hand::eventful_run()));
    let same = run.path().to_owned();
    let report = Report::read(run.path(), None).unwrap();
    let error = report
        .against(run.path(), &[same, other.path().to_owned()])
        .unwrap_err();
    let told = error.to_string();
    assert!(told.contains("no size and start kind in common"), "{told}");
    assert!(told.contains(&other.path().display().to_string()), "{told}");
}

#[test]
fn every_figure_shows_what_the_json_says() {
    for entries in [fake_run::whole().entries, hand::eventful_run()] {
        let report = report_of(&entries);
        let page = dom::parse(&report.html());
        assert_page_shows(&page, &json_of(&report));
    }
}

#[test]
fn the_json_is_as_the_published_schema_says() {
    let schema = include_str!("../assets/report/report.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in [
        report_of(&fake_run::whole().entries),
        report_of(&hand::eventful_run()),
        report_of(&hand::eventful_run()[..2]),
        report_of(&hand::watched_run()),
        compared().0,
    ] {
        let mut json = json_of(&report);
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        json["analysis"]["cells"][0]["kind"] = "hot".into();
        assert!(!validator.is_valid(&json));
    }
}

#[test]
fn a_reader_finds_question_answer_method_and_command() {
    let directory = tempfile::tempdir().unwrap();
    support::finish(
        support::short_run(directory.path(), 3, 9_000, 6).arg("--plain"),
        0,
    );
    let run = support::run_directory(directory.path());
    let output = support::finish(support::program().arg("report").arg(&run), 0);
    let path = run.join("report.html");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        path.display().to_string()
    );
    let html = std::fs::read_to_string(path).unwrap();
    let seed =
        serde_json::from_str::<Value>(&std::fs::read_to_string(run.join("run.json")).unwrap())
            .unwrap()["seed"]
            .clone();
    for words in [
        "What does it cost to call a native function on the local platform",
        "95 %:",
        "new directory and new process",
        "<dt>Screen</dt><dd>off</dd>",
        &format!("--seed={seed}"),
        "--payload-end=9000",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(html.contains(words), "{words}");
    }
    let answer = html.find("class=\"tiles\"").unwrap();
    assert!(answer < html.find("id=\"method\"").unwrap());
    for (flag, begins) in [
        ("--md", "# What does it cost"),
        ("--json", "{\"version\":2"),
    ] {
        let output = support::finish(support::program().arg("report").arg(&run).arg(flag), 0);
        assert!(
            String::from_utf8_lossy(&output.stdout).starts_with(begins),
            "{flag}"
        );
    }
}

#[test]
fn nothing_a_run_says_becomes_markup() {
    let hostile =
        "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&{{json}}\u{0}\u{1b}]]>";
    let mut lines: Vec<String> = hand::eventful_run()
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap())
        .collect();
    let quoted = serde_json::to_string(hostile).unwrap();
    for line in &mut lines {
        for name in [
            "new process, always",
            "local",
            "native",
            "20231114-221320-local-payload",
            "local: request body",
            "status\\n500",
        ] {
            *line = line.replace(&format!("\"{name}\""), &quoted);
        }
    }
    let entries: Vec<Entry> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let report = report_of(&entries);
    let html = report.html();
    let page = dom::parse(&html);
    assert_eq!(page.all(|element| element.name == "script").len(), 2);
    assert_eq!(page.all(|element| element.name == "img").len(), 0);
    assert_eq!(html.matches("</script>").count(), 2);
    let data = page
        .find(|element| element.get("id") == "report-data")
        .unwrap();
    let embedded: Value = serde_json::from_str(&data.text).unwrap();
    assert_eq!(embedded["run"]["platform"], hostile);
    assert!(
        html.contains("failed: reply: &lt;/script&gt;"),
        "the error is told"
    );
    assert!(!report.markdown().contains("<script>"));
    for (name, svg) in report.svgs() {
        dom::parse(&svg);
        assert!(
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)),
            "{name}"
        );
    }
}

#[test]
fn the_page_asks_for_nothing_from_elsewhere() {
    let html = report_of(&fake_run::whole().entries).html();
    for word in [
        "http://", "https://", "//cdn", "@import", "url(", "fetch(", "src=",
    ] {
        let allowed = html.matches("xmlns=\"http://").count();
        let found = html.matches(word).count();
        assert!(
            found == 0 || (word == "http://" && found == allowed),
            "{word}"
        );
    }
}

#[test]
fn each_figure_is_there_for_those_who_do_not_see_it() {
    let page = dom::parse(&report_of(&fake_run::whole().entries).html());
    let figures = page.all(|element| element.name == "figure");
    assert!(figures.len() >= 4);
    for figure in figures {
        assert!(
            figure
                .find(|element| element.name == "figcaption")
                .is_some()
        );
        for svg in figure.all(|element| element.name == "svg" && element.has_class("plot")) {
            assert_eq!(svg.get("role"), "img");
            assert!(svg.get("aria-label").len() > 20);
        }
    }
    assert!(page.all(|element| element.name == "table").len() >= 4);
}

#[test]
fn figures_for_papers_have_colours_of_their_own() {
    let out = tempfile::tempdir().unwrap();
    let report = report_of(&fake_run::whole().entries);
    let paths: Vec<PathBuf> = report.write_svgs(&out.path().join("new/figures")).unwrap();
    assert!(paths.len() > 5);
    for path in paths {
        let svg = std::fs::read_to_string(&path).unwrap();
        dom::parse(&svg);
        assert!(!svg.contains("var("), "{}", path.display());
        assert!(svg.contains("<title>"), "{}", path.display());
    }
}

#[test]
fn a_run_without_samples_has_a_report_that_says_so() {
    let entries = &hand::eventful_run()[..2];
    let report = report_of(entries);
    dom::parse(&report.html());
    assert!(report.html().contains("No sample was measured."));
    assert!(report.svgs().is_empty());
    assert!(report.markdown().contains("the run is not complete"));
}

/// What a reader is to be wary of, as the page lists it.
fn warned(report: &Report) -> Vec<String> {
    let page = dom::parse(&report.html());
    let section = page.find(|element| element.get("aria-labelledby") == "warnings");
    let items = section.map(|section| section.all(|element| element.name == "li"));
    let items = items.unwrap_or_default().into_iter();
    items.map(|item| item.text.clone()).collect()
}

#[test]
fn medians_without_an_interval_say_once_what_to_do() {
    let report = report_of(&hand::timed_run(20, 5, |_| 10 * MILLISECOND));
    let due =
        "40 of 40 medians have no interval (n < 6): use --repetitions 6 or more, or --until-ci 5%";
    let told = warned(&report);
    assert_eq!(
        told.iter().filter(|text| *text == due).count(),
        1,
        "{told:?}"
    );
    let advice = "--repetitions 6";
    for text in [report.html(), report.markdown()] {
        let shown = text.split("id=\"report-data\"").next().unwrap();
        assert_eq!(shown.matches(advice).count(), 1);
        assert!(!shown.contains("too small"));
    }
    assert_eq!(report.json().matches(advice).count(), 1);
    let caption = figure(&dom::parse(&report.html()), "invocation-time")
        .find(|element| element.name == "figcaption")
        .map(|caption| caption.text.clone())
        .unwrap();
    assert!(caption.contains("without an interval"), "{caption}");
    let enough = report_of(&hand::timed_run(20, 6, |_| 10 * MILLISECOND));
    assert!(!enough.html().contains(advice));
}

#[test]
fn samples_that_yielded_nothing_are_counted_and_each_reason_is_told_once() {
    let mut entries = hand::timed_run(4, 8, |_| 10 * MILLISECOND);
    for entry in &mut entries {
        if let Event::SampleEnded {
            sample,
            outcome,
            attempt,
            ..
        } = &mut entry.event
        {
            *outcome = match (sample.size, sample.kind) {
                (1, _) => SampleOutcome::Skipped("by the user".into()),
                (2, StartKind::Cold) => SampleOutcome::Failed(Failure {
                    step: "reply".into(),
                    what: "no answer".into(),
                    status: None,
                }),
                _ => continue,
            };
            *attempt = None;
        }
    }
    let report = report_of(&entries);
    let outcomes = &json_of(&report)["outcomes"];
    assert_eq!(
        *outcomes,
        serde_json::json!({"planned": 64, "measured": 40, "unsynchronised": 0, "failed": 8, "skipped": 16})
    );
    let counted = "40 of 64 samples measured, 8 failed, 16 skipped";
    assert!(report.html().contains(counted));
    assert!(report.markdown().contains(counted));
    let told = warned(&report);
    for due in [
        "16 samples skipped: by the user; the first was warm, 2.00 MB, repetition 1",
        "8 samples failed: reply: no answer; the first was cold, 3.00 MB, repetition 1",
    ] {
        assert!(told.iter().any(|text| text == due), "{told:?}");
    }
    assert!(told.len() < 6, "{told:?}");
}

#[test]
fn each_distribution_says_how_many_samples_it_is_of() {
    let report = report_of(&fake_run::whole().entries);
    let (page, json) = (dom::parse(&report.html()), json_of(&report));
    for cells in json["samples"].as_array().unwrap().chunks(2) {
        let n = |cell: &Value| cell["measured"].as_array().unwrap().len();
        let [warm, cold] = [0, 1].map(|kind| n(&cells[kind]));
        if warm + cold == 0 {
            continue;
        }
        let due = if warm == cold {
            format!("n = {warm} each")
        } else {
            format!("n = {warm} warm, {cold} cold")
        };
        for id in ["ecdf", "histogram"] {
            let figure = figure(&page, &format!("{id}-{}", cells[0]["size"]));
            let title = figure.find(|element| element.name == "h3").unwrap();
            assert!(title.text.ends_with(&due), "{}: {due}", title.text);
        }
    }
}

#[test]
fn the_attempt_shown_can_be_chosen_and_a_missing_one_is_named() {
    let run = on_disk(&fake_run::whole().entries);
    let chosen = Report::read(run.path(), Some(7)).unwrap();
    assert_eq!(json_of(&chosen)["convergence"]["attempt"], 7);
    let error = Report::read(run.path(), Some(999_999))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no attempt 999999"), "{error}");
}

/// Opens `page` in Chromium in a window so wide, and returns the document as its scripts left it, and what went to the
/// console.
fn chromium(page: &Path, width: u32) -> (Element, Vec<String>) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("Debian's package chromium");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let log = text(&output.stderr);
    assert!(output.status.success(), "{log}");
    let console = log.lines().filter(|line| line.contains("CONSOLE"));
    (
        dom::parse_html(&text(&output.stdout)),
        console.map(str::to_owned).collect(),
    )
}

/// A short run and its report against itself: the page, and the JSON.
fn reported_run(out: &Path) -> (PathBuf, Value) {
    support::finish(support::short_run(out, 4, 90_000, 7).arg("--plain"), 0);
    let run = support::run_directory(out);
    let report = |flags: &[&str]| {
        let mut command = support::program();
        command
            .arg("report")
            .arg(&run)
            .arg("--against")
            .arg(&run)
            .args(flags);
        support::finish(&mut command, 0).stdout
    };
    report(&[]);
    let json = serde_json::from_slice(&report(&["--json"])).unwrap();
    (run.join("report.html"), json)
}

/// `page` with a script at its end that notes down what the function body `probe` returns.
fn probed(page: &Path, probe: &str) -> PathBuf {
    let script = format!(
        "<pre id=\"probe\"></pre><script>document.getElementById('probe').textContent = \
         JSON.stringify((() => {{ {probe} }})());</script></body>"
    );
    let html = std::fs::read_to_string(page).unwrap();
    let path = page.with_file_name("probed.html");
    std::fs::write(&path, html.replace("</body>", &script)).unwrap();
    path
}

fn noted(page: &Element) -> Value {
    let probe = page.find(|element| element.get("id") == "probe").unwrap();
    serde_json::from_str(&probe.text).unwrap()
}

#[test]
#[ignore = "needs Chromium"]
fn a_browser_shows_what_the_json_says_and_has_nothing_to_complain_of() {
    let out = tempfile::tempdir().unwrap();
    let (page, json) = reported_run(out.path());
    let (document, complaints) = chromium(&page, 1100);
    assert_eq!(complaints, [""; 0]);
    assert_page_shows(&document, &json);
    let embedded = document.find(|element| element.get("id") == "report-data");
    let embedded: Value = serde_json::from_str(&embedded.unwrap().text).unwrap();
    assert_eq!(embedded, json);
    // A complaint would have been heard.
    let (_, complaints) = chromium(&probed(&page, "console.error('heard')"), 1100);
    assert_eq!(complaints.len(), 1, "{complaints:?}");
}

#[test]
#[ignore = "needs Chromium"]
fn series_hide_the_axis_changes_and_values_show_in_a_browser() {
    let out = tempfile::tempdir().unwrap();
    let (page, _) = reported_run(out.path());
    let probe = "
        const figure = document.getElementById('invocation-time');
        const seen = (what) => [...figure.querySelectorAll(what)].filter((e) => e.getClientRects().length).length;
        const state = () => [seen('svg.plot'), seen('.warm.point'), seen('.cold.point'), figure.dataset.scale];
        const before = state();
        figure.querySelector('[data-series=warm]').click();
        const hidden = state();
        figure.querySelector('[data-series=warm]').click();
        figure.querySelector('[data-scales]').click();
        const scaled = state();
        const mark = [...figure.querySelectorAll('.cold.point')].find((e) => e.getClientRects().length);
        mark.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, clientX: 300, clientY: 300 }));
        const tip = document.getElementById('tip');
        return { before, hidden, scaled, tip: tip.textContent, due: mark.dataset.tip, shown: !tip.hidden };";
    let (document, complaints) = chromium(&probed(&page, probe), 1100);
    assert_eq!(complaints, [""; 0]);
    let seen = noted(&document);
    let [before, hidden, scaled] = ["before", "hidden", "scaled"].map(|name| &seen[name]);
    assert_eq!(
        (&before[0], &before[1], &before[2]),
        (&1.into(), &28.into(), &28.into())
    );
    assert_eq!((&hidden[1], &hidden[2]), (&0.into(), &28.into()));
    assert_eq!((&scaled[0], &scaled[1]), (&1.into(), &28.into()));
    assert_ne!(before[3], scaled[3]);
    assert_eq!((&seen["tip"], &seen["shown"]), (&seen["due"], &true.into()));
}

#[test]
#[ignore = "needs Chromium"]
fn marks_are_within_their_figures_and_nothing_is_wider_than_the_window() {
    let out = tempfile::tempdir().unwrap();
    let (page, _) = reported_run(out.path());
    let probe = "
        const outside = [...document.querySelectorAll('svg.plot')].filter((svg) => {
            const frame = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('use, rect, polyline, path, text')].some((e) => {
                const box = e.getBoundingClientRect();
                return box.left < frame.left - 1 || box.right > frame.right + 1
                    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
            });
        });
        return { outside: outside.map((svg) => svg.closest('figure').id), wide: document.documentElement.scrollWidth,
            window: innerWidth };";
    for width in [1100, 390] {
        let (document, _) = chromium(&probed(&page, probe), width);
        let seen = noted(&document);
        assert_eq!(seen["outside"], Value::Array(Vec::new()), "at {width} px");
        assert!(
            seen["wide"].as_u64() <= seen["window"].as_u64(),
            "at {width} px: {seen}"
        );
    }
}
