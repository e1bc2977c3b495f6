//! What is written for CloudWatch, by the rules of the embedded metric format. One process has one metrics recorder, so
//! this is one test.

#![cfg(feature = "emf")]
#![expect(clippy::unwrap_used, reason = "a test fails where something unexpected happens")]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use auth_cache::{
    EmfObserver, Identity, ManualClock, Observer as _, Refresh, RefreshOutcome, RefreshReason, SignInError, Token,
};
use metrics_cloudwatch_embedded::{Builder, Collector};
use serde_json::Value;

static METRICS: EmfObserver = EmfObserver::new();

/// The metrics of all lines, by name and dimensions, each checked against the format's rules.
fn flushed(collector: &Collector) -> BTreeMap<String, Value> {
    let mut written = Vec::new();
    METRICS.flush(collector, &mut written).unwrap();
    let mut values = BTreeMap::new();
    for line in String::from_utf8(written).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000, "milliseconds: {line}");
        let [directive] = line["_aws"]["CloudWatchMetrics"].as_array().unwrap().as_slice() else { panic!("{line}") };
        assert_eq!(directive["Namespace"], "Orders");
        let [dimensions] = directive["Dimensions"].as_array().unwrap().as_slice() else { panic!("{line}") };
        let dimensions: Vec<_> = dimensions.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(dimensions[0], "Function");
        let targets: Vec<_> = dimensions.iter().map(|name| line[*name].as_str().unwrap()).collect();
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            let value = &line[name];
            let count = value.as_array().map_or(1, Vec::len);
            assert!((1..=100).contains(&count) && !value.is_null(), "{line}");
            values.insert(format!("{name} {} {}", targets.join(" "), metric["Unit"].as_str().unwrap()), value.clone());
        }
    }
    values
}

#[tokio::test]
async fn metrics_of_the_embedded_format_add_up_and_nothing_is_written_when_nothing_happened() {
    let collector = Builder::new().cloudwatch_namespace("Orders").with_dimension("Function", "query").init().unwrap();
    assert!(flushed(collector).is_empty());
    assert!(!METRICS.is_due(), "nothing happened");

    let clock = ManualClock::at(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let limit = Duration::from_secs(5);
    let first = AtomicBool::new(true);
    let source = {
        let clock = clock.clone();
        move || {
            let fails = first.swap(false, Ordering::Relaxed);
            if !fails {
                clock.advance(Duration::from_millis(250));
            }
            async move {
                match fails {
                    true => Err(SignInError::unavailable("canary")),
                    false => Ok(Token::opaque("canary".to_owned(), Duration::from_secs(3600))?),
                }
            }
        }
    };
    let identity = Identity::new(source).with_clock(clock.clone()).with_observer(&METRICS);
    identity.token(Duration::ZERO).await.unwrap_err();
    clock.advance(Duration::from_secs(1));
    identity.token(limit).await.unwrap();
    assert!(METRICS.is_due());
    clock.advance(Duration::from_secs(90));
    identity.token(limit).await.unwrap();
    let values = flushed(collector);
    let expected = [
        ("SignInTime query Milliseconds", serde_json::json!([0.0, 250.0])),
        ("TokenAge query Seconds", serde_json::json!([90.0])),
        ("TokenHits query Count", 1.into()),
        ("TokenMisses query Count", 2.into()),
        ("TokenRefreshes query empty failed Count", 1.into()),
        ("TokenRefreshes query empty succeeded Count", 1.into()),
    ];
    assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value)).into());
    assert!(flushed(collector).is_empty());

    for hits in 1..=100 {
        METRICS.hit(Duration::ZERO);
        assert_eq!(METRICS.is_due(), hits == 100, "{hits} hits");
    }
    flushed(collector);
    for notable in [
        || METRICS.miss(),
        || METRICS.wait(),
        || METRICS.refreshed(&Refresh::new(RefreshReason::Empty, RefreshOutcome::Abandoned, Duration::ZERO)),
    ] {
        assert!(!METRICS.is_due());
        notable();
        assert!(METRICS.is_due());
        flushed(collector);
    }

    let threads = [(); 8].map(|()| {
        thread::spawn(|| {
            for _ in 0..1000 {
                METRICS.hit(Duration::ZERO);
                METRICS.wait();
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    identity.forget();
    let values = flushed(collector);
    assert_eq!((&values["TokenHits query Count"], &values["TokenWaits query Count"]), (&8000.into(), &8000.into()));

    for _ in 0..150 {
        identity.forget();
        identity.token(limit).await.unwrap();
    }
    let values = flushed(collector);
    assert_eq!(values["TokenRefreshes query empty succeeded Count"], 150);
    assert_eq!(values["SignInTime query Milliseconds"].as_array().unwrap().len(), 100, "what one line can hold");
}
