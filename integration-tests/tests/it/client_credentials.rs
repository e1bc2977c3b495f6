//! Signing in a client that acts for itself, at the token endpoint.

use std::time::{Duration, SystemTime};

use auth_cache::{
    ClientCredentials, ClientCredentialsTokenSource, Clock, CredentialsError, CredentialsSource, Identity, ManualClock,
    SecretsManagerCredentials, SignInError, SsmCredentials, SsmValue, Token, TokenSource as _,
};
use aws_sdk_cognitoidentityprovider::types::OAuthFlowType;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::{Value, json};

use crate::{
    peer::{sdk_clients, sdk_config},
    relay::Relay,
    wire::{self, Request, Step, Wire},
};

const TOKEN: &str = "oauth2/token";
/// How long callers wait.
const LIMIT: Duration = Duration::from_secs(10);

/// A client as a function has it.
pub(crate) fn http_client() -> reqwest::Client {
    // An error only says that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A cloud, and a client of its pool that may have the scopes `orders/read` and `orders/write`.
pub(crate) async fn setup() -> (LocalCloud, ClientCredentials) {
    let cloud = LocalCloud::start().await.unwrap();
    let (cognito, _) = sdk_clients(&cloud.url(), &cloud.seed().region);
    let client = cognito
        .create_user_pool_client()
        .user_pool_id(&cloud.seed().user_pool_id)
        .client_name("machine")
        .generate_secret(true)
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_scopes("orders/read")
        .allowed_o_auth_scopes("orders/write")
        .send()
        .await
        .unwrap()
        .user_pool_client
        .unwrap();
    cloud.reset_calls();
    (cloud, ClientCredentials::new(client.client_id.unwrap(), client.client_secret.unwrap()))
}

pub(crate) fn source<C: CredentialsSource<ClientCredentials>>(
    cloud: &LocalCloud,
    credentials: C,
) -> ClientCredentialsTokenSource<C> {
    ClientCredentialsTokenSource::new(http_client(), cloud.token_url().parse().unwrap(), credentials)
}

/// The scopes of a token, unverified.
fn scope(token: &Token) -> String {
    let jwt = token.header().to_str().unwrap().to_owned();
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["scope"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_gets_a_token_for_all_of_its_scopes_or_for_those_it_asks_for() {
    let (cloud, credentials) = setup().await;
    let source = source(&cloud, credentials);
    let token = source.sign_in().await.unwrap();
    assert_eq!(scope(&token), "orders/read orders/write");
    let life = token.expires_at().unwrap().duration_since(token.issued_at().unwrap()).unwrap();
    assert_eq!(life.as_secs(), 3600);

    let token = source.with_scopes(["orders/write"]).sign_in().await.unwrap();
    assert_eq!(scope(&token), "orders/write");
    assert_eq!(cloud.count_of(TOKEN), 2);
}

#[tokio::test]
async fn a_token_that_is_no_jwt_lives_for_as_long_as_the_endpoint_says() {
    let (cloud, credentials) = setup().await;
    let opaque = |text: &str| json!({"access_token": text, "token_type": "Bearer", "expires_in": 60});
    cloud.inject(Fault::answer(Service::Cognito, 200, opaque("first")).times(1));
    let clock = ManualClock::at(Clock::wall().now());
    let identity = Identity::new(source(&cloud, credentials)).with_clock(clock.clone());
    let start = clock.now();
    assert_eq!(identity.token(LIMIT).await.unwrap().header(), "first");
    cloud.inject(Fault::status(Service::Cognito, 503).always());
    clock.set(start + Duration::from_secs(60) - Duration::from_millis(1));
    assert_eq!(identity.token(LIMIT).await.unwrap().header(), "first");
    clock.set(start + Duration::from_secs(60));
    identity.token(Duration::ZERO).await.unwrap_err();
}

/// As a cache in front of the endpoint does that keeps answers as they were.
#[tokio::test]
async fn a_token_that_a_cache_hands_out_again_is_not_served_beyond_its_exp() {
    let (cloud, credentials) = setup().await;
    let clock = ManualClock::at(Clock::wall().now());
    let identity = Identity::new(source(&cloud, credentials)).with_clock(clock.clone());
    let iat = clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() - 300;
    let claims = URL_SAFE_NO_PAD.encode(json!({"iat": iat, "exp": iat + 3600}).to_string());
    let kept = json!({"access_token": format!("e30.{claims}.c2ln"), "token_type": "Bearer", "expires_in": 3600});
    cloud.inject(Fault::answer(Service::Cognito, 200, kept));

    let token = identity.token(LIMIT).await.unwrap();
    assert_eq!(token.expires_at(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(iat + 3600)));
    clock.set(token.expires_at().unwrap());
    assert_ne!(identity.token(LIMIT).await.unwrap(), token);
    assert_eq!(cloud.count_of(TOKEN), 2);
}

#[tokio::test]
async fn a_token_endpoint_that_says_for_how_long_it_throttles_is_left_alone_for_that_long() {
    let (cloud, credentials) = setup().await;
    cloud.inject(Fault::status(Service::Cognito, 429).retry_after(Duration::from_secs(120)));
    let clock = ManualClock::at(Clock::wall().now());
    let identity = Identity::new(source(&cloud, credentials)).with_clock(clock);
    let error = identity.token(LIMIT).await.unwrap_err();
    let retry_after = error.retry_after().unwrap();
    assert!((120..=124).contains(&retry_after.as_secs()), "{retry_after:?}: with jitter on top");
}

#[tokio::test]
async fn each_refusal_of_the_token_endpoint_is_told_apart() {
    let refused = |code: u16, body: Value| Fault::answer(Service::Cognito, code, body);
    let error = |code: &str| refused(400, json!({"error": code}));
    for (fault, kind, calls) in [
        (Fault::throttle(Service::Cognito), "throttled", 1),
        (Fault::status(Service::Cognito, 429), "throttled", 1),
        (Fault::status(Service::Cognito, 500), "unavailable", 1),
        (Fault::status(Service::Cognito, 503), "unavailable", 1),
        (Fault::reset(Service::Cognito), "unavailable", 2),
        (Fault::truncate(Service::Cognito), "unavailable", 2),
        (error("temporarily_unavailable"), "unavailable", 1),
        (refused(200, json!({"error": "server_error"})), "unavailable", 1),
        (error("invalid_client"), "wrong credentials", 1),
        (refused(401, json!({"error": "invalid_client"})), "wrong credentials", 1),
        (refused(200, json!({"error": "invalid_client"})), "wrong credentials", 1),
        (
            refused(200, json!({"error": "invalid_scope", "error_description": "canary"})),
            "misconfigured: the client may not have the scopes that it asks for",
            1,
        ),
        (error("invalid_scope"), "misconfigured: the client may not have the scopes that it asks for", 1),
        (error("unauthorized_client"), "misconfigured: the client may not use the client_credentials grant", 1),
        (error("unsupported_grant_type"), "misconfigured: the client may not use the client_credentials grant", 1),
        (error("invalid_request"), "misconfigured: the token endpoint rejected the request", 1),
        (
            Fault::status(Service::Cognito, 404),
            "misconfigured: the token endpoint rejected the request without a reason: check its address",
            1,
        ),
        (
            Fault::status(Service::Cognito, 200),
            "misconfigured: the token endpoint's response holds no token: check its address",
            1,
        ),
        (refused(200, json!({"access_token": "canary"})), "bad token", 1),
    ] {
        let (cloud, credentials) = setup().await;
        cloud.inject(fault.clone().always());
        let error = source(&cloud, credentials).sign_in().await.unwrap_err();
        let found = match &error {
            SignInError::Throttled { .. } => "throttled".to_owned(),
            SignInError::Unavailable { .. } => "unavailable".to_owned(),
            SignInError::WrongCredentials => "wrong credentials".to_owned(),
            SignInError::Misconfigured { reason, .. } => format!("misconfigured: {reason}"),
            SignInError::BadToken(_) => "bad token".to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!((found.as_str(), cloud.count_of(TOKEN)), (kind, calls), "{fault:?}");
        assert_eq!(error.is_transient(), ["throttled", "unavailable"].contains(&kind), "{fault:?}");
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_token_endpoint_without_tls_is_called_on_this_machine_only() {
    let url = "http://orders.example/oauth2/token".parse().unwrap();
    let source = ClientCredentialsTokenSource::new(http_client(), url, ClientCredentials::new("id", "canary"));
    let error = source.sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::Misconfigured { .. }), "{error:?}");
    assert!(error.to_string().contains("must be an https URL"), "{error}");
}

/// The pairs of a form that was posted.
fn form(request: &Request) -> Vec<(String, String)> {
    let body = std::str::from_utf8(&request.body).unwrap();
    let url = reqwest::Url::parse(&format!("http://127.0.0.1/?{body}")).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn the_secret_goes_into_the_header_or_into_the_body_and_further_parameters_into_the_body() {
    let wire = Wire::always(Step::Answer(wire::json(r#"{"access_token":"opaque","expires_in":60}"#))).await;
    let credentials = ClientCredentials::new("id:1", "se&cret");
    let source = ClientCredentialsTokenSource::new(http_client(), wire.url.parse().unwrap(), credentials)
        .with_scopes(["orders/read"])
        .with_parameter("audience", "https://orders.example/")
        .with_parameter("resource", "a")
        .with_parameter("resource", "b");
    source.sign_in().await.unwrap();
    let source = source.with_secret_in_body();
    source.sign_in().await.unwrap();
    assert!(!format!("{source:?}").contains("cret"));

    let [in_header, in_body] = &wire.requests()[..] else { panic!("two requests") };
    let common = [
        ("grant_type", "client_credentials"),
        ("scope", "orders/read"),
        ("audience", "https://orders.example/"),
        ("resource", "a"),
        ("resource", "b"),
    ];
    let owned =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let basic = format!("Basic {}", STANDARD.encode("id%3A1:se%26cret"));
    assert_eq!((in_header.header("authorization"), form(in_header)), (Some(basic.as_str()), owned(&common)));
    let identified = [&common[..], &[("client_id", "id:1"), ("client_secret", "se&cret")]].concat();
    assert_eq!((in_body.header("authorization"), form(in_body)), (None, owned(&identified)));
}

#[tokio::test]
async fn a_private_key_stays_here_and_each_request_has_an_assertion_of_its_own() {
    const KEY: &[u8] = include_bytes!("../../../dev/local-cloud/keys/access-token-signing-key.pk8");
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(KEY));
    let answer = Step::Answer(wire::json(r#"{"access_token":"opaque","expires_in":60}"#));
    let wire = Wire::start([Step::ResetAfter], answer).await;
    let credentials = ClientCredentials::new("client-1", &key);
    let source = ClientCredentialsTokenSource::new(http_client(), wire.url.parse().unwrap(), credentials);
    source.with_private_key(Some("key-1".to_owned())).sign_in().await.unwrap();

    let requests = wire.requests();
    let assertions: Vec<_> = requests.iter().map(|request| form(request).pop().unwrap()).collect();
    assert_eq!(assertions.len(), 2, "the first connection was lost");
    assert_ne!(assertions[0], assertions[1]);
    for request in &requests {
        assert_eq!(request.header("authorization"), None);
        let form = form(request);
        let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["grant_type", "client_id", "client_assertion_type", "client_assertion"]);
        let claims = URL_SAFE_NO_PAD.decode(form[3].1.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!("client-1"), &json!(wire.url)));
    }
}

#[tokio::test]
async fn cognito_takes_the_secret_in_the_body_too() {
    let (cloud, credentials) = setup().await;
    source(&cloud, credentials.clone()).with_secret_in_body().sign_in().await.unwrap();
    let wrong = ClientCredentials::new(&credentials.client_id, "wrong");
    let error = source(&cloud, wrong).with_secret_in_body().sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
}

#[tokio::test]
async fn the_stand_in_refuses_as_cognito_does() {
    let (cloud, credentials) = setup().await;
    let wrong = ClientCredentials::new(&credentials.client_id, "wrong");
    let error = source(&cloud, wrong).sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
    let error = source(&cloud, credentials).with_scopes(["orders/delete"]).sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::Misconfigured { .. }), "{error:?}");
    assert_eq!(cloud.count_of(TOKEN), 2);
}

#[tokio::test]
async fn a_client_secret_that_is_rotated_between_reading_and_using_it_is_read_once_more() {
    struct Rotated(ClientCredentials);

    impl CredentialsSource<ClientCredentials> for Rotated {
        async fn read(&self) -> Result<ClientCredentials, CredentialsError> {
            Ok(ClientCredentials::new(&self.0.client_id, "yesterday's secret"))
        }

        async fn read_again(&self, _: &[ClientCredentials]) -> Result<Option<ClientCredentials>, CredentialsError> {
            Ok(Some(self.0.clone()))
        }
    }

    let (cloud, credentials) = setup().await;
    source(&cloud, Rotated(credentials)).sign_in().await.unwrap();
    assert_eq!(cloud.count_of(TOKEN), 2);
}

#[tokio::test]
async fn a_connection_to_the_token_endpoint_that_died_costs_one_retry() {
    let (cloud, credentials) = setup().await;
    let relay = Relay::to(&cloud.url()).await;
    let url = format!("{}/oauth2/token", relay.url).parse().unwrap();
    let source = ClientCredentialsTokenSource::new(http_client(), url, credentials);
    source.sign_in().await.unwrap();
    assert_eq!(relay.cut().await, 1);
    source.sign_in().await.unwrap();
    assert_eq!(cloud.count_of(TOKEN), 2);
    cloud.inject(Fault::reset(Service::Cognito));
    source.sign_in().await.unwrap();
    assert_eq!(cloud.count_of(TOKEN), 4);
}

#[tokio::test]
async fn the_stores_give_client_credentials_too() {
    let (cloud, credentials) = setup().await;
    let (_, ssm) = sdk_clients(&cloud.url(), &cloud.seed().region);
    for (name, value) in [("/machine/id", &credentials.client_id), ("/machine/secret", &credentials.client_secret)] {
        let put = ssm.put_parameter().name(name).value(value).r#type(aws_sdk_ssm::types::ParameterType::SecureString);
        put.send().await.unwrap();
    }
    let in_ssm = SsmCredentials::new(ssm, "/nowhere")
        .with_name(SsmValue::ClientId, "/machine/id")
        .with_name(SsmValue::ClientSecret, "/machine/secret");
    source(&cloud, in_ssm).sign_in().await.unwrap();

    let config = sdk_config(&cloud.url(), &cloud.seed().region);
    let secrets_manager = aws_sdk_secretsmanager::Client::new(&config);
    let json = json!({"client_id": credentials.client_id, "client_secret": credentials.client_secret.as_str()});
    secrets_manager.create_secret().name("machine").secret_string(json.to_string()).send().await.unwrap();
    source(&cloud, SecretsManagerCredentials::new(secrets_manager, "machine")).sign_in().await.unwrap();
    assert_eq!(cloud.count_of(TOKEN), 2);
}
