use super::otlp::Span;

/// Spans that have ended and are not sent yet. If there is no room for more, the newest are dropped and counted.
#[derive(Debug)]
pub(super) struct Pending {
    batch: Batch,
    dropped: usize,
}

/// Spans as JSON, with commas in between.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) json: Vec<u8>,
    spans: usize,
}

/// A span has about 700 bytes. X-Ray takes 5 MB and 10,000 spans in one request.
const MOST_BYTES: usize = 256 << 10;

impl Pending {
    pub(super) const fn new() -> Self {
        Self { batch: Batch { json: Vec::new(), spans: 0 }, dropped: 0 }
    }

    pub(super) fn push(&mut self, span: &Span) {
        let Batch { json, spans } = &mut self.batch;
        let before = json.len();
        if before > 0 {
            json.push(b',');
        }
        if serde_json::to_writer(&mut *json, span).is_ok() && json.len() <= MOST_BYTES {
            *spans += 1;
        } else {
            json.truncate(before);
            self.dropped += 1;
        }
    }

    /// What there is to send; nothing if that is nothing.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let batch = std::mem::replace(&mut self.batch, Batch { json: Vec::new(), spans: 0 });
        (batch.spans > 0).then_some(batch)
    }

    /// Takes back what could not be sent. What has come meanwhile is dropped if there is no room for both.
    pub(super) fn put_back(&mut self, mut older: Batch) {
        if let Some(newer) = self.take() {
            if older.json.len() + 1 + newer.json.len() <= MOST_BYTES {
                older.json.push(b',');
                older.json.extend(newer.json);
                older.spans += newer.spans;
            } else {
                self.dropped += newer.spans;
            }
        }
        self.batch = older;
    }

    /// How many were dropped since this was asked last.
    pub(super) fn forget_dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::Value;

    use super::*;
    use crate::traces::otlp::{SpanContext, SpanId, TraceId};

    fn span(name: &str) -> Span {
        let parent = SpanContext { trace_id: TraceId(1), span_id: SpanId(2) };
        let mut span = Span::child_of(parent, SystemTime::UNIX_EPOCH).unwrap();
        span.name = name.to_owned().into();
        span
    }

    fn names(batch: &Batch) -> Vec<String> {
        let spans: Vec<Value> = serde_json::from_slice(&[b"[", &batch.json[..], b"]"].concat()).unwrap();
        spans.iter().map(|span| span["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_could_not_be_sent_comes_before_what_is_new() {
        let mut pending = Pending::new();
        assert!(pending.take().is_none());
        pending.push(&span("a"));
        pending.push(&span("b"));
        let batch = pending.take().unwrap();
        pending.push(&span("c"));
        pending.put_back(batch);
        assert_eq!(names(&pending.take().unwrap()), ["a", "b", "c"]);
        assert!(pending.take().is_none());
    }

    #[test]
    fn memory_is_bounded_and_what_is_dropped_is_counted() {
        let mut pending = Pending::new();
        let long = "x".repeat(MOST_BYTES / 4);
        for _ in 0..5 {
            pending.push(&span(&long));
        }
        let batch = pending.take().unwrap();
        assert_eq!((names(&batch).len(), pending.forget_dropped()), (3, 2));
        pending.push(&span(&long));
        pending.put_back(batch);
        let batch = pending.take().unwrap();
        assert!(batch.json.len() <= MOST_BYTES);
        assert_eq!((names(&batch).len(), pending.forget_dropped(), pending.forget_dropped()), (3, 1, 0));
    }
}
