use std::{fmt, mem};

use serde::Serialize;
use tracing::{
    field::{Field, Visit},
    span::Record,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, FormattedFields, format::Writer},
};

/// Keeps the fields of a span as one JSON object, at whose end others are added. `tracing_subscriber`'s own `JsonFields` first
/// makes a tree of all values, and reads the whole object again to add one: that was most of what the log costs an
/// invocation that writes no line.
#[derive(Debug)]
pub(crate) struct SpanFields;

impl<'a> FormatFields<'a> for SpanFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut object = Object(Vec::with_capacity(128));
        fields.record(&mut object);
        writer.write_str(&object.finish()?)
    }

    fn add_fields(&self, current: &'a mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut object = Object(mem::take(&mut current.fields).into_bytes());
        object.0.pop();
        fields.record(&mut object);
        current.fields = object.finish()?;
        Ok(())
    }
}

/// A JSON object that is not closed yet. A member that comes again is there twice: the last one counts.
struct Object(Vec<u8>);

impl Object {
    fn add(&mut self, field: &Field, value: impl Serialize) {
        match self.0.last() {
            None => self.0.push(b'{'),
            Some(b'{') => {}
            Some(_) => self.0.push(b','),
        }
        let name = field.name();
        // Neither can fail: text and numbers can be written as JSON, and a vector takes all of it.
        let _ = serde_json::to_writer(&mut self.0, name.strip_prefix("r#").unwrap_or(name));
        self.0.push(b':');
        let _ = serde_json::to_writer(&mut self.0, &value);
    }

    fn finish(mut self) -> Result<String, fmt::Error> {
        if self.0.is_empty() {
            self.0.push(b'{');
        }
        self.0.push(b'}');
        String::from_utf8(self.0).map_err(|_| fmt::Error)
    }
}

impl Visit for Object {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing::{field::Empty, subscriber::with_default};
    use tracing_subscriber::{
        fmt::{format::JsonFields, layer},
        layer::SubscriberExt as _,
        registry,
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged with these fields of spans.
    fn lines<F: for<'a> FormatFields<'a> + Send + Sync + 'static>(fields: F) -> String {
        let log = Log::default();
        let writer = log.clone();
        let json = layer().json().without_time().fmt_fields(fields).with_writer(move || writer.clone());
        with_default(registry().with(json), || {
            let text = "a \"quoted\" \\ text\n\u{1}\u{e4}";
            let outer = tracing::info_span!(
                "outer",
                text,
                r#type = "raw",
                "a name" = ?Some(text),
                yes = true,
                negative = -1,
                large = u64::MAX,
                float = 0.5,
                no_number = f64::NAN,
                larger = i128::MAX,
                bytes = &b"bytes"[..],
                later = Empty,
                never = Empty,
            )
            .entered();
            let inner = tracing::info_span!("inner", later = Empty, much_later = Empty).entered();
            tracing::info!("nothing more is known");
            inner.record("later", text);
            inner.record("much_later", 7);
            outer.record("later", tracing::field::display(text));
            outer.record("text", "another");
            tracing::info!(own = text, "something more is known");
        });
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn lines_are_those_that_tracing_subscriber_writes() {
        let lines = lines(SpanFields);
        assert_eq!(lines, self::lines(JsonFields::new()));
        assert_eq!(lines.matches("another").count(), 1, "the last value counts: {lines}");
    }
}
