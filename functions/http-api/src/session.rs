use std::time::{Duration, SystemTime};

use appsync::{AppSyncClient, AppSyncError, Auth, ErrorKind, Execution, Operation, OperationKind};
use auth_cache::{Clock, ErrorChain};
use axum::extract::FromRequestParts;
use http::{StatusCode, header, request::Parts};
use lambda_runtime::Context;

use crate::{
    caller::{Caller, Callers, Permission},
    event::Gateway,
    problem::Problem,
};

/// What a family of routes is made of.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) appsync: AppSyncClient,
    pub(crate) callers: Callers,
    pub(crate) side: Side,
}

/// As whom AppSync is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// As the service user, for callers who may see all orders.
    Service,
    /// As the caller, with the token that came with the request.
    Caller,
}

impl Side {
    /// The path of its orders.
    pub(crate) fn base(self) -> &'static str {
        match self {
            Self::Service => "/orders",
            Self::Caller => "/me/orders",
        }
    }
}

/// A request that is allowed: who makes it, and how its operations are executed. Taking it as an argument is what guards
/// a route.
pub(crate) struct Session {
    pub(crate) caller: Caller,
    pub(crate) side: Side,
    has_trailing_slash: bool,
    appsync: AppSyncClient,
    auth: Option<Auth>,
}

impl FromRequestParts<Api> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = Caller::of(parts, api.callers)?;
        let auth = match api.side {
            Side::Service => {
                caller.must_have(Permission::for_method(&parts.method))?;
                None
            }
            Side::Caller => Some(forwarded(parts)?),
        };
        let context = parts.extensions.get::<Context>();
        let trace = context.and_then(|context| context.xray_trace_id.as_deref());
        let appsync = api.appsync.clone().for_invocation(ends_at(context), trace);
        let has_trailing_slash = parts.extensions.get().is_some_and(|gateway: &Gateway| gateway.has_trailing_slash);
        Ok(Self { caller, side: api.side, has_trailing_slash, appsync, auth })
    }
}

impl Session {
    /// Whose lists the session reads: no other's cursor leads into them.
    pub(crate) fn scope(&self) -> &str {
        match self.side {
            Side::Service => self.side.base(),
            Side::Caller => &self.caller.subject,
        }
    }

    /// Where an order that was sent to the list is, relative to the path that the client sent: what the gateway or
    /// anything in front of it has taken away stays.
    pub(crate) fn location(&self, id: &str) -> String {
        if self.has_trailing_slash { id.to_owned() } else { format!("orders/{id}") }
    }

    /// Executes an operation as the side says.
    pub(crate) async fn execute<O: Operation>(&self, variables: O::Variables) -> Result<O::ResponseData, Problem> {
        self.send(self.appsync.execute::<O>(variables)).await
    }

    /// The same for a mutation that may be sent twice, because its variables say which one it is.
    pub(crate) async fn execute_idempotent<O: Operation>(
        &self,
        variables: O::Variables,
    ) -> Result<O::ResponseData, Problem> {
        self.send(self.appsync.execute::<O>(variables).idempotent()).await
    }

    async fn send<O: Operation>(&self, execution: Execution<'_, O>) -> Result<O::ResponseData, Problem> {
        tracing::Span::current().record("operation", O::NAME);
        let execution = match &self.auth {
            Some(caller) => execution.authorized_by(caller.clone()),
            None => execution,
        };
        let changes = O::KIND == OperationKind::Mutation;
        execution.await.map_err(|error| self.problem(&error, changes && error.may_have_executed()))
    }

    /// What each kind of failure behind the API means to a client in front of it. One that is not the client's own is
    /// logged here, once.
    fn problem(&self, error: &AppSyncError, may_have_changed: bool) -> Problem {
        startup::count_if_too_large(error);
        let problem = match error.kind() {
            ErrorKind::TokenRefused if self.side == Side::Caller => Problem::unauthorized(
                r#"Bearer error="invalid_token""#,
                "The order service does not accept this token, or no longer.",
            ),
            // Nobody is told when to send it again: that might do it twice.
            ErrorKind::Unavailable if may_have_changed => Problem::new(
                StatusCode::BAD_GATEWAY,
                "The order service did not answer. It may have carried out the request: look before you send it again.",
            ),
            ErrorKind::SignIn | ErrorKind::Unavailable if error.is_transient() => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The order service is not available.")
                    .retry(events::retry_after(error))
            }
            ErrorKind::Throttled => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The order service is too busy.")
                .retry(events::retry_after(error)),
            ErrorKind::SignIn | ErrorKind::TokenRefused | ErrorKind::Unavailable | ErrorKind::Malformed => {
                Problem::new(StatusCode::BAD_GATEWAY, "The order service failed. Contact its operator.")
            }
            ErrorKind::Denied => Problem::new(StatusCode::FORBIDDEN, "You are not allowed to do this."),
            ErrorKind::NotFound => Problem::no_such_order(),
            ErrorKind::ConditionFailed => match error.errors().first().and_then(|error| error.data.as_ref()) {
                Some(_) => Problem::stale(),
                None => Problem::no_such_order(),
            },
            ErrorKind::TimedOut => Problem::new(StatusCode::GATEWAY_TIMEOUT, "The order service took too long."),
            ErrorKind::Resolver => domain_error(error),
            ErrorKind::TooLarge if error.may_have_executed() => Problem::answer_too_large(),
            _ => unexpected(),
        };
        // The service user is one of ours: what it may not do, no caller can change.
        let is_ours =
            problem.status().is_server_error() || self.side == Side::Service && error.kind() == ErrorKind::Denied;
        if is_ours {
            tracing::error!(
                status = problem.status().as_u16(),
                error_type = error.error_type(),
                appsync_request_id = error.request_id(),
                error = %ErrorChain(error),
                "request failed",
            );
        }
        problem
    }
}

/// The refusals that belong to orders. Any other error of a resolver is a mistake of ours.
fn domain_error(error: &AppSyncError) -> Problem {
    let message = error.errors().first().and_then(|error| error.message.as_deref());
    match error.error_type() {
        Some("BadRequest") => {
            Problem::new(StatusCode::BAD_REQUEST, "The cursor does not belong to this list. Start without one.")
        }
        Some("InvalidOrder") => {
            let reason = message.unwrap_or("The order makes no sense").trim_end_matches('.');
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{reason}."))
        }
        Some("OrderNotCancellable") => {
            let status = error.error_info().and_then(|info| info.get("status")?.as_str()).unwrap_or("too far");
            Problem::new(StatusCode::CONFLICT, format!("An order that is {status} cannot be cancelled."))
        }
        _ => unexpected(),
    }
}

fn unexpected() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "The request failed. Contact the operator, with the x-request-id.")
}

/// The caller's own token. The gateway has checked it, and AppSync will again.
fn forwarded(parts: &Parts) -> Result<Auth, Problem> {
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(|token| Auth::token(token).ok()).ok_or_else(Problem::not_authenticated)
}

/// When Lambda ends the invocation, or before, when the gateway, which waits for 30 s, gives up.
fn ends_at(context: Option<&Context>) -> SystemTime {
    let now = Clock::wall().now();
    let gateway = now + LONGEST_INTEGRATION;
    let invocation = context.map(Context::deadline);
    invocation.filter(|end| *end > now).map_or(gateway, |end| end.min(gateway))
}

/// A second less than <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html> says.
const LONGEST_INTEGRATION: Duration = Duration::from_secs(29);
