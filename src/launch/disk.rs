//! What is on disk when a run begins or goes on.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sebs_tui::cli::Options;
use sebs_tui::core::message::{AtEnd, Entry, Event, JOURNAL_VERSION, RunHeader};
use sebs_tui::core::plan::Sweep;
use sebs_tui::core::time::{Nanos, SECOND};
use sebs_tui::driver::Equipment;
use sebs_tui::driver::package::Template;
use sebs_tui::net;
use sebs_tui::platform::PlatformError;
use sebs_tui::platform::ledger::Ledger;
use sebs_tui::settings::{self, Resolved, Settings};
use sebs_tui::store::run_json::{self, RecordedSetting, RunFile, Setup};
use sebs_tui::store::{Journal, Store, directory};

use super::ledgers::{self, Begun};
use super::platforms::{form, planned};
use super::tell_unused;

/// Seconds later that a run may be named after, when its name is taken.
pub(super) const NAMESAKES_MOST: Nanos = 60;

/// A run's settings: new ones, or those of the run that is resumed.
pub(super) struct Started {
    pub(super) resolved: Resolved,
    pub(super) resume: Option<PathBuf>,
    at_end: AtEnd,
}

/// What is on disk when the experiment begins.
pub(super) struct Kept {
    pub(super) directory: PathBuf,
    pub(super) store: Store,
    pub(super) header: RunHeader,
    /// What an interrupted run had recorded.
    pub(super) earlier: Vec<Entry>,
    /// Bytes of a last line that was cut off.
    pub(super) dropped_bytes: u64,
    /// What was wrong with it, if it was whole.
    pub(super) dropped_for: Option<String>,
    /// Bytes of the journal that were there before.
    pub(super) journal_bytes: u64,
}

impl Started {
    pub(super) fn new(options: &Options) -> Result<Self, Box<dyn Error>> {
        let sources = options.sources();
        let resolved = match &options.resume {
            None => settings::resolve(&sources)?,
            Some(directory) => {
                let file = RunFile::read(directory)?;
                refuse_imported(directory, &file)?;
                settings::resume(
                    file.recorded(),
                    &directory.join(run_json::FILE_NAME),
                    &sources,
                )?
            }
        };
        tell_unused(&resolved);
        Ok(Self {
            resolved,
            resume: options.resume.clone(),
            at_end: options.at_end,
        })
    }

    /// Makes or finds the run's directory and its ledger, before anything is started.
    pub(super) fn place(&mut self) -> Result<(Place, Ledger), Box<dyn Error>> {
        match &self.resume {
            None => self.new_place(),
            Some(directory) => {
                let (store, journal) = Store::resume(directory)?;
                let kept = kept(directory, store, journal)?;
                // All samples of a run have their clocks compared in the same way.
                self.resolved.settings.sync = kept.header.sync.into();
                let name = &kept.header.id;
                let begun = (Begun::Before, self.at_end);
                let ledger = ledgers::of_run(&self.resolved, name, directory, begun)?;
                Ok((Place::Kept(Box::new(kept)), ledger))
            }
        }
    }

    fn new_place(&self) -> Result<(Place, Ledger), Box<dyn Error>> {
        let settings = &self.resolved.settings;
        let wall = net::wall_clock();
        for later in 0..NAMESAKES_MOST {
            let named_after = wall + later * SECOND;
            let (platform, sweep) = (settings.platform.word(), settings.sweep.word());
            let new_parent = (!settings.out.exists()).then(|| settings.out.clone());
            let path = directory::create(&settings.out, named_after, platform, sweep)?;
            let directory = NewDirectory { path, new_parent };
            match ledgers::of_run(
                &self.resolved,
                &name(&directory.path),
                &directory.path,
                (Begun::Now, self.at_end),
            ) {
                // A run that began elsewhere in the same second has this name: resources go by it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                ledger => return Ok((Place::New { directory, wall }, ledger?)),
            }
        }
        Err(format!("{NAMESAKES_MOST} ledgers of runs that began within seconds exist already: look at them with sebs-tui clean --dry-run").into())
    }
}

/// What this program did not measure it cannot go on with.
fn refuse_imported(directory: &Path, file: &RunFile) -> Result<(), String> {
    match &file.imported {
        None => Ok(()),
        Some(imported) => Err(format!(
            "{}: this run was imported from {}'s files, so there is nothing to resume: begin a new one without --resume",
            directory.display(),
            imported.program
        )),
    }
}

