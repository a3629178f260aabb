//! An engine of the test's own, beside the machine's: with another bridge, another network, or behind TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for the engine's start, and for its end.
const WITHIN: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// It ends with this value.
pub struct OwnEngine {
    process: Child,
    place: tempfile::TempDir,
    undo: Vec<&'static str>,
    port: u16,
}

impl OwnEngine {
    /// On a bridge of its own in this machine's network, at 10.213.7.1.
    pub fn on_another_bridge() -> Self {
        forget("link del sebst0");
        ip("link add sebst0 type bridge");
        ip("addr add 10.213.7.1/24 dev sebst0");
        ip("link set sebst0 up");
        let options = ["--bridge=sebst0", "--iptables=false", "--ip-masq=false"];
        Self::start(&["dockerd"], &options, vec!["link del sebst0"])
    }

    /// In a network of its own, as a rootless engine or one in a virtual machine: this machine is 10.213.8.1 there,
    /// beyond the engine's gateway.
    pub fn in_another_network() -> Self {
        forget("netns del sebst1");
        ip("netns add sebst1");
        ip("link add sebst1 type veth peer name uplink netns sebst1");
        ip("addr add 10.213.8.1/24 dev sebst1");
        ip("link set sebst1 up");
        ip("-n sebst1 link set lo up");
        ip("-n sebst1 addr add 10.213.8.2/24 dev uplink");
        ip("-n sebst1 link set uplink up");
        ip("-n sebst1 route add default via 10.213.8.1");
        // Unlike `ip netns exec` it leaves the control groups in sight.
        let inside = ["nsenter", "--net=/run/netns/sebst1", "dockerd"];
        Self::start(&inside, &["--bip=10.213.9.1/24"], vec!["netns del sebst1"])
    }

    fn start(command: &[&str], options: &[&str], undo: Vec<&'static str>) -> Self {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name).display().to_string();
        certify(place.path());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let log = fs::File::create(path("log")).unwrap();
        let process = Command::new(command[0])
            .args(&command[1..])
            .args(options)
            .args(["--data-root", &path("data"), "--exec-root", &path("exec")])
            .args([
                "--pidfile",
                &path("pid"),
                "-H",
                &format!("unix://{}", path("socket")),
            ])
            .args(["-H", &format!("tcp://127.0.0.1:{port}"), "--tlsverify"])
            .args([
                "--tlscacert",
                &path("ca.pem"),
                "--tlscert",
                &path("server.pem"),
            ])
            .args(["--tlskey", &path("server.key")])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let engine = Self {
            process,
            place,
            undo,
            port,
        };
        let begin = Instant::now();
        while !answers(&engine.path("socket")) {
            let log = || fs::read_to_string(engine.path("log")).unwrap();
            assert!(begin.elapsed() < WITHIN, "dockerd: {}", log());
            std::thread::sleep(BETWEEN_LOOKS);
        }
        engine
    }

    /// Its local socket.
    pub fn socket(&self) -> String {
        format!("unix://{}", self.path("socket").display())
    }

    /// Where it speaks TLS, with those alone whose certificates it trusts.
    pub fn over_tls(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// Directory of certificates that it trusts.
    pub fn certificates(&self) -> &Path {
        self.place.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        // `nsenter` has become the engine itself.
        let id = self.process.id() as i32;
        // SAFETY: takes plain integers.
        unsafe { libc::kill(id, libc::SIGTERM) };
        let begin = Instant::now();
        while begin.elapsed() < WITHIN && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        let mounted = fs::read_dir(self.path("exec/netns")).into_iter().flatten();
        for entry in mounted.flatten() {
            let _ = Command::new("umount").arg(entry.path()).status();
        }
        for undo in &self.undo {
            ip(undo);
        }
    }
}

fn answers(socket: &Path) -> bool {
    let asked = UnixStream::connect(socket).and_then(|mut stream| {
        stream.set_read_timeout(Some(WITHIN))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer.ends_with("OK"))
}

/// Removes what an earlier test that was killed may have left.
fn forget(arguments: &str) {
    let _ = Command::new("ip").args(arguments.split(' ')).output();
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output();
    let done = done.unwrap();
    assert!(done.status.success(), "ip {arguments}: {done:?}");
}

/// An authority, and certificates of it for the engine and for its client, named as Docker's own client wants them.
fn certify(directory: &Path) {
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    let openssl = |name: &str, key: &str, further: &[&str]| {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-nodes",
                "-days",
                "2",
                "-subj",
                &format!("/CN={name}"),
            ])
            .args(curve)
            .args(further)
            .args(["-out", &format!("{name}.pem"), "-keyout", key])
            .current_dir(directory)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    };
    openssl("ca", "ca.key", &[]);
    let leaf = [
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ];
    openssl("server", "server.key", &leaf);
    openssl("cert", "key.pem", &leaf);
}
