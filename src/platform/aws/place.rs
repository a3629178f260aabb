//! The account that a run's things are in: what is not found in another one is not gone.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::Way;
use super::account::Account;
use super::errors::{error, explain};
use super::retry::Patience;
use crate::core::live::Phase;
use crate::platform::context::Context;
use crate::platform::ledger::Place;
use crate::platform::{ErrorKind, PlatformError};

/// Keys of the settings that lead to an account.
const REGION: &str = "region";
const PROFILE: &str = "profile";
const ENDPOINT_URL: &str = "endpoint_url";
/// A run can do without the number.
const BOUND: Duration = Duration::from_secs(10);

/// The way, where nothing else is chosen as it led to the account before: the environment may have changed.
pub(super) fn as_before(way: &mut Way, context: &Context) {
    let Some(mut before) = context.ledger().place() else {
        return;
    };
    for (key, chosen) in [
        (REGION, &mut way.region),
        (PROFILE, &mut way.profile),
        (ENDPOINT_URL, &mut way.endpoint_url),
    ] {
        *chosen = chosen.take().or_else(|| before.settings.remove(key));
    }
}

/// Writes down in the run's ledger that its things are in this account, unless some are in another one.
pub(super) async fn keep(account: &Account, context: &Context) -> Result<(), PlatformError> {
    let before = context.ledger().place();
    let patience = Patience {
        context,
        phase: Phase::Activating,
        bound: BOUND,
    };
    let identity = match patience.with(|| account.identity()).await {
        Ok(identity) => Some(identity),
        Err(unknown) if before.is_some_and(|before| before.identity.is_some()) => {
            return Err(unknown);
        }
        Err(unknown) => {
            let less = "so `clean` will not notice when it looks in another account";
            context.note(format!("{unknown}; {less}"));
            None
        }
    };
    let here = Place {
        settings: settings(account),
        variables: Some(account.services.variables()),
        identity,
    };
    let Err(why) = context.ledger().reached(&here) else {
        return Ok(());
    };
    Err(match (why.kind(), context.ledger().place()) {
        (io::ErrorKind::AlreadyExists, Some(there)) => elsewhere(&there, &here),
        _ => error(
            ErrorKind::Internal,
            "write down",
            "account",
            why.to_string(),
        ),
    })
}

fn settings(account: &Account) -> BTreeMap<String, String> {
    let emulator = account.emulator.as_ref();
    let found = [
        (REGION, account.region.clone()),
        (PROFILE, account.profile()),
        (ENDPOINT_URL, emulator.map(|emulator| emulator.url.clone())),
    ];
    let known = found.into_iter();
    let known = known.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    known.collect()
}

fn elsewhere(there: &Place, here: &Place) -> PlatformError {
    let words = |place: &Place| {
        let number = place.identity.clone();
        let number = number.unwrap_or_else(|| "without a known number".into());
        let way = place.settings.iter();
        let way: Vec<String> = way.map(|(key, value)| format!("{key} {value}")).collect();
        format!("{number} ({})", way.join(", "))
    };
    let what = format!(
        "what the run made is in account {}, and these credentials are of account {}: use those of the first, or delete the run's ledger if that account is gone for good",
        words(there),
        words(here)
    );
    error(ErrorKind::Conflict, "look in", "account", what)
}

impl Account {
    /// Number of the account; where an emulator answers, which all have the same, with its URL.
    async fn identity(&self) -> Result<String, PlatformError> {
        let told = self.sts.get_caller_identity().send().await;
        let told = told.map_err(|why| explain("ask number of", "account", &why))?;
        let number = told.account().ok_or_else(|| {
            let what = "the answer names none".into();
            error(ErrorKind::Protocol, "ask number of", "account", what)
        })?;
        Ok(match &self.emulator {
            Some(emulator) => format!("{number} at {}", emulator.url),
            None => number.into(),
        })
    }

    /// The profile that was chosen, by the variable of the SDK's chain too.
    fn profile(&self) -> Option<String> {
        let variable = || std::env::var("AWS_PROFILE").ok();
        let chosen = self.way.profile.clone().or_else(variable);
        chosen.filter(|name| !name.is_empty())
    }
}
