//! `cargo xtask destroy`: the functions, and then what they were made for.

use anyhow::Result;

use crate::account;
use crate::arguments::Destroy;
use crate::plan::Plan;
use crate::stack::Stack;

/// Prints the plan, asks, and follows it.
pub(crate) async fn run(options: Destroy) -> Result<()> {
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
pub(crate) fn plan(functions: &Stack, backend: Option<&Stack>) -> Plan {
    let mut plan = Plan::default();
    for stack in [Some(functions), backend].into_iter().flatten() {
        refuse_if_termination_protected(&mut plan, stack);
    }
    if let Some(backend) = backend {
        refuse_if_protected(&mut plan, backend);
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

/// As production is.
fn refuse_if_termination_protected(plan: &mut Plan, Stack { name, region, .. }: &Stack) {
    let unprotect = format!(
        "aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {name} \
         --region {region}"
    );
    let what = format!("{name} may be deleted (if it may not: {unprotect})");
    plan.check_stack(&what, name, region, "Stacks[0].EnableTerminationProtection", "False");
}

/// CloudFormation would refuse only when the functions are gone already. What counts is what was deployed, not what
/// `samconfig.toml` says by now.
fn refuse_if_protected(plan: &mut Plan, Stack { name, region, config_env, .. }: &Stack) {
    // Parameters that are left out stay as they are.
    let unprotect = format!(
        "sam deploy --template-file backend/template.yaml --config-env {config_env} --stack-name {name} \
         --parameter-overrides DeletionProtection=off"
    );
    let what = format!("{name} is not protected (if it is: {unprotect})");
    plan.check_parameter(&what, name, region, "DeletionProtection", "off");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(name: &str) -> Stack {
        let config_env = name.rsplit('-').next().unwrap_or_default().to_owned();
        let region = "eu-west-1".to_owned();
        Stack { name: name.to_owned(), region, config_env, is_protected: false, parameters: Vec::new() }
    }

    #[test]
    fn the_functions_go_before_the_user_pool_of_their_service_user() {
        let both = plan(&stack("orders-dev"), Some(&stack("orders-backend-dev"))).to_string();
        let place =
            |name: &str| both.find(&format!("--stack-name {name} --region eu-west-1 --no-prompts")).expect(name);
        assert!(place("orders-dev") < place("orders-backend-dev"), "{both}");
        let unprotect = "--no-enable-termination-protection --stack-name orders-dev";
        assert!(both.find(unprotect).unwrap() < place("orders-dev"), "{both}");
        assert!(!plan(&stack("orders-dev"), None).to_string().contains("backend"));
    }

    #[test]
    fn a_protected_backend_is_refused_before_anything_is_deleted() {
        let whole = plan(&stack("orders-prod"), Some(&stack("orders-backend-prod"))).to_string();
        let place = |text: &str| whole.find(text).expect(text);
        let unprotect =
            "--config-env prod --stack-name orders-backend-prod --parameter-overrides DeletionProtection=off";
        assert!(place(unprotect) < place("'DeletionProtection'"), "{whole}");
        assert!(place("'DeletionProtection'") < place("sam delete"), "{whole}");
    }
}
