//! TLS in front of the stand-in, which itself speaks plain HTTP/1.1.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use hyper::{
    Request, Response, Uri,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header::HOST,
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{Mutex, watch},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// An HTTPS server that passes everything on. It offers HTTP/2 and HTTP/1.1, as AppSync does.
#[derive(Debug)]
pub(crate) struct Front {
    address: SocketAddr,
    generation: watch::Sender<u64>,
}

impl Front {
    pub(crate) async fn start(tls: Arc<ServerConfig>, behind: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (generation, connections) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&tls));
                let mut ended = connections.clone();
                ended.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        // An error is of no interest here: the caller notices it and says so.
                        _ = serve(acceptor, stream, behind) => {}
                        _ = ended.changed() => {}
                    }
                });
            }
        });
        Ok(Self { address, generation })
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Ends every connection, as a server does with those that are idle for too long.
    pub(crate) fn close_connections(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, behind: SocketAddr) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let mut upstream = TcpStream::connect(behind).await?;
    upstream.set_nodelay(true)?;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        return translate(stream, upstream, behind).await;
    }
    copy_bidirectional(&mut stream, &mut upstream).await?;
    Ok(())
}

/// HTTP/2 on this side, HTTP/1.1 on the other.
async fn translate(stream: TlsStream<TcpStream>, upstream: TcpStream, behind: SocketAddr) -> Result<()> {
    let (sender, connection) = handshake(TokioIo::new(upstream)).await?;
    let sender = Arc::new(Mutex::new(sender));
    let service = service_fn(move |request| pass_on(Arc::clone(&sender), request, behind));
    let server = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        served = server => served?,
        ended = connection => ended?,
    }
    Ok(())
}

async fn pass_on(
    sender: Arc<Mutex<SendRequest<Incoming>>>,
    mut request: Request<Incoming>,
    behind: SocketAddr,
) -> Result<Response<Incoming>> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(path)?;
    *request.version_mut() = hyper::Version::HTTP_11;
    request.headers_mut().insert(HOST, behind.to_string().parse()?);
    let mut sender = sender.lock().await;
    sender.ready().await?;
    Ok(sender.send_request(request).await?)
}
