//! Amazon Cognito user pools: pools, app clients, users, sign-in and refresh, with Cognito's own errors.

mod client_credentials;
mod input;
mod lockout;
mod pool;
mod pools;
mod refresh;
mod secret_hash;
mod sign_in;
mod state;
mod tokens;
mod users;

use serde_json::Value;

use self::pool::{Client, OAuth, Pool, User};
use self::state::SignIn;
pub(crate) use self::state::{Cognito, Context};
use crate::aws_json::{AwsError, Outcome, parse};
use crate::ids;
use crate::jwt::Claims;
use crate::seed::Seed;

impl Cognito {
    /// Executes one operation, by the second part of its `X-Amz-Target`.
    pub(crate) fn call(&mut self, operation: &str, body: &[u8], context: &Context) -> Outcome {
        match operation {
            "AdminInitiateAuth" => self.admin_initiate_auth(parse(body)?, context),
            "InitiateAuth" => self.initiate_auth(parse(body)?, context),
            "AdminRespondToAuthChallenge" => self.admin_respond_to_auth_challenge(parse(body)?, context),
            "GetTokensFromRefreshToken" => self.get_tokens_from_refresh_token(parse(body)?, context),
            "RevokeToken" => self.revoke_token(parse(body)?),

            "CreateUserPool" => self.create_user_pool(parse(body)?, context),
            "DescribeUserPool" => self.describe_user_pool(parse(body)?),
            "CreateUserPoolClient" => self.create_user_pool_client(parse(body)?, context),
            "DescribeUserPoolClient" => self.describe_user_pool_client(parse(body)?),
            "CreateGroup" => self.create_group(parse(body)?, context),

            "AdminCreateUser" => self.admin_create_user(parse(body)?, context),
            "AdminGetUser" => self.admin_get_user(parse(body)?),
            "AdminSetUserPassword" => self.admin_set_user_password(parse(body)?, context),
            "AdminAddUserToGroup" => self.admin_add_user_to_group(parse(body)?),
            "AdminRemoveUserFromGroup" => self.admin_remove_user_from_group(parse(body)?),
            "AdminListGroupsForUser" => self.admin_list_groups_for_user(parse(body)?),
            "AdminEnableUser" => self.admin_set_enabled(parse(body)?, true, context),
            "AdminDisableUser" => self.admin_set_enabled(parse(body)?, false, context),
            "AdminDeleteUser" => self.admin_delete_user(parse(body)?),
            "AdminUserGlobalSignOut" => self.admin_user_global_sign_out(parse(body)?),
            _ => Err(AwsError::unknown_operation()),
        }
    }

    pub(crate) fn jwks(&self, pool: &str) -> Option<Value> {
        self.pools.contains_key(pool).then(|| self.keys.jwks())
    }

    /// Whether a token's claims name the first pool as issuer and one of its app clients: AppSync trusts one pool.
    pub(crate) fn issued_by_first_pool(&self, claims: &Claims) -> bool {
        let claim = |name| claims.get(name).and_then(Value::as_str);
        let Some(pool) = self.pools.values().min_by_key(|pool| pool.sequence) else { return false };
        let client = match claim("token_use") {
            Some("access") => claim("client_id"),
            Some("id") => claim("aud"),
            _ => None,
        };
        claim("iss") == Some(pool.issuer().as_str()) && client.is_some_and(|client| pool.clients.contains_key(client))
    }

    pub(crate) fn seed(&mut self, seed: &Seed, now: i64) {
        let mut pool = Pool::new(&seed.user_pool_id, "local-cloud", &self.region, now);
        let mut client = Client::new(&seed.client_id, "service", Some(seed.client_secret.clone()));
        client.flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"].map(str::to_owned).into();
        client.prevent_user_existence_errors = true;
        pool.clients.insert(client.id.clone(), client);
        let mut machine = Client::new(&seed.machine_client_id, "machine", Some(seed.machine_client_secret.clone()));
        machine.oauth =
            OAuth { flows: vec!["client_credentials".to_owned()], scopes: vec![seed.machine_scope.clone()] };
        pool.clients.insert(machine.id.clone(), machine);
        pool.groups.insert(seed.group.clone());
        let mut user = User::new(&seed.username, "5eed5eed-0000-4000-8000-000000000001", now);
        user.set_password(&seed.password, true, now);
        user.groups.insert(seed.group.clone());
        pool.users.insert(user.username.clone(), user);
        self.pools.insert(pool.id.clone(), pool);
    }

    /// An access token of a user of the seeded pool, who comes into being if need be.
    pub(crate) fn token_of(&mut self, seed: &Seed, username: &str, group: Option<&str>, context: &Context) -> String {
        let keys = self.keys.clone();
        let pool = self.pools.get_mut(&seed.user_pool_id).expect("the example is seeded");
        pool.groups.extend(group.map(str::to_owned));
        let new = || User::new(username, &ids::uuid(), context.now);
        let user = pool.users.entry(username.to_owned()).or_insert_with(new);
        user.groups.extend(group.map(str::to_owned));
        let (pool, sign_in) = (&*pool, SignIn::at(context.now));
        let (client, user) = (&pool.clients[&seed.client_id], &pool.users[username]);
        let tokens = tokens::issue(&keys, pool, client, user, &sign_in, context);
        tokens["AccessToken"].as_str().expect("it has one").to_owned()
    }
}
