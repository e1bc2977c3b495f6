//! The stand-in as a program: `cargo run --example local-cloud -- --env-file .env.local`.

#[path = "../tests/stand_in/mod.rs"]
mod stand_in;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    local_cloud::run(stand_in::rooms()).await
}
