use axum::response::{Html, IntoResponse, Response};
use http::header;

/// `GET /docs`: a page that shows the OpenAPI document. Document, style and script are in it, so that it needs no network
/// and no route besides its own.
pub(crate) async fn serve() -> Response {
    let headers = [
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(PAGE)).into_response()
}

const PAGE: &str =
    concat!(include_str!("../reader/head.html"), include_str!("../openapi.json"), include_str!("../reader/tail.html"));

/// Nothing but the page's own style and script. After an edit of one of them, a test says what its hash is.
const POLICY: &str = "default-src 'none'; img-src data:; \
    style-src 'sha256-oVXZxYxuU2+JUrj1l0t4U61nFasIPTKm5LnMKgcSMrE='; \
    script-src 'sha256-PAg69oFF9ZU9WqoZC7usbe6LBDElCENBMmbmMzvnAXk='; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
