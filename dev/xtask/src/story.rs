//! The life of one order over HTTP, as a customer sees it: made, listed, changed, not changed by who is late, cancelled.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Call, Client, Reply};

/// Calls the function and says what it answered. An error also when an answer is not the one that the API promises.
/// `token` is that of the customer ada, who has no orders yet.
pub(crate) async fn tell(client: Client, token: String) -> Result<String> {
    let mut teller = Teller { client, token, story: "One order over HTTP, by the customer ada:\n".to_owned() };
    let line = json!({"sku": "DEMO-1", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 995}});
    let order = json!({"customerEmail": "ada@example.com", "lines": [line]});
    let key = ("idempotency-key", "the-order-of-the-demo".to_owned());

    let made = teller.send(Method::POST, "/me/orders", vec![key.clone()], Some(order.clone()), 201, |order| {
        format!("{}, {} cents", text(&order["status"]), order["total"]["minorUnits"])
    });
    let made = made.await?;
    let again = |_: &Value| "the same order again".to_owned();
    let second = teller.send(Method::POST, "/me/orders", vec![key], Some(order), 201, again).await?;
    ensure!(second["id"] == made["id"], "the same key made another order");
    let count = |page: &Value| format!("{} order", page["items"].as_array().map_or(0, Vec::len));
    let page = teller.send(Method::GET, "/me/orders", vec![], None, 200, count).await?;
    ensure!(page["items"].as_array().is_some_and(|orders| orders.len() == 1), "not one order but {page}");

    let path = format!("/me/orders/{}", made["id"].as_str().unwrap_or_default());
    let if_match = |etag: &str| vec![("if-match", etag.to_owned())];
    let note = |text: &str| Some(json!({"note": text}));
    teller.send(Method::PATCH, &path, if_match("\"1\""), note("ring twice"), 200, |order| text(&order["note"])).await?;
    let refused = |problem: &Value| text(&problem["title"]);
    teller.send(Method::PATCH, &path, if_match("\"1\""), note("too late"), 412, refused).await?;
    let status = |order: &Value| text(&order["status"]);
    teller.send(Method::POST, &format!("{path}/cancel"), if_match("\"2\""), None, 200, status).await?;
    Ok(teller.story)
}

struct Teller {
    client: Client,
    token: String,
    story: String,
}

impl Teller {
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        mut headers: Vec<(&'static str, String)>,
        body: Option<Value>,
        expected: u16,
        summary: impl Fn(&Value) -> String,
    ) -> Result<Value> {
        let shown: String = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        headers.push(("authorization", format!("Bearer {}", self.token)));
        let call = Call { method, path: path.to_owned(), headers, body };
        let reply: Reply = self.client.reply(&call, LIMIT).await?;
        ensure!(
            reply.status == StatusCode::from_u16(expected)?,
            "{} {path}: HTTP {} instead of {expected}: {}",
            call.method,
            reply.status,
            reply.excerpt()
        );
        let answer = reply.json()?;
        let etag = reply.etag.map(|etag| format!("ETag {etag}")).unwrap_or_default();
        let path = shorten(path);
        let (method, summary) = (call.method.as_str(), summary(&answer));
        writeln!(self.story, "  {method:<5} {path:<27} {shown:<38} {expected} {etag:<8}  {summary}")?;
        Ok(answer)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The id in a path is a UUID: its start is enough for people.
fn shorten(path: &str) -> String {
    path.split('/')
        .map(|part| if part.len() == 36 { format!("{}…", &part[..8]) } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("/")
}

const LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_shortened() {
        assert_eq!(shorten("/me/orders/5f0c7a4e-6c1b-5d3f-9a53-0d0a3b1f8f10/cancel"), "/me/orders/5f0c7a4e…/cancel");
        assert_eq!(shorten("/me/orders"), "/me/orders");
    }
}
