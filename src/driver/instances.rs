//! The function's instances seen so far: what says it is new may not have answered before.

use std::collections::HashSet;

use crate::core::sample::Attempt;

/// Their names.
#[derive(Debug, Default)]
pub struct Instances(HashSet<String>);

impl Instances {
    /// Takes an attempt's instance in; a sentence when it contradicts what was seen.
    pub fn contradiction(&mut self, attempt: &Attempt) -> Option<String> {
        let function = attempt.function.as_ref()?;
        if function.instance_id.is_empty() {
            return None;
        }
        let is_new = self.0.insert(function.instance_id.clone());
        (function.is_cold && !is_new).then(|| {
            format!(
                "attempt {}: the function says cold, but its instance {} has answered before: it counts as cold, and may not have been",
                attempt.number, function.instance_id
            )
        })
    }
}
