//! Puts the tables into `docs/performance.md`, between marks, so that no figure there is copied by hand.

use anyhow::{Result, ensure};

/// The text with the content of each mark `<!-- bench:NAME -->` ... `<!-- /bench:NAME -->` replaced.
///
/// # Errors
/// When a table has no place, or a place no table: one of both has been renamed.
pub(crate) fn filled(text: &str, tables: &[(&str, String)]) -> Result<String> {
    let mut text = text.to_owned();
    for (name, table) in tables {
        text = with_one(&text, name, table)?;
    }
    let places = text.matches("<!-- bench:").count();
    ensure!(places == tables.len(), "{places} places are for {} tables", tables.len());
    Ok(text)
}

/// The same of one mark.
///
/// # Errors
/// When the table has no place.
pub(crate) fn with_one(text: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- bench:{name} -->"), format!("<!-- /bench:{name} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or((text, ""));
    let after = rest.split_once(&end).map(|(_, after)| after);
    ensure!(after.is_some(), "there is no place {begin} ... {end}");
    Ok(format!("{before}{begin}\n{table}{end}{}", after.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_replaced_and_nothing_else() {
        let text = "a <!-- bench:x -->\nold\n<!-- /bench:x --> b";
        let filled = |tables: &[(&str, String)]| filled(text, tables);
        let new = [("x", "new\n".to_owned())];
        assert_eq!(filled(&new).unwrap(), "a <!-- bench:x -->\nnew\n<!-- /bench:x --> b");
        assert!(filled(&[("y", String::new())]).is_err());
        assert!(filled(&[]).is_err());
    }
}
