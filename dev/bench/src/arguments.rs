use std::path::PathBuf;

use lexopt::prelude::*;

/// What to measure, and what to do with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Everything once, to see that it works; nothing is written into `docs/`.
    pub(crate) quick: bool,
    /// Instead of measuring: the results of an earlier run.
    pub(crate) from: Option<PathBuf>,
    /// How often each variant is started in each comparison.
    pub(crate) rounds: Option<usize>,
    /// Only these variants; nothing is written into `docs/` either.
    pub(crate) only: Vec<String>,
}

impl Arguments {
    pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut arguments = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("quick") => arguments.quick = true,
                Long("from") => arguments.from = Some(parser.value()?.into()),
                Long("rounds") => arguments.rounds = Some(parser.value()?.parse()?),
                Long("only") => {
                    arguments.only = parser.value()?.string()?.split(',').map(str::to_owned).collect();
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(arguments)
    }

    /// Whether the figures are good enough for the documentation.
    pub(crate) fn is_for_publication(&self) -> bool {
        !self.quick && self.only.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_figures_is_not_published() {
        let parsed = |line: &str| Arguments::parse(lexopt::Parser::from_args(line.split_whitespace()));
        assert!(parsed("").is_ok_and(|all| all.is_for_publication()));
        assert!(parsed("--rounds 3").is_ok_and(|all| all.is_for_publication() && all.rounds == Some(3)));
        assert!(parsed("--quick").is_ok_and(|quick| !quick.is_for_publication()));
        assert!(parsed("--only ours,floor").is_ok_and(|some| !some.is_for_publication() && some.only.len() == 2));
        assert!(parsed("--fast").is_err());
    }
}
