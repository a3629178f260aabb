//! SeBS's configuration: one JSON object with `experiments` and `deployment`.
//!
//! What this program has a setting for is used; everything else is listed, so that nothing is ignored in silence.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::error::{Origin, SettingsError, bad};
use super::layers::{Layer, from_json, read as read_text};
use super::table::{Setting, find, known};

/// Keys of the block `experiments.invocation-overhead`. A code range has two spellings: SeBS reads the first,
/// the configurations it ships have the second. Of two spellings in one file the first counts.
const BLOCK: [&str; 12] = [
    "type",
    "repetitions",
    "N",
    "payload_begin",
    "payload_end",
    "payload_points",
    "code_package_begin",
    "code_begin",
    "code_package_end",
    "code_end",
    "code_package_points",
    "code_points",
];

/// What is used of the file, and the paths that are not.
pub(super) fn read(path: &Path) -> Result<(Layer, Vec<String>), SettingsError> {
    let text = read_text(path)?;
    let syntax = |what: String| SettingsError::Syntax {
        path: path.into(),
        format: "JSON",
        what,
    };
    let root: Json = serde_json::from_str(&text).map_err(|error| syntax(error.to_string()))?;
    let Json::Object(mut root) = root else {
        return Err(syntax("it is no object".into()));
    };
    let mut reading = Reading {
        path,
        layer: Layer::new(),
        unused: Vec::new(),
    };
    reading.experiments(block(&mut root, "experiments"))?;
    reading.deployment(block(&mut root, "deployment"));
    reading.leave("", &root);
    Ok((reading.layer, reading.unused))
}

struct Reading<'a> {
    path: &'a Path,
    layer: Layer,
    unused: Vec<String>,
}

impl Reading<'_> {
    fn experiments(&mut self, mut experiments: Map<String, Json>) -> Result<(), SettingsError> {
        // The experiment that is chosen needs no mention when it is this one.
        if experiments.get("type").and_then(Json::as_str) == Some("invocation-overhead") {
            experiments.remove("type");
        }
        self.overhead(block(&mut experiments, "invocation-overhead"))?;
        let mut runtime = block(&mut experiments, "runtime");
        self.word(
            "experiments.runtime.language",
            runtime.remove("language"),
            known("runtime"),
        );
        self.leave("experiments.runtime.", &runtime);
        self.word(
            "experiments.architecture",
            experiments.remove("architecture").map(architecture),
            known("architecture"),
        );
        self.word(
            "experiments.deployment",
            experiments.remove("deployment"),
            known("platform"),
        );
        self.leave("experiments.", &experiments);
        Ok(())
    }

    fn overhead(&mut self, mut overhead: Map<String, Json>) -> Result<(), SettingsError> {
        for key in BLOCK {
            let Some(json) = overhead.remove(key) else {
                continue;
            };
            let setting = find(key).expect("the table has SeBS's spellings as aliases");
            if self.layer.contains_key(setting.key) {
                self.unused.push(format!(
                    "experiments.invocation-overhead.{key}: the other spelling counts"
                ));
                continue;
            }
            let value = from_json(&json).and_then(|value| setting.kind.accept(value));
            let value = value.ok_or_else(|| bad(self.origin(), key, &json, setting))?;
            self.layer.insert(setting.key, (value, self.origin()));
        }
        self.leave("experiments.invocation-overhead.", &overhead);
        Ok(())
    }

    fn deployment(&mut self, mut deployment: Map<String, Json>) {
        self.word(
            "deployment.name",
            deployment.remove("name"),
            known("platform"),
        );
        let mut aws = block(&mut deployment, "aws");
        for (key, setting) in [("region", "region"), ("lambda-role", "role")] {
            // SeBS's templates leave empty what it finds by itself.
            let given = aws.remove(key).filter(|json| json != "");
            self.word(&format!("deployment.aws.{key}"), given, known(setting));
        }
        self.leave("deployment.aws.", &aws);
        self.leave("deployment.", &deployment);
    }

    /// Takes a word of SeBS's that this program may not have: then it is listed, for the rest of the file is of use.
    fn word(&mut self, path: &str, json: Option<Json>, setting: &'static Setting) {
        let Some(json) = json else { return };
        match from_json(&json).and_then(|value| setting.kind.accept(value)) {
            Some(value) => {
                self.layer.insert(setting.key, (value, self.origin()));
            }
            None => self.unused.push(format!(
                "{path}: {json}: {} can be {}",
                setting.key,
                setting.kind.allowed()
            )),
        }
    }

    fn leave(&mut self, parent: &str, rest: &Map<String, Json>) {
        self.unused
            .extend(rest.keys().map(|key| format!("{parent}{key}")));
    }

    fn origin(&self) -> Origin {
        Origin::SebsConfig(self.path.into())
    }
}

/// SeBS's word for a processor as this program has it.
fn architecture(json: Json) -> Json {
    if json == "x64" { "x86_64".into() } else { json }
}

/// Takes the object `key` out of `parent`; anything else under that name stays to be listed.
fn block(parent: &mut Map<String, Json>, key: &str) -> Map<String, Json> {
    match parent.remove(key) {
        Some(Json::Object(object)) => object,
        Some(other) => {
            parent.insert(key.into(), other);
            Map::new()
        }
        None => Map::new(),
    }
}
