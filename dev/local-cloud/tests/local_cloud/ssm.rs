//! Parameter Store.

use local_cloud::Service;
use serde_json::{Value, json};

use crate::support::{Cloud, text};

fn names(parameters: &Value) -> Vec<&str> {
    parameters["Parameters"].as_array().expect("a list").iter().filter_map(|one| one["Name"].as_str()).collect()
}

#[tokio::test]
async fn the_seeded_parameters_come_in_one_call_sorted_by_name() {
    let cloud = Cloud::start().await;
    let prefix = &cloud.seed().parameters_prefix;
    let wanted = ["user-pool-id", "credentials", "client-secret", "client-id"].map(|name| format!("{prefix}/{name}"));
    let output = cloud.ssm("GetParameters", json!({"Names": wanted, "WithDecryption": true})).await.ok();
    let mut sorted = wanted.clone();
    sorted.sort();
    assert_eq!(names(&output), sorted);
    assert_eq!(output["InvalidParameters"], json!([]));
    let credentials: Value = serde_json::from_str(&text(&output["Parameters"][2]["Value"])).expect("JSON");
    assert_eq!(credentials, json!({"username": cloud.seed().username, "password": cloud.seed().password}));
    assert_eq!(cloud.count(Service::Ssm), 1);
}

#[tokio::test]
async fn a_secure_string_is_never_shown_without_decryption() {
    let cloud = Cloud::start().await;
    let name = format!("{}/credentials", cloud.seed().parameters_prefix);
    for input in [json!({"Name": name}), json!({"Name": name, "WithDecryption": false})] {
        let reply = cloud.ssm("GetParameter", input).await;
        assert_eq!(reply.ok()["Parameter"]["Type"], "SecureString");
        assert!(!reply.text.contains(&cloud.seed().password), "{}", reply.text);
    }
    let path = json!({"Path": cloud.seed().parameters_prefix});
    assert!(!cloud.ssm("GetParametersByPath", path).await.text.contains(&cloud.seed().client_secret));
}

#[tokio::test]
async fn unknown_names_are_listed_and_arns_are_names_too() {
    let cloud = Cloud::start().await;
    let prefix = &cloud.seed().parameters_prefix;
    let arn = format!("arn:aws:ssm:eu-west-1:000000000000:parameter{prefix}/client-id");
    let output = cloud.ssm("GetParameters", json!({"Names": ["/nope", arn]})).await.ok();
    assert_eq!(names(&output), [format!("{prefix}/client-id")]);
    assert_eq!(output["InvalidParameters"], json!(["/nope"]));
    let reply = cloud.ssm("GetParameter", json!({"Name": "/nope"})).await;
    reply.assert_error("ParameterNotFound", "");
    assert_eq!(reply.text, r#"{"__type":"ParameterNotFound"}"#);
    // Unlike Cognito's, errors of SSM are in the body alone.
    assert_eq!(reply.header("x-amzn-errortype"), "");
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);
}

#[tokio::test]
async fn more_than_ten_names_are_refused() {
    let cloud = Cloud::start().await;
    let names: Vec<String> = (0..11).map(|number| format!("/{number}")).collect();
    let reply = cloud.ssm("GetParameters", json!({"Names": names})).await;
    let (error_type, message) = reply.error();
    assert_eq!(error_type, "ValidationException");
    assert!(message.ends_with("Member must have length less than or equal to 10"), "{message}");
    cloud.ssm("GetParameters", json!({"Names": names[..10]})).await.ok();
    assert_eq!(cloud.ssm("GetParameters", json!({"Names": []})).await.error().0, "ValidationException");
}

#[tokio::test]
async fn overwriting_must_be_asked_for_and_makes_a_version() {
    let cloud = Cloud::start().await;
    let put =
        |value: &str, overwrite: bool| json!({"Name": "/a", "Value": value, "Type": "String", "Overwrite": overwrite});
    assert_eq!(cloud.ssm("PutParameter", put("one", false)).await.ok()["Version"], 1);
    assert_eq!(cloud.ssm("PutParameter", put("two", false)).await.error().0, "ParameterAlreadyExists");
    assert_eq!(cloud.ssm("PutParameter", put("two", true)).await.ok()["Version"], 2);
    for (name, value) in [("/a", "two"), ("/a:1", "one"), ("/a:2", "two")] {
        let parameter = cloud.ssm("GetParameter", json!({"Name": name})).await.ok()["Parameter"].clone();
        assert_eq!((&parameter["Value"], &parameter["Name"]), (&json!(value), &json!("/a")));
        let selector = name.strip_prefix("/a").filter(|selector| !selector.is_empty());
        assert_eq!(parameter.get("Selector"), selector.map(|selector| json!(selector)).as_ref());
    }
    let reply = cloud.ssm("GetParameter", json!({"Name": "/a:3"})).await;
    assert_eq!(reply.error().0, "ParameterVersionNotFound");
    let reply = cloud.ssm("PutParameter", json!({"Name": "/b", "Value": "x"})).await;
    assert_eq!(reply.error().0, "ValidationException");
    assert_eq!(cloud.ssm("PutParameter", json!({"Name": "/b"})).await.error().0, "SerializationException");
}

