//! The user pool: its users, their groups and passwords.

use std::{collections::BTreeSet, time::Duration};

use auth_cache::{CognitoTokenSource, Credentials, Renewal, SignInError, TokenSource as _, TokenUse};
use aws_sdk_cognitoidentityprovider::{
    Client,
    types::{ExplicitAuthFlowsType, MessageActionType, UserPoolMfaType, UserStatusType},
};
use startup::WantedServiceUser;

use crate::{ServiceUserError, password};

/// One user pool, one of its app clients, and the group that the service user is put into.
pub(crate) struct Pool {
    cognito: Client,
    pub(crate) id: String,
    pub(crate) client: AppClient,
    group: String,
    shortest_password: usize,
}

/// The app client that the service user signs in with.
pub(crate) struct AppClient {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

/// Cognito's, for a pool without one of its own.
const SHORTEST_PASSWORD: i32 = 8;

impl Pool {
    /// The pool with its app client, as Cognito describes them; an error if nobody can sign in there.
    pub(crate) async fn open(cognito: Client, wanted: &WantedServiceUser) -> Result<Self, ServiceUserError> {
        let WantedServiceUser { pool_id, client_id, group, .. } = wanted;
        let described = cognito.describe_user_pool_client().user_pool_id(pool_id).client_id(client_id).send().await;
        let described = described.map_err(|error| ServiceUserError::of_call("DescribeUserPoolClient", error))?;
        let allowed = [ExplicitAuthFlowsType::AllowAdminUserPasswordAuth, ExplicitAuthFlowsType::AdminNoSrpAuth];
        let client = described.user_pool_client;
        let client = client.filter(|client| client.explicit_auth_flows().iter().any(|flow| allowed.contains(flow)));
        let client = client.ok_or_else(|| ServiceUserError::FlowNotAllowed { client_id: client_id.clone() })?;
        let client = AppClient { id: client_id.clone(), secret: client.client_secret };

        let described = cognito.describe_user_pool().user_pool_id(pool_id).send().await;
        let described = described.map_err(|error| ServiceUserError::of_call("DescribeUserPool", error))?.user_pool;
        if described.as_ref().and_then(|pool| pool.mfa_configuration()) == Some(&UserPoolMfaType::On) {
            return Err(ServiceUserError::MfaRequired { pool_id: pool_id.clone() });
        }
        let policy = described.and_then(|pool| pool.policies).and_then(|policies| policies.password_policy);
        let shortest = policy.and_then(|policy| policy.minimum_length).unwrap_or(SHORTEST_PASSWORD);
        let shortest_password = usize::try_from(shortest).unwrap_or_default();
        Ok(Self { cognito, id: pool_id.clone(), client, group: group.clone(), shortest_password })
    }

    /// Gives a user a new password, with which it has signed in, and the group. A user who does not exist is created.
    pub(crate) async fn prepare(&self, username: &str) -> Result<String, ServiceUserError> {
        self.create_or_enable(username).await?;
        self.set_group(username).await?;
        let password = self.new_password()?;
        let request = self.cognito.admin_set_user_password().user_pool_id(&self.id).username(username);
        let request = request.password(&password).permanent(true);
        request.send().await.map_err(|error| ServiceUserError::of_call("AdminSetUserPassword", error))?;
        self.verify(username, &password).await?;
        Ok(password)
    }

    /// Signs a user in, to see whether it can. What Cognito has just been told may take it a moment to know: a password
    /// that is called wrong is tried three times in all, because five wrong ones lock a user out.
    async fn verify(&self, username: &str, password: &str) -> Result<(), ServiceUserError> {
        let mut pauses = [250, 750].map(Duration::from_millis).into_iter();
        loop {
            let Err(source) = self.sign_in(username, password).await else { return Ok(()) };
            match pauses.next().filter(|_| matches!(source, SignInError::WrongCredentials)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(ServiceUserError::SignIn { username: username.to_owned(), source }),
            }
        }
    }

