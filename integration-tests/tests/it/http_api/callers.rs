//! Who may call what.

use http_api::Callers;
use local_cloud::Service;
use serde_json::{Value, json};

use super::call::{Call, claims, create, new_order};
use crate::setup::Setup;

#[tokio::test]
async fn without_the_claims_of_an_authorizer_nothing_is_answered() {
    let t = Setup::start().await;
    let token = t.cloud.member_token("grace", "order-staff");
    t.cloud.reset_calls();
    for authorizer in [
        Value::Null,
        json!({}),
        json!({"jwt": {"claims": {}, "scopes": ["orders/read"]}}),
        json!({"jwt": {"claims": {"cognito:groups": "[order-staff]"}}}),
        json!({"jwt": {"claims": {"sub": "", "cognito:groups": "[order-staff]"}}}),
        json!({"lambda": {"sub": "grace"}}),
    ] {
        for call in [Call::get("/orders"), Call::get("/orders/order-1"), Call::post("/me/orders", &new_order())] {
            // A token that nobody has verified does not count.
            let call = call.header("authorization", &format!("Bearer {token}")).authorizer(authorizer.clone());
            let answer = call.send(&t).await;
            answer.problem(401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(t.cloud.count(Service::AppSync), 0);
}

#[tokio::test]
async fn all_orders_are_for_staff_and_for_those_with_the_scope() {
    let t = Setup::start().await;
    let create = || Call::post("/orders", &new_order());
    for (claims, read, write) in [
        (json!({"sub": "x", "cognito:groups": "[order-staff]"}), 200, 201),
        (json!({"sub": "x", "cognito:groups": "[a order-staff b]"}), 200, 201),
        (json!({"sub": "x", "scope": "openid orders/read"}), 200, 403),
        (json!({"sub": "x", "scope": "orders/write"}), 403, 201),
        (json!({"sub": "x", "cognito:groups": "[order-services]", "scope": "openid"}), 403, 403),
        (json!({"sub": "x", "cognito:groups": "[order-staffing]"}), 403, 403),
        (json!({"sub": "order-staff"}), 403, 403),
    ] {
        let answer = Call::get("/orders").claims(claims.clone()).send(&t).await;
        assert_eq!(answer.status, read, "{claims}");
        if read == 403 {
            let challenge = r#"Bearer error="insufficient_scope", scope="orders/read""#;
            assert_eq!(answer.header("www-authenticate"), Some(challenge));
        }
        assert_eq!(create().claims(claims.clone()).send(&t).await.status, write, "{claims}");
    }
    // The gateway's list is of what the route asks for, not of what the token has.
    let jwt = json!({"claims": {"sub": "x"}, "scopes": ["orders/read", "orders/write"]});
    Call::get("/orders").authorizer(json!({"jwt": jwt})).send(&t).await.problem(403);
}

#[tokio::test]
async fn a_token_counts_unverified_where_it_is_said_to_and_only_if_it_is_one() {
    let t = Setup::start().await;
    let token = t.cloud.member_token("grace", "order-staff");
    let send = async |token: Option<&str>| {
        let call = Call::get("/orders").authorizer(Value::Null);
        let call = match token {
            Some(token) => call.header("authorization", token),
            None => call,
        };
        call.send_to(&t, Callers::UnverifiedToken).await.status
    };
    assert_eq!(send(Some(&token)).await, 200);
    assert_eq!(send(Some(&format!("Bearer {token}"))).await, 200);
    assert_eq!(send(Some(&t.cloud.customer_token("ada"))).await, 403);
    assert_eq!(send(Some("Bearer nonsense")).await, 401);
    assert_eq!(send(None).await, 401);
}

#[tokio::test]
async fn the_service_makes_orders_that_nobody_owns() {
    let t = Setup::start().await;
    assert_eq!(create(&t).await["owner"], Value::Null);
    let ada = t.cloud.customer_token("ada");
    let own = Call::post("/me/orders", &new_order()).by(&ada).send(&t).await.expect(201);
    assert_eq!(own["owner"], claims(&ada)["sub"]);
}
