//! The `service-user` function: a user pool of its own, CloudFormation's requests, and a server that takes its answers.

mod answers;
mod crashes;
mod life;
pub(crate) mod load;
mod orders;
mod owners;
mod publishing;
mod rotation;
mod secrets;

use std::time::Duration;

use auth_cache::{CognitoTokenSource, Renewal, SsmCredentials, TokenSource as _, TokenUse};
use aws_sdk_cognitoidentityprovider::{
    operation::create_user_pool::builders::CreateUserPoolFluentBuilder,
    types::{ExplicitAuthFlowsType, UsernameAttributeType},
};
use aws_sdk_ssm::types::ParameterType;
use aws_types::SdkConfig;
use lambda_runtime::{Diagnostic, LambdaEvent};
use local_cloud::LocalCloud;
use serde_json::{Value, json};
use service_user::ServiceUser;
use startup::ServiceUserConfig;

use crate::{
    peer::{sdk_clients, sdk_config},
    setup::{context_that_ends_in, invocation},
    wire::{Step, Wire, answer, http_client},
};

pub(crate) const REGION: &str = "eu-west-1";
const GROUP: &str = "order-services";
/// The stack that the service user belongs to. Its users have the last part in their names.
const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders/1";
/// What makes CloudFormation's URL one that nobody may know.
const SIGNATURE: &str = "canary-signature";

/// A user pool without a user, the function, and CloudFormation.
pub(crate) struct Deployment {
    pub(crate) cognito: aws_sdk_cognitoidentityprovider::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    /// How the function reaches the cloud.
    pub(crate) sdk: SdkConfig,
    http: reqwest::Client,
    pub(crate) pool: String,
    pub(crate) client: String,
    pub(crate) client_secret: String,
    pub(crate) prefix: String,
    pub(crate) cloud_formation: Wire,
    pub(crate) url: String,
}

