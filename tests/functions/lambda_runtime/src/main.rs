//! Answers each event with itself, the request id, and the number of the invocation in this process.

use std::sync::atomic::{AtomicU32, Ordering};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

static INVOCATIONS: AtomicU32 = AtomicU32::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(echo)).await
}

async fn echo(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if event.payload["fail"] == true {
        return Err("it was asked to fail".into());
    }
    let invocation = INVOCATIONS.fetch_add(1, Ordering::Relaxed) + 1;
    Ok(json!({ "event": event.payload, "request_id": event.context.request_id, "invocation": invocation }))
}
