use std::{fs, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// A certificate authority of this run alone, and the certificate of 127.0.0.1 that it has issued.
pub(crate) struct Certificates {
    /// A file with the authority's certificate.
    pub(crate) authority: PathBuf,
    /// A file with the authority's and all that the system trusts: reading as many is part of a start on Lambda.
    pub(crate) bundle: PathBuf,
    pub(crate) server: Arc<ServerConfig>,
}

impl Certificates {
    /// Issues them, and writes the authority's into `folder`.
    pub(crate) fn issue(folder: PathBuf) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        // OpenSSL takes a certificate for its own issuer where both have one name.
        params.distinguished_name.push(DnType::CommonName, "benchmark authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?
            .signed_by(&key, &authority)?;

        let own = folder.join("authority.pem");
        let bundle = folder.join("bundle.pem");
        fs::create_dir_all(&folder)?;
        fs::write(&own, authority.pem()).with_context(|| format!("cannot write {}", own.display()))?;
        let system = SYSTEM.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        fs::write(&bundle, format!("{}{system}", authority.pem()))?;

        let mut server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { authority: own, bundle, server: Arc::new(server) })
    }
}

/// Where distributions keep what they trust.
const SYSTEM: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
