//! THE table of settings: flags, variables, file keys, help, the commented file and docs/settings.md all come from it.

use toml::Value;

use super::kind::Kind;
use crate::core::simulation;

/// Heading under which a setting is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What is measured, and how often.
    Experiment,
    /// The sizes of the sweep.
    Sizes,
    /// The function and where it runs.
    Function,
    /// AWS Lambda.
    Aws,
    /// Docker.
    Docker,
    /// A function that somebody else deployed.
    Endpoint,
    /// What a run may cost.
    Spending,
    /// The exchange of datagrams.
    Clock,
    /// Files and screen.
    Output,
    /// A known truth, for tests of the whole program.
    Test,
}

impl Group {
    /// All, in the order they are shown.
    pub const ALL: [Self; 10] = [
        Self::Experiment,
        Self::Sizes,
        Self::Function,
        Self::Clock,
        Self::Spending,
        Self::Aws,
        Self::Docker,
        Self::Endpoint,
        Self::Output,
        Self::Test,
    ];

    /// The heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Experiment => "Experiment",
            Self::Sizes => "Sizes",
            Self::Function => "Function",
            Self::Aws => "AWS Lambda",
            Self::Docker => "Docker",
            Self::Endpoint => "Any HTTP endpoint",
            Self::Spending => "Money and time",
            Self::Clock => "Clock exchange",
            Self::Output => "Output",
            Self::Test => "Known truth (tests)",
        }
    }
}

/// Whether a setting belongs to the run or to one session with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Stored with the run; a resumed run keeps it.
    Run,
    /// May differ when the run is resumed.
    Session,
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Key in a file; with dashes the flag, in capitals after `SEBS_TUI_` the variable.
    pub key: &'static str,
    /// Other spellings of the key, as SeBS has them.
    pub aliases: &'static [&'static str],
    /// Heading it is shown under.
    pub group: Group,
    /// What it accepts.
    pub kind: Kind,
    /// Default as text; none for a setting that may be left open.
    pub default: Option<&'static str>,
    /// What stands for an open value, in words.
    pub open: &'static str,
    /// Whether a resumed run may change it.
    pub scope: Scope,
    /// What it means, in a sentence or two.
    pub help: &'static str,
}

impl Setting {
    const fn new(
        key: &'static str,
        group: Group,
        kind: Kind,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            key,
            aliases: &[],
            group,
            kind,
            default: Some(default),
            open: "",
            scope: Scope::Run,
            help,
        }
    }

    const fn open(
        key: &'static str,
        group: Group,
        kind: Kind,
        open: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            key,
            aliases: &[],
            group,
            kind,
            default: None,
            open,
            scope: Scope::Run,
            help,
        }
    }

    const fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn of_session(mut self) -> Self {
        self.scope = Scope::Session;
        self
    }

    /// Its flag: `--payload-begin`.
    pub fn flag(&self) -> String {
        format!("--{}", self.long())
    }

    /// The flag without its dashes: `payload-begin`.
    pub fn long(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Its variable: `SEBS_TUI_PAYLOAD_BEGIN`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_uppercase())
    }

    /// The default as a value.
    pub fn default_value(&self) -> Option<Value> {
        self.default.map(|text| {
            self.kind
                .parse(text)
                .expect("the table's defaults are allowed values")
        })
    }
}

/// What the variables' names begin with.
pub const PREFIX: &str = "SEBS_TUI_";

/// The setting with this key or alias.
pub fn find(key: &str) -> Option<&'static Setting> {
    TABLE
        .iter()
        .find(|setting| setting.key == key || setting.aliases.contains(&key))
}

/// The setting with this key, which is written in the program.
pub(super) fn known(key: &str) -> &'static Setting {
    find(key).expect("keys named in the program are in the table")
}

const fn from_to(least: i64, most: i64) -> Kind {
    Kind::Integer { least, most }
}

/// Largest size that can be asked for: 1 TiB; platforms set far lower limits.
const BYTES: Kind = from_to(1, 1 << 40);
const POINTS: Kind = from_to(1, 1000);

