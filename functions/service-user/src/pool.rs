//! The user pool: its users, their groups and passwords.

use std::{collections::BTreeSet, time::Duration};

use auth_cache::{CognitoTokenSource, Credentials, Renewal, SignInError, TokenSource as _, TokenUse};
use aws_sdk_cognitoidentityprovider::{
    Client,
    types::{ExplicitAuthFlowsType, MessageActionType},
};
use zeroize::Zeroizing;

use crate::{ServiceUserError, password};

/// One user pool and one of its app clients.
#[derive(Clone)]
pub(crate) struct Pool {
    pub(crate) cognito: Client,
    pub(crate) id: String,
    pub(crate) client: AppClient,
}

/// The app client that the service user signs in with.
#[derive(Clone)]
pub(crate) struct AppClient {
    pub(crate) id: String,
    pub(crate) secret: Option<Zeroizing<String>>,
}

/// Cognito's, for a pool without one of its own.
const SHORTEST_PASSWORD: i32 = 8;

impl Pool {
    /// The pool with its app client, as Cognito describes it.
    pub(crate) async fn of_client(cognito: Client, id: &str, client_id: &str) -> Result<Self, ServiceUserError> {
        let described = cognito.describe_user_pool_client().user_pool_id(id).client_id(client_id).send().await;
        let described = described.map_err(|error| ServiceUserError::of_call("DescribeUserPoolClient", error))?;
        let allowed = [ExplicitAuthFlowsType::AllowAdminUserPasswordAuth, ExplicitAuthFlowsType::AdminNoSrpAuth];
        let client = described.user_pool_client;
        let client = client.filter(|client| client.explicit_auth_flows().iter().any(|flow| allowed.contains(flow)));
        let client = client.ok_or_else(|| ServiceUserError::FlowNotAllowed { client_id: client_id.to_owned() })?;
        let client = AppClient { id: client_id.to_owned(), secret: client.client_secret.map(Zeroizing::new) };
        Ok(Self { cognito, id: id.to_owned(), client })
    }

    /// Gives a user a new password, with which it has signed in, and these groups and no others. A user who does not
    /// exist is created; one who does is taken over.
    pub(crate) async fn prepare(
        &self,
        username: &str,
        groups: &BTreeSet<String>,
    ) -> Result<Zeroizing<String>, ServiceUserError> {
        let password = password::generate(self.shortest_password().await?).map_err(ServiceUserError::Random)?;
        self.create_or_enable(username).await?;
        self.set_groups(username, groups).await?;
        let request = self.cognito.admin_set_user_password().user_pool_id(&self.id).username(username);
        let request = request.password(password.as_str()).permanent(true);
        request.send().await.map_err(|error| ServiceUserError::of_call("AdminSetUserPassword", error))?;
        self.verify(username, &password).await?;
        Ok(password)
    }

    /// Signs a user in, to see whether it can. What Cognito has just been told may take it a moment to know: a password
    /// that is called wrong is tried three times in all, because five wrong ones lock a user out.
    pub(crate) async fn verify(&self, username: &str, password: &str) -> Result<(), ServiceUserError> {
        let mut pauses = [250, 750].map(Duration::from_millis).into_iter();
        loop {
            let Err(source) = self.sign_in(username, password).await else { return Ok(()) };
            match pauses.next().filter(|_| matches!(source, SignInError::WrongCredentials)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(ServiceUserError::SignIn { username: username.to_owned(), source }),
            }
        }
    }

    /// Whether the password is right and permanent; an error if that could not be found out. A challenge that asks for
    /// anything but a new password follows a right one, and would follow another one too.
    pub(crate) async fn signs_in(&self, username: &str, password: &str) -> Result<bool, ServiceUserError> {
        match self.sign_in(username, password).await {
            Ok(()) => Ok(true),
            Err(SignInError::WrongCredentials) => Ok(false),
            Err(SignInError::ChallengeRequired { challenge, .. }) if challenge == "NEW_PASSWORD_REQUIRED" => Ok(false),
            Err(source) => Err(ServiceUserError::SignIn { username: username.to_owned(), source }),
        }
    }

    /// Signs a user in. A busy Cognito is waited for.
    async fn sign_in(&self, username: &str, password: &str) -> Result<(), SignInError> {
        let mut credentials = Credentials::new(&self.id, &self.client.id, username, password);
        credentials.client_secret.clone_from(&self.client.secret);
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

    async fn shortest_password(&self) -> Result<usize, ServiceUserError> {
        let described = self.cognito.describe_user_pool().user_pool_id(&self.id).send().await;
        let described = described.map_err(|error| ServiceUserError::of_call("DescribeUserPool", error))?;
        let policy = described.user_pool.and_then(|pool| pool.policies).and_then(|policies| policies.password_policy);
        let shortest = policy.and_then(|policy| policy.minimum_length).unwrap_or(SHORTEST_PASSWORD);
        Ok(usize::try_from(shortest).unwrap_or_default())
    }

    async fn create_or_enable(&self, username: &str) -> Result<(), ServiceUserError> {
        let request = self.cognito.admin_create_user().user_pool_id(&self.id).username(username);
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

    /// Puts a user into these groups and out of all others.
    pub(crate) async fn set_groups(&self, username: &str, groups: &BTreeSet<String>) -> Result<(), ServiceUserError> {
        let current = self.groups(username).await?;
        for group in groups.difference(&current) {
            let request = self.cognito.admin_add_user_to_group().user_pool_id(&self.id).username(username);
            let added = request.group_name(group).send().await;
            added.map_err(|error| ServiceUserError::of_call("AdminAddUserToGroup", error))?;
        }
        for group in current.difference(groups) {
            let request = self.cognito.admin_remove_user_from_group().user_pool_id(&self.id).username(username);
            let removed = request.group_name(group).send().await;
            removed.map_err(|error| ServiceUserError::of_call("AdminRemoveUserFromGroup", error))?;
        }
        Ok(())
    }

    pub(crate) async fn groups(&self, username: &str) -> Result<BTreeSet<String>, ServiceUserError> {
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
