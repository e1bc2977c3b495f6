//! What an access key may do.

use local_cloud::Allow;
use serde_json::json;

use crate::support::Cloud;

#[tokio::test]
async fn a_policy_allows_actions_on_resources_and_nothing_else() {
    let cloud = Cloud::start().await;
    let allow =
        |action: &str, resource: &str| Allow { actions: vec![action.to_owned()], resource: resource.to_owned() };
    let pool = cloud.seed().user_pool_id.clone();
    let own_pool = allow("cognito-idp:DescribeUserPool", &format!("userpool/{pool}"));
    cloud.set_policy("limited", vec![allow("ssm:GetParameters", "parameter/orders/*"), own_pool]);

    let (get, describe) = ("AmazonSSM.GetParameters", "AWSCognitoIdentityProviderService.DescribeUserPool");
    cloud.aws_as("limited", get, json!({"Names": ["/orders/a", "/orders/b"]})).await.ok();
    cloud.aws_as("limited", describe, json!({"UserPoolId": pool})).await.ok();
    for (target, input, action) in [
        (get, json!({"Names": ["/orders/a", "/others/b"]}), "ssm:GetParameters"),
        ("AmazonSSM.DeleteParameters", json!({"Names": ["/orders/a"]}), "ssm:DeleteParameters"),
        (describe, json!({"UserPoolId": "eu-west-1_other"}), "cognito-idp:DescribeUserPool"),
    ] {
        let (error_type, message) = cloud.aws_as("limited", target, input.clone()).await.error();
        assert_eq!(error_type, "AccessDeniedException");
        assert!(message.contains(&format!("is not authorized to perform: {action} on resource: ")), "{message}");
        // Others may do everything.
        let others = cloud.aws_as("another", target, input).await;
        assert!(!others.text.contains("AccessDenied"), "{}", others.text);
    }
}
