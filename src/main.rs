//! sebs-tui: joins the rooms, and maps the ending of a run to an exit code.

mod launch;

use std::io;
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
        Request::Completions(shell) => {
            cli::completions(shell, &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Request::Man => cli::man(&mut io::stdout())
            .map(|()| ExitCode::SUCCESS)
            .map_err(Into::into),
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

fn print_config(options: &cli::Options) -> launch::Done {
    let resolved = settings::resolve(&options.sources())?;
    print!("{}", settings::print_config(&resolved.values));
    launch::tell_unused(&resolved);
    Ok(ExitCode::SUCCESS)
}
