//! Where the engine listens, and how it is spoken to there.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use bollard::errors::Error;
use bollard::{ClientVersion, Docker};

use super::NAME;
use crate::platform::{ErrorKind, PlatformError, hosted};

/// Variables of Docker's own client.
pub const TLS_VERIFY: &str = "DOCKER_TLS_VERIFY";
pub const CERT_PATH: &str = "DOCKER_CERT_PATH";
/// Where the engine listens when nothing else answers.
const SOCKET: &str = "/var/run/docker.sock";
/// Ports of an engine, plain and with TLS, that is named without one (IANA's).
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;
/// Names of the files that Docker's own client looks for.
const AUTHORITY: &str = "ca.pem";
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As it was given: `unix:///var/run/docker.sock`.
    name: String,
    way: Way,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Socket,
    Plain,
    /// With the certificates of this directory.
    Tls(PathBuf),
}

impl Place {
    /// `given`, or `DOCKER_HOST`, or the first local socket at which something listens: the system's, a rootless
    /// engine's, Docker Desktop's. As for Docker's own client, `DOCKER_TLS_VERIFY` asks for TLS with the certificates
    /// in `DOCKER_CERT_PATH`, or else in `~/.docker`.
    ///
    /// # Errors
    /// When it is none that can be spoken to.
    pub fn find(
        given: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, PlatformError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let name = given
            .map(str::to_owned)
            .or_else(|| variable("DOCKER_HOST"))
            .unwrap_or_else(|| format!("unix://{}", listening(sockets(&variable)).display()));
        let wrong = |kind, what| hosted::error(NAME, kind, "connect", &name, what);
        let way = match name.split_once("://").map(|(scheme, _)| scheme) {
            Some("unix") => Way::Socket,
            Some("https") => Way::Tls(certificates(&variable)),
            Some("tcp") if variable(TLS_VERIFY).is_some() => Way::Tls(certificates(&variable)),
            Some("tcp" | "http") => Way::Plain,
            Some("ssh") => {
                let what = "ssh:// is not spoken: bring the engine's socket here (`ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`) and name it with --docker-host unix:///tmp/engine.sock, or run sebs-tui there";
                return Err(wrong(ErrorKind::Unsupported, what.into()));
            }
            _ => {
                let what = format!(
                    "the engine's place must begin with unix://, tcp://, http:// or https://: set --docker-host or DOCKER_HOST, such as unix://{SOCKET}"
                );
                return Err(wrong(ErrorKind::Config, what));
            }
        };
        if let Way::Tls(directory) = &way {
            can_tls(directory).map_err(|(kind, what)| wrong(kind, what))?;
        }
        Ok(Self { name, way })
    }

