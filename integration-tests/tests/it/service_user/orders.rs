//! Two stacks with one pool and one user name: in whatever order they are created, updated, rolled back and deleted, neither
//! takes anything from the other, and what was there before comes back. Each function may do what `template.yaml` allows it,
//! on its own prefix.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_credential_types::{Credentials as AwsCredentials, provider::SharedCredentialsProvider};
use aws_sdk_ssm::types::ParameterType;
use local_cloud::LocalCloud;
use serde_json::{Value, json};

use super::{Ask, Deployment};
use crate::permissions::statements;

/// What CloudFormation does with a stack.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    /// Another resource of the stack fails.
    CreateAndRollBack,
    /// To the other one of two groups.
    Update,
    /// To another prefix, which is refused; and to another group, after which another resource of the stack fails.
    UpdatesAndRollBacks,
    Delete,
}

/// What the two stacks are given.
#[derive(Clone, Copy, PartialEq)]
enum Given {
    OnePrefix,
    /// With parameters that were made by hand.
    OnePrefixToAdopt,
    /// Each tries to move to the other's.
    OwnPrefixes,
}

#[tokio::test]
async fn stacks_of_one_prefix_take_nothing_from_each_other() {
    play_all(Given::OnePrefix).await;
}

#[tokio::test]
async fn stacks_that_adopt_one_prefix_take_nothing_from_each_other_or_from_those_who_made_it() {
    play_all(Given::OnePrefixToAdopt).await;
}

#[tokio::test]
async fn stacks_of_their_own_prefixes_take_nothing_from_each_other() {
    play_all(Given::OwnPrefixes).await;
}

type Order = Vec<(usize, Deed)>;

/// Plays every deed in every state that deeds lead to. Orders that lead to the same state go on alike, so these are all
/// orders, however long.
async fn play_all(given: Given) {
    let cloud = LocalCloud::builder().seed(false).start().await.unwrap();
    let mut states = BTreeSet::from([World::after(&cloud, given, &[]).await.check(&[]).await]);
    let mut shortest = VecDeque::from([Order::new()]);
    let mut played = 0;
    while let Some(order) = shortest.pop_front() {
        assert!(order.len() <= 5, "there are few states: {order:?}");
        for (stack, deed) in possible_after(&cloud, given, &order).await {
            let order = [&order[..], &[(stack, deed)]].concat();
            let world = World::after(&cloud, given, &order).await;
            played += 1;
            if states.insert(world.check(&order).await) {
                shortest.push_back(order);
            }
        }
    }
    let expected = match given {
        // Nobody, or one of the two, in one of two groups.
        Given::OnePrefix | Given::OnePrefixToAdopt => (5, 24),
        // Each of the two is not there, or in one of two groups.
        Given::OwnPrefixes => (9, 48),
    };
    assert_eq!((states.len(), played), expected);
}

async fn possible_after(cloud: &LocalCloud, given: Given, order: &[(usize, Deed)]) -> Vec<(usize, Deed)> {
    let world = World::after(cloud, given, order).await;
    let possible = world.stacks.iter().flat_map(|stack| {
        let deeds: &[Deed] = match stack.credentials {
            Some(_) => &[Deed::Update, Deed::UpdatesAndRollBacks, Deed::Delete],
            None => &[Deed::Create, Deed::CreateAndRollBack],
        };
        deeds.iter().map(|deed| (stack.number, *deed))
    });
    possible.collect()
}

struct World<'a> {
    cloud: &'a LocalCloud,
    t: Deployment,
    given: Given,
    stacks: [Stack; 2],
    /// What was made by hand, by its name.
    before: BTreeMap<String, String>,
}

struct Stack {
    number: usize,
    prefix: String,
    group: &'static str,
    /// What it signs in with, if it is there.
    credentials: Option<Value>,
}

impl<'a> World<'a> {
    async fn after(cloud: &'a LocalCloud, given: Given, order: &[(usize, Deed)]) -> Self {
        let t = Deployment::on(&cloud.url()).await;
        let prefix = |number| match given {
            Given::OwnPrefixes => format!("{}-{number}", t.prefix),
            _ => t.prefix.clone(),
        };
        let stacks = [0, 1];
        let stacks =
            stacks.map(|number| Stack { number, prefix: prefix(number), group: "order-services", credentials: None });
        let mut world = Self { cloud, t, given, stacks, before: BTreeMap::new() };
        if given == Given::OnePrefixToAdopt {
            let by_hand = json!({"username": "by-hand", "password": "Password-by-hand-1"}).to_string();
            let t = &world.t;
            for (last, value) in [("user-pool-id", &t.pool), ("client-id", &t.client), ("credentials", &by_hand)] {
                let kind = if last == "credentials" { ParameterType::SecureString } else { ParameterType::String };
                t.put(&format!("{}/{last}", t.prefix), value, kind).await;
            }
            world.before = world.parameters().await;
        }
        for (stack, deed) in order {
            world.play(*stack, *deed).await;
        }
        world
    }

