//! What every variant is asked, and what the right answer is.

use anyhow::{Context as _, Result, ensure};
use hyper::body::Bytes;
use serde_json::{Value, json};

const ORDER: &str = "order-1";

/// The event of every invocation.
pub(crate) fn event() -> Bytes {
    json!({"operation": "GetOrder", "variables": {"id": ORDER}}).to_string().into()
}

/// Compares a variant's answer with the stand-in's order: all must give the same.
pub(crate) fn check(answer: &Bytes, expected: &mut Option<Value>) -> Result<()> {
    let answer: Value = serde_json::from_slice(answer).context("the answer is not JSON")?;
    ensure!(answer.pointer("/data/getOrder/id") == Some(&json!(ORDER)), "not the order that was asked for: {answer}");
    let expected = expected.get_or_insert_with(|| answer.clone());
    ensure!(answer == *expected, "this answer differs from that of another variant: {answer} instead of {expected}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_answer_than_the_first_is_an_error() {
        let mut expected = None;
        let answer =
            |version: u32| Bytes::from(json!({"data": {"getOrder": {"id": ORDER, "version": version}}}).to_string());
        assert!(check(&Bytes::from_static(b"{\"data\":{\"getOrder\":null}}"), &mut expected).is_err());
        assert!(check(&answer(1), &mut expected).is_ok());
        assert!(check(&answer(1), &mut expected).is_ok());
        assert!(check(&answer(2), &mut expected).is_err_and(|error| error.to_string().contains("differs")));
    }
}
