//! Where the services come together, and what they share.

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::appsync::{Answers, AppSync};
use crate::calls::CallLog;
use crate::clock::Clock;
use crate::cognito::{self, Cognito};
use crate::faults::Faults;
use crate::iam::Iam;
use crate::jwt::Keys;
use crate::lock::lock;
use crate::secrets_manager::SecretsManager;
use crate::seed::Seed;
use crate::settings::Settings;
use crate::ssm::{Kind, Ssm};
use crate::traces::Traces;

/// Everything that the connections share. No service knows it: each gets what it needs as an argument.
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) faults: Faults,
    pub(crate) iam: Mutex<Iam>,
    pub(crate) calls: Arc<CallLog>,
    pub(crate) appsync: AppSync,
    pub(crate) seed: Seed,
    pub(crate) cognito: Mutex<Cognito>,
    pub(crate) ssm: Mutex<Ssm>,
    pub(crate) secrets_manager: Mutex<SecretsManager>,
    pub(crate) traces: Traces,
}

impl State {
    /// # Errors
    /// What is wrong with the SDL, with its lines.
    pub(crate) fn new(sdl: &str, answers: Answers, settings: Settings) -> Result<Self, String> {
        let keys = Keys::development();
        let seed = Seed::default();
        Ok(Self {
            clock: Clock::default(),
            settings: Mutex::new(settings),
            faults: Faults::default(),
            iam: Mutex::default(),
            calls: Arc::default(),
            appsync: AppSync::new(sdl, answers, keys.clone())?,
            cognito: Mutex::new(Cognito::new(&seed.region, keys)),
            ssm: Mutex::new(Ssm::new(&seed.region)),
            secrets_manager: Mutex::new(SecretsManager::new(&seed.region)),
            traces: Traces::default(),
            seed,
        })
    }

    /// What an operation of Cognito needs to know from outside.
    pub(crate) fn cognito_context(&self) -> cognito::Context {
        let Settings { token_lifetime, refresh_token_lifetime, sign_ins_per_second, .. } = *lock(&self.settings);
        let now_millis = self.clock.now_millis();
        let now = now_millis.div_euclid(1000);
        cognito::Context { now, now_millis, token_lifetime, refresh_token_lifetime, sign_ins_per_second }
    }

    /// An access token of a user of the seeded pool, who comes into being if need be.
    pub(crate) fn token_of(&self, username: &str, group: Option<&str>) -> String {
        lock(&self.cognito).token_of(&self.seed, username, group, &self.cognito_context())
    }

    /// Creates all that the [`Seed`] names, and the example's orders.
    pub(crate) fn plant_seed(&self) {
        let (seed, now) = (&self.seed, self.clock.now());
        lock(&self.cognito).seed(seed, now);
        let credentials = json!({"username": seed.username, "password": seed.password}).to_string();
        for (name, kind, value) in [
            ("credentials", Kind::SecureString, &credentials),
            ("user-pool-id", Kind::String, &seed.user_pool_id),
            ("client-id", Kind::String, &seed.client_id),
            ("client-secret", Kind::SecureString, &seed.client_secret),
        ] {
            lock(&self.ssm).seed(format!("{}/{name}", seed.parameters_prefix), kind, value, now);
        }
        let secret = json!({
            "username": seed.username,
            "password": seed.password,
            "user_pool_id": seed.user_pool_id,
            "client_id": seed.client_id,
            "client_secret": seed.client_secret,
        });
        let machine = json!({"client_id": seed.machine_client_id, "client_secret": seed.machine_client_secret});
        let mut secrets_manager = lock(&self.secrets_manager);
        secrets_manager.seed(&seed.secret_id, Some(secret.to_string()), now);
        secrets_manager.seed(&seed.machine_secret_id, Some(machine.to_string()), now);
        secrets_manager.seed(&seed.token_secret_id, None, now);
        self.appsync.seed(self.clock.now_millis());
    }
}
