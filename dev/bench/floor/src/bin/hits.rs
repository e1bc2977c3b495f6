//! Takes a cached token of this workspace's as often as its argument says, and does nothing else: `.ci/budget.py` counts
//! the instructions of it.

use std::{env, error::Error, hint::black_box, sync::LazyLock, time::Duration};

use auth_cache::{Identity, Token};

const HOUR: Duration = Duration::from_secs(3600);

static IDENTITY: LazyLock<Identity> =
    LazyLock::new(|| Identity::new(|| async { Ok(Token::opaque("a token".to_owned(), HOUR)?) }));

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let hits: u32 = env::args().nth(1).map_or(Ok(1), |hits| hits.parse())?;
    for _ in 0..=hits {
        black_box(IDENTITY.token(HOUR).await?);
    }
    Ok(())
}
