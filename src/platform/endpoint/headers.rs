//! Request headers whose values are secrets: read from the environment, sent, and never shown.

use std::fmt;

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

    /// The text without the values: whole ones, and the part after a scheme such as `Bearer`.
    pub fn hide(&self, text: &str) -> String {
        let values = self.0.iter().map(|(_, value)| value.as_str());
        let parts = values
            .clone()
            .filter_map(|value| Some(value.split_once(' ')?.1));
        values
            .chain(parts)
            .filter(|value| !value.is_empty())
            .fold(text.to_owned(), |text, value| text.replace(value, HIDDEN))
    }
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
        assert_eq!(format!("{secrets:?}"), r#"["Authorization", "X-Again"]"#);
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
