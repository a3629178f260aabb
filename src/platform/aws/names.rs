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

/// Beginning of the names of buckets and of the keys in them, by which they are found.
pub(super) const OF_BUCKETS: &str = "sebs-tui-";
/// A bucket's name has at most this many characters, and all buckets of all accounts are told apart by theirs.
const BUCKET_LENGTH_MOST: usize = 63;

/// A new name for a run's bucket: small letters, digits and hyphens, the last ones random.
pub(super) fn bucket(run: &str) -> String {
    let random = format!("-{:08x}", rand::random::<u32>());
    let run: String = run
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(BUCKET_LENGTH_MOST - OF_BUCKETS.len() - random.len())
        .collect();
    format!("{OF_BUCKETS}{}{random}", run.trim_start_matches('-'))
}

/// A new name for a package in a bucket.
pub(super) fn key(run: &str) -> String {
    format!("sebs-tui/{run}/{:016x}.zip", rand::random::<u64>())
}

/// Why a thing of this tag is not touched, and what to do instead.
pub(super) fn left_alone(tag: &str, ours: &str, instead: &str) -> String {
    format!(
        "it exists and its tag {TAG} is {tag:?}, this run's is {ours:?}: it is left alone; {instead}"
    )
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
        fn every_bucket_has_a_name_that_s3_takes_and_no_other_has(run in ".{0,80}") {
            let name = bucket(&run);
            prop_assert!((3..=BUCKET_LENGTH_MOST).contains(&name.len()), "{name}");
            prop_assert!(name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'));
            prop_assert!(name.starts_with("sebs-tui-") && name.ends_with(|c: char| c.is_ascii_hexdigit()));
            prop_assert_ne!(bucket(&run), name);
        }

        #[test]
        fn different_runs_have_different_names(one in ".{1,80}", other in ".{1,80}") {
            prop_assume!(one != other);
            prop_assert_ne!(of("sebs-tui", &one), of("sebs-tui", &other));
        }
    }
}
