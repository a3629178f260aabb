//! Settings: where values come from, what is refused, and what is printed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sebs_tui::core::plan::{Order, Range, Sweep};
use sebs_tui::core::processor::Processor;
use sebs_tui::settings::table::{TABLE, find};
use sebs_tui::settings::{
    Advertise, Auto, Origin, PlatformName, Resolved, Runtime, Sources, markdown_table,
    print_config, resolve, resume, template,
};

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn sources_in(directory: &Path) -> Sources {
    Sources {
        directory: directory.into(),
        ..Sources::default()
    }
}

fn with_flags(flags: &[(&'static str, &str)]) -> Sources {
    let directory = directory();
    let flags = flags
        .iter()
        .map(|(key, value)| (*key, (*value).to_string()))
        .collect();
    Sources {
        flags,
        ..sources_in(directory.path())
    }
}

fn origin_of<'a>(resolved: &'a Resolved, key: &str) -> &'a Origin {
    &resolved
        .values
        .iter()
        .find(|assigned| assigned.setting.key == key)
        .expect("a known key")
        .origin
}

fn refusal(sources: &Sources) -> String {
    resolve(sources)
        .expect_err("this must be refused")
        .to_string()
}

fn sebs(name: &str) -> Sources {
    Sources {
        sebs_config: Some(PathBuf::from("tests/configs").join(name)),
        ..with_flags(&[])
    }
}

#[test]
fn without_any_source_the_defaults_are_those_of_sebs() {
    let resolved = resolve(&with_flags(&[])).unwrap();
    let settings = &resolved.settings;
    assert_eq!(
        (settings.sweep, settings.repetitions, settings.n),
        (Sweep::Payload, 5, 20)
    );
    assert_eq!(
        settings.outline().range,
        Range {
            begin: 1024,
            end: 6_251_000,
            points: 20
        }
    );
    assert_eq!(settings.outline().order, Order::Sebs);
    assert_eq!(
        (settings.platform, settings.runtime),
        (PlatformName::Local, Runtime::Native)
    );
    assert_eq!((settings.memory, settings.timeout().as_secs()), (128, 30));
    assert_eq!(
        (settings.listen, settings.advertise.clone()),
        (Auto::Auto, Advertise::Auto)
    );
    assert_eq!(settings.clock_shift(0), None);
    assert_eq!(*origin_of(&resolved, "seed"), Origin::Drawn);
    assert!(
        resolved
            .values
            .iter()
            .all(|a| a.setting.key == "seed" || a.origin == Origin::Default)
    );
}

#[test]
fn a_flag_beats_a_variable_beats_the_file_beats_sebs_json_beats_the_default() {
    let directory = directory();
    let file = directory.path().join("sebs-tui.toml");
    let json = directory.path().join("sebs.json");
    fs::write(
        &json,
        r#"{"experiments": {"invocation-overhead": {"repetitions": 11}}}"#,
    )
    .unwrap();
    fs::write(&file, "repetitions = 12\n").unwrap();
    let mut sources = sources_in(directory.path());
    let expect = |sources: &Sources, value: u32, origin: &Origin| {
        let resolved = resolve(sources).unwrap();
        assert_eq!(
            (
                resolved.settings.repetitions,
                origin_of(&resolved, "repetitions")
            ),
            (value, origin)
        );
    };
    fs::rename(&file, directory.path().join("away")).unwrap();
    expect(&sources, 5, &Origin::Default);
    sources.sebs_config = Some(json.clone());
    expect(&sources, 11, &Origin::SebsConfig(json));
    fs::rename(directory.path().join("away"), &file).unwrap();
    expect(&sources, 12, &Origin::File(file));
    sources
        .environment
        .insert("SEBS_TUI_REPETITIONS".into(), "13".into());
    expect(
        &sources,
        13,
        &Origin::Variable("SEBS_TUI_REPETITIONS".into()),
    );
    sources.flags.insert("repetitions", "14".into());
    expect(&sources, 14, &Origin::Flag("--repetitions".into()));
}

