//! Figures as files of their own, for papers: literal colours, a title and a legend within.

use std::fmt::Write as _;

use super::figures::{Figure, Sources};
use super::page::{FIGURE_STYLE, SYMBOLS, symbol_of};
use super::plot::Plot;
use super::words::escape;

/// Height of title and legend, pixels.
const HEAD: u32 = 46;

/// Colours for white paper; not every program that reads SVG knows variables.
const COLOURS: &[(&str, &str)] = &[
    ("var(--paper)", "#ffffff"),
    ("var(--ink)", "#17202b"),
    ("var(--soft)", "#4a5563"),
    ("var(--rule)", "#e1e5ea"),
    ("var(--warm)", "#c2410c"),
    ("var(--cold)", "#1d5fc4"),
];

/// Every figure that has a picture: name and content.
pub fn files(sources: Sources<'_>) -> Vec<(String, String)> {
    let mut figures = vec![sources.invocation()];
    figures.extend(sources.distributions());
    figures.extend(sources.network());
    figures.extend(sources.convergence());
    figures
        .iter()
        .flat_map(|figure| figure.plots.iter().map(move |plot| file(figure, plot)))
        .collect()
}

fn file(figure: &Figure, plot: &Plot) -> (String, String) {
    let name = if figure.plots.len() > 1 {
        format!("{}-{}.svg", figure.id, plot.y.scale().word())
    } else {
        format!("{}.svg", figure.id)
    };
    (name, content(figure, plot))
}

fn content(figure: &Figure, plot: &Plot) -> String {
    let format = figure.formats[0];
    let (width, height) = format.size();
    let title = escape(&figure.title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" width=\"{width}\" height=\"{total}\" \
         viewBox=\"0 -{HEAD} {width} {total}\" role=\"img\">\n<title>{title}</title>\n<desc>{}</desc>\n\
         <style>{}</style>\n{SYMBOLS}<text x=\"12\" y=\"-28\" style=\"font-weight:600\">{title}</text>\n",
        escape(&figure.caption),
        style(),
        total = height + HEAD
    );
    let mut x = 18;
    for (class, name) in &figure.legend {
        let symbol = symbol_of(class);
        let _ = writeln!(
            svg,
            "<use class=\"{class} median\" href=\"#{symbol}\" x=\"{x}\" y=\"-10\"/><text x=\"{}\" y=\"-6\">{name}</text>",
            x + 10
        );
        x += 30 + 7 * name.len();
    }
    svg + &plot.draw(format) + "</svg>\n"
}

fn style() -> String {
    // A series' colour is set by its class: written out for each, since `var()` is not known everywhere.
    let mut style = String::new();
    for line in FIGURE_STYLE.lines() {
        if line.contains("--series:") {
            continue;
        }
        if line.contains("var(--series)") {
            for (class, colour) in [
                ("warm", "var(--warm)"),
                ("cold", "var(--cold)"),
                ("own", "var(--soft)"),
                ("all", "var(--cold)"),
            ] {
                let (selectors, rest) = line.split_once('{').unwrap_or((line, ""));
                let selectors: Vec<String> = selectors
                    .split(',')
                    .map(|selector| format!("{}.{class}", selector.trim()))
                    .collect();
                let _ = writeln!(
                    style,
                    "{} {{{}",
                    selectors.join(", "),
                    rest.replace("var(--series)", colour)
                );
            }
        } else {
            style += line;
            style.push('\n');
        }
    }
    COLOURS.iter().fold(style, |style, (variable, colour)| {
        style.replace(variable, colour)
    })
}
