//! An identity without AWS: any asynchronous closure is a source, and a clock that is set by hand shows the windows:
//! `cargo run -p auth-cache --no-default-features --example closure_source`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{
    error::Error,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use auth_cache::{Identity, ManualClock, Token};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH);
    let sign_ins = AtomicU32::new(0);
    let identity = Identity::new(move || {
        let number = sign_ins.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Ok(Token::opaque(format!("token-{number}"), Duration::from_secs(3600))?) }
    })
    .with_clock(clock.clone());

    for minutes in [0, 10, 30, 50, 59, 120, 121] {
        clock.set(SystemTime::UNIX_EPOCH + Duration::from_secs(60 * minutes));
        let token = identity.token(Duration::from_secs(2)).await?;
        println!("after {minutes:3} minutes: {}", token.header().to_str()?);
    }
    Ok(())
}
