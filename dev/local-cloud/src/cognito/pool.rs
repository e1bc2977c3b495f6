//! What a user pool holds.

use std::collections::{BTreeMap, BTreeSet};

use super::lockout::Lockout;
use crate::aws_json::AwsError;
use crate::quota::Quota;

pub(super) struct Pool {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) region: String,
    pub(super) created: i64,
    /// Pools are told apart by the order in which they were created.
    pub(super) sequence: usize,
    pub(super) password_policy: PasswordPolicy,
    /// `OFF`, `ON` or `OPTIONAL`: described, and otherwise left to a fault.
    pub(super) mfa: String,
    /// Users have a generated name and sign in with these attributes: `email`, `phone_number`.
    pub(super) username_attributes: Vec<String>,
    /// Users have a chosen name and may sign in with these attributes too.
    pub(super) alias_attributes: Vec<String>,
    pub(super) clients: BTreeMap<String, Client>,
    pub(super) groups: BTreeSet<String>,
    pub(super) users: BTreeMap<String, User>,
}

impl Pool {
    pub(super) fn new(id: &str, name: &str, region: &str, created: i64) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            region: region.to_owned(),
            created,
            sequence: 0,
            password_policy: PasswordPolicy::default(),
            mfa: "OFF".to_owned(),
            username_attributes: Vec::new(),
            alias_attributes: Vec::new(),
            clients: BTreeMap::new(),
            groups: BTreeSet::new(),
            users: BTreeMap::new(),
        }
    }

    /// The claim `iss`: Cognito's own, not this stand-in's address.
    pub(super) fn issuer(&self) -> String {
        format!("https://cognito-idp.{}.amazonaws.com/{}", self.region, self.id)
    }

    pub(super) fn client(&self, id: &str) -> Result<&Client, AwsError> {
        self.clients.get(id).ok_or_else(|| no_client(id))
    }

    /// The user with this name, this `sub`, or this value of an attribute that the pool lets people sign in with.
    pub(super) fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        if self.users.contains_key(name) {
            return self.users.get_mut(name);
        }
        let aliases = [&self.username_attributes[..], &self.alias_attributes[..]].concat();
        self.users.values_mut().find(|user| {
            user.sub == name
                || aliases.iter().any(|alias| user.attributes.get(alias).is_some_and(|value| value == name))
        })
    }

    /// As the admin operations ask for a user, who have no reason to hide that there is none.
    pub(super) fn existing_user(&mut self, name: &str) -> Result<&mut User, AwsError> {
        self.user_mut(name).ok_or_else(|| AwsError::new("UserNotFoundException", "User does not exist."))
    }
}

#[derive(Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) secret: Option<String>,
    /// `ALLOW_…`.
    pub(super) flows: BTreeSet<String>,
    pub(super) prevent_user_existence_errors: bool,
    /// Seconds.
    pub(super) access_lifetime: i64,
    pub(super) id_lifetime: i64,
    pub(super) refresh_lifetime: i64,
    /// Refresh token rotation: `Some(grace period in seconds)` when it is on.
    pub(super) rotation_grace: Option<i64>,
    pub(super) oauth: OAuth,
    pub(super) created: i64,
}

/// What a client may do at the token endpoint.
#[derive(Clone, Default)]
pub(super) struct OAuth {
    /// `AllowedOAuthFlows`: `client_credentials`.
    pub(super) flows: Vec<String>,
    /// `AllowedOAuthScopes`, such as `orders/write`.
    pub(super) scopes: Vec<String>,
}

impl Client {
    pub(super) fn new(id: &str, name: &str, secret: Option<String>) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            secret,
            flows: ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"].map(str::to_owned).into(),
            prevent_user_existence_errors: false,
            access_lifetime: 3600,
            id_lifetime: 3600,
            refresh_lifetime: 30 * 24 * 3600,
            rotation_grace: None,
            oauth: OAuth::default(),
            created: 0,
        }
    }

    pub(super) fn require_flow(&self, flow: &str, refusal: &str) -> Result<(), AwsError> {
        if self.flows.contains(flow) { Ok(()) } else { Err(AwsError::new("InvalidParameterException", refusal)) }
    }
}

pub(super) struct User {
    pub(super) username: String,
    pub(super) sub: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) enabled: bool,
    pub(super) groups: BTreeSet<String>,
    pub(super) lockout: Lockout,
    pub(super) sign_ins: Quota,
    pub(super) created: i64,
    pub(super) modified: i64,
    password: String,
    password_is_permanent: bool,
}

impl User {
    /// A user nobody can sign in as yet.
    pub(super) fn new(username: &str, sub: &str, now: i64) -> Self {
        Self {
            username: username.to_owned(),
            sub: sub.to_owned(),
            attributes: BTreeMap::new(),
            enabled: true,
            groups: BTreeSet::new(),
            lockout: Lockout::default(),
            sign_ins: Quota::default(),
            created: now,
            modified: now,
            password: crate::ids::opaque::<32>(),
            password_is_permanent: false,
        }
    }

    pub(super) fn set_password(&mut self, password: &str, permanent: bool, now: i64) {
        password.clone_into(&mut self.password);
        self.password_is_permanent = permanent;
        self.modified = now;
    }

    pub(super) fn has_password(&self, password: &str) -> bool {
        self.password == password
    }

    pub(super) fn must_change_password(&self) -> bool {
        !self.password_is_permanent
    }

    pub(super) fn status(&self) -> &'static str {
        if self.password_is_permanent { "CONFIRMED" } else { "FORCE_CHANGE_PASSWORD" }
    }
}

pub(super) fn no_client(id: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", format!("User pool client {id} does not exist."))
}

/// What a password must have; the default is Cognito's.
#[derive(Debug, Clone, Copy, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PasswordPolicy {
    minimum_length: usize,
    require_uppercase: bool,
    require_lowercase: bool,
    require_numbers: bool,
    require_symbols: bool,
    temporary_password_validity_days: u32,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
            temporary_password_validity_days: 7,
        }
    }
}

impl PasswordPolicy {
    pub(super) fn check(&self, password: &str) -> Result<(), AwsError> {
        let lacks = |wanted: bool, class: fn(&char) -> bool| wanted && !password.chars().any(|c| class(&c));
        let problem = if password.chars().count() < self.minimum_length {
            "Password not long enough"
        } else if lacks(self.require_uppercase, char::is_ascii_uppercase) {
            "Password must have uppercase characters"
        } else if lacks(self.require_lowercase, char::is_ascii_lowercase) {
            "Password must have lowercase characters"
        } else if lacks(self.require_numbers, char::is_ascii_digit) {
            "Password must have numeric characters"
        } else if lacks(self.require_symbols, |c| c.is_ascii_punctuation() || *c == ' ') {
            "Password must have symbol characters"
        } else {
            return Ok(());
        };
        Err(AwsError::new("InvalidPasswordException", format!("Password did not conform with policy: {problem}")))
    }
}
