//! Whether a dashboard was drawn on this machine while the samples were measured.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::core::counting::counting;
use crate::core::message::{Display, Entry, Event};

/// The samples that count, by what was shown when their attempts began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Screen {
    /// A dashboard.
    pub on: usize,
    /// Lines, or nothing.
    pub off: usize,
    /// The journal does not say, as those of earlier versions.
    pub unrecorded: usize,
}

impl Screen {
    /// Of a whole journal, or of as much as there is.
    pub fn of(entries: &[Entry]) -> Self {
        let mut shown = None;
        let mut displays: HashMap<u64, Display> = HashMap::new();
        for entry in entries {
            match &entry.event {
                Event::RunStarted { .. } | Event::RunResumed { .. } => shown = None,
                Event::Shown { on } => shown = Some(*on),
                Event::AttemptStarted { number, .. } => {
                    displays.extend(shown.map(|display| (*number, display)));
                }
                _ => {}
            }
        }
        let mut screen = Self::default();
        for attempt in counting(entries).into_values() {
            match displays.get(&attempt.number) {
                Some(Display::Dashboard) => screen.on += 1,
                Some(Display::Lines | Display::Nothing) => screen.off += 1,
                None => screen.unrecorded += 1,
            }
        }
        screen
    }

    /// All samples that count.
    pub fn samples(&self) -> usize {
        self.on + self.off + self.unrecorded
    }

    /// In a few words: `on`, `off`, `not recorded`, or for how many samples it was which.
    pub fn words(&self) -> String {
        let parts = [
            (self.on, "on"),
            (self.off, "off"),
            (self.unrecorded, "not recorded"),
        ];
        let told: Vec<(usize, &str)> = parts.into_iter().filter(|(count, _)| *count > 0).collect();
        match told[..] {
            [] => "no sample was measured".into(),
            [(_, word)] => word.into(),
            _ => {
                let each = told
                    .iter()
                    .map(|(count, word)| format!("{word} for {count}"));
                format!(
                    "{} of {} samples",
                    each.collect::<Vec<_>>().join(", "),
                    self.samples()
                )
            }
        }
    }
}
