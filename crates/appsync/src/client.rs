use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_cache::Clock;
use graphql_client::QueryBody;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::redirect::Policy;
use tracing::Span;
use url::Url;

use crate::{AppSyncError, Auth, Deadline, Execution, Operation, Pages, RetryPolicy, exchange, retry::RetryBudget};

/// A client of one AppSync API. Cheap to clone; its clones share one HTTP client, its connections, and one retry budget.
#[derive(Clone)]
pub struct AppSyncClient {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoint: Arc<Url>,
    pub(crate) auth: Auth,
    pub(crate) clock: Clock,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: RetryBudget,
    pub(crate) response_limit: usize,
    pub(crate) headers: HeaderMap,
    pub(crate) trace_header: Option<fn(&Span) -> Option<HeaderValue>>,
    deadline: Option<Deadline>,
}

pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What Lambda hands over at the most, from a data source or to whoever invoked the function:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>. AppSync documents no limit of its own.
const LARGEST_RESPONSE: usize = 6_291_556;

impl AppSyncClient {
    /// A client that calls the GraphQL API at `endpoint` with `auth`, which can be an [`Identity`](auth_cache::Identity).
    ///
    /// `http` must follow no redirects: reqwest takes only `Authorization` off a request that is redirected to another
    /// host, and would send it an API key or the session token of a signature. AppSync itself redirects nobody.
    /// [`AppSyncClient::http_client`] makes such a client. A user name and a password in `endpoint` are taken out.
    pub fn new(http: reqwest::Client, endpoint: Url, auth: impl Into<Auth>) -> Self {
        Self {
            http,
            endpoint: without_credentials(endpoint),
            auth: auth.into(),
            clock: Clock::wall(),
            retry: RetryPolicy::standard(),
            budget: RetryBudget::full(),
            response_limit: LARGEST_RESPONSE,
            headers: HeaderMap::new(),
            trace_header: None,
            deadline: None,
        }
    }

