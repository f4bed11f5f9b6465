//! [`Asking`]: a question while it is asked; the journal gets it whatever ends it.

use std::sync::Arc;

use serde_json::Number;

use super::ModelSettings;
use super::budget::Place;
use super::wire::{Guess, Heard, Usage};
use crate::Journal;
use crate::handler::Context;
use crate::journal::{Commit, Id, ModelUse, PushId, Record, Turn, TurnOutcome};

/// A question to a model. It is written into the journal when this is dropped: at its end, or because its job is cut off.
pub(super) struct Asking {
    // Nothing in open access.
    journal: Option<Arc<dyn Journal>>,
    turn: Turn,
    place: Option<Place>,
    is_written: bool,
    meter: Meter,
}

impl Asking {
    /// Until something else is said, it fails.
    pub(super) fn new(context: &Context) -> Self {
        let at_ms = context.clock.unix_ms();
        let turn = Turn {
            id: rand::random(),
            follower: context.message.from_user().clone(),
            push: PushId::of(&context.account.id, &context.message),
            question: String::new(),
            answer: String::new(),
            outcome: TurnOutcome::Failed,
            used: Vec::new(),
            at_ms,
            day: context.account.zone.at(at_ms).day,
            is_good: None,
        };
        Self {
            journal: context.journal.clone(),
            turn,
            place: None,
            is_written: false,
            meter: Meter::default(),
        }
    }

    /// Its id, if the journal will know it.
    pub(super) fn id(&self) -> Option<Id> {
        self.journal.as_ref().map(|_| self.turn.id)
    }

    /// A model is asked this, within the budget.
    pub(super) fn ask(&mut self, question: String, place: Place) {
        self.turn.question = question;
        self.place = Some(place);
    }

    /// The follower is shown this.
    pub(super) fn show(&mut self, piece: &str) {
        self.turn.answer.push_str(piece);
        self.turn.outcome = TurnOutcome::Broken;
    }

    /// Whether the follower was shown anything.
    pub(super) fn has_shown(&self) -> bool {
        !self.turn.answer.is_empty()
    }

    /// What has come of it.
    pub(super) fn comes_to(&mut self, outcome: TurnOutcome) {
        self.turn.outcome = outcome;
    }

    /// A call of this model begins, with so many tokens.
    pub(super) fn call(&mut self, model: &ModelSettings, tokens_in: u64) {
        self.meter.begin(model, tokens_in);
        self.count();
    }

    /// The endpoint has begun to work: what it was sent counts, whatever comes.
    pub(super) fn is_charged(&mut self) {
        if let Some(current) = &mut self.meter.current {
            current.is_charged = true;
        }
        self.count();
    }

    /// More has come.
    pub(super) fn hear(&mut self, heard: &Heard) {
        self.meter.hear(heard);
        self.count();
    }

    /// Tells the budget.
    fn count(&self) {
        if let Some(place) = &self.place {
            place.uses(self.meter.tokens());
        }
    }

    /// Writes it now; ready when it is durable. Nothing where nothing is kept.
    pub(super) fn write(mut self) -> Commit {
        self.written()
    }

    fn written(&mut self) -> Commit {
        let place = self.place.take();
        let Some(journal) = self.journal.as_ref().filter(|_| !self.is_written) else {
            return Commit::done();
        };
        self.is_written = true;
        let turn = Turn {
            used: std::mem::take(&mut self.meter).finish(),
            ..self.turn.clone()
        };
        let write = || journal.write(vec![Record::Turn(turn)]);
        match place {
            Some(place) => place.leave(write),
            None => write(),
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.written();
    }
}

/// What the models use.
#[derive(Default)]
struct Meter {
    used: Vec<Metered>,
    current: Option<Current>,
}

struct Metered {
    used: ModelUse,
    // Per million tokens of input and output.
    prices: [f64; 2],
}

/// A call that runs.
struct Current {
    // In `used`.
    place: usize,
    tokens_in: u64,
    out: Guess,
    usage: Option<Usage>,
    is_charged: bool,
}

impl Meter {
    fn begin(&mut self, model: &ModelSettings, tokens_in: u64) {
        self.settle();
        let price = |price: &Option<Number>| price.as_ref().and_then(Number::as_f64);
        let prices = [&model.price_in, &model.price_out].map(|it| price(it).unwrap_or_default());
        // A model of the same name may cost more elsewhere.
        let place = self.used.iter().position(|it| {
            *it.used.model == *model.name()
                && it.prices.map(f64::to_bits) == prices.map(f64::to_bits)
        });
        let place = place.unwrap_or_else(|| {
            self.used.push(Metered {
                used: ModelUse {
                    model: model.name().into(),
                    calls: 0,
                    tokens_in: 0,
                    tokens_out: 0,
                    is_guessed: false,
                    cost_micros: 0,
                },
                prices,
            });
            self.used.len() - 1
        });
        self.used[place].used.calls += 1;
        self.current = Some(Current {
            place,
            tokens_in,
            out: Guess::default(),
            usage: None,
            is_charged: false,
        });
    }

    fn hear(&mut self, heard: &Heard) {
        if let Some(current) = &mut self.current {
            for text in heard.texts() {
                current.out.add(text);
            }
            current.usage = heard.usage.or(current.usage);
        }
    }

    /// The call has ended.
    fn settle(&mut self) {
        let Some(current) = self.current.take().filter(|current| current.is_charged) else {
            return;
        };
        let used = &mut self.used[current.place].used;
        let [tokens_in, tokens_out] = current.tokens();
        used.tokens_in = used.tokens_in.saturating_add(tokens_in);
        used.tokens_out = used.tokens_out.saturating_add(tokens_out);
        used.is_guessed |= current.usage.is_none();
    }

    /// So far, all in all.
    fn tokens(&self) -> u64 {
        let settled = self
            .used
            .iter()
            .map(|it| [it.used.tokens_in, it.used.tokens_out]);
        let current = self.current.iter().map(Current::tokens);
        let all = settled.chain(current).flatten();
        all.fold(0, u64::saturating_add)
    }

    fn finish(mut self) -> Vec<ModelUse> {
        self.settle();
        self.used.into_iter().map(Metered::priced).collect()
    }
}

impl Current {
    /// Of input and output: as the endpoint says, else a guess.
    fn tokens(&self) -> [u64; 2] {
        match self.usage {
            Some(usage) => [usage.tokens_in, usage.tokens_out],
            None => [self.tokens_in, self.out.tokens()],
        }
    }
}

impl Metered {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a token more or less of 2^53 is no money; a float that is too large becomes the largest number"
    )]
    fn priced(self) -> ModelUse {
        let ModelUse {
            tokens_in,
            tokens_out,
            ..
        } = self.used;
        let [price_in, price_out] = self.prices;
        // A price per million tokens is one in millionths per token.
        let cost = tokens_in as f64 * price_in + tokens_out as f64 * price_out;
        ModelUse {
            cost_micros: cost.round() as i64,
            ..self.used
        }
    }
}
