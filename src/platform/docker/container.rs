//! Environments as containers: made, filled with the package, run, and removed, in a thread of their own.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use async_trait::async_trait;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, LogsOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bollard::{Docker, body_full};
use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::watch;
use tokio::time::timeout;

use super::engine::Engine;
use super::image::Image;
use super::{CONTAINER, LABEL, Network, archive, removal, resource};
use crate::platform::context::Context;
use crate::platform::hosted::environment::{Dwelling, End, Housing, Life, Plan};
use crate::platform::{FunctionSpec, PlatformError, Resource};

/// Lines of a container's output that an error shows.
const LINES: &str = "20";
/// Longest wait for them.
const LINES_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Makes them.
#[derive(Debug, Clone)]
pub struct Containers {
    /// The engine.
    pub engine: Engine,
    /// The run they are made for.
    pub context: Context,
    /// What they are made from.
    pub image: Arc<Image>,
    /// Their network.
    pub network: Network,
    /// Where they reach the host, or why they do not.
    pub host: Result<IpAddr, PlatformError>,
    /// Processors that each may use.
    pub cpus: Option<f64>,
    /// Begins the name of each.
    pub prefix: String,
}

impl Housing for Containers {
    fn host(&self) -> io::Result<IpAddr> {
        self.host.clone().map_err(io::Error::other)
    }

    /// The thread has a runtime of its own, so that a container is removed also when no other is left.
    fn begin(&self, plan: Plan, life: watch::Sender<Life>) -> io::Result<Box<dyn Dwelling>> {
        let number = plan.directory.file_name().unwrap_or_default();
        let name = format!("{}-{}", self.prefix, number.to_string_lossy());
        let (kill, killed) = watch::channel(());
        let output = Arc::<Mutex<Vec<String>>>::default();
        let stay = Stay {
            containers: self.clone(),
            name: name.clone(),
            plan,
            output: Arc::clone(&output),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("container".into())
            .spawn(move || runtime.block_on(stay.live(killed, &life)))?;
        Ok(Box::new(Container {
            name,
            kill,
            output,
            thread: Mutex::new(Some(thread)),
        }))
    }
}

/// One container, as the fleet holds it.
#[derive(Debug)]
struct Container {
    name: String,
    kill: watch::Sender<()>,
    output: Arc<Mutex<Vec<String>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[async_trait]
impl Dwelling for Container {
    fn kill(&self) {
        self.kill.send_replace(());
    }

    async fn last_lines(&self) -> Vec<String> {
        lock(&self.output).clone()
    }

    fn traces(&self) -> Vec<Resource> {
        vec![resource(CONTAINER, &self.name)]
    }

    fn gone_blocking(&self) {
        if let Some(thread) = lock(&self.thread).take() {
            // A panic of that thread has nothing to add here.
            let _ = thread.join();
        }
    }
}

/// One container, as its thread sees it.
struct Stay {
    containers: Containers,
    name: String,
    plan: Plan,
    output: Arc<Mutex<Vec<String>>>,
}

impl Stay {
    async fn live(self, mut killed: watch::Receiver<()>, life: &watch::Sender<Life>) {
        let Containers {
            engine, context, ..
        } = &self.containers;
        let never = |why: &dyn std::fmt::Display| End::NeverRan(why.to_string());
        let this = resource(CONTAINER, &self.name);
        let client = match context.ledger().creating(&this) {
            Ok(()) => engine.client().map_err(|error| never(&error)),
            Err(error) => Err(never(&format!("writing the ledger: {error}"))),
        };
        let client = match client {
            Ok(client) => client,
            Err(end) => {
                life.send_replace(Life::Gone(end));
                return;
            }
        };
        // Creating it is not broken off, and its removal waits for one that the engine owes: it would stay.
        let end = if let Err(error) = self.create(&client).await {
            never(&error)
        } else {
            tokio::select! {
                end = self.run(&client) => {
                    self.keep_last_lines(&client).await;
                    end.unwrap_or_else(|error| never(&error))
                }
                _ = killed.changed() => End::Exited("it was replaced".into()),
            }
        };
        life.send_replace(Life::Ended(end.clone()));
        let removed = removal::remove(engine, &client, &this).await;
        if let Err(error) = removed {
            context.note(error.to_string());
        } else if let Err(error) = context.ledger().removed(&this) {
            context.note(format!("{this:?} is removed, the ledger is not: {error}"));
        }
        life.send_replace(Life::Gone(end));
    }

    async fn create(&self, client: &Docker) -> Result<(), PlatformError> {
        let Containers { engine, image, .. } = &self.containers;
        let options = CreateContainerOptionsBuilder::default()
            .name(&self.name)
            .build();
        let create = client.create_container(Some(options), self.body());
        let created = engine.within("create", image.name(), create).await;
        engine.made(&self.name, &created);
        created.map(|_| ())
    }

    fn body(&self) -> ContainerCreateBody {
        let Containers {
            context,
            image,
            network,
            cpus,
            ..
        } = &self.containers;
        let spec: &FunctionSpec = &self.plan.deployment.spec;
        let variables = self.plan.variables.iter();
        let variables = variables.map(|(name, value)| format!("{name}={value}"));
        let task = format!("LAMBDA_TASK_ROOT={}", archive::TASK);
        ContainerCreateBody {
            image: Some(image.name().into()),
            env: Some(variables.chain([task]).collect()),
            labels: Some([(LABEL.into(), context.tag())].into()),
            working_dir: Some(archive::TASK.into()),
            host_config: Some(HostConfig {
                memory: Some(i64::from(spec.memory_mb) * 1024 * 1024),
                nano_cpus: cpus.map(|cpus| (cpus * 1e9) as i64),
                network_mode: Some(network.name().into()),
                ..HostConfig::default()
            }),
            ..image.entry(spec)
        }
    }

    /// Puts the package into it, starts it and waits for its end.
    async fn run(&self, client: &Docker) -> Result<End, PlatformError> {
        let engine = &self.containers.engine;
        let package = &self.plan.deployment.package;
        let files = match File::open(package).and_then(archive::task) {
            Ok(files) => files,
            Err(error) => {
                let why = format!("unpacking {}: {error}", package.display());
                return Ok(End::NeverRan(why));
            }
        };
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        let upload = client.upload_to_container(&self.name, Some(options), body_full(files.into()));
        engine.within("fill", &self.name, upload).await?;
        let start = client.start_container(&self.name, None);
        engine.within("start", &self.name, start).await?;
        Ok(self.wait(client).await)
    }

    async fn wait(&self, client: &Docker) -> End {
        let mut ends = Box::pin(client.wait_container(&self.name, None));
        match ends.next().await {
            Some(Ok(end)) => End::Exited(format!("exit status: {}", end.status_code)),
            Some(Err(Error::DockerContainerWaitError { code, error })) => {
                End::Exited(format!("exit status: {code}{error}"))
            }
            Some(Err(error)) => End::Exited(format!("the engine lost sight of it: {error}")),
            None => End::Exited("the engine lost sight of it".into()),
        }
    }

    async fn keep_last_lines(&self, client: &Docker) {
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .tail(LINES)
            .build();
        let lines = client.logs(&self.name, Some(options));
        let lines = lines.map_ok(|line| line.to_string().trim_end().to_owned());
        // What the engine does not tell in time is not waited for: it only explains an error.
        if let Ok(Ok(lines)) = timeout(LINES_WITHIN, lines.try_collect()).await {
            *lock(&self.output) = lines;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("nothing panics while it holds this lock")
}