use Group::{Aws, Clock, Docker, Endpoint, Experiment, Function, Output, Sizes, Spending, Test};

/// Every setting, in the order it is shown.
pub static TABLE: &[Setting] = &[
    Setting::new(
        "type",
        Experiment,
        Kind::Choice(&["payload", "code"]),
        "payload",
        "What grows from point to point: the payload of the request, or the deployed code package.",
    ),
    Setting::new("repetitions", Experiment, from_to(1, 10_000), "5", "Samples per size and start kind (warm, cold)."),
    Setting::open(
        "until_ci",
        Experiment,
        Kind::Percent,
        "off",
        "Repeat a size and start kind beyond --repetitions until half the 95 % interval of its median is at most this \
         share of it (5%).",
    ),
    Setting::new(
        "max_repetitions",
        Experiment,
        from_to(1, 10_000),
        "200",
        "Most samples per size and start kind that --until-ci may take.",
    ),
    Setting::new(
        "n",
        Experiment,
        from_to(1, 1000),
        "20",
        "Consecutive datagrams without a new smallest round trip that end a clock exchange (SeBS: N).",
    )
    .also(&["N"]),
    Setting::new(
        "attempts",
        Experiment,
        from_to(1, 100),
        "5",
        "Invocations allowed per sample, when one fails or starts in the wrong kind; then the sample is failed.",
    ),
    Setting::new(
        "order",
        Experiment,
        Kind::Choice(&["sebs", "shuffled"]),
        "sebs",
        "sebs: all warm, then all cold, sizes ascending. shuffled: each repetition takes every size and start kind \
         once, in random order, so that size is not confounded with the time of day; a code sweep then deploys anew \
         for almost every sample.",
    ),
    Setting::open(
        "seed",
        Experiment,
        from_to(0, i64::MAX),
        "drawn at the start and stored",
        "Seed of the shuffled order, and of everything on the simulated platform.",
    ),
    Setting::new("payload_begin", Sizes, BYTES, "1024", "Smallest payload, bytes on the wire."),
    Setting::new("payload_end", Sizes, BYTES, "6251000", "Largest payload, bytes on the wire."),
    Setting::new("payload_points", Sizes, POINTS, "20", "Evenly spaced payload sizes, both ends included."),
    Setting::new("code_begin", Sizes, BYTES, "1048576", "Smallest code package, bytes of the zip.")
        .also(&["code_package_begin"]),
    Setting::new("code_end", Sizes, BYTES, "261619712", "Largest code package, bytes of the zip.")
        .also(&["code_package_end"]),
    Setting::new("code_points", Sizes, POINTS, "20", "Evenly spaced package sizes, both ends included.")
        .also(&["code_package_points"]),
    Setting::new(
        "platform",
        Function,
        Kind::Choice(&["local", "docker", "aws", "endpoint", simulation::NAME]),
        "local",
        "Where the function runs. local: this machine; docker: containers; aws: AWS Lambda; endpoint: a function that \
         somebody else deployed (--url); simulated: nowhere, every figure is made up from the seed, in virtual time.",
    ),
    Setting::new("runtime", Function, Kind::Choice(&["native", "python"]), "native", "The function's form."),
    Setting::new("function_name", Function, Kind::Name, "sebs-tui", "Name under which the function is deployed."),
    Setting::new("memory", Function, from_to(64, 10_240), "128", "Memory of the function, MB."),
    Setting::new("timeout", Function, from_to(1, 900), "30", "Time-out of an invocation, seconds."),
    Setting::new(
        "architecture",
        Function,
        Kind::Choice(&["x86_64", "arm64"]),
        "x86_64",
        "Processor that AWS runs the function on; other platforms have their machine's own. The native function needs to be \
         built in for it: see docs/platforms.md.",
    ),
    Setting::new(
        "cold_method",
        Function,
        Kind::Cold,
        "auto",
        "How a cold start is forced; auto: the platform's surest way. aws: config (a changed variable), publish (a new \
         version of the code), idle:15m, none. endpoint: none, command:…, webhook:http…, idle:15m. With none, cold \
         samples are skipped. local and docker always start a new environment and do not use this.",
    ),
    Setting::new(
        "sync",
        Clock,
        Kind::Choice(&["auto", "udp", "http"]),
        "auto",
        "What carries the clock exchange: udp, datagrams of the function to this host; http, further invocations after each \
         sample, where the function cannot reach this host: wider bounds, and every invocation costs; auto: udp, or http \
         where functions of ours have no address of this host, as on aws behind a NAT.",
    ),
    Setting::new(
        "listen",
        Clock,
        Kind::Endpoint,
        "auto",
        "Where this host waits for datagrams; auto: any free port, on loopback for the local platform, on the address \
         that containers reach for docker.",
    )
    .of_session(),
    Setting::new(
        "advertise",
        Clock,
        Kind::Host,
        "auto",
        "Address at which the function reaches this host; auto: as the platform knows it; stun:HOST: as this STUN server \
         sees the socket of --listen (RFC 8489), two servers to have them compared.",
    )
    .of_session(),
    Setting::new(
        "dialect",
        Clock,
        Kind::Choice(&["stamp", "text"]),
        "stamp",
        "Language of the datagrams: STAMP (RFC 8762), or SeBS's text.",
    ),
    Setting::new("max_exchanges", Clock, from_to(1, 1000), "1000", "Most datagrams of one clock exchange; over HTTP most invocations after a sample, never above 100."),
    Setting::new(
        "in_flight",
        Clock,
        from_to(1, 64),
        "1",
        "Datagrams under way at once; 8 shorten an exchange over a long path.",
    ),
    Setting::new(
        "pace_ms",
        Clock,
        from_to(0, 1000),
        "1",
        "Least time between datagrams when several are under way, milliseconds.",
    ),
    Setting::open(
        "budget",
        Spending,
        Kind::Positive,
        "no limit",
        "Estimated price, in US dollars, at which the run stops; it can be resumed.",
    )
    .of_session(),
    Setting::open("max_minutes", Spending, Kind::Positive, "no limit", "Minutes after which the run stops; it can be resumed.")
        .of_session(),
    Setting::open(
        "max_bytes",
        Spending,
        from_to(1, i64::MAX),
        "no limit",
        "Bytes of payloads and packages sent at which the run stops; it can be resumed.",
    )
    .of_session(),
    Setting::new(
        "give_up_after",
        Spending,
        from_to(0, 10_000),
        "10",
        "Samples that may fail or stay without a clock estimate before the first one is measured; then the run stops, and \
         can be resumed. 0: never.",
    )
    .of_session(),
    Setting::open("region", Aws, Kind::Text("REGION"), "the SDK's own chain", "Region of the function."),
    Setting::open("profile", Aws, Kind::Text("NAME"), "the SDK's own chain", "Profile whose credentials are used."),
    Setting::open(
        "endpoint_url",
        Aws,
        Kind::Text("URL"),
        "AWS_ENDPOINT_URL, or AWS itself",
        "Where an emulator of AWS listens.",
    ),
    Setting::open(
        "role",
        Aws,
        Kind::Text("ARN"),
        "made for the run and removed",
        "Role that the function takes.",
    ),
    Setting::open(
        "bucket",
        Aws,
        Kind::Text("NAME"),
        "made when it is needed and removed",
        "Bucket of the region through which packages above 50 MB go.",
    ),
    Setting::new(
        "trigger",
        Aws,
        Kind::Choice(&["url", "invoke"]),
        "url",
        "url: the function's own public URL; invoke: the signed Invoke API, which also tells the billed time.",
    ),
    Setting::open(
        "docker_host",
        Docker,
        Kind::Text("URL"),
        "DOCKER_HOST, or the local socket that answers",
        "Where the engine listens, such as unix:///var/run/docker.sock or tcp://10.0.0.7:2375; DOCKER_TLS_VERIFY and \
         DOCKER_CERT_PATH ask for TLS as Docker's own client does.",
    ),
    Setting::open(
        "image",
        Docker,
        Kind::Text("NAME"),
        "an empty one, made for the run",
        "Image that speaks the Lambda Runtime API, such as public.ecr.aws/lambda/python:3.13.",
    ),
    Setting::new(
        "network",
        Docker,
        Kind::Text("NAME"),
        "bridge",
        "Network of the containers: bridge, host, or another of the engine's by its name.",
    ),
    Setting::open("cpus", Docker, Kind::Positive, "no limit", "Processors that a container may use."),
    Setting::open("url", Endpoint, Kind::Text("URL"), "none", "URL of the function."),
    Setting::new("method", Endpoint, Kind::Text("METHOD"), "POST", "HTTP method it is called with."),
    Setting::open(
        "headers",
        Endpoint,
        Kind::Text("NAME=VARIABLE,…"),
        "none",
        "Request headers and the environment variables that hold their values, such as Authorization=FUNCTION_TOKEN: \
         secrets are never on the command line or in a file.",
    ),
    Setting::open(
        "request",
        Endpoint,
        Kind::Text("JSON"),
        "none",
        "Further members of the request, as a JSON object; SeBS's own function needs {\"bucket\":{\"bucket\":\"NAME\",\
         \"output\":\"PREFIX\"}}, and newer ones \"repetitions\" as N.",
    ),
    Setting::new(
        "reply",
        Endpoint,
        Kind::Text("WHERE"),
        "auto",
        "Where the answer holds what is needed. auto: as our function or SeBS's wrappers answer. Else a list of \
         is_cold, request_id, timestamp and exchanges with a JSON pointer or a header each, such as \
         is_cold=/cold,request_id=header:x-request-id,timestamp=/begin; --sync http needs instance_id and leave (the time \
         at which the function is done) too.",
    ),
    Setting::open(
        "invocations_per_minute",
        Endpoint,
        from_to(1, 1_000_000),
        "no limit",
        "Most invocations in a minute that the function's platform takes, such as 120 on Apache OpenWhisk; one that \
         comes too early waits.",
    ),
    Setting::new("out", Output, Kind::Directory, "results", "Directory in which each run makes a directory of its own."),
    Setting::open(
        "state",
        Output,
        Kind::Directory,
        "sebs-tui in XDG_STATE_HOME, or in ~/.local/state",
        "Directory of the ledgers, where runs write down what they make on a platform before they make it.",
    )
    .of_session(),
    Setting::new("theme", Output, Kind::Choice(&["auto", "colour", "mono"]), "auto", "Colours of the dashboard; auto: colours unless NO_COLOR is set.")
        .of_session(),
    Setting::new(
        "glyphs",
        Output,
        Kind::Choice(&["auto", "utf8", "ascii"]),
        "auto",
        "Characters that frames and charts are drawn with; auto: ascii when the locale (LC_ALL, LC_CTYPE, LANG) is not UTF-8.",
    )
    .of_session(),
    Setting::new(
        "simulated",
        Test,
        Kind::World,
        "idle",
        "The world of the simulated platform. Laws of time, such as 20us+exp:200us, 10ms+pareto:50us:1.5, \
         uniform:1ms: out and back (a datagram's way to the host and back), wake (a program's wake-up), warm and cold \
         (a start). Shares from 0 to 1: loss, copies, late (overtaken), fickle (starts in the other kind), lies (says \
         the other kind). stamps: kernel or user.",
    ),
    Setting::open(
        "clock_offset_s",
        Test,
        Kind::Number { most: 86_400.0 },
        "none",
        "Seconds added to the function's clock: a known truth that the estimate must find.",
    ),
    Setting::open(
        "clock_rate_ppm",
        Test,
        Kind::Number { most: 10_000.0 },
        "none",
        "Rate error added to the function's clock, parts per million.",
    ),
];
