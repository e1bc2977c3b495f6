//! The cache without AWS: any asynchronous closure is a source, and a clock that is set by hand shows the windows:
//! `cargo run -p auth-cache --no-default-features --example closure_source`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use auth_cache::{ManualClock, Token, TokenCache};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH);
    let cache = TokenCache::new().with_clock(clock.clone());
    let sign_ins = AtomicU32::new(0);
    let source = Arc::new(move || {
        let number = sign_ins.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Ok(Token::opaque(format!("token-{number}"), Duration::from_secs(3600))?) }
    });

    for minutes in [0, 10, 30, 50, 59, 120, 121] {
        clock.set(SystemTime::UNIX_EPOCH + Duration::from_secs(60 * minutes));
        let token = cache.get(&source).await?;
        println!("after {minutes:3} minutes: {}", token.authorization().to_str()?);
    }
    Ok(())
}