#[test]
fn a_file_named_by_config_is_read_instead_of_the_usual_one() {
    let directory = directory();
    fs::write(directory.path().join("sebs-tui.toml"), "n = 7\n").unwrap();
    let other = directory.path().join("other.toml");
    fs::write(&other, "N = 9\nrepetitions = 3\n").unwrap();
    let sources = Sources {
        config: Some(other),
        ..sources_in(directory.path())
    };
    let settings = resolve(&sources).unwrap().settings;
    assert_eq!((settings.n, settings.repetitions), (9, 3));
}

#[test]
fn a_bad_value_is_refused_with_its_place_its_key_itself_and_what_is_allowed() {
    let directory = directory();
    let file = directory.path().join("sebs-tui.toml");
    fs::write(&file, "repetitions = \"five\"\n").unwrap();
    let text = refusal(&sources_in(directory.path()));
    assert_eq!(
        text,
        format!(
            "{}: repetitions = \"five\": it must be a whole number from 1 to 10000",
            file.display()
        )
    );
    let bad = [
        (
            "in_flight",
            "0",
            "flag --in-flight: in_flight = \"0\": it must be a whole number from 1 to 64",
        ),
        ("in_flight", "65", "from 1 to 64"),
        ("max_exchanges", "1001", "from 1 to 1000"),
        ("payload_points", "0", "from 1 to 1000"),
        ("n", "twenty", "from 1 to 1000"),
        ("type", "packages", "one of \"payload\", \"code\""),
        (
            "platform",
            "azure",
            "it must be one of \"local\", \"docker\", \"aws\", \"endpoint\", \"simulated\"",
        ),
        ("simulated", "moon", "names of worlds"),
        ("listen", "12000", "\"auto\" or an address with a port"),
        ("advertise", "my-host", "\"auto\" or a numeric address"),
        ("cold_method", "idle", "\"idle:15m\""),
        ("budget", "0", "a number above 0"),
        ("function_name", "a b", "letters, digits"),
        ("clock_offset_s", "nan", "a number from -86400 to 86400"),
        ("out", "", "the path of a directory"),
    ];
    for (key, value, part) in bad {
        let text = refusal(&with_flags(&[(key, value)]));
        assert!(text.contains(part) && text.contains(key), "{text}");
    }
}

#[test]
fn an_unknown_key_in_a_file_is_refused() {
    let directory = directory();
    let file = directory.path().join("sebs-tui.toml");
    for (key, instead) in [
        ("repetitons", "did you mean \"repetitions\"?"),
        (
            "frobnicate",
            "the settings are: type, repetitions, until_ci",
        ),
    ] {
        fs::write(&file, format!("{key} = 5\n")).unwrap();
        let text = refusal(&sources_in(directory.path()));
        let said = format!("{}: unknown setting \"{key}\"; {instead}", file.display());
        assert!(text.starts_with(&said), "{text}");
    }
}

#[test]
fn an_unknown_variable_is_listed_as_unused() {
    let environment = BTreeMap::from([("SEBS_TUI_PAYLOAD_BEGINN".to_string(), "1".to_string())]);
    let resolved = resolve(&Sources {
        environment,
        ..with_flags(&[])
    })
    .unwrap();
    assert_eq!(
        resolved.unused,
        ["SEBS_TUI_PAYLOAD_BEGINN: there is no such setting; did you mean SEBS_TUI_PAYLOAD_BEGIN?"]
    );
}

#[test]
fn a_range_that_is_upside_down_is_refused_with_the_origin_of_both_ends() {
    let text = refusal(&with_flags(&[("payload_begin", "7000000")]));
    assert_eq!(
        text,
        "payload_begin = 7000000 (flag --payload-begin) must not be above payload_end = 6251000 (default)"
    );
}

