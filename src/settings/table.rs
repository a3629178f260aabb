//! THE table of settings: flags, variables, file keys, help, the commented file and the README all come from it.

use toml::Value;

use super::kind::Kind;

/// Heading under which a setting is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What is measured, and how often.
    Experiment,
    /// The sizes of the sweep.
    Sizes,
    /// The function and where it runs.
    Function,
    /// The exchange of datagrams.
    Clock,
    /// Files and screen.
    Output,
    /// A known clock error, for tests of the whole program.
    Test,
}

impl Group {
    /// All, in the order they are shown.
    pub const ALL: [Self; 6] = [
        Self::Experiment,
        Self::Sizes,
        Self::Function,
        Self::Clock,
        Self::Output,
        Self::Test,
    ];

    /// The heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Experiment => "Experiment",
            Self::Sizes => "Sizes",
            Self::Function => "Function",
            Self::Clock => "Clock exchange",
            Self::Output => "Output",
            Self::Test => "Known clock error (tests)",
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

use Group::{Clock, Experiment, Function, Output, Sizes, Test};

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
        "Seed of the shuffled order.",
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
    Setting::new("platform", Function, Kind::Choice(&["local"]), "local", "Where the function runs."),
    Setting::new("runtime", Function, Kind::Choice(&["native", "python"]), "native", "The function's form."),
    Setting::new("function_name", Function, Kind::Name, "sebs-tui", "Name under which the function is deployed."),
    Setting::new("memory", Function, from_to(64, 10_240), "128", "Memory of the function, MB."),
    Setting::new("timeout", Function, from_to(1, 900), "30", "Time-out of an invocation, seconds."),
    Setting::new(
        "listen",
        Clock,
        Kind::Endpoint,
        "auto",
        "Where this host waits for datagrams; auto: any free port, on loopback for the local platform.",
    )
    .of_session(),
    Setting::new(
        "advertise",
        Clock,
        Kind::Host,
        "auto",
        "Address at which the function reaches this host; auto: as the platform knows it.",
    )
    .of_session(),
    Setting::new(
        "dialect",
        Clock,
        Kind::Choice(&["stamp", "text"]),
        "stamp",
        "Language of the datagrams: STAMP (RFC 8762), or SeBS's text.",
    ),
    Setting::new("max_exchanges", Clock, from_to(1, 1000), "1000", "Most datagrams of one clock exchange."),
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
    Setting::new("out", Output, Kind::Directory, "results", "Directory in which each run makes a directory of its own."),
    Setting::new("theme", Output, Kind::Choice(&["auto", "colour", "mono"]), "auto", "Colours of the dashboard.")
        .of_session(),
    Setting::new(
        "glyphs",
        Output,
        Kind::Choice(&["auto", "utf8", "ascii"]),
        "auto",
        "Characters that frames and charts are drawn with.",
    )
    .of_session(),
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
