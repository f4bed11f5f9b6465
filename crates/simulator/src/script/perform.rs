//! Plays a script: does what a step says, and waits for what it expects.

use std::time::{Duration, Instant};

use echostr_protocol::{AppId, OpenId};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::expect::{Seen, mismatch, tap_of};
use super::report::{Report, StepReport, Verdict, explained};
use super::{Cast, Deed, Expect, NotPlayed, Script, Step, What, trial};
use crate::act::Action;
use crate::conversation::{Bubble, Entry, From};
use crate::course::Course;
use crate::exchange::{Pushed, What as Exchanged};
use crate::judge::Shown;
use crate::push::{Platform, Push, Xml};
use crate::shown::FAILURE;
use crate::simulator::{Change, Sent, Simulator};

/// What comes later than the last delivery is waited for so much longer.
const LATER: Duration = Duration::from_secs(5);

pub(super) async fn play(
    script: Script,
    mut watch: impl FnMut(&StepReport),
) -> Result<Report, NotPlayed> {
    let (simulator, serving) = simulator(&script).await?;
    let began = Instant::now();
    let mut stage = Stage::set(simulator, &script)?;
    let mut steps = Vec::new();
    for (n, step) in script.steps.iter().enumerate() {
        // A step that only expects more belongs to the one before.
        let is_last = (script.steps.get(n + 1)).is_none_or(|next| next.deed.is_some());
        let report = stage.step(step, is_last).await;
        watch(&report);
        steps.push(report);
    }
    let left = stage.left();
    if let Some(serving) = serving {
        serving.abort();
        // The next script may want the same address.
        let _ = serving.await;
    }
    Ok(Report {
        name: script.name,
        took: began.elapsed(),
        steps,
        left,
    })
}

/// A platform, which answers calls if the script wants it to.
async fn simulator(script: &Script) -> Result<(Simulator, Option<JoinHandle<()>>), NotPlayed> {
    let Some(address) = script.api else {
        return Ok((Simulator::new("http://127.0.0.1", script.clock), None));
    };
    let not_bound = |source| NotPlayed::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(not_bound)?;
    let bound = listener.local_addr().map_err(not_bound)?;
    let simulator = Simulator::new(&format!("http://{bound}"), script.clock);
    let serving = tokio::spawn(simulator.clone().serve(listener));
    Ok((simulator, Some(serving)))
}

/// Where a script is played.
struct Stage<'a> {
    simulator: Simulator,
    script: &'a Script,
    cast: Cast,
    /// For what is no message: handshakes and forgeries.
    platform: Platform,
    /// Up to which entry each follower's conversation was looked at.
    seen_to: Vec<u64>,
}

/// What a step has begun.
struct Running {
    began: Instant,
    began_at_ms: i64,
    /// Records with greater numbers belong to the step.
    after: u64,
    changes: broadcast::Receiver<Change>,
    deciding: Deciding,
}

/// Pushes whose outcome is open.
struct Deciding(Vec<JoinHandle<Shown>>);

impl Deciding {
    /// Waits until all are decided: the platform's clock sees to it that they are. It may be dropped and called again.
    async fn done(&mut self) {
        while let Some(handle) = self.0.last_mut() {
            // One that panicked has shown nothing.
            let _ = handle.await;
            self.0.pop();
        }
    }
}

impl<'a> Stage<'a> {
    fn set(simulator: Simulator, script: &'a Script) -> Result<Self, NotPlayed> {
        let platform = script.account.platform(script.clock)?;
        let app_id = simulator.add_account(script.account.clone())?;
        let mut followers = Vec::new();
        for (who, name) in script.followers.iter().enumerate() {
            let added = simulator.add_follower(&app_id, name);
            let open_id = added.expect("the account was just added");
            if !script.begins_by_following(who) {
                follow(&simulator, &app_id, &open_id);
            }
            followers.push(open_id);
        }
        Ok(Self {
            platform: platform.ok_or(NotPlayed::NoServer)?,
            seen_to: vec![0; followers.len()],
            cast: Cast { app_id, followers },
            simulator,
            script,
        })
    }