#[test]
fn a_missing_file_and_a_broken_file_are_named() {
    let missing = Sources {
        config: Some("nowhere.toml".into()),
        ..with_flags(&[])
    };
    assert!(refusal(&missing).starts_with("nowhere.toml: cannot be read: "));
    let directory = directory();
    fs::write(directory.path().join("sebs-tui.toml"), "n = = 3\n").unwrap();
    assert!(refusal(&sources_in(directory.path())).contains("sebs-tui.toml: not valid TOML: "));
}

#[test]
fn a_known_clock_error_is_given_in_seconds_and_parts_per_million() {
    let settings = resolve(&with_flags(&[
        ("clock_offset_s", "-0.25"),
        ("clock_rate_ppm", "50"),
    ]))
    .unwrap()
    .settings;
    let shift = settings.clock_shift(7).expect("both are given");
    assert_eq!(
        (shift.offset, shift.rate_ppm, shift.since),
        (-250_000_000, 50.0, 7)
    );
}

#[test]
fn both_spellings_of_sebs_code_keys_make_the_same_plan() {
    let shipped = resolve(&sebs("shipped-spelling.json")).unwrap();
    let read = resolve(&sebs("read-spelling.json")).unwrap();
    assert_eq!(shipped.settings.outline(), read.settings.outline());
    assert_eq!(shipped.settings.sweep, Sweep::Code);
    assert_eq!(
        shipped.settings.outline().range,
        Range {
            begin: 2_000_000,
            end: 30_000_000,
            points: 4
        }
    );
    assert_eq!((shipped.settings.repetitions, shipped.settings.n), (7, 15));
    assert_eq!(shipped.settings.runtime, Runtime::Python);
}

#[test]
fn what_a_sebs_config_has_beyond_us_is_listed_and_does_no_harm() {
    let resolved = resolve(&sebs("shipped-spelling.json")).unwrap();
    insta::assert_snapshot!(resolved.unused.join("\n"), @r#"
    experiments.runtime.version
    experiments.download_results
    experiments.perf-cost
    experiments.update_code
    "#);
    assert_eq!(resolved.settings.platform, PlatformName::Aws);
    assert_eq!(resolved.settings.region.as_deref(), Some("us-east-1"));
    assert_eq!(resolved.settings.role, None);
}

#[test]
fn role_region_and_processor_of_a_sebs_config_are_ours() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = |architecture: &str, role: &str| {
        format!(
            r#"{{"experiments":{{"architecture":"{architecture}"}},"deployment":{{"aws":{{"region":"eu-north-1","lambda-role":"{role}","resources":{{}}}}}}}}"#
        )
    };
    let read = |architecture, role| {
        fs::write(file.path(), text(architecture, role)).unwrap();
        resolve(&Sources {
            sebs_config: Some(file.path().into()),
            ..with_flags(&[])
        })
        .unwrap()
    };
    let given = read("arm64", "arn:aws:iam::1:role/r");
    assert_eq!(given.settings.architecture, Processor::Arm);
    assert_eq!(given.settings.region.as_deref(), Some("eu-north-1"));
    assert_eq!(
        given.settings.role.as_deref(),
        Some("arn:aws:iam::1:role/r")
    );
    assert_eq!(given.unused, ["deployment.aws.resources"]);
    let open = read("x64", "");
    assert_eq!(open.settings.architecture, Processor::X86);
    assert_eq!(open.settings.role, None);
}

#[test]
fn of_two_spellings_in_one_file_the_one_that_sebs_reads_counts() {
    let resolved = resolve(&sebs("both-spellings.json")).unwrap();
    assert_eq!(
        resolved.settings.outline().range,
        Range {
            begin: 3_000_000,
            end: 9_000_000,
            points: 3
        }
    );
    assert_eq!(
        resolved.unused,
        ["experiments.invocation-overhead.code_begin: the other spelling counts"]
    );
}

#[test]
fn a_bad_value_in_a_sebs_config_is_refused() {
    assert_eq!(
        refusal(&sebs("bad-value.json")),
        "tests/configs/bad-value.json: N = 0: it must be a whole number from 1 to 1000"
    );
}

