//! A developer's machine: proxies, certificates and endpoints that are not AWS's, by the variables that all tools know.

use std::{fs, sync::Arc};

use aws_sdk_ssm::config::retry::RetryConfig;
use local_cloud::LocalCloud;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    setup::{Setup, config},
    wire::{Step, Wire, answer},
};

pub(crate) const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Nothing listens there.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

/// To which hosts the clients of a function with these settings want to be connected, by what they tell their proxy.
async fn connections(settings: &[(&str, &str)]) -> Vec<String> {
    let proxy = Wire::always(Step::Answer(answer("403 Forbidden", &[], ""))).await;
    let url = proxy.url.trim_end_matches("/graphql");
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| match *value {
            "PROXY" => (*name, url),
            "PROXY without http://" => (*name, url.trim_start_matches("http://")),
            value => (*name, value),
        })
        .chain([("AWS_ENDPOINT_URL", ""), ("APPSYNC_URL", "https://abc.appsync-api.eu-west-1.amazonaws.com/graphql")])
        .collect();
    let config = config(&LocalCloud::start().await.unwrap(), &settings);
    let http = startup::http_client(&config.aws).unwrap();
    let sdk = startup::sdk_config(&config.aws, http.clone());
    let sdk = sdk.into_builder().retry_config(RetryConfig::disabled()).build();
    let (ssm, cognito) = (aws_sdk_ssm::Client::new(&sdk), aws_sdk_cognitoidentityprovider::Client::new(&sdk));
    http.get(config.appsync_url).send().await.unwrap_err();
    ssm.get_parameter().name("a").send().await.unwrap_err();
    cognito.list_users().user_pool_id("a").send().await.unwrap_err();
    let line = |head: &str| head.lines().next().map(str::to_owned).unwrap();
    proxy.requests().iter().map(|request| line(&request.head)).collect()
}

#[tokio::test]
async fn everything_else_goes_through_the_proxy() {
    let all = ["abc.appsync-api", "ssm", "cognito-idp"]
        .map(|name| format!("CONNECT {name}.eu-west-1.amazonaws.com:443 HTTP/1.1"));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        assert_eq!(connections(&[(name, "PROXY"), ("NO_PROXY", "example.com")]).await, all, "{name}");
        assert_eq!(connections(&[(name, "PROXY"), ("HTTP_PROXY", NOWHERE)]).await, all, "{name}");
        assert_eq!(connections(&[(name, "PROXY without http://")]).await, all, "{name}");
    }
    // The one for all comes last.
    assert_eq!(connections(&[("HTTPS_PROXY", "PROXY"), ("ALL_PROXY", NOWHERE)]).await, all);
    for (name, hosts) in [
        ("NO_PROXY", "ssm.eu-west-1.amazonaws.com,.appsync-api.eu-west-1.amazonaws.com"),
        ("no_proxy", "*.appsync-api.eu-west-1.amazonaws.com ssm.eu-west-1.amazonaws.com"),
    ] {
        assert_eq!(connections(&[("HTTPS_PROXY", "PROXY"), (name, hosts)]).await, all[2..], "{name}");
    }
}

#[tokio::test]
async fn a_service_is_where_its_own_variable_says() {
    let cloud = LocalCloud::start().await.unwrap();
    let url = cloud.url();
    let services =
        ["AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"].map(|name| (name, url.as_str()));
    let t = Setup::start_on(cloud, &[&services[..], &[("AWS_ENDPOINT_URL", NOWHERE)]].concat()).await;
    assert_eq!(t.sign_ins(), 1);
}

#[tokio::test]
async fn endpoints_with_fips_and_with_ipv6_are_used_where_they_are_asked_for() {
    for (settings, ssm, cognito) in [
        (
            &[("AWS_USE_FIPS_ENDPOINT", "true")][..],
            "ssm-fips.us-east-1.amazonaws.com",
            "cognito-idp-fips.us-east-1.amazonaws.com",
        ),
        (&[("AWS_USE_DUALSTACK_ENDPOINT", "TRUE")], "ssm.us-east-1.api.aws", "cognito-idp.us-east-1.amazonaws.com"),
        (&[("AWS_USE_FIPS_ENDPOINT", "false")], "ssm.us-east-1.amazonaws.com", "cognito-idp.us-east-1.amazonaws.com"),
    ] {
        let settings = [settings, &[("AWS_REGION", "us-east-1"), ("HTTPS_PROXY", "PROXY")]].concat();
        let expected = [ssm, cognito].map(|host| format!("CONNECT {host}:443 HTTP/1.1"));
        assert_eq!(connections(&settings).await[1..], expected, "{settings:?}");
    }
}

#[tokio::test]
async fn the_certificates_of_a_bundle_are_trusted_as_well() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let tls = TlsAcceptor::from(Arc::new(tls));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 1 << 10]).await;
            let _ = stream.write_all(&answer("200 OK", &["connection: close"], "")).await;
        }
    });

    let folder = env!("CARGO_TARGET_TMPDIR");
    let [path, empty] = ["bundle.pem", "empty.pem"].map(|name| format!("{folder}/{name}"));
    // A system's bundle may have certificates in it that nobody can read.
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(&path, format!("{odd}{}", cert.pem())).unwrap();
    fs::write(&empty, odd).unwrap();

    let cloud = LocalCloud::start().await.unwrap();
    let elsewhere =
        [("APPSYNC_URL", "https://abc.appsync-api.eu-west-1.amazonaws.com/graphql"), ("AWS_ENDPOINT_URL", "")];
    let http = |path: &str| {
        let settings = [&elsewhere[..], &[("AWS_CA_BUNDLE", path)]].concat();
        startup::http_client(&config(&cloud, &settings).aws)
    };
    assert!(http(&path).unwrap().get(&url).send().await.unwrap().status().is_success());
    assert!(http("").unwrap().get(&url).send().await.unwrap_err().is_connect(), "nobody vouches for it");
    for path in [&empty, "/nowhere.pem"] {
        assert!(http(path).unwrap_err().to_string().contains(path));
    }
}
