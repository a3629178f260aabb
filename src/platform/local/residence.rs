//! Environments as directories and processes of this machine.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use async_trait::async_trait;
use tokio::sync::watch;

use super::PROCESS;
use super::output::Output;
use super::process::{self, Launch, Leash};
use crate::platform::Resource;
use crate::platform::hosted::environment::{Dwelling, Housing, Life, Plan};
use crate::platform::hosted::home;

/// Makes them.
#[derive(Debug)]
pub struct Processes;

impl Housing for Processes {
    fn host(&self) -> io::Result<IpAddr> {
        Ok(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Unpacking and starting go on in a thread of its own.
    fn begin(&self, plan: Plan, life: watch::Sender<Life>) -> io::Result<Box<dyn Dwelling>> {
        let (reader, writer) = io::pipe()?;
        let output = Output::collect(reader)?;
        let directory = plan.directory.clone();
        let launch = Launch {
            package: plan.deployment.package.clone(),
            directory: plan.directory,
            variables: plan.variables,
        };
        let leash = Arc::<Leash>::default();
        let thread = std::thread::Builder::new()
            .name("environment".into())
            .spawn({
                let leash = Arc::clone(&leash);
                move || {
                    let end = process::live(&launch, &leash, writer, |end| {
                        life.send_replace(Life::Ended(end.clone()));
                    });
                    life.send_replace(Life::Gone(end));
                }
            })?;
        Ok(Box::new(Residence {
            directory,
            output,
            leash,
            thread: Mutex::new(Some(thread)),
        }))
    }
}

#[derive(Debug)]
struct Residence {
    directory: PathBuf,
    output: Output,
    leash: Arc<Leash>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[async_trait]
impl Dwelling for Residence {
    fn kill(&self) {
        self.leash.kill();
    }

    async fn last_lines(&self) -> Vec<String> {
        self.output.last_lines().await
    }

    fn traces(&self) -> Vec<Resource> {
        let resource = |kind: &str, name: String| Resource {
            kind: kind.into(),
            name,
        };
        let directory = resource(home::KIND, self.directory.display().to_string());
        let process = self.leash.pid();
        [directory]
            .into_iter()
            .chain(process.map(|pid| resource(PROCESS, pid.to_string())))
            .collect()
    }

    fn gone_blocking(&self) {
        if let Some(thread) = self
            .thread
            .lock()
            .expect("nothing panics while it holds this lock")
            .take()
        {
            // A panic of that thread has nothing to add here.
            let _ = thread.join();
        }
    }
}
