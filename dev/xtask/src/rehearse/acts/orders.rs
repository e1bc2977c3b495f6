//! The life of an order, and who may see it.

use std::time::Duration;

use anyhow::{Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::client::{Call, Client};
use crate::rehearse::stage::{Deployed, Stage};
use crate::story;

pub(super) async fn play(stage: &Stage, deployed: &Deployed, customer: &str, staff: &str) -> Result<()> {
    let story = story::tell(deployed.http_api(stage).await?, customer.to_owned()).await?;
    println!("{}", story.trim_end());
    let mut client = deployed.http_api(stage).await?;
    expect(&mut client, "/orders", Some(customer), StatusCode::FORBIDDEN).await?;
    expect(&mut client, "/orders", None, StatusCode::UNAUTHORIZED).await?;
    expect(&mut client, "/me/orders", Some("not a token"), StatusCode::UNAUTHORIZED).await?;
    expect(&mut client, "/nowhere", None, StatusCode::NOT_FOUND).await?;
    let orders = expect(&mut client, "/orders?limit=100", Some(staff), StatusCode::OK).await?;
    let of_customer = |order: &Value| order["customerEmail"] == "ada@example.com" && order["status"] == "CANCELLED";
    ensure!(
        orders["items"].as_array().is_some_and(|orders| orders.iter().any(of_customer)),
        "the staff does not see the customer's order: {orders}"
    );
    stage.began.say("the customer's order is seen by the staff; others are refused: 401 and 403");
    Ok(())
}

/// The body of an answer that must have this status.
pub(super) async fn expect(client: &mut Client, path: &str, token: Option<&str>, status: StatusCode) -> Result<Value> {
    let headers = token.map(|token| ("authorization", format!("Bearer {token}")));
    let call = Call { method: Method::GET, path: path.to_owned(), headers: headers.into_iter().collect(), body: None };
    let reply = client.reply(&call, LIMIT).await?;
    ensure!(reply.status == status, "GET {path}: HTTP {} instead of {status}: {}", reply.status, reply.excerpt());
    reply.json()
}

const LIMIT: Duration = Duration::from_secs(20);
