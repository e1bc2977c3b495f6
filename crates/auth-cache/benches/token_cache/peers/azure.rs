//! The cache of azure_identity 1.0.0 (`src/cache.rs`, which is private), in its shape: a map from scopes to tokens
//! under async-lock's `RwLock`; a get builds the key, checks the expiry by the wall clock and copies the token.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration, time::SystemTime};

use async_lock::RwLock;
use auth_cache::{BoxError, TokenSource as _};

use super::{Peer, Source, exp_of, system_time};

const SCOPES: &[&str] = &["https://management.azure.com/.default"];
const REFRESH_AHEAD: Duration = Duration::from_secs(300);

/// `azure_core::credentials::AccessToken`.
#[derive(Clone)]
pub(crate) struct AccessToken {
    token: Cow<'static, str>,
    expires_on: SystemTime,
}

pub(crate) struct AzureIdentity {
    tokens: RwLock<HashMap<Vec<String>, AccessToken>>,
    source: Arc<Source>,
}

impl Peer for AzureIdentity {
    const NAME: &'static str = "azure_identity 1.0's shape";
    type Token = AccessToken;

    fn new(source: Arc<Source>) -> Self {
        Self { tokens: RwLock::default(), source }
    }

    async fn get(&self) -> Result<AccessToken, BoxError> {
        let tokens = self.tokens.read().await;
        let scopes: Vec<String> = SCOPES.iter().map(ToString::to_string).collect();
        if let Some(token) = tokens.get(&scopes).filter(|token| is_fresh(token)) {
            return Ok(token.clone());
        }
        drop(tokens);
        let mut tokens = self.tokens.write().await;
        if let Some(token) = tokens.get(&scopes).filter(|token| is_fresh(token)) {
            return Ok(token.clone());
        }
        let token = self.source.sign_in().await?;
        let token = AccessToken { token: Cow::Owned(token.header().to_str()?.to_owned()), expires_on: exp_of(&token) };
        tokens.insert(scopes, token.clone());
        Ok(token)
    }

    fn jwt(token: &AccessToken) -> &[u8] {
        token.token.as_bytes()
    }
}

fn is_fresh(token: &AccessToken) -> bool {
    token.expires_on > system_time() + REFRESH_AHEAD
}
