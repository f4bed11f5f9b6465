//! [`Replay`]: pushes that a journal kept, pushed again, and their replies compared with those of then.
//!
//! What is read has a JSON object on each line, as `echostr message list --json --source` prints it: `received_at_ms`, `source`
//! (the document, in clear; `document` and `body` are read as well), and `reply` if it is known. Other members are passed over.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};

use echostr_protocol::{GhId, OpenId, Reply};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::difference::difference;
use crate::judge::Shown;
use crate::push::{Platform, Push, Xml, addressees, now};

/// How many pushes may wait for their answers at once; further ones are late then.
const MAX_RUNNING: usize = 256;
/// How many differences are kept.
const MAX_DIFFERENCES: usize = 1000;

/// A push of long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number in the journal.
    pub id: Option<i64>,
    /// When it came, in Unix milliseconds.
    pub received_at_ms: i64,
    /// The document, in clear.
    pub document: String,
    /// What was replied.
    pub reply: Then,
}

/// What was replied to a push of long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// This.
    Reply(Reply),
    /// It was not recorded.
    NotRecorded,
    /// It was recorded in a way that is not understood here, as by a later version.
    NotUnderstood,
}

/// A line is no recorded push.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "第 {line} 行读不懂（{why}），要的是 `echostr message list --json --source` 的输出 · line {line} is no recorded push ({why}); \
     what `echostr message list --json --source` prints is needed"
)]
pub struct NotRecorded {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

#[derive(Deserialize)]
struct Line {
    id: Option<i64>,
    received_at_ms: i64,
    #[serde(alias = "document", alias = "body")]
    source: String,
    #[serde(default)]
    reply: Value,
}

/// Reads recorded pushes, and puts them into the order in which they came.
///
/// # Errors
/// The first line that is none.
pub fn read(text: &str) -> Result<Vec<Recorded>, NotRecorded> {
    let mut recorded = Vec::new();
    let lines = (1..).zip(text.trim_start_matches('\u{feff}').lines());
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        let read: Line = serde_json::from_str(text).map_err(|error| NotRecorded {
            line,
            why: error.to_string(),
        })?;
        let reply = match read.reply {
            Value::Null => Then::NotRecorded,
            reply => serde_json::from_value(reply).map_or(Then::NotUnderstood, Then::Reply),
        };
        recorded.push(Recorded {
            id: read.id,
            received_at_ms: read.received_at_ms,
            document: read.source,
            reply,
        });
    }
    recorded.sort_by_key(|one| (one.received_at_ms, one.id));
    Ok(recorded)
}

/// How fast pushes follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// With the gaps of then, divided by this; whether earlier ones are answered does not matter.
    Times(f64),
    /// Each as soon as the one before is answered.
    InTurn,
}

/// What is done with recorded pushes.
#[derive(Debug, Clone)]
pub struct Replay {
    /// At which server, by which clock.
    pub platform: Platform,
    /// How fast.
    pub pace: Pace,
    /// With new message ids and times, for a server that has seen them before: it would take them for repeats. The times of
    /// one follower increase: two events within a second would be repeats of each other.
    pub is_renewed: bool,
    /// To the account with this original id; nothing: as it stands in each.
    pub to: Option<GhId>,
}

/// A push that was pushed again.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Its place, from 0, in the order in which they came.
    pub place: usize,
    /// Its number in the journal.
    pub id: Option<i64>,
    /// Until it was decided what the follower sees.
    pub took: Duration,
    /// How the reply compares.
    pub verdict: Verdict,
}

/// How a reply compares with the one of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same.
    Same,
    /// It is another; line by line.
    Different(Vec<String>),
    /// The follower would see the failure notice; why.
    Failed(String),
    /// The reply of then was not recorded; the one of now.
    New(String),
    /// The reply of then is not understood; the one of now.
    NotUnderstood(String),
}

/// What a replay came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// All of it.
    pub took: Duration,
    /// Whether it was ended early.
    pub was_stopped: bool,
    /// How many replies are the same.
    pub same: usize,
    /// How many have nothing to be compared with.
    pub new: usize,
    /// How many have something to be compared with that is not understood.
    pub not_understood: usize,
    /// How many are different.
    pub different: usize,
    /// How many failed, by cause.
    pub failed: BTreeMap<String, usize>,
    /// Those that are different or failed, the first thousand.
    pub differences: Vec<Replayed>,
}

