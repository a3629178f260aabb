use std::net::IpAddr;

use super::*;

fn settings() -> Settings {
    Settings {
        url: Some("http://127.0.0.1:9/".into()),
        method: "POST".into(),
        headers: Some("Authorization=TOKEN".into()),
        reply: "auto".into(),
        cold: ColdMethod::Auto,
        dialect: Dialect::Stamp,
        sync: Carrier::Udp,
        per_minute: None,
    }
}

async fn made(settings: Settings) -> Result<EndpointPlatform, PlatformError> {
    let send: Sender = Box::new(|_| Box::pin(async { Err("nobody is called".into()) }));
    EndpointPlatform::new(settings, |_| Some("s3cret".into()), send).await
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_before_anything_is_sent() {
    let refused = [
        (
            Settings {
                url: None,
                ..settings()
            },
            "--url",
        ),
        (
            Settings {
                url: Some("http://nowhere.invalid/".into()),
                ..settings()
            },
            "nowhere.invalid cannot be looked up",
        ),
        (
            Settings {
                url: Some("ftp://x/".into()),
                ..settings()
            },
            "http://",
        ),
        (
            Settings {
                url: Some("http://me:pw@x/".into()),
                ..settings()
            },
            "--headers",
        ),
        (
            Settings {
                reply: "is_cold=/c,request_id=/r,timestamp=/t,instance_id=/i".into(),
                sync: Carrier::Http,
                ..settings()
            },
            "where leave is, and a function of another shape cannot do --sync http",
        ),
        (
            Settings {
                cold: ColdMethod::Publish,
                ..settings()
            },
            "webhook",
        ),
        (
            Settings {
                reply: "is_cold=/c".into(),
                ..settings()
            },
            "request_id",
        ),
    ];
    for (settings, advice) in refused {
        let error = made(settings).await.unwrap_err().to_string();
        assert!(error.contains(advice), "{error}");
    }
}

#[tokio::test]
async fn a_password_in_a_url_is_refused_without_being_shown() {
    let cold = ColdMethod::Webhook("https://me:pw@x/".into());
    for (settings, flag) in [
        (Settings { cold, ..settings() }, "webhook"),
        (
            Settings {
                url: Some("https://me:pw@x/".into()),
                ..settings()
            },
            "--url",
        ),
    ] {
        let error = made(settings).await.unwrap_err().to_string();
        assert!(error.contains(flag) && !error.contains("pw"), "{error}");
    }
}

#[tokio::test]
async fn a_secret_is_sent_but_never_shown() {
    let platform = made(settings()).await.unwrap();
    let endpoint = platform.endpoint(&Bytes::new()).await.unwrap();
    assert_eq!(endpoint.headers[0].1, "s3cret");
    let echoed = HttpReply {
        status: 401,
        headers: Vec::new(),
        body: "not welcome: s3cret".into(),
    };
    let error = platform.decode(&echoed).unwrap_err();
    for shown in [
        format!("{platform:?} {endpoint:?}"),
        format!("{error} {error:?}"),
    ] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    assert!(error.what.contains("not welcome"), "{error}");
}

#[tokio::test]
async fn without_a_way_to_force_it_a_cold_start_is_refused_with_the_ways_there_are() {
    let platform = made(settings()).await.unwrap();
    assert_eq!(platform.abilities().cold, Guarantee::Impossible);
    let error = platform.force_cold().await.unwrap_err().to_string();
    assert!(error.contains("--cold-method command"), "{error}");
}

#[tokio::test]
async fn a_failing_command_is_told_with_its_status_and_its_output() {
    let cold = ColdMethod::Command("echo no such service; exit 3".into());
    let platform = made(Settings { cold, ..settings() }).await.unwrap();
    let error = platform.force_cold().await.unwrap_err().to_string();
    assert!(
        error.contains("exit status: 3") && error.contains("no such service"),
        "{error}"
    );
}

#[tokio::test]
async fn the_function_on_this_machine_finds_the_host_on_loopback() {
    let platform = made(settings()).await.unwrap();
    assert_eq!(
        platform.reach(),
        Reach::Address(IpAddr::from([127, 0, 0, 1]))
    );
}
