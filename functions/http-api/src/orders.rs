use appsync::{
    AppSyncClient, Patch,
    scalars::{AWSEmail, AWSJSON},
};
use axum::{
    extract::State,
    response::{IntoResponse, Json as JsonAnswer},
};
use http::{StatusCode, header};
use operations::{
    CreateOrder, GetOrder, ListOrders, UpdateOrder, create_order,
    fragments::OrderFields,
    get_order, list_orders,
    types::{CreateOrderInput, OrderFilter, OrderStatus, UpdateOrderInput},
    update_order,
};
use serde::Deserialize;

use crate::{
    extract::{Deadline, Id, Json, Parameters},
    problem::Problem,
};

/// Which orders, and where to go on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListParameters {
    status: Option<OrderStatus>,
    customer_email: Option<AWSEmail>,
    limit: Option<i64>,
    next_token: Option<String>,
}

pub(crate) async fn list(
    State(appsync): State<AppSyncClient>,
    Deadline(deadline): Deadline,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<JsonAnswer<list_orders::ListOrdersListOrders>, Problem> {
    if parameters.limit.is_some_and(|limit| !(1..=100).contains(&limit)) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "`limit` should be 1 to 100."));
    }
    let filter = OrderFilter { status: parameters.status, customer_email: parameters.customer_email };
    let variables = list_orders::Variables {
        filter: (filter.status.is_some() || filter.customer_email.is_some()).then_some(filter),
        limit: parameters.limit,
        next_token: parameters.next_token,
    };
    let data = appsync.execute::<ListOrders>(variables).until(deadline).await?;
    Ok(JsonAnswer(data.list_orders))
}

pub(crate) async fn get(
    State(appsync): State<AppSyncClient>,
    Deadline(deadline): Deadline,
    Id(id): Id,
) -> Result<JsonAnswer<OrderFields>, Problem> {
    let data = appsync.execute::<GetOrder>(get_order::Variables { id }).until(deadline).await?;
    match data.get_order {
        Some(order) => Ok(JsonAnswer(order)),
        None => Err(Problem::new(StatusCode::NOT_FOUND, "There is no order with this id.")),
    }
}

pub(crate) async fn create(
    State(appsync): State<AppSyncClient>,
    Deadline(deadline): Deadline,
    Json(input): Json<CreateOrderInput>,
) -> Result<impl IntoResponse, Problem> {
    let data = appsync.execute::<CreateOrder>(create_order::Variables { input }).until(deadline).await?;
    let order: OrderFields = data.create_order;
    let location = format!("/orders/{}", order.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], JsonAnswer(order)))
}

/// What a client may change, and the version that it has read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Changes {
    expected_version: i64,
    #[serde(default)]
    status: Patch<OrderStatus>,
    #[serde(default)]
    note: Patch<String>,
    #[serde(default)]
    attributes: Patch<AWSJSON>,
}

pub(crate) async fn update(
    State(appsync): State<AppSyncClient>,
    Deadline(deadline): Deadline,
    Id(id): Id,
    Json(changes): Json<Changes>,
) -> Result<JsonAnswer<OrderFields>, Problem> {
    let Changes { expected_version, status, note, attributes } = changes;
    let input = UpdateOrderInput { id, expected_version, status, note, attributes };
    let data = appsync.execute::<UpdateOrder>(update_order::Variables { input }).until(deadline).await?;
    Ok(JsonAnswer(data.update_order))
}
