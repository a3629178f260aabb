//! Request headers whose values are secrets: read from the environment, sent, and never shown.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderName, HeaderValue};

/// What is shown in a secret's place.
const HIDDEN: &str = "[hidden]";

/// Headers with their values. `Debug` shows the names alone.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Of `NAME=VARIABLE,…`, with the variables' values.
    ///
    /// # Errors
    /// Which part is wrong or which variable is not set; no value is told.
    pub fn read(list: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut headers = Vec::new();
        for part in list
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (name, holder) = part
                .split_once('=')
                .map(|(name, holder)| (name.trim(), holder.trim()))
                .filter(|(_, holder)| !holder.is_empty())
                .ok_or_else(|| {
                    format!("--headers {part}: it must be NAME=VARIABLE, such as Authorization=FUNCTION_TOKEN")
                })?;
            HeaderName::try_from(name)
                .map_err(|_| format!("--headers {part}: {name:?} can be no header's name"))?;
            let value = variable(holder).ok_or_else(|| {
                format!("--headers {part}: the environment variable {holder} is not set: export it")
            })?;
            HeaderValue::try_from(&value).map_err(|_| {
                format!(
                    "--headers {part}: the value in {holder} can be no header: it holds a line break or another control character"
                )
            })?;
            headers.push((name.to_owned(), value));
        }
        Ok(Self(headers))
    }

    /// Names and values, to be sent.
    pub fn headers(&self) -> &[(String, String)] {
        &self.0
    }

    /// The text without the values: whole ones, the part after a scheme such as `Bearer`, a password of `Basic`, and
    /// each of these as JSON writes it.
    pub fn hide(&self, text: &str) -> String {
        let mut forms: Vec<String> = self.0.iter().flat_map(|(_, value)| forms(value)).collect();
        // A shorter one may be a part of a longer one, whose rest would stay.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms
            .iter()
            .filter(|form| !form.is_empty())
            .fold(text.to_owned(), |text, form| text.replace(form, HIDDEN))
    }
}

/// What a value can look like in a text.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    if let Some((scheme, rest)) = value.split_once(' ') {
        forms.push(rest.to_owned());
        let decoded = STANDARD
            .decode(rest)
            .ok()
            .filter(|_| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(pair) = decoded {
            forms.extend(
                pair.split_once(':')
                    .map(|(_, password)| password.to_owned()),
            );
            forms.push(pair);
        }
    }
    let written = forms.iter().map(|form| {
        let quoted = serde_json::Value::from(form.as_str()).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    });
    let written: Vec<String> = written.collect();
    forms.extend(written);
    forms
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("Bearer abc".into()),
            "BROKEN" => Some("a\nb".into()),
            _ => None,
        }
    }

    #[test]
    fn values_come_from_the_environment_and_are_hidden_in_whatever_is_shown() {
        let secrets = Secrets::read("Authorization=TOKEN, X-Again = TOKEN", environment).unwrap();
        assert_eq!(
            secrets.headers()[1],
            ("X-Again".into(), "Bearer abc".into())
        );
        assert_eq!(
            secrets.hide("got Bearer abc, or abc"),
            "got [hidden], or [hidden]"
        );
        assert_eq!(
            secrets.hide(r#"{"got":"Bearer abc"}"#),
            r#"{"got":"[hidden]"}"#
        );
        assert_eq!(format!("{secrets:?}"), r#"["Authorization", "X-Again"]"#);
    }

    #[test]
    fn a_password_is_hidden_decoded_and_as_json_writes_it() {
        // me:pass"word
        let basic = |_: &str| Some("Basic bWU6cGFzcyJ3b3Jk".to_owned());
        let secrets = Secrets::read("Authorization=ANY", basic).unwrap();
        for text in [
            "bWU6cGFzcyJ3b3Jk",
            "pass\"word",
            "me:pass\"word",
            r#"{"is":"pass\"word"}"#,
        ] {
            let shown = secrets.hide(text);
            assert!(shown.contains(HIDDEN) && !shown.contains("word"), "{shown}");
        }
    }

    #[test]
    fn a_wrong_list_is_told_without_a_value() {
        for (list, said) in [
            ("Authorization", "NAME=VARIABLE"),
            ("Authorization=", "NAME=VARIABLE"),
            ("A B=TOKEN", "no header's name"),
            ("X=ABSENT", "ABSENT is not set"),
            ("X=BROKEN", "line break"),
        ] {
            let error = Secrets::read(list, environment).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
