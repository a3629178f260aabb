//! Names and tags of what a run makes, such as AWS allows and a person recognises.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Tag that holds the run's name.
pub(super) const TAG: &str = "sebs-tui:run";
/// Path of the roles, by which they are found among an account's others.
pub(super) const ROLE_PATH: &str = "/sebs-tui/";
/// Beginning of the functions' descriptions, by which they are found.
const DESCRIPTION: &str = "sebs-tui run ";
/// AWS allows functions and roles this many characters.
const LENGTH_MOST: usize = 64;
/// Characters of a hash that keep shortened names apart.
const HASH: usize = 12;

/// Name of a run's function and of its role.
pub(super) fn of(function: &str, run: &str) -> String {
    let whole = format!("{function}-{run}");
    let fit: String = whole
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    if fit.len() <= LENGTH_MOST && fit == whole {
        return fit;
    }
    let mut hash = String::new();
    for byte in &Sha256::digest(whole.as_bytes())[..HASH / 2] {
        _ = write!(hash, "{byte:02x}");
    }
    let kept = fit.len().min(LENGTH_MOST - HASH - 1);
    format!("{}-{hash}", &fit[..kept])
}

/// A function's description.
pub(super) fn description(run: &str) -> String {
    let mut text = format!("{DESCRIPTION}{run}");
    while text.len() > 256 {
        text.pop();
    }
    text
}

/// Whether this is the description of one of our functions.
pub(super) fn describes_ours(description: &str) -> bool {
    description.starts_with(DESCRIPTION)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_fits_is_kept_as_it_is() {
        assert_eq!(
            of("sebs-tui", "2026-11-23T110959-aws-payload"),
            "sebs-tui-2026-11-23T110959-aws-payload"
        );
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_aws_takes(function in ".{1,80}", run in ".{1,80}") {
            let name = of(&function, &run);
            prop_assert!(!name.is_empty() && name.len() <= LENGTH_MOST);
            prop_assert!(name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c)));
            prop_assert!(description(&run).len() <= 256 && describes_ours(&description(&run)));
        }

        #[test]
        fn different_runs_have_different_names(one in ".{1,80}", other in ".{1,80}") {
            prop_assume!(one != other);
            prop_assert_ne!(of("sebs-tui", &one), of("sebs-tui", &other));
        }
    }
}