impl Replay {
    /// Pushes all of them, in order, until `stop` is ready; tells `watch` of each when it is decided.
    pub async fn run(
        &self,
        recorded: &[Recorded],
        stop: impl Future<Output = ()>,
        mut watch: impl FnMut(&Replayed),
    ) -> Report {
        let began = Instant::now();
        let mut report = Report::default();
        let mut running = FuturesUnordered::new();
        let mut rest = (0..).zip(recorded).peekable();
        let mut times = HashMap::new();
        let max_running = match self.pace {
            Pace::InTurn => 1,
            Pace::Times(_) => MAX_RUNNING,
        };
        tokio::pin!(stop);
        loop {
            let due = rest.peek().map(|(_, one)| began + self.due(one, recorded));
            if due.is_none() && running.is_empty() {
                break;
            }
            let may_start = due.is_some() && running.len() < max_running;
            tokio::select! {
                () = &mut stop => {
                    report.was_stopped = true;
                    break;
                }
                Some(replayed) = running.next() => {
                    watch(&replayed);
                    report.count(replayed);
                }
                () = tokio::time::sleep_until(due.unwrap_or(began).into()), if may_start => {
                    if let Some((place, one)) = rest.next() {
                        let document = self.document(one, &mut times);
                        running.push(self.push(place, one, document));
                    }
                }
            }
        }
        report.took = began.elapsed();
        report.differences.sort_by_key(|one| one.place);
        report
    }

    /// When it is pushed, counted from the first.
    fn due(&self, one: &Recorded, all: &[Recorded]) -> Duration {
        let Pace::Times(times) = self.pace else {
            return Duration::ZERO;
        };
        let first = all.first().map_or(0, |first| first.received_at_ms);
        let gap_ms = u64::try_from(one.received_at_ms.saturating_sub(first)).unwrap_or_default();
        let gap = Duration::from_millis(gap_ms).as_secs_f64() / times;
        Duration::try_from_secs_f64(gap).unwrap_or(Duration::from_hours(24 * 366))
    }

    /// What is pushed in its place; `times` has the latest time of each follower.
    fn document(&self, one: &Recorded, times: &mut HashMap<OpenId, i64>) -> String {
        let mut changed = Vec::new();
        if let Some(to) = &self.to {
            changed.push(("ToUserName", Xml::text("ToUserName", to.as_str())));
        }
        if self.is_renewed {
            let (_, follower) = addressees(&one.document);
            let latest = times.entry(follower).or_insert(0);
            *latest = now().max(*latest + 1);
            let id = rand::random_range(20_000_000_000_000_000..30_000_000_000_000_000_u64);
            changed.push(("CreateTime", Xml::number("CreateTime", *latest)));
            changed.push(("MsgId", Xml::number("MsgId", id)));
        }
        with(&one.document, &changed)
    }

    async fn push(&self, place: usize, one: &Recorded, document: String) -> Replayed {
        let began = Instant::now();
        let outcome = self.platform.push(&Push::xml(document)).await;
        Replayed {
            place,
            id: one.id,
            took: began.elapsed(),
            verdict: compared(&one.reply, outcome.shown),
        }
    }
}

fn compared(then: &Then, shown: Shown) -> Verdict {
    let now = match shown {
        Shown::Failure(cause) => return Verdict::Failed(cause.to_string()),
        Shown::Nothing => Reply::Silence,
        Shown::Answer { reply, .. } => reply.reply,
    };
    match then {
        Then::Reply(then) if *then == now => Verdict::Same,
        Then::Reply(then) => Verdict::Different(difference(&words(then), &words(&now))),
        Then::NotRecorded => Verdict::New(words(&now)),
        Then::NotUnderstood => Verdict::NotUnderstood(words(&now)),
    }
}

/// A text as it is, anything else as JSON.
fn words(reply: &Reply) -> String {
    match reply {
        Reply::Text(content) => content.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// The document with these elements in place of those that have their names.
fn with(document: &str, changed: &[(&str, Xml)]) -> String {
    let mut written = String::with_capacity(document.len());
    let mut rest = document;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        written += before;
        let mut found = changed
            .iter()
            .filter_map(|(name, xml)| Some((xml, behind(tag, name)?)));
        if tag.starts_with("<![CDATA[") {
            // A follower may write anything.
            let end = tag.find("]]>").map_or(tag.len(), |end| end + 3);
            written += &tag[..end];
            rest = &tag[end..];
        } else if let Some((xml, after)) = found.next() {
            written += &xml.to_string();
            rest = after;
        } else {
            written += "<";
            rest = &tag[1..];
        }
    }
    written + rest
}

/// What follows the element that begins here, if that is its name and it has no children.
fn behind<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let inside = text.strip_prefix(&format!("<{name}>"))?;
    let (_, end) = inside.split_at(inside.find("</")?);
    end.strip_prefix(&format!("</{name}>"))
}

