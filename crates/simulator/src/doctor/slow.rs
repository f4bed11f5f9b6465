//! A text whose answer is held back: does what stands between leave the connection open as long as the platform does?

use std::time::Duration;

use super::fault::{Fault, Seconds};
use super::report::{Note, StepKind, Verdict};
use super::{Step, Visit};
use crate::judge::{Cause, Shown};
use crate::push::{Envelope, Outcome, Push};
use crate::transport::{Exchange, Transport};

/// The follower who writes it; nobody has this OpenID.
pub const SLOW_FOLLOWER: &str = "oEchostr-doctor-000000000000";
/// What the doctor writes as a follower to be answered late. Echostr knows it, other servers take it for any text.
pub const SLOW_TEXT: &str = "回音体检：请等 8 秒 · Echostr doctor: wait 8 s";
/// What Echostr answers.
pub const SLOW_ANSWER: &str = "回音体检：等了 8 秒 · Echostr doctor: waited 8 s";
/// How long Echostr waits before it answers: the second delivery of the platform gets it.
pub const SLOW: Duration = Duration::from_secs(8);

impl Visit<'_> {
    /// `before` is what the follower saw of an ordinary text.
    pub(super) async fn slow_answer(&mut self, before: &Shown, is_verified: bool) {
        let envelope = self
            .platform
            .envelope(&Push::text(SLOW_TEXT).by(SLOW_FOLLOWER));
        let first = self.platform.deliver(&envelope).await;
        let shown = self.platform.shown(&envelope, &first);
        let is_answering = matches!(before, Shown::Answer { .. });
        let deadline = self.platform.clock.deadline;
        // What is refused at once was not held.
        let was_held = first.took >= deadline / 10;
        let after = Seconds(first.took);
        let is_empty = || first.answer.as_ref().is_ok_and(|a| a.body.is_empty());
        match &shown {
            Shown::Failure(Cause::Transport(Transport::TimedOut)) => {
                self.later(&envelope, &first, is_answering, is_verified)
                    .await;
            }
            Shown::Failure(cause) => {
                let cut = was_held.then(|| of_cut(cause, after)).flatten();
                let faults =
                    cut.map_or_else(|| self.of_push(cause, is_verified), |fault| vec![fault]);
                let got = self.got_shown(&shown, &first);
                self.step(StepKind::SlowAnswer, &first, got, faults);
            }
            Shown::Nothing if was_held && is_answering && is_empty() => {
                let got = self.got(&first.answer);
                let faults = vec![Fault::HeldEmptied { after }];
                self.step(StepKind::SlowAnswer, &first, got, faults);
            }
            Shown::Answer { .. } | Shown::Nothing => {
                let is_late = first.took >= deadline / 2;
                self.notes.push(if is_late {
                    Note::AnswersBefore
                } else {
                    Note::AnswersAtOnce
                });
                let got = self.got_shown(&shown, &first);
                self.steps.push(Step {
                    kind: StepKind::SlowAnswer,
                    verdict: Verdict::Skipped,
                    took: Some(first.took),
                    got,
                });
            }
        }
    }

    /// The first delivery was held until the doctor closed it: a later one has to get the answer.
    async fn later(
        &mut self,
        envelope: &Envelope,
        first: &Exchange,
        is_answering: bool,
        is_verified: bool,
    ) {
        let mut platform = self.platform.clone();
        platform.clock.deliveries = platform.clock.deliveries.saturating_sub(1).max(1);
        let outcome = platform.post(envelope).await;
        let faults = match &outcome.shown {
            Shown::Answer { .. } => self.again(envelope, &outcome).await,
            Shown::Nothing if !is_answering => vec![],
            Shown::Nothing | Shown::Failure(Cause::Transport(Transport::TimedOut)) => {
                vec![Fault::HeldAnswerLost]
            }
            Shown::Failure(cause) => self.of_push(cause, is_verified),
        };
        let Some(last) = outcome.deliveries.last() else {
            return;
        };
        let (held, n) = (Seconds(first.took), outcome.deliveries.len() + 1);
        let got = format!(
            "{}（第 1 次保持了 {held} 秒，这是第 {n} 次投递 · the first was held for {held} s, this is delivery {n}）",
            self.got_shown(&outcome.shown, last)
        );
        self.step(StepKind::SlowAnswer, last, got, faults);
    }

    /// What was answered may have been lost on the way: a further delivery gets the same.
    async fn again(&self, envelope: &Envelope, before: &Outcome) -> Vec<Fault> {
        let exchange = self.platform.deliver(envelope).await;
        match (&before.shown, self.platform.shown(envelope, &exchange)) {
            (Shown::Answer { reply: a, .. }, Shown::Answer { reply: b, .. })
                if a.reply == b.reply =>
            {
                vec![]
            }
            _ => vec![Fault::RepeatDiffers],
        }
    }
}

/// Whether it looks like something in between that waits no longer.
fn of_cut(cause: &Cause, after: Seconds) -> Option<Fault> {
    match cause {
        Cause::Transport(Transport::Closed) => Some(Fault::HeldClosed { after }),
        &Cause::Status(status @ (408 | 499 | 502..=504 | 520..=527 | 598 | 599)) => {
            Some(Fault::HeldCut { status, after })
        }
        _ => None,
    }
}
