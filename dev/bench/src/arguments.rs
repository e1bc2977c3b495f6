use std::path::PathBuf;

use argh::FromArgs;

/// Measure cold and warm invocations, next to what other people write.
#[derive(Debug, FromArgs)]
pub(crate) struct Arguments {
    /// everything once, to see that it works; nothing is written into docs/
    #[argh(switch)]
    pub(crate) quick: bool,
    /// what traces cost, and a picture of one, and nothing else
    #[argh(switch)]
    pub(crate) traces: bool,
    /// starts of each variant in each comparison
    #[argh(option)]
    pub(crate) rounds: Option<usize>,
    /// these variants only, separated by commas; nothing is written into docs/ either
    #[argh(option)]
    pub(crate) only: Option<String>,
    /// nothing but a fleet of so many processes of a function, which start at once
    #[argh(option)]
    pub(crate) fleet: Option<usize>,
    /// write the figures of the fleet into docs/
    #[argh(switch)]
    pub(crate) write: bool,
    /// write an earlier run's figures into docs/ again
    #[argh(option)]
    pub(crate) from: Option<PathBuf>,
    /// so many invocations of one process instead, many at once, while its tokens live for seconds
    #[argh(option)]
    pub(crate) soak: Option<usize>,
}

impl Arguments {
    /// Whether this variant is to be measured.
    pub(crate) fn wants(&self, variant: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.split(',').any(|name| name == variant))
    }

    /// Whether the figures are good enough for the documentation.
    pub(crate) fn is_for_publication(&self) -> bool {
        !self.quick && self.only.is_none()
    }
}
