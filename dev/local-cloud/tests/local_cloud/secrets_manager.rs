//! Secrets Manager.

use local_cloud::Service;
use serde_json::json;

use crate::support::Cloud;

#[tokio::test]
async fn a_secret_is_found_by_name_and_by_either_arn() {
    let cloud = Cloud::start().await;
    let created = cloud.secrets_manager("CreateSecret", json!({"Name": "a/b", "SecretString": "one"})).await.ok();
    let arn = created["ARN"].as_str().expect("an ARN");
    let (partial_arn, _) = arn.rsplit_once('-').expect("a suffix");
    for id in ["a/b", arn, partial_arn] {
        let secret = cloud.secrets_manager("GetSecretValue", json!({"SecretId": id})).await.ok();
        assert_eq!((&secret["SecretString"], &secret["Name"]), (&json!("one"), &json!("a/b")));
        assert_eq!(secret["VersionStages"], json!(["AWSCURRENT"]));
    }
    assert_eq!(cloud.count(Service::SecretsManager), 4);
    let again = cloud.secrets_manager("CreateSecret", json!({"Name": "a/b", "SecretString": "x"})).await;
    assert_eq!(again.error().0, "ResourceExistsException");
}

#[tokio::test]
async fn the_value_before_the_current_one_is_the_previous_one() {
    let cloud = Cloud::start().await;
    cloud.secrets_manager("CreateSecret", json!({"Name": "a", "SecretString": "one"})).await.ok();
    let get = |stage| json!({"SecretId": "a", "VersionStage": stage});
    cloud.secrets_manager("GetSecretValue", get("AWSPREVIOUS")).await.assert_error(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
    );
    for value in ["two", "three"] {
        cloud.secrets_manager("PutSecretValue", json!({"SecretId": "a", "SecretString": value})).await.ok();
    }
    for (stage, value) in [("AWSCURRENT", "three"), ("AWSPREVIOUS", "two")] {
        let secret = cloud.secrets_manager("GetSecretValue", get(stage)).await.ok();
        assert_eq!((&secret["SecretString"], &secret["VersionStages"]), (&json!(value), &json!([stage])));
    }
}

#[tokio::test]
async fn a_rotation_stores_a_pending_value_and_makes_it_the_current_one_when_it_finishes() {
    let cloud = Cloud::start().await;
    cloud.secrets_manager("CreateSecret", json!({"Name": "a", "SecretString": "old"})).await.ok();
    let pending = json!({"SecretId": "a", "SecretString": "new", "VersionStages": ["AWSPENDING"]});
    let pending = cloud.secrets_manager("PutSecretValue", pending).await.ok();
    assert_eq!(pending["VersionStages"], json!(["AWSPENDING"]));
    let value = async |stage: &str| {
        let secret = json!({"SecretId": "a", "VersionStage": stage});
        cloud.secrets_manager("GetSecretValue", secret).await.ok()["SecretString"].clone()
    };
    assert_eq!((value("AWSCURRENT").await, value("AWSPENDING").await), (json!("old"), json!("new")));

    let finish = json!({"SecretId": "a", "VersionStage": "AWSCURRENT", "MoveToVersionId": pending["VersionId"]});
    cloud.secrets_manager("UpdateSecretVersionStage", finish).await.ok();
    assert_eq!((value("AWSCURRENT").await, value("AWSPREVIOUS").await), (json!("new"), json!("old")));
    assert_eq!(value("AWSPENDING").await, json!("new"), "the label stays until the next rotation");

    let nowhere = json!({"SecretId": "a", "VersionStage": "AWSCURRENT", "MoveToVersionId": "nope"});
    let reply = cloud.secrets_manager("UpdateSecretVersionStage", nowhere).await;
    assert_eq!(reply.error().0, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let cloud = Cloud::start().await;
    for operation in ["GetSecretValue", "PutSecretValue"] {
        let reply = cloud.secrets_manager(operation, json!({"SecretId": "nope", "SecretString": "x"})).await;
        reply.assert_error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    }
    let reply = cloud.secrets_manager("NoSuchOperation", json!({})).await;
    assert_eq!(reply.error().0, "UnknownOperationException");
}
