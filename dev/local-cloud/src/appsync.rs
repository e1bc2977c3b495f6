//! AWS AppSync: the edge that checks the token, the execution of a GraphQL request, the events that are published, and the
//! shapes of the answers.

mod answers;
mod authorize;
mod directives;
mod event_api;
mod execute;
mod failure;
mod orders;
mod request;
mod resolve;
mod resolvers;
mod scalars;
mod schema;
mod signature;
mod validate;
mod variables;

use std::sync::{Arc, Mutex};

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use hyper::http::request::Parts;
use serde_json::json;

pub(crate) use self::answers::Answers;
use self::authorize::{Caller, authorize};
use self::event_api::Batch;
use self::orders::store::Orders;
use self::request::GraphQlRequest;
pub(crate) use self::request::operation_name;
use self::signature::{Signed, is_signature};
use crate::answer::Answer;
use crate::calls::PublishedEvent;
use crate::ids;
use crate::jwt::{Claims, Keys};
use crate::lock::lock;
use crate::seed::Seed;
use crate::user_pool::UserPool;

const CONTENT_TYPE: &str = "application/json;charset=UTF-8";

/// One GraphQL API, with the example's orders behind it.
pub(crate) struct AppSync {
    schema: Valid<Schema>,
    answers: Answers,
    keys: Keys,
    /// Where it is another than this stand-in's.
    user_pool: Mutex<Option<Arc<UserPool>>>,
    orders: Mutex<Orders>,
}

impl AppSync {
    /// # Errors
    /// What is wrong with the SDL, with its lines.
    pub(crate) fn new(sdl: &str, answers: Answers, keys: Keys) -> Result<Self, String> {
        let schema = schema::parse(sdl)?;
        Ok(Self { schema, answers, keys, user_pool: Mutex::default(), orders: Mutex::default() })
    }

    /// From now on this is the API's user pool, and no other.
    pub(crate) fn trust(&self, user_pool: UserPool) {
        *lock(&self.user_pool) = Some(Arc::new(user_pool));
    }

    /// `POST /graphql`. `is_trusted` says whether claims, which one of the keys has signed, are of this API's user pool,
    /// unless that is somewhere else.
    pub(crate) fn answer(
        &self,
        head: &Parts,
        body: &[u8],
        now_millis: i64,
        seed: &Seed,
        is_trusted: impl FnOnce(&Claims) -> bool,
    ) -> Answer {
        let caller = match self.caller(head, body, now_millis, seed, is_trusted) {
            Ok(caller) => caller,
            Err(refusal) => return refusal,
        };
        let request = match GraphQlRequest::parse(body) {
            Ok(request) => request,
            Err(message) => return refused_at_the_edge(400, "MalformedHttpRequestException", message),
        };
        let response = execute::execute(&self.schema, &self.answers, &self.orders, &request, &caller, now_millis);
        let outcome = response.outcome();
        Answer::new(200, CONTENT_TYPE, response.into_json(), outcome)
            .header("x-amzn-requestid", ids::uuid())
            .header("x-amzn-appsync-tokensconsumed", "1".to_owned())
    }

    /// `POST /event`: the answer, and the events that it says were published.
    pub(crate) fn publish(
        &self,
        head: &Parts,
        body: &[u8],
        now_millis: i64,
        seed: &Seed,
        is_trusted: impl FnOnce(&Claims) -> bool,
    ) -> (Answer, Vec<PublishedEvent>) {
        let batch = match self.caller(head, body, now_millis, seed, is_trusted) {
            Ok(_) => Batch::parse(body),
            Err(refusal) => return (refusal, Vec::new()),
        };
        match batch {
            Ok(batch) => {
                let (body, published) = batch.publish();
                let answer = Answer::new(200, CONTENT_TYPE, body.to_string(), "ok");
                (answer.header("x-amzn-requestid", ids::uuid()), published)
            }
            Err(message) => (refused_at_the_edge(400, "BadRequestException", &message), Vec::new()),
        }
    }

    /// # Errors
    /// The answer to a request of somebody else.
    fn caller(
        &self,
        head: &Parts,
        body: &[u8],
        now_millis: i64,
        seed: &Seed,
        is_trusted: impl FnOnce(&Claims) -> bool,
    ) -> Result<Caller, Answer> {
        let (now, headers) = (now_millis.div_euclid(1000), &head.headers);
        if is_signature(headers) {
            let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
            let signed = Signed { method: &head.method, path, query, headers, body };
            let secret_of = |key: &str| (key == seed.access_key_id).then_some(&*seed.secret_access_key);
            let verified = signed.verify(&seed.region, now, secret_of);
            return verified
                .map(|()| Caller::Iam)
                .map_err(|(error_type, message)| refused_at_the_edge(403, error_type, message));
        }
        let elsewhere = lock(&self.user_pool).clone();
        let caller = match elsewhere {
            Some(pool) => authorize(headers, |token| pool.verify(token), now, |claims| pool.issued(claims)),
            None => authorize(headers, |token| self.keys.verify(token), now, is_trusted),
        };
        caller.map_err(|message| refused_at_the_edge(401, "UnauthorizedException", message))
    }

    pub(crate) fn seed(&self, now_millis: i64) {
        lock(&self.orders).seed(now_millis);
    }
}

/// `OPTIONS /graphql` and `OPTIONS /event`: no authorization, no body. Clients open a connection with it ahead of time.
pub(crate) fn answer_options() -> Answer {
    Answer::new(200, CONTENT_TYPE, String::new(), "ok")
        .header("x-amzn-requestid", ids::uuid())
        .header("access-control-allow-origin", "*".to_owned())
        .header("access-control-allow-methods", "POST, OPTIONS".to_owned())
        .header("access-control-allow-headers", "authorization, content-type, x-amz-user-agent, x-api-key".to_owned())
        .header("access-control-max-age", "172800".to_owned())
}

/// A refusal before anything is executed, pretty-printed byte for byte as AppSync does.
pub(crate) fn refused_at_the_edge(status: u16, error_type: &'static str, message: &str) -> Answer {
    let body = format!(
        "{{\n  \"errors\" : [ {{\n    \"errorType\" : {},\n    \"message\" : {}\n  }} ]\n}}",
        json!(error_type),
        json!(message)
    );
    Answer::new(status, CONTENT_TYPE, body, error_type)
        .header("x-amzn-requestid", ids::uuid())
        .header("x-amzn-errortype", error_type.to_owned())
}
