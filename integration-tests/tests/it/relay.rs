//! A relay between a client and a server whose connections can be cut, as a freeze of the process cuts them.

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinSet,
};

pub(crate) struct Relay {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    cuts: mpsc::Sender<oneshot::Sender<usize>>,
}

impl Relay {
    /// A relay to the server at `url`, for as long as the test's runtime lives.
    pub(crate) async fn to(url: &str) -> Self {
        let server = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (cuts, mut cut) = mpsc::channel::<oneshot::Sender<usize>>(1);
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (mut client, mut server) = (accepted.unwrap().0, TcpStream::connect(&server).await.unwrap());
                        connections.spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
                    }
                    Some(done) = cut.recv() => {
                        let open = connections.len();
                        connections.shutdown().await;
                        done.send(open).unwrap();
                    }
                }
            }
        });
        Self { url, cuts }
    }

    /// Cuts the connections, and gives how many there were.
    pub(crate) async fn cut(&self) -> usize {
        let (done, cut) = oneshot::channel();
        self.cuts.send(done).await.unwrap();
        cut.await.unwrap()
    }
}
