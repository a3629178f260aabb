//! Where tags are looked for: where the settings and the ledgers lead.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use sebs_tui::platform::ledger::{self, Ledger};
use sebs_tui::settings::{self, PlatformName, Settings, Sources};

use crate::launch::platforms::needs_ledger;

/// A platform with its account, region or engine, and what leads there.
pub(super) struct Place {
    /// In words.
    pub words: String,
    /// The settings.
    pub settings: Settings,
    /// As a ledger has it, when it is by a ledger that it is looked at.
    pub led: Option<ledger::Place>,
}

impl Place {
    fn new(settings: Settings, led: Option<ledger::Place>) -> Self {
        Self {
            words: in_words(&settings, led.as_ref()),
            settings,
            // Whatever carries our tag is looked for, in whichever account that is.
            led: led.map(|led| ledger::Place {
                identity: None,
                ..led
            }),
        }
    }
}

/// The places of the settings and of every ledger that can be read, each once.
pub(super) fn places(
    settings: &Settings,
    paths: &[PathBuf],
    faults: &mut Vec<String>,
) -> Vec<Place> {
    let mut places = vec![Place::new(settings.clone(), None)];
    for path in paths {
        // What is wrong with the ledger itself is told where it is cleaned.
        let Ok((owner, _)) = Ledger::read(path) else {
            continue;
        };
        let led = Ledger::place_in(path).ok().flatten();
        match settings_of(path, &owner) {
            Ok(settings) => places.push(Place::new(settings, led)),
            Err(why) => faults.push(format!("{}: {why}", path.display())),
        }
    }
    let mut seen = BTreeSet::new();
    // What is left on this machine is found without tags, and other functions are somebody else's.
    let tags = |place: &Place| needs_ledger(place.settings.platform);
    places.retain(|place| tags(place) && seen.insert(place.words.clone()));
    places
}

/// Where these settings lead, with the variables of a ledger.
fn in_words(settings: &Settings, led: Option<&ledger::Place>) -> String {
    let mut words = by_settings(settings);
    let variables = led.and_then(|place| place.variables.as_ref());
    for (name, value) in variables.into_iter().flatten() {
        _ = write!(words, ", with {name}={value}");
    }
    words
}

fn by_settings(settings: &Settings) -> String {
    match settings.platform {
        PlatformName::Aws => {
            let region = settings.region.as_deref();
            let further = [
                settings
                    .profile
                    .as_ref()
                    .map(|name| format!(", profile {name}")),
                settings
                    .endpoint_url
                    .as_ref()
                    .map(|url| format!(", at {url}")),
            ];
            format!(
                "aws, region {}{}",
                region.unwrap_or("of the SDK's own chain"),
                further.into_iter().flatten().collect::<String>()
            )
        }
        PlatformName::Docker => {
            let engine = settings.docker_host.as_deref();
            format!(
                "docker, engine {}",
                engine.unwrap_or("of DOCKER_HOST or this machine")
            )
        }
        other => other.word().into(),
    }
}

/// The settings that a ledger holds.
pub(super) fn settings_of(path: &Path, owner: &ledger::Owner) -> Result<Settings, String> {
    let recorded = owner
        .settings
        .iter()
        .map(|(key, value)| (key.as_str(), value, "its ledger"));
    let resolved = settings::resume(recorded, path, &Sources::default());
    Ok(resolved.map_err(|error| error.to_string())?.settings)
}
