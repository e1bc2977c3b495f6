use axum::response::{IntoResponse, Json, Response};
use http::header;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{OpenApi as _, ToSchema};

use crate::{model, orders, problem};

/// `GET /openapi.json`: the committed document, which a test holds against [`openapi`].
pub(crate) async fn serve() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, DOCUMENT).into_response()
}

/// The committed document.
pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

/// Whether the function runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok", pattern = "^ok$")]
    status: &'static str,
}

/// Ask whether the function runs
///
/// It says nothing of the order service behind it.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "service", responses(
    (status = 200, description = "It does", body = Health),
))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The OpenAPI document of the API, made from its code: routes and types with `utoipa`; what all routes have in common here.
///
/// The function itself serves the committed copy, and has nothing of this in it.
pub fn openapi() -> Value {
    let mut document = json!(Document::openapi());
    let paths = document["paths"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let mut all = Map::new();
    for (path, mut item) in paths {
        if path.starts_with("/orders") {
            all.insert(format!("/me{path}"), of_caller(item.clone()));
            for (method, operation) in operations(&mut item) {
                let scope = if method == "get" { "orders/read" } else { "orders/write" };
                operation["security"] = json!([{"token": [scope]}]);
            }
        }
        all.insert(path, item);
    }
    for (path, item) in &mut all {
        for (method, operation) in operations(item) {
            add_common_answers(path, method, operation);
        }
    }
    document["paths"] = Value::Object(all);
    document["components"]["responses"] = PROBLEMS.iter().map(|problem| (problem.name(), problem.response())).collect();
    document["components"]["headers"] = json!({
        "request-id": {"description": "The request's id, to be found in the log", "schema": {"type": "string"}},
    });
    document["components"]["securitySchemes"] = json!({"token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of the Cognito user pool. `/me/orders` takes any user's; `/orders` needs the scope \
            that the operation names, or membership in the group `order-staff`.",
    }});
    document
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Orders",
        version = "1.0.0",
        description = "Orders over HTTP, in front of a GraphQL API on AWS AppSync.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/")),
    tags(
        (name = "orders", description = "All orders, for staff and services"),
        (name = "own orders", description = "The caller's own orders"),
        (name = "service", description = "The function itself"),
    ),
    paths(orders::list, orders::create, orders::read, orders::update, orders::cancel, health),
    components(schemas(problem::ProblemDocument<'static>, problem::Violation, model::Order)),
)]
struct Document;

/// The same operations, of the caller's own orders.
fn of_caller(mut item: Value) -> Value {
    for (_, operation) in operations(&mut item) {
        let id = operation["operationId"].as_str().unwrap_or_default().replace("Order", "OwnOrder");
        operation["operationId"] = json!(id);
        operation["tags"] = json!(["own orders"]);
        operation["security"] = json!([{"token": []}]);
    }
    item
}

fn operations(item: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    item.as_object_mut().into_iter().flatten()
}

fn add_common_answers(path: &str, method: &str, operation: &mut Value) {
    let responses = operation["responses"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let mut responses: Map<String, Value> = responses.into_iter().collect();
    for response in responses.values_mut() {
        response["headers"]["x-request-id"] = json!({"$ref": "#/components/headers/request-id"});
    }
    for problem in PROBLEMS.iter().filter(|problem| problem.can_happen(path, method)) {
        let reference = json!({"$ref": format!("#/components/responses/{}", problem.name())});
        responses.insert(problem.status.to_string(), reference);
    }
    operation["responses"] = Value::Object(responses);
}

/// An answer with a problem document.
struct Answer {
    status: u16,
    when: &'static str,
    detail: &'static str,
    of: Of,
}

/// Which operations have it.
enum Of {
    Any,
    OneOrder,
    Writes,
    Changes,
    Cancel,
}

const PROBLEMS: [Answer; 15] = [
    answer(400, "A parameter, a header or the syntax of the body is wrong", "`limit` should be 1 to 100.", Of::Any),
    answer(401, "There is no token, or none that counts here", "Send the token of a user of this API.", Of::Any),
    answer(403, "The token does not allow it", "This needs the scope orders/read or the group order-staff.", Of::Any),
    answer(
        404,
        "There is no such order, or none that the caller may see",
        "There is no order with this id.",
        Of::OneOrder,
    ),
    answer(406, "The client takes no JSON", "Accept application/json and application/problem+json.", Of::Any),
    answer(409, "The order cannot be cancelled any more", "An order that is SHIPPED cannot be cancelled.", Of::Cancel),
    answer(
        412,
        "The version in If-Match is not the current one",
        "The order has changed since you read it. Read it again first.",
        Of::Changes,
    ),
    answer(413, "The body is larger than 256 KiB", "The body is too large or incomplete.", Of::Writes),
    answer(415, "The body is not application/json", "Send the body as application/json.", Of::Writes),
    answer(422, "The body is JSON, but invalid", "The body is invalid: see `errors`.", Of::Writes),
    answer(428, "If-Match is missing", "Name the version that you have read: send its ETag as If-Match.", Of::Changes),
    answer(
        500,
        "A mistake of the API's own",
        "The request failed. Contact the operator, with the x-request-id.",
        Of::Any,
    ),
    answer(502, "The order service does not work", "The order service failed. Contact its operator.", Of::Any),
    answer(
        503,
        "The order service is not available, or too busy: try again later",
        "The order service is too busy.",
        Of::Any,
    ),
    answer(
        504,
        "The order service did not answer in time; a change may have been made",
        "The order service took too long.",
        Of::Any,
    ),
];

const fn answer(status: u16, when: &'static str, detail: &'static str, of: Of) -> Answer {
    Answer { status, when, detail, of }
}

impl Answer {
    fn title(&self) -> &'static str {
        http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
    }

    fn name(&self) -> String {
        self.title().replace(' ', "")
    }

    fn can_happen(&self, path: &str, method: &str) -> bool {
        path.contains("/orders")
            && match self.of {
                Of::Any => true,
                Of::OneOrder => path.contains("{id}"),
                Of::Writes => method != "get",
                Of::Changes => path.contains("{id}") && method != "get",
                Of::Cancel => path.ends_with("/cancel"),
            }
    }

    fn response(&self) -> Value {
        let example = json!({"title": self.title(), "status": self.status, "detail": self.detail});
        let mut headers = json!({"x-request-id": {"$ref": "#/components/headers/request-id"}});
        let header = match self.status {
            401 | 403 => Some(("www-authenticate", "What is missing, as RFC 6750 says it", "string")),
            503 => Some(("retry-after", "In how many seconds to try again", "integer")),
            _ => None,
        };
        if let Some((name, description, kind)) = header {
            headers[name] = json!({"description": description, "schema": {"type": kind}});
        }
        json!({
            "description": self.when,
            "headers": headers,
            "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": example,
            }},
        })
    }
}
