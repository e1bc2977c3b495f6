//! The stand-in for AWS, as slow as AWS.

use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::{LocalCloud, Service};
use runtime_api::Stopwatch;

/// What callers in the same region usually see, in milliseconds.
pub(crate) const LATENCIES: [(Service, u64); 3] = [(Service::Cognito, 150), (Service::Ssm, 25), (Service::AppSync, 20)];

/// Starts local-cloud inside this process, on a free port.
pub(crate) async fn start(began: Stopwatch) -> Result<LocalCloud> {
    let mut builder = LocalCloud::builder();
    for (service, millis) in LATENCIES {
        builder = builder.latency(service, Duration::from_millis(millis));
    }
    let cloud = builder.start().await.context("local-cloud does not start")?;
    let latencies = LATENCIES.map(|(service, millis)| format!("{service} {millis} ms")).join(", ");
    began.say(format!("local-cloud is at {} and answers as late as AWS: {latencies}", cloud.url()));
    Ok(cloud)
}
