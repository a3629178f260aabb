//! An emulator of AWS, started for one test on a port of its own.
#![allow(dead_code, reason = "each test file uses a part of it")]

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
    /// `MiniStack`, which runs functions.
    pub fn start() -> Self {
        Self::listening("MINISTACK", "ministack", |command, port| {
            command.env("GATEWAY_PORT", port)
        })
    }

    /// Moto's server, which checks more and runs none.
    pub fn moto() -> Self {
        Self::listening("MOTO_SERVER", "moto_server", |command, port| {
            command.args(["-p", port])
        })
    }

    fn listening(
        variable: &str,
        usual: &str,
        at: impl for<'a> FnOnce(&'a mut Command, &str) -> &'a mut Command,
    ) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let program = std::env::var(variable).unwrap_or_else(|_| usual.into());
        let mut command = Command::new(&program);
        let process = at(&mut command, &port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program}: {error}; install {usual} or name it in {variable}")
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
        self.asked(|config| async move {
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
    }

    /// Buckets and the number of objects in each.
    pub fn buckets(&self) -> Vec<(String, usize)> {
        self.asked(|config| async move {
            let s3 = s3(&config);
            let mut buckets = Vec::new();
            for bucket in s3.list_buckets().send().await.unwrap().buckets() {
                let name = bucket.name().unwrap();
                let held = s3.list_objects_v2().bucket(name).send().await.unwrap();
                buckets.push((name.to_owned(), held.contents().len()));
            }
            buckets
        })
    }

    /// Makes a bucket of somebody's.
    pub fn make_bucket(&self, name: &'static str) {
        self.asked(move |config| async move {
            s3(&config)
                .create_bucket()
                .bucket(name)
                .send()
                .await
                .unwrap();
        });
    }

    /// Makes a bucket of somebody's that keeps versions.
    pub fn make_versioned_bucket(&self, name: &'static str) {
        self.make_bucket(name);
        self.asked(move |config| async move {
            let kept = aws_sdk_s3::types::VersioningConfiguration::builder()
                .status(aws_sdk_s3::types::BucketVersioningStatus::Enabled)
                .build();
            let request = s3(&config).put_bucket_versioning().bucket(name);
            let request = request.versioning_configuration(kept);
            request.send().await.unwrap();
        });
    }

    /// Puts an object of somebody's into a bucket.
    pub fn put(&self, bucket: &'static str, key: &'static str) {
        self.asked(move |config| async move {
            let request = s3(&config).put_object().bucket(bucket).key(key);
            request.send().await.unwrap();
        });
    }

    /// Keys of all versions in a bucket, and of marks that there are none.
    pub fn versions(&self, bucket: &'static str) -> Vec<String> {
        self.asked(move |config| async move {
            let request = s3(&config).list_object_versions().bucket(bucket);
            let listed = request.send().await.unwrap();
            let versions = listed.versions().iter().map(|of| of.key().unwrap());
            let marks = listed.delete_markers().iter().map(|of| of.key().unwrap());
            versions.chain(marks).map(ToOwned::to_owned).collect()
        })
    }

    /// Makes a role of somebody's; gives its ARN.
    pub fn make_role(&self, name: &'static str) -> String {
        self.asked(move |config| async move {
            let request = aws_sdk_iam::Client::new(&config).create_role();
            let made = request
                .role_name(name)
                .assume_role_policy_document("{}")
                .send()
                .await
                .unwrap();
            made.role().unwrap().arn().to_owned()
        })
    }

    /// The one function it holds.
    pub fn only_function(&self) -> aws_sdk_lambda::types::FunctionConfiguration {
        self.asked(|config| async move {
            let listed = aws_sdk_lambda::Client::new(&config)
                .list_functions()
                .send()
                .await
                .unwrap();
            assert_eq!(listed.functions().len(), 1);
            listed.functions()[0].clone()
        })
    }

    pub fn assert_empty(&self) {
        assert_eq!(self.held(), (0, 0), "functions and roles");
        assert_eq!(self.buckets(), [], "buckets");
    }

    /// Asks from a thread of its own, since the test may be part of a runtime.
    fn asked<T: Send + 'static, F: Future<Output = T>>(
        &self,
        ask: impl FnOnce(aws_config::SdkConfig) -> F + Send + 'static,
    ) -> T {
        let config = self.config();
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async { ask(config.await).await })
        })
        .join()
        .unwrap()
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

    /// Gives a role to another run.
    pub async fn retag_role(&self, role: &str, run: &str) {
        let tag = aws_sdk_iam::types::Tag::builder();
        let tag = tag.key("sebs-tui:run").value(run).build().unwrap();
        let iam = aws_sdk_iam::Client::new(&self.config().await);
        let request = iam.tag_role().role_name(role).tags(tag);
        request.send().await.unwrap();
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

fn s3(config: &aws_config::SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

impl Drop for Emulator {
    fn drop(&mut self) {
        _ = Command::new("kill")
            .args(["-9", "--", &format!("-{}", self.process.id())])
            .status();
        _ = self.process.wait();
    }
}
