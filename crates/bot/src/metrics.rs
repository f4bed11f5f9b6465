//! What is counted. Servers render it.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Label = [(&'static str, &'static str); 1];

/// Counters of a bot; cloning shares them.
#[derive(Clone, Default)]
pub struct Metrics {
    deliveries: Family<Label, Counter>,
    answers: Family<Label, Counter>,
    jobs: Family<Label, Counter>,
    rejected: Family<Label, Counter>,
    pub(crate) jobs_running: Gauge,
    pub(crate) held: Gauge,
    // The two that every message counts, looked up once.
    first: std::sync::OnceLock<[Counter; 2]>,
}

impl Metrics {
    /// Names everything to `registry`, which renders it.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "echostr_deliveries",
            "Deliveries of pushes by what they got: first, joined, same_again, held, given_up",
            self.deliveries.clone(),
        );
        registry.register(
            "echostr_answers",
            "Answers by the delivery that took them: 1, 2, 3, outbox, sent",
            self.answers.clone(),
        );
        registry.register(
            "echostr_jobs",
            "Jobs that took longer than a moment, by their end: answered, failed, panicked, late, busy",
            self.jobs.clone(),
        );
        registry.register(
            "echostr_jobs_running",
            "Jobs that are running or wait for one of their follower's three places",
            self.jobs_running.clone(),
        );
        registry.register(
            "echostr_deliveries_held",
            "Deliveries that are held until the platform repeats them",
            self.held.clone(),
        );
        registry.register(
            "echostr_rejected",
            "Requests that were refused, by reason",
            self.rejected.clone(),
        );
    }

    /// A first delivery has come.
    pub(crate) fn first_delivery(&self) {
        self.first()[0].inc();
    }

    /// A push was answered on its first delivery.
    pub(crate) fn first_answer(&self) {
        self.first()[1].inc();
    }

    fn first(&self) -> &[Counter; 2] {
        self.first.get_or_init(|| {
            [
                self.deliveries.get_or_create_owned(&[("outcome", "first")]),
                self.answers.get_or_create_owned(&[("delivery", "1")]),
            ]
        })
    }

    pub(crate) fn delivery(&self, outcome: &'static str) {
        self.deliveries.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(crate) fn answer(&self, delivery: &'static str) {
        self.answers.get_or_create(&[("delivery", delivery)]).inc();
    }

    pub(crate) fn job(&self, outcome: &'static str) {
        self.jobs.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(crate) fn rejected(&self, reason: &'static str) {
        self.rejected.get_or_create(&[("reason", reason)]).inc();
    }
}

/// Something that is counted while it lasts.
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
