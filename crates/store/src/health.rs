//! How the journal is: what waits, whether it can be written, how long commits take.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// How the journal is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Records that wait to be written.
    pub queued_records: u64,
    /// Their size in memory, estimated.
    pub queued_bytes: u64,
    /// Since when nothing could be written, Unix milliseconds. While this lasts, the promise that nothing is lost is
    /// suspended.
    pub away_since_ms: Option<i64>,
    /// Records that were given up since the start.
    pub lost_records: u64,
}

/// What the writer and the queue count. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    pub(crate) commit_seconds: Histogram,
    pub(crate) batch_records: Histogram,
    pub(crate) queue_records: Gauge,
    pub(crate) queue_bytes: Gauge,
    pub(crate) lost_records: Counter,
    pub(crate) away: Gauge,
    // Unix milliseconds; 0 while it can be written.
    pub(crate) away_since_ms: Arc<AtomicI64>,
    pub(crate) wal_pages: Gauge,
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            commit_seconds: Histogram::new([
                0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256,
                0.512, 1.0, 5.0,
            ]),
            batch_records: Histogram::new([
                1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0,
            ]),
            queue_records: Gauge::default(),
            queue_bytes: Gauge::default(),
            lost_records: Counter::default(),
            away: Gauge::default(),
            away_since_ms: Arc::default(),
            wal_pages: Gauge::default(),
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "echostr_journal_commit_seconds",
            "From the first record of a batch to its commit",
            self.commit_seconds.clone(),
        );
        registry.register(
            "echostr_journal_batch_records",
            "Records in one transaction",
            self.batch_records.clone(),
        );
        registry.register(
            "echostr_journal_queue_records",
            "Records that wait to be written",
            self.queue_records.clone(),
        );
        registry.register(
            "echostr_journal_queue_bytes",
            "Estimated size of the records that wait to be written",
            self.queue_bytes.clone(),
        );
        // The text format adds `_total` to the name of a counter.
        registry.register(
            "echostr_journal_lost_records",
            "Records that were given up because the journal could not be written",
            self.lost_records.clone(),
        );
        registry.register(
            "echostr_journal_away",
            "1 while the journal cannot be written",
            self.away.clone(),
        );
        registry.register(
            "echostr_journal_wal_pages",
            "Length of the write-ahead log at the latest checkpoint, in pages",
            self.wal_pages.clone(),
        );
    }
}
