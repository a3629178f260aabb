//! The embedded platform with the native function, as an experiment uses it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use sebs_tui::core::contract::Reply;
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::platform::local::LocalPlatform;
use sebs_tui::platform::{ErrorKind, FunctionSpec, Package, Platform};

mod functions;

use functions::{Called, post, shell, spec};

async fn deployed(package: &Package) -> LocalPlatform {
    deployed_with(&spec(), package).await
}

async fn deployed_with(spec: &FunctionSpec, package: &Package) -> LocalPlatform {
    let platform = LocalPlatform::start().await.unwrap();
    platform.ensure_function(spec, package).await.unwrap();
    platform
}

fn native(size_above_smallest: u64) -> Package {
    let template = Template::new(Runtime::Native).unwrap();
    template
        .package(template.smallest() + size_above_smallest, 1)
        .unwrap()
}

async fn called(platform: &LocalPlatform) -> Called {
    post(platform, functions::INVOCATION).await
}

async fn reply(platform: &LocalPlatform) -> Reply {
    platform.decode(&called(platform).await.reply).unwrap()
}

#[tokio::test]
async fn the_first_call_is_cold_the_second_warm_and_the_platform_agrees() {
    let platform = deployed(&native(0)).await;
    let (first, second) = (reply(&platform).await, reply(&platform).await);
    assert!(first.is_cold && !second.is_cold);
    assert_eq!((first.invocation, second.invocation), (1, 2));
    assert_eq!(first.instance_id, second.instance_id);
    assert!(
        first.process_start < first.handler_entry && first.handler_entry < second.handler_entry
    );
    for reply in [first, second] {
        assert_eq!(
            platform.recorded_cold(&reply.request_id).await,
            Some(reply.is_cold)
        );
    }
    assert_eq!(platform.recorded_cold("another").await, None);
}
