//! A token is signed in for once, reused, and replaced when the API refuses it:
//! `cargo run -p auth-cache --example reuse`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

mod clients;

use std::{error::Error, time::Duration};

use auth_cache::Identity;
use local_cloud::LocalCloud;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = LocalCloud::start().await?;
    let identity = Identity::new(clients::token_source(&cloud));
    let limit = Duration::from_secs(2);

    for what in ["the first call of a process", "the second", "the third"] {
        let token = identity.token(limit).await?;
        println!("{what}: {token:?}, after {}", calls(&cloud));
    }

    let token = identity.token(limit).await?;
    identity.invalidate(&token);
    let next = identity.token(limit).await?;
    println!("after the API refused it: {next:?}, after {}", calls(&cloud));
    Ok(())
}

/// What has reached the stand-in since the last time.
fn calls(cloud: &LocalCloud) -> String {
    let calls: Vec<_> = cloud.calls().into_iter().map(|call| call.operation).collect();
    cloud.reset_calls();
    if calls.is_empty() { "no call at all".to_owned() } else { calls.join(" and ") }
}
