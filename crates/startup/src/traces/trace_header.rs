//! `X-Amzn-Trace-Id`: <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>

use super::otlp::{SpanContext, SpanId, TraceId};

/// The trace and the parent in a header, if the trace is sampled:
/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
pub(super) fn sampled(header: &str) -> Option<SpanContext> {
    let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    if part("Sampled")? != "1" {
        return None;
    }
    let (seconds, rest) = part("Root")?.strip_prefix("1-")?.split_once('-')?;
    let trace_id = u128::from(u32::try_from(hexadecimal(seconds, 8)?).ok()?) << 96 | hexadecimal(rest, 24)?;
    let span_id = u64::try_from(hexadecimal(part("Parent")?, 16)?).ok()?;
    // OpenTelemetry knows no ids of zeros alone.
    (trace_id != 0 && span_id != 0).then_some(SpanContext { trace_id: TraceId(trace_id), span_id: SpanId(span_id) })
}

/// The header of a request that belongs to a span.
pub(super) fn of(SpanContext { trace_id, span_id }: SpanContext) -> String {
    let trace_id = trace_id.to_string();
    let (seconds, rest) = trace_id.split_at(8);
    format!("Root=1-{seconds}-{rest};Parent={span_id};Sampled=1")
}

fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_hexadecimal = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal.then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    #[test]
    fn a_header_is_read_and_written_as_lambda_has_it() {
        let context = sampled(HEADER).unwrap();
        assert_eq!(context.trace_id.to_string(), "5759e988bd862e3fe1be46a994272793");
        assert_eq!(context.span_id.to_string(), "53995c3f42cd8ad8");
        assert_eq!(of(context), HEADER);
        // Lambda adds more, in any order.
        let with_lineage = format!("Lineage=1:fc2ab8c1:0;Sampled=1; {}", HEADER.replace(";Sampled=1", ""));
        assert_eq!(sampled(&with_lineage), Some(context));
    }

    #[test]
    fn what_is_not_sampled_or_not_complete_is_no_parent() {
        for header in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=?",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-+d862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000;Sampled=1",
        ] {
            assert_eq!(sampled(header), None, "{header}");
        }
    }
}
