//! [`Report`]: what a load came to, in words and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::check::Wrong;
use super::latency::Latencies;
use crate::judge::Cause;
use crate::transport::Transport;

/// How many answers that were not right are shown.
const MAX_EXAMPLES: usize = 5;
/// How many different causes are counted; a server that invents more is not worth the memory.
const MAX_CAUSES: usize = 50;
/// The percentiles that are shown.
const PERCENTILES: [f64; 6] = [50.0, 90.0, 95.0, 99.0, 99.9, 99.99];

/// What a load came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// How many messages a second were asked for; nothing: as many as are answered.
    pub rate: Option<u32>,
    /// For how long messages were to become due.
    pub duration: Duration,
    /// From the first message to the last answer.
    pub elapsed: Duration,
    /// Whether it was ended before its time.
    pub was_stopped: bool,
    /// How many were answered rightly.
    pub right: u64,
    /// How many of them within `duration`.
    pub right_in_time: u64,
    /// How many failed, by cause.
    pub failed: BTreeMap<String, u64>,
    /// Some of the failures.
    pub examples: Vec<String>,
    /// How long right answers took, and how long was waited for those that did not come in time: from the moment at which a
    /// message was due, or, without a rate, from when its connection was free for it. Other failures are left out: what is
    /// refused at once would make the server look fast.
    pub latencies: Latencies,
    /// How late messages were sent, whatever came of them: waiting for a free connection, and the grain of the timer (1 ms).
    /// It is part of `latencies`.
    pub lateness: Latencies,
}

/// How far a load is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Since the first message.
    pub elapsed: Duration,
    /// How many were answered rightly.
    pub right: u64,
    /// How many failed.
    pub failed: u64,
    /// Until now.
    pub p99: Duration,
}

impl Report {
    pub(super) fn new(rate: Option<u32>, duration: Duration) -> Self {
        Self {
            rate,
            duration,
            elapsed: Duration::ZERO,
            was_stopped: false,
            right: 0,
            right_in_time: 0,
            failed: BTreeMap::new(),
            examples: Vec::new(),
            latencies: Latencies::default(),
            lateness: Latencies::default(),
        }
    }

    /// A message whose exchange ended at `at`, counted from the beginning.
    pub(super) fn count(
        &mut self,
        verdict: Result<(), Wrong>,
        latency: Duration,
        late: Duration,
        at: Duration,
    ) {
        self.lateness.add(late);
        match verdict {
            Ok(()) => {
                self.latencies.add(latency);
                self.right += 1;
                self.right_in_time += u64::from(at <= self.duration);
            }
            Err(wrong) => {
                if matches!(wrong, Wrong::Cause(Cause::Transport(Transport::TimedOut))) {
                    self.latencies.add(latency);
                }
                if self.examples.len() < MAX_EXAMPLES {
                    let example = wrong.example();
                    if !self.examples.contains(&example) {
                        self.examples.push(example);
                    }
                }
                self.fail(&wrong.class());
            }
        }
    }

    /// A message that was due, and never got a connection.
    pub(super) fn unsent(&mut self, waited: Duration, deadline: Duration) {
        self.in_vain(waited, deadline);
        self.fail("没有发出，连接一直占用 · never sent: all connections were busy");
    }

    /// A message that had no answer yet at the end.
    pub(super) fn unanswered(&mut self, waited: Duration, deadline: Duration) {
        self.in_vain(waited, deadline);
        self.fail("结束时还没有回答 · not answered when it was stopped");
    }

    /// Who stopped waiting before the deadline does not know how long it would have taken.
    fn in_vain(&mut self, waited: Duration, deadline: Duration) {
        if waited >= deadline {
            self.latencies.add(waited);
        }
    }

    fn fail(&mut self, class: &str) {
        let is_known = self.failed.contains_key(class);
        let class = if is_known || self.failed.len() < MAX_CAUSES {
            class
        } else {
            "其他 · other"
        };
        match self.failed.get_mut(class) {
            Some(n) => *n += 1,
            None => {
                self.failed.insert(class.to_owned(), 1);
            }
        }
    }

