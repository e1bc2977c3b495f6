//! What a run must keep to, as figures within it.

use anyhow::{Result, ensure};

use crate::tables::table;

#[derive(Debug, Default)]
pub(super) struct Bounds(Vec<Bound>);

#[derive(Debug)]
struct Bound {
    figure: String,
    wanted: String,
    measured: String,
    is_met: bool,
}

impl Bounds {
    pub(super) fn at_most(&mut self, figure: impl Into<String>, wanted: f64, measured: f64) {
        self.add(figure.into(), format!("at most {}", short(wanted)), measured, measured <= wanted);
    }

    pub(super) fn at_least(&mut self, figure: impl Into<String>, wanted: f64, measured: f64) {
        self.add(figure.into(), format!("at least {}", short(wanted)), measured, measured >= wanted);
    }

    fn add(&mut self, figure: String, wanted: String, measured: f64, is_met: bool) {
        self.0.push(Bound { figure, wanted, measured: short(measured), is_met });
    }

    pub(super) fn table(&self) -> String {
        let rows = self.0.iter().map(|Bound { figure, wanted, measured, is_met }| {
            vec![figure.clone(), wanted.clone(), measured.clone(), if *is_met { "yes" } else { "**no**" }.to_owned()]
        });
        table(&["figure", "wanted", "measured", "met"], rows)
    }

    /// # Errors
    /// Names what was missed.
    pub(super) fn check(&self) -> Result<()> {
        let missed: Vec<_> = self.0.iter().filter(|bound| !bound.is_met).map(|bound| bound.figure.as_str()).collect();
        ensure!(missed.is_empty(), "missed: {}", missed.join("; "));
        Ok(())
    }
}

fn short(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_is_missed_is_named_and_so_is_what_could_not_be_measured() {
        let mut bounds = Bounds::default();
        bounds.at_most("failures", 0.0, 0.0);
        bounds.at_least("throughput", 1.8, 1.8);
        assert!(bounds.check().is_ok());
        bounds.at_most("memory", 0.02, 0.021);
        bounds.at_least("renewals", 1.0, 0.0);
        bounds.at_most("ratio", 1.05, f64::NAN);
        assert_eq!(bounds.check().unwrap_err().to_string(), "missed: memory; renewals; ratio");
        assert!(bounds.table().contains("| memory     | at most 0.020  | 0.021    | **no** |"), "{}", bounds.table());
    }
}
