use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};
use local_cloud::{LocalCloud, Service};

use crate::{certificates::Certificates, front::Front};

/// The services that are called: the stand-in, by itself and behind TLS.
pub(crate) struct Backend {
    pub(crate) cloud: LocalCloud,
    pub(crate) front: Front,
    pub(crate) certificates: Certificates,
}

/// What Cognito, SSM and AppSync take for an answer, seen from a function in the same region.
pub(crate) const SIGN_IN: Duration = Duration::from_millis(100);
pub(crate) const PARAMETERS: Duration = Duration::from_millis(20);
pub(crate) const APPSYNC: Duration = Duration::from_millis(15);

impl Backend {
    pub(crate) async fn start(folder: PathBuf) -> Result<Self> {
        let certificates = Certificates::issue(folder)?;
        let cloud = LocalCloud::start().await.context("cannot start the stand-in")?;
        let behind: SocketAddr = cloud.url().trim_start_matches("http://").parse()?;
        let front = Front::start(certificates.server.clone(), behind).await?;
        Ok(Self { cloud, front, certificates })
    }

    pub(crate) fn set_latencies(&self, realistic: bool) {
        for (service, latency) in [(Service::Cognito, SIGN_IN), (Service::Ssm, PARAMETERS), (Service::AppSync, APPSYNC)]
        {
            self.cloud.set_latency(service, if realistic { latency } else { Duration::ZERO });
        }
    }

    pub(crate) fn url(&self, over_tls: bool) -> String {
        if over_tls { self.front.url() } else { self.cloud.url() }
    }

    /// A token of the service user, signed in without a call.
    pub(crate) fn token(&self) -> String {
        let seed = self.cloud.seed();
        self.cloud.member_token(&seed.username, &seed.group)
    }

    /// The environment that points a function of any language at it.
    pub(crate) fn environment(&self, over_tls: bool) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .cloud
            .environment()
            .iter()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.replace(&self.cloud.url(), &self.url(over_tls))))
            .collect();
        // Lambda sets both; boto3 reads the second.
        all.push(("AWS_DEFAULT_REGION".to_owned(), self.cloud.seed().region.clone()));
        if over_tls {
            // Ours has its roots compiled in, and Node too; the others read a bundle of certificates wherever they run.
            let Certificates { authority, bundle, .. } = &self.certificates;
            for (name, file) in
                [("AWS_CA_BUNDLE", authority), ("NODE_EXTRA_CA_CERTS", authority), ("SSL_CERT_FILE", bundle)]
            {
                all.push((name.to_owned(), file.display().to_string()));
            }
        }
        all
    }
}
