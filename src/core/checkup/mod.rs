//! What stands in the way of a run: readings go in, checks come out, each with what to do about it.

pub mod address;
pub mod clocks;
pub mod probe;

/// How good something is for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// The run can go on; figures or costs may suffer.
    Doubtful,
    /// No run is possible.
    Bad,
}

impl Verdict {
    /// The word for it: `ok`, `warning`, `failed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "warning",
            Self::Bad => "failed",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in a word or two: `credentials`, `wall clock`, `datagrams`.
    pub subject: String,
    /// How good it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it, where there is anything to do.
    pub advice: Option<String>,
}

impl Check {
    /// All is well.
    pub fn good(subject: &str, found: impl Into<String>) -> Self {
        Self::of(subject, Verdict::Good, found.into(), None)
    }

    /// Something may suffer.
    pub fn doubtful(subject: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(
            subject,
            Verdict::Doubtful,
            found.into(),
            Some(advice.into()),
        )
    }

    /// No run is possible.
    pub fn bad(subject: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(subject, Verdict::Bad, found.into(), Some(advice.into()))
    }

    /// Where what was found already says what to do, or nobody knows.
    pub fn of(subject: &str, verdict: Verdict, found: String, advice: Option<String>) -> Self {
        Self {
            subject: subject.into(),
            verdict,
            found,
            advice,
        }
    }
}
