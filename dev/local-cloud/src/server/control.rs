//! `/_local-cloud/…`: what [`crate::LocalCloud`] does, for another process. The routes are listed in the crate's documentation.

use hyper::Method;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::faults::Fault;
use crate::lock::lock;
use crate::state::State;

pub(crate) fn answer(state: &State, head: &Parts, body: &[u8]) -> Answer {
    let route = head.uri.path().trim_start_matches("/_local-cloud/");
    match (&head.method, route) {
        (&Method::GET, "health") => ok(&json!({"status": "ok"})),
        (&Method::GET, "seed") => ok(&json!(state.seed)),
        (&Method::GET, "calls") => ok(&json!(state.calls.all())),
        (&Method::DELETE, "calls") => {
            state.calls.reset();
            ok(&json!({}))
        }
        (&Method::GET, "published") => ok(&json!(state.calls.published())),
        (&Method::GET, "settings") => ok(&lock(&state.settings).to_json(&state.clock)),
        (&Method::PUT, "settings") => match change_settings(state, body) {
            Ok(()) => ok(&lock(&state.settings).to_json(&state.clock)),
            Err(problem) => refused(400, &problem),
        },
        (&Method::GET, "faults") => ok(&json!(state.faults.to_come())),
        (&Method::POST, "faults") => match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => {
                state.faults.inject(fault);
                ok(&json!(state.faults.to_come()))
            }
            Err(error) => refused(400, &error.to_string()),
        },
        (&Method::DELETE, "faults") => {
            state.faults.clear();
            ok(&json!([]))
        }
        (&Method::POST, _) if route.starts_with("customers/") => {
            token(state, route.trim_start_matches("customers/"), None)
        }
        (&Method::POST, _) if route.starts_with("members/") => {
            match route.trim_start_matches("members/").split_once('/') {
                Some((group, name)) => token(state, name, Some(group)),
                None => refused(404, "name the group and the user: members/GROUP/NAME"),
            }
        }
        _ => refused(404, "no such route: see the documentation of the crate local_cloud"),
    }
}

fn token(state: &State, name: &str, group: Option<&str>) -> Answer {
    Answer::new(200, "text/plain", state.token_of(name, group), "ok")
}

fn change_settings(state: &State, body: &[u8]) -> Result<(), String> {
    let wanted: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    lock(&state.settings).apply(&state.clock, &wanted)
}

fn ok(body: &Value) -> Answer {
    Answer::new(200, "application/json", body.to_string(), "ok")
}

fn refused(status: u16, problem: &str) -> Answer {
    Answer::new(status, "application/json", json!({"error": problem}).to_string(), "refused")
}
