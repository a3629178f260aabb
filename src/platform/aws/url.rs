//! The function's own URL, open to everybody who knows it while the run lasts.

use std::time::Duration;

use aws_sdk_lambda::types::FunctionUrlAuthType;

use super::account::{Account, Emulator};
use super::errors::{error, explain};
use super::retry::Patience;
use crate::core::live::Phase;
use crate::platform::context::Context;
use crate::platform::{Endpoint, ErrorKind, PlatformError};

const BOUND: Duration = Duration::from_secs(60);
/// Names of the two statements in the function's policy.
const MAY_USE_URL: &str = "sebs-tui-url";
const MAY_INVOKE_BY_URL: &str = "sebs-tui-invoke-by-url";
const EVERYBODY: &str = "*";

/// Makes the URL, or finds the one that is there, and opens it.
///
/// AWS asks for both permissions since October 2025: see
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.
pub(super) async fn ensure(
    account: &Account,
    context: &Context,
    name: &str,
) -> Result<String, PlatformError> {
    let patience = Patience {
        context,
        phase: Phase::Activating,
        bound: BOUND,
    };
    let url = match patience.with(|| create(account, name)).await {
        Err(PlatformError {
            kind: ErrorKind::Conflict,
            ..
        }) => patience.with(|| find(account, name)).await?,
        created => created?,
    };
    for statement in [MAY_USE_URL, MAY_INVOKE_BY_URL] {
        match patience.with(|| allow(account, name, statement)).await {
            Err(PlatformError {
                kind: ErrorKind::Conflict,
                ..
            }) => {}
            allowed => allowed?,
        }
    }
    Ok(url)
}

async fn create(account: &Account, name: &str) -> Result<String, PlatformError> {
    let request = account
        .lambda
        .create_function_url_config()
        .function_name(name);
    let request = request.auth_type(FunctionUrlAuthType::None);
    let sent = account.change(request.send()).await;
    sent.map(|made| made.function_url().to_owned())
        .map_err(|why| explain("create URL", name, &why))
}

async fn find(account: &Account, name: &str) -> Result<String, PlatformError> {
    let sent = account
        .lambda
        .get_function_url_config()
        .function_name(name)
        .send()
        .await;
    sent.map(|found| found.function_url().to_owned())
        .map_err(|why| explain("get URL", name, &why))
}

async fn allow(account: &Account, name: &str, statement: &str) -> Result<(), PlatformError> {
    let request = account
        .lambda
        .add_permission()
        .function_name(name)
        .statement_id(statement)
        .principal(EVERYBODY);
    let request = if statement == MAY_USE_URL {
        request
            .action("lambda:InvokeFunctionUrl")
            .function_url_auth_type(FunctionUrlAuthType::None)
    } else {
        request
            .action("lambda:InvokeFunction")
            .invoked_via_function_url(true)
    };
    let sent = account.change(request.send()).await;
    sent.map(drop)
        .map_err(|why| explain("allow URL", name, &why))
}

/// How the URL is called: as it is, or at the emulator that made it, whose URL no name server knows.
pub(super) fn endpoint(url: &str, emulator: Option<&Emulator>) -> Result<Endpoint, PlatformError> {
    let (url, connect_to) = match emulator {
        None => (url.to_owned(), None),
        Some(emulator) => {
            let (_, rest) = url.split_once("://").ok_or_else(|| {
                error(
                    ErrorKind::Protocol,
                    "invoke",
                    url,
                    "the URL that was made has no scheme".into(),
                )
            })?;
            (
                format!("{}://{rest}", emulator.scheme()),
                Some(emulator.address),
            )
        }
    };
    Ok(Endpoint {
        method: "POST".into(),
        url,
        connect_to,
        headers: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://abc.lambda-url.us-east-1.on.aws/";

    #[test]
    fn a_url_of_aws_is_called_as_it_is() {
        let endpoint = endpoint(URL, None).unwrap();
        assert_eq!((endpoint.url.as_str(), endpoint.connect_to), (URL, None));
    }

    #[test]
    fn an_emulators_url_keeps_its_host_and_is_called_where_the_emulator_is() {
        let address = "127.0.0.1:4566".parse().unwrap();
        let emulator = Emulator {
            url: "http://localhost:4566".into(),
            address,
        };
        let made = endpoint(URL, Some(&emulator)).unwrap();
        assert_eq!(made.url, "http://abc.lambda-url.us-east-1.on.aws/");
        assert_eq!(made.connect_to, Some(address));
        assert_eq!(
            endpoint("nonsense", Some(&emulator)).unwrap_err().kind,
            ErrorKind::Protocol
        );
    }
}
