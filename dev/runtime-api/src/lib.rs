//! Lambda's Runtime API on this machine. A function gets its events from it:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
//!
//! The benchmark and the tests of whole processes use it. Servers listen on 127.0.0.1 only.

mod times;

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};

pub use times::{Stopwatch, millis, percentile};

/// A server for one function, which may have several pollers and so several invocations at once.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Event>,
}

/// What the function is handed.
#[derive(Debug)]
struct Event {
    request_id: String,
    trace: String,
    body: Bytes,
}

/// How an invocation ended.
#[derive(Debug)]
pub struct Outcome {
    /// When the event was handed out, by the wall clock.
    pub at: SystemTime,
    /// From handing out the event to having the whole answer.
    pub wall: Duration,
    /// The answer, or the error that the function reported.
    pub answer: Result<Bytes, Bytes>,
}

#[derive(Debug)]
struct Shared {
    queue: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    /// One permit for each poll that waits for its event.
    polls: Semaphore,
    /// By request id.
    invocations: Mutex<HashMap<String, Invocation>>,
    last_id: AtomicU64,
    /// Of an invocation, as its deadline says.
    timeout: Duration,
}

#[derive(Debug)]
struct Invocation {
    at: SystemTime,
    handed_out: Stopwatch,
    done: oneshot::Sender<Outcome>,
}

/// The longest that anything takes. Lambda would end a function after its timeout too.
const PATIENCE: Duration = Duration::from_secs(60);

impl RuntimeApi {
    /// Starts it on a free port; it ends with the runtime. An invocation may take 30 s, as its deadline says.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> Result<Self> {
        Self::start_with_timeout(TIMEOUT).await
    }

    /// The same for a function with another timeout.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start_with_timeout(timeout: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (events, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            queue: tokio::sync::Mutex::new(queue),
            polls: Semaphore::new(0),
            invocations: Mutex::default(),
            last_id: AtomicU64::new(0),
            timeout,
        });
        let for_connections = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&for_connections)));
            }
        });
        Ok(Self { address, shared, events })
    }

    /// What the function finds in `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the function asks for an event that it has not got yet: it is idle then.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn idle(&self) -> Result<()> {
        let poll = timeout(PATIENCE, self.shared.polls.acquire()).await;
        // Given back at once: the poll goes on waiting.
        poll.context("the function does not ask for an event")?.map(drop)?;
        Ok(())
    }

    /// Invokes the function once, in a trace that is not sampled. Request ids are UUIDs that count from 0.
    ///
    /// # Errors
    /// When it does not answer within a minute. That it answers with an error is an outcome.
    pub async fn invoke(&self, event: impl Into<Bytes>) -> Result<Outcome> {
        self.invoke_in_trace(NOT_SAMPLED, event).await
    }

    /// The same in the trace of this `X-Amzn-Trace-Id`, such as
    /// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
    ///
    /// # Errors
    /// As [`RuntimeApi::invoke`].
    pub async fn invoke_in_trace(&self, trace: &str, event: impl Into<Bytes>) -> Result<Outcome> {
        let id = self.shared.last_id.fetch_add(1, Ordering::Relaxed);
        let request_id = format!("00000000-0000-4000-8000-{id:012x}");
        let (done, outcome) = oneshot::channel();
        self.shared
            .invocations()
            .insert(request_id.clone(), Invocation { at: now(), handed_out: Stopwatch::start(), done });
        self.events.send(Event { request_id, trace: trace.to_owned(), body: event.into() })?;
        timeout(PATIENCE, outcome).await.context("the function does not answer")?.context("the server has ended")
    }
}

impl Shared {
    fn invocations(&self) -> std::sync::MutexGuard<'_, HashMap<String, Invocation>> {
        self.invocations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(Arc::clone(&shared), request));
    // An error means that the function has ended, which whoever waits for it notices.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let Ok(body) = request.into_body().collect().await else { return Ok(status(StatusCode::BAD_REQUEST)) };
    let ended = Stopwatch::start();
    let body = body.to_bytes();
    let mut parts = path.rsplit('/');
    let outcome = match (parts.next(), parts.next()) {
        (Some("next"), _) => return Ok(next(&shared).await),
        (Some("response"), Some(id)) => (id, Ok(body)),
        // The process ends now, which whoever waits for it notices; its log has the cause.
        (Some("error"), Some("init")) => return Ok(status(StatusCode::ACCEPTED)),
        (Some("error"), Some(id)) => (id, Err(body)),
        _ => return Ok(status(StatusCode::NOT_FOUND)),
    };
    let (id, answer) = outcome;
    let Some(Invocation { at, handed_out, done }) = shared.invocations().remove(id) else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let _ = done.send(Outcome { at, wall: handed_out.until(ended), answer });
    Ok(status(StatusCode::ACCEPTED))
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    shared.polls.add_permits(1);
    let event = shared.queue.lock().await.recv().await;
    shared.polls.forget_permits(1);
    let Some(Event { request_id, trace, body }) = event else { return status(StatusCode::GONE) };
    let now = now();
    let deadline = (now + shared.timeout).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    if let Some(invocation) = shared.invocations().get_mut(&request_id) {
        (invocation.at, invocation.handed_out) = (now, Stopwatch::start());
    }
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", request_id)
        .header("lambda-runtime-deadline-ms", deadline.to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench")
        .header("lambda-runtime-trace-id", trace);
    response.body(Full::from(body)).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "Lambda's own clock, which nothing else reads")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

const NOT_SAMPLED: &str = "Root=1-5eed5eed-5eed5eed5eed5eed5eed5eed;Parent=5eed5eed5eed5eed;Sampled=0";

/// The function's timeout unless another is given.
const TIMEOUT: Duration = Duration::from_secs(30);
