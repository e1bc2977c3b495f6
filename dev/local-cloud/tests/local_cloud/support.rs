//! A stand-in and the raw HTTP client that talks to it.

use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use local_cloud::{Builder, LocalCloud};
use reqwest::header::HeaderMap;
use ring::hmac;
use serde_json::{Value, json};

/// The example's schema, as these tests need it.
pub(crate) const ORDERS: &str = include_str!("orders.graphql");

pub(crate) struct Cloud {
    cloud: LocalCloud,
    http: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Deref for Cloud {
    type Target = LocalCloud;

    fn deref(&self) -> &LocalCloud {
        &self.cloud
    }
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::start_with(LocalCloud::builder().schema(ORDERS)).await
    }

    pub(crate) async fn start_with(builder: Builder) -> Self {
        // An error only says that another test of this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cloud = builder.start().await.expect("a port of 127.0.0.1 is free");
        Self { cloud, http: reqwest::Client::builder().no_proxy().build().expect("a client") }
    }

    /// A call to Cognito.
    pub(crate) async fn cognito(&self, operation: &str, input: Value) -> Reply {
        self.aws(&format!("AWSCognitoIdentityProviderService.{operation}"), input.to_string()).await
    }

    /// A call to SSM.
    pub(crate) async fn ssm(&self, operation: &str, input: Value) -> Reply {
        self.aws(&format!("AmazonSSM.{operation}"), input.to_string()).await
    }

    /// A call to Secrets Manager.
    pub(crate) async fn secrets_manager(&self, operation: &str, input: Value) -> Reply {
        self.aws(&format!("secretsmanager.{operation}"), input.to_string()).await
    }

    /// A form posted to the token endpoint.
    pub(crate) async fn token(&self, authorization: &str, form: &str) -> Reply {
        let request = self.http.post(self.token_url()).header("authorization", authorization).body(form.to_owned());
        Reply::of(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    pub(crate) async fn aws(&self, target: &str, body: String) -> Reply {
        let request = self.http.post(self.url()).header("x-amz-target", target).body(body);
        Reply::of(request.header("content-type", "application/x-amz-json-1.1")).await
    }

    /// The same by somebody with this access key.
    pub(crate) async fn aws_as(&self, access_key: &str, target: &str, input: Value) -> Reply {
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={access_key}/20260101/eu-west-1/ssm/aws4_request, ...");
        let request = self.http.post(self.url()).header("x-amz-target", target).body(input.to_string());
        Reply::of(request.header("authorization", authorization)).await
    }

    /// Any other request, by its path.
    pub(crate) async fn http(&self, method: &str, path: &str, body: &str) -> Reply {
        let method = method.parse().expect("a method");
        Reply::of(self.http.request(method, format!("{}{path}", self.url())).body(body.to_owned())).await
    }

    /// `AuthParameters` that the seeded user signs in with.
    pub(crate) fn seed_parameters(&self) -> Value {
        let seed = self.seed();
        let hash = secret_hash(&seed.client_secret, &seed.username, &seed.client_id);
        json!({"USERNAME": seed.username, "PASSWORD": seed.password, "SECRET_HASH": hash})
    }

    /// Signs in to the seeded client.
    pub(crate) async fn sign_in(&self, parameters: Value) -> Reply {
        self.auth("ADMIN_USER_PASSWORD_AUTH", parameters).await
    }

    pub(crate) async fn auth(&self, flow: &str, parameters: Value) -> Reply {
        let input = json!({
            "UserPoolId": self.seed().user_pool_id,
            "ClientId": self.seed().client_id,
            "AuthFlow": flow,
            "AuthParameters": parameters,
        });
        self.cognito("AdminInitiateAuth", input).await
    }

    /// `AuthenticationResult` of the seeded user.
    pub(crate) async fn tokens(&self) -> Value {
        self.sign_in(self.seed_parameters()).await.ok()["AuthenticationResult"].clone()
    }

    pub(crate) async fn access_token(&self) -> String {
        text(&self.tokens().await["AccessToken"])
    }

    /// A GraphQL request of the seeded user.
    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        self.graphql_as(Some(&self.access_token().await), &body.to_string()).await.ok()
    }

    pub(crate) async fn graphql_as(&self, authorization: Option<&str>, body: &str) -> Reply {
        let request = self.http.post(self.graphql_url()).body(body.to_owned());
        Reply::of(match authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        })
        .await
    }

    /// A request to publish, by whom `authorization` says.
    pub(crate) async fn publish_as(&self, authorization: Option<&str>, body: &Value) -> Reply {
        let request = self.http.post(self.event_url()).body(body.to_string());
        Reply::of(match authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        })
        .await
    }

    /// A pool with a client, a group and nothing else; gives the ids of pool and client.
    pub(crate) async fn new_pool(&self, mut pool: Value, mut client: Value) -> (String, Value) {
        pool["PoolName"] = json!("another");
        let pool = text(&self.cognito("CreateUserPool", pool).await.ok()["UserPool"]["Id"]);
        client["UserPoolId"] = json!(pool);
        client["ClientName"] = json!("client");
        let client = self.cognito("CreateUserPoolClient", client).await.ok()["UserPoolClient"].clone();
        (pool, client)
    }

    /// A user with the password `Permanent-1`.
    pub(crate) async fn new_user(&self, pool: &str, name: &str) {
        let user = json!({"UserPoolId": pool, "Username": name, "Password": "Permanent-1", "Permanent": true});
        self.cognito("AdminCreateUser", user.clone()).await.ok();
        self.cognito("AdminSetUserPassword", user).await.ok();
    }

    /// `AuthenticationResult` of a user with the password `Permanent-1`.
    pub(crate) async fn tokens_of(&self, pool: &str, client: &Value, name: &str) -> Value {
        let input = json!({
            "UserPoolId": pool,
            "ClientId": client["ClientId"],
            "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": name, "PASSWORD": "Permanent-1"},
        });
        self.cognito("AdminInitiateAuth", input).await.ok()["AuthenticationResult"].clone()
    }
}

impl Reply {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("a whole body") }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The body of an answer that must be a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("printable"))
    }

    /// `__type` and `message` of an error that must be a 400.
    pub(crate) fn error(&self) -> (String, String) {
        assert_eq!(self.status, 400, "{}", self.text);
        let body = self.json();
        (text(&body["__type"]), body["message"].as_str().unwrap_or_default().to_owned())
    }

    #[track_caller]
    pub(crate) fn assert_error(&self, error_type: &str, message: &str) {
        assert_eq!(self.error(), (error_type.to_owned(), message.to_owned()));
    }
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

/// Base64(HMAC-SHA256(client secret, username + client id)).
pub(crate) fn secret_hash(secret: &str, username: &str, client_id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{username}{client_id}").as_bytes()))
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header (0) or the claims (1) of a token.
pub(crate) fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}
