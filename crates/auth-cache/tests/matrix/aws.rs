//! Cognito, Parameter Store and Secrets Manager, as the SDK's clients see them: by a connector, without a network.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use auth_cache::{
    CognitoTokenSource, Credentials, Identity, Renewal, SecretsManagerCredentials, SsmCredentials, TokenUse,
};
use aws_sdk_ssm::config::{BehaviorVersion, Credentials as Keys, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    HOUR, SECOND,
    script::{Answer, LATENCY, Operation, Place, Script},
};

const POOL: &str = "eu-west-1_a1b2c3d4e";
const CLIENT: &str = "1example23456789";

/// The identity of a service user whose source calls what the script answers.
pub(crate) fn identity(script: &Arc<Script>, renewal: Renewal) -> Identity {
    let config = sdk_config(script);
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&config);
    let given = Credentials::new(POOL, CLIENT, "alice", "secret");
    let identity = match script.place {
        Place::Ssm | Place::SsmAgain => {
            let credentials = SsmCredentials::new(aws_sdk_ssm::Client::new(&config), "/orders");
            Identity::new(CognitoTokenSource::new(cognito, credentials, TokenUse::Access).with_renewal(renewal))
        }
        Place::Secret | Place::SecretAgain => {
            let secrets_manager = aws_sdk_secretsmanager::Client::new(&config);
            let credentials = SecretsManagerCredentials::new(secrets_manager, "orders");
            Identity::new(CognitoTokenSource::new(cognito, credentials, TokenUse::Access).with_renewal(renewal))
        }
        _ => Identity::new(CognitoTokenSource::new(cognito, given, TokenUse::Access).with_renewal(renewal)),
    };
    identity.with_clock(script.clock.clone())
}

/// With the retries and timeouts of the functions of this workspace.
fn sdk_config(script: &Arc<Script>) -> SdkConfig {
    let connector = SharedHttpConnector::new(Aws(Arc::clone(script)));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Keys::new("AKID", "secret", None, None, "test")))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(100)))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(2 * SECOND)
                .operation_attempt_timeout(3 * SECOND)
                .operation_timeout(8 * SECOND)
                .build(),
        )
        .build()
}

#[derive(Debug)]
struct Aws(Arc<Script>);

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (_, operation) = request.headers().get("x-amz-target").unwrap().split_once('.').unwrap();
        let (operation, success) = match operation {
            "AdminInitiateAuth" => (Operation::SignIn, tokens as fn(SystemTime) -> Value),
            "GetTokensFromRefreshToken" => (Operation::Renewal, tokens as _),
            "GetParameters" => (Operation::Read, parameters as _),
            "GetSecretValue" => (Operation::Read, secret as _),
            other => panic!("{other}"),
        };
        let script = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let answer = script.answer(operation);
            tokio::time::sleep(LATENCY).await;
            match answer {
                Some(answer) => fail(answer).await,
                None => Ok(response(200, success(script.clock.now()).to_string())),
            }
        })
    }
}

async fn fail(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    match answer {
        Answer::Error(status, code, message) => {
            Ok(response(status, json!({"__type": code, "message": message}).to_string()))
        }
        Answer::Other(status, _, body) => Ok(response(status, body.to_owned())),
        Answer::RetryAfter(_) => panic!("AWS does not say so"),
        Answer::Never => std::future::pending().await,
        Answer::Reset => Err(ConnectorError::io("connection reset by peer".into())),
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    let content_type = if body.starts_with('<') { "text/html" } else { "application/x-amz-json-1.1" };
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
    response.headers_mut().insert("content-type", content_type);
    response
}

fn tokens(now: SystemTime) -> Value {
    json!({"AuthenticationResult": {"AccessToken": jwt(now), "RefreshToken": "refresh"}})
}

fn parameters(_: SystemTime) -> Value {
    json!({"Parameters": [
        {"Name": "/orders/credentials", "Type": "SecureString", "Value": r#"{"username":"alice","password":"secret"}"#},
        {"Name": "/orders/user-pool-id", "Type": "String", "Value": POOL},
        {"Name": "/orders/client-id", "Type": "String", "Value": CLIENT},
    ]})
}

fn secret(_: SystemTime) -> Value {
    let secret = json!({"username": "alice", "password": "secret", "user_pool_id": POOL, "client_id": CLIENT});
    json!({"SecretString": secret.to_string()})
}

/// An unsigned token that lives for an hour and differs from all others.
pub(crate) fn jwt(now: SystemTime) -> String {
    static ISSUED: AtomicUsize = AtomicUsize::new(0);
    let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({
        "iat": seconds(now), "exp": seconds(now + HOUR), "jti": ISSUED.fetch_add(1, Ordering::Relaxed), "username": "alice",
    });
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}