    /// The variables by which it is spoken to as it is now, also from another directory.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let Way::Tls(directory) = &self.way else {
            return BTreeMap::new();
        };
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
        BTreeMap::from([
            (TLS_VERIFY.into(), "1".into()),
            (CERT_PATH.into(), directory.display().to_string()),
        ])
    }

    /// As `--docker-host` takes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A client of the engine there, for the runtime it is used in, which waits `seconds` for an answer.
    ///
    /// # Errors
    /// When none can be made.
    pub fn client(&self, seconds: u64, api: &ClientVersion) -> Result<Docker, Error> {
        match &self.way {
            Way::Socket => Docker::connect_with_unix(&self.name, seconds, api),
            Way::Plain => Docker::connect_with_http(&self.name, seconds, api),
            Way::Tls(directory) => over_tls(&self.name, directory, seconds, api),
        }
    }

    /// The engine's address, when it is on another machine as far as its place tells.
    pub fn elsewhere(&self) -> Option<SocketAddr> {
        if self.way == Way::Socket {
            return None;
        }
        let (_, named) = self.name.split_once("://")?;
        let named = named.split('/').next()?;
        let port = match self.way {
            Way::Tls(_) => TLS_PORT,
            Way::Plain | Way::Socket => PLAIN_PORT,
        };
        let mut addresses = named
            .to_socket_addrs()
            .or_else(|_| (named, port).to_socket_addrs())
            .ok()?;
        addresses.find(|address| !is_of_this_machine(address.ip()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.way {
            Way::Tls(_) => f.write_str(" (TLS)"),
            Way::Socket | Way::Plain => Ok(()),
        }
    }
}

/// Whether a socket can be bound there.
pub fn is_of_this_machine(address: IpAddr) -> bool {
    std::net::UdpSocket::bind((address, 0)).is_ok()
}

/// Where engines listen on this machine, the system's own first.
fn sockets(variable: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let below = |name: &str, path: &str| variable(name).map(|root| Path::new(&root).join(path));
    let others = [
        below("XDG_RUNTIME_DIR", "docker.sock"),
        below("HOME", ".docker/run/docker.sock"),
        below("HOME", ".docker/desktop/docker.sock"),
    ];
    let system = PathBuf::from(SOCKET);
    [system]
        .into_iter()
        .chain(others.into_iter().flatten())
        .collect()
}

/// The first at which something listens that this user may speak to; else the first, to be told of.
fn listening(mut sockets: Vec<PathBuf>) -> PathBuf {
    let first = sockets
        .iter()
        .position(|path| UnixStream::connect(path).is_ok());
    sockets.swap_remove(first.unwrap_or(0))
}

fn certificates(variable: &impl Fn(&str) -> Option<String>) -> PathBuf {
    let home = || Path::new(&variable("HOME").unwrap_or_default()).join(".docker");
    variable("DOCKER_CERT_PATH").map_or_else(home, PathBuf::from)
}

/// That TLS can be spoken with the certificates of this directory.
fn can_tls(directory: &Path) -> Result<(), (ErrorKind, String)> {
    if cfg!(not(feature = "tls")) {
        let what = "this program was built without the feature `tls`: build it with `cargo build --release --features docker,tls`";
        return Err((ErrorKind::Unsupported, what.into()));
    }
    let missing = [AUTHORITY, CERTIFICATE, KEY]
        .into_iter()
        .map(|name| directory.join(name))
        .find(|path| !path.is_file());
    missing.map_or(Ok(()), |path| {
        let what = format!(
            "TLS to the engine needs {}, which is not there: DOCKER_CERT_PATH names the directory of {AUTHORITY}, {CERTIFICATE} and {KEY}",
            path.display()
        );
        Err((ErrorKind::Config, what))
    })
}

#[cfg(feature = "tls")]
fn over_tls(
    name: &str,
    directory: &Path,
    seconds: u64,
    api: &ClientVersion,
) -> Result<Docker, Error> {
    use tokio_rustls::rustls::crypto::ring;

    // The client takes the process's default, which is not clear by itself where several are built in. That one is set
    // already, as by an earlier client, is as good.
    let _ = ring::default_provider().install_default();
    let [authority, certificate, key] =
        [AUTHORITY, CERTIFICATE, KEY].map(|name| directory.join(name));
    Docker::connect_with_ssl(name, &key, &certificate, &authority, seconds, api)
}

#[cfg(not(feature = "tls"))]
fn over_tls(name: &str, _: &Path, _: u64, _: &ClientVersion) -> Result<Docker, Error> {
    // Refused already when the place was found.
    let uri = name.into();
    Err(Error::UnsupportedURISchemeError { uri })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fs;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn find(given: Option<&str>, variables: &[(&str, &str)]) -> Result<Place, PlatformError> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        Place::find(given, |name| variables.get(name).map(|&value| value.into()))
    }

    #[test]
    fn the_variables_of_a_place_lead_there_again_from_anywhere() {
        let directory = tempfile::tempdir().unwrap();
        for name in [AUTHORITY, CERTIFICATE, KEY] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let path = directory.path().to_str().unwrap();
        for (host, asked) in [
            ("tcp://h", &[(TLS_VERIFY, "yes"), (CERT_PATH, path)][..]),
            ("https://h", &[(CERT_PATH, path)]),
            ("tcp://h", &[]),
            ("unix:///s", &[(TLS_VERIFY, "yes")]),
        ] {
            let place = find(Some(host), asked).unwrap();
            let variables = place.variables();
            let again = variables
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let again = find(Some(host), &again.collect::<Vec<_>>()).unwrap();
            assert_eq!(again, place, "{host} {asked:?}");
            assert_eq!(variables.is_empty(), !matches!(place.way, Way::Tls(_)));
        }
    }

    #[test]
    fn a_rootless_engines_socket_is_found_when_the_systems_does_not_answer() {
        let runtime = tempfile::tempdir().unwrap();
        let (absent, rootless) = (
            runtime.path().join("absent"),
            runtime.path().join("docker.sock"),
        );
        let _engine = UnixListener::bind(&rootless).unwrap();
        assert_eq!(listening(vec![absent.clone(), rootless.clone()]), rootless);
        assert_eq!(listening(vec![absent.clone()]), absent);
        let variable =
            |name: &str| (name == "XDG_RUNTIME_DIR").then(|| runtime.path().display().to_string());
        assert_eq!(sockets(&variable), [PathBuf::from(SOCKET), rootless]);
    }

    #[test]
    fn the_flag_goes_before_the_variable() {
        let variables = [("DOCKER_HOST", "tcp://10.0.0.7:2375")];
        assert_eq!(find(None, &variables).unwrap().way, Way::Plain);
        let given = find(Some("unix:///a/socket"), &variables).unwrap();
        assert_eq!(given.to_string(), "unix:///a/socket");
    }

    #[test]
    fn tls_is_asked_for_as_dockers_own_client_does_and_missing_certificates_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        let tcp = Some("tcp://10.0.0.7:2376");
        let asked = [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)];
        for name in [AUTHORITY, CERTIFICATE] {
            let error = find(tcp, &asked).unwrap_err().to_string();
            if cfg!(feature = "tls") {
                assert!(error.contains(&format!("{path}/{name}")), "{error}");
            } else {
                assert!(error.contains("feature `tls`"), "{error}");
            }
            fs::write(directory.path().join(name), "").unwrap();
        }
        fs::write(directory.path().join(KEY), "").unwrap();
        if cfg!(feature = "tls") {
            let place = find(tcp, &asked).unwrap();
            assert_eq!(place.to_string(), "tcp://10.0.0.7:2376 (TLS)");
        }
        assert_eq!(
            find(tcp, &[("DOCKER_TLS_VERIFY", "")]).unwrap().way,
            Way::Plain
        );
    }

    #[test]
    fn a_place_that_cannot_be_spoken_to_is_refused_with_what_to_do() {
        for (given, advice) in [
            ("ssh://user@host", "ssh -nNT -L"),
            ("npipe:////./pipe/docker", "must begin with unix://"),
            ("10.0.0.7", "must begin with unix://"),
        ] {
            let error = find(Some(given), &[]).unwrap_err().to_string();
            assert!(error.contains(given) && error.contains(advice), "{error}");
        }
    }

    #[test]
    fn an_engine_of_another_machine_is_told_from_one_of_this() {
        let elsewhere = |given| find(Some(given), &[]).unwrap().elsewhere();
        assert_eq!(elsewhere("unix:///a/socket"), None);
        assert_eq!(elsewhere("tcp://127.0.0.1:2375"), None);
        // TEST-NET-3, which no machine has.
        let address = |text: &str| Some(text.parse::<SocketAddr>().unwrap());
        assert_eq!(
            elsewhere("tcp://203.0.113.1:1234"),
            address("203.0.113.1:1234")
        );
        assert_eq!(elsewhere("tcp://203.0.113.1"), address("203.0.113.1:2375"));
    }
}
