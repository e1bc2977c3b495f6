//! One port: accepts connections, tells the services apart, and keeps each connection in its hands so that faults are real.

mod control;
mod route;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use self::route::{Call, Route};
use crate::answer::{Answer, Body, Ending};
use crate::appsync;
use crate::aws_json::{self, AwsError};
use crate::calls::{Service, TOKEN};
use crate::faults::{Fault, FaultKind};
use crate::lock::lock;
use crate::state::State;

/// AppSync takes no larger requests; the others neither.
const LARGEST_BODY: usize = 1024 * 1024;
/// But for five events of 240 KB, which are strings in it: nearly each character may have a backslash in front.
const LARGEST_BATCH: usize = 3 * 1024 * 1024;

/// Serves until its task is aborted; the connections end with it.
pub(crate) async fn run(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve_connection(stream, Arc::clone(&state)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, state: Arc<State>) {
    // Without it, small answers may wait for the delayed acknowledgement of the previous ones.
    let _ = stream.set_nodelay(true);
    let (take_over, mut taken_over) = unbounded_channel();
    let service = service_fn(|request| handle(Arc::clone(&state), request, take_over.clone()));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ending = tokio::select! {
        _ = &mut connection => return,
        ending = taken_over.recv() => ending,
    };
    if let Some(ending) = ending {
        ending.perform(connection.into_parts().io.into_inner()).await;
    }
}

async fn handle(
    state: Arc<State>,
    request: Request<Incoming>,
    take_over: UnboundedSender<Ending>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let limit = if head.uri.path() == "/event" { LARGEST_BATCH } else { LARGEST_BODY };
    let Ok(body) = Limited::new(body, limit).collect().await else {
        return Ok(Answer::html(413).into_response());
    };
    let body = body.to_bytes();
    let call = match Route::of(&head, &body) {
        Route::Control => return Ok(control::answer(&state, &head, &body).into_response()),
        Route::Nowhere => return Ok(Answer::html(404).into_response()),
        Route::Call(call) => call,
    };

    let latency = lock(&state.settings).latency[call.service() as usize];
    let trace = head.headers.get("x-amzn-trace-id").and_then(|trace| trace.to_str().ok());
    let in_progress = state.calls.begin(call.service(), call.operation(), trace);
    let fault = state.faults.take(call.service(), call.operation());
    if !latency.is_zero() && !matches!(call, Call::Options) {
        tokio::time::sleep(latency).await;
    }

    let Some(fault) = fault else {
        let answer = execute(&state, &head, &body, &call);
        in_progress.end(answer.status, answer.outcome.clone());
        return Ok(answer.into_response());
    };
    match fault.kind() {
        FaultKind::Throttle | FaultKind::Status { .. } | FaultKind::Answer { .. } | FaultKind::Unauthorized => {
            let answer = answer_of_fault(&fault, &call);
            in_progress.end(answer.status, format!("injected: {}", answer.outcome));
            Ok(answer.into_response())
        }
        FaultKind::Reset => {
            in_progress.end(0, "injected: connection reset");
            hand_over(take_over, Ending::Reset).await
        }
        FaultKind::LoseAnswer => {
            let answer = execute(&state, &head, &body, &call);
            in_progress.end(0, format!("injected: answer lost ({})", answer.outcome));
            hand_over(take_over, Ending::Reset).await
        }
        FaultKind::Truncate => {
            let answer = execute(&state, &head, &body, &call);
            in_progress.end(answer.status, format!("injected: answer cut off ({})", answer.outcome));
            hand_over(take_over, Ending::Truncated(answer)).await
        }
        FaultKind::Slow { millis } => {
            let answer = execute(&state, &head, &body, &call);
            in_progress.end(answer.status, format!("injected: slow body ({})", answer.outcome));
            Ok(answer.into_dripping_response(Duration::from_millis(*millis)))
        }
    }
}

/// Lets the connection's task take the socket away from hyper, which never gets an answer to send.
async fn hand_over(take_over: UnboundedSender<Ending>, ending: Ending) -> Result<Response<Body>, Infallible> {
    let _ = take_over.send(ending);
    pending().await
}

fn execute(state: &State, head: &Parts, body: &[u8], call: &Call) -> Answer {
    match call {
        Call::Cognito { operation } => {
            let allowed = lock(&state.iam).check(Service::Cognito, operation, &head.headers, body);
            let outcome = allowed.and_then(|()| lock(&state.cognito).call(operation, body, &state.cognito_context()));
            aws_json::answer(Service::Cognito, outcome)
        }
        Call::Ssm { operation } => {
            let per_second = lock(&state.settings).parameter_reads_per_second;
            let allowed = lock(&state.iam).check(Service::Ssm, operation, &head.headers, body);
            let mut ssm = lock(&state.ssm);
            let outcome = if let Err(refusal) = allowed {
                Err(refusal)
            } else if ssm.admits(operation, per_second, state.clock.now_millis()) {
                ssm.call(operation, body, state.clock.now())
            } else {
                Err(AwsError::throttled("ThrottlingException"))
            };
            aws_json::answer(Service::Ssm, outcome)
        }
        Call::SecretsManager { operation } => {
            let outcome = lock(&state.secrets_manager).call(operation, body, state.clock.now());
            aws_json::answer(Service::SecretsManager, outcome)
        }
        Call::Token => lock(&state.cognito).token(&head.headers, body, &state.cognito_context()),
        Call::Jwks { pool } => match lock(&state.cognito).jwks(pool) {
            Some(jwks) => Answer::new(200, "application/json", jwks.to_string(), "ok"),
            None => Answer::html(404),
        },
        Call::GraphQl { .. } => state.appsync.answer(head, body, state.clock.now_millis(), &state.seed, |claims| {
            lock(&state.cognito).issued_by_first_pool(claims)
        }),
        Call::Publish => {
            let (answer, published) =
                state.appsync.publish(head, body, state.clock.now_millis(), &state.seed, |claims| {
                    lock(&state.cognito).issued_by_first_pool(claims)
                });
            state.calls.publish(published);
            answer
        }
        Call::Options => appsync::answer_options(),
        Call::Traces => state.traces.answer(body),
    }
}

fn answer_of_fault(fault: &Fault, call: &Call) -> Answer {
    let answer = match (fault.kind(), call.service()) {
        (FaultKind::Throttle, Service::Cognito) if call.operation() == TOKEN => Answer::html(429),
        (FaultKind::Throttle, service @ (Service::Cognito | Service::Ssm | Service::SecretsManager)) => {
            let cognito = service == Service::Cognito;
            let code = if cognito { "TooManyRequestsException" } else { "ThrottlingException" };
            aws_json::answer(service, Err(AwsError::throttled(code)))
        }
        (FaultKind::Throttle, Service::AppSync) => {
            appsync::refused_at_the_edge(429, "TooManyRequestsException", "Rate exceeded")
        }
        (FaultKind::Unauthorized, Service::AppSync) => {
            appsync::refused_at_the_edge(401, "UnauthorizedException", "Token has expired.")
        }
        (FaultKind::Throttle, Service::Traces) => Answer::html(429),
        (FaultKind::Status { code }, _) => Answer::html(*code),
        (FaultKind::Answer { code, body }, service) => {
            let content_type = match service {
                Service::AppSync | Service::Traces => "application/json",
                Service::Cognito if call.operation() == TOKEN => "application/json",
                _ => aws_json::CONTENT_TYPE,
            };
            Answer::new(*code, content_type, body.to_string(), format!("HTTP {code}"))
        }
        _ => Answer::html(401),
    };
    match fault.retry_after_seconds() {
        Some(seconds) => answer.header("retry-after", seconds.to_string()),
        None => answer,
    }
}
