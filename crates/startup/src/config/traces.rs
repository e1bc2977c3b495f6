use url::Url;

use crate::settings::{Settings, url};

/// OpenTelemetry's own: <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.
const NAME: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    pub(super) fn traces_endpoint(&mut self) -> Option<Url> {
        let expected = "https://xray.REGION.amazonaws.com/v1/traces, or a collector's http://127.0.0.1:4318/v1/traces";
        let endpoint = self.optional(NAME, expected, |value| url(value).filter(|url| url.path() != "/"));
        if cfg!(not(feature = "traces")) && endpoint.is_some() {
            self.problems.push(format!("{NAME} must be empty (the function was built without the feature traces)"));
            return None;
        }
        self.secure(NAME, endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<Url>, String> {
        let lookup = |name: &str| (name == NAME).then(|| value.to_owned());
        let mut settings = Settings { lookup, problems: Vec::new() };
        let endpoint = settings.traces_endpoint();
        if settings.problems.is_empty() { Ok(endpoint) } else { Err(settings.problems.join("; ")) }
    }

    #[test]
    fn without_the_setting_there_is_no_endpoint() {
        assert_eq!(read(" "), Ok(None));
    }

    #[cfg(feature = "traces")]
    #[test]
    fn an_endpoint_is_taken_as_it_is() {
        for url in ["https://xray.eu-west-1.amazonaws.com/v1/traces", "http://127.0.0.1:4318/v1/traces"] {
            assert_eq!(read(url).unwrap().unwrap().as_str(), url);
        }
    }

    #[cfg(feature = "traces")]
    #[test]
    fn what_is_no_endpoint_is_named_with_what_it_should_be_and_without_its_value() {
        for (value, problem) in [
            ("canary", "is malformed (https://xray.REGION"),
            ("https://", "is malformed (https://xray.REGION"),
            ("https://xray.canary.amazonaws.com", "is malformed (https://xray.REGION"),
            ("grpc://canary:4317/v1/traces", "is malformed (https://xray.REGION"),
            ("http://canary.example/v1/traces", "must begin with https"),
            ("https://canary:canary@example.com/v1/traces", "must have no user name and no password in it"),
        ] {
            let error = read(value).unwrap_err();
            assert!(error.contains(&format!("{NAME} {problem}")) && !error.contains("canary"), "{error}");
        }
    }

    #[cfg(not(feature = "traces"))]
    #[test]
    fn an_endpoint_needs_the_feature() {
        let error = read("https://xray.eu-west-1.amazonaws.com/v1/traces").unwrap_err();
        assert_eq!(error, format!("{NAME} must be empty (the function was built without the feature traces)"));
    }
}
