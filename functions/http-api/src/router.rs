use appsync::AppSyncClient;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{Method, StatusCode, header};

use crate::{
    caller::Callers,
    extract, openapi, orders,
    problem::Problem,
    reader,
    session::{Api, Side},
};

/// The routes, answered through `appsync` for those whom `callers` can tell.
pub fn router(appsync: AppSyncClient, callers: Callers) -> Router {
    let orders = |base: &str, side| {
        Router::new()
            .route(base, get(orders::list).post(orders::create))
            .route(&format!("{base}/{{id}}"), get(orders::read).patch(orders::update))
            .route(&format!("{base}/{{id}}/cancel"), post(orders::cancel))
            .route_layer(middleware::from_fn(only_json))
            .with_state(Api { appsync: appsync.clone(), callers, side })
    };
    Router::new()
        .merge(orders("/orders", Side::Service))
        .merge(orders("/me/orders", Side::Caller))
        .route("/health", get(openapi::health))
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(reader::serve))
        .fallback(no_such_route)
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(MOST_BYTES))
}

/// Far below the 6 MB that Lambda takes, far above any order.
const MOST_BYTES: usize = 256 * 1024;

async fn no_such_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is nothing at this path: see /docs.")
}

/// axum adds `Allow` to both answers. What CORS asks for, the gateway answers.
async fn other_method(method: Method) -> Response {
    match method {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This path does not support this method: see `Allow`.")
            .into_response(),
    }
}

async fn only_json(request: Request, next: Next) -> Response {
    if *request.method() != Method::OPTIONS && !extract::accepts_json(request.headers().get_all(header::ACCEPT)) {
        let detail = "Accept application/json and application/problem+json.";
        return Problem::new(StatusCode::NOT_ACCEPTABLE, detail).into_response();
    }
    next.run(request).await
}
