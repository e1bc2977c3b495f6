use std::fmt;

use reqwest::{ClientBuilder, NoProxy, Proxy};

/// The proxies that requests go through, by the variables that all tools know: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`. What is on this machine's loopback is never asked for through one, because a proxy has a loopback of its own.
///
/// `Debug` shows nothing of them: a proxy's URL may have a password in it.
#[derive(Clone)]
pub struct Proxies(Vec<Proxy>);

/// `localhost` stands for the names under it as well; the last entry is IPv4 written as IPv6.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1,::ffff:127.0.0.0/104";

impl Proxies {
    /// In the order in which they are asked: one that is for http or https alone comes before one for both. The exceptions
    /// have commas or spaces in between; `*.example.com`, which reqwest does not know, is `.example.com`.
    pub(crate) fn new(proxies: impl IntoIterator<Item = Proxy>, exceptions: &str) -> Self {
        let hosts = exceptions.split([',', ' ']).map(|host| if host.starts_with("*.") { &host[1..] } else { host });
        let none = NoProxy::from_string(&hosts.fold(LOOPBACK.to_owned(), |all, host| all + "," + host));
        Self(proxies.into_iter().map(|proxy| proxy.no_proxy(none.clone())).collect())
    }

    /// Without any, reqwest would read the variables itself, and send requests for this machine to the proxy.
    pub(crate) fn add_to(&self, http: ClientBuilder) -> ClientBuilder {
        self.0.iter().cloned().fold(http.no_proxy(), ClientBuilder::proxy)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxies({})", self.0.len())
    }
}
