//! The report as one HTML file that needs nothing but itself.

use std::fmt::Write as _;

use super::Report;
use super::answer::{self, Headline};
use super::comparison;
use super::figures::{Figure, TABLE_NOTE, Table};
use super::method;
use super::plot::Format;
use super::words::escape;
use crate::core::words::size;

const TEMPLATE: &str = include_str!("../../../assets/report/report.html");
/// How marks look, in the page and in figures of their own.
pub const FIGURE_STYLE: &str = include_str!("../../../assets/report/figure.css");
/// The symbols of points and medians.
pub const SYMBOLS: &str = include_str!("../../../assets/report/symbols.svg");

/// The whole page.
pub fn html(report: &Report) -> String {
    let sources = report.sources();
    let question = answer::question(&report.data.run);
    fill(TEMPLATE, |name| match name {
        "title" => escape(&format!("{} – {question}", report.data.run.id)),
        "question" => escape(&question),
        "subtitle" => escape(&subtitle(report)),
        "figure_style" => FIGURE_STYLE.to_owned(),
        "symbols" => SYMBOLS.to_owned(),
        "tiles" => each(&answer::headlines(&report.analysis), tile),
        "slopes" => each(answer::slopes(&report.data.run, &report.analysis), slope),
        "warnings" => warnings(&report.warnings()),
        "comparison" => comparison::html(&report.comparisons),
        "facts" => facts(report),
        "repeat" => repeat(report),
        "invocation" => figure(&sources.invocation()) + &gaps(&sources.gaps()),
        "distributions" => cards(&sources.distributions()),
        "network" => each(&sources.network(), figure),
        "convergence" => sources
            .convergence()
            .as_ref()
            .map_or_else(|| paragraph("No attempt has a clock estimate."), figure),
        "table_note" => escape(TABLE_NOTE),
        "table" => table(&sources.table(), "All figures"),
        "footer" => escape(&format!("Made by {}.", super::program())),
        "json" => script_data(&report.json()),
        other => unreachable!("the template has no {other}"),
    })
}

/// `template` with each `{{name}}` replaced; what is put in is not looked at again.
fn fill(template: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut pieces = template.split("{{");
    let mut page = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece
            .split_once("}}")
            .expect("every {{ of the template is closed");
        page.push_str(&value(name));
        page.push_str(rest);
    }
    page
}

/// What `html` makes of each item, one after the other.
pub fn each<T>(items: impl IntoIterator<Item = T>, html: impl Fn(T) -> String) -> String {
    let mut text = String::new();
    for item in items {
        text += &html(item);
    }
    text
}

/// JSON within a script element: no `<`, so that nothing in it can end the element.
fn script_data(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn subtitle(report: &Report) -> String {
    let begun = report.file.as_ref().map_or_else(String::new, |file| {
        format!(", begun {}", method::day_and_time(&file.started))
    });
    let imported = report.data.run.plan.imported.as_ref();
    let imported = imported.map_or_else(String::new, |imported| {
        format!(", imported from {}'s files", imported.program)
    });
    format!(
        "Run {}{begun}{imported}, {}: {}.",
        report.data.run.id,
        report.state.word().to_lowercase(),
        report.outcomes.words()
    )
}

/// `text` as a paragraph.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

fn slope((sentence, basis): (String, String)) -> String {
    format!(
        "<p>{} <span class=\"soft\">{}</span></p>\n",
        escape(&sentence),
        escape(&basis)
    )
}

fn tile(headline: &Headline) -> String {
    let kind = headline.kind.word();
    format!(
        "<li class=\"{kind}\"><span class=\"what\"><b>{kind}</b>, {}</span><span class=\"value\">{}</span>\
         <span class=\"between\">{}</span><span class=\"between\">n = {}</span></li>\n",
        escape(&size(headline.size)),
        escape(&headline.value),
        escape(&headline.interval),
        headline.n
    )
}

fn warnings(warnings: &[String]) -> String {
    if warnings.is_empty() {
        return String::new();
    }
    let items = each(warnings, |warning| format!("<li>{}</li>", escape(warning)));
    format!(
        "<section class=\"alerts\" aria-labelledby=\"warnings\"><h2 id=\"warnings\">To be wary of</h2><ul>{items}</ul></section>\n"
    )
}

fn facts(report: &Report) -> String {
    let facts = method::facts(report);
    each(facts, |(name, value)| {
        format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(&value))
    })
}

fn repeat(report: &Report) -> String {
    let Some(file) = &report.file else {
        return paragraph("run.json is missing: the command that repeats this run is not known.");
    };
    let rows = file
        .recorded()
        .map(|(key, value, origin)| vec![key.to_owned(), method::text(value), origin.to_owned()])
        .collect();
    let head = ["setting", "value", "origin"].map(str::to_owned).to_vec();
    format!(
        "<h3 style=\"margin-top:1.4rem\">{}</h3><pre><code>{}</code></pre>\
         <details><summary>Every setting</summary>{}</details>\n",
        method::purpose(file),
        each(&method::command(file), |word| format!(
            "<span>{}</span> ",
            escape(word)
        )),
        table(&Table { head, rows }, "Every setting")
    )
}

