use std::{
    fmt,
    time::{Duration, SystemTime},
};

use auth_cache::BoxError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::{
    http_request::{self, SignableBody, SignableRequest, SigningSettings},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::{AppSyncError, AuthError, ErrorKind};

/// Credentials with which requests are signed by Signature Version 4, as AppSync's `AWS_IAM` mode wants it.
///
/// The provider is asked at each attempt: one that fetches credentials over the network should cache them, as those of
/// the AWS SDK do.
///
/// <https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-iam-authorization>
pub struct Iam {
    credentials: SharedCredentialsProvider,
    region: String,
}

impl Iam {
    /// For an API in `region`, such as `eu-west-1`: the form for APIs with a domain name of their own.
    pub fn in_region(credentials: impl ProvideCredentials + 'static, region: impl Into<String>) -> Self {
        Self { credentials: SharedCredentialsProvider::new(credentials), region: region.into() }
    }

    /// For the API at `endpoint`, whose host name tells the region: `ID.appsync-api.REGION.amazonaws.com`.
    ///
    /// # Errors
    /// When the host has another name; [`Iam::in_region`] is the way then.
    pub fn of_endpoint(credentials: impl ProvideCredentials + 'static, endpoint: &Url) -> Result<Self, AuthError> {
        let host = endpoint.host_str().unwrap_or_default();
        match host.split('.').collect::<Vec<_>>().as_slice() {
            [_id, "appsync-api", region, "amazonaws", "com"]
            | [_id, "appsync-api", region, "amazonaws", "com", "cn"] => Ok(Self::in_region(credentials, *region)),
            _ => Err(AuthError("cannot derive the region from the host; use `Iam::in_region`")),
        }
    }

    /// The credentials of this moment, to sign one attempt.
    pub(crate) async fn signer(&self, limit: Duration) -> Result<Signer<'_>, AppSyncError> {
        match tokio::time::timeout(limit, self.credentials.provide_credentials()).await {
            Ok(Ok(credentials)) => Ok(Signer { identity: credentials.into(), region: &self.region }),
            Ok(Err(error)) => Err(AppSyncError::sign_in(error)),
            Err(_elapsed) => {
                Err(AppSyncError::new(ErrorKind::TimedOut, false).because("while waiting for credentials"))
            }
        }
    }
}

impl fmt::Debug for Iam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iam").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Signs one attempt.
pub(crate) struct Signer<'a> {
    identity: Identity,
    region: &'a str,
}

impl Signer<'_> {
    /// The headers that a POST of `body` to `endpoint` at `now` needs.
    pub(crate) fn sign(&self, endpoint: &Url, body: &[u8], now: SystemTime) -> Result<HeaderMap, AppSyncError> {
        self.try_sign(endpoint, body, now).map_err(AppSyncError::sign_in)
    }

    fn try_sign(&self, endpoint: &Url, body: &[u8], now: SystemTime) -> Result<HeaderMap, BoxError> {
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(self.region)
            .name("appsync")
            .time(now)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = [("content-type", "application/json")].into_iter();
        let request = SignableRequest::new("POST", endpoint.as_str(), headers, SignableBody::Bytes(body))?;
        let (instructions, _signature) = http_request::sign(request, &parameters)?.into_parts();
        instructions
            .headers()
            .map(|(name, value)| {
                let mut value = HeaderValue::from_str(value)?;
                value.set_sensitive(true);
                Ok((HeaderName::from_bytes(name.as_bytes())?, value))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;

    const ENDPOINT: &str = "https://abc.appsync-api.eu-west-1.amazonaws.com/graphql";

    fn credentials(session_token: Option<&str>) -> Credentials {
        Credentials::new("AKID", "canary-secret", session_token.map(str::to_owned), None, "test")
    }

    #[test]
    fn the_region_comes_from_the_host_name_or_from_the_caller() {
        for (endpoint, region) in [
            (ENDPOINT, Some("eu-west-1")),
            ("https://abc.appsync-api.cn-north-1.amazonaws.com.cn/graphql", Some("cn-north-1")),
            ("https://api.example.com/graphql", None),
            ("https://abc.appsync-api.eu-west-1.amazonaws.com.example.com/graphql", None),
            ("http://127.0.0.1:1/graphql", None),
        ] {
            let iam = Iam::of_endpoint(credentials(None), &endpoint.parse().unwrap());
            assert_eq!(iam.as_ref().map(|iam| iam.region.as_str()).ok(), region, "{endpoint}");
        }
    }

    #[test]
    fn debug_shows_no_credentials() {
        let iam = Iam::in_region(credentials(Some("canary-session")), "eu-west-1");
        let shown = format!("{iam:?} {:?}", crate::Auth::from(Iam::in_region(credentials(None), "eu-west-1")));
        assert!(!shown.contains("canary") && !shown.contains("AKID"), "{shown}");
    }
}
