//! TLS under the HTTP client: the certificates this machine trusts, ring's cryptography, HTTP/1.1 alone.

use std::sync::{Arc, OnceLock};

use rustls_native_certs::load_native_certs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// A connection that is encrypted once it stands; to be made ready before time is taken.
pub struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// For the server of this name or address. The trusted certificates are read once, at the first call.
    ///
    /// # Errors
    /// When no certificate is trusted, or the name can be no server's.
    pub fn to(name: &str) -> Result<Self, String> {
        static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
        let config = CONFIG.get_or_init(config).clone()?;
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| format!("{name:?} can be no server's name: {error}"))?;
        Ok(Self {
            connector: config.into(),
            name,
        })
    }

    /// Shakes hands over `stream`.
    ///
    /// # Errors
    /// What the handshake failed of, and what to do when the server is not trusted.
    pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: S,
    ) -> Result<TlsStream<S>, String> {
        let connecting = self.connector.connect(self.name, stream).await;
        connecting.map_err(|error| {
            format!("TLS: {error}; a certificate authority of your own is trusted when SSL_CERT_FILE names its file")
        })
    }
}

/// Every handshake is a whole one, as every invocation is: nothing of an earlier session is used.
fn config() -> Result<Arc<ClientConfig>, String> {
    let loaded = load_native_certs();
    let mut roots = RootCertStore::empty();
    let (trusted, _) = roots.add_parsable_certificates(loaded.certs);
    if trusted == 0 {
        let why = loaded
            .errors
            .first()
            .map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(format!(
            "this machine trusts no certificate authority ({why}): install ca-certificates, or name a file in SSL_CERT_FILE"
        ));
    }
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
