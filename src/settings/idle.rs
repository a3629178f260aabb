//! Settings that a user gave and that do nothing beside the others: the rules, and what is told of them.

use super::layers::{Assigned, Resolved};
use super::table::Group;
use super::{OrderName, Origin, PlatformName, Settings, Sync};
use crate::core::cold::ColdMethod;
use crate::core::plan::Sweep;

/// Which settings do nothing, and when.
struct Rule {
    these: These,
    /// Why they do nothing beside these settings; none when they do.
    idle: fn(&Settings) -> Option<String>,
}

/// Settings of the table.
enum These {
    Named(&'static [&'static str]),
    Of(Group),
}

/// Of two rules for one setting the first tells.
const RULES: &[Rule] = &[
    Rule {
        these: These::Named(&["listen", "advertise", "in_flight", "pace_ms"]),
        idle: |settings| {
            (settings.sync == Sync::Http).then(|| "with --sync http no datagrams are sent".into())
        },
    },
    Rule {
        these: These::Named(&["listen", "advertise"]),
        idle: |settings| {
            (settings.platform == PlatformName::Simulated)
                .then(|| "on the platform simulated no datagrams are sent".into())
        },
    },
    Rule {
        these: These::Named(&["pace_ms"]),
        idle: |settings| {
            (settings.in_flight == 1)
                .then(|| "one datagram is under way at a time (in_flight is 1)".into())
        },
    },
    Rule {
        these: These::Of(Group::Aws),
        idle: |settings| only_on(PlatformName::Aws, settings),
    },
    Rule {
        these: These::Of(Group::Docker),
        idle: |settings| only_on(PlatformName::Docker, settings),
    },
    Rule {
        these: These::Of(Group::Endpoint),
        idle: |settings| only_on(PlatformName::Endpoint, settings),
    },
    Rule {
        these: These::Named(&["simulated"]),
        idle: |settings| only_on(PlatformName::Simulated, settings),
    },
    Rule {
        these: These::Named(&["architecture"]),
        idle: |settings| only_on(PlatformName::Aws, settings),
    },
    Rule {
        these: These::Named(&["runtime", "function_name"]),
        idle: |settings| {
            (settings.platform == PlatformName::Endpoint)
                .then(|| "somebody else deployed the function".into())
        },
    },
    Rule {
        these: These::Named(&["cold_method"]),
        idle: |settings| {
            let forced = matches!(
                settings.platform,
                PlatformName::Local | PlatformName::Docker | PlatformName::Simulated
            );
            let platform = settings.platform.word();
            (forced && settings.cold_method != ColdMethod::Auto).then(|| {
                format!("on the platform {platform} every cold start is a new environment")
            })
        },
    },
    Rule {
        these: These::Named(&["budget"]),
        idle: |settings| {
            let platform = settings.platform.word();
            (settings.terms().price.is_none())
                .then(|| format!("no price is known on the platform {platform}"))
        },
    },
    Rule {
        these: These::Named(&["seed"]),
        idle: |settings| {
            let drawn = settings.order == OrderName::Shuffled
                || settings.sweep == Sweep::Code
                || settings.platform == PlatformName::Simulated;
            (!drawn).then(|| {
                "nothing is drawn by it: the order is not shuffled, and no package is filled".into()
            })
        },
    },
    Rule {
        these: These::Named(&["max_repetitions"]),
        idle: |settings| {
            (settings.until_ci.is_none())
                .then(|| "nothing is repeated further without --until-ci".into())
        },
    },
    Rule {
        these: These::Named(&["payload_begin", "payload_end", "payload_points"]),
        idle: |settings| varied_by(Sweep::Payload, settings),
    },
    Rule {
        these: These::Named(&["code_begin", "code_end", "code_points"]),
        idle: |settings| varied_by(Sweep::Code, settings),
    },
];

fn only_on(platform: PlatformName, settings: &Settings) -> Option<String> {
    let (only, here) = (platform.word(), settings.platform.word());
    (settings.platform != platform)
        .then(|| format!("of use on the platform {only}, and this one is {here}"))
}

fn varied_by(sweep: Sweep, settings: &Settings) -> Option<String> {
    let here = settings.sweep.word();
    (settings.sweep != sweep).then(|| format!("the sweep is of another type (type is {here})"))
}

impl Resolved {
    /// What a user gave and does nothing in a run, a line for each reason.
    pub fn idle(&self) -> Vec<String> {
        let mut told: Vec<&str> = Vec::new();
        let mut lines = Vec::new();
        for rule in RULES {
            let Some(why) = (rule.idle)(&self.settings) else {
                continue;
            };
            let mut names = Vec::new();
            for assigned in &self.values {
                let key = assigned.setting.key;
                if rule.these.have(assigned)
                    && !told.contains(&key)
                    && let Some(name) = given(assigned)
                {
                    told.push(key);
                    names.push(name);
                }
            }
            if !names.is_empty() {
                lines.push(format!("{}: {why}", names.join(", ")));
            }
        }
        lines
    }
}

impl These {
    fn have(&self, assigned: &Assigned) -> bool {
        match self {
            Self::Named(keys) => keys.contains(&assigned.setting.key),
            Self::Of(group) => assigned.setting.group == *group,
        }
    }
}

/// The setting's name where the user gave it. A file may be a copy of the one with all defaults, and SeBS's has
/// settings for all that SeBS does; what a run had recorded was told when it began.
fn given(assigned: &Assigned) -> Option<String> {
    let key = assigned.setting.key;
    match &assigned.origin {
        Origin::Flag(name) | Origin::Variable(name) => Some(name.clone()),
        Origin::File(path) => (assigned.value != assigned.setting.default_value())
            .then(|| format!("{key} in {}", path.display())),
        Origin::Default | Origin::Drawn | Origin::SebsConfig(_) | Origin::Recorded(_) => None,
    }
}