    /// As CloudFormation does it: the role first, then the function, then the resource.
    async fn ask(&mut self, ask: Ask<'_>, properties: &Value, key: &str) -> Value {
        let prefix = properties["ParametersPrefix"].as_str().unwrap();
        let policy = statements("PolicyName: ManageServiceUser", &[]);
        let policy = policy.iter().map(|statement| statement.allow(&self.t.pool, prefix)).collect();
        self.cloud.set_policy(key, policy);
        let credentials = SharedCredentialsProvider::new(AwsCredentials::new(key, "secret", None, None, "test"));
        self.t.sdk = self.t.sdk.to_builder().credentials_provider(credentials).build();
        self.t.ask(ask, properties).await
    }

    async fn play(&mut self, stack: usize, deed: Deed) {
        let key = format!("stack-{stack}");
        let wanted = self.stacks[stack].properties(&self.t);
        let other_group =
            |stack: &Stack| if stack.group == "order-services" { "order-admins" } else { "order-services" };
        let id = format!("{}/orders@{}", self.t.pool, self.stacks[stack].prefix);
        match deed {
            Deed::Create | Deed::CreateAndRollBack => {
                let answer = self.ask(Ask::Create, &wanted, &key).await;
                let is_free = self.given == Given::OwnPrefixes || self.stacks[1 - stack].credentials.is_none();
                assert_eq!(answer["Status"] == "SUCCESS", is_free, "{answer}");
                assert_eq!(answer["PhysicalResourceId"], id);
                if is_free && matches!(deed, Deed::Create) {
                    self.stacks[stack].credentials = Some(self.t.credentials(&self.stacks[stack].prefix).await);
                } else {
                    self.succeed(Ask::Delete(&id), &wanted, &key).await;
                }
            }
            Deed::Update => {
                self.stacks[stack].group = other_group(&self.stacks[stack]);
                let wanted = self.stacks[stack].properties(&self.t);
                self.succeed(Ask::Update(&id), &wanted, &key).await;
            }
            Deed::UpdatesAndRollBacks => {
                let mut moved = wanted.clone();
                moved["ParametersPrefix"] = match self.given {
                    Given::OwnPrefixes => json!(self.stacks[1 - stack].prefix),
                    _ => json!("/moved"),
                };
                let answer = self.ask(Ask::Update(&id), &moved, &key).await;
                assert_eq!(answer["Status"], "FAILED", "{answer}");
                self.succeed(Ask::Update(&id), &wanted, &key).await;
                let mut changed = wanted.clone();
                changed["Group"] = json!(other_group(&self.stacks[stack]));
                self.succeed(Ask::Update(&id), &changed, &key).await;
                self.succeed(Ask::Update(&id), &wanted, &key).await;
            }
            Deed::Delete => {
                self.succeed(Ask::Delete(&id), &wanted, &key).await;
                self.stacks[stack].credentials = None;
                self.stacks[stack].group = "order-services";
            }
        }
    }

    async fn succeed(&mut self, ask: Ask<'_>, properties: &Value, key: &str) {
        let answer = self.ask(ask, properties, key).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    }

    /// All parameters that any of this could have written.
    async fn parameters(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for path in [&*self.stacks[0].prefix, &self.stacks[1].prefix, "/moved"] {
            let page = self.t.ssm.get_parameters_by_path().path(path).recursive(true).with_decryption(true);
            let page = page.send().await.unwrap().parameters.unwrap_or_default();
            found.extend(page.into_iter().map(|one| (one.name.unwrap(), one.value.unwrap())));
        }
        found
    }

    /// Each stack that is there signs in as before, in its group, and nothing else is there than what was in the beginning.
    /// Gives all that can be seen, but for passwords and ids.
    async fn check(&self, order: &[(usize, Deed)]) -> String {
        let mut parameters = self.parameters().await;
        for stack in &self.stacks {
            for suffix in ["a", "b"] {
                let username = format!("orders-{}-{suffix}", stack.number);
                let exists = suffix == "a" && stack.credentials.is_some();
                assert_eq!(self.t.user_exists(&self.t.pool, &username).await, exists, "{username}: {order:?}");
            }
            let Some(credentials) = &stack.credentials else { continue };
            assert_eq!(self.t.credentials(&stack.prefix).await, *credentials, "{order:?}");
            let username = self.t.signs_in(&stack.prefix).await;
            assert_eq!(username, format!("orders-{}-a", stack.number), "{order:?}");
            assert_eq!(self.t.groups(&username).await, [stack.group], "{order:?}");
            let password = credentials["password"].as_str().unwrap();
            parameters.values_mut().for_each(|value| *value = value.replace(password, "PASSWORD"));
        }
        if self.stacks.iter().all(|stack| stack.credentials.is_none()) {
            assert_eq!(parameters, self.before, "{order:?}");
        }
        let groups = self.stacks.each_ref().map(|stack| stack.credentials.is_some().then_some(stack.group));
        let Deployment { pool, client, client_secret, .. } = &self.t;
        [pool, client, client_secret]
            .iter()
            .fold(format!("{groups:?} {parameters:?}"), |text, id| text.replace(*id, "ID"))
    }
}

impl Stack {
    fn properties(&self, t: &Deployment) -> Value {
        let mut properties = t.properties_with("ParametersPrefix", &self.prefix);
        properties["Stack"] =
            json!(format!("arn:aws:cloudformation:eu-west-1:111122223333:stack/orders/{}", self.number));
        properties["Group"] = json!(self.group);
        properties["Adopt"] = json!("yes");
        properties
    }
}
