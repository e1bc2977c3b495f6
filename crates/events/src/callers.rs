use aws_lambda_events::apigw::ApiGatewayRequestAuthorizer;
use startup::Grant;

/// Whether the gateway's JWT authorizer has seen a token that has one of `callers`. All claims are text there: a list of
/// groups is `[a b]`. The authorizer's own list of scopes is of the route's, not the token's, and is not looked at.
pub(crate) fn may(authorizer: &ApiGatewayRequestAuthorizer, callers: &[Grant]) -> bool {
    let Some(jwt) = &authorizer.jwt else { return false };
    let has = |claim: &str, name: &str| {
        let names = jwt.claims.get(claim).map(String::as_str).unwrap_or_default();
        let names = names.strip_prefix('[').and_then(|names| names.strip_suffix(']')).unwrap_or(names);
        names.split_ascii_whitespace().any(|granted| granted == name)
    };
    callers.iter().any(|grant| match grant {
        Grant::Group(name) => has("cognito:groups", name),
        Grant::Scope(name) => has("scope", name),
        _ => false,
    })
}