fn figure(figure: &Figure) -> String {
    let mut html = format!(
        "<figure id=\"{}\" data-group=\"\" data-scale=\"{}\">\n<h3>{}</h3>\n",
        escape(&figure.id),
        figure
            .plots
            .first()
            .map_or("none", |plot| plot.y.scale().word()),
        escape(&figure.title)
    );
    if !figure.plots.is_empty() {
        html += &controls(figure);
    }
    html += &drawings(figure);
    let _ = writeln!(html, "<figcaption>{}</figcaption>", escape(&figure.caption));
    if let Some(rows) = figure.table.as_ref().filter(|table| !table.rows.is_empty()) {
        let _ = writeln!(
            html,
            "<details><summary>The same as a table</summary>{}</details>",
            table(rows, &figure.title)
        );
    }
    html + "</figure>\n"
}

fn drawings(figure: &Figure) -> String {
    let label = format!("{}. {}", figure.title, figure.caption);
    let each = |format: &Format| -> String {
        let plots = figure.plots.iter();
        plots.map(|plot| plot.inline(*format, &label)).collect()
    };
    figure.formats.iter().map(each).collect()
}

fn controls(figure: &Figure) -> String {
    let mut html = format!("<div class=\"controls\">{}", legend(figure));
    if let [_, other, ..] = &figure.plots[..] {
        let _ = write!(
            html,
            "<span></span><button type=\"button\" data-scales=\"\">{} axis</button>",
            other.y.scale().word()
        );
    }
    html + "</div>\n"
}

fn legend(figure: &Figure) -> String {
    let button = |(class, name): &(&str, &str)| {
        let symbol = symbol_of(class);
        format!(
            "<button type=\"button\" data-series=\"{class}\" aria-pressed=\"true\"><svg viewBox=\"-6 -6 12 12\" \
             aria-hidden=\"true\"><use class=\"{class}\" href=\"#{symbol}\"/></svg>{name}</button>"
        )
    };
    figure.legend.iter().map(button).collect()
}

/// The symbol that stands for a series in a legend.
pub fn symbol_of(class: &str) -> &'static str {
    match class {
        "warm" => "big-dot",
        "cold" => "big-diamond",
        _ => "square",
    }
}

fn gaps(gaps: &Table) -> String {
    if gaps.rows.is_empty() {
        return String::new();
    }
    format!(
        "<h3>From warm to cold</h3>\n<p class=\"soft\">Difference of the medians, with its 95 % bootstrap interval (–: too few \
         samples for one).</p>\n{}",
        table(gaps, "From warm to cold")
    )
}

/// Two figures a size, under one legend.
fn cards(figures: &[Figure]) -> String {
    let Some(first) = figures.first() else {
        return paragraph("No sample was measured.");
    };
    let mut html = format!(
        "<div data-group=\"\"><div class=\"controls\">{}</div>\n<div class=\"cards\">\n",
        legend(first)
    );
    for pair in figures.chunks(2) {
        html += "<section>\n";
        for figure in pair {
            let _ = write!(
                html,
                "<figure id=\"{}\">\n<h3>{}</h3>\n{}<figcaption>{}</figcaption></figure>\n",
                escape(&figure.id),
                escape(&figure.title),
                drawings(figure),
                escape(&figure.caption)
            );
        }
        let rows = pair.iter().find_map(|figure| figure.table.as_ref());
        if let Some(rows) = rows {
            let _ = writeln!(
                html,
                "<details><summary>As a table</summary>{}</details>",
                table(rows, &pair[0].title)
            );
        }
        html += "</section>\n";
    }
    html + "</div></div>\n"
}

/// A table that can be scrolled by itself; `label` says what it is.
pub fn table(table: &Table, label: &str) -> String {
    let head = each(&table.head, |name| {
        format!("<th scope=\"col\">{}</th>", escape(name))
    });
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr>{head}</tr></thead><tbody>\n",
        escape(label)
    );
    for row in &table.rows {
        let cells = each(row, |text| format!("<td>{}</td>", escape(text)));
        let _ = writeln!(html, "<tr>{cells}</tr>");
    }
    html + "</tbody></table></div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_not_filled_again() {
        let page = fill("a {{x}} b {{y}}", |name| match name {
            "x" => "{{y}}".into(),
            _ => "why".into(),
        });
        assert_eq!(page, "a {{y}} b why");
    }

    #[test]
    fn data_cannot_end_its_script() {
        assert!(!script_data("\"</script><!--\"").contains('<'));
    }
}