/// Where the run is or will be kept.
pub(super) enum Place {
    /// An empty directory, and the wall clock when it was made.
    New {
        directory: NewDirectory,
        wall: Nanos,
    },
    /// An interrupted run.
    Kept(Box<Kept>),
}

/// The directory of a run that begins; it goes with this value while it is still empty.
pub(super) struct NewDirectory {
    path: PathBuf,
    /// The directory above, when it was made for this one.
    new_parent: Option<PathBuf>,
}

impl Drop for NewDirectory {
    fn drop(&mut self) {
        // Only an empty one is removed, and that it is not is no error.
        for path in [Some(&self.path), self.new_parent.as_ref()] {
            let _ = path.map(fs::remove_dir);
        }
    }
}

impl Place {
    /// Name of the run.
    pub(super) fn name(&self) -> String {
        match self {
            Self::New { directory, .. } => name(&directory.path),
            Self::Kept(kept) => kept.header.id.clone(),
        }
    }

    /// Begins the run's files, unless they are there.
    pub(super) fn open(
        self,
        resolved: &Resolved,
        template: &Template,
        equipment: &Equipment,
    ) -> Result<Kept, Box<dyn Error>> {
        match self {
            Self::New { directory, wall } => {
                create(&directory.path, wall, resolved, template, equipment)
            }
            Self::Kept(kept) => Ok(*kept),
        }
    }
}

fn name(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn create(
    directory: &Path,
    wall: Nanos,
    resolved: &Resolved,
    template: &Template,
    equipment: &Equipment,
) -> Result<Kept, Box<dyn Error>> {
    let settings = &resolved.settings;
    let setup = Setup {
        wall,
        command_line: std::env::args().collect(),
        stamps: Some(equipment.stamps()),
        seed: settings.seed,
        settings: recorded(resolved),
    };
    let run = RunFile::new(directory, setup);
    let header = header(run.id.clone(), wall, settings, template, equipment)?;
    let store = Store::create(directory, &run)?;
    Ok(Kept {
        directory: directory.into(),
        store,
        header,
        earlier: Vec::new(),
        dropped_bytes: 0,
        dropped_for: None,
        journal_bytes: 0,
    })
}

/// What readers need to know of the run of this name that begins at `wall`, ns since the epoch.
///
/// # Errors
/// The platform cannot do what is asked for.
pub(super) fn header(
    id: String,
    wall: Nanos,
    settings: &Settings,
    template: &Template,
    equipment: &Equipment,
) -> Result<RunHeader, PlatformError> {
    let abilities = equipment.abilities();
    Ok(RunHeader {
        version: JOURNAL_VERSION,
        id,
        platform: equipment.name().into(),
        runtime: form(settings, abilities.deployment).into(),
        plan: planned(settings, &abilities, template)?,
        cold_method: abilities.cold_method,
        n: settings.n,
        in_flight: settings.in_flight,
        sync: settings.carrier(),
        shift: settings.clock_shift(wall),
    })
}

fn kept(directory: &Path, store: Store, journal: Journal) -> Result<Kept, Box<dyn Error>> {
    let Some(Event::RunStarted { run }) = journal.entries.first().map(|entry| &entry.event) else {
        return Err(format!(
            "{}: its journal does not begin with a run: begin a new one",
            directory.display()
        )
        .into());
    };
    Ok(Kept {
        directory: directory.into(),
        store,
        header: run.as_ref().clone(),
        earlier: journal.entries,
        dropped_bytes: journal.dropped_bytes,
        dropped_for: journal.dropped_for,
        journal_bytes: journal.bytes,
    })
}

/// A word of warning when the run was begun by a program with another function in it.
pub(super) fn other_build(earlier: &[Entry], template: &Template) -> Option<String> {
    let deployed = earlier.iter().find_map(|entry| match &entry.event {
        Event::RunStarted { run } if run.plan.outline.sweep == Sweep::Code => Some(None),
        Event::Deployed { package_bytes, .. } => Some(Some(*package_bytes)),
        _ => None,
    })??;
    let smallest = template.smallest();
    (deployed != smallest).then(|| {
        format!("the run was begun with another build of the function: its package had {deployed} B, this one has {smallest} B")
    })
}

fn recorded(resolved: &Resolved) -> BTreeMap<String, RecordedSetting> {
    let recorded = resolved.recorded();
    recorded
        .map(|(key, value, origin)| (key.to_owned(), RecordedSetting { value, origin }))
        .collect()
}