    /// The HTTP client that this one needs, to which TLS settings can be added before it is built: it follows no redirects,
    /// gives up connecting after two seconds, and on Linux a connection on which data stays unacknowledged for two seconds,
    /// because it died while Lambda froze the process.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use appsync::{AppSyncClient, Auth};
    ///
    /// rustls::crypto::ring::default_provider().install_default().expect("it is the only one");
    /// let http = AppSyncClient::http_client().build()?; // one for the whole process
    /// let url = "https://abc.appsync-api.eu-west-1.amazonaws.com/graphql".parse()?;
    /// let client = AppSyncClient::new(http, url, Auth::api_key("da2-key")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_client() -> reqwest::ClientBuilder {
        const PATIENCE: Duration = Duration::from_secs(2);
        let http = reqwest::Client::builder().redirect(Policy::none()).connect_timeout(PATIENCE);
        #[cfg(target_os = "linux")]
        let http = http.tcp_user_timeout(PATIENCE);
        http
    }

    /// The same client with another policy of retries.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// The same client, which takes no answer with more than this many bytes after decompression. Without, it is
    /// as much as Lambda hands over, 6,291,556 bytes.
    #[must_use]
    pub fn with_response_limit(self, bytes: usize) -> Self {
        Self { response_limit: bytes, ..self }
    }

    /// The same client, which adds a header to all its requests, in place of one of the same name. Resolvers find it in
    /// `ctx.request.headers`. The content type and the headers of [`Auth`] stay the client's own. An API that is private
    /// needs `x-appsync-domain` when it is called by the name of a VPC endpoint:
    ///
    /// ```
    /// # use appsync::{AppSyncClient, Auth, http::{HeaderName, HeaderValue}};
    /// # fn example(http: appsync::reqwest::Client, endpoint: url::Url, auth: Auth) -> AppSyncClient {
    /// let domain = HeaderValue::from_static("abc.appsync-api.eu-west-1.amazonaws.com");
    /// AppSyncClient::new(http, endpoint, auth).with_header(HeaderName::from_static("x-appsync-domain"), domain)
    /// # }
    /// ```
    ///
    /// A single operation can have one: [`Execution::with_header`].
    ///
    /// <https://docs.aws.amazon.com/appsync/latest/devguide/using-private-apis.html>
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same client for one Lambda invocation, which ends at `ends_at`: operations are over half a second before, and
    /// carry the invocation's X-Ray trace header. `lambda_runtime`'s context has both:
    /// `client.for_invocation(context.deadline(), context.xray_trace_id.as_deref())`.
    #[must_use]
    pub fn for_invocation(self, ends_at: SystemTime, trace: Option<&str>) -> Self {
        let deadline = Deadline::of_invocation_at(ends_at, self.clock.now());
        Self { deadline: Some(deadline), ..self.traced_by(trace) }
    }

    /// The same client, whose requests carry an invocation's X-Ray trace header, such as
    /// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`: what AppSync does for them belongs to the
    /// invocation's trace then. What cannot be a header's value is left out, because no call should fail for a trace.
    ///
    /// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
    #[must_use]
    pub fn traced_by(mut self, header: Option<&str>) -> Self {
        match header.and_then(|header| HeaderValue::from_str(header).ok()) {
            Some(header) => self.with_header(TRACE, header),
            None => {
                self.headers.remove(TRACE);
                self
            }
        }
    }

    /// The same client, whose requests carry the X-Ray trace header that `header` gives for the span of their operation, in place
    /// of the invocation's own: what AppSync does for them is below that span then. `None` leaves the invocation's.
    ///
    /// For whoever sends the spans that this client makes to X-Ray, and so knows their ids.
    #[must_use]
    pub fn with_trace_header(self, header: fn(&Span) -> Option<HeaderValue>) -> Self {
        Self { trace_header: Some(header), ..self }
    }

    /// The same client, which judges deadlines by `clock` and signs with its time: for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), ..self }
    }

    /// Sends an operation: `client.execute::<GetOrder>(variables).await`, or with a deadline
    /// `client.execute::<GetOrder>(variables).until(deadline).await`.
    ///
    /// # Errors
    /// When there is no answer, or the answer has errors; see [`AppSyncError::kind`].
    pub fn execute<O: Operation>(&self, variables: O::Variables) -> Execution<'_, O> {
        Execution::new(self, &O::build_query(variables), self.deadline())
    }

    /// The same with variables that are JSON already, which are sent as they are.
    pub fn execute_as_given<O: Operation>(&self, variables: &serde_json::Value) -> Execution<'_, O> {
        let request = QueryBody { variables, query: O::DOCUMENT, operation_name: O::NAME };
        Execution::new(self, &request, self.deadline())
    }

    /// Reads a list page by page: `variables` makes the variables that ask for the page with a token, `None` for the first
    /// one, and `next_token` finds the token of the next page in an answer.
    ///
    /// ```
    /// use appsync::{AppSyncClient, AppSyncError};
    /// use futures_util::TryStreamExt as _;
    /// # use appsync::codegen_support::graphql_client::{GraphQLQuery, QueryBody};
    /// # struct ListOrders;
    /// # mod list_orders {
    /// #     #[derive(serde::Serialize, serde::Deserialize)]
    /// #     pub struct Variables { pub limit: Option<i64>, pub next_token: Option<String> }
    /// #     #[derive(serde::Serialize, serde::Deserialize)]
    /// #     pub struct ResponseData { pub list_orders: Connection }
    /// #     #[derive(serde::Serialize, serde::Deserialize)]
    /// #     pub struct Connection { pub items: Vec<String>, pub next_token: Option<String> }
    /// # }
    /// # impl GraphQLQuery for ListOrders {
    /// #     type Variables = list_orders::Variables;
    /// #     type ResponseData = list_orders::ResponseData;
    /// #     fn build_query(variables: Self::Variables) -> QueryBody<Self::Variables> {
    /// #         QueryBody { variables, query: "", operation_name: "ListOrders" }
    /// #     }
    /// # }
    /// # impl appsync::Operation for ListOrders {
    /// #     const NAME: &'static str = "ListOrders";
    /// #     const KIND: appsync::OperationKind = appsync::OperationKind::Query;
    /// #     const DOCUMENT: &'static str = "";
    /// #     const VARIABLES: &'static [&'static str] = &["limit", "nextToken"];
    /// # }
    ///
    /// async fn all_orders(client: &AppSyncClient) -> Result<Vec<String>, AppSyncError> {
    ///     let pages = client.paginate::<ListOrders>(
    ///         |next_token| list_orders::Variables { limit: Some(100), next_token },
    ///         |data| data.list_orders.next_token.as_deref(),
    ///     );
    ///     let orders = pages.stream().map_ok(|data| data.list_orders.items);
    ///     orders.try_concat().await
    /// }
    /// ```
    pub fn paginate<'a, O: Operation>(
        &'a self,
        variables: impl Fn(Option<String>) -> O::Variables + Send + 'a,
        next_token: impl Fn(&O::ResponseData) -> Option<&str> + Send + 'a,
    ) -> Pages<'a, O> {
        Pages::new(self, Box::new(variables), Box::new(next_token), self.deadline())
    }

    /// Does everything that can be done before the first operation: signs in and opens a connection, at the same time.
    ///
    /// # Errors
    /// When either fails. The client is usable all the same: the next operation tries again.
    pub async fn warm_up(&self, limit: Duration) -> Result<(), AppSyncError> {
        let (granted, connected) = futures_util::future::join(self.auth.grant(limit), self.connect(limit)).await;
        granted?;
        connected
    }

    /// The same client of another API, with a retry budget of its own.
    pub(crate) fn with_endpoint(self, endpoint: Url) -> Self {
        Self { endpoint: without_credentials(endpoint), budget: RetryBudget::full(), ..self }
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline.unwrap_or_else(|| Deadline::longest(self.clock.now()))
    }

    /// Opens a connection with a request that executes nothing: the CORS preflight, which the edge answers to anybody. No
    /// token is needed.
    ///
    /// # Errors
    /// When that fails. The client is usable all the same.
    pub async fn connect(&self, limit: Duration) -> Result<(), AppSyncError> {
        let request = self.http.request(Method::OPTIONS, Url::clone(&self.endpoint));
        let request = request.headers(self.headers.clone()).timeout(limit);
        let lost = |error| AppSyncError::transport(error, false);
        let mut answer = request.send().await.map_err(lost)?;
        // Only a connection whose answer has been read can be used again.
        exchange::read(&mut answer, self.response_limit).await.map(drop).map_err(AppSyncError::without_execution)
    }
}

/// Errors show the endpoint, and AppSync takes neither a user name nor a password in it.
fn without_credentials(mut endpoint: Url) -> Arc<Url> {
    // Only a URL without a host cannot be changed, and has neither.
    let _ = (endpoint.set_username(""), endpoint.set_password(None));
    Arc::new(endpoint)
}

impl fmt::Debug for AppSyncClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSyncClient")
            .field("endpoint", &self.endpoint.as_str())
            .field("auth", &self.auth)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