#[test]
fn the_printed_configuration_shows_every_value_with_its_origin() {
    let flags = [
        ("seed", "42"),
        ("type", "code"),
        ("clock_offset_s", "0.5"),
        ("listen", "10.0.0.7:12000"),
    ];
    let mut sources = with_flags(&flags);
    sources
        .environment
        .insert("SEBS_TUI_MEMORY".into(), "256".into());
    insta::assert_snapshot!(print_config(&resolve(&sources).unwrap().values));
}

#[test]
fn the_printed_configuration_can_be_read_back() {
    let directory = directory();
    let first = resolve(&with_flags(&[
        ("repetitions", "9"),
        ("out", "a \"quoted\" place"),
        ("seed", "3"),
    ]))
    .unwrap();
    let path = directory.path().join("printed.toml");
    fs::write(&path, print_config(&first.values)).unwrap();
    let again = resolve(&Sources {
        config: Some(path),
        ..sources_in(directory.path())
    })
    .unwrap();
    assert_eq!(first.settings, again.settings);
}

#[test]
fn the_commented_file_lists_exactly_the_settings_with_their_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/config.toml");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path, template()).unwrap();
    }
    let shipped = fs::read_to_string(path).unwrap();
    assert_eq!(
        shipped,
        template(),
        "assets/config.toml: write it anew with UPDATE_GENERATED=1 cargo test --test settings"
    );
    let table: toml::Table = shipped.parse().unwrap();
    let with_default: BTreeSet<&str> = TABLE
        .iter()
        .filter(|s| s.default.is_some())
        .map(|s| s.key)
        .collect();
    assert_eq!(
        table.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        with_default
    );
    assert!(
        table
            .iter()
            .all(|(key, value)| find(key).unwrap().default_value().as_ref() == Some(value))
    );
}

#[test]
fn the_readme_table_has_a_row_for_each_setting() {
    let table = markdown_table();
    assert_eq!(table.lines().count(), TABLE.len() + 2);
    assert!(
        TABLE
            .iter()
            .all(|setting| table.contains(&format!("| `{}` |", setting.flag())))
    );
}

fn resumed(
    first: &Resolved,
    sources: &Sources,
) -> Result<Resolved, sebs_tui::settings::SettingsError> {
    let rows: Vec<_> = first.recorded().collect();
    let rows = rows
        .iter()
        .map(|(key, value, origin)| (*key, value, origin.as_str()));
    resume(rows, Path::new("run.json"), sources)
}

#[test]
fn a_resumed_run_keeps_its_settings_and_remembers_their_origins() {
    let first = resolve(&with_flags(&[
        ("repetitions", "9"),
        ("theme", "mono"),
        ("clock_rate_ppm", "2.5"),
    ]))
    .unwrap();
    let directory = directory();
    fs::write(
        directory.path().join("sebs-tui.toml"),
        "repetitions = 4\nglyphs = \"ascii\"\n",
    )
    .unwrap();
    let again = resumed(&first, &sources_in(directory.path())).unwrap();
    assert_eq!(again.settings.repetitions, 9);
    assert_eq!(again.settings.seed, first.settings.seed);
    assert_eq!(again.settings.clock_rate_ppm, Some(2.5));
    assert_eq!(again.settings.glyphs, sebs_tui::settings::Glyphs::Ascii);
    assert_eq!(
        origin_of(&again, "repetitions").to_string(),
        "the resumed run (flag --repetitions)"
    );
}

