//! A STUN server and a NAT in one, on loopback: it tells its own public socket, and carries datagrams between that and
//! whoever asked.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

/// How it treats what comes from the inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// They are carried on.
    Carried,
    /// They are dropped.
    Dropped,
}

/// See the module.
pub struct Nat {
    server: SocketAddr,
    public: SocketAddr,
    carried: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Nat {
    /// Starts it.
    pub fn start(answers: Answers) -> Self {
        let [server, public] = [0, 1].map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port"));
        for socket in [&server, &public] {
            let patience = Some(Duration::from_millis(50));
            socket.set_read_timeout(patience).expect("a time-out");
        }
        let (told, at) = (public.local_addr().unwrap(), server.local_addr().unwrap());
        let inside = Arc::new(std::sync::Mutex::new(None));
        let (carried, over): (Arc<AtomicUsize>, Arc<AtomicBool>) = Default::default();
        let (asked, ended) = (inside.clone(), over.clone());
        let answering = std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !ended.load(SeqCst) {
                let Ok((length, from)) = server.recv_from(&mut buffer) else {
                    continue;
                };
                *asked.lock().unwrap() = Some(from);
                if let Some(answer) = answer_to(&buffer[..length], told) {
                    server.send_to(&answer, from).unwrap();
                }
            }
        });
        let (count, ended) = (carried.clone(), over.clone());
        let carrying = std::thread::spawn(move || {
            let (mut buffer, mut outside) = ([0; 2048], None);
            while !ended.load(SeqCst) {
                let Ok((length, from)) = public.recv_from(&mut buffer) else {
                    continue;
                };
                let inside = *inside.lock().unwrap();
                let to = if Some(from) == inside {
                    outside.filter(|_| answers == Answers::Carried)
                } else {
                    outside = Some(from);
                    inside
                };
                if let Some(to) = to {
                    count.fetch_add(1, SeqCst);
                    public.send_to(&buffer[..length], to).unwrap();
                }
            }
        });
        Self {
            server: at,
            public: told,
            carried,
            over,
            threads: vec![answering, carrying],
        }
    }

    /// As `--advertise` names it.
    pub fn advertise(&self) -> String {
        format!("stun:{}", self.server)
    }

    /// The address that it tells.
    pub fn public(&self) -> SocketAddr {
        self.public
    }

    /// Datagrams carried so far, in both directions.
    pub fn carried(&self) -> usize {
        self.carried.load(SeqCst)
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        self.over.store(true, SeqCst);
        for thread in self.threads.drain(..) {
            let done = thread.join();
            assert!(done.is_ok() || std::thread::panicking());
        }
    }
}

/// The success response to a Binding request, written anew from RFC 8489; none for anything else.
fn answer_to(request: &[u8], mapped: SocketAddr) -> Option<Vec<u8>> {
    let is_request = request.len() == 20 && request[..2] == [0, 1];
    let SocketAddr::V4(mapped) = mapped else {
        return None;
    };
    is_request.then(|| {
        let mut answer = vec![1, 1, 0, 12];
        answer.extend(&request[4..20]);
        answer.extend([0, 0x20, 0, 8, 0, 1]);
        answer.extend((mapped.port() ^ 0x2112).to_be_bytes());
        let address = u32::from(*mapped.ip()) ^ 0x2112_a442;
        answer.extend(address.to_be_bytes());
        answer
    })
}
