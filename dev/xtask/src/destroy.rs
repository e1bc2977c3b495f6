//! `cargo xtask destroy`: the functions, and then what they were made for.

use anyhow::Result;

use crate::account;
use crate::arguments::DeployOptions;
use crate::plan::Plan;
use crate::stack::Stack;

/// Prints the plan, asks, and follows it.
pub(crate) async fn run(options: DeployOptions) -> Result<()> {
    let functions = Stack::of_functions(&options.env)?;
    let backend = options.backend.then(|| Stack::of_backend(&options.env)).transpose()?;
    let plan = plan(&functions, backend.as_ref());
    println!("{plan}");
    if let Some(backend) = &backend {
        println!("{} holds users and orders: they are gone for good.", backend.name);
    }
    let missing = account::missing(&["sam", "aws"], &functions.region);
    if options.dry_run {
        account::print_missing(&missing);
        return Ok(());
    }
    account::require(&missing)?;
    if !options.yes {
        account::confirm(&functions.name, "deletes all of this").await?;
    }
    plan.execute(|_| {}).await?;
    println!("\nDeleted. The bucket that `sam` made for its uploads stays, and metrics until they age.");
    Ok(())
}

/// The functions go first: their service user is removed from a user pool that is still there.
fn plan(functions: &Stack, backend: Option<&Stack>) -> Plan {
    let mut plan = Plan::default();
    if let Some(Stack { name, region, .. }) = backend {
        // CloudFormation would refuse it when the functions are gone already.
        let query = "Stacks[0].Parameters[?ParameterKey=='DeletionProtection'].ParameterValue";
        let words = ["aws", "cloudformation", "describe-stacks", "--stack-name", name, "--region", region];
        let words = [&words[..], &["--query", query, "--output", "text"]].concat();
        plan.check(&format!("{name} is not protected (deploy it with DeletionProtection=off if it is)"), &words, "off");
    }
    let mut delete = |what, stack: &Stack| {
        plan.run(what, &["sam", "delete", "--stack-name", &stack.name, "--region", &stack.region, "--no-prompts"]);
    };
    delete("The functions, with the service user", functions);
    if let Some(backend) = backend {
        delete("The backend, with all users and orders", backend);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_go_before_the_user_pool_of_their_service_user() {
        let stack =
            |name: &str| Stack { name: name.to_owned(), region: "eu-west-1".to_owned(), parameters: Vec::new() };
        let both = plan(&stack("orders-dev"), Some(&stack("orders-backend-dev"))).to_string();
        let place =
            |name: &str| both.find(&format!("--stack-name {name} --region eu-west-1 --no-prompts")).expect(name);
        assert!(place("orders-dev") < place("orders-backend-dev"), "{both}");
        let protection = both.find("DeletionProtection").expect("the protection is looked at");
        assert!(protection < place("orders-dev"), "{both}");
        assert!(!plan(&stack("orders-dev"), None).to_string().contains("orders-backend-dev"));
    }
}