    pub(super) fn progress(&self, elapsed: Duration) -> Progress {
        Progress {
            elapsed,
            right: self.right,
            failed: self.n_failed(),
            p99: self.latencies.percentile(99.0),
        }
    }

    /// How many failed.
    pub fn n_failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// How many messages a second were answered rightly while messages became due; waiting for the last answers afterwards
    /// does not count. When all of them came only then, it does.
    #[expect(clippy::cast_precision_loss, reason = "it is shown as a whole number")]
    pub fn per_second(&self) -> f64 {
        let (right, within) = match self.right_in_time {
            0 => (self.right, self.elapsed),
            right if self.was_stopped => (right, self.duration.min(self.elapsed)),
            right => (right, self.duration),
        };
        right as f64 / within.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Whether every answer was right, there was one, and it was not stopped.
    pub fn passed(&self) -> bool {
        self.right > 0 && self.failed.is_empty() && !self.was_stopped
    }

    /// The same for machines; times in milliseconds.
    pub fn to_json(&self) -> Value {
        let percentiles = |latencies: &Latencies| -> Value {
            let mut of: serde_json::Map<String, Value> = PERCENTILES
                .iter()
                .map(|percent| {
                    (
                        format!("p{percent}"),
                        json!(ms(latencies.percentile(*percent))),
                    )
                })
                .collect();
            of.insert("max".into(), json!(ms(latencies.longest())));
            of.into()
        };
        json!({
            "rate": self.rate,
            "elapsed_ms": ms(self.elapsed),
            "stopped": self.was_stopped,
            "right": self.right,
            "failed": self.n_failed(),
            "per_second": (self.per_second() * 10.0).round() / 10.0,
            "causes": self.failed,
            "examples": self.examples,
            "latency_ms": percentiles(&self.latencies),
            "sent_late_ms": percentiles(&self.lateness),
        })
    }
}

/// Milliseconds, with microseconds behind the point.
fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.was_stopped {
            writeln!(f, "提前结束，不算通过 · stopped early, which is no pass")?;
        }
        writeln!(
            f,
            "正确 · right    {}    失败 · failed    {}    {:.1} s    {:.0} 条/秒 · messages a second",
            self.right,
            self.n_failed(),
            self.elapsed.as_secs_f64(),
            self.per_second()
        )?;
        for (cause, n) in &self.failed {
            writeln!(f, "  ✗ {n}  {cause}")?;
        }
        for example in &self.examples {
            writeln!(f, "    例 · such as: {example}")?;
        }
        if self.latencies.count() == 0 {
            return write!(
                f,
                "没有正确的回答，也没有超时的，所以没有用时 · no right answer and no time-out, so there is no latency"
            );
        }
        let from = match self.rate {
            Some(_) => "从应当发出的时刻算起 · from when a message was due",
            None => {
                "从连接空闲算起，不含排队（用 --rate 才含） · from when a connection was free; waiting is counted with --rate only"
            }
        };
        writeln!(
            f,
            "正确的和超时的用时 · latency of right answers and time-outs, ms    （{from}）"
        )?;
        for percent in PERCENTILES {
            writeln!(
                f,
                "  {percent:>6} %  {:>10.2}",
                ms(self.latencies.percentile(percent))
            )?;
        }
        writeln!(f, "     max    {:>10.2}", ms(self.latencies.longest()))?;
        write!(
            f,
            "其中发出前等待 · of it, before it was sent: 50 % {:.2}, 99 % {:.2}, max {:.2}",
            ms(self.lateness.percentile(50.0)),
            ms(self.lateness.percentile(99.0)),
            ms(self.lateness.longest())
        )
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>4} s    正确 · right {}    失败 · failed {}    99 % ≤ {:.1} ms",
            self.elapsed.as_secs(),
            self.right,
            self.failed,
            ms(self.p99)
        )
    }
}