#[tokio::test]
async fn a_path_is_listed_page_by_page() {
    let cloud = Cloud::start().await;
    for name in ["/p/1", "/p/2", "/p/3", "/p/deep/4", "/pq/5"] {
        cloud.ssm("PutParameter", json!({"Name": name, "Value": name, "Type": "StringList"})).await.ok();
    }
    let flat = cloud.ssm("GetParametersByPath", json!({"Path": "/p/"})).await.ok();
    assert_eq!(names(&flat), ["/p/1", "/p/2", "/p/3"]);
    let mut found = Vec::new();
    let mut input = json!({"Path": "/p", "Recursive": true, "MaxResults": 3});
    loop {
        let page = cloud.ssm("GetParametersByPath", input.clone()).await.ok();
        found.push(names(&page).join(" "));
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(found, ["/p/1 /p/2 /p/3", "/p/deep/4"]);
    input["NextToken"] = json!("invented");
    assert_eq!(cloud.ssm("GetParametersByPath", input).await.error().0, "InvalidNextToken");
}

#[tokio::test]
async fn what_is_deleted_is_gone() {
    let cloud = Cloud::start().await;
    let put = |name: &str| json!({"Name": name, "Value": "x", "Type": "String"});
    for name in ["/a", "/b", "/c"] {
        cloud.ssm("PutParameter", put(name)).await.ok();
    }
    cloud.ssm("DeleteParameter", json!({"Name": "/a"})).await.ok();
    assert_eq!(cloud.ssm("DeleteParameter", json!({"Name": "/a"})).await.error().0, "ParameterNotFound");
    let output = cloud.ssm("DeleteParameters", json!({"Names": ["/a", "/b", "/c"]})).await.ok();
    assert_eq!(output, json!({"DeletedParameters": ["/b", "/c"], "InvalidParameters": ["/a"]}));
    assert_eq!(cloud.aws("AmazonSSM.NoSuchOperation", "{}".to_owned()).await.error().0, "UnknownOperationException");
}

#[tokio::test]
async fn a_description_has_everything_but_the_value() {
    let cloud = Cloud::start().await;
    let put = |name: &str, kind: &str| json!({"Name": name, "Value": "canary", "Type": kind, "Overwrite": true});
    let mut with_key = put("/d/secret", "SecureString");
    with_key["KeyId"] = json!("alias/orders");
    cloud.ssm("PutParameter", with_key).await.ok();
    cloud.ssm("PutParameter", put("/d/plain", "String")).await.ok();
    let describe =
        |option: &str, value: &str| json!({"ParameterFilters": [{"Key": "Name", "Option": option, "Values": [value]}]});
    let reply = cloud.ssm("DescribeParameters", describe("BeginsWith", "/d/")).await;
    let found = reply.ok();
    assert_eq!(names(&found), ["/d/plain", "/d/secret"]);
    assert!(!reply.text.contains("canary"), "{}", reply.text);
    assert_eq!(found["Parameters"][0].get("KeyId"), None);
    assert_eq!(found["Parameters"][1]["KeyId"], "alias/orders");
    // A write without a key encrypts with the account's own.
    cloud.ssm("PutParameter", put("/d/secret", "SecureString")).await.ok();
    let found = cloud.ssm("DescribeParameters", describe("Equals", "/d/secret")).await.ok();
    assert_eq!(
        (&found["Parameters"][0]["KeyId"], &found["Parameters"][0]["Version"]),
        (&json!("alias/aws/ssm"), &json!(2))
    );
    let reply = cloud.ssm("DescribeParameters", describe("Like", "/d")).await;
    assert_eq!(reply.error().0, "InvalidFilterOption");
    let reply = cloud.ssm("DescribeParameters", json!({"ParameterFilters": [{"Key": "Nothing"}]})).await;
    assert_eq!(reply.error().0, "InvalidFilterKey");
}

#[tokio::test]
async fn names_that_aws_keeps_for_itself_are_refused() {
    let cloud = Cloud::start().await;
    for (name, error_type) in
        [("/aws/x", "AccessDeniedException"), ("AWSx", "AccessDeniedException"), ("/ssm/x", "ValidationException")]
    {
        let reply = cloud.ssm("PutParameter", json!({"Name": name, "Value": "x", "Type": "String"})).await;
        assert_eq!(reply.error().0, error_type, "{name}");
    }
    cloud.ssm("PutParameter", json!({"Name": "/orders/aws", "Value": "x", "Type": "String"})).await.ok();
}
