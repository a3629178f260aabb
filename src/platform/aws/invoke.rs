//! The Invoke API, signed for the one HTTP client that times all invocations.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;

use super::account::Account;
use super::errors::error;
use crate::platform::{Endpoint, ErrorKind, PlatformError};

/// How the function `name` is invoked with `body`, and asked for the end of its log.
pub(super) async fn endpoint(
    account: &Account,
    name: &str,
    body: &[u8],
) -> Result<Endpoint, PlatformError> {
    let region = account.region()?;
    let base = match &account.emulator {
        Some(emulator) => emulator.url.clone(),
        None => format!("https://lambda.{region}.amazonaws.com"),
    };
    let url = format!("{base}/2015-03-31/functions/{name}/invocations");
    let credentials = account.credentials().await?;
    let headers = signed(&url, region, &credentials, body, SystemTime::now())
        .map_err(|why| error(ErrorKind::Internal, "sign", name, why))?;
    Ok(Endpoint {
        method: "POST".into(),
        url,
        connect_to: None,
        headers,
    })
}

/// The headers that make the request a signed one (Signature Version 4).
fn signed(
    url: &str,
    region: &str,
    credentials: &Credentials,
    body: &[u8],
    time: SystemTime,
) -> Result<Vec<(String, String)>, String> {
    const ASKED: (&str, &str) = ("x-amz-log-type", "Tail");
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("lambda")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|why| why.to_string())?
        .into();
    let request = SignableRequest::new("POST", url, [ASKED].into_iter(), SignableBody::Bytes(body))
        .map_err(|why| why.to_string())?;
    let (instructions, _) = sign(request, &parameters)
        .map_err(|why| why.to_string())?
        .into_parts();
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok([ASKED]
        .into_iter()
        .chain(instructions.headers())
        .map(owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn header(body: &[u8], token: Option<&str>, name: &str) -> Option<String> {
        let token = token.map(str::to_owned);
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token, None, "test");
        let url = "https://lambda.eu-north-1.amazonaws.com/2015-03-31/functions/f/invocations";
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let headers = signed(url, "eu-north-1", &credentials, body, time).unwrap();
        headers
            .into_iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value)
    }

    #[test]
    fn an_invocation_is_signed_with_its_body_and_asks_for_the_log() {
        let authorization = header(b"{}", None, "authorization").unwrap();
        let scope = "Credential=AKIDEXAMPLE/20270115/eu-north-1/lambda/aws4_request";
        assert!(authorization.contains(scope), "{authorization}");
        assert!(
            authorization.contains("SignedHeaders=host;x-amz-date;x-amz-log-type"),
            "{authorization}"
        );
        assert_eq!(
            header(b"{}", None, "x-amz-log-type").as_deref(),
            Some("Tail")
        );
        assert_eq!(
            header(b"{}", None, "x-amz-date").as_deref(),
            Some("20270115T080000Z")
        );
        assert_ne!(header(b"[]", None, "authorization").unwrap(), authorization);
    }

    #[test]
    fn a_session_token_goes_along() {
        assert_eq!(
            header(b"", Some("token"), "x-amz-security-token").as_deref(),
            Some("token")
        );
        assert_eq!(header(b"", None, "x-amz-security-token"), None);
    }
}
