//! What of the templates is not deployed to the emulator, and why: all of it is in [`LEFT_OUT`].

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Something of a template that the emulator gets in another way, or not.
#[derive(Debug)]
pub(crate) struct LeftOut {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
    changes: &'static [Change],
}

#[derive(Debug)]
enum Change {
    /// A resource is not there.
    Without(&'static str),
    /// One text stands in place of another, which is there once. `@NAME@` is where the program NAME is, `@port@` the
    /// emulator's port.
    Instead(&'static str, &'static str),
}
use Change::{Instead, Without};

/// All of it.
pub(crate) const LEFT_OUT: &[LeftOut] = &[
    LeftOut {
        what: "`sam build`",
        why: "the programs are compiled already, for the processor of this machine",
        changes: &[
            Instead(
                "    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties:\n        Binary: query\n    Properties:\n",
                "    Properties:\n      CodeUri: @query@\n",
            ),
            Instead(
                "    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties:\n        Binary: mutate\n    Properties:\n",
                "    Properties:\n      CodeUri: @mutate@\n",
            ),
            Instead(
                "    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties:\n        Binary: http-api\n    Properties:\n",
                "    Properties:\n      CodeUri: @http-api@\n",
            ),
            Instead(
                "    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties:\n        Binary: service-user\n    Properties:\n",
                "    Properties:\n      CodeUri: @service-user@\n",
            ),
        ],
    },
    LeftOut {
        what: "https in AppSyncUrl",
        why: "local-cloud, which plays AppSync because the emulator runs no resolvers, has no certificate",
        changes: &[Instead("AllowedPattern: ^https://[^/]+/.+$", "AllowedPattern: ^http://[^/]+/.+$")],
    },
    LeftOut {
        what: "QueuePolicy",
        why: "it refuses plain HTTP, which the emulator speaks, and the emulator obeys it",
        changes: &[Without("QueuePolicy")],
    },
    LeftOut {
        what: "the alarms SignInFailures, FunctionErrors and FunctionThrottles",
        why: "the emulator refuses alarms over several metrics",
        changes: &[
            Without("SignInFailures"),
            Without("FunctionErrors"),
            Without("FunctionThrottles"),
            Instead("Alarms: [!Ref FunctionErrors, !Ref FunctionThrottles, ", "Alarms: ["),
        ],
    },
    LeftOut {
        what: "the address of the HTTP API",
        why: "the emulator serves it on its own port",
        changes: &[Instead(
            "Value: !Sub https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}",
            "Value: !Sub http://${HttpApi}.execute-api.localhost:@port@",
        )],
    },
    LeftOut {
        what: "the resources of ssm:GetParameters and ssm:DeleteParameters",
        why: "the emulator checks them as if they asked for all parameters; those of ssm:PutParameter it checks",
        changes: &[
            Instead(
                "              Action: ssm:GetParameters\n              Resource: !Sub\n",
                "              Action: ssm:GetParameters\n              Resource: '*'\n            - !Ref AWS::NoValue\n          \
                 - !If\n            - IsServiceUser\n            - Effect: Allow\n              Action: ssm:GetParameter\n              \
                 Resource: !Sub\n",
            ),
            Instead(
                "                Action: [ssm:GetParameters, ssm:PutParameter, ssm:DeleteParameters]\n",
                "                Action: [ssm:GetParameters, ssm:DeleteParameters]\n                Resource: '*'\n              \
                 - Effect: Allow\n                Action: ssm:PutParameter\n",
            ),
        ],
    },
    LeftOut {
        what: "MutationsConcurrency",
        why: "to the emulator a parameter is text, also where a number is wanted",
        changes: &[Instead(
            "MaximumConcurrency: !If [EachSignsIn, 5, !Ref MutationsConcurrency]",
            "MaximumConcurrency: 5",
        )],
    },
    LeftOut {
        what: "twenty attempts at a message, a minute apart",
        why: "nobody waits for twenty minutes: there are two, ten seconds apart",
        changes: &[
            Instead("      VisibilityTimeout: 60\n", "      VisibilityTimeout: 10\n"),
            Instead("        maxReceiveCount: 20 ", "        maxReceiveCount: 2 "),
        ],
    },
];

/// And of `backend/template.yaml`.
pub(crate) const LEFT_OUT_OF_BACKEND: LeftOut = LeftOut {
    what: "the backend's alarm OrdersThrottled",
    why: "the emulator refuses alarms over several metrics",
    changes: &[Without("OrdersThrottled")],
};

/// `backend/template.yaml` for the emulator, in another folder than the files that it names.
pub(crate) fn of_backend(template: &str, root: &Path) -> Result<String> {
    let template = LEFT_OUT_OF_BACKEND.of(template.to_owned())?;
    let (schema, resolvers) = (root.join("schema.graphql"), root.join("backend/resolvers"));
    let template = template.replace(" ../schema.graphql", &format!(" {}", schema.display()));
    Ok(template.replace(" resolvers/", &format!(" {}/", resolvers.display())))
}

impl LeftOut {
    fn of(&self, mut template: String) -> Result<String> {
        for change in self.changes {
            template = match change {
                Without(resource) => without(&template, resource),
                Instead(old, new) => (template.matches(old).count() == 1).then(|| template.replace(old, new)),
            }
            .with_context(|| format!("the template has changed: {} cannot be left out by {change:?}", self.what))?;
        }
        Ok(template)
    }
}

/// `template.yaml` for the emulator at `port`. `code_uri` is where a function's program is.
pub(crate) fn apply(template: &str, port: u16, code_uri: impl Fn(&str) -> String) -> Result<String> {
    let mut template = template.to_owned();
    for left_out in LEFT_OUT {
        template = left_out.of(template)?;
    }
    template = template.replace("@port@", &port.to_string());
    for name in NAMES {
        template = template.replace(&format!("@{name}@"), &code_uri(name));
    }
    ensure!(!template.contains("rust-cargolambda"), "template.yaml has a function that is not rehearsed");
    Ok(template)
}

/// The functions, by their programs.
pub(crate) const NAMES: [&str; 4] = ["query", "mutate", "http-api", "service-user"];

/// A resource ends where the next one, or the next section, begins.
fn without(template: &str, resource: &str) -> Option<String> {
    let start = template.find(&format!("\n  {resource}:\n"))? + 1;
    let rest = &template[start..];
    let begins = |line: &str| !line.trim_start_matches("  ").starts_with([' ', '\n']) && !line.starts_with("    ");
    let length = rest.match_indices('\n').map(|(at, _)| at + 1).find(|at| begins(&rest[*at..]))?;
    Some(format!("{}{}", &template[..start], &rest[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> String {
        std::fs::read_to_string(crate::project::root().join("template.yaml")).unwrap()
    }

    #[test]
    fn what_is_left_out_is_in_the_template_and_nothing_else_goes_with_it() {
        let (before, after) = (original(), apply(&original(), 4566, |name| format!("/programs/{name}")).unwrap());
        let resources = |text: &str| {
            let (_, rest) = text.split_once("\nResources:\n").unwrap();
            let (resources, _) = rest.split_once("\nOutputs:\n").unwrap();
            let names = resources.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
            names.filter(|line| !line.trim().starts_with('#')).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        const WITHOUT: [&str; 4] = ["QueuePolicy:", "SignInFailures:", "FunctionErrors:", "FunctionThrottles:"];
        let mut expected = resources(&before);
        expected.retain(|name| !WITHOUT.contains(&name.as_str()));
        assert_eq!(resources(&after), expected);
        for name in NAMES {
            assert!(after.contains(&format!("      CodeUri: /programs/{name}\n")), "{name}");
        }
        assert!(!after.contains('@') || before.contains('@'), "a place is not filled in");
        assert!(after.contains("http://${HttpApi}.execute-api.localhost:4566\n"));
    }

    #[test]
    fn a_template_that_has_changed_is_noticed() {
        let changed = original().replace("  FunctionErrors:\n", "  Errors:\n");
        let error = apply(&changed, 1, str::to_owned).unwrap_err().to_string();
        assert!(error.contains("the alarms SignInFailures"), "{error}");
    }
}
