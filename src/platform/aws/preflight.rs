//! What is looked at before a run, reading only.

use super::account::Account;
use super::errors::explain;
use super::function::Function;
use super::{Options, role};
use crate::platform::{ErrorKind, Finding, PlatformError, Verdict};

/// Fewer concurrent executions than this are worth a word: new accounts may have as few as ten.
const CONCURRENCY_FEW: i32 = 50;

/// Looks at credentials, region, account and name, in this order; what rests on something missing is left out.
pub(super) async fn look(options: &Options, function: &Function<'_>) -> Vec<Finding> {
    let account = function.account;
    let mut findings = vec![region(account), credentials(account).await];
    findings.extend(emulator(account));
    let possible = |findings: &[Finding]| {
        findings
            .iter()
            .all(|finding| finding.verdict != Verdict::Bad)
    };
    if possible(&findings) {
        findings.push(limits(account).await);
    }
    if possible(&findings)
        && let Some(given) = &options.role
    {
        findings.push(role(account, given).await);
    }
    if possible(&findings) {
        findings.extend(taken(function).await);
    }
    findings
}

fn finding(subject: &'static str, verdict: Verdict, text: String) -> Finding {
    Finding {
        subject,
        verdict,
        text,
    }
}

fn region(account: &Account) -> Finding {
    match account.region() {
        Ok(region) => finding("region", Verdict::Good, format!("region {region}")),
        Err(error) => finding("region", Verdict::Bad, error.to_string()),
    }
}

async fn credentials(account: &Account) -> Finding {
    match account.credentials().await {
        Ok(_) => finding(
            "credentials",
            Verdict::Good,
            "credentials were found by the SDK's chain".into(),
        ),
        Err(error) => finding("credentials", Verdict::Bad, error.to_string()),
    }
}

fn emulator(account: &Account) -> Option<Finding> {
    let emulator = account.emulator.as_ref()?;
    let text = format!(
        "{} answers for AWS: times and limits are not those of AWS",
        emulator.url
    );
    Some(finding("endpoint", Verdict::Doubtful, text))
}

async fn limits(account: &Account) -> Finding {
    let settings = account.lambda.get_account_settings().send().await;
    let settings = match settings.map_err(|why| explain("get settings of", "account", &why)) {
        Ok(settings) => settings,
        // An emulator may not have this call.
        Err(error) if error.kind == ErrorKind::NotFound => {
            return finding("account", Verdict::Doubtful, error.to_string());
        }
        Err(error) => return finding("account", unanswered(&error), error.to_string()),
    };
    let (Some(limit), Some(usage)) = (settings.account_limit(), settings.account_usage()) else {
        return finding(
            "account",
            Verdict::Doubtful,
            "the account's limits are not told".into(),
        );
    };
    let few = limit.concurrent_executions() < CONCURRENCY_FEW;
    let verdict = if few {
        Verdict::Doubtful
    } else {
        Verdict::Good
    };
    let text = format!(
        "the account may run {} invocations at once; {:.1} of {:.1} GB of its code storage are used",
        limit.concurrent_executions(),
        usage.total_code_size() as f64 / 1e9,
        limit.total_code_size() as f64 / 1e9,
    );
    finding("account", verdict, text)
}

/// A run may do without what these credentials may not read.
fn unanswered(error: &PlatformError) -> Verdict {
    match error.kind {
        ErrorKind::Permission | ErrorKind::Throttled => Verdict::Doubtful,
        _ => Verdict::Bad,
    }
}

/// The role that the user gives.
async fn role(account: &Account, arn: &str) -> Finding {
    match role::given(account, arn).await {
        Ok(()) => finding(
            "role",
            Verdict::Good,
            format!("the function takes the role {arn}"),
        ),
        Err(error) => finding("role", unanswered(&error), error.to_string()),
    }
}

async fn taken(function: &Function<'_>) -> Option<Finding> {
    match function.tag().await {
        Ok(None) => None,
        Ok(Some(tag)) if function.context.owns(&tag) => {
            let text = format!(
                "the function {} of this run is there and will be used again",
                function.name
            );
            Some(finding("function", Verdict::Good, text))
        }
        Ok(Some(tag)) => Some(finding(
            "function",
            Verdict::Bad,
            function.foreign(&tag).to_string(),
        )),
        Err(error) => Some(finding("function", unanswered(&error), error.to_string())),
    }
}
