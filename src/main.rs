//! sebs-tui: joins the rooms, and maps the ending of a run to an exit code.

mod launch;

use std::process::ExitCode;

use sebs_tui::cli::{self, Cleaning, Examining, Purpose, Request};
use sebs_tui::settings::{self, SettingsError};

/// A setting or the command line is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let request = cli::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let done = match request {
        Request::Run(options)
        | Request::Plan(options)
        | Request::Clean(Cleaning { options, .. })
        | Request::Doctor(Examining { options, .. })
            if options.purpose == Purpose::PrintConfig =>
        {
            print_config(&options)
        }
        Request::Run(options) => launch::run(&options),
        Request::Plan(options) => launch::plan(&options),
        Request::Compare(comparing) => launch::compare(&comparing),
        Request::Process(processing) => launch::process::process(&processing),
        Request::Import(importing) => launch::import(&importing),
        Request::Report(options) => launch::report_run(&options),
        Request::View(viewing) => launch::view_run(&viewing),
        Request::Clean(cleaning) => launch::clean(&cleaning),
        Request::Doctor(examining) => launch::doctor(&examining),
        Request::Completions(shell) => print(&cli::completions(shell)),
        Request::Man => print(&cli::man()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("sebs-tui: {error}");
        if error.is::<SettingsError>() {
            USAGE.into()
        } else {
            ExitCode::FAILURE
        }
    })
}

fn print(text: &str) -> launch::Done {
    launch::tell(text)?;
    Ok(ExitCode::SUCCESS)
}

fn print_config(options: &cli::Options) -> launch::Done {
    let resolved = settings::resolve(&options.sources())?;
    launch::tell(settings::print_config(&resolved.values))?;
    launch::tell_unused(&resolved);
    Ok(ExitCode::SUCCESS)
}