/// What CloudFormation asks for, and of which resource.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    Create,
    /// The resource with this id.
    Update(&'a str),
    Delete(&'a str),
}

impl Deployment {
    /// A pool in a cloud that is otherwise empty.
    pub(crate) async fn start() -> (LocalCloud, Self) {
        let cloud = LocalCloud::builder().seed(false).start().await.unwrap();
        let deployment = Self::on(&cloud.url()).await;
        cloud.reset_calls();
        (cloud, deployment)
    }

    /// A new pool at whatever speaks the protocols of Cognito and SSM at `url`.
    pub(crate) async fn on(url: &str) -> Self {
        let (cognito, ssm) = sdk_clients(url, REGION);
        let (pool, client, client_secret) = new_pool(&cognito).await;
        // The pool's id makes the prefix unique: an emulator serves all tests at once.
        let prefix = format!("/{pool}/service-user");
        let cloud_formation = Wire::always(Step::Answer(answer("200 OK", &[], ""))).await;
        let sdk = sdk_config(url, REGION);
        let http = http_client();
        Self { cognito, ssm, sdk, http, pool, client, client_secret, prefix, cloud_formation, url: url.to_owned() }
    }

    /// The function, deployed with these properties of the custom resource.
    pub(crate) fn function(&self, properties: &Value) -> ServiceUser {
        ServiceUser::new(&self.sdk, self.http.clone(), config(properties))
    }

    pub(crate) fn properties(&self) -> Value {
        json!({
            "UserPoolId": self.pool,
            "ClientId": self.client,
            "Group": GROUP,
            "Username": "orders",
            "ParametersPrefix": self.prefix,
        })
    }

    /// The properties, but with another value of one.
    pub(crate) fn properties_with(&self, name: &str, value: &str) -> Value {
        let mut properties = self.properties();
        properties[name] = json!(value);
        properties
    }

    /// The event that CloudFormation sends.
    pub(crate) fn event(&self, ask: Ask, properties: &Value) -> Value {
        let mut event = json!({
            "ResponseURL": format!("{}?X-Amz-Signature={SIGNATURE}", self.cloud_formation.url),
            "StackId": properties.get("Stack").unwrap_or(&json!(STACK)),
            "RequestId": "request-1",
            "LogicalResourceId": "ServiceUser",
            "ResourceType": "Custom::ServiceUser",
            "ResourceProperties": properties,
        });
        match ask {
            Ask::Create => event["RequestType"] = json!("Create"),
            Ask::Update(id) => {
                event["RequestType"] = json!("Update");
                event["PhysicalResourceId"] = json!(id);
            }
            Ask::Delete(id) => {
                event["RequestType"] = json!("Delete");
                event["PhysicalResourceId"] = json!(id);
            }
        }
        event
    }

    /// What CloudFormation was told.
    pub(crate) async fn ask(&self, ask: Ask<'_>, properties: &Value) -> Value {
        let before = self.cloud_formation.requests().len();
        service_user::handle(self.function(properties), invocation(self.event(ask, properties))).await.unwrap();
        let answers = self.cloud_formation.requests();
        assert_eq!(answers.len(), before + 1, "one answer");
        serde_json::from_slice(&answers.last().unwrap().body).unwrap()
    }

    /// The id of a resource that became what the properties say.
    pub(crate) async fn succeed(&self, ask: Ask<'_>, properties: &Value) -> String {
        let answer = self.ask(ask, properties).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        answer["PhysicalResourceId"].as_str().unwrap().to_owned()
    }

    /// The reason for which it did not.
    pub(crate) async fn fail(&self, ask: Ask<'_>, properties: &Value) -> String {
        let answer = self.ask(ask, properties).await;
        assert_eq!(answer["Status"], "FAILED", "{answer}");
        answer["Reason"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn create(&self) -> String {
        self.succeed(Ask::Create, &self.properties()).await
    }

    pub(crate) async fn rotate(&self) -> Result<Value, Diagnostic> {
        self.invoke("Rotate", &self.properties()).await
    }

    pub(crate) async fn repair(&self) -> Result<Value, Diagnostic> {
        self.invoke("Repair", &self.properties()).await
    }

    /// Sends what no CloudFormation sends to the function that was deployed with these properties.
    pub(crate) async fn invoke(&self, request_type: &str, properties: &Value) -> Result<Value, Diagnostic> {
        let event = invocation(json!({"RequestType": request_type}));
        service_user::handle(self.function(properties), event).await
    }

    /// The name of the user that the parameters under a prefix sign in as, after it has signed in.
    pub(crate) async fn signs_in(&self, prefix: &str) -> String {
        let credentials = SsmCredentials::new(self.ssm.clone(), prefix);
        let source = CognitoTokenSource::new(self.cognito.clone(), credentials, TokenUse::Access);
        source.with_renewal(Renewal::Never).sign_in().await.unwrap();
        self.credentials(prefix).await["username"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn credentials(&self, prefix: &str) -> Value {
        let name = format!("{prefix}/credentials");
        let parameter = self.ssm.get_parameter().name(name).with_decryption(true).send().await.unwrap();
        serde_json::from_str(parameter.parameter().unwrap().value().unwrap()).unwrap()
    }

    pub(crate) async fn password(&self) -> String {
        self.credentials(&self.prefix).await["password"].as_str().unwrap().to_owned()
    }

    /// The names of the parameters under a prefix, without it.
    pub(crate) async fn parameters(&self, prefix: &str) -> Vec<String> {
        let found = self.ssm.get_parameters_by_path().path(prefix).recursive(true).send().await.unwrap();
        let names = found.parameters().iter().filter_map(|parameter| parameter.name()?.strip_prefix(prefix));
        let mut names: Vec<_> = names.map(str::to_owned).collect();
        names.sort();
        names
    }

    pub(crate) async fn put(&self, name: &str, value: &str, kind: ParameterType) {
        let put = self.ssm.put_parameter().name(name).value(value).r#type(kind).overwrite(true);
        put.send().await.unwrap();
    }

    pub(crate) async fn user_exists(&self, pool: &str, username: &str) -> bool {
        self.cognito.admin_get_user().user_pool_id(pool).username(username).send().await.is_ok()
    }

    pub(crate) async fn groups(&self, username: &str) -> Vec<String> {
        let groups = self.cognito.admin_list_groups_for_user().user_pool_id(&self.pool).username(username);
        let groups = groups.send().await.unwrap().groups.unwrap_or_default();
        let mut names: Vec<_> = groups.into_iter().filter_map(|group| group.group_name).collect();
        names.sort();
        names
    }

    pub(crate) async fn assert_nothing_is_left(&self) {
        assert_eq!(self.parameters(&self.prefix).await, [""; 0]);
        for username in ["orders-1-a", "orders-1-b"] {
            assert!(!self.user_exists(&self.pool, username).await, "{username} exists");
        }
    }
}

/// A pool with two groups and an app client with a secret.
pub(crate) async fn new_pool(cognito: &aws_sdk_cognitoidentityprovider::Client) -> (String, String, String) {
    pool_of(cognito, cognito.create_user_pool()).await
}

/// The same, of users who sign in with their e-mail address.
pub(crate) async fn new_pool_of_addresses(
    cognito: &aws_sdk_cognitoidentityprovider::Client,
) -> (String, String, String) {
    pool_of(cognito, cognito.create_user_pool().username_attributes(UsernameAttributeType::Email)).await
}

async fn pool_of(
    cognito: &aws_sdk_cognitoidentityprovider::Client,
    request: CreateUserPoolFluentBuilder,
) -> (String, String, String) {
    let pool = request.pool_name("orders").send().await.unwrap().user_pool.unwrap().id.unwrap();
    for group in [GROUP, "order-admins"] {
        cognito.create_group().user_pool_id(&pool).group_name(group).send().await.unwrap();
    }
    let client = cognito.create_user_pool_client().user_pool_id(&pool).client_name("service").generate_secret(true);
    let client = client
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowAdminUserPasswordAuth)
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth);
    let client = client.send().await.unwrap().user_pool_client.unwrap();
    (pool, client.client_id.unwrap(), client.client_secret.unwrap())
}

/// An invocation that is soon to end.
pub(crate) fn short_invocation(event: Value) -> LambdaEvent<Value> {
    LambdaEvent::new(event, context_that_ends_in(Duration::from_secs(1)))
}

/// What the template makes of the same parameters as the properties.
pub(crate) fn config(properties: &Value) -> ServiceUserConfig {
    ServiceUserConfig::from_lookup(|name| {
        let property = match name {
            "SERVICE_USER_STACK" => return Some(properties["Stack"].as_str().unwrap_or(STACK).to_owned()),
            "AWS_REGION" => return Some(REGION.to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => return Some("test".to_owned()),
            "AWS_ENDPOINT_URL" => return Some("http://127.0.0.1:1".to_owned()),
            "SERVICE_USER_PARAMETERS" => "ParametersPrefix",
            "SERVICE_USER_PARAMETERS_KEY" => "ParametersKeyArn",
            "SERVICE_USER_POOL_ID" => "UserPoolId",
            "SERVICE_USER_CLIENT_ID" => "ClientId",
            "SERVICE_USER_GROUP" => "Group",
            "SERVICE_USER_NAME" => "Username",
            "SERVICE_USER_ADOPT" => "Adopt",
            "SERVICE_USER_TOKEN_SECRET" => "TokenSecret",
            "PUBLISH_MINUTES" => "PublishMinutes",
            "TOKEN_USE" => "TokenUse",
            _ => return None,
        };
        properties[property].as_str().map(str::to_owned)
    })
}
