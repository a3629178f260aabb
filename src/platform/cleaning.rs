//! Removing what a run has made, from its ledger or by the tags on the platform, and telling of each thing.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use tokio::time::timeout;

use super::ledger::Ledger;
use super::origin::Tag;
use super::{Platform, PlatformError, Resource};

/// Removing one thing; a cloud may want to be asked several times.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(120);

/// Whether things are removed or only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// They are removed.
    Remove,
    /// They are told.
    Tell,
}

/// What became of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is gone.
    Removed,
    /// It would be removed.
    WouldBeRemoved,
    /// It is left alone: its run was told to keep it.
    Kept,
    /// It is left alone: nobody here knows whether its run is alive.
    Elsewhere {
        /// The machine on which the run was begun, in words.
        host: String,
        /// The platform's name, with which `clean` finds it.
        platform: &'static str,
    },
    /// It may be there still.
    Failed {
        /// Why.
        why: String,
        /// The command by which a person removes it; none when the platform cannot be reached to say.
        command: Option<String>,
    },
}

/// A thing, whose it was, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// Name of the run.
    pub run: String,
    /// The thing.
    pub resource: Resource,
    /// What became of it.
    pub fate: Fate,
}

/// Removes what is open in a ledger, the last thing made first, and writes down what is gone.
pub async fn clean_ledger(
    platform: &dyn Platform,
    run: &str,
    ledger: &Ledger,
    intent: Intent,
) -> Vec<Cleaned> {
    let mut cleaned = Vec::new();
    for resource in ledger.open().into_iter().rev() {
        let mut fate = fate(platform, &resource, intent).await;
        if let (Fate::Removed, Err(error)) = (&fate, noted(ledger, &resource, &fate)) {
            fate = Fate::Failed {
                why: format!("it is gone, but its ledger cannot be written: {error}"),
                command: None,
            };
        }
        cleaned.push(Cleaned {
            run: run.into(),
            resource,
            fate,
        });
    }
    cleaned
}

fn noted(ledger: &Ledger, resource: &Resource, fate: &Fate) -> std::io::Result<()> {
    match fate {
        Fate::Removed => ledger.removed(resource),
        Fate::WouldBeRemoved | Fate::Kept | Fate::Elsewhere { .. } | Fate::Failed { .. } => Ok(()),
    }
}

/// What may be done with a thing, by its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Its run is dead, or named by the user: it goes.
    Ours,
    /// It is not to be told of: its run is alive here, or not asked for.
    Stays,
    /// Its run was begun elsewhere, on the machine in words, and may be alive.
    Elsewhere(String),
}

/// What was found by tags.
#[derive(Debug, Default)]
pub struct Swept {
    /// Each thing, and what became of it.
    pub cleaned: Vec<Cleaned>,
    /// What could not be looked at: why, and what to do.
    pub unseen: Vec<String>,
}

/// Removes what carries this program's tag and is `claimed`, which is asked after the platform was, so that no run can
/// have begun in between.
///
/// # Errors
/// When the platform does not tell what is there.
pub async fn clean_tagged(
    platform: &dyn Platform,
    claimed: impl Fn(&Tag) -> Claim,
    intent: Intent,
) -> Result<Swept, PlatformError> {
    let mut cleaned = Vec::new();
    let tagged = platform.tagged().await?;
    for (tag, resource) in tagged.things.into_iter().rev() {
        let tag = Tag::parse(&tag);
        let fate = match claimed(&tag) {
            Claim::Ours => fate(platform, &resource, intent).await,
            Claim::Stays => continue,
            Claim::Elsewhere(host) => Fate::Elsewhere {
                host,
                platform: platform.name(),
            },
        };
        cleaned.push(Cleaned {
            run: tag.run,
            resource,
            fate,
        });
    }
    Ok(Swept {
        cleaned,
        unseen: tagged.unseen,
    })
}

async fn fate(platform: &dyn Platform, resource: &Resource, intent: Intent) -> Fate {
    if intent == Intent::Tell {
        return Fate::WouldBeRemoved;
    }
    let why = match timeout(REMOVAL_DEADLINE, platform.remove(resource)).await {
        Ok(Ok(())) => return Fate::Removed,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("not removed after {} s", REMOVAL_DEADLINE.as_secs()),
    };
    Fate::Failed {
        why,
        command: Some(platform.removal_command(resource)),
    }
}

/// The things of a ledger whose platform cannot be reached, and why.
pub fn unreachable(run: &str, ledger: &Ledger, why: &str) -> Vec<Cleaned> {
    let failed = || Fate::Failed {
        why: why.into(),
        command: None,
    };
    all(run, ledger, failed)
}

/// The things of a ledger whose run was told to keep them.
pub fn kept(run: &str, ledger: &Ledger) -> Vec<Cleaned> {
    all(run, ledger, || Fate::Kept)
}

/// Every thing of a ledger with the same fate.
fn all(run: &str, ledger: &Ledger, fate: impl Fn() -> Fate) -> Vec<Cleaned> {
    let told = |resource| Cleaned {
        run: run.into(),
        resource,
        fate: fate(),
    };
    ledger.open().into_iter().rev().map(told).collect()
}

/// As a word of a shell's command: a tag may hold anything.
fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into()
    } else {
        format!("'{}'", text.replace('\'', "'\\''")).into()
    }
}

/// A line for each thing, in columns; below one that failed, the command that removes it.
pub fn table(cleaned: &[Cleaned]) -> String {
    let width = |of: fn(&Cleaned) -> &str| {
        let widths = cleaned.iter().map(|one| of(one).chars().count());
        widths.max().unwrap_or_default()
    };
    let (run, kind, name) = (
        width(|one| &one.run),
        width(|one| &one.resource.kind),
        width(|one| &one.resource.name),
    );
    let mut text = String::new();
    for one in cleaned {
        let fate = match &one.fate {
            Fate::Removed => "removed".into(),
            Fate::WouldBeRemoved => "would be removed".into(),
            Fate::Kept => format!(
                "kept on purpose (--keep); remove it with: sebs-tui clean --run {}",
                word(&one.run)
            ),
            Fate::Elsewhere { host, platform } => format!(
                "left alone: it belongs to {host}, and its run is perhaps alive; if not: sebs-tui clean --run {} --platform {platform}",
                word(&one.run)
            ),
            Fate::Failed { why, .. } => format!("failed: {why}"),
        };
        let Resource {
            kind: what,
            name: named,
        } = &one.resource;
        let _ = writeln!(
            text,
            "{:run$}  {what:kind$}  {named:name$}  {fate}",
            one.run
        );
        if let Fate::Failed {
            command: Some(command),
            ..
        } = &one.fate
        {
            let _ = writeln!(text, "    remove it with: {command}");
        }
    }
    text
}
