//! The tiny function that shows the way there and back: in a ledger first, and removed whatever happens.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use sebs_tui::core::checkup::address::Place;
use sebs_tui::core::checkup::probe::{self, Carried};
use sebs_tui::core::checkup::{Check, Verdict};
use sebs_tui::core::contract::Carrier;
use sebs_tui::core::message::AtEnd;
use sebs_tui::core::plan::Deployment;
use sebs_tui::core::sample::Attempt;
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use sebs_tui::driver::Equipment;
use sebs_tui::driver::probe::{Probed, probe as invoke_once};
use sebs_tui::net;
use sebs_tui::plain::doctor::Doctor;
use sebs_tui::platform::PlatformError;
use sebs_tui::platform::context::Context;
use sebs_tui::platform::ledger::Ledger;
use sebs_tui::settings::Resolved;
use sebs_tui::store::directory;
use tokio::sync::watch;

use super::super::disk::{NAMESAKES_MOST, header};
use super::super::ending::Remains;
use super::super::ledgers::{self, Begun};
use super::super::platforms::{experiment, needs_ledger, simulated, template, to_clean};
use super::{Way, in_time};

const FUNCTION: &str = "function";

/// Deploys, invokes, removes, and tells what was seen.
///
/// # Errors
/// When the function's package cannot be made, or its ledger not be written: then nothing was deployed.
pub(super) async fn probe(
    resolved: &Resolved,
    way: Way,
    interrupt: &watch::Sender<Option<i32>>,
    report: &mut Doctor,
) -> Result<(), Box<dyn Error>> {
    let settings = &resolved.settings;
    let wall = net::wall_clock();
    let (name, ledger) = new_ledger(resolved, wall)?;
    let (live, echo, carried) = match way {
        Way::Real(real) => (real.live, real.echo, real.carried),
        Way::Simulated => {
            let host = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
            let place = Place::Near;
            let carried = match settings.carrier() {
                Carrier::Udp => Carried::Udp { host, place },
                Carrier::Http => Carried::Http,
            };
            (Arc::default(), None, carried)
        }
    };
    let (context, notes) = Context::new(&name, ledger, live.clone());
    let started = match in_time("start", to_clean(settings, context.clone())).await {
        Ok(started) => started,
        Err(why) => {
            report.tell(Check::bad(
                FUNCTION,
                why,
                "change what it names, then look again",
            ));
            return Ok(());
        }
    };
    let equipment = match started {
        Some(platform) => Equipment::Real {
            platform,
            echo,
            notes,
            at_end: AtEnd::Remove,
        },
        None => simulated(settings),
    };
    let platform = equipment.platform();
    let template = Arc::new(template(settings, &equipment.abilities())?);
    let header = match header(name, wall, settings, &template, &equipment) {
        Ok(header) => header,
        Err(error) => {
            report.tell(Check::of("plan", Verdict::Bad, error.to_string(), None));
            return Ok(());
        }
    };
    let deployment = header.plan.deployment;
    let experiment = experiment(settings, header, &equipment.abilities(), template);
    let mut interrupted = interrupt.subscribe();
    let give_up = async {
        if interrupted.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let probed = invoke_once(experiment, equipment, live, give_up).await;
    let remains = Remains::of(&context, platform.as_deref(), AtEnd::Remove).await;
    match probed {
        Ok((probed, left_behind)) => {
            if let Some(attempt) = tell(probed, report) {
                for check in probe::findings(&attempt, carried) {
                    report.tell(check);
                }
                report.figures(&attempt);
            }
            if deployment == Deployment::Ours {
                // A ledger knows what is left after the last try.
                let failed = left_behind.filter(|_| !needs_ledger(settings.platform));
                report.tell(removal(failed.as_ref(), &remains));
            }
        }
        Err(error) => report.tell(Check::of(FUNCTION, Verdict::Bad, error.to_string(), None)),
    }
    Ok(())
}

/// Tells of the steps before the invocation, and hands that on.
fn tell(probed: Probed, report: &mut Doctor) -> Option<Box<Attempt>> {
    match probed {
        Probed::NotDeployed(failure) => {
            let advice = "change what it names, then look again";
            let found = format!("it cannot be deployed: {failure}");
            report.tell(Check::bad(FUNCTION, found, advice));
            None
        }
        Probed::GivenUp => {
            let found = "given up, as asked, before it was answered";
            report.tell(Check::doubtful("invocation", found, "look again"));
            None
        }
        Probed::Invoked {
            deployment,
            attempt,
            warnings,
        } => {
            if let Some(deployment) = deployment {
                let found = format!(
                    "a package of {} bytes was deployed in {:.1} ms",
                    attempt.package_bytes,
                    deployment as f64 / MILLISECOND as f64
                );
                report.tell(Check::good(FUNCTION, found));
            }
            for warning in warnings {
                let advice = "a run tells so of every sample that it happens to";
                report.tell(Check::doubtful("invocation", warning, advice));
            }
            Some(attempt)
        }
    }
}

fn removal(left_behind: Option<&PlatformError>, remains: &Remains) -> Check {
    const SUBJECT: &str = "removal";
    let left: Vec<String> = remains
        .things
        .iter()
        .map(|(resource, command)| format!("{} {} ({command})", resource.kind, resource.name))
        .collect();
    match (left_behind, left.as_slice()) {
        (None, []) => Check::good(SUBJECT, "everything that was made for this is gone again"),
        (Some(error), []) => Check::bad(
            SUBJECT,
            error.to_string(),
            "look with sebs-tui clean --dry-run",
        ),
        (_, left) => {
            let found = format!("not everything could be removed: {}", left.join(", "));
            let advice = format!(
                "sebs-tui clean --run {}, or the commands named",
                remains.run
            );
            Check::bad(SUBJECT, found, advice)
        }
    }
}

/// A ledger of its own, so that what a kill leaves is known; named after the time, as those of runs.
fn new_ledger(resolved: &Resolved, wall: Nanos) -> Result<(String, Ledger), Box<dyn Error>> {
    let platform = resolved.settings.platform.word();
    let directory = ledgers::directory(&resolved.settings)?;
    for later in 0..NAMESAKES_MOST {
        let name = directory::name(wall + later * SECOND, platform, "doctor");
        let begun = (Begun::Now, AtEnd::Remove);
        match ledgers::of_run(resolved, &name, &directory, begun) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            ledger => return Ok((name, ledger?)),
        }
    }
    let what = "too many ledgers of the same time: look at them with sebs-tui clean --dry-run";
    Err(what.into())
}
