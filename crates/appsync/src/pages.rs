use std::{
    collections::HashSet,
    fmt,
    hash::{BuildHasher as _, RandomState},
};

use futures_util::{Stream, stream};
use graphql_client::GraphQLQuery;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{AppSyncClient, AppSyncError, Auth, Deadline, ErrorKind, Operation, RetryPolicy, answer::AnswerInfo};

/// The pages of a list, each of which names the token of the next one: `nextToken`, by AppSync's convention.
///
/// Made by [`AppSyncClient::paginate`].
#[must_use = "pages are asked for when their stream is polled"]
pub struct Pages<'a, O: Operation> {
    client: &'a AppSyncClient,
    variables: Variables<'a, O>,
    next_token: NextToken<'a, O>,
    deadline: Deadline,
    headers: HeaderMap,
    auth: Option<Auth>,
    retry: Option<RetryPolicy>,
    limit: usize,
}

type Variables<'a, O> = Box<dyn Fn(Option<String>) -> <O as GraphQLQuery>::Variables + Send + 'a>;
type NextToken<'a, O> = Box<dyn Fn(&<O as GraphQLQuery>::ResponseData) -> Option<&str> + Send + 'a>;

/// A list with more pages than this is not meant to be read by one invocation.
const MOST_PAGES: usize = 1000;

impl<'a, O: Operation> Pages<'a, O> {
    pub(crate) fn new(
        client: &'a AppSyncClient,
        variables: Variables<'a, O>,
        next_token: NextToken<'a, O>,
        deadline: Deadline,
    ) -> Self {
        let headers = HeaderMap::new();
        Self { client, variables, next_token, deadline, headers, auth: None, retry: None, limit: MOST_PAGES }
    }

    /// All pages together are over at `deadline`. Without it, within 30 s.
    pub fn until(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    /// Adds a header to each request; see [`AppSyncClient::with_header`].
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Asks for them as somebody else than the client's own identity.
    pub fn authorized_by(self, auth: impl Into<Auth>) -> Self {
        Self { auth: Some(auth.into()), ..self }
    }

    /// Retries each of them by another policy than the client's own.
    pub fn retried_by(self, retry: RetryPolicy) -> Self {
        Self { retry: Some(retry), ..self }
    }

    /// Takes a list with more pages than this for an error, of kind [`TooLarge`](ErrorKind::TooLarge), so that nobody
    /// takes a part of it for the whole. It is 1000 without. To read some pages only, use the stream's `take`.
    pub fn at_most(self, pages: usize) -> Self {
        Self { limit: pages, ..self }
    }

    /// The answers, one for each page, each asked for when the stream is polled.
    ///
    /// The stream ends after the last page or the first error. A token that comes a second time is an error of kind
    /// [`Malformed`](ErrorKind::Malformed): the list would never end.
    pub fn stream(self) -> impl Stream<Item = Result<O::ResponseData, AppSyncError>> + Send + 'a {
        let seen = Seen { hasher: RandomState::new(), tokens: HashSet::new() };
        stream::try_unfold(Some((self, seen, None::<String>)), |state| async move {
            let Some((pages, mut seen, token)) = state else { return Ok(None) };
            if seen.tokens.len() >= pages.limit {
                let context = format!("{} has more than {} pages", O::NAME, pages.limit);
                return Err(AppSyncError::new(ErrorKind::TooLarge, false).because(context));
            }
            if !seen.is_new(token.as_deref()) {
                let context = format!("a page of {} names the token of an earlier one as the next", O::NAME);
                return Err(AppSyncError::malformed(context, AnswerInfo::default()));
            }
            let mut execution = pages.client.execute::<O>((pages.variables)(token)).until(pages.deadline);
            for (name, value) in &pages.headers {
                execution = execution.with_header(name.clone(), value.clone());
            }
            if let Some(auth) = &pages.auth {
                execution = execution.authorized_by(auth.clone());
            }
            if let Some(retry) = &pages.retry {
                execution = execution.retried_by(retry.clone());
            }
            let data = execution.await?;
            let next = (pages.next_token)(&data).map(str::to_owned);
            Ok(Some((data, next.map(|token| (pages, seen, Some(token))))))
        })
    }
}

impl<O: Operation> fmt::Debug for Pages<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("deadline", &self.deadline).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// The tokens of all pages so far, of which there may be many, and long ones: their hashes do.
struct Seen {
    hasher: RandomState,
    tokens: HashSet<u64>,
}

impl Seen {
    /// Whether this token has not come before; the first page has none.
    fn is_new(&mut self, token: Option<&str>) -> bool {
        self.tokens.insert(self.hasher.hash_one(token))
    }
}
