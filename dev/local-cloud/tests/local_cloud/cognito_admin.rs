//! The operations with which tests, the `aws` CLI and a deployment set a pool up.

use serde_json::{Value, json};

use crate::support::{Cloud, text};

#[tokio::test]
async fn pools_and_clients_are_described_as_they_were_created() {
    let cloud = Cloud::start().await;
    let (pool, client) = cloud.new_pool(json!({}), json!({"GenerateSecret": true})).await;
    assert!(pool.starts_with("eu-west-1_"), "{pool}");
    let described = cloud.cognito("DescribeUserPool", json!({"UserPoolId": pool})).await.ok();
    assert_eq!(described["UserPool"]["Id"], json!(pool));
    assert_eq!(described["UserPool"]["MfaConfiguration"], "OFF");
    let input = json!({"UserPoolId": pool, "ClientId": client["ClientId"]});
    let described = cloud.cognito("DescribeUserPoolClient", input).await.ok();
    assert_eq!(described["UserPoolClient"], client);
    assert_eq!(text(&client["ClientSecret"]).len(), 52);
    let reply = cloud.cognito("DescribeUserPool", json!({"UserPoolId": "eu-west-1_nope"})).await;
    reply.assert_error("ResourceNotFoundException", "User pool eu-west-1_nope does not exist.");
}

#[tokio::test]
async fn a_user_comes_with_a_status_and_goes_for_good() {
    let cloud = Cloud::start().await;
    let pool = cloud.seed().user_pool_id.clone();
    let user = json!({"UserPoolId": pool, "Username": "new"});
    let create = json!({"UserPoolId": pool, "Username": "new", "TemporaryPassword": "Temporary-1"});
    cloud.cognito("AdminCreateUser", create.clone()).await.ok();
    let again = cloud.cognito("AdminCreateUser", create).await;
    again.assert_error("UsernameExistsException", "User account already exists");
    let described = cloud.cognito("AdminGetUser", user.clone()).await.ok();
    assert_eq!((&described["UserStatus"], &described["Enabled"]), (&json!("FORCE_CHANGE_PASSWORD"), &json!(true)));
    let password = json!({"UserPoolId": pool, "Username": "new", "Password": "Permanent-1", "Permanent": true});
    cloud.cognito("AdminSetUserPassword", password).await.ok();
    assert_eq!(cloud.cognito("AdminGetUser", user.clone()).await.ok()["UserStatus"], "CONFIRMED");
    cloud.cognito("AdminDeleteUser", user.clone()).await.ok();
    for operation in ["AdminGetUser", "AdminDeleteUser", "AdminDisableUser"] {
        let reply = cloud.cognito(operation, user.clone()).await;
        reply.assert_error("UserNotFoundException", "User does not exist.");
    }
}

#[tokio::test]
async fn passwords_must_conform_to_the_pools_policy() {
    let cloud = Cloud::start().await;
    let set = |pool: &str, password: &str| json!({"UserPoolId": pool, "Username": cloud.seed().username, "Password": password, "Permanent": true});
    for (password, problem) in [
        ("Aa1-", "Password not long enough"),
        ("lower-case-1", "Password must have uppercase characters"),
        ("UPPER-CASE-1", "Password must have lowercase characters"),
        ("No-digits-here", "Password must have numeric characters"),
        ("NoSymbols11", "Password must have symbol characters"),
    ] {
        let reply = cloud.cognito("AdminSetUserPassword", set(&cloud.seed().user_pool_id, password)).await;
        let message = format!("Password did not conform with policy: {problem}");
        reply.assert_error("InvalidPasswordException", &message);
    }
    let policy = json!({"PasswordPolicy": {"MinimumLength": 6, "RequireSymbols": false, "RequireUppercase": false}});
    let (pool, _) = cloud.new_pool(json!({"Policies": policy}), json!({})).await;
    cloud.cognito("AdminCreateUser", json!({"UserPoolId": pool, "Username": cloud.seed().username})).await.ok();
    cloud.cognito("AdminSetUserPassword", set(&pool, "simple1")).await.ok();
}

#[tokio::test]
async fn groups_exist_before_users_join_them() {
    let cloud = Cloud::start().await;
    let seed = cloud.seed();
    let input = |group: &str| -> Value {
        json!({"UserPoolId": seed.user_pool_id, "Username": seed.username, "GroupName": group})
    };
    let reply = cloud.cognito("AdminAddUserToGroup", input("readers")).await;
    reply.assert_error("ResourceNotFoundException", "Group not found.");
    cloud.cognito("CreateGroup", input("readers")).await.ok();
    let reply = cloud.cognito("CreateGroup", input("readers")).await;
    reply.assert_error("GroupExistsException", "A group with the name already exists.");
    cloud.cognito("AdminAddUserToGroup", input("readers")).await.ok();
    let groups = crate::support::claims(&cloud.access_token().await)["cognito:groups"].clone();
    assert_eq!(groups, json!(["order-services", "readers"]));
    cloud.cognito("AdminRemoveUserFromGroup", input("order-services")).await.ok();
    let groups = crate::support::claims(&cloud.access_token().await)["cognito:groups"].clone();
    assert_eq!(groups, json!(["readers"]));
}

#[tokio::test]
async fn the_groups_of_a_user_are_listed_page_by_page() {
    let cloud = Cloud::start().await;
    let seed = cloud.seed();
    let (pool, username) = (&seed.user_pool_id, &seed.username);
    for group in ["a", "b", "c"] {
        let input = json!({"UserPoolId": pool, "Username": username, "GroupName": group});
        cloud.cognito("CreateGroup", input.clone()).await.ok();
        cloud.cognito("AdminAddUserToGroup", input).await.ok();
    }
    let mut input = json!({"UserPoolId": pool, "Username": username, "Limit": 3});
    let mut found = Vec::new();
    loop {
        let page = cloud.cognito("AdminListGroupsForUser", input.clone()).await.ok();
        let groups = page["Groups"].as_array().expect("a list");
        found.push(groups.iter().map(|group| text(&group["GroupName"])).collect::<Vec<_>>().join(" "));
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(found, ["a b c", "order-services"]);
    let nobody = json!({"UserPoolId": pool, "Username": "nobody"});
    let reply = cloud.cognito("AdminListGroupsForUser", nobody).await;
    reply.assert_error("UserNotFoundException", "User does not exist.");
    input["NextToken"] = json!("invented");
    let reply = cloud.cognito("AdminListGroupsForUser", input.clone()).await;
    assert_eq!(reply.error().0, "InvalidParameterException");
    input["Limit"] = json!(61);
    let (error_type, message) = cloud.cognito("AdminListGroupsForUser", input).await.error();
    assert_eq!(error_type, "InvalidParameterException");
    assert!(message.ends_with("Member must have value less than or equal to 60"), "{message}");
}

#[tokio::test]
async fn the_invitation_of_a_new_user_can_be_suppressed() {
    let cloud = Cloud::start().await;
    let create =
        |action: &str| json!({"UserPoolId": cloud.seed().user_pool_id, "Username": "new", "MessageAction": action});
    assert_eq!(cloud.cognito("AdminCreateUser", create("HIDE")).await.error().0, "InvalidParameterException");
    cloud.cognito("AdminCreateUser", create("SUPPRESS")).await.ok();
}
