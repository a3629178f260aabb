//! The layers of settings, stacked; each value remembers the layer it came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::{Origin, SettingsError, bad, nearest};
use super::table::{PREFIX, Scope, Setting, TABLE, find, known};
use super::{Settings, sebs};

/// File that is read from the working directory when no other is named.
pub const FILE_NAME: &str = "sebs-tui.toml";

/// Where settings may come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Flags that were given, by key.
    pub flags: BTreeMap<&'static str, String>,
    /// The environment; only names that begin with `SEBS_TUI_` are looked at.
    pub environment: BTreeMap<String, String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// Where [`FILE_NAME`] is looked for when there is no `--config`.
    pub directory: PathBuf,
    /// `--sebs-config`.
    pub sebs_config: Option<PathBuf>,
}

/// A setting with its value and the value's origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// Which.
    pub setting: &'static Setting,
    /// Its value; none when it is left open.
    pub value: Option<Value>,
    /// Where it came from.
    pub origin: Origin,
}

/// All layers stacked.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The values, typed.
    pub settings: Settings,
    /// The values with their origins, in the table's order.
    pub values: Vec<Assigned>,
    /// What was given and has no use here: paths in SeBS's configuration, variables; some with the reason.
    pub unused: Vec<String>,
}

impl Resolved {
    /// Every setting that has a value, as a run's record keeps it: `(key, value, origin)`.
    pub fn recorded(&self) -> impl Iterator<Item = (&'static str, serde_json::Value, String)> {
        self.values.iter().filter_map(|assigned| {
            let value =
                serde_json::to_value(assigned.value.as_ref()?).expect("text and numbers are JSON");
            Some((assigned.setting.key, value, assigned.origin.to_string()))
        })
    }
}

/// The values of one or more layers, by key.
pub(super) type Layer = BTreeMap<&'static str, (Value, Origin)>;

/// Stacks all layers: flag > variable > file > SeBS's configuration > default. Draws a seed when none is given.
pub fn resolve(sources: &Sources) -> Result<Resolved, SettingsError> {
    let (mut layer, mut unused) = match &sources.sebs_config {
        Some(path) => sebs::read(path)?,
        None => (Layer::new(), Vec::new()),
    };
    layer.extend(file(sources)?);
    layer.extend(variables(sources)?);
    layer.extend(flags(sources)?);
    unused.extend(unknown_variables(sources));
    // 32 bits, so that a person can type it again.
    layer
        .entry("seed")
        .or_insert_with(|| (Value::Integer(rand::random::<u32>().into()), Origin::Drawn));
    finish(layer, unused)
}

/// The settings of a recorded run, `(key, value, origin)`; only those of a session may come from `sources`.
pub fn resume<'a>(
    recorded: impl IntoIterator<Item = (&'a str, &'a serde_json::Value, &'a str)>,
    run_file: &Path,
    sources: &Sources,
) -> Result<Resolved, SettingsError> {
    let mut layer = Layer::new();
    for (key, json, origin) in recorded {
        let place = Origin::File(run_file.into());
        let setting = find(key).ok_or_else(|| SettingsError::Unknown {
            place: place.clone(),
            key: key.into(),
        })?;
        let value = from_json(json).and_then(|value| setting.kind.accept(value));
        let value = value.ok_or_else(|| bad(place, key, json, setting))?;
        layer.insert(setting.key, (value, Origin::Recorded(origin.into())));
    }
    for (key, (value, origin)) in file(sources)?.into_iter().chain(variables(sources)?) {
        if known(key).scope == Scope::Session {
            layer.insert(key, (value, origin));
        }
    }
    for (key, (value, origin)) in flags(sources)? {
        let kept = layer.get(key).map(|(kept, _)| kept);
        if known(key).scope == Scope::Run && kept != Some(&value) {
            let recorded = kept.map_or_else(|| "none".into(), Value::to_string);
            return Err(SettingsError::Fixed {
                flag: known(key).flag(),
                given: value.to_string(),
                recorded,
            });
        }
        layer.insert(key, (value, origin));
    }
    finish(layer, unknown_variables(sources).collect())
}

