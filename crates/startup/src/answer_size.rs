use std::io;

use appsync::{AppSyncError, ErrorKind};
use metrics::{Unit, counter, describe_counter};
use serde::Serialize;

/// What Lambda hands over at the most: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST_ANSWER: usize = 6_291_556;

/// Whether a finished answer, as JSON, is larger than Lambda hands over; its sender would only learn that the invocation
/// failed. That is logged, and counted by the metric `PayloadsTooLarge`, which is written after the invocation.
///
/// An HTTP answer has its body in it as a JSON string, with each quotation mark escaped: give it as Lambda will get it.
pub fn is_too_large(answer: &impl Serialize) -> bool {
    let mut size = Size(0);
    if serde_json::to_writer(&mut size, answer).is_err() || size.0 <= LARGEST_ANSWER {
        return false;
    }
    tracing::error!(
        bytes = size.0,
        limit = LARGEST_ANSWER,
        "the response exceeds Lambda's payload limit; select fewer fields or items"
    );
    count_too_large();
    true
}

/// Counts a request that is too large for AppSync, or an answer that is too large for its client, by the metric
/// `PayloadsTooLarge`.
pub fn count_if_too_large(error: &AppSyncError) {
    if error.kind() == ErrorKind::TooLarge {
        count_too_large();
    }
}

fn count_too_large() {
    describe_counter!("PayloadsTooLarge", Unit::Count, "");
    counter!("PayloadsTooLarge").increment(1);
}

/// Counts the bytes that are written.
struct Size(usize);

impl io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_as_large_as_its_json() {
        let framing = json!({"body": ""}).to_string().len();
        for (text, times, expected) in [
            ("x", LARGEST_ANSWER - framing, false),
            ("x", LARGEST_ANSWER - framing + 1, true),
            ("\"", (LARGEST_ANSWER - framing) / 2, false),
            ("\"", (LARGEST_ANSWER - framing) / 2 + 1, true),
            ("\u{e4}", LARGEST_ANSWER / 2, true),
        ] {
            assert_eq!(is_too_large(&json!({"body": text.repeat(times)})), expected, "{text} {times}");
        }
    }
}
