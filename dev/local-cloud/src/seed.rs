//! The example's user pool, service user, parameters and secret, there from the start unless the builder says otherwise.

use serde::Serialize;

/// What the example finds when it starts. The secrets in it are public development values.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Seed {
    /// The region that pool ids, issuers and ARNs name.
    pub region: String,
    /// The user pool.
    pub user_pool_id: String,
    /// The app client, which has a secret and allows `ADMIN_USER_PASSWORD_AUTH` and `REFRESH_TOKEN_AUTH`.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The service user, a member of [`Seed::group`].
    pub username: String,
    /// Its password.
    pub password: String,
    /// The group that `schema.graphql` asks for.
    pub group: String,
    /// Where the four SSM parameters `credentials`, `user-pool-id`, `client-id` and `client-secret` lie, without a
    /// slash at the end.
    pub parameters_prefix: String,
    /// The secret in Secrets Manager that holds the same values as one JSON object.
    pub secret_id: String,
    /// The app client of a machine, which signs in for itself with [`Seed::machine_scope`].
    pub machine_client_id: String,
    /// Its secret.
    pub machine_client_secret: String,
    /// The scope that the example's resolvers ask of a machine which is to act as the service.
    pub machine_scope: String,
    /// The secret in Secrets Manager that holds the machine's id and secret as one JSON object.
    pub machine_secret_id: String,
    /// The access key with which requests to AppSync may be signed.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// A secret without a version, in which a token can be published.
    pub token_secret_id: String,
}

/// What `service-user` takes for its stack.
const STACK: &str = "arn:aws:cloudformation:eu-west-1:000000000000:stack/orders-local/1";

impl Default for Seed {
    fn default() -> Self {
        Self {
            region: "eu-west-1".to_owned(),
            user_pool_id: "eu-west-1_LocalPool1".to_owned(),
            client_id: "localcloud0client000000001".to_owned(),
            client_secret: "local0cloud0public0development0client0secret00000001".to_owned(),
            username: "order-service".to_owned(),
            password: "Local-cloud-1-password".to_owned(),
            group: "order-services".to_owned(),
            parameters_prefix: "/orders/service-user".to_owned(),
            secret_id: "orders/service-user".to_owned(),
            machine_client_id: "localcloud0machine00000001".to_owned(),
            machine_client_secret: "local0cloud0public0development0machine0secret0000001".to_owned(),
            machine_scope: "orders/service".to_owned(),
            machine_secret_id: "orders/machine".to_owned(),
            access_key_id: "local".to_owned(),
            secret_access_key: "local".to_owned(),
            token_secret_id: "orders/token".to_owned(),
        }
    }
}

impl Seed {
    /// The environment of the example's functions, as `NAME=value` lines.
    pub(crate) fn environment(&self, url: &str) -> Vec<String> {
        [
            ("APPSYNC_URL", format!("{url}/graphql")),
            ("SERVICE_USER_PARAMETERS", self.parameters_prefix.clone()),
            ("SERVICE_USER_STACK", STACK.to_owned()),
            ("SERVICE_USER_POOL_ID", self.user_pool_id.clone()),
            ("SERVICE_USER_CLIENT_ID", self.client_id.clone()),
            ("SERVICE_USER_GROUP", self.group.clone()),
            ("SERVICE_USER_NAME", "orders".to_owned()),
            ("SERVICE_USER_ADOPT", "yes".to_owned()),
            ("AWS_ENDPOINT_URL", url.to_owned()),
            ("HTTP_API_CALLERS", "unverified-token".to_owned()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", self.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_access_key.clone()),
            ("TOKEN_URL", format!("{url}/oauth2/token")),
            ("TOKEN_SCOPES", self.machine_scope.clone()),
            ("CLIENT_CREDENTIALS_SECRET", self.machine_secret_id.clone()),
        ]
        .map(|(name, value)| format!("{name}={value}"))
        .to_vec()
    }
}
