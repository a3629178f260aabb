//! Whom a call goes to, and the connection to there: as it is, or encrypted.

use std::net::SocketAddr;

use hyper::Uri;
use tokio::net::TcpStream;

use super::failure;
use super::timed::{Line, TimedSending};
use crate::core::sample::Failure;
#[cfg(feature = "tls")]
use crate::driver::tls::Tls;
use crate::platform::Endpoint;

/// What a URL says, taken apart.
pub(super) struct Target {
    pub host: String,
    name: String,
    port: u16,
    pub path: String,
    pub address: Option<SocketAddr>,
    encrypted: bool,
}

/// What a connection is encrypted with, if it is.
#[cfg(feature = "tls")]
pub(super) type Security = Option<Tls>;
/// Nothing can be encrypted.
#[cfg(not(feature = "tls"))]
pub(super) type Security = ();

impl Target {
    pub fn of(endpoint: &Endpoint) -> Result<Self, Failure> {
        let bad = |why: &str| {
            failure(
                Failure::CONNECT,
                format!("cannot call {}: {why}", endpoint.url),
            )
        };
        let url: Uri = endpoint
            .url
            .parse()
            .map_err(|error| bad(&format!("{error}")))?;
        let usual_port = match url.scheme_str() {
            Some("http") => 80,
            Some("https") if cfg!(feature = "tls") => 443,
            Some("https") => {
                return Err(bad(
                    "this program was built without the feature `tls`: build it with `cargo build --release --features tls`",
                ));
            }
            _ => return Err(bad("only http:// and https:// are spoken")),
        };
        let authority = url.authority().ok_or_else(|| bad("it names no host"))?;
        let name = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(Self {
            host: authority.to_string(),
            encrypted: usual_port == 443,
            name,
            port: authority.port_u16().unwrap_or(usual_port),
            path: url
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            address: endpoint.connect_to,
        })
    }

    pub async fn connect(&self) -> Result<TcpStream, String> {
        let stream = match self.address {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect((self.name.as_str(), self.port)).await,
        };
        let stream = stream.map_err(|error| format!("{}: {error}", self.host))?;
        stream
            .set_nodelay(true)
            .map_err(|error| format!("{}: TCP_NODELAY: {error}", self.host))?;
        Ok(stream)
    }
}

impl Target {
    /// What the connection is to be encrypted with.
    #[cfg(feature = "tls")]
    pub fn security(&self) -> Result<Security, Failure> {
        let tls = self.encrypted.then(|| Tls::to(&self.name)).transpose();
        tls.map_err(|why| {
            failure(
                Failure::CONNECT,
                format!("cannot call {}: {why}", self.host),
            )
        })
    }

    /// What the connection is to be encrypted with: nothing.
    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unnecessary_wraps, reason = "its other form can fail")]
    pub fn security(&self) -> Result<Security, Failure> {
        debug_assert!(!self.encrypted, "https:// is refused before");
        Ok(())
    }

    /// The connection that requests go over: as it is, or encrypted.
    #[cfg(feature = "tls")]
    pub async fn secure(&self, security: Security, stream: TimedSending) -> Result<Line, String> {
        Ok(match security {
            Some(tls) => {
                let secured = tls.over(stream).await;
                Box::new(secured.map_err(|error| format!("{}: {error}", self.host))?)
            }
            None => Box::new(stream),
        })
    }

    /// The connection that requests go over, as it is.
    #[cfg(not(feature = "tls"))]
    #[allow(
        clippy::unused_async,
        clippy::unused_self,
        reason = "its other form waits and needs the name"
    )]
    pub async fn secure(&self, (): Security, stream: TimedSending) -> Result<Line, String> {
        Ok(Box::new(stream))
    }
}
