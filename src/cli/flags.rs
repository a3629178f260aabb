//! The flags of the settings, from their table, and of where else settings come from.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, value_parser};

use crate::settings::kind::Kind;
use crate::settings::table::{Setting, TABLE};

pub(super) fn sources() -> Vec<Arg> {
    let file = |name: &'static str| {
        let argument = Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf));
        argument
            .help_heading("Settings")
            .value_hint(clap::ValueHint::FilePath)
    };
    vec![
        file("config").help("TOML file of settings; default: sebs-tui.toml, if it is there"),
        file("sebs-config").help("SeBS's JSON configuration; what has no use here is listed"),
        Arg::new("print-config")
            .long("print-config")
            .action(ArgAction::SetTrue)
            .help_heading("Settings")
            .help("Print every setting with the origin of its value, and end"),
    ]
}

pub(super) fn settings() -> impl Iterator<Item = Arg> {
    TABLE.iter().map(setting)
}

pub(super) fn setting(setting: &'static Setting) -> Arg {
    let default = setting.default.unwrap_or(setting.open);
    let aliases = setting
        .aliases
        .iter()
        .filter(|alias| alias.len() > 1)
        .map(|alias| alias.replace('_', "-"));
    let argument = Arg::new(setting.key)
        .long(setting.long())
        .aliases(aliases)
        .value_name(setting.kind.placeholder())
        // A negative clock error is a value, not a flag.
        .allow_negative_numbers(true)
        .help_heading(setting.group.heading())
        .help(format!("{} [default: {default}]", setting.help));
    match setting.kind {
        Kind::Choice(words) => argument.value_parser(PossibleValuesParser::new(words)),
        Kind::Directory => argument.value_hint(clap::ValueHint::DirPath),
        _ => argument,
    }
}
