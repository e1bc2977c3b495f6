//! What a cache does, in the log and as CloudWatch metrics:
//! `cargo run -p auth-cache --features emf --example observe`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{error::Error, sync::Arc, time::Duration};

use auth_cache::{EmfObserver, SignInError, Token, TokenCache, TracingObserver};
use metrics_cloudwatch_embedded::Builder;

static OBSERVERS: (EmfObserver, TracingObserver) = (EmfObserver::new(), TracingObserver);
static TOKENS: TokenCache = TokenCache::observed_by(&OBSERVERS);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt().json().with_writer(std::io::stdout).init();
    let collector = Builder::new().cloudwatch_namespace("Orders").with_dimension("Function", "example").init()?;

    let failing = Arc::new(|| async { Err::<Token, _>(SignInError::unavailable("connection refused")) });
    if let Err(error) = TOKENS.get(&failing).await {
        println!("no token: {error}; next attempt in {:?}", error.retry_after());
    }
    TOKENS.forget();
    let source = Arc::new(|| async { Ok(Token::opaque("token".to_owned(), Duration::from_secs(3600))?) });
    for _ in 0..10 {
        TOKENS.get(&source).await?;
    }

    println!("what CloudWatch makes metrics of:");
    OBSERVERS.0.flush(collector, std::io::stdout())?;
    Ok(())
}
