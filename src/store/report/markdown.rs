//! The report as Markdown: the answer and the tables.

use std::fmt::Write as _;

use super::Report;
use super::answer;
use super::comparison;
use super::figures::{Figure, TABLE_NOTE, Table};
use super::method;
use crate::core::compare::Comparison;
use crate::core::words::size;

/// The whole report, without pictures.
pub fn markdown(report: &Report) -> String {
    let sources = report.sources();
    let mut text = format!("# {}\n\n", clean(&answer::question(&report.data.run)));
    for headline in answer::headlines(&report.analysis) {
        let _ = writeln!(
            text,
            "- **{}, {}: {}** ({}, n = {})",
            headline.kind.word(),
            size(headline.size),
            headline.value,
            headline.interval,
            headline.n
        );
    }
    for (sentence, basis) in answer::slopes(&report.data.run, &report.analysis) {
        let _ = writeln!(text, "- {} {}", clean(&sentence), clean(&basis));
    }
    let warnings = report.warnings();
    if !warnings.is_empty() {
        text += "\n## To be wary of\n\n";
        for warning in warnings {
            let _ = writeln!(text, "- {}", clean(&warning));
        }
    }
    text += &compared(&report.comparisons);
    text += "\n## Plan and method\n\n";
    for (name, value) in method::facts(report) {
        let _ = writeln!(text, "- {name}: {}", clean(&value));
    }
    if let Some(file) = &report.file {
        let command = method::command(file)
            .join(" ")
            .replace(char::is_control, " ");
        let purpose = method::purpose(file);
        let _ = writeln!(text, "\n{purpose}:\n\n    {command}");
    }
    let _ = write!(text, "\n## All figures\n\n{}\n\n", clean(TABLE_NOTE));
    text += &table(&sources.table());
    let gaps = sources.gaps();
    if !gaps.rows.is_empty() {
        let _ = write!(text, "\n## From warm to cold\n\n{}", table(&gaps));
    }
    for figure in sources.network().iter().chain(&sources.convergence()) {
        text += &section(figure);
    }
    text
}

fn compared(comparisons: &[Comparison]) -> String {
    if comparisons.is_empty() {
        return String::new();
    }
    let basis = clean(&comparison::basis(comparisons));
    let mut text = format!("\n## {}\n\n{basis}\n", comparison::TITLE);
    for comparison in comparisons {
        let _ = writeln!(text, "\n### {}", clean(&comparison::title(comparison)));
        for run in &comparison.runs {
            let _ = write!(text, "\n- {}\n", clean(&comparison::summary(run)));
            for remark in comparison::remarks(run) {
                let _ = writeln!(text, "- {}", clean(&remark));
            }
            let _ = write!(text, "\n{}", table(&comparison::table(run)));
        }
    }
    text
}

fn section(figure: &Figure) -> String {
    let mut text = format!(
        "\n## {}\n\n{}\n",
        clean(&figure.title),
        clean(&figure.caption)
    );
    if let Some(rows) = figure.table.as_ref().filter(|table| !table.rows.is_empty()) {
        let _ = write!(text, "\n{}", table(rows));
    }
    text
}

fn table(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| clean(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = "---:|".repeat(table.head.len());
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    format!("{}|{rule}\n{rows}", line(&table.head))
}

/// `text` on one line, with nothing that Markdown or HTML would obey.
fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            cleaned.push(' ');
        } else {
            if "\\`*_[]<>|&#".contains(c) {
                cleaned.push('\\');
            }
            cleaned.push(c);
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_in_its_cell() {
        let text = table(&Table {
            head: vec!["a".into()],
            rows: vec![vec!["x | <b>\n# y".into()]],
        });
        assert_eq!(text, "| a |\n|---:|\n| x \\| \\<b\\> \\# y |\n");
    }
}
