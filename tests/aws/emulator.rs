//! `MiniStack`, started for one test on a port of its own.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_config::BehaviorVersion;

/// What the SDK's chain finds: credentials of nobody, a region, and no other machine to ask.
pub const VARIABLES: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// Tests that use the library itself find their credentials in their own environment.
pub fn assert_surroundings() {
    for (name, value) in VARIABLES {
        assert!(
            std::env::var_os(name).is_some(),
            "run these tests with {name}={value}"
        );
    }
}

const START_DEADLINE: Duration = Duration::from_secs(60);

/// It ends with this value.
pub struct Emulator {
    process: Child,
    port: u16,
}

impl Emulator {
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let program = std::env::var("MINISTACK").unwrap_or_else(|_| "ministack".into());
        let process = Command::new(&program)
            .env("GATEWAY_PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program}: {error}; install ministack or name it in MINISTACK")
            });
        let mut emulator = Self { process, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(
                emulator.process.try_wait().unwrap(),
                None,
                "{program} ended"
            );
            assert!(
                begun.elapsed() < START_DEADLINE,
                "{program} does not listen"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        emulator
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many functions and roles it holds.
    pub fn held(&self) -> (usize, usize) {
        let config = self.config();
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let config = config.await;
                let functions = aws_sdk_lambda::Client::new(&config)
                    .list_functions()
                    .send()
                    .await
                    .unwrap();
                let roles = aws_sdk_iam::Client::new(&config)
                    .list_roles()
                    .send()
                    .await
                    .unwrap();
                (functions.functions().len(), roles.roles().len())
            })
        })
        .join()
        .unwrap()
    }

    pub fn assert_empty(&self) {
        assert_eq!(self.held(), (0, 0), "functions and roles");
    }

    /// Gives a function to another run.
    pub async fn retag(&self, function: &str, run: &str) {
        let lambda = aws_sdk_lambda::Client::new(&self.config().await);
        let found = lambda
            .get_function()
            .function_name(function)
            .send()
            .await
            .unwrap();
        let arn = found
            .configuration()
            .unwrap()
            .function_arn()
            .unwrap()
            .to_owned();
        lambda
            .tag_resource()
            .resource(arn)
            .tags("sebs-tui:run", run)
            .send()
            .await
            .unwrap();
    }

    fn config(&self) -> impl Future<Output = aws_config::SdkConfig> + Send + 'static {
        let credentials =
            aws_credential_types::Credentials::new("test", "test", None, None, "test");
        aws_config::defaults(BehaviorVersion::latest())
            .region("us-east-1")
            .credentials_provider(credentials)
            .endpoint_url(self.url())
            .load()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        _ = Command::new("kill")
            .args(["-9", "--", &format!("-{}", self.process.id())])
            .status();
        _ = self.process.wait();
    }
}