    /// `is_last`: nothing more is expected of what was done.
    async fn step(&mut self, step: &Step, is_last: bool) -> StepReport {
        let skipped = match &step.deed {
            Some(_) => self.skip(step.who),
            None => Vec::new(),
        };
        let (began_at_ms, after) = {
            let mut world = self.simulator.world();
            (world.now_ms(), world.next_id())
        };
        let mut running = Running {
            began: Instant::now(),
            began_at_ms,
            after,
            changes: self.simulator.changes(),
            deciding: Deciding(Vec::new()),
        };
        let mut seen = Vec::new();
        let done = self.perform(step).await;
        let verdict = match done {
            Err(why) => Verdict::Wrong(why),
            Ok(sent) => {
                running
                    .deciding
                    .0
                    .extend(sent.into_iter().map(|sent| sent.shown));
                self.meet_all(step, &mut running, &mut seen).await
            }
        };
        // The next step begins when this one has ended.
        running.deciding.done().await;
        let verdict = match verdict {
            Verdict::Right if is_last => self.without_failure(),
            other => other,
        };
        let explained = match verdict {
            Verdict::Right => Vec::new(),
            Verdict::Wrong(_) => {
                explained(&self.simulator.world(), &self.cast.app_id, running.after)
            }
        };
        StepReport {
            line: step.line,
            title: self.title(step),
            took: running.began.elapsed(),
            verdict,
            seen,
            skipped,
            explained,
        }
    }

    fn title(&self, step: &Step) -> String {
        let who = &self.script.followers[step.who];
        match (&step.deed, step.name.as_str()) {
            (None, "") => format!("{who} 看到 · sees"),
            (Some(deed), "") if deed.is_by_somebody() => format!("{who} {deed}"),
            (Some(deed), "") => deed.to_string(),
            (_, name) => name.to_owned(),
        }
    }

    async fn meet_all(
        &mut self,
        step: &Step,
        running: &mut Running,
        seen: &mut Vec<String>,
    ) -> Verdict {
        for expect in &step.expects {
            match self.meet(step.who, expect, running).await {
                Ok(Some(what)) => seen.push(what.to_string()),
                Ok(None) => {}
                Err(mut why) => {
                    why.insert(0, format!("应当 · expected  {expect}"));
                    return Verdict::Wrong(why);
                }
            }
        }
        Verdict::Right
    }

    /// Waits for what is expected; what was seen, or what was wrong.
    async fn meet(
        &mut self,
        who: usize,
        expect: &Expect,
        running: &mut Running,
    ) -> Result<Option<Seen>, Vec<String>> {
        if matches!(expect.what, What::Nothing) {
            return self.meet_nothing(who, expect, running).await;
        }
        let clock = self.script.clock;
        let last = clock.deadline * u32::try_from(clock.deliveries).unwrap_or(1);
        let until = running.began + expect.within.unwrap_or(last + LATER);
        let Some(entry) = self.next(who, running, until).await else {
            let waited = running.began.elapsed().as_secs_f64();
            return Err(vec![format!(
                "+ 什么也没看到 · nothing was seen    {waited:.1} s"
            )]);
        };
        self.seen_to[who] = entry.id;
        let seen = Seen::of(&entry.bubble);
        match &expect.what {
            What::Failure(cause) => self.meet_failure(&entry, cause)?,
            What::Message(_) if is_failure(&entry) => return Err(plus(&seen.to_string())),
            What::Message(traits) => {
                if let Some(lines) = mismatch(traits, &seen) {
                    return Err(lines);
                }
            }
            What::Nothing => {}
        }
        self.meet_time(&entry, expect, running)?;
        Ok(Some(seen))
    }

    async fn meet_nothing(
        &mut self,
        who: usize,
        expect: &Expect,
        running: &mut Running,
    ) -> Result<Option<Seen>, Vec<String>> {
        let until = if let Some(within) = expect.within {
            running.began + within
        } else {
            running.deciding.done().await;
            Instant::now() + LATER
        };
        match self.next(who, running, until).await {
            None => Ok(None),
            Some(entry) => {
                self.seen_to[who] = entry.id;
                Err(plus(&Seen::of(&entry.bubble).to_string()))
            }
        }
    }