    /// Whether a user is there, enabled, and signs in with a password that is permanent; an error if that could not be found
    /// out. Whatever challenge follows a right password would follow another one too.
    pub(crate) async fn signs_in(&self, username: &str, password: &str) -> Result<bool, ServiceUserError> {
        let user = self.cognito.admin_get_user().user_pool_id(&self.id).username(username).send().await;
        match user.map_err(|error| ServiceUserError::of_call("AdminGetUser", error)) {
            Ok(user) if user.enabled && user.user_status == Some(UserStatusType::Confirmed) => {}
            Ok(_) => return Ok(false),
            Err(error) if error.is_refusal("UserNotFoundException") => return Ok(false),
            Err(error) => return Err(error),
        }
        match self.sign_in(username, password).await {
            Ok(()) => Ok(true),
            Err(SignInError::WrongCredentials) => Ok(false),
            Err(source) => Err(ServiceUserError::SignIn { username: username.to_owned(), source }),
        }
    }

    /// Signs a user in. A busy Cognito is waited for.
    async fn sign_in(&self, username: &str, password: &str) -> Result<(), SignInError> {
        let credentials = Credentials::new(&self.id, &self.client.id, username, password);
        let credentials = match &self.client.secret {
            Some(secret) => credentials.with_client_secret(secret),
            None => credentials,
        };
        let source = CognitoTokenSource::new(self.cognito.clone(), credentials, TokenUse::Access);
        let source = source.with_renewal(Renewal::Never);
        let mut pauses = [100, 200, 400, 800].map(Duration::from_millis).into_iter();
        loop {
            match (source.sign_in().await, pauses.next()) {
                (Err(SignInError::Throttled { .. } | SignInError::Unavailable { .. }), Some(pause)) => {
                    tokio::time::sleep(pause).await;
                }
                (result, _) => return result.map(drop),
            }
        }
    }

    fn new_password(&self) -> Result<String, ServiceUserError> {
        password::generate(self.shortest_password).map_err(ServiceUserError::Random)
    }

    async fn create_or_enable(&self, username: &str) -> Result<(), ServiceUserError> {
        let request = self.cognito.admin_create_user().user_pool_id(&self.id).username(username);
        // One that nobody will ever use, because what is drawn elsewhere may not fit the pool's policy.
        let request = request.temporary_password(self.new_password()?);
        let created = request.message_action(MessageActionType::Suppress).send().await;
        match created.map_err(|error| ServiceUserError::of_call("AdminCreateUser", error)) {
            Err(error) if error.is_refusal("UsernameExistsException") => {
                let request = self.cognito.admin_enable_user().user_pool_id(&self.id).username(username);
                let enabled = request.send().await;
                enabled.map(drop).map_err(|error| ServiceUserError::of_call("AdminEnableUser", error))
            }
            created => created.map(drop),
        }
    }

    /// Puts a user into the group and out of all others.
    pub(crate) async fn set_group(&self, username: &str) -> Result<(), ServiceUserError> {
        let mut others = self.groups(username).await?;
        if !others.remove(&self.group) {
            let request = self.cognito.admin_add_user_to_group().user_pool_id(&self.id).username(username);
            let added = request.group_name(&self.group).send().await;
            added.map_err(|error| ServiceUserError::of_call("AdminAddUserToGroup", error))?;
        }
        for group in others {
            let request = self.cognito.admin_remove_user_from_group().user_pool_id(&self.id).username(username);
            let removed = request.group_name(group).send().await;
            removed.map_err(|error| ServiceUserError::of_call("AdminRemoveUserFromGroup", error))?;
        }
        Ok(())
    }

    async fn groups(&self, username: &str) -> Result<BTreeSet<String>, ServiceUserError> {
        let mut groups = BTreeSet::new();
        let request = self.cognito.admin_list_groups_for_user().user_pool_id(&self.id).username(username);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| ServiceUserError::of_call("AdminListGroupsForUser", error))?;
            groups.extend(page.groups.unwrap_or_default().into_iter().filter_map(|group| group.group_name));
        }
        Ok(groups)
    }
}

/// Deletes a user; one who does not exist, or whose pool does not, is deleted already.
pub(crate) async fn delete_user(cognito: &Client, pool: &str, username: &str) -> Result<(), ServiceUserError> {
    let deleted = cognito.admin_delete_user().user_pool_id(pool).username(username).send().await;
    match deleted.map_err(|error| ServiceUserError::of_call("AdminDeleteUser", error)) {
        Err(error)
            if ["UserNotFoundException", "ResourceNotFoundException"].iter().any(|gone| error.is_refusal(gone)) =>
        {
            Ok(())
        }
        deleted => deleted.map(drop),
    }
}
