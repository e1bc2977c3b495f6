//! A stand-in for AppSync that controls every byte and every connection, for what no well-behaved server does; and
//! three small operations to send to it.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use appsync::{
    AppSyncClient, Operation, OperationKind,
    codegen_support::{
        graphql_client::{GraphQLQuery, QueryBody},
        serde::{Deserialize, Serialize},
    },
};
use auth_cache::{Identity, Token};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What the stand-in does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Answers with these bytes, and keeps the connection open.
    Answer(Vec<u8>),
    /// Answers with these bytes, which may be none, and closes the connection.
    AnswerAndClose(Vec<u8>),
    /// Answers with these bytes, then goes on forever with these.
    AnswerWithoutEnd(Vec<u8>, Vec<u8>),
    /// Resets the connection as soon as it is opened.
    ResetBefore,
    /// Resets the connection when it has read the head of the request, and not all of its body.
    ResetDuring,
    /// Resets the connection when it has read the request.
    ResetAfter,
}

/// The head and the body of a request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// The stand-in; it lives as long as the test's runtime.
pub(crate) struct Wire {
    pub(crate) url: String,
    state: Arc<State>,
    closed: watch::Receiver<usize>,
}

struct State {
    script: Mutex<VecDeque<Step>>,
    then: Step,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    closed: watch::Sender<usize>,
}

impl Wire {
    /// A stand-in that does with the first requests what `script` says, and with all others as `then`.
    pub(crate) async fn start(script: impl IntoIterator<Item = Step>, then: Step) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/graphql", listener.local_addr().unwrap());
        let (sender, closed) = watch::channel(0);
        let state = Arc::new(State {
            script: Mutex::new(script.into_iter().collect()),
            then,
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            closed: sender,
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&serving);
                state.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    state.serve(stream).await;
                    state.closed.send_modify(|closed| *closed += 1);
                });
            }
        });
        Self { url, state, closed }
    }

    /// One that always answers like this.
    pub(crate) async fn always(step: Step) -> Self {
        Self::start([], step).await
    }

    /// The requests that were read to their end, or up to where the connection was reset on purpose.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Waits until this many connections have been closed.
    pub(crate) async fn closed(&self, connections: usize) {
        self.closed.clone().wait_for(|closed| *closed >= connections).await.unwrap();
    }

    /// A client of this stand-in that signs in with a new token each time.
    pub(crate) fn client(&self) -> AppSyncClient {
        client(&self.url)
    }
}

impl State {
    async fn serve(&self, mut stream: TcpStream) {
        loop {
            let next = self.script.lock().unwrap().front().cloned().unwrap_or_else(|| self.then.clone());
            if matches!(next, Step::ResetBefore) {
                self.script.lock().unwrap().pop_front();
                return stream.set_zero_linger().unwrap();
            }
            let Some(request) = read(&mut stream, matches!(next, Step::ResetDuring)).await else { return };
            self.requests.lock().unwrap().push(request);
            let step = self.script.lock().unwrap().pop_front().unwrap_or_else(|| self.then.clone());
            match step {
                Step::Answer(bytes) => match stream.write_all(&bytes).await {
                    Ok(()) => {}
                    Err(_) => return,
                },
                Step::AnswerAndClose(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    return;
                }
                Step::AnswerWithoutEnd(head, rest) => {
                    let _ = stream.write_all(&head).await;
                    if rest.is_empty() {
                        let _ = stream.read(&mut [0]).await;
                    }
                    while !rest.is_empty() && stream.write_all(&rest).await.is_ok() {}
                    return;
                }
                Step::ResetBefore | Step::ResetDuring | Step::ResetAfter => return stream.set_zero_linger().unwrap(),
            }
        }
    }
}

/// The next request, without the rest of its body if only the head is wanted.
async fn read(stream: &mut TcpStream, only_head: bool) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let request = Request { head: String::from_utf8(bytes[..end].to_vec()).unwrap(), body: Vec::new() };
    let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while !only_head && bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { body: bytes.split_off(end), ..request })
}

/// An answer of this status with these header lines.
pub(crate) fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    [bytes.as_bytes(), b"\r\n", body].concat()
}

/// AppSync's answer: status 200 and JSON.
pub(crate) fn json(body: impl fmt::Display) -> Vec<u8> {
    answer("200 OK", &["content-type: application/json;charset=UTF-8", "x-amzn-requestid: request-1"], body.to_string())
}

/// What AppSync answers to each of the operations below when all is well.
pub(crate) fn good() -> Vec<u8> {
    json(r#"{"data":{"thing":{"id":"a","size":1}}}"#)
}

/// A client of the API at `url` whose answers may have 64 KiB.
pub(crate) fn client(url: &str) -> AppSyncClient {
    AppSyncClient::new(http_client(), url.parse().unwrap(), identity(&Arc::default())).with_response_limit(1 << 16)
}

/// An identity that signs in with `token-1`, `token-2` and so on, and counts.
pub(crate) fn identity(sign_ins: &Arc<AtomicUsize>) -> Identity {
    let sign_ins = Arc::clone(sign_ins);
    Identity::new(move || {
        let nth = sign_ins.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Ok(Token::opaque(format!("token-{nth}"), std::time::Duration::from_secs(3600))?) }
    })
}

pub(crate) fn http_client() -> reqwest::Client {
    // An error only says that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    AppSyncClient::http_client().no_proxy().build().unwrap()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "appsync::codegen_support::serde")]
pub(crate) struct Data {
    pub(crate) thing: Thing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "appsync::codegen_support::serde")]
pub(crate) struct Thing {
    pub(crate) id: String,
    pub(crate) size: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(crate = "appsync::codegen_support::serde")]
pub(crate) struct Variables {
    pub(crate) note: String,
}

/// The same of a field that the schema lets be null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "appsync::codegen_support::serde")]
pub(crate) struct Found {
    pub(crate) thing: Option<Thing>,
}

macro_rules! operation {
    ($name:ident, $kind:ident, $data:ident, $document:literal) => {
        #[derive(Debug)]
        pub(crate) struct $name;

        impl GraphQLQuery for $name {
            type Variables = Variables;
            type ResponseData = $data;

            fn build_query(variables: Variables) -> QueryBody<Variables> {
                QueryBody { variables, query: Self::DOCUMENT, operation_name: Self::NAME }
            }
        }

        impl Operation for $name {
            const NAME: &'static str = stringify!($name);
            const KIND: OperationKind = OperationKind::$kind;
            const DOCUMENT: &'static str = $document;
            const VARIABLES: &'static [&'static str] = &["note"];
        }
    };
}

operation!(GetThing, Query, Data, "query GetThing($note: String) { thing(note: $note) { id size } }");
operation!(SetThing, Mutation, Data, "mutation SetThing($note: String) { thing(note: $note) { id size } }");
operation!(WatchThing, Subscription, Data, "subscription WatchThing($note: String) { thing(note: $note) { id size } }");
operation!(FindThing, Query, Found, "query FindThing($note: String) { thing(note: $note) { id size } }");
operation!(ChangeThing, Mutation, Found, "mutation ChangeThing($note: String) { thing(note: $note) { id size } }");
