use axum::response::{IntoResponse, Json as JsonAnswer, Response};
use events::IdempotencyKey;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use operations::{
    CancelOrder, CreateOrder, GetOrder, ListOrders, UpdateOrder, cancel_order, create_order, fragments::OrderFields,
    get_order, list_orders, update_order,
};

use crate::{
    conditional::{self, IfMatch},
    cursor,
    extract::{Id, Json, OptionalJson, Parameters},
    idempotency::{self, Key},
    model::{Cancellation, ListParameters, NewOrder, Order, OrderChanges, OrderPage},
    problem::Problem,
    session::Session,
};

/// List orders
///
/// Newest first, in pages. `limit` applies before filtering, so a page can be short or empty although more pages
/// follow. Follow `Link` or `nextCursor` until there is none.
#[utoipa::path(get, path = "/orders", operation_id = "listOrders", tag = "orders", params(ListParameters), responses(
    (status = 200, description = "A page of orders", body = OrderPage, headers(
        ("link" = Option<String>, description = "`<?cursor=…>; rel=\"next\"`, unless this is the last page"),
    )),
))]
pub(crate) async fn list(
    session: Session,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let (filter, next_token) = parameters.resolve(session.scope())?;
    let variables =
        list_orders::Variables { filter: filter.into(), limit: parameters.limit.into(), next_token: next_token.into() };
    let page = session.execute::<ListOrders>(variables).await?.list_orders;
    let next_cursor = page.next_token.as_deref().map(|token| cursor::of_token(session.scope(), token));
    let link = next_cursor.as_deref().map(|cursor| [(header::LINK, next_link(&parameters, cursor))]);
    let items = page.items.into_iter().map(Order::from).collect();
    Ok((link, [UNSHARED], JsonAnswer(OrderPage { items, next_cursor })).into_response())
}

/// Read an order
///
/// `ETag` names its version. A client that has it already says so in `If-None-Match`, and gets 304 without a body.
#[utoipa::path(get, path = "/orders/{id}", operation_id = "readOrder", tag = "orders", params(
    ("id" = String, Path, description = "The order's id", min_length = 1, max_length = 2048),
    ("if-none-match" = Option<String>, Header, description = "ETags that the client has", example = "\"1\""),
), responses(
    (status = 200, description = "The order", body = Order, headers(("etag" = String, description = "Its version"))),
    (status = 304, description = "The client has it already", headers(("etag" = String, description = "Its version"))),
))]
pub(crate) async fn read(session: Session, Id(id): Id, headers: HeaderMap) -> Result<Response, Problem> {
    let order = session.execute::<GetOrder>(get_order::Variables { id }).await?.get_order;
    let order = order.ok_or_else(Problem::no_such_order)?;
    let etag = (header::ETAG, conditional::etag(order.version));
    if conditional::is_known(&headers, order.version) {
        return Ok((StatusCode::NOT_MODIFIED, [etag, UNSHARED]).into_response());
    }
    Ok(([etag, UNSHARED], JsonAnswer(Order::from(order))).into_response())
}

/// Make an order
///
/// With an `Idempotency-Key`, the request can be sent again when its answer was lost: the same key of the same caller makes
/// one order, and every further request gets that order, as it is by then. The same key with another body gets 422.
#[utoipa::path(post, path = "/orders", operation_id = "createOrder", tag = "orders", params(
    ("idempotency-key" = Option<String>, Header, description = "What the client calls this request; a UUID, say",
        min_length = 1, max_length = 255, pattern = "^[!#-~]+$", example = "8e03978e-40d5-43dd-bc93-6894a57f9324"),
), request_body = NewOrder, responses(
    (status = 201, description = "The new order", body = Order, headers(
        ("location" = String, description = "Its path, relative to the request's"),
        ("etag" = String, description = "Its version"),
    )),
))]
pub(crate) async fn create(session: Session, key: Key, Json(order): Json<NewOrder>) -> Result<Response, Problem> {
    let input = order.into_input(key.order_id(&session))?;
    let expected = key.is_given().then(|| input.clone());
    let order = session.execute_idempotent::<CreateOrder>(create_order::Variables { input }).await?.create_order;
    if expected.is_some_and(|input| !idempotency::is_result(&order, &input)) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, IdempotencyKey::REUSED));
    }
    let location = [(header::LOCATION, session.location(&order.id))];
    Ok((StatusCode::CREATED, location, changed(order)).into_response())
}

/// Change an order
///
/// `If-Match` names the version that the client has read. When somebody else was faster, the answer is 412 and nothing is
/// changed.
#[utoipa::path(patch, path = "/orders/{id}", operation_id = "updateOrder", tag = "orders", params(
    ("id" = String, Path, description = "The order's id", min_length = 1, max_length = 2048),
    ("if-match" = String, Header, description = "The ETag of the version to change; `*` is not taken",
        pattern = "^\"(0|[1-9][0-9]{0,9})\"$", example = "\"1\""),
), request_body = OrderChanges, responses(
    (status = 200, description = "The changed order", body = Order, headers(("etag" = String, description = "Its version"))),
))]
pub(crate) async fn update(
    session: Session,
    Id(id): Id,
    IfMatch(version): IfMatch,
    Json(changes): Json<OrderChanges>,
) -> Result<Response, Problem> {
    let input = changes.into_input(id, version)?;
    let order = session.execute::<UpdateOrder>(update_order::Variables { input }).await?.update_order;
    Ok(changed(order))
}

/// Cancel an order
///
/// Possible until it is shipped. `If-Match` names the version that the client has read.
#[utoipa::path(post, path = "/orders/{id}/cancel", operation_id = "cancelOrder", tag = "orders", params(
    ("id" = String, Path, description = "The order's id", min_length = 1, max_length = 2048),
    ("if-match" = String, Header, description = "The ETag of the version to cancel; `*` is not taken",
        pattern = "^\"(0|[1-9][0-9]{0,9})\"$", example = "\"1\""),
), request_body = Option<Cancellation>, responses(
    (status = 200, description = "The cancelled order", body = Order, headers(("etag" = String, description = "Its version"))),
))]
pub(crate) async fn cancel(
    session: Session,
    Id(id): Id,
    IfMatch(expected_version): IfMatch,
    OptionalJson(cancellation): OptionalJson<Cancellation>,
) -> Result<Response, Problem> {
    let reason = cancellation.into_reason()?;
    let variables = cancel_order::Variables { id, expected_version, reason: reason.into() };
    Ok(changed(session.execute::<CancelOrder>(variables).await?.cancel_order))
}

/// The answer to a change: the order, and its version for the next one.
fn changed(order: OrderFields) -> Response {
    ([(header::ETAG, conditional::etag(order.version))], JsonAnswer(Order::from(order))).into_response()
}

/// The same list from `cursor` on, relative to the request's own path, of which the gateway may have taken a part away.
fn next_link(parameters: &ListParameters, cursor: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(status) = parameters.status {
        query.append_pair("status", operations::types::OrderStatus::from(status).as_str());
    }
    if let Some(email) = &parameters.customer_email {
        query.append_pair("customerEmail", email);
    }
    if let Some(limit) = parameters.limit {
        query.append_pair("limit", &limit.to_string());
    }
    format!("<?{}>; rel=\"next\"", query.append_pair("cursor", cursor).finish())
}

/// The caller's own cache may keep the answer, and asks each time whether it still holds.
const UNSHARED: (header::HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