fn finish(mut layer: Layer, unused: Vec<String>) -> Result<Resolved, SettingsError> {
    let values: Vec<Assigned> = TABLE
        .iter()
        .map(|setting| match layer.remove(setting.key) {
            Some((value, origin)) => Assigned {
                setting,
                value: Some(value),
                origin,
            },
            None => Assigned {
                setting,
                value: setting.default_value(),
                origin: Origin::Default,
            },
        })
        .collect();
    not_upside_down(&values, "payload_begin", "payload_end")?;
    not_upside_down(&values, "code_begin", "code_end")?;
    let table: Table = values
        .iter()
        .filter_map(|assigned| Some((assigned.setting.key.into(), assigned.value.clone()?)))
        .collect();
    let settings = table
        .try_into()
        .expect("the table's kinds fit the fields of Settings");
    Ok(Resolved {
        settings,
        values,
        unused,
    })
}

fn not_upside_down(
    values: &[Assigned],
    begin: &'static str,
    end: &'static str,
) -> Result<(), SettingsError> {
    let of = |key| {
        let assigned = values
            .iter()
            .find(|assigned| assigned.setting.key == key)
            .expect("every setting is assigned");
        (
            assigned
                .value
                .as_ref()
                .and_then(Value::as_integer)
                .unwrap_or_default(),
            assigned.origin.clone(),
        )
    };
    let ((low, low_origin), (high, high_origin)) = (of(begin), of(end));
    if low <= high {
        return Ok(());
    }
    Err(SettingsError::UpsideDown {
        begin,
        end,
        values: [low, high],
        origins: Box::new([low_origin, high_origin]),
    })
}

fn file(sources: &Sources) -> Result<Layer, SettingsError> {
    let usual = || Some(sources.directory.join(FILE_NAME)).filter(|path| path.exists());
    let Some(path) = sources.config.clone().or_else(usual) else {
        return Ok(Layer::new());
    };
    let table: Table =
        read(&path)?
            .parse()
            .map_err(|error: toml::de::Error| SettingsError::Syntax {
                path: path.clone(),
                format: "TOML",
                what: error.to_string().trim_end().into(),
            })?;
    let mut layer = Layer::new();
    for (key, value) in table {
        let place = Origin::File(path.clone());
        let Some(setting) = find(&key) else {
            return Err(SettingsError::Unknown { place, key });
        };
        let accepted = setting.kind.accept(value.clone());
        let accepted = accepted.ok_or_else(|| bad(place.clone(), &key, &value, setting))?;
        layer.insert(setting.key, (accepted, place));
    }
    Ok(layer)
}

fn variables(sources: &Sources) -> Result<Layer, SettingsError> {
    let mut layer = Layer::new();
    for setting in TABLE {
        let Some(text) = sources.environment.get(&setting.variable()) else {
            continue;
        };
        let place = Origin::Variable(setting.variable());
        let value = setting
            .kind
            .parse(text)
            .ok_or_else(|| bad(place.clone(), setting.key, &quoted(text), setting))?;
        layer.insert(setting.key, (value, place));
    }
    Ok(layer)
}

/// Variables with our prefix that are no settings: told, but not refused, for they may be another program's.
fn unknown_variables(sources: &Sources) -> impl Iterator<Item = String> {
    let unknown =
        |name: &&String| name.starts_with(PREFIX) && !TABLE.iter().any(|s| s.variable() == **name);
    sources.environment.keys().filter(unknown).map(|name| {
        let key = name[PREFIX.len()..].to_lowercase();
        let instead = nearest(&key).map(|key| format!("; did you mean {}?", known(key).variable()));
        format!(
            "{name}: there is no such setting{}",
            instead.unwrap_or_default()
        )
    })
}

fn flags(sources: &Sources) -> Result<Layer, SettingsError> {
    let mut layer = Layer::new();
    for (key, text) in &sources.flags {
        let setting = known(key);
        let place = Origin::Flag(setting.flag());
        let value = setting
            .kind
            .parse(text)
            .ok_or_else(|| bad(place.clone(), setting.key, &quoted(text), setting))?;
        layer.insert(setting.key, (value, place));
    }
    Ok(layer)
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// The text of a file of settings.
pub(super) fn read(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable {
        path: path.into(),
        source,
    })
}

/// A JSON value as a setting may have it.
pub(super) fn from_json(json: &serde_json::Value) -> Option<Value> {
    match json {
        serde_json::Value::Number(number) => number
            .as_i64()
            .map(Value::Integer)
            .or_else(|| number.as_f64().map(Value::Float)),
        serde_json::Value::String(text) => Some(Value::String(text.clone())),
        _ => None,
    }
}
