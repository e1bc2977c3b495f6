//! What all operations work on, and what they need to know from outside.

use std::collections::{BTreeMap, HashMap};

use super::pool::{Client, Pool, no_client};
use crate::aws_json::AwsError;
use crate::ids;
use crate::jwt::Keys;

/// All pools of one stand-in.
pub(crate) struct Cognito {
    pub(super) region: String,
    pub(super) keys: Keys,
    pub(super) pools: BTreeMap<String, Pool>,
    pub(super) refresh_tokens: HashMap<String, RefreshToken>,
    pub(super) sessions: HashMap<String, Session>,
}

/// What an operation needs to know from outside.
pub(crate) struct Context {
    /// Seconds since 1970 by the stand-in's clock.
    pub(crate) now: i64,
    /// The same in milliseconds.
    pub(crate) now_millis: i64,
    /// Override what the app client says; seconds.
    pub(crate) token_lifetime: Option<i64>,
    pub(crate) refresh_token_lifetime: Option<i64>,
    /// How often each user may sign in with its password.
    pub(crate) sign_ins_per_second: Option<u32>,
}

/// What the tokens of one sign-in share, however often they are refreshed.
#[derive(Clone)]
pub(super) struct SignIn {
    pub(super) origin_jti: String,
    pub(super) event_id: String,
    pub(super) auth_time: i64,
}

#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) pool: String,
    pub(super) client: String,
    pub(super) username: String,
    pub(super) sign_in: SignIn,
    pub(super) expires: i64,
    pub(super) revoked: bool,
    /// When rotation makes it useless: its successor was issued a grace period earlier.
    pub(super) superseded_from: Option<i64>,
}

/// A sign-in that waits for the answer to its challenge.
pub(super) struct Session {
    pub(super) pool: String,
    pub(super) client: String,
    pub(super) username: String,
    pub(super) expires: i64,
}

impl Cognito {
    pub(crate) fn new(region: &str, keys: Keys) -> Self {
        Self {
            region: region.to_owned(),
            keys,
            pools: BTreeMap::new(),
            refresh_tokens: HashMap::new(),
            sessions: HashMap::new(),
        }
    }

    pub(super) fn pool(&mut self, id: &str) -> Result<&mut Pool, AwsError> {
        self.pools
            .get_mut(id)
            .ok_or_else(|| AwsError::new("ResourceNotFoundException", format!("User pool {id} does not exist.")))
    }

    /// The client with this id, in whichever pool.
    pub(super) fn client(&self, id: &str) -> Result<(&Pool, &Client), AwsError> {
        let found = self.pools.values().find_map(|pool| Some((pool, pool.clients.get(id)?)));
        found.ok_or_else(|| no_client(id))
    }
}

impl SignIn {
    pub(super) fn at(now: i64) -> Self {
        Self { origin_jti: ids::uuid(), event_id: ids::uuid(), auth_time: now }
    }
}
