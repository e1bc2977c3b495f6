//! The operations over real HTTP, with a server that gives one answer.

use appsync::{AppSyncClient, Auth, Operation};
use own_schema::{BookRoom, book_room};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const ANSWER: &str = r#"{"data":{"bookRoom":{"id":"booking-1","on":"2026-12-01"}}}"#;

#[tokio::test]
async fn a_room_is_booked() -> Result<(), Box<dyn std::error::Error>> {
    // reqwest is built without a TLS provider of its own: one for the whole process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/graphql", listener.local_addr()?).parse()?;
    let http = AppSyncClient::http_client().no_proxy().build()?; // a proxy cannot reach this machine's loopback
    let client = AppSyncClient::new(http, url, Auth::api_key("da2-key")?);

    let on = "2026-12-01".parse()?;
    let variables = book_room::Variables { room: "blue".to_owned(), on, request_id: "request-1".to_owned().into() };
    let booked = async { client.execute::<BookRoom>(variables).idempotent().await };
    let (booked, asked) = tokio::join!(booked, answer_once(&listener));

    assert_eq!(booked?.book_room.on, "2026-12-01");
    let asked = asked?;
    assert!(asked.contains("x-api-key: da2-key"), "{asked}");
    assert!(asked.contains(r#""variables":{"room":"blue","on":"2026-12-01","requestId":"request-1"}"#), "{asked}");
    assert_eq!(BookRoom::CLIENT_TOKEN, Some(&["requestId"][..]));
    Ok(())
}

/// Answers the first request, and returns it.
async fn answer_once(listener: &TcpListener) -> std::io::Result<String> {
    let (mut connection, _) = listener.accept().await?;
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        connection.read_buf(&mut request).await?;
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ANSWER.len());
    connection.write_all(format!("{head}{ANSWER}").as_bytes()).await?;
    Ok(String::from_utf8_lossy(&request).into_owned())
}
