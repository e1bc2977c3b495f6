//! What an identity does, in the log and as CloudWatch metrics:
//! `cargo run -p auth-cache --features emf --example observe`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{error::Error, time::Duration};

use auth_cache::{EmfObserver, Identity, SignInError, Token, TracingObserver};
use metrics_cloudwatch_embedded::Builder;

static OBSERVERS: (EmfObserver, TracingObserver) = (EmfObserver::new(), TracingObserver);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt().json().with_writer(std::io::stdout).init();
    let collector = Builder::new().cloudwatch_namespace("Orders").with_dimension("Function", "example").init()?;

    let limit = Duration::from_secs(2);
    let failing = Identity::new(|| async { Err::<Token, _>(SignInError::misconfigured("no such client")) });
    if let Err(error) = failing.with_observer(&OBSERVERS).token(limit).await {
        println!("no token: {error}; next attempt in {:?}", error.retry_after());
    }
    let source = || async { Ok(Token::opaque("token".to_owned(), Duration::from_secs(3600))?) };
    let identity = Identity::new(source).with_observer(&OBSERVERS);
    for _ in 0..10 {
        identity.token(limit).await?;
    }

    println!("what CloudWatch makes metrics of:");
    OBSERVERS.0.flush(collector, std::io::stdout())?;
    Ok(())
}
