//! Takes a cached token of this workspace's as often as its argument says, and does nothing else: `.ci/budget.py` counts
//! the instructions of it.

use std::{env, error::Error, hint::black_box, sync::Arc, time::Duration};

use auth_cache::{Token, TokenCache};

static TOKENS: TokenCache = TokenCache::new();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let hits: u32 = env::args().nth(1).map_or(Ok(1), |hits| hits.parse())?;
    let source = Arc::new(|| async { Ok(Token::opaque("a token".to_owned(), Duration::from_secs(3600))?) });
    for _ in 0..=hits {
        black_box(TOKENS.get(&source).await?);
    }
    Ok(())
}
