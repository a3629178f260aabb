//! What is on disk when a run begins or goes on.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use sebs_tui::cli::Options;
use sebs_tui::core::message::{Entry, Event, JOURNAL_VERSION, RunHeader};
use sebs_tui::core::plan::{Plan, Sweep};
use sebs_tui::driver::Equipment;
use sebs_tui::driver::package::Template;
use sebs_tui::net;
use sebs_tui::settings::{self, Resolved};
use sebs_tui::store::run_json::{self, RecordedSetting, RunFile, Setup};
use sebs_tui::store::{Store, directory};

use super::platforms::limits;
use super::tell_unused;

/// A run's settings: new ones, or those of the run that is resumed.
pub(super) struct Started {
    pub(super) resolved: Resolved,
    pub(super) resume: Option<PathBuf>,
}

/// What is on disk when the experiment begins.
pub(super) struct Kept {
    pub(super) directory: PathBuf,
    pub(super) store: Store,
    pub(super) header: RunHeader,
    /// What an interrupted run had recorded.
    pub(super) earlier: Vec<Entry>,
    /// Bytes of a torn last line.
    pub(super) dropped_bytes: u64,
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
        })
    }

    pub(super) fn open(
        &self,
        template: &Template,
        equipment: &Equipment,
    ) -> Result<Kept, Box<dyn Error>> {
        match &self.resume {
            Some(directory) => reopen(directory),
            None => self.create(template, equipment),
        }
    }

    fn create(&self, template: &Template, equipment: &Equipment) -> Result<Kept, Box<dyn Error>> {
        let settings = &self.resolved.settings;
        let wall = net::wall_clock();
        let directory =
            directory::create(&settings.out, wall, equipment.name(), settings.sweep.word())?;
        let setup = Setup {
            wall,
            command_line: std::env::args().collect(),
            stamps: Some(equipment.stamps()),
            seed: settings.seed,
            settings: recorded(&self.resolved),
        };
        let run = RunFile::new(&directory, setup);
        let store = Store::create(&directory, &run)?;
        let abilities = equipment.abilities();
        let header = RunHeader {
            version: JOURNAL_VERSION,
            id: run.id,
            platform: equipment.name().into(),
            runtime: settings.runtime.word().into(),
            cold_method: abilities.cold_method,
            n: settings.n,
            in_flight: settings.in_flight,
            shift: settings.clock_shift(wall),
            plan: Plan::new(settings.outline(), &limits(abilities.limits, template))
                .until(settings.until()),
        };
        Ok(Kept {
            directory,
            store,
            header,
            earlier: Vec::new(),
            dropped_bytes: 0,
            journal_bytes: 0,
        })
    }
}

fn reopen(directory: &Path) -> Result<Kept, Box<dyn Error>> {
    let (store, journal) = Store::resume(directory)?;
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
    let value_of = |assigned: &settings::Assigned| {
        let value = serde_json::to_value(assigned.value.as_ref()?).ok()?;
        Some((
            assigned.setting.key.to_owned(),
            RecordedSetting {
                value,
                origin: assigned.origin.to_string(),
            },
        ))
    };
    resolved.values.iter().filter_map(value_of).collect()
}