#[test]
fn a_flag_that_would_change_a_resumed_run_is_refused_but_the_screen_may_change() {
    let first = resolve(&with_flags(&[("repetitions", "9")])).unwrap();
    let error = resumed(&first, &with_flags(&[("repetitions", "10")]))
        .expect_err("a run keeps its settings");
    assert!(
        error
            .to_string()
            .starts_with("--repetitions 10: a resumed run keeps its settings, and it has 9")
    );
    assert!(
        resumed(
            &first,
            &with_flags(&[("repetitions", "9"), ("theme", "mono")])
        )
        .is_ok()
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_setting_panic(index in 0..TABLE.len(), text in ".{0,12}") {
        let setting = &TABLE[index];
        if let Some(value) = setting.kind.parse(&text) {
            prop_assert_eq!(setting.kind.accept(value.clone()), Some(value));
        }
    }
}

/// Flags, and the lines that they are told with.
type Told = (
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

#[test]
fn what_was_given_and_does_nothing_is_told_with_the_reason() {
    let told = |flags: &[(&'static str, &str)]| resolve(&with_flags(flags)).unwrap().idle();
    let table: &[Told] = &[
        (&[], &[]),
        (&[("sync", "http")], &[]),
        (&[("in_flight", "8"), ("pace_ms", "5")], &[]),
        (
            &[
                ("sync", "http"),
                ("listen", "127.0.0.1:9000"),
                ("advertise", "127.0.0.1"),
                ("in_flight", "8"),
                ("pace_ms", "5"),
            ],
            &[
                "--listen, --advertise, --in-flight, --pace-ms: with --sync http no datagrams are sent",
            ],
        ),
        (
            &[("pace_ms", "1")],
            &["--pace-ms: one datagram is under way at a time (in_flight is 1)"],
        ),
        (
            &[("region", "us-east-1"), ("image", "i")],
            &[
                "--region: of use on the platform aws, and this one is local",
                "--image: of use on the platform docker, and this one is local",
            ],
        ),
        (&[("platform", "aws"), ("region", "us-east-1")], &[]),
        (
            &[("platform", "aws"), ("invocations_per_minute", "9")],
            &["--invocations-per-minute: of use on the platform endpoint, and this one is aws"],
        ),
        (
            &[("budget", "1")],
            &["--budget: no price is known on the platform local"],
        ),
        (&[("platform", "aws"), ("budget", "1")], &[]),
        (&[("seed", "1"), ("order", "shuffled")], &[]),
        (
            &[("seed", "1")],
            &[
                "--seed: nothing is drawn by it: the order is not shuffled, and no package is filled",
            ],
        ),
        (
            &[("code_points", "3")],
            &["--code-points: the sweep is of another type (type is payload)"],
        ),
        (
            &[("max_repetitions", "9")],
            &["--max-repetitions: nothing is repeated further without --until-ci"],
        ),
        (
            &[("cold_method", "config")],
            &["--cold-method: on the platform local every cold start is a new environment"],
        ),
    ];
    for (flags, lines) in table {
        assert_eq!(told(flags), *lines, "{flags:?}");
    }
}

#[test]
fn a_variable_and_a_file_are_told_by_name_but_not_a_file_of_defaults() {
    let directory = directory();
    let file = directory.path().join("sebs-tui.toml");
    let mut sources = sources_in(directory.path());
    fs::write(&file, template()).unwrap();
    assert_eq!(resolve(&sources).unwrap().idle(), Vec::<String>::new());
    fs::write(&file, "network = \"mine\"\n").unwrap();
    let variable = ("SEBS_TUI_CPUS".into(), "2".into());
    sources.environment.extend([variable]);
    let told = resolve(&sources).unwrap().idle();
    let expected = format!(
        "network in {}, SEBS_TUI_CPUS: of use on the platform docker, and this one is local",
        file.display()
    );
    assert_eq!(told, [expected]);
}

#[test]
fn a_plan_and_the_printed_settings_say_what_is_not_used() {
    let directory = directory();
    for arguments in [
        &["plan"][..],
        &["--print-config"],
        &["plan", "--print-config"],
    ] {
        let mut command = support::program();
        command
            .args(arguments)
            .args(["--platform", "simulated", "--pace-ms", "5"])
            .current_dir(directory.path());
        let output = support::finish(&mut command, 0);
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "sebs-tui: not used: --pace-ms: one datagram is under way at a time (in_flight is 1)\n",
            "{arguments:?}"
        );
    }
}
