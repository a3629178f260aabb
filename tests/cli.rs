//! The command line: what it accepts, and what it says of itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use clap_complete::Shell;
use sebs_tui::cli::{
    CleaningMode, Existing, Format, Options, Probing, Purpose, ReportForm, Request, Rules,
    TableFormat, View, Whose, command, completions, man, parse,
};
use sebs_tui::core::message::AtEnd;
use sebs_tui::core::plan::Sweep;
use sebs_tui::core::sample::StartKind;

fn request(line: &str) -> Request {
    parse(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn run(line: &str) -> Options {
    match request(line) {
        Request::Run(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn refusal(line: &str) -> String {
    parse(line.split_whitespace())
        .expect_err("this must be refused")
        .to_string()
}

#[test]
fn the_command_line_of_the_manual_is_understood() {
    let options = run(
        "sebs-tui run --platform local --runtime native --type payload --repetitions 5 --n 20 \
         --payload-begin 1024 --payload-end 6251000 --payload-points 20 --out DIR",
    );
    assert_eq!(options.flags.len(), 9);
    assert_eq!(
        (
            options.flags["payload_end"].as_str(),
            options.flags["out"].as_str()
        ),
        ("6251000", "DIR")
    );
    assert_eq!(
        (options.view, options.purpose),
        (View::Dashboard, Purpose::Go)
    );
}

#[test]
fn run_is_the_default_command_with_all_its_flags() {
    assert_eq!(request("sebs-tui"), request("sebs-tui run"));
    let flags = "--plain --type code --code-package-begin 5 --clock-offset-s -0.5 --resume d --sebs-config s.json";
    assert_eq!(
        request(&format!("sebs-tui {flags}")),
        request(&format!("sebs-tui run {flags}"))
    );
    assert_eq!(
        run(&format!("sebs-tui {flags}")).flags["clock_offset_s"],
        "-0.5"
    );
}

#[test]
fn the_other_commands_are_known() {
    assert!(
        matches!(request("sebs-tui plan --type code"), Request::Plan(options) if options.flags["type"] == "code")
    );
    assert_eq!(
        request("sebs-tui completions fish"),
        Request::Completions(Shell::Fish)
    );
    assert_eq!(request("sebs-tui man"), Request::Man);
    let report = |line: &str| match request(line) {
        Request::Report(options) => (options.form, options.attempt),
        other => panic!("{line}: {other:?}"),
    };
    let forms = [
        ("", ReportForm::Html(None)),
        (" --out a.html", ReportForm::Html(Some("a.html".into()))),
        (" --svg figures", ReportForm::Svg("figures".into())),
        (" --md", ReportForm::Markdown),
        (" --json", ReportForm::Json),
    ];
    for (flags, form) in forms {
        let line = format!("sebs-tui report DIR{flags} --attempt 7");
        assert_eq!(report(&line), (form, Some(7)));
    }
    let Request::View(viewing) = request("sebs-tui view DIR --theme mono") else {
        panic!("view is a command");
    };
    assert_eq!(viewing.directory, PathBuf::from("DIR"));
    assert_eq!(viewing.options.flags["theme"], "mono");
    assert!(refusal("sebs-tui view").contains("<DIR>"));
    assert_eq!(run("sebs-tui --print-config").purpose, Purpose::PrintConfig);
    assert_eq!(run("sebs-tui run --json").view, View::Json);
}

#[test]
fn runs_are_compared_with_the_first() {
    let Request::Compare(comparing) =
        request("sebs-tui compare a b c --fail-above 12.5% --format markdown")
    else {
        panic!("a comparison");
    };
    assert_eq!(comparing.directories, ["a", "b", "c"].map(PathBuf::from));
    assert_eq!(comparing.fail_above, Some(0.125));
    assert_eq!(comparing.format, TableFormat::Markdown);
    assert!(refusal("sebs-tui compare a").contains("2 values required"));
    assert!(refusal("sebs-tui compare a b --fail-above -1").contains("unexpected argument"));
    assert!(refusal("sebs-tui compare a b --fail-above much").contains("such as 10%"));
    assert!(refusal("sebs-tui compare a b --format html").contains("markdown"));
}

#[test]
fn process_keeps_what_is_there_unless_told_otherwise() {
    let Request::Process(plain) = request("sebs-tui process DIR") else {
        panic!("process is a command");
    };
    assert_eq!(
        (plain.rules, plain.existing, plain.format, plain.out),
        (Rules::Ours, Existing::Kept, Format::Text, None)
    );
    let Request::Process(all) =
        request("sebs-tui process DIR --sebs-compat --out F --force --format json")
    else {
        panic!("process is a command");
    };
    assert_eq!(
        (all.rules, all.existing, all.format, all.out),
        (
            Rules::Sebs,
            Existing::Replaced,
            Format::Json,
            Some("F".into())
        )
    );
    assert!(refusal("sebs-tui process").contains("<DIR>"));
}

#[test]
fn cleaning_is_of_dead_runs_unless_told_otherwise() {
    let clean = |flags: &str| match request(&format!("sebs-tui clean{flags}")) {
        Request::Clean(cleaning) => (cleaning.whose, cleaning.mode),
        other => panic!("{flags}: {other:?}"),
    };
    assert_eq!(clean(""), (Whose::DeadRuns, CleaningMode::Remove));
    assert_eq!(
        clean(" --run a --dry-run"),
        (Whose::Run("a".into()), CleaningMode::DryRun)
    );
    assert_eq!(
        clean(" --all --platform docker"),
        (Whose::All, CleaningMode::Remove)
    );
    assert!(refusal("sebs-tui clean --run a --all").contains("cannot be used with"));
    assert_eq!(run("sebs-tui").at_end, AtEnd::Remove);
    assert_eq!(run("sebs-tui run --keep").at_end, AtEnd::Keep);
}

#[test]
fn the_doctor_probes_unless_told_to_look_only() {
    let doctor = |flags: &str| match request(&format!("sebs-tui doctor{flags}")) {
        Request::Doctor(examining) => (examining.probing, examining.format, examining.options),
        other => panic!("{flags}: {other:?}"),
    };
    let (probing, format, _) = doctor("");
    assert_eq!((probing, format), (Probing::Deploy, Format::Text));
    let (probing, format, options) = doctor(" --read-only --json --platform aws");
    assert_eq!((probing, format), (Probing::ReadOnly, Format::Json));
    assert_eq!(options.flags["platform"], "aws");
}

#[test]
fn what_is_imported_is_named_by_the_person() {
    let importing = |line: &str| match request(line) {
        Request::Import(importing) => importing,
        other => panic!("{line}: {other:?}"),
    };
    let bare = importing("sebs-tui import d");
    assert_eq!((bare.kind, bare.sweep), (None, None));
    assert_eq!(
        (bare.platform.as_str(), bare.out),
        ("sebs", "results".into())
    );
    let told =
        importing("sebs-tui import d --out o --platform-name aws --start-kind cold --type code");
    assert_eq!(
        (told.kind, told.sweep),
        (Some(StartKind::Cold), Some(Sweep::Code))
    );
    assert_eq!((told.platform.as_str(), told.out), ("aws", "o".into()));
    assert!(refusal("sebs-tui import d --platform-name a/b").contains("letters, digits"));
    assert!(refusal("sebs-tui import d --start-kind hot").contains("possible values"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert!(refusal("sebs-tui --plain --json").contains("cannot be used with"));
    assert!(refusal("sebs-tui run --repetition-count 5").contains("unexpected argument"));
    assert!(refusal("sebs-tui --type packages").contains("[possible values: payload, code]"));
    assert!(refusal("sebs-tui report DIR --md --json").contains("cannot be used with"));
    assert!(refusal("sebs-tui report").contains("required"));
    assert!(refusal("sebs-tui plan --plain").contains("unexpected argument"));
}

#[test]
fn the_command_line_is_consistent() {
    command().debug_assert();
}

#[test]
fn help_is_grouped() {
    insta::assert_snapshot!(command().term_width(100).render_long_help());
}

#[test]
fn each_commands_help_is_as_it_was() {
    for name in [
        "plan",
        "compare",
        "process",
        "import",
        "report",
        "view",
        "clean",
        "doctor",
        "completions",
    ] {
        let mut command = command().term_width(100);
        let help = command
            .find_subcommand_mut(name)
            .expect("a known command")
            .render_help();
        insta::assert_snapshot!(format!("help_of_{name}"), help);
    }
}

#[test]
fn the_manual_page_is_as_it_was() {
    insta::assert_snapshot!(man().replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn completions_are_as_they_were() {
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        insta::assert_snapshot!(format!("completions_of_{shell}"), completions(shell));
    }
}
