//! `GET /metrics`, read as strictly as the OpenMetrics text format is written.
//!
//! Source: <https://prometheus.io/docs/specs/om/open_metrics_spec/> (read 2026-11-22)

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{PATIENCE, Server};

/// All samples, by name and labels as they stand in the text.
#[derive(Debug, Clone)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Server {
    #[track_caller]
    pub(crate) fn metrics(&self) -> Metrics {
        let response = self.get("/metrics");
        assert_eq!(
            (response.status, response.header("content-type")),
            (
                200,
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            )
        );
        Metrics::parse(response.text())
    }

    /// The metrics, once this holds.
    #[track_caller]
    pub(crate) fn wait_for_metrics(&self, holds: impl Fn(&Metrics) -> bool) -> Metrics {
        let start = Instant::now();
        loop {
            let metrics = self.metrics();
            if holds(&metrics) {
                return metrics;
            }
            assert!(start.elapsed() < PATIENCE, "{metrics:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Metrics {
    /// 0 for what is not there: nothing of the kind was counted.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn check(&self, expected: &[(&str, f64)]) {
        for (name, value) in expected {
            let is = self.get(name);
            assert!((is - value).abs() < 1e-9, "{name} is {is}, not {value}");
        }
    }

    /// Every family, with its type.
    #[track_caller]
    fn parse(text: &str) -> Self {
        let lines = text.strip_suffix("# EOF\n").expect("`# EOF` is the end");
        let mut samples = BTreeMap::new();
        let mut families = BTreeSet::new();
        let (mut family, mut kind) = ("", "");
        for line in lines.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let mut word = || words.next().unwrap_or_else(|| panic!("`{line}`"));
                let (what, name, rest) = (word(), word(), word());
                if name != family {
                    assert!(families.insert(name), "`{name}` stands in two places");
                    (family, kind) = (name, "unknown");
                }
                match what {
                    "HELP" => assert!(rest.ends_with('.'), "`{line}`"),
                    "TYPE" => kind = rest,
                    _ => panic!("`{line}`"),
                }
                continue;
            }
            let (sample, value) = line.rsplit_once(' ').expect("a sample has a value");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("`{line}`"));
            let (name, labels) = match sample.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}').expect("`}` ends labels")),
                None => (sample, ""),
            };
            let suffix = name.strip_prefix(family);
            let suffix = suffix.unwrap_or_else(|| panic!("`{line}` stands in `{family}`"));
            let suffixes: &[&str] = match kind {
                "counter" => &["_total"],
                "gauge" => &[""],
                "histogram" => &["_bucket", "_sum", "_count"],
                other => panic!("`{family}` is of the type {other}"),
            };
            assert!(suffixes.contains(&suffix), "`{line}` in a {kind}");
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let (label, text) = label.split_once("=\"").expect("a label has a value");
                assert!(is_name(label) && text.ends_with('"'), "`{line}`");
            }
            assert!(is_name(name) && value >= 0.0, "`{line}`");
            assert!(
                samples.insert(sample.to_owned(), value).is_none(),
                "`{sample}` stands there twice"
            );
            if suffix == "_bucket" && labels == "le=\"+Inf\"" {
                assert_rises(lines, name);
            }
        }
        let metrics = Self(samples);
        for (name, value) in &metrics.0 {
            if let Some((histogram, _)) = name.split_once("_bucket{le=\"+Inf\"") {
                metrics.check(&[(&format!("{histogram}_count"), *value)]);
            }
        }
        metrics
    }
}

/// Each bucket of a histogram has what the smaller ones have.
#[track_caller]
fn assert_rises(lines: &str, bucket: &str) {
    let values: Vec<f64> = lines
        .lines()
        .filter(|line| line.starts_with(&format!("{bucket}{{")))
        .map(|line| {
            let (_, value) = line.rsplit_once(' ').expect("a value");
            value.parse().expect("a number")
        })
        .collect();
    assert!(values.is_sorted(), "{bucket}: {values:?}");
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}
