//! Events of REST APIs, and of senders that are not served; what gateways make of claims and headers.

use http_api::Callers;
use local_cloud::Service;
use serde_json::{Value, json};

use super::call::{Call, new_order};
use crate::{
    events::{create_order, keyed_request, mutate},
    setup::Setup,
};

#[tokio::test]
async fn a_rest_api_is_served_like_an_http_api() {
    let t = Setup::start().await;
    let rest = |method: &str, id: &str| {
        let call = Call::rest(method, "/orders/{id}", &format!("/orders/{id}"));
        call.with("/pathParameters", json!({"id": id}))
    };
    let created = Call::rest("POST", "/orders", "/orders").json(&new_order()).send(&t).await;
    let order = created.expect(201);
    let id = order["id"].as_str().unwrap();
    let read = rest("GET", id).with("/multiValueHeaders/If-None-Match", json!(["\"7\"", "\"1\""])).send(&t).await;
    assert_eq!(read.status, 304);
    let changed = rest("PATCH", id).header("if-match", "\"1\"").json(&json!({"note": "ring twice"}));
    assert_eq!(changed.send(&t).await.expect(200)["version"], 2);

    // Decoded, and in whatever of the two members.
    let list = || Call::rest("GET", "/orders", "/orders");
    let parameters = json!({"customerEmail": ["grace@example.com"], "limit": ["100"]});
    let found = list().with("/multiValueQueryStringParameters", parameters).send(&t).await.expect(200);
    assert_eq!(found["items"][0]["id"], "order-2");
    let found = list().with("/queryStringParameters", json!({"customerEmail": "grace@example.com"})).send(&t).await;
    assert_eq!(found.expect(200)["items"][0]["id"], "order-2");
    let twice = json!({"limit": ["1", "2"]});
    list().with("/multiValueQueryStringParameters", twice).send(&t).await.problem(400);

    // A token's owner is who the Cognito authorizer says.
    let ada = t.cloud.customer_token("ada");
    let own = || Call::rest("GET", "/me/orders", "/me/orders").header("authorization", &ada);
    own().with("/requestContext/authorizer", json!({"claims": {"sub": "ada"}})).send(&t).await.expect(200);
    for authorizer in [Value::Null, json!({"claims": null}), json!({"principalId": "ada", "sub": "ada"})] {
        own().with("/requestContext/authorizer", authorizer).send(&t).await.problem(401);
    }
}

#[tokio::test]
async fn an_answer_has_the_members_of_its_format() {
    let t = Setup::start().await;
    for (call, members) in [
        (Call::get("/health"), &["body", "cookies", "headers", "isBase64Encoded", "statusCode"][..]),
        (Call::rest("GET", "/health", "/health"), &["body", "headers", "isBase64Encoded", "statusCode"]),
    ] {
        let answer = call.invoke(&t, Callers::Authorizer).await;
        let mut names: Vec<_> = answer.as_object().unwrap().keys().collect();
        names.sort_unstable();
        assert_eq!(names, members);
    }
}

