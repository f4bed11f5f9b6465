//! A push on its way: what is written down meanwhile, and what is seen in the end.

use std::time::Instant;

use echostr_protocol::{AppId, OpenId, Reply};

use super::{Change, Simulator};
use crate::course::Course;
use crate::exchange::{What, kept};
use crate::judge::Shown;
use crate::push::{Envelope, Moment, Platform};
use crate::shown::{self, Answers};

/// A push whose end is open.
pub(super) struct Pending {
    pub(super) simulator: Simulator,
    pub(super) app_id: AppId,
    pub(super) follower: OpenId,
    pub(super) record: u64,
    pub(super) answers: Answers,
    pub(super) is_shown: bool,
}

impl Pending {
    /// Until its last delivery has ended.
    pub(super) async fn deliver(self, platform: Platform, envelope: Envelope) -> Shown {
        let began = Instant::now();
        // Only then may an answer come while other deliveries run.
        let overlaps = matches!(platform.course, Course::Overlapping(_));
        let mut is_decided = false;
        let outcome = platform
            .post_watched(&envelope, |moment| {
                let judge = |answer: &_| platform.judged(&envelope, answer);
                self.simulator.note(self.record, began, moment, judge);
                let Moment::Ended { exchange, .. } = moment else {
                    return;
                };
                if overlaps && !is_decided {
                    let shown = judge(&exchange.answer);
                    is_decided = !matches!(shown, Shown::Failure(_));
                    if is_decided {
                        self.decide(shown);
                    }
                }
            })
            .await;
        if !is_decided {
            self.decide(outcome.shown.clone());
        }
        outcome.shown
    }

    /// It is known what the follower sees.
    fn decide(&self, shown: Shown) {
        let Self {
            simulator,
            app_id,
            follower,
            record,
            answers,
            is_shown,
        } = self;
        let shown = kept(shown);
        let mut world = simulator.world();
        let known = world.log.record_mut(*record);
        if let Some(What::Push(pushed)) = known.map(|record| &mut record.what) {
            pushed.shown = Some(shown.clone());
        }
        drop(world);
        simulator.changed(Change::Record(*record));
        // An event hands nobody over.
        if *answers == Answers::Message
            && let Shown::Answer { reply, .. } = &shown
            && let Reply::TransferCustomerService(desk) = &reply.reply
        {
            simulator.hand_over(app_id, follower, desk.as_deref());
        }
        if *is_shown {
            let bubbles = shown::bubbles(&simulator.world(), app_id, *answers, &shown);
            for (from, bubble) in bubbles {
                simulator.show(app_id, follower, from, bubble, Some(*record));
            }
        }
    }
}
