use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;

/// Lets the SDK send its requests with the HTTP client that the process has anyway: one TLS stack, one set of roots.
///
/// The SDK's own client reads and parses the system's certificates at each start and brings HTTP/2, which together is
/// more work than all the rest of the init phase. The connect timeout is the HTTP client's own.
#[derive(Clone, Debug)]
pub(crate) struct SdkHttp(pub(crate) reqwest::Client);

impl HttpClient for SdkHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SdkHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(exchange(self.0.clone(), request))
    }
}

async fn exchange(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let Some(body) = body.bytes().map(<[u8]>::to_vec) else {
        return Err(ConnectorError::user("the request has a body that is not in memory".into()));
    };
    let request = reqwest::Request::try_from(http::Request::from_parts(head, body)).map_err(classify)?;
    let mut response = http.execute(request).await.map_err(classify)?;

    let mut answer = http::Response::new(());
    *answer.status_mut() = response.status();
    std::mem::swap(answer.headers_mut(), response.headers_mut());
    // As a stream, of which `Debug` shows nothing: the SDK logs answers at TRACE, and these hold passwords and tokens.
    let body = SdkBody::from_body_1_x(reqwest::Body::from(response));
    answer.map(|()| body).try_into().map_err(|error| ConnectorError::other(Box::new(error), None))
}

/// A broken connection is worth another request, a host that cannot be reached in time is not. The kernel calls it a timeout
/// too when it gives a connection up that has died.
fn classify(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() && error.is_connect() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
