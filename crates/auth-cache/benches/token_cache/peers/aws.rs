//! The AWS SDK's cache of identities: aws-smithy-runtime's `IdentityCache::lazy()`, called as the SDK's orchestrator
//! calls it for each request.

use std::sync::Arc;

use auth_cache::{BoxError, Token, TokenSource as _};
use aws_smithy_async::{rt::sleep::default_async_sleep, time::SystemTimeSource};
use aws_smithy_runtime::client::{
    auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme},
    identity::IdentityCache,
    orchestrator::endpoints::StaticUriEndpointResolver,
    retries::strategy::NeverRetryStrategy,
};
use aws_smithy_runtime_api::client::{
    auth::static_resolver::StaticAuthSchemeOptionResolver,
    identity::{
        Identity, IdentityFuture, ResolveCachedIdentity as _, ResolveIdentity, SharedIdentityCache,
        SharedIdentityResolver,
    },
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::config_bag::ConfigBag;

use super::{Peer, Source};

#[derive(Debug)]
pub(crate) struct AwsLazyCache {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    config: ConfigBag,
}

impl Peer for AwsLazyCache {
    const NAME: &'static str = "aws-smithy-runtime LazyCache";
    type Token = Identity;

    #[expect(clippy::expect_used, reason = "nothing that an SDK client needs is missing")]
    fn new(source: Arc<Source>) -> Self {
        let cache = IdentityCache::lazy().build();
        let resolver = SharedIdentityResolver::new(Resolver(source));
        let components = RuntimeComponents::builder("benchmark")
            .with_auth_scheme(NoAuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![NO_AUTH_SCHEME_ID])))
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::http_localhost(80)))
            .with_identity_cache(Some(cache.clone()))
            .with_identity_resolver(NO_AUTH_SCHEME_ID, resolver.clone())
            .with_retry_strategy(Some(NeverRetryStrategy::new()))
            .with_sleep_impl(default_async_sleep())
            .with_time_source(Some(SystemTimeSource::new()))
            .build()
            .expect("complete components");
        Self { cache, resolver, components, config: ConfigBag::base() }
    }

    async fn get(&self) -> Result<Identity, BoxError> {
        self.cache.resolve_cached_identity(self.resolver.clone(), &self.components, &self.config).await
    }

    fn jwt(token: &Identity) -> &[u8] {
        token.data::<Token>().map(|token| token.header().as_bytes()).unwrap_or_default()
    }
}

#[derive(Debug)]
struct Resolver(Arc<Source>);

impl ResolveIdentity for Resolver {
    fn resolve_identity<'a>(&'a self, _: &'a RuntimeComponents, _: &'a ConfigBag) -> IdentityFuture<'a> {
        IdentityFuture::new(async {
            let token = self.0.sign_in().await?;
            let expires_at = token.expires_at();
            Ok(Identity::new(token, expires_at))
        })
    }
}
