//! Nothing that the function says or logs holds a password, a client secret or CloudFormation's URL.

use local_cloud::{Fault, Service};

use super::{Ask, Deployment, SIGNATURE};
use crate::{
    secrets::Log,
    setup::invocation,
    wire::{Step, Wire, answer},
};

#[tokio::test]
async fn logs_and_answers_hold_no_password_client_secret_or_url() {
    let (told, log) = Log::of(async {
        let mut secrets = vec![SIGNATURE.to_owned(), "eyJ".to_owned()];
        let mut shown = Vec::new();
        for fault in [
            None,
            Some(Fault::throttle(Service::Cognito).times(3)),
            Some(Fault::truncate(Service::Cognito).times(3)),
            Some(Fault::truncate(Service::Ssm).times(3)),
            Some(Fault::truncate(Service::Ssm).on("PutParameter").always()),
            Some(Fault::truncate(Service::Cognito).on("AdminSetUserPassword").always()),
            Some(refusal(Service::Ssm).on("PutParameter").always()),
            Some(refusal(Service::Cognito).on("AdminSetUserPassword").always()),
        ] {
            let (cloud, mut t) = Deployment::start().await;
            let script = [Step::Answer(answer("503 Slow Down", &[], "")), Step::ResetAfter];
            t.cloud_formation = Wire::start(script, Step::Answer(answer("200 OK", &[], ""))).await;
            let id = format!("{}/orders@{}", t.pool, t.prefix);
            let mut asked = vec![(Ask::Create, t.properties()), (Ask::Delete(&id), t.properties())];
            asked.insert(1, (Ask::Update(&id), t.properties_with("Group", "order-admins")));
            for (ask, properties) in asked {
                if let Some(fault) = &fault {
                    cloud.inject(fault.clone());
                }
                let event = invocation(t.event(ask, &properties));
                shown.push(format!("{:?}", service_user::handle(t.function(&t.properties()), event).await));
                shown.push(format!("{:?}", t.rotate().await));
                cloud.clear_faults();
                if t.parameters(&t.prefix).await.contains(&"/credentials".to_owned()) {
                    secrets.push(t.password().await);
                }
            }
            secrets.push(t.client_secret.clone());
            shown.extend(t.cloud_formation.requests().into_iter().map(|one| String::from_utf8(one.body).unwrap()));
            shown.push(format!("{:?}", t.function(&t.properties())));
        }
        (secrets, shown)
    })
    .await;
    let (secrets, shown) = told;
    assert!(log.contains("the service user is as it should be"), "the log was captured");
    assert!(shown.iter().any(|text| text.contains("PutParameter is refused: ValidationException")));
    assert!(shown.iter().all(|text| !text.contains(REPEATED)), "a refusal's text is in the output");
    assert!(secrets.len() > 16);
    for secret in secrets {
        for text in shown.iter().chain([&log]) {
            let at = text.find(&secret).map(|at| &text[at.saturating_sub(400)..at + secret.len()]);
            assert_eq!(at, None, "a secret is in the output");
        }
    }
}

/// What stands for a password in a refusal that repeats it. The SDK logs whole answers at `TRACE`, which
/// [`startup::log_as_json`] keeps out of the log.
const REPEATED: &str = "canary-password";

fn refusal(service: Service) -> Fault {
    Fault::error(service, "ValidationException", &format!("Value '{REPEATED}' failed to satisfy constraint"))
}
