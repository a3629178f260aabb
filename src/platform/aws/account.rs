//! The way to an account: credentials, region and endpoint by the SDK's own chain, and the clients made from them.

use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use hyper::Uri;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Way;
use super::errors::error;
use super::services::Services;
use crate::platform::{ErrorKind, PlatformError};

/// Finding the region, and the credentials: either may ask the network.
const CHAIN_DEADLINE: Duration = Duration::from_secs(15);
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// One call of the control plane.
const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// One call that carries a package: 50 MB at 2 Mbit/s take so long.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(300);
/// The same for a bucket: 250 MB at 4 Mbit/s.
const BUCKET_DEADLINE: Duration = Duration::from_secs(500);

/// See the module. Credentials are asked for when they are needed and never kept by us.
pub(super) struct Account {
    pub lambda: aws_sdk_lambda::Client,
    pub iam: aws_sdk_iam::Client,
    pub s3: aws_sdk_s3::Client,
    pub sts: aws_sdk_sts::Client,
    pub region: Option<String>,
    pub emulator: Option<Emulator>,
    pub way: Way,
    pub services: Services,
    credentials: Option<SharedCredentialsProvider>,
    /// Held by the change that is under way.
    turn: Arc<Mutex<()>>,
}

/// What answers for AWS when an endpoint is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Emulator {
    /// Without a slash at its end.
    pub url: String,
    pub address: SocketAddr,
}

impl Account {
    pub async fn open(way: &Way, services: Services) -> Result<Self, PlatformError> {
        let way = way.clone();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            // Every wait is ours, so that it is bounded once and told.
            .retry_config(RetryConfig::disabled())
            .timeout_config(deadlines(CALL_DEADLINE));
        if let Some(region) = &way.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &way.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &way.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let Ok(config) = timeout(CHAIN_DEADLINE, loader.load()).await else {
            let what = format!(
                "not found within {} s: give --region",
                CHAIN_DEADLINE.as_secs()
            );
            return Err(error(ErrorKind::Timeout, "find", "region", what));
        };
        let emulator = match config.endpoint_url() {
            Some(url) => Some(Emulator::at(url).await?),
            None => None,
        };
        Ok(Self {
            lambda: services.lambda(&config),
            iam: services.iam(&config),
            s3: services.s3(&config, emulator.is_some()),
            sts: services.sts(&config),
            region: config.region().map(ToString::to_string),
            emulator,
            way,
            services,
            credentials: config.credentials_provider(),
            turn: Arc::default(),
        })
    }

    /// The region, or what to do for one.
    pub fn region(&self) -> Result<&str, PlatformError> {
        self.region.as_deref().ok_or_else(|| {
            let what = "there is none: give --region, set AWS_REGION, or name one in the profile";
            error(ErrorKind::Config, "find", "region", what.into())
        })
    }

    /// What the chain of credentials ends in.
    pub async fn credentials(&self) -> Result<Credentials, PlatformError> {
        let none = |kind, what: String| error(kind, "find", "credentials", what);
        let Some(provider) = &self.credentials else {
            return Err(none(
                ErrorKind::Credentials,
                "there is no way to any".into(),
            ));
        };
        match timeout(CHAIN_DEADLINE, provider.provide_credentials()).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(why)) => {
                let why = aws_sdk_lambda::error::DisplayErrorContext(&why).to_string();
                let what =
                    format!("{why}: run `aws configure` or `aws sso login`, or give --profile");
                Err(none(ErrorKind::Credentials, what))
            }
            Err(_) => {
                let what = format!("none within {} s", CHAIN_DEADLINE.as_secs());
                Err(none(ErrorKind::Timeout, what))
            }
        }
    }

    /// Makes a call that changes something. It goes to its end also when the one who makes it gives up, and the next
    /// such call waits for that: nothing is made after its own removal, and no change overtakes another.
    pub fn change<T: Send + 'static>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        // Boxed, since the SDK's futures are large.
        let (call, turn) = (Box::pin(call), self.turn.clone());
        async move {
            let turn = turn.lock_owned().await;
            let call = tokio::spawn(async move {
                let _turn = turn;
                call.await
            });
            match call.await {
                Ok(answer) => answer,
                Err(why) => match why.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    // The program is ending, and this with it.
                    Err(_) => std::future::pending().await,
                },
            }
        }
    }

    /// Waits until no change is under way that was given up.
    pub async fn settled(&self) {
        drop(self.turn.lock().await);
    }

    /// Flags by which Amazon's command line reaches the same account.
    pub fn flags(&self) -> String {
        let Way {
            profile,
            endpoint_url,
            ..
        } = &self.way;
        let flag = |name, value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(String::new, |value| format!(" --{name} {value}"))
        };
        flag("profile", profile) + &flag("endpoint-url", endpoint_url)
    }
}

/// A client's settings for a call that carries a package.
pub(super) fn uploading() -> aws_sdk_lambda::config::Builder {
    aws_sdk_lambda::Config::builder().timeout_config(deadlines(UPLOAD_DEADLINE))
}

/// The same for a bucket.
pub(super) fn uploading_to_bucket() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder().timeout_config(deadlines(BUCKET_DEADLINE))
}

/// Settings for a bucket of another region.
pub(super) fn bucket_in(region: &str) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder().region(Region::new(region.to_owned()))
}

/// A client's settings for another region.
pub(super) fn in_region(region: &str) -> aws_sdk_lambda::config::Builder {
    aws_sdk_lambda::Config::builder().region(Region::new(region.to_owned()))
}

fn deadlines(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .operation_attempt_timeout(attempt)
        .build()
}

impl Emulator {
    async fn at(url: &str) -> Result<Self, PlatformError> {
        let bad = |why: String| {
            error(
                ErrorKind::Config,
                "find",
                url,
                format!("{why}: mend --endpoint-url"),
            )
        };
        let parsed: Uri = url
            .parse()
            .map_err(|why| bad(format!("it is no URL ({why})")))?;
        let host = parsed
            .host()
            .ok_or_else(|| bad("it names no host".into()))?;
        let port = match (parsed.port_u16(), parsed.scheme_str()) {
            (Some(port), _) => port,
            (None, Some("https")) => 443,
            (None, _) => 80,
        };
        let mut found = tokio::net::lookup_host((host.trim_matches(['[', ']']), port))
            .await
            .map_err(|why| bad(format!("its host cannot be looked up ({why})")))?;
        let address = found
            .next()
            .ok_or_else(|| bad("its host has no address".into()))?;
        Ok(Self {
            url: url.trim_end_matches('/').into(),
            address,
        })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.url.split("://").next().unwrap_or("http")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_emulators_address_is_found_from_its_url() {
        let emulator = Emulator::at("http://127.0.0.1:4566/").await.unwrap();
        assert_eq!(
            (emulator.url.as_str(), emulator.scheme()),
            ("http://127.0.0.1:4566", "http")
        );
        assert_eq!(emulator.address, "127.0.0.1:4566".parse().unwrap());
        assert_eq!(
            Emulator::at("https://[::1]").await.unwrap().address,
            "[::1]:443".parse().unwrap()
        );
        for url in ["", "/path", "http://no such host"] {
            assert!(
                Emulator::at(url)
                    .await
                    .unwrap_err()
                    .what
                    .contains("--endpoint-url")
            );
        }
    }
}
