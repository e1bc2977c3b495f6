//! A caller with a deadline of its own, while the identity provider hangs: it gets the old token in time if that is
//! still valid, and an error if there is none: `cargo run -p auth-cache --example deadline`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

mod clients;

use std::{error::Error, time::Duration};

use auth_cache::{Clock, Identity, ManualClock};
use local_cloud::{LocalCloud, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = LocalCloud::start().await?;
    let clock = ManualClock::at(Clock::wall().now());
    let identity = Identity::new(clients::token_source(&cloud)).with_clock(clock.clone());
    let limit = Duration::from_millis(1500);

    let token = identity.token(limit).await?;
    println!("signed in: {token:?}");

    cloud.set_latency(Service::Cognito, Duration::from_secs(60));
    clock.advance(Duration::from_secs(50 * 60));
    let same = identity.token(limit).await?;
    println!("50 minutes later, Cognito hangs: the old token is served, {same:?}");

    clock.advance(Duration::from_secs(11 * 60));
    match identity.token(limit).await {
        Ok(token) => println!("a new token: {token:?}"),
        Err(error) => println!("11 minutes later it is over: {error}"),
    }
    Ok(())
}