#[tokio::test]
async fn groups_count_in_each_spelling() {
    let t = Setup::start().await;
    for (groups, status) in [
        (json!("[order-staff]"), 200),
        (json!("[readers order-staff]"), 200),
        (json!("order-staff"), 200),
        (json!("readers,order-staff"), 200),
        (json!(["readers", "order-staff"]), 200),
        (json!(r#"["readers","order-staff"]"#), 200),
        (json!("[readers,order-staff]"), 403), // one group of an HTTP API, with a comma in its name
        (json!(["readers,order-staff"]), 403),
        (json!("order-staffing"), 403),
        (json!(1), 403),
        (json!(true), 403),
        (json!(null), 403),
        (json!({"order-staff": true}), 403),
    ] {
        let claims = json!({"sub": "x", "cognito:groups": groups, "exp": 1_795_438_800, "email_verified": true});
        let http = Call::get("/orders").claims(claims.clone()).send(&t).await;
        let rest = Call::rest("GET", "/orders", "/orders").with("/requestContext/authorizer/claims", claims.clone());
        assert_eq!((http.status, rest.send(&t).await.status), (status, status), "{claims}");
        let mut event = keyed_request("x", "key", &create_order());
        event["requestContext"]["authorizer"]["jwt"]["claims"] = claims.clone();
        assert_eq!(mutate(&t, event).await["statusCode"], status, "{claims}");
    }
}

#[tokio::test]
async fn claims_that_are_no_text_are_no_failure() {
    let t = Setup::start().await;
    for claims in [json!({"sub": 7}), json!({"sub": null}), json!({"sub": true}), json!([]), json!("x"), json!(1)] {
        Call::get("/orders").claims(claims.clone()).send(&t).await.problem(401);
    }
    for authorizer in
        [json!(1), json!([]), json!({"jwt": 1}), json!({"lambda": {"sub": 1}}), json!({"iam": {"userId": "x"}})]
    {
        Call::get("/orders").authorizer(authorizer).send(&t).await.problem(401);
    }
    let scope = json!({"sub": "x", "scope": ["openid", "orders/read"], "auth_time": 1, "custom": {"a": [1.5]}});
    Call::get("/orders").claims(scope).send(&t).await.expect(200);
}

#[tokio::test]
async fn headers_may_hold_anything() {
    let t = Setup::start().await;
    for (value, status) in [(json!("Zoë"), 200), (json!("a\u{0}b\n"), 200), (json!(7), 200), (json!(null), 200)] {
        let call = Call::get("/orders").with("/headers/x-note", value.clone()).with("/headers/not a name", "x");
        assert_eq!(call.send(&t).await.status, status, "{value}");
    }
    Call::get("/orders").header("accept", "ä").send(&t).await.problem(406);
    Call::get("/me/orders").header("authorization", "ä").send(&t).await.problem(401);
    Call::post("/orders", &new_order()).header("idempotency-key", "ä").send(&t).await.problem(400);
    Call::patch("/orders/order-1", "ä", &json!({})).send(&t).await.problem(400);
    for cookies in [json!(["a=1", "b=ä; c"]), json!([]), json!("a"), json!([1]), json!(null)] {
        Call::get("/orders").with("/cookies", cookies).send(&t).await.expect(200);
    }
    for headers in [json!(null), json!([]), json!("x")] {
        Call::get("/orders").with("/headers", headers).send(&t).await.expect(200);
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_the_gateway_says_is_a_bad_request() {
    let t = Setup::start().await;
    let call = || Call::post("/orders", &json!({}));
    call().body("{").with("/isBase64Encoded", true).send(&t).await.problem(400);
    for body in [json!(null), json!(7), json!({})] {
        call().with("/body", body).send(&t).await.problem(400);
    }
}

#[tokio::test]
async fn whoever_is_not_served_is_told_so() {
    let t = Setup::start().await;
    let balancer = json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/b"}},
        "httpMethod": "GET",
        "path": "/orders",
        "queryStringParameters": {},
        "headers": {"host": "orders-123.eu-west-1.elb.amazonaws.com"},
        "body": "",
        "isBase64Encoded": false,
    });
    let problem = Call::of(balancer).send(&t).await.problem(501);
    assert!(problem["detail"].as_str().unwrap().contains("Application Load Balancer"), "{problem}");
    for event in [
        json!({}),
        json!(null),
        json!([]),
        json!("x"),
        json!(7),
        json!({"operation": "GetOrder"}),
        json!({"requestContext": {"http": {"method": ""}}}),
        json!({"requestContext": {"http": {"method": "a b"}}}),
        json!({"requestContext": {"eventType": "MESSAGE", "connectionId": "a"}, "body": "x"}),
        json!({"version": "2.0", "method": "GET", "path": "/orders", "requestContext": {"serviceArn": "arn:aws:vpc-lattice"}}),
    ] {
        Call::of(event).send(&t).await.problem(501);
    }
    assert_eq!(t.cloud.count(Service::AppSync), 0);
}
