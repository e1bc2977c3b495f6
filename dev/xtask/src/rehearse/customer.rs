//! How people sign in, as docs/operations.md says: on the sign-in pages, with PKCE.

use anyhow::{Context, Result, ensure};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::client::{Client, excerpt};

/// Makes a user with a temporary password, in `group` if there is one, who then signs in and chooses a password. The access
/// token.
pub(crate) async fn sign_in(stage: &Stage, name: &str, group: Option<&str>) -> Result<String> {
    let outputs = stage.outputs(&stage.backend.name).await?;
    let client = outputs.get("HttpApiClientIds").context("the backend has no app client for customers")?;
    let user = json!({"Username": name, "MessageAction": "SUPPRESS", "TemporaryPassword": TEMPORARY});
    stage.cognito("AdminCreateUser", user).await?;
    if let Some(group) = group {
        stage.cognito("AdminAddUserToGroup", json!({"Username": name, "GroupName": group})).await?;
    }

    let mut browser = Browser { client: Client::connect(stage.emulator.port()).await? };
    let query = form(&[
        ("client_id", client),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("redirect_uri", CALLBACK),
        ("code_challenge_method", "S256"),
        ("code_challenge", CHALLENGE),
    ]);
    let page = browser.get(&format!("/oauth2/authorize?{query}")).await?;
    let page = browser.submit(&page, &[("username", name), ("password", TEMPORARY)]).await?;
    let page = browser.submit(&page, &[("new_password", CHOSEN), ("confirm_password", CHOSEN)]).await?;
    let location = page.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let code = location.and_then(|location| {
        location.strip_prefix(CALLBACK)?.split(['?', '&']).find_map(|part| part.strip_prefix("code="))
    });
    let code = code.with_context(|| format!("no code after signing in: {}", text(&page)))?;
    let exchange = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("code", code),
    ];
    let tokens = browser.post("/oauth2/token", &form(&exchange)).await?;
    let tokens: Value = serde_json::from_slice(tokens.body()).with_context(|| text(&tokens))?;
    Ok(tokens["access_token"].as_str().with_context(|| format!("no token in {tokens}"))?.to_owned())
}

struct Browser {
    client: Client,
}

impl Browser {
    async fn get(&mut self, path: &str) -> Result<Response<Bytes>> {
        self.client.raw(Request::get(path).body(String::new())?).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Result<Response<Bytes>> {
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.client.raw(request.body(form.to_owned())?).await
    }

    /// Fills in the page's form. Members that it does not have are an error, so that a page that is an error is one.
    async fn submit(&mut self, page: &Response<Bytes>, given: &[(&str, &str)]) -> Result<Response<Bytes>> {
        let html = String::from_utf8_lossy(page.body()).into_owned();
        let action = html.split("<form").nth(1).and_then(|form| attribute(form, "action"));
        let action = action.with_context(|| format!("no form in {}", text(page)))?;
        let mut members: Vec<(String, String)> = Vec::new();
        for input in html.split("<input").skip(1) {
            let Some(name) = attribute(input, "name") else { continue };
            let value = given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            members.push((name, value.or_else(|| attribute(input, "value")).unwrap_or_default()));
        }
        ensure!(
            given.iter().any(|(name, _)| members.iter().any(|(member, _)| member == name)),
            "another form than that for {given:?}: {}",
            text(page)
        );
        let members: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&action, &form(&members)).await
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (tag, _) = tag.split_once('>')?;
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#x27;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

fn form(members: &[(&str, &str)]) -> String {
    members.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn text(page: &Response<Bytes>) -> String {
    format!("HTTP {}: {}", page.status(), excerpt(&String::from_utf8_lossy(page.body())))
}

/// The backend's default for `CallbackUrls`.
const CALLBACK: &str = "http://localhost:3000/signed-in";
const TEMPORARY: &str = "Rehearsal-temporary-1";
const CHOSEN: &str = "Rehearsal-chosen-2!";
// The example of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_written_as_browsers_do() {
        let tag = r#" type="hidden" name="state" value="a&amp;b&quot;">"#;
        assert_eq!(attribute(tag, "value").as_deref(), Some("a&b\""));
        assert_eq!(attribute(tag, "id"), None);
        assert_eq!(form(&[("scope", "openid email"), ("u", "a/ö")]), "scope=openid%20email&u=a%2F%C3%B6");
    }
}
