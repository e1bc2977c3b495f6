//! No secret is logged or told, whatever goes wrong.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use local_cloud::{Fault, LocalCloud, Service};
use tracing::{Level, instrument::WithSubscriber as _};

use crate::setup::{Setup, config};

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_and_errors_hold_no_password_token_or_client_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().json().with_max_level(Level::TRACE).with_writer(move || writer.clone()).finish();

    let shown = async {
        let mut shown = Vec::new();
        for fault in [
            None,
            Some(Fault::throttle(Service::Cognito).always()),
            Some(Fault::status(Service::Cognito, 500).always()),
            Some(Fault::truncate(Service::Cognito).always()),
            Some(Fault::status(Service::Ssm, 400).always()),
            Some(Fault::truncate(Service::Ssm).always()),
            Some(Fault::unauthorized().always()),
            Some(Fault::truncate(Service::AppSync).always()),
        ] {
            let cloud = LocalCloud::start().await.unwrap();
            if let Some(fault) = fault {
                cloud.inject(fault);
            }
            shown.push(format!("{:?}", config(&cloud, &[])));
            let t = Setup::start_on(cloud, &[]).await;
            shown.push(format!("{:?} {:?}", t.appsync, t.get_order().await));
            shown.push(format!("{:?}", t.cloud.calls()));
        }
        shown
    }
    .with_subscriber(subscriber)
    .await;

    let cloud = LocalCloud::start().await.unwrap();
    let seed = cloud.seed();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("signing in"), "the log was captured");
    for text in shown.iter().chain([&log]) {
        assert!(!text.contains(&seed.password), "the password is in: {text}");
        assert!(!text.contains(&seed.client_secret), "the client secret is in: {text}");
        // Every token of the stand-in starts with this: `{"` in base64url, as the first and the second part of a JWT.
        let token = text.find("eyJ").map(|at| &text[at..(at + 40).min(text.len())]);
        assert_eq!(token, None, "a token is in the output");
    }
}
