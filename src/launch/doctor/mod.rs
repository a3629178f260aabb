//! `sebs-tui doctor`: looks at the host, the platform and the path between them, and tells what it finds.

mod host;
mod place;
mod probe;

use std::future::Future;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sebs_tui::cli::{self, Examining, Probing};
use sebs_tui::core::checkup::address::{Found, advertised, nat};
use sebs_tui::core::checkup::probe::Carried;
use sebs_tui::core::checkup::{Check, Verdict, clocks};
use sebs_tui::core::contract::Carrier;
use sebs_tui::core::live::Live;
use sebs_tui::core::simulation;
use sebs_tui::driver::echo::Echo;
use sebs_tui::driver::{self, DriverError};
use sebs_tui::plain::Format;
use sebs_tui::plain::doctor::Doctor;
use sebs_tui::platform::context::Context;
use sebs_tui::platform::ledger::Ledger;
use sebs_tui::platform::{Finding, Platform, PlatformError};
use sebs_tui::settings::{self, Resolved, Settings};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::ending::{SIGNALLED, heed_signals, unless_interrupted};
use super::platforms::{Fallback, given_address, listen, settle, template, to_clean};
use super::{Done, tell_unused, tokio_runtime};

/// Reaching a platform, and what it is asked before anything is made.
const LOOK_DEADLINE: Duration = Duration::from_secs(60);

/// Looks, tells, and picks the exit code.
pub fn doctor(asked: &Examining) -> Done {
    let mut resolved = settings::resolve(&asked.options.sources())?;
    tell_unused(&resolved);
    let runtime = tokio_runtime()?;
    let interrupt = watch::Sender::new(None);
    // Nothing but the interrupt itself is obeyed here.
    let (commands, _) = mpsc::channel(1);
    heed_signals(&runtime, &interrupt, &commands)?;
    let format = match asked.format {
        cli::Format::Text => Format::Text,
        cli::Format::Json => Format::Json,
    };
    let platform = resolved.settings.platform.word();
    let mut report = Doctor::new(format, platform, Box::new(io::stdout()));
    let looked = runtime.block_on(unless_interrupted(
        look(&mut resolved, &mut report),
        &interrupt,
    ));
    if let Some(path) = looked.flatten()
        && asked.probing == Probing::Deploy
    {
        let probing = probe::probe(&resolved, path, &interrupt, &mut report);
        runtime.block_on(probing)?;
    }
    report.end();
    runtime.shutdown_background();
    let signal = *interrupt.borrow();
    Ok(match (signal, report.verdict()) {
        (Some(signal), _) => ((SIGNALLED + signal) as u8).into(),
        (None, Verdict::Bad) => ExitCode::FAILURE,
        (None, Verdict::Good | Verdict::Doubtful) => ExitCode::SUCCESS,
    })
}

/// What lies between both ends, once nothing stands in its way.
enum Way {
    /// Datagrams, or further invocations.
    Real(Box<Real>),
    /// Nothing.
    Simulated,
}

/// How clocks are compared.
struct Real {
    /// Who answers datagrams; none: further invocations do without.
    echo: Option<Echo>,
    live: Arc<Live>,
    carried: Carried,
}

/// Looks at everything that can be seen without making anything; none when something failed.
async fn look(resolved: &mut Resolved, report: &mut Doctor) -> Option<Way> {
    let settings = &mut resolved.settings;
    for check in host::clocks().await {
        report.tell(check);
    }
    let (context, _notes) = Context::new("doctor", Ledger::in_memory(), Arc::default());
    let platform = match in_time("start", to_clean(settings, context)).await {
        Ok(platform) => platform,
        Err(why) => {
            host::ledgers(settings, report);
            let advice = "change what it names, then look again: nothing else of the platform could be looked at";
            report.tell(Check::bad("platform", why, advice));
            return None;
        }
    };
    host::ledgers(settings, report);
    let Some(platform) = platform else {
        let found = format!(
            "{}: no function is called and no datagram is sent; every figure is made up",
            simulation::NAME
        );
        report.tell(Check::good("platform", found));
        return Some(Way::Simulated);
    };
    host::leftovers(settings, platform.as_ref(), report).await;
    match in_time("preflight", platform.preflight()).await {
        Ok(findings) => {
            for finding in findings {
                report.tell(check_of(finding));
            }
        }
        Err(why) => report.tell(Check::bad(
            "platform",
            why,
            "change what it names, then look again",
        )),
    }
    if let Err(error) = template(settings, &platform.abilities()) {
        report.tell(Check::of("package", Verdict::Bad, error.to_string(), None));
    }
    let fallback = settle(settings, platform.as_ref());
    let way = way(settings, fallback, platform.as_ref(), report).await;
    way.filter(|_| report.verdict() != Verdict::Bad)
}

async fn way(
    settings: &Settings,
    fallback: Option<Fallback>,
    platform: &dyn Platform,
    report: &mut Doctor,
) -> Option<Way> {
    let live: Arc<Live> = Arc::default();
    if settings.carrier() == Carrier::Http {
        let asked =
            "by further invocations (--sync http): no datagram is sent, and no address needed";
        let found = fallback.map_or_else(|| asked.into(), |fallback| fallback.to_string());
        report.tell(Check::good("clocks", found));
        return Some(Way::Real(Box::new(Real {
            echo: None,
            live,
            carried: Carried::Http,
        })));
    }
    let echo = match listen(settings, platform.reach(), live.clone()).await {
        Ok(echo) => echo,
        Err(error) => {
            let subject = match error {
                DriverError::Mapping(_) => "NAT",
                _ => "UDP socket",
            };
            report.tell(Check::of(subject, Verdict::Bad, error.to_string(), None));
            return None;
        }
    };
    let socket = format!("answers datagrams at {}", echo.local_addr());
    report.tell(Check::good("UDP socket", socket));
    report.tell(clocks::stamps(echo.stamps()));
    let place = place::of(settings);
    match driver::advertised(given_address(settings), platform, &echo) {
        Ok((address, found)) => {
            report.tell(advertised(address, found, place));
            if let Found::Stun(servers) = found {
                report.tell(nat(servers));
            }
            Some(Way::Real(Box::new(Real {
                echo: Some(echo),
                live,
                carried: Carried::Udp {
                    host: address,
                    place,
                },
            })))
        }
        Err(error) => {
            let advice = "a public address, with this UDP port let in by security group, NAT and firewall, or stun:HOST; or do without datagrams: --sync http";
            report.tell(Check::bad("address", error.to_string(), advice));
            None
        }
    }
}

async fn in_time<T>(
    step: &str,
    work: impl Future<Output = Result<T, PlatformError>>,
) -> Result<T, String> {
    match timeout(LOOK_DEADLINE, work).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err(format!(
            "{step}: not done after {} s",
            LOOK_DEADLINE.as_secs()
        )),
    }
}

/// The platforms' findings say what to do in their text.
fn check_of(finding: Finding) -> Check {
    Check::of(finding.subject, finding.verdict, finding.text, None)
}
