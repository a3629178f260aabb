//! `sebs-tui clean`.

mod places;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use sebs_tui::cli::{Cleaning, CleaningMode, Whose};
use sebs_tui::core::message::AtEnd;
use sebs_tui::platform::Platform;
use sebs_tui::platform::cleaning::{
    self, Claim, Cleaned, Fate, Intent, Swept, clean_ledger, clean_tagged, kept, unreachable,
};
use sebs_tui::platform::context::{Context, Notes};
use sebs_tui::platform::ledger::{self, Ledger};
use sebs_tui::platform::origin::{Origin, Tag};
use sebs_tui::settings::{self, PlatformName, Settings};

use super::ledgers::{directory, explained};
use super::out::tell_anyway;
use super::platforms::to_clean;
use super::{Done, tell_unknown, tokio_runtime};
use places::{Place, places, settings_of};

/// What was cleaned, where tags were looked for, what the platforms said, and what kept anything from being looked at.
#[derive(Default)]
struct Outcome {
    cleaned: Vec<Cleaned>,
    looked: Vec<String>,
    notes: Vec<String>,
    faults: Vec<String>,
}

/// Where ledgers are, whose things are looked for, and what is done with them.
struct Sweep<'a> {
    ledgers: PathBuf,
    whose: &'a Whose,
    intent: Intent,
}

/// `sebs-tui clean`: removes what killed runs left, and tells of each thing.
pub fn clean(cleaning: &Cleaning) -> Done {
    let resolved = settings::resolve(&cleaning.options.sources())?;
    tell_unknown(&resolved);
    let settings = &resolved.settings;
    let sweep = Sweep {
        ledgers: directory(settings)?,
        whose: &cleaning.whose,
        intent: match cleaning.mode {
            CleaningMode::Remove => Intent::Remove,
            CleaningMode::DryRun => Intent::Tell,
        },
    };
    let paths = ledger::list(&sweep.ledgers).map_err(|error| {
        let ledgers = sweep.ledgers.display();
        format!("{ledgers}: {error}: without the ledgers nobody knows which runs are alive, so nothing is removed")
    })?;
    let mut outcome = Outcome::default();
    // Read now: a ledger with nothing left open goes.
    let places = places(settings, &paths, &mut outcome.faults);
    tokio_runtime()?.block_on(async {
        match sweep.whose {
            Whose::Run(run) => {
                let path = ledger::path_in(&sweep.ledgers, run);
                if path.exists() {
                    sweep.ledger(&path, &mut outcome).await;
                    return;
                }
                let named = |tag: &Tag| match sweep.is_alive(&tag.run) {
                    Ok(false) if tag.run == *run => Claim::Ours,
                    _ => Claim::Stays,
                };
                sweep.tags(&places, named, &mut outcome).await;
                if outcome.cleaned.is_empty() {
                    outcome.faults.push(unknown(&path, &paths));
                }
            }
            Whose::DeadRuns | Whose::All => {
                for path in &paths {
                    sweep.ledger(path, &mut outcome).await;
                }
                // The directories of killed runs on this machine need no ledger to be found.
                let local = Settings {
                    platform: PlatformName::Local,
                    ..settings.clone()
                };
                sweep.local(&local, &mut outcome).await;
                if *sweep.whose == Whose::All {
                    let origin = Origin::known(&sweep.ledgers);
                    let claimed = |tag: &Tag| sweep.claim(tag, &origin);
                    sweep.tags(&places, claimed, &mut outcome).await;
                }
            }
        }
    });
    Ok(outcome.tell())
}

/// What a run without a ledger is answered.
fn unknown(path: &Path, paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| run_of(path)).collect();
    format!(
        "{}: no such ledger, and nothing with its tag was found; runs with a ledger: {}",
        path.display(),
        if names.is_empty() {
            "none".into()
        } else {
            names.join(", ")
        }
    )
}

