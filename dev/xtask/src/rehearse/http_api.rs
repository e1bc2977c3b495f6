//! The HTTP API's routes, which CloudFormation imports from the OpenAPI definition in the template. The emulator does not,
//! so they are made from the same definition: what `sam` has made of `template.yaml`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::{Value, json};

use super::emulator::Emulator;

/// Makes the integration, the authorizer, CORS and every route of the API `id`, as the definition in the template of `stack`
/// says; those of before are gone then. `known` are the stack's parameters, and what else the definition refers to.
pub(crate) async fn make_routes(
    emulator: &Emulator,
    stack: &str,
    id: &str,
    known: &BTreeMap<String, String>,
) -> Result<()> {
    let template = ["cloudformation", "get-template", "--stack-name", stack, "--template-stage", "Processed"];
    let template = emulator.cli(&template).await?;
    let body = &template["TemplateBody"]["Resources"]["HttpApi"]["Properties"]["Body"];

    let api = Api { emulator, path: format!("/v2/apis/{id}") };

    for old in ["routes", "integrations", "authorizers"] {
        api.remove(old).await?;
    }
    let authorizer = authorizer(&resolved(&body["components"]["securitySchemes"]["UserPool"], known)?)?;
    let authorizer = api.make("authorizers", authorizer, "authorizerId").await?;
    let cors = resolved(&body["x-amazon-apigateway-cors"], known)?;
    api.send(Method::PATCH, "", Some(json!({"corsConfiguration": cors}))).await?;
    let mut integrations = BTreeMap::new();
    for route in routes(body)? {
        let integration = resolved(&route.operation["x-amazon-apigateway-integration"], known)?;
        let uri = integration["uri"].as_str().context("a route leads nowhere")?.to_owned();
        if !integrations.contains_key(&uri) {
            let integration = json!({
                "integrationType": "AWS_PROXY",
                "integrationUri": uri,
                "payloadFormatVersion": integration["payloadFormatVersion"],
            });
            integrations.insert(uri.clone(), api.make("integrations", integration, "integrationId").await?);
        }
        let mut given = json!({"routeKey": route.key, "target": format!("integrations/{}", integrations[&uri])});
        if route.is_guarded()? {
            given["authorizationType"] = json!("JWT");
            given["authorizerId"] = json!(authorizer);
        }
        api.make("routes", given, "routeId").await?;
    }
    Ok(())
}

struct Api<'a> {
    emulator: &'a Emulator,
    path: String,
}

impl Api<'_> {
    async fn send(&self, method: Method, path: &str, input: Option<Value>) -> Result<Value> {
        self.emulator.rest("apigateway", method, &format!("{}{path}", self.path), input).await
    }

    /// The id of what is made.
    async fn make(&self, what: &str, input: Value, id: &str) -> Result<String> {
        let made = self.send(Method::POST, &format!("/{what}"), Some(input)).await?;
        Ok(made[id].as_str().with_context(|| format!("no {id} in {made}"))?.to_owned())
    }

    async fn remove(&self, what: &str) -> Result<()> {
        let all = self.send(Method::GET, &format!("/{what}"), None).await?;
        let id = format!("{}Id", what.trim_end_matches('s'));
        for one in all["items"].as_array().into_iter().flatten() {
            let one = one[&id].as_str().unwrap_or_default();
            self.send(Method::DELETE, &format!("/{what}/{one}"), None).await?;
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq)]
struct Route {
    key: String,
    operation: Value,
}

impl Route {
    /// Whether a token of the user pool is asked for. What is neither that nor open is an error.
    fn is_guarded(&self) -> Result<bool> {
        let schemes: Vec<&String> = self.operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flat_map(|scheme| scheme.keys())
            .collect();
        let names: Vec<&str> = schemes.into_iter().map(String::as_str).collect();
        ensure!(matches!(names[..], ["UserPool"] | ["NONE"] | []), "{} is guarded by {names:?}", self.key);
        Ok(names == ["UserPool"])
    }
}

