//! A server that knows two answers, in a process of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::json;

use crate::operations::{Line, ManyOrders, Money, ORDERS, OneOrder, Order};

pub(crate) const ARGUMENT: &str = "--serve";

/// The server, until it is dropped.
pub(crate) struct Process {
    child: Child,
    /// Where one order is answered.
    pub(crate) small: String,
    /// Where a list is.
    pub(crate) large: String,
}

impl Process {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program).arg(ARGUMENT).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("the output is piped");
        BufReader::new(output).read_line(&mut line).expect("the server prints its address");
        let url = format!("http://{}", line.trim());
        Self { child, small: format!("{url}/small"), large: format!("{url}/large") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until the process is killed.
pub(crate) fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("a bound address"));
    for stream in listener.incoming() {
        let stream = stream.expect("a connection");
        thread::spawn(move || answer_all(stream));
    }
}

fn answer_all(mut stream: TcpStream) {
    stream.set_nodelay(true).expect("a TCP socket");
    let small = answer(&json!({"data": OneOrder { get_order: Some(order(1)) }}));
    let large = answer(&json!({"data": ManyOrders { list_orders: (0..ORDERS).map(order).collect() }}));
    let mut requests = BufReader::new(stream.try_clone().expect("a second handle"));
    while let Some(path) = next_request(&mut requests) {
        let answer = if path == "/small" { &small } else { &large };
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}

/// Reads a request, and gives its path.
fn next_request(requests: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut path, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if requests.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
        path = path.or_else(|| line.split(' ').nth(1).map(str::to_owned));
    }
    std::io::copy(&mut requests.take(length), &mut std::io::sink()).ok()?;
    path
}

fn answer(body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=UTF-8\r\nx-amzn-requestid: request-1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}

fn order(nth: usize) -> Order {
    let price = Money { currency: "EUR".to_owned(), minor_units: 450 };
    let line = |sku: &str| Line { sku: sku.to_owned(), quantity: 2, unit_price: price.clone() };
    Order {
        id: format!("order-{nth}"),
        version: 3,
        status: "PLACED".to_owned(),
        customer_email: "ada@example.com".to_owned(),
        lines: vec![line("green tea"), line("a pot of \"fine\" clay")],
        total: Money { currency: "EUR".to_owned(), minor_units: 1800 },
        note: nth.is_multiple_of(2).then(|| "Leave it at the door.".to_owned()),
        created_at: "2026-11-23T12:30:45.500Z".to_owned(),
    }
}
