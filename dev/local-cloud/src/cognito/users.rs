//! An administrator's operations on users.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{not_in_enum, required};
use super::pool::User;
use super::state::{Cognito, Context};
use crate::aws_json::{AwsError, Outcome};
use crate::ids;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminCreateUser {
    user_pool_id: Option<String>,
    username: Option<String>,
    temporary_password: Option<String>,
    #[serde(default)]
    user_attributes: Vec<Attribute>,
    message_action: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    name: String,
    #[serde(default)]
    value: String,
}

/// The input of every operation that only names a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfUser {
    user_pool_id: Option<String>,
    username: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminListGroupsForUser {
    user_pool_id: Option<String>,
    username: Option<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminSetUserPassword {
    user_pool_id: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(default)]
    permanent: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfUserAndGroup {
    user_pool_id: Option<String>,
    username: Option<String>,
    group_name: Option<String>,
}

/// AdminListGroupsForUser gives no more at once.
const MOST_GROUPS: usize = 60;

impl Cognito {
    pub(super) fn admin_create_user(&mut self, input: AdminCreateUser, context: &Context) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let name = required(input.username, "username")?;
        // No message is ever sent. `RESEND`, which is about a user who exists, is not served.
        if let Some(action) = input.message_action.filter(|action| action != "SUPPRESS") {
            return Err(not_in_enum(&action, "messageAction", &["RESEND", "SUPPRESS"]));
        }
        let pool = self.pool(&pool)?;
        let mut attributes: BTreeMap<_, _> =
            input.user_attributes.into_iter().map(|Attribute { name, value }| (name, value)).collect();
        if pool.user_mut(&name).is_some() {
            return Err(AwsError::new("UsernameExistsException", "User account already exists"));
        }
        let sub = ids::uuid();
        // In a pool whose users sign in with an attribute, the given name is that attribute and the real one is the sub.
        let username = match pool.username_attributes.first() {
            Some(attribute) => {
                if attribute == "email" && !name.contains('@') {
                    let message = "Username should be an email.".to_owned();
                    return Err(AwsError::new("InvalidParameterException", message));
                }
                attributes.insert(attribute.clone(), name);
                sub.clone()
            }
            None => name,
        };
        let mut user = User::new(&username, &sub, context.now);
        user.attributes = attributes;
        if let Some(password) = input.temporary_password {
            pool.password_policy.check(&password)?;
            user.set_password(&password, false, context.now);
        }
        let mut described = describe(&user);
        described["Attributes"] = attributes_of(&user);
        pool.users.insert(username, user);
        Ok(json!({"User": described}))
    }

    pub(super) fn admin_get_user(&mut self, input: OfUser) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let user = self.pool(&pool)?.existing_user(&username)?;
        let mut described = describe(user);
        described["UserAttributes"] = attributes_of(user);
        Ok(described)
    }

    pub(super) fn admin_set_user_password(&mut self, input: AdminSetUserPassword, context: &Context) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let password = required(input.password, "password")?;
        let pool = self.pool(&pool)?;
        let policy = pool.password_policy;
        let user = pool.existing_user(&username)?;
        policy.check(&password)?;
        user.set_password(&password, input.permanent, context.now);
        Ok(json!({}))
    }

    pub(super) fn admin_add_user_to_group(&mut self, input: OfUserAndGroup) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let group = required(input.group_name, "groupName")?;
        let pool = self.pool(&pool)?;
        if !pool.groups.contains(&group) {
            return Err(AwsError::new("ResourceNotFoundException", "Group not found."));
        }
        pool.existing_user(&username)?.groups.insert(group);
        Ok(json!({}))
    }

    pub(super) fn admin_remove_user_from_group(&mut self, input: OfUserAndGroup) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let group = required(input.group_name, "groupName")?;
        self.pool(&pool)?.existing_user(&username)?.groups.remove(&group);
        Ok(json!({}))
    }

    /// Sorted by name: Cognito sorts by precedence, which groups have none of here.
    pub(super) fn admin_list_groups_for_user(&mut self, input: AdminListGroupsForUser) -> Outcome {
        let pool_id = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let page = input.limit.unwrap_or(MOST_GROUPS);
        if page > MOST_GROUPS {
            let problem = format!(
                "Value '{page}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {MOST_GROUPS}"
            );
            let message = format!("1 validation error detected: {problem}");
            return Err(AwsError::new("InvalidParameterException", message));
        }
        let start = match &input.next_token {
            None => 0,
            Some(token) => token
                .strip_prefix("local-")
                .and_then(|start| start.parse().ok())
                .ok_or_else(|| AwsError::new("InvalidParameterException", "Invalid pagination token"))?,
        };
        let groups = &self.pool(&pool_id)?.existing_user(&username)?.groups;
        let described = groups.iter().skip(start).take(page);
        let described = described.map(|group| json!({"GroupName": group, "UserPoolId": pool_id}));
        let mut output = json!({"Groups": described.collect::<Vec<_>>()});
        if start + page < groups.len() {
            output["NextToken"] = json!(format!("local-{}", start + page));
        }
        Ok(output)
    }

    /// Disabling a user revokes its refresh tokens; enabling it does not bring them back.
    pub(super) fn admin_set_enabled(&mut self, input: OfUser, enabled: bool, context: &Context) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let user = self.pool(&pool)?.existing_user(&username)?;
        user.enabled = enabled;
        user.modified = context.now;
        let username = user.username.clone();
        if !enabled {
            self.revoke_refresh_tokens_of(&pool, &username);
        }
        Ok(json!({}))
    }

    pub(super) fn admin_delete_user(&mut self, input: OfUser) -> Outcome {
        let pool_id = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let pool = self.pool(&pool_id)?;
        let username = pool.existing_user(&username)?.username.clone();
        pool.users.remove(&username);
        self.revoke_refresh_tokens_of(&pool_id, &username);
        Ok(json!({}))
    }

    /// Tokens already issued stay valid until they expire: AppSync does not see sign-outs.
    pub(super) fn admin_user_global_sign_out(&mut self, input: OfUser) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let username = required(input.username, "username")?;
        let username = self.pool(&pool)?.existing_user(&username)?.username.clone();
        self.revoke_refresh_tokens_of(&pool, &username);
        Ok(json!({}))
    }
}

fn describe(user: &User) -> Value {
    json!({
        "Username": user.username,
        "Enabled": user.enabled,
        "UserStatus": user.status(),
        "UserCreateDate": user.created,
        "UserLastModifiedDate": user.modified,
    })
}

fn attributes_of(user: &User) -> Value {
    let sub = json!({"Name": "sub", "Value": user.sub});
    let others = user.attributes.iter().map(|(name, value)| json!({"Name": name, "Value": value}));
    std::iter::once(sub).chain(others).collect()
}
