//! `/me/orders`: as the caller.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::call::{Call, claims, new_order};
use crate::setup::Setup;

#[tokio::test]
async fn a_customer_makes_reads_changes_and_cancels_an_order() {
    let t = Setup::start().await;
    let ada = t.cloud.customer_token("ada");
    t.cloud.reset_calls();
    let created = Call::post("/me/orders", &new_order()).by(&ada).send(&t).await;
    let order = created.expect(201);
    let path = &format!("/me/{}", created.header("location").unwrap());
    assert_eq!(*path, format!("/me/orders/{}", order["id"].as_str().unwrap()));

    let changed = Call::patch(path, "\"1\"", &json!({"note": "ring twice"})).by(&ada).send(&t).await.expect(200);
    assert_eq!((&changed["note"], &changed["version"]), (&json!("ring twice"), &json!(2)));
    let read = Call::get(path).by(&ada).send(&t).await.expect(200);
    assert_eq!(read, changed);
    let listed = Call::get("/me/orders").by(&ada).send(&t).await.expect(200);
    assert_eq!(listed, json!({"items": [read], "nextCursor": null}));

    let cancel = Call::new("POST", &format!("{path}/cancel")).header("if-match", "\"2\"").by(&ada);
    let cancelled = cancel.json(&json!({"reason": "too late"})).send(&t).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["cancellationReason"]), (&json!("CANCELLED"), &json!("too late")));
    assert_eq!(t.sign_ins(), 0, "the service has no part in it");
}

#[tokio::test]
async fn orders_of_others_are_not_there_and_the_status_is_not_theirs_to_set() {
    let t = Setup::start().await;
    let (ada, bob) = (t.cloud.customer_token("ada"), t.cloud.customer_token("bob"));
    let created = Call::post("/me/orders", &new_order()).by(&ada).send(&t).await;
    let path = &format!("/me/{}", created.header("location").unwrap());
    Call::get(path).by(&bob).send(&t).await.problem(404);
    Call::patch(path, "\"1\"", &json!({"note": "mine"})).by(&bob).send(&t).await.problem(404);
    let cancel = Call::new("POST", &format!("{path}/cancel")).header("if-match", "\"1\"");
    cancel.by(&bob).send(&t).await.problem(404);
    Call::patch(path, "\"1\"", &json!({"status": "PAID"})).by(&ada).send(&t).await.problem(403);
    assert_eq!(Call::get(path).by(&ada).send(&t).await.expect(200), created.expect(201));
}

#[tokio::test]
async fn a_token_that_appsync_refuses_is_the_callers_matter() {
    let t = Setup::start().await;
    let ada = t.cloud.customer_token("ada");
    t.cloud.set_clock_offset(7200);
    let answer = Call::get("/me/orders").by(&ada).send(&t).await;
    answer.problem(401);
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    // The gateway passes no request on without the header; a function that is called otherwise has no token to forward.
    let no_token = json!({"jwt": {"claims": {"sub": "ada"}}});
    Call::get("/me/orders").authorizer(no_token).send(&t).await.problem(401);
}

#[tokio::test]
async fn tokens_of_callers_at_the_same_time_never_mix() {
    let t = Setup::start().await;
    let tokens = ["ada", "bob", "eve"].map(|name| t.cloud.customer_token(name));
    let calls = (0..60).map(|number| {
        let (t, token) = (&t, &tokens[number % 3]);
        async move {
            let created = Call::post("/me/orders", &new_order()).by(token).send(t).await.expect(201);
            let staff = Call::get(&format!("/orders/{}", created["id"].as_str().unwrap())).send(t).await.expect(200);
            let own = Call::get("/me/orders?limit=100").by(token).send(t).await.expect(200);
            let owner = &claims(token)["sub"];
            assert_eq!((&created["owner"], &staff["owner"]), (owner, owner));
            let owners: Vec<&Value> = own["items"].as_array().unwrap().iter().map(|order| &order["owner"]).collect();
            assert!(!owners.is_empty() && owners.iter().all(|other| *other == owner), "{owners:?}");
        }
    });
    join_all(calls).await;
    assert_eq!(t.sign_ins(), 1, "one for the service, and none for callers");
}
