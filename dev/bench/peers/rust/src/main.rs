//! The function as one writes it with the default features of everything and the token in a `OnceCell`.

use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_cognitoidentityprovider::types::AuthFlowType;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tokio::sync::OnceCell;

static TOKEN: OnceCell<String> = OnceCell::const_new();

const QUERY: &str = concat!(
    include_str!("../../../../../graphql/GetOrder.graphql"),
    include_str!("../../../../../graphql/fragments/OrderFields.graphql"),
);

#[derive(Deserialize)]
struct Event {
    variables: Variables,
}

#[derive(Deserialize, Serialize)]
struct Variables {
    id: String,
}

#[derive(Deserialize, Serialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    get_order: Option<Order>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: String,
    version: i64,
    status: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct ServiceUser {
    username: String,
    password: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let http = reqwest::Client::new();
    run(service_fn(|event: LambdaEvent<Event>| get_order(&http, event.payload))).await
}

async fn get_order(http: &reqwest::Client, event: Event) -> Result<Answer, Error> {
    let token = TOKEN.get_or_try_init(sign_in).await?;
    let answer = http
        .post(env::var("APPSYNC_URL")?)
        .header("authorization", token)
        .json(&json!({"query": QUERY, "operationName": "GetOrder", "variables": event.variables}))
        .send()
        .await?
        .error_for_status()?;
    Ok(answer.json().await?)
}

async fn sign_in() -> Result<String, Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let ssm = aws_sdk_ssm::Client::new(&config);
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&config);

    let prefix = env::var("SERVICE_USER_PARAMETERS")?;
    let names = ["credentials", "user-pool-id", "client-id", "client-secret"].map(|name| format!("{prefix}/{name}"));
    let parameters = ssm.get_parameters().set_names(Some(names.to_vec())).with_decryption(true).send().await?;
    let value = |name: &String| {
        let found = parameters.parameters().iter().find(|parameter| parameter.name() == Some(name));
        found.and_then(|parameter| parameter.value()).ok_or_else(|| format!("there is no parameter {name}"))
    };
    let ServiceUser { username, password } = serde_json::from_str(value(&names[0])?)?;
    let (user_pool_id, client_id, client_secret) = (value(&names[1])?, value(&names[2])?, value(&names[3])?);

    let mut hash = Hmac::<Sha256>::new_from_slice(client_secret.as_bytes())?;
    hash.update(format!("{username}{client_id}").as_bytes());
    let answer = cognito
        .admin_initiate_auth()
        .auth_flow(AuthFlowType::AdminUserPasswordAuth)
        .user_pool_id(user_pool_id)
        .client_id(client_id)
        .auth_parameters("USERNAME", username)
        .auth_parameters("PASSWORD", password)
        .auth_parameters("SECRET_HASH", STANDARD.encode(hash.finalize().into_bytes()))
        .send()
        .await?;
    let tokens = answer.authentication_result.ok_or("Cognito asks for more than the password")?;
    Ok(tokens.access_token.ok_or("there is no access token")?)
}
