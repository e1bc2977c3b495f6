//! The `service-user` function: see the library.

use lambda_runtime::{Error, run_concurrent, service_fn};
use service_user::ServiceUser;
use startup::ServiceUserConfig;

fn main() -> Result<(), Error> {
    startup::run(async {
        let config = ServiceUserConfig::from_env();
        startup::log_as_json(config.log_level);
        let service_user = ServiceUser::start(config)?;
        run_concurrent(service_fn(move |event| service_user::handle(service_user.clone(), event))).await
    })
}
