//! [`Report`]: what came of a script, for people, for machines, and for a CI.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use echostr_protocol::AppId;
use serde_json::{Value, json};

use crate::doctor;
use crate::exchange::{Delivery, Pushed, Record, What};
use crate::judge::Shown;
use crate::push::Platform;
use crate::world::World;

/// What came of a script.
#[derive(Debug, Clone)]
pub struct Report {
    /// The script.
    pub name: String,
    /// All of it.
    pub took: Duration,
    /// In order.
    pub steps: Vec<StepReport>,
    /// What was seen by whom after the last step, and expected by nobody.
    pub left: Vec<String>,
}

/// What came of a step.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// Where it begins in the script.
    pub line: usize,
    /// What was done.
    pub title: String,
    /// Until all that was expected was seen, and the push was decided.
    pub took: Duration,
    /// Whether it went as expected.
    pub verdict: Verdict,
    /// What was expected and seen.
    pub seen: Vec<String>,
    /// What was seen before it, and expected by nobody.
    pub skipped: Vec<String>,
    /// Of a step that went wrong: its deliveries and calls, a line each.
    pub explained: Vec<String>,
}

/// Whether a step went as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Right,
    /// What was expected and what was found, line by line: `- ` and `+ `.
    Wrong(Vec<String>),
}

impl StepReport {
    /// Whether it went as expected.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Right
    }

    fn why(&self) -> &[String] {
        match &self.verdict {
            Verdict::Right => &[],
            Verdict::Wrong(why) => why,
        }
    }
}

impl Report {
    /// Whether every step went as expected.
    pub fn passed(&self) -> bool {
        self.steps.iter().all(StepReport::passed)
    }

    fn n_failed(&self) -> usize {
        self.steps.iter().filter(|step| !step.passed()).count()
    }

    /// For machines; times in milliseconds.
    pub fn to_json(&self) -> Value {
        let steps = self.steps.iter().map(|step| {
            json!({
                "line": step.line,
                "title": step.title,
                "passed": step.passed(),
                "took_ms": millis(step.took),
                "seen": step.seen,
                "skipped": step.skipped,
                "why": step.why(),
                "explained": step.explained,
            })
        });
        json!({
            "script": self.name,
            "passed": self.passed(),
            "took_ms": millis(self.took),
            "steps": steps.collect::<Vec<_>>(),
            "left": self.left,
        })
    }

    /// Several as one JUnit file, which most CI servers read.
    pub fn junit(reports: &[Self]) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        for report in reports {
            report.write_suite(&mut xml);
        }
        xml + "</testsuites>\n"
    }

    fn write_suite(&self, xml: &mut String) {
        let name = escaped(&self.name);
        let (n, failed, secs) = (self.steps.len(), self.n_failed(), self.took.as_secs_f64());
        let _ = writeln!(
            xml,
            "<testsuite name=\"{name}\" tests=\"{n}\" failures=\"{failed}\" time=\"{secs:.3}\">"
        );
        for step in &self.steps {
            let title = escaped(&format!("{}: {}", step.line, step.title));
            let secs = step.took.as_secs_f64();
            let _ = write!(
                xml,
                "<testcase classname=\"{name}\" name=\"{title}\" time=\"{secs:.3}\">"
            );
            if !step.passed() {
                let lines = [step.why(), &step.explained].concat().join("\n");
                let _ = write!(xml, "<failure>{}</failure>", escaped(&lines));
            }
            xml.push_str("</testcase>\n");
        }
        xml.push_str("</testsuite>\n");
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars().filter(|c| crate::push::is_legal(*c)) {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            other => escaped.push(other),
        }
    }
    escaped
}

impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_besides(f, &self.skipped)?;
        let (mark, secs) = (
            if self.passed() { '✓' } else { '✗' },
            self.took.as_secs_f64(),
        );
        write!(
            f,
            "{mark} {:>4}  {secs:>6.2} s  {}",
            self.line,
            shown(&self.title)
        )?;
        for seen in &self.seen {
            write!(f, "  → {}", in_short(seen))?;
        }
        for line in self.why() {
            write!(f, "\n    {}", shown(line))?;
        }
        for line in &self.explained {
            write!(f, "\n    {}", shown(line))?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_besides(f, &self.left)?;
        let (n, failed, secs) = (self.steps.len(), self.n_failed(), self.took.as_secs_f64());
        if failed == 0 {
            write!(f, "{n} 步都对 · all {n} steps are right    {secs:.2} s")
        } else {
            write!(
                f,
                "{n} 步中 {failed} 步不对 · {failed} of {n} steps went wrong    {secs:.2} s"
            )
        }
    }
}

fn write_besides(f: &mut fmt::Formatter<'_>, seen: &[String]) -> fmt::Result {
    for seen in seen {
        writeln!(f, "    另外看到 · seen besides  {}", in_short(seen))?;
    }
    Ok(())
}

/// One line of it.
fn in_short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    let is_more = short.len() < text.len();
    shown(&short) + if is_more { "…" } else { "" }
}

/// Without what moves the cursor of a terminal: a server wrote it.
fn shown(text: &str) -> String {
    let clean = |c: char| {
        if c.is_control() && c != '\t' {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(clean).collect()
}

/// The deliveries and calls with greater numbers, a line each.
pub(super) fn explained(world: &World, app_id: &AppId, after: u64) -> Vec<String> {
    let is_meant = |record: &&Record| {
        record.id > after && record.app_id.as_ref().is_none_or(|found| found == app_id)
    };
    let account = world.account(app_id.as_str());
    let platform = account.and_then(|account| account.platform.as_ref());
    let mut lines = Vec::new();
    for record in world.log.records().filter(is_meant) {
        match &record.what {
            What::Push(pushed) => of_push(platform, pushed, &mut lines),
            What::Call(called) => {
                let name = called.endpoint.map_or("?", |endpoint| endpoint.name);
                lines.push(format!("调用 · call  {name}  errcode {}", called.errcode));
                lines.extend(called.notes.iter().map(|note| format!("    {note}")));
            }
        }
    }
    lines
}

fn of_push(platform: Option<&Platform>, pushed: &Pushed, lines: &mut Vec<String>) {
    for (n, delivery) in (1..).zip(&pushed.deliveries) {
        let secs = |ms: u64| Duration::from_millis(ms).as_secs_f64();
        let end = delivery.began_ms + delivery.took_ms.unwrap_or_default();
        lines.push(format!(
            "投递 · delivery {n}  +{:.2} → +{:.2} s  {}",
            secs(delivery.began_ms),
            secs(end),
            outcome(delivery)
        ));
    }
    if let Some(Shown::Failure(cause)) = &pushed.shown {
        lines.push(format!("原因 · because  {cause}"));
        let faults = platform.map(|platform| doctor::why_no_answer(platform, cause));
        for fault in faults.unwrap_or_default() {
            lines.push(format!("    {}", fault.chinese()));
            lines.push(format!("    {}", fault.english()));
        }
    }
}

fn outcome(delivery: &Delivery) -> String {
    match (&delivery.answer, &delivery.shown) {
        (None, _) => "没有结束 · not ended".into(),
        (Some(Err(error)), _) => error.to_string(),
        (Some(Ok(answer)), shown) => {
            let head = format!("HTTP {}, {} bytes", answer.status, answer.body.len());
            match shown {
                Some(Shown::Answer { .. }) => format!("{head}, 可用 · usable"),
                Some(Shown::Nothing) => format!("{head}, success"),
                Some(Shown::Failure(cause)) => format!("{head}: {cause}"),
                None => head,
            }
        }
    }
}
