//! Lists: filters, pages and cursors.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::call::{Answer, Call, new_order};
use crate::setup::Setup;

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap()).collect()
}

/// The request of the next page, as the `Link` says.
fn next(answer: &Answer) -> Option<String> {
    let query = answer.header("link")?.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(format!("/orders{query}"))
}

#[tokio::test]
async fn the_link_leads_from_page_to_page_with_the_same_filters() {
    let t = Setup::start().await;
    let mut target = "/orders?customerEmail=ada%40example.com&limit=1".to_owned();
    let mut pages = Vec::new();
    loop {
        let answer = Call::get(&target).send(&t).await;
        let page = answer.expect(200);
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        pages.push(ids(&page).join(" "));
        assert_eq!(page["nextCursor"].is_null(), next(&answer).is_none());
        let Some(link) = next(&answer) else { break };
        assert!(link.contains(page["nextCursor"].as_str().unwrap()), "{link}");
        assert!(link.starts_with("/orders?customerEmail=ada%40example.com&limit=1&cursor="), "{link}");
        target = link;
    }
    // The second one is somebody else's: it was looked at and left out.
    assert_eq!(pages, ["order-3", "", "order-1"]);
}

#[tokio::test]
async fn orders_are_filtered_by_status() {
    let t = Setup::start().await;
    assert_eq!(ids(&Call::get("/orders?status=PAID").send(&t).await.expect(200)), ["order-2"]);
    assert_eq!(ids(&Call::get("/orders?status=CANCELLED").send(&t).await.expect(200)), [""; 0]);
    assert_eq!(ids(&Call::get("/orders").send(&t).await.expect(200)), ["order-3", "order-2", "order-1"]);
}

#[tokio::test]
async fn a_cursor_that_is_forged_is_a_bad_request() {
    let t = Setup::start().await;
    let forged = URL_SAFE_NO_PAD.encode("1:forged");
    for cursor in ["nonsense", "", "%00", &forged] {
        Call::get(&format!("/orders?cursor={cursor}")).send(&t).await.problem(400);
    }
}

#[tokio::test]
async fn a_cursor_leads_into_no_other_list() {
    let t = Setup::start().await;
    let (ada, bob) = (t.cloud.customer_token("ada"), t.cloud.customer_token("bob"));
    for _ in 0..2 {
        Call::post("/me/orders", &new_order()).by(&ada).send(&t).await.expect(201);
    }
    let page = Call::get("/me/orders?limit=1").by(&ada).send(&t).await.expect(200);
    let cursor = page["nextCursor"].as_str().unwrap();
    Call::get(&format!("/orders?cursor={cursor}")).send(&t).await.problem(400);
    Call::get(&format!("/me/orders?cursor={cursor}")).by(&bob).send(&t).await.problem(400);
    Call::get(&format!("/me/orders?cursor={cursor}")).by(&ada).send(&t).await.expect(200);
}

#[tokio::test]
async fn a_parameter_that_is_wrong_is_named() {
    let t = Setup::start().await;
    for (query, name) in [
        ("limit=0", Some("limit")),
        ("limit=101", Some("limit")),
        ("customerEmail=ada", Some("customerEmail")),
        ("cursor=x", Some("cursor")),
        ("limit=many", None),
        ("limit=", None),
        ("limit=1&limit=2", None),
        ("status=LOST", None),
        ("colour=red", None),
    ] {
        let problem = Call::get(&format!("/orders?{query}")).send(&t).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], json!(name), "{query}");
    }
}
