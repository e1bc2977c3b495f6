use std::path::PathBuf;

use aws_sdk_ssm::config::{Credentials, Region};
use reqwest::Proxy;
use url::Url;

use crate::{
    proxies::Proxies,
    settings::{Settings, text, url},
};

/// How to reach AWS: what Lambda sets in every function's environment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AwsConfig {
    /// The region of Cognito and SSM.
    pub region: Region,
    /// The credentials of the function's role.
    pub credentials: Credentials,
    /// Whether AWS's endpoints with cryptography that is validated by FIPS 140 are used.
    pub use_fips: bool,
    /// Whether AWS's endpoints that have IPv6 are used.
    pub use_dual_stack: bool,
    /// Certificates to trust beside those that are compiled in.
    pub ca_bundle: Option<PathBuf>,
    /// The proxies that requests go through, to AppSync as well.
    pub proxies: Proxies,
    /// By the service's id, and `None` for all others.
    endpoint_urls: Vec<(Option<&'static str>, Url)>,
}

impl AwsConfig {
    /// Where a service is, when it is not AWS. The AWS SDKs call it by an id, such as `SSM`.
    pub fn endpoint_url(&self, service_id: &str) -> Option<&Url> {
        let of = |service: Option<&str>| self.endpoint_urls.iter().find(|(of, _)| *of == service);
        of(Some(service_id)).or_else(|| of(None)).map(|(_, url)| url)
    }
}

pub(crate) const COGNITO: &str = "Cognito Identity Provider";
/// The services that the crates of this workspace call.
const SERVICES: [&str; 3] = [COGNITO, "SSM", "Secrets Manager"];

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    pub(crate) fn aws(&mut self) -> Option<AwsConfig> {
        let region = self.required("AWS_REGION", "a region such as eu-west-1", text);
        let key_id = self.required("AWS_ACCESS_KEY_ID", "set by Lambda from the function's role", text);
        let secret = self.required("AWS_SECRET_ACCESS_KEY", "set by Lambda from the function's role", text);
        let session = self.optional("AWS_SESSION_TOKEN", "set by Lambda from the function's role", text);
        let common = self.endpoint_url("AWS_ENDPOINT_URL").map(|url| (None, url));
        let endpoint_urls = SERVICES.into_iter().filter_map(|service| {
            let name = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase().replace(' ', "_"));
            Some((Some(service), self.endpoint_url(&name)?))
        });
        let endpoint_urls = endpoint_urls.chain(common).collect();
        let use_fips = self.switch("AWS_USE_FIPS_ENDPOINT");
        let use_dual_stack = self.switch("AWS_USE_DUALSTACK_ENDPOINT");
        let ca_bundle = self.optional("AWS_CA_BUNDLE", "a PEM file", |path| Some(PathBuf::from(path)));
        let proxies = self.proxies();
        Some(AwsConfig {
            region: Region::new(region?),
            credentials: Credentials::new(key_id?, secret?, session, None, "environment"),
            use_fips,
            use_dual_stack,
            ca_bundle,
            proxies,
            endpoint_urls,
        })
    }

    fn endpoint_url(&mut self, name: &str) -> Option<Url> {
        let url = self.optional(name, "a URL such as http://127.0.0.1:8000", url);
        self.secure(name, url)
    }

    /// As the AWS SDKs read it.
    fn switch(&mut self, name: &str) -> bool {
        let switch = self.optional(name, "true or false", |value| value.to_ascii_lowercase().parse().ok());
        switch.unwrap_or(false)
    }

    /// Capitals come first, as with curl and others.
    fn proxies(&mut self) -> Proxies {
        let proxies = [
            (["HTTP_PROXY", "http_proxy"], Proxy::http as fn(String) -> _),
            (["HTTPS_PROXY", "https_proxy"], Proxy::https),
            (["ALL_PROXY", "all_proxy"], Proxy::all),
        ]
        .map(|(names, proxy)| {
            let name = names.into_iter().find(|name| self.value(name).is_some())?;
            self.optional(name, "a URL such as http://proxy.example.com:3128", |url| proxy(url.to_owned()).ok())
        });
        let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| self.value(name));
        Proxies::new(proxies.into_iter().flatten(), &exceptions.unwrap_or_default())
    }
}