    fn meet_failure(&self, entry: &Entry, expected: &str) -> Result<(), Vec<String>> {
        if !is_failure(entry) {
            return Err(plus(&Seen::of(&entry.bubble).to_string()));
        }
        let world = self.simulator.world();
        let record = entry.exchange.and_then(|id| world.log.record(id));
        let cause = match record.map(|record| &record.what) {
            Some(Exchanged::Push(pushed)) => match &pushed.shown {
                Some(Shown::Failure(cause)) => cause.to_string(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        if cause.to_lowercase().contains(&expected.to_lowercase()) {
            Ok(())
        } else {
            Err(vec![format!("- {expected}"), format!("+ {cause}")])
        }
    }

    fn meet_time(
        &self,
        entry: &Entry,
        expect: &Expect,
        running: &Running,
    ) -> Result<(), Vec<String>> {
        let after_ms = u64::try_from(entry.at_ms - running.began_at_ms).unwrap_or_default();
        let after = Duration::from_millis(after_ms);
        if expect.within.is_some_and(|within| after > within) {
            let secs = after.as_secs_f64();
            return Err(vec![format!(
                "+ {secs:.1} 秒之后才看到 · seen after {secs:.1} s"
            )]);
        }
        let Some(expected) = expect.on_delivery else {
            return Ok(());
        };
        let world = self.simulator.world();
        let course = world
            .account(self.cast.app_id.as_str())
            .map(crate::world::Account::course);
        let record = entry.exchange.and_then(|id| world.log.record(id));
        let found = match record.map(|record| &record.what) {
            Some(Exchanged::Push(pushed)) => answered_on(pushed, course.unwrap_or_default()),
            _ => None,
        };
        match found {
            Some(n) if n == expected => Ok(()),
            Some(n) => Err(vec![format!("+ 第 {n} 次投递 · on delivery {n}")]),
            None => Err(vec![
                "+ 不是推送的回复 · it is no reply to a delivery".into(),
            ]),
        }
    }

    /// What comes next into the conversation; nothing: it is time, or nothing can come any more.
    async fn next(&self, who: usize, running: &mut Running, until: Instant) -> Option<Entry> {
        loop {
            if let Some(entry) = self.unseen(who) {
                return Some(entry);
            }
            let is_decided = running.deciding.0.is_empty();
            if is_decided && self.script.api.is_none() {
                return None;
            }
            tokio::select! {
                () = running.deciding.done(), if !is_decided => {}
                // Who is behind looks at the conversation anyway.
                _ = running.changes.recv() => {}
                () = tokio::time::sleep_until(until.into()) => return self.unseen(who),
            }
        }
    }

    /// The first entry that was not looked at, but for what the follower did.
    fn unseen(&self, who: usize) -> Option<Entry> {
        self.all_unseen(who).into_iter().next()
    }

    fn all_unseen(&self, who: usize) -> Vec<Entry> {
        let world = self.simulator.world();
        let account = world.account(self.cast.app_id.as_str());
        let follower =
            account.and_then(|account| account.follower(self.cast.followers[who].as_str()));
        let entries = follower.map(|follower| follower.conversation.entries());
        let is_new = |entry: &&Entry| {
            let is_empty = matches!(&entry.bubble, Bubble::Line(line) if line.is_empty());
            entry.id > self.seen_to[who] && entry.from != From::Follower && !is_empty
        };
        let entries = entries.unwrap_or_default().iter().filter(is_new);
        entries.cloned().collect()
    }

    /// Whether nobody was shown the failure notice without its being expected.
    fn without_failure(&mut self) -> Verdict {
        let mut why = Vec::new();
        for (who, name) in self.script.followers.iter().enumerate() {
            if self.all_unseen(who).iter().any(is_failure) {
                why.push(format!("没有料到 · not expected  {name}"));
                why.extend(self.skip(who).iter().flat_map(|seen| plus(seen)));
            }
        }
        if why.is_empty() {
            Verdict::Right
        } else {
            Verdict::Wrong(why)
        }
    }

    /// What anybody saw, after the last step, that was not expected.
    fn left(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        for (who, name) in self.script.followers.iter().enumerate() {
            left.extend(self.skip(who).iter().map(|seen| format!("{name}：{seen}")));
        }
        left
    }

    /// What came since and was not expected: it is only mentioned.
    fn skip(&mut self, who: usize) -> Vec<String> {
        let unseen = self.all_unseen(who);
        if let Some(last) = unseen.last() {
            self.seen_to[who] = last.id;
        }
        let seen = unseen
            .iter()
            .map(|entry| Seen::of(&entry.bubble).to_string());
        seen.collect()
    }

    async fn perform(&mut self, step: &Step) -> Result<Vec<Sent>, Vec<String>> {
        let open_id = self.cast.followers[step.who].clone();
        let (simulator, app_id) = (&self.simulator, &self.cast.app_id);
        let push = |push: Push| {
            let sent = simulator.push(app_id, &push.by(open_id.clone()), true);
            Ok(Vec::from_iter(sent))
        };
        match &step.deed {
            None => Ok(Vec::new()),
            Some(Deed::Act(action)) => self.act(&open_id, action.clone()),
            Some(Deed::Taps(label)) => {
                let action = self.tap(&open_id, label)?;
                self.act(&open_id, action)
            }
            Some(Deed::Scans(scene)) => {
                let ticket = format!("g{:032x}", rand::random::<u128>());
                if follow(simulator, app_id, &open_id) {
                    push(Push::subscribe_by_scan(scene, &ticket))
                } else {
                    push(Push::scan(scene, &ticket))
                }
            }
            Some(Deed::Clicks(key)) => push(Push::click(key)),
            Some(Deed::Event(name, fields)) => {
                let fields = fields.iter().map(|(name, text)| Xml::text(name, text));
                push(Push::event(name, fields))
            }
            Some(Deed::Handshake) => trial::handshake(&self.platform).await,
            Some(Deed::Forge(forgery)) => trial::forge(&self.platform, &open_id, *forgery).await,
            Some(Deed::Advance(by)) => {
                simulator.advance(*by);
                Ok(Vec::new())
            }
            Some(Deed::Fault(rule)) => {
                let mut world = simulator.world();
                match rule {
                    Some(rule) => world.faults.0.push(rule.clone()),
                    None => world.faults.0.clear(),
                }
                Ok(Vec::new())
            }
            Some(Deed::Course(course)) => {
                let set = simulator.set_course(app_id, *course);
                set.map_err(|error| vec![error.to_string()])?;
                Ok(Vec::new())
            }
        }
    }

    fn act(&self, open_id: &OpenId, action: Action) -> Result<Vec<Sent>, Vec<String>> {
        let sent = self.simulator.act_all(&self.cast.app_id, open_id, action);
        sent.map_err(|error| vec![error.to_string()])
    }

    /// What a tap on this label sends.
    fn tap(&self, open_id: &OpenId, label: &str) -> Result<Action, Vec<String>> {
        let world = self.simulator.world();
        let follower = world
            .account(self.cast.app_id.as_str())
            .and_then(|account| account.follower(open_id.as_str()));
        let entries = follower.map(|follower| follower.conversation.entries());
        let sent = |entry: &&Entry| entry.from == From::Account;
        let entries: Vec<&Entry> = entries.unwrap_or_default().iter().filter(sent).collect();
        let found = entries
            .iter()
            .rev()
            .find_map(|entry| tap_of(&entry.bubble, label));
        let (content, id) = found.ok_or_else(|| {
            let links: Vec<_> = entries
                .iter()
                .rev()
                .flat_map(|entry| Seen::of(&entry.bubble).links)
                .take(20)
                .collect();
            vec![format!(
                "没有能点的「{label}」，看到的链接 · nothing to tap has the label `{label}`; links that were seen: {}",
                links.join("、")
            )]
        })?;
        Ok(Action::Tap { content, id })
    }
}

impl Script {
    /// Whether the first thing that this follower does is to follow the account: until then they do not.
    fn begins_by_following(&self, who: usize) -> bool {
        let mut deeds = self.steps.iter().filter(|step| step.who == who);
        let first = deeds.find_map(|step| step.deed.as_ref().filter(|deed| deed.is_by_somebody()));
        matches!(first, Some(Deed::Act(Action::Follow) | Deed::Scans(_)))
    }
}

impl Deed {
    fn is_by_somebody(&self) -> bool {
        matches!(
            self,
            Self::Act(_) | Self::Taps(_) | Self::Scans(_) | Self::Clicks(_) | Self::Event(..)
        )
    }
}

fn is_failure(entry: &Entry) -> bool {
    matches!(&entry.bubble, Bubble::Line(line) if entry.from == From::Client && line == FAILURE)
}

/// What was found, line by line.
fn plus(seen: &str) -> Vec<String> {
    seen.lines().map(|line| format!("+ {line}")).collect()
}

/// Lets somebody follow without telling the server; whether they did not before.
fn follow(simulator: &Simulator, app_id: &AppId, open_id: &OpenId) -> bool {
    let mut world = simulator.world();
    let now = world.now_ms() / 1000;
    let follower = world
        .account_mut(app_id.as_str())
        .and_then(|account| account.follower_mut(open_id.as_str()));
    let Some(follower) = follower else {
        return false;
    };
    let is_new = follower.subscribed_at.is_none();
    follower.subscribed_at.get_or_insert(now);
    is_new
}

/// The delivery, from 1, whose answer was shown.
fn answered_on(pushed: &Pushed, course: Course) -> Option<usize> {
    let mut ended: Vec<_> = (1..).zip(&pushed.deliveries).collect();
    ended.sort_by_key(|(_, delivery)| delivery.began_ms + delivery.took_ms.unwrap_or(u64::MAX / 2));
    let lost = match course {
        Course::FirstLost(_) => Some(1),
        Course::ResponseLost => ended
            .iter()
            .find(|(_, delivery)| matches!(delivery.answer, Some(Ok(_))))
            .map(|(n, _)| *n),
        _ => None,
    };
    let usable = ended.into_iter().find(|(n, delivery)| {
        let is_usable = matches!(delivery.shown, Some(Shown::Answer { .. } | Shown::Nothing));
        is_usable && lost != Some(*n)
    });
    usable.map(|(n, _)| n)
}
