//! The part of the Lambda Runtime API that a function needs:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_cache::Clock;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify, mpsc},
};

/// A server that hands one event after the other to one function.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::Sender<String>,
    outcomes: mpsc::Receiver<Outcome>,
    asked: Arc<Notify>,
}

/// How an invocation ended.
pub(crate) enum Outcome {
    Answered(Value),
    Failed(Value),
}

/// The side of the server that its connections share.
struct Shared {
    events: Mutex<mpsc::Receiver<String>>,
    outcomes: mpsc::Sender<Outcome>,
    asked: Arc<Notify>,
}

/// Far more than a call takes, so that a function that hangs fails its test.
const PATIENCE: Duration = Duration::from_secs(30);

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, event_queue) = mpsc::channel(1);
        let (outcome_queue, outcomes) = mpsc::channel(1);
        let asked = Arc::new(Notify::new());
        let shared =
            Arc::new(Shared { events: Mutex::new(event_queue), outcomes: outcome_queue, asked: Arc::clone(&asked) });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, events, outcomes, asked }
    }

    /// What a function finds in `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the function asks for an event: its init phase is over then.
    pub(crate) async fn wait_for_next(&self) {
        tokio::time::timeout(PATIENCE, self.asked.notified()).await.unwrap();
    }

    /// Invokes the function once.
    pub(crate) async fn invoke(&mut self, event: impl ToString) -> Outcome {
        self.events.send(event.to_string()).await.unwrap();
        tokio::time::timeout(PATIENCE, self.outcomes.recv()).await.unwrap().unwrap()
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let result = || serde_json::from_slice(&body).unwrap();
    match path.rsplit('/').next().unwrap() {
        "next" => return Ok(next(&shared).await),
        "response" => shared.outcomes.send(Outcome::Answered(result())).await.unwrap(),
        "error" => shared.outcomes.send(Outcome::Failed(result())).await.unwrap(),
        other => panic!("the function asked for {other}"),
    }
    Ok(Response::builder().status(StatusCode::ACCEPTED).body(Full::default()).unwrap())
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    shared.asked.notify_one();
    let Some(event) = shared.events.lock().await.recv().await else { return Response::default() };
    let deadline = (Clock::wall().now() + PATIENCE).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Response::builder()
        .header("lambda-runtime-aws-request-id", "request-1")
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:query")
        .body(Full::from(event))
        .unwrap()
}
