//! `cargo xtask repair`: the service user becomes what its stack says.

use anyhow::Result;

use crate::account;
use crate::arguments::Repair;
use crate::plan::Plan;
use crate::stack::Stack;

const FUNCTION: &str = "ServiceUserFunction";

/// Prints the plan and follows it.
pub(crate) async fn run(options: Repair) -> Result<()> {
    let functions = Stack::of_functions(&options.env)?;
    let plan = plan(&functions);
    println!("{plan}");
    let missing = account::missing(&["aws"], &functions.region);
    if options.dry_run {
        account::print_missing(&missing);
        return Ok(());
    }
    account::require(&missing)?;
    plan.execute(|_| {}).await
}

/// What it takes.
pub(crate) fn plan(Stack { name, region, .. }: &Stack) -> Plan {
    let mut plan = Plan::default();
    plan.read_output(name, region, FUNCTION);
    plan.invoke("the service user is as it should be", FUNCTION, region, r#"{"RequestType": "Repair"}"#, r#""active""#);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_of_the_stack_is_asked_to_repair() {
        let plan = plan(&Stack::of_functions("dev").unwrap()).to_string();
        assert!(
            plan.starts_with("ServiceUserFunction=$(aws cloudformation describe-stacks --stack-name orders-dev "),
            "{plan}"
        );
        let invocation = "aws lambda invoke --function-name \"$ServiceUserFunction\" --region eu-west-1 ";
        assert!(plan.contains(invocation) && plan.contains(r#"'{"RequestType": "Repair"}' | "#), "{plan}");
        let template = std::fs::read_to_string(crate::project::root().join("template.yaml")).unwrap();
        assert!(template.split("\nOutputs:\n").nth(1).unwrap().contains("  ServiceUserFunction:\n"));
    }
}
