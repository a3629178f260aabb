//! `sebs-tui clean`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use sebs_tui::cli::{Cleaning, CleaningMode, Whose};
use sebs_tui::platform::Platform;
use sebs_tui::platform::cleaning::{
    self, Cleaned, Fate, Intent, clean_ledger, clean_tagged, unreachable,
};
use sebs_tui::platform::context::Context;
use sebs_tui::platform::ledger::{self, Ledger};
use sebs_tui::settings::{self, PlatformName, Settings, Sources};

use super::ledgers::{directory, explained};
use super::platforms::to_clean;
use super::{Done, tell_unused, tokio_runtime};

/// What was cleaned, and what kept anything from being looked at.
#[derive(Default)]
struct Outcome {
    cleaned: Vec<Cleaned>,
    faults: Vec<String>,
}

/// `sebs-tui clean`: removes what killed runs left, and tells of each thing.
pub fn clean(cleaning: &Cleaning) -> Done {
    let resolved = settings::resolve(&cleaning.options.sources())?;
    tell_unused(&resolved);
    let settings = &resolved.settings;
    let ledgers = directory(settings)?;
    let intent = match cleaning.mode {
        CleaningMode::Remove => Intent::Remove,
        CleaningMode::DryRun => Intent::Tell,
    };
    let paths = match &cleaning.whose {
        Whose::Run(run) => vec![of_run(&ledgers, run)?],
        Whose::DeadRuns | Whose::All => ledger::list(&ledgers)?,
    };
    let outcome = tokio_runtime()?.block_on(async {
        let mut outcome = Outcome::default();
        for path in paths {
            match Ledger::reopen(&path) {
                Ok((ledger, owner)) => outcome.clean(&path, ledger, &owner, intent).await,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let skipped = format!("{}: skipped: {}", path.display(), explained(&error));
                    match cleaning.whose {
                        Whose::Run(_) => outcome.faults.push(skipped),
                        Whose::DeadRuns | Whose::All => println!("{skipped}"),
                    }
                }
                Err(error) => outcome.faults.push(format!("{}: {error}", path.display())),
            }
        }
        match cleaning.whose {
            Whose::Run(_) => {}
            Whose::All => outcome.clean_tags(settings, &ledgers, intent).await,
            // What a killed local run left needs no ledger to be found.
            Whose::DeadRuns => {
                let local = Settings {
                    platform: PlatformName::Local,
                    ..settings.clone()
                };
                outcome.clean_tags(&local, &ledgers, intent).await;
            }
        }
        outcome
    });
    Ok(outcome.tell())
}

fn of_run(ledgers: &Path, run: &str) -> Result<PathBuf, String> {
    let path = ledger::path_in(ledgers, run);
    if path.exists() {
        return Ok(path);
    }
    let there = ledger::list(ledgers).unwrap_or_default();
    let names: Vec<String> = there.iter().map(|path| run_of(path)).collect();
    Err(format!(
        "{}: no such ledger, so that run has left nothing; runs with a ledger: {}",
        path.display(),
        if names.is_empty() {
            "none".into()
        } else {
            names.join(", ")
        }
    ))
}

fn run_of(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The runs whose ledger is locked.
fn alive(ledgers: &Path) -> BTreeSet<String> {
    let locked = |path: &PathBuf| {
        Ledger::reopen(path).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    };
    let paths = ledger::list(ledgers).unwrap_or_default();
    paths
        .into_iter()
        .filter(locked)
        .map(|path| run_of(&path))
        .collect()
}

impl Outcome {
    async fn clean(&mut self, path: &Path, ledger: Ledger, owner: &ledger::Owner, intent: Intent) {
        let run = &owner.run;
        let (context, _notes) = Context::new(run, ledger, Arc::default());
        let cleaned = match platform_of(path, owner, &context).await {
            Ok(platform) => clean_ledger(platform.as_ref(), run, context.ledger(), intent).await,
            Err(why) => unreachable(run, context.ledger(), &why),
        };
        self.cleaned.extend(cleaned);
        context.ledger().close();
    }

    async fn clean_tags(&mut self, settings: &Settings, ledgers: &Path, intent: Intent) {
        let (context, _notes) = Context::new("clean", Ledger::in_memory(), Arc::default());
        let alive = |run: &str| alive(ledgers).contains(run);
        let cleaned = match to_clean(settings, context).await {
            Ok(None) => return,
            Ok(Some(platform)) => clean_tagged(platform.as_ref(), alive, intent).await,
            Err(error) => Err(error),
        };
        match cleaned {
            // What a ledger told already is not told again.
            Ok(cleaned) => self.cleaned.extend(
                cleaned
                    .into_iter()
                    .filter(|one| intent == Intent::Remove || !self.knows(one))
                    .collect::<Vec<_>>(),
            ),
            Err(error) => self.faults.push(error.to_string()),
        }
    }

    fn knows(&self, one: &Cleaned) -> bool {
        self.cleaned
            .iter()
            .any(|known| known.resource == one.resource)
    }

    fn tell(&self) -> ExitCode {
        print!("{}", cleaning::table(&self.cleaned));
        if self.cleaned.is_empty() && self.faults.is_empty() {
            println!("nothing is left");
        }
        for fault in &self.faults {
            eprintln!("sebs-tui: {fault}");
        }
        let failed = |one: &Cleaned| matches!(one.fate, Fate::Failed { .. });
        if self.faults.is_empty() && !self.cleaned.iter().any(failed) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

async fn platform_of(
    path: &Path,
    owner: &ledger::Owner,
    context: &Context,
) -> Result<Arc<dyn Platform>, String> {
    let recorded = owner
        .settings
        .iter()
        .map(|(key, value)| (key.as_str(), value, "its ledger"));
    let resolved = settings::resume(recorded, path, &Sources::default());
    let settings = resolved.map_err(|error| error.to_string())?.settings;
    let platform = to_clean(&settings, context.clone()).await;
    let nowhere = || {
        format!(
            "nothing exists on the platform {}",
            settings.platform.word()
        )
    };
    platform
        .map_err(|error| error.to_string())?
        .ok_or_else(nowhere)
}
