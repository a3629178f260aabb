//! The services' clients, and where those answer that have an endpoint of their own, by the variables that all of
//! Amazon's tools heed.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_s3::config::RequestChecksumCalculation;

use super::Way;
use super::errors::error;
use crate::platform::ledger::Place;
use crate::platform::{ErrorKind, PlatformError};

const LAMBDA: &str = "AWS_ENDPOINT_URL_LAMBDA";
const IAM: &str = "AWS_ENDPOINT_URL_IAM";
const S3: &str = "AWS_ENDPOINT_URL_S3";
const STS: &str = "AWS_ENDPOINT_URL_STS";
/// Has the tools heed none of them.
const IGNORED: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// The URLs of the services that have one of their own, by variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Services(BTreeMap<String, String>);

impl Services {
    /// Those that led to the account `before`, else those of the environment, which count where no endpoint is given.
    ///
    /// # Errors
    /// A variable leads elsewhere now, and nothing says where it did before.
    pub fn find(
        way: &Way,
        before: Option<&Place>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, PlatformError> {
        let led = before.and_then(|place| place.variables.clone());
        let ignored = variable(IGNORED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let heeded = way.endpoint_url.is_none() && !ignored;
        let set: BTreeMap<_, _> = [LAMBDA, IAM, S3, STS]
            .into_iter()
            .filter(|_| heeded)
            .filter_map(|name| Some((name.to_owned(), variable(name)?)))
            .filter(|(_, url)| !url.is_empty())
            .collect();
        let Some(led) = led else {
            return Ok(Self(set));
        };
        match set.into_iter().find(|(name, _)| !led.contains_key(name)) {
            Some((name, url)) => Err(error(
                ErrorKind::Config,
                "look in",
                "account",
                format!(
                    "{name} leads to {url} now, and was not set when the run made its things: unset it"
                ),
            )),
            None => Ok(Self(led)),
        }
    }

    pub fn lambda(&self, config: &SdkConfig) -> aws_sdk_lambda::Client {
        let mut config = aws_sdk_lambda::config::Builder::from(config);
        if let Some(url) = self.0.get(LAMBDA) {
            config = config.endpoint_url(url);
        }
        aws_sdk_lambda::Client::from_conf(config.build())
    }

    pub fn iam(&self, config: &SdkConfig) -> aws_sdk_iam::Client {
        let mut config = aws_sdk_iam::config::Builder::from(config);
        if let Some(url) = self.0.get(IAM) {
            config = config.endpoint_url(url);
        }
        aws_sdk_iam::Client::from_conf(config.build())
    }

    pub fn sts(&self, config: &SdkConfig) -> aws_sdk_sts::Client {
        let mut config = aws_sdk_sts::config::Builder::from(config);
        if let Some(url) = self.0.get(STS) {
            config = config.endpoint_url(url);
        }
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// Emulators do not have a host name for each bucket.
    pub fn s3(&self, config: &SdkConfig, is_emulated: bool) -> aws_sdk_s3::Client {
        let mut config = aws_sdk_s3::config::Builder::from(config);
        if let Some(url) = self.0.get(S3) {
            config = config.endpoint_url(url);
        }
        let config = config
            .force_path_style(is_emulated)
            // What is sent is signed by its hash: a further sum would read it once more.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// For the ledger.
    pub fn variables(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(
        endpoint: Option<&str>,
        led: Option<&[(&str, &str)]>,
        set: &[(&str, &str)],
    ) -> Result<Vec<String>, PlatformError> {
        let way = Way {
            endpoint_url: endpoint.map(str::to_owned),
            ..Way::default()
        };
        let owned = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            pairs.collect::<BTreeMap<_, _>>()
        };
        let before = led.map(|led| Place {
            settings: BTreeMap::new(),
            variables: Some(owned(led)),
            identity: None,
        });
        let set = owned(set);
        let found = Services::find(&way, before.as_ref(), |name| set.get(name).cloned())?;
        Ok(found.0.into_values().collect())
    }

    #[test]
    fn services_of_their_own_are_found_as_amazons_tools_find_them_and_again_as_before() {
        const SET: &[(&str, &str)] = &[(IAM, "http://iam"), (S3, "")];
        assert_eq!(find(None, None, SET).unwrap(), ["http://iam"]);
        assert!(find(Some("http://all"), None, SET).unwrap().is_empty());
        let ignored = [SET, &[(IGNORED, "true")]].concat();
        assert!(find(None, None, &ignored).unwrap().is_empty());
        // A run was there before: its variables count, with its endpoint.
        let led: &[(&str, &str)] = &[(IAM, "http://then")];
        for endpoint in [None, Some("http://all")] {
            assert_eq!(find(endpoint, Some(led), &[]).unwrap(), ["http://then"]);
            assert_eq!(find(endpoint, Some(led), SET).unwrap(), ["http://then"]);
        }
        assert!(find(Some("http://all"), Some(&[]), SET).unwrap().is_empty());
        let elsewhere = find(None, Some(&[]), SET).unwrap_err();
        assert!(elsewhere.what.contains("unset it"), "{elsewhere}");
    }
}
