//! `local-cloud`: the stand-in on a port of its own, one line per call, until Ctrl-C.

use std::process::ExitCode;

use local_cloud::LocalCloud;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    local_cloud::run(LocalCloud::builder()).await
}
