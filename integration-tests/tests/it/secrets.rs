//! No secret is logged or told, whatever goes wrong.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_cache::{
    ClientCredentials, ClientCredentialsTokenSource, CognitoTokenSource, Credentials, CredentialsSource,
    SecretsManagerCredentials, TokenSource as _, TokenUse,
};
use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::json;
use tracing::{Level, instrument::WithSubscriber as _};

use crate::{
    client_credentials::http_client,
    peer::{sdk_clients, sdk_config},
    setup::{Setup, config, context_that_ends_in},
};

/// Collects what is logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// What has been logged so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Everything that `future` logs, at every level.
    pub(crate) async fn of<T>(future: impl Future<Output = T>) -> (T, String) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().json().with_max_level(Level::TRACE).with_writer(move || writer.clone()).finish();
        // While there is one subscriber alone, a place in the code that another test reaches first is off for good.
        let _another = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        let output = future.with_subscriber(subscriber).await;
        (output, log.text())
    }
}

#[tokio::test]
async fn logs_and_errors_hold_no_password_token_or_client_secret() {
    let faults = [
        None,
        Some(Fault::throttle(Service::Cognito)),
        Some(Fault::status(Service::Cognito, 500)),
        Some(Fault::truncate(Service::Cognito)),
        Some(Fault::answer(Service::Cognito, 200, malformed_answer())),
        Some(Fault::status(Service::Ssm, 400)),
        Some(Fault::truncate(Service::Ssm)),
        Some(Fault::unauthorized()),
        Some(Fault::truncate(Service::AppSync)),
    ];
    // At the same time: where a failure may pass, a call waits until its time is up.
    let (shown, log) = Log::of(join_all(faults.map(async |fault| {
        let cloud = LocalCloud::start().await.unwrap();
        if let Some(fault) = fault {
            cloud.inject(fault.always());
        }
        let shown = format!("{:?}", config(&cloud, &[]));
        let t = Setup::start_on(cloud, &[]).await;
        let event = json!({"operation": "GetOrder", "variables": {"id": "order-1"}});
        let event = LambdaEvent::new(event, context_that_ends_in(Duration::from_secs(2)));
        let outcome = query::handle(t.appsync.clone(), t.callers.clone(), event).await.map(|answer| json!(answer));
        format!("{shown} {:?} {outcome:?} {:?}", t.appsync, t.cloud.calls())
    })))
    .await;

    let cloud = LocalCloud::start().await.unwrap();
    let seed = cloud.seed();
    assert!(log.contains("signing in"), "the log was captured");
    for text in shown.iter().chain([&log]) {
        assert!(!text.contains(&seed.password), "the password is in: {text}");
        assert!(!text.contains(&seed.client_secret), "the client secret is in: {text}");
        // Every token of the stand-in starts with this: `{"` in base64url, as the first and the second part of a JWT.
        let token = text.find("eyJ").map(|at| &text[at..(at + 40).min(text.len())]);
        assert_eq!(token, None, "a token is in the output");
    }
}

#[tokio::test]
async fn neither_a_renewal_nor_a_store_nor_a_token_endpoint_shows_what_it_handles() {
    let (shown, log) = Log::of(async {
        let mut shown = Vec::new();
        for fault in [
            None,
            Some(Fault::error(Service::Cognito, "NotAuthorizedException", "Refresh Token has been revoked")),
            Some(Fault::answer(Service::Cognito, 200, malformed_answer())),
            Some(Fault::truncate(Service::Cognito)),
        ] {
            let cloud = LocalCloud::start().await.unwrap();
            let seed = cloud.seed();
            let config = sdk_config(&cloud.url(), &seed.region);
            let (cognito, _) = sdk_clients(&cloud.url(), &seed.region);
            let secret = aws_sdk_secretsmanager::Client::new(&config);
            let secret = SecretsManagerCredentials::new(secret, &seed.secret_id);
            let credentials = CredentialsSource::<Credentials>::read(&secret).await;
            let client_credentials = CredentialsSource::<ClientCredentials>::read(&secret).await;
            let by_password = CognitoTokenSource::new(cognito, secret.clone(), TokenUse::Access);
            let url = cloud.token_url().parse().unwrap();
            let by_client = ClientCredentialsTokenSource::new(http_client(), url, client_credentials.unwrap());
            by_password.sign_in().await.unwrap();
            for operation in ["GetTokensFromRefreshToken", "oauth2/token"] {
                if let Some(fault) = &fault {
                    cloud.inject(fault.clone().on(operation).always());
                }
            }
            cloud.inject(Fault::answer(Service::SecretsManager, 200, json!({"SecretString": 1, "Name": "canary-1"})));
            shown.push(format!("{credentials:?} {secret:?} {by_password:?} {by_client:?}"));
            shown.push(format!("{:?} {:?}", by_password.sign_in().await, by_client.sign_in().await));
            shown.push(format!("{:?}", CredentialsSource::<Credentials>::read(&secret).await));
            shown.push(format!("{:?}", cloud.calls()));
        }
        shown
    })
    .await;
    let cloud = LocalCloud::start().await.unwrap();
    for text in shown.iter().chain([&log]) {
        for secret in [cloud.seed().password.as_str(), &cloud.seed().client_secret, "eyJ", "canary-"] {
            assert!(!text.contains(secret), "{secret} is in: {text}");
        }
    }
}

/// An answer with secrets in it that is not what the SDK expects.
fn malformed_answer() -> serde_json::Value {
    json!({"AuthenticationResult": {"AccessToken": "eyJ-canary-2", "RefreshToken": "eyJ-canary-3", "ExpiresIn": "soon"}})
}