fn routes(definition: &Value) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for (path, operations) in definition["paths"].as_object().context("there is no OpenAPI definition")? {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let key = match method.as_str() {
                "x-amazon-apigateway-any-method" if path == "/$default" => "$default".to_owned(),
                "x-amazon-apigateway-any-method" => format!("ANY {path}"),
                method => format!("{} {path}", method.to_uppercase()),
            };
            routes.push(Route { key, operation: operation.clone() });
        }
    }
    Ok(routes)
}

fn authorizer(scheme: &Value) -> Result<Value> {
    let definition = &scheme["x-amazon-apigateway-authorizer"];
    let jwt = &definition["jwtConfiguration"];
    ensure!(definition["type"] == "jwt" && jwt["issuer"].is_string(), "the authorizer is {scheme}");
    Ok(json!({
        "name": "UserPool",
        "authorizerType": "JWT",
        "identitySource": [definition["identitySource"]],
        "jwtConfiguration": {"issuer": jwt["issuer"], "audience": jwt["audience"]},
    }))
}

/// With `Ref` and `Fn::Sub` of what is `known`. A parameter with commas is a list.
fn resolved(value: &Value, known: &BTreeMap<String, String>) -> Result<Value> {
    let get = |name: &str| known.get(name).with_context(|| format!("{name} is not known"));
    Ok(match value {
        Value::Object(members) if members.len() == 1 && members.contains_key("Ref") => {
            let name = value["Ref"].as_str().unwrap_or_default();
            let text = get(name)?;
            if LISTS.contains(&name) { json!(text.split(',').collect::<Vec<_>>()) } else { json!(text) }
        }
        Value::Object(members) if members.len() == 1 && members.contains_key("Fn::Sub") => {
            let mut rest = value["Fn::Sub"].as_str().context("an Fn::Sub with variables of its own")?;
            let mut text = String::new();
            while let Some((before, after)) = rest.split_once("${") {
                let (name, after) = after.split_once('}').context("an Fn::Sub without its end")?;
                text = text + before + get(name)?;
                rest = after;
            }
            json!(text + rest)
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| Ok((name.clone(), resolved(value, known)?)));
            Value::Object(members.collect::<Result<_>>()?)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| resolved(item, known)).collect::<Result<_>>()?),
        other => other.clone(),
    })
}

/// Parameters that are lists.
const LISTS: [&str; 2] = ["HttpApiClientIds", "AllowedOrigins"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_what_they_stand_for() {
        let known = [("AWS::Region", "eu-west-1"), ("Pool", "p_1"), ("AllowedOrigins", "https://a,https://b")];
        let known = known.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let given =
            json!({"uri": {"Fn::Sub": "x-${AWS::Region}/${Pool}!"}, "origins": [{"Ref": "AllowedOrigins"}], "n": 1});
        let expected = json!({"uri": "x-eu-west-1/p_1!", "origins": [["https://a", "https://b"]], "n": 1});
        assert_eq!(resolved(&given, &known).unwrap(), expected);
        let error = resolved(&json!({"Ref": "Nobody"}), &known).unwrap_err().to_string();
        assert_eq!(error, "Nobody is not known");
    }

    #[test]
    fn a_route_is_guarded_or_open_and_nothing_else() {
        let definition = json!({"paths": {
            "/orders": {"get": {"security": [{"UserPool": []}]}},
            "/$default": {"x-amazon-apigateway-any-method": {"security": [{"NONE": []}]}},
            "/odd": {"get": {"security": [{"ApiKey": []}]}},
        }});
        let found: Vec<_> = routes(&definition)
            .unwrap()
            .into_iter()
            .map(|route| (route.key.clone(), route.is_guarded().ok()))
            .collect();
        let expected = [("$default", Some(false)), ("GET /odd", None), ("GET /orders", Some(true))];
        assert_eq!(found, expected.map(|(key, guarded)| (key.to_owned(), guarded)));
        assert!(routes(&json!({})).is_err());
    }
}