impl Report {
    fn count(&mut self, replayed: Replayed) {
        match &replayed.verdict {
            Verdict::Same => self.same += 1,
            Verdict::New(_) => self.new += 1,
            Verdict::NotUnderstood(_) => self.not_understood += 1,
            Verdict::Different(_) => self.different += 1,
            Verdict::Failed(cause) => {
                let is_known = self.failed.contains_key(cause) || self.failed.len() < 50;
                let cause = if is_known { cause } else { "其他 · other" };
                *self.failed.entry(cause.to_owned()).or_default() += 1;
            }
        }
        let is_kept = matches!(replayed.verdict, Verdict::Different(_) | Verdict::Failed(_));
        if is_kept && self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(replayed);
        }
    }

    /// How many failed.
    pub fn n_failed(&self) -> usize {
        self.failed.values().sum()
    }

    /// Whether a reply is different, or one failed.
    pub fn found_something(&self) -> bool {
        self.different > 0 || !self.failed.is_empty()
    }

    /// Whether what could be compared was: it was not stopped, every reply of then was understood, and there was one.
    pub fn is_complete(&self) -> bool {
        let n_compared = self.same + self.different;
        !self.was_stopped && self.not_understood == 0 && n_compared > 0
    }

    /// Whether all of it was compared, and is the same.
    pub fn passed(&self) -> bool {
        self.is_complete() && !self.found_something()
    }

    /// For machines; times in milliseconds.
    pub fn to_json(&self) -> Value {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let differences = self.differences.iter().map(|one| {
            let (difference, failure) = match &one.verdict {
                Verdict::Different(lines) => (Some(lines), None),
                Verdict::Failed(cause) => (None, Some(cause)),
                Verdict::Same | Verdict::New(_) | Verdict::NotUnderstood(_) => (None, None),
            };
            json!({
                "id": one.id,
                "number": one.place + 1,
                "took_ms": millis(one.took),
                "difference": difference,
                "failure": failure,
            })
        });
        json!({
            "passed": self.passed(),
            "took_ms": millis(self.took),
            "stopped": self.was_stopped,
            "same": self.same,
            "different": self.different,
            "new": self.new,
            "not_understood": self.not_understood,
            "failed": self.n_failed(),
            "causes": self.failed,
            "differences": differences.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, secs) = (self.place + 1, self.took.as_secs_f64());
        let (mark, lines) = match &self.verdict {
            Verdict::Same => ('✓', &[][..]),
            Verdict::New(_) | Verdict::NotUnderstood(_) => ('·', &[][..]),
            Verdict::Different(lines) => ('✗', lines.as_slice()),
            Verdict::Failed(cause) => ('✗', std::slice::from_ref(cause)),
        };
        write!(f, "{mark} {number:>5}  {secs:>6.2} s")?;
        if let Some(id) = self.id {
            write!(f, "  消息 · message {id}")?;
        }
        for line in lines {
            let clean: String = line.chars().filter(|c| !c.is_control()).collect();
            write!(f, "\n    {clean}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.was_stopped {
            writeln!(f, "提前结束 · stopped early")?;
        }
        write!(
            f,
            "相同 · same {}    不同 · different {}    失败 · failed {}    没有可比的 · nothing to compare {}    {:.1} s",
            self.same,
            self.different,
            self.n_failed(),
            self.new,
            self.took.as_secs_f64()
        )?;
        if self.not_understood > 0 {
            write!(
                f,
                "\n  有 {0} 个当时的回复看不懂，没有比较（流水来自更新的版本？） · {0} replies of then are not understood and were not compared; \
                 is the journal of a later version?",
                self.not_understood
            )?;
        }
        if self.same + self.different == 0 {
            write!(
                f,
                "\n  一个回复也没有比较 · no reply was compared with one of then"
            )?;
        }
        for (cause, n) in &self.failed {
            write!(f, "\n  ✗ {n}  {cause}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_element_takes_the_place_of_one_and_never_of_what_somebody_wrote() {
        let document = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><CreateTime>7</CreateTime>\
                        <Content><![CDATA[<MsgId>8</MsgId>]]></Content><MsgId>9</MsgId></xml>";
        let changed = [
            ("ToUserName", Xml::text("ToUserName", "gh_2")),
            ("MsgId", Xml::number("MsgId", 10)),
        ];
        assert_eq!(
            with(document, &changed),
            "<xml><ToUserName><![CDATA[gh_2]]></ToUserName><CreateTime>7</CreateTime>\
             <Content><![CDATA[<MsgId>8</MsgId>]]></Content><MsgId>10</MsgId></xml>"
        );
        assert_eq!(with("<MsgId>", &changed), "<MsgId>");
    }
}