fn run_of(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

impl Sweep<'_> {
    /// A live run is refused when it was named, else told; what was kept on purpose goes when everything does, or when
    /// its run was named.
    async fn ledger(&self, path: &Path, outcome: &mut Outcome) {
        let (ledger, owner) = match Ledger::reopen(path) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let skipped = format!("{}: skipped: {}", path.display(), explained(&error));
                match self.whose {
                    Whose::DeadRuns | Whose::All if error.kind() == io::ErrorKind::WouldBlock => {
                        tell_anyway(format_args!("{skipped}\n"));
                    }
                    _ => outcome.faults.push(skipped),
                }
                return;
            }
        };
        let run = &owner.run;
        for what in ledger.damage() {
            let kept = "its other lines are used, and it is kept: look at it, then delete it";
            outcome
                .faults
                .push(format!("{}: {what}; {kept}", path.display()));
        }
        if (owner.at_end, self.whose) == (AtEnd::Keep, &Whose::DeadRuns) {
            outcome.cleaned.extend(kept(run, &ledger));
            return;
        }
        let (context, notes) = Context::new(run, ledger, Arc::default());
        let platform = platform_of(path, &owner, &context).await;
        outcome.cleaned.extend(match platform {
            Ok(platform) => {
                clean_ledger(platform.as_ref(), run, context.ledger(), self.intent).await
            }
            Err(why) => unreachable(run, context.ledger(), &why),
        });
        context.ledger().close();
        outcome.note(notes);
    }

    /// Directories of killed runs, of Docker's too: the local platform knows by itself that they are nobody's.
    async fn local(&self, settings: &Settings, outcome: &mut Outcome) {
        let ledger = Ledger::in_memory();
        let swept = self
            .tagged(settings, ledger, |_| Claim::Ours, outcome)
            .await;
        self.take(swept, outcome);
    }

    /// What is claimed in each of these places.
    async fn tags(&self, places: &[Place], claimed: impl Fn(&Tag) -> Claim, outcome: &mut Outcome) {
        for Place {
            words,
            settings,
            led,
        } in places
        {
            outcome.looked.push(words.clone());
            let ledger = Ledger::beside(led.clone());
            let swept = self.tagged(settings, ledger, &claimed, outcome).await;
            let swept = swept.map_err(|error| format!("{words}: {error}"));
            self.take(swept, outcome);
        }
    }

    async fn tagged(
        &self,
        settings: &Settings,
        ledger: Ledger,
        claimed: impl Fn(&Tag) -> Claim,
        outcome: &mut Outcome,
    ) -> Result<Swept, String> {
        let (context, notes) = Context::new("clean", ledger, Arc::default());
        let swept = match to_clean(settings, context).await {
            Ok(None) => Ok(Swept::default()),
            Ok(Some(platform)) => clean_tagged(platform.as_ref(), claimed, self.intent).await,
            Err(error) => Err(error),
        };
        outcome.note(notes);
        swept.map_err(|error| error.to_string())
    }

    fn take(&self, swept: Result<Swept, String>, outcome: &mut Outcome) {
        match swept {
            // What a ledger or another place told already is not told again.
            Ok(Swept { cleaned, unseen }) => {
                outcome.faults.extend(unseen);
                for one in cleaned {
                    if self.intent == Intent::Remove && one.fate == Fate::Removed
                        || !outcome.knows(&one)
                    {
                        outcome.cleaned.push(one);
                    }
                }
            }
            Err(why) => outcome.faults.push(why),
        }
    }

    /// Whether a run has a ledger here that is locked.
    fn is_alive(&self, run: &str) -> io::Result<bool> {
        Ledger::is_locked(&ledger::path_in(&self.ledgers, run))
    }

    /// What may be done with a thing of this tag when no run is named. Only where a run was begun its lock says that it
    /// is dead; what cannot be found out is no sign of death.
    fn claim(&self, tag: &Tag, origin: &io::Result<Option<Origin>>) -> Claim {
        let here = matches!(origin, Ok(Some(here)) if tag.origin.as_ref().is_some_and(|of| of.ledgers == here.ledgers));
        match (self.is_alive(&tag.run), &tag.origin) {
            (Ok(false), _) if here => Claim::Ours,
            (Ok(true), _) => Claim::Stays,
            (Err(error), _) => {
                Claim::Elsewhere(format!("a run whose ledger cannot be read ({error})"))
            }
            (Ok(false), Some(of)) => {
                Claim::Elsewhere(format!("{}, ledgers {}", of.host, of.ledgers))
            }
            (Ok(false), None) => Claim::Elsewhere("an unknown machine".into()),
        }
    }
}

impl Outcome {
    fn knows(&self, one: &Cleaned) -> bool {
        self.cleaned
            .iter()
            .any(|known| known.resource == one.resource)
    }

    fn note(&mut self, mut notes: Notes) {
        while let Ok(note) = notes.try_recv() {
            self.notes.push(note);
        }
    }

    fn tell(&self) -> ExitCode {
        for place in &self.looked {
            tell_anyway(format_args!("looked for this program's tag: {place}\n"));
        }
        tell_anyway(cleaning::table(&self.cleaned));
        if self.cleaned.is_empty() && self.faults.is_empty() {
            tell_anyway(if self.notes.is_empty() {
                "nothing is left\n"
            } else {
                "nothing else is known to be left\n"
            });
        }
        for fault in self.notes.iter().chain(&self.faults) {
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
    let settings = settings_of(path, owner)?;
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
