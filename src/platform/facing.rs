//! Which of this host's addresses a function sees.

use std::net::{SocketAddr, UdpSocket};

use super::Reach;
use crate::core::scope::Scope;

/// Our address that faces a function at one of these; unknown when it is one of the own network and the function is
/// not near.
pub fn facing(mut functions: impl Iterator<Item = SocketAddr>) -> Reach {
    let facing = |function: SocketAddr| {
        let any: SocketAddr = if function.is_ipv4() {
            ([0; 4], 0).into()
        } else {
            ([0; 8], 0).into()
        };
        // Connecting a datagram socket sends nothing: it only chooses the route.
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(function).ok()?;
        let ours = socket.local_addr().ok()?.ip();
        let seen = Scope::of(function.ip()).is_near() || Scope::of(ours) == Scope::Public;
        seen.then_some(ours)
    };
    functions
        .find_map(facing)
        .map_or(Reach::Unknown, Reach::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_on_this_machine_finds_it_on_loopback() {
        for (function, ours) in [("127.0.0.1:80", "127.0.0.1"), ("[::1]:80", "::1")] {
            let reach = facing([function.parse().unwrap()].into_iter());
            assert_eq!(reach, Reach::Address(ours.parse().unwrap()), "{function}");
        }
    }

    #[test]
    fn an_address_of_the_own_network_is_none_for_the_internet() {
        let reach = facing(["192.0.2.1:9".parse().unwrap()].into_iter());
        match reach {
            Reach::Address(ours) => assert_eq!(Scope::of(ours), Scope::Public),
            Reach::Unknown => {}
        }
    }
}
