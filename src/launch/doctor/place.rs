//! Where functions run, by the settings: near this host, or in the Internet.

use sebs_tui::core::checkup::address::Place;
use sebs_tui::core::scope::Scope;
use sebs_tui::settings::{PlatformName, Settings};

pub(super) fn of(settings: &Settings) -> Place {
    match settings.platform {
        PlatformName::Local | PlatformName::Docker | PlatformName::Simulated => Place::Near,
        PlatformName::Aws => settings.endpoint_url.as_deref().map_or(Place::Far, of_url),
        PlatformName::Endpoint => settings.url.as_deref().map_or(Place::Far, of_url),
    }
}

/// A name may stand for anything, and is taken for one of the Internet unless it is this machine's.
fn of_url(url: &str) -> Place {
    let uri = url.parse::<hyper::Uri>().ok();
    let host = uri.as_ref().and_then(|uri| uri.host()).unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let near = match bare.parse() {
        Ok(ip) => Scope::of(ip).is_near(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    if near { Place::Near } else { Place::Far }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_here_and_a_function_in_the_own_network_are_near() {
        let table = [
            ("http://127.0.0.1:4566", Place::Near),
            ("http://localhost:4566", Place::Near),
            ("http://[::1]:4566/x", Place::Near),
            ("http://10.1.2.3/f", Place::Near),
            ("https://203.0.113.5/f", Place::Far),
            ("https://example.org/f", Place::Far),
            ("nonsense", Place::Far),
        ];
        for (url, place) in table {
            assert_eq!(of_url(url), place, "{url}");
        }
    }
}
