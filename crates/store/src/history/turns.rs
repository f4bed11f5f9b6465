//! What language models were asked, newest first, and what they have cost.

use echostr::journal::{Id, ModelUse, TurnOutcome};
use echostr_protocol::OpenId;
use serde::{Serialize, Serializer};
use sqlx::AssertSqlSafe;

use super::{AnswerEntry, History, Page, failed, list, within};
use crate::Error;
use crate::db::{reading, row};
use crate::journal::turns::{MAX_CHAIN, Used, outcome, used};
use crate::value::{id, signed, unsigned};

/// How many whole turns are read at once, and how large a page may become.
const AT_ONCE: usize = 20;
const MAX_PAGE_BYTES: usize = 4 << 20;

/// How many sums are told at the most: those of the latest days.
const MAX_USAGE: i64 = 100_000;

/// Which turns; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct TurnFilter {
    /// Of this account, by its public id.
    pub account: Option<String>,
    /// Of this follower.
    pub follower: Option<OpenId>,
    /// Of which this came.
    pub outcome: Option<TurnOutcome>,
    /// For which this model was called, by its name in the settings.
    pub model: Option<String>,
    /// Older than this one, by its number.
    pub before: Option<i64>,
    /// At most so many, from 1 to [`MAX_LIMIT`](super::MAX_LIMIT).
    pub limit: u32,
}

/// A question to a language model, and what came of it. As JSON it is one flat object.
#[derive(Debug, Clone, Serialize)]
pub struct TurnEntry {
    /// Its number in the journal.
    pub number: i64,
    /// Its id; as JSON 32 hexadecimal digits.
    #[serde(serialize_with = "hexadecimal")]
    pub id: Id,
    /// The account's public id.
    pub account: String,
    /// Who asked.
    pub follower: OpenId,
    /// The number of the message that asked, if that is here.
    pub message: Option<i64>,
    /// What the model was asked, without pictures; empty when nothing was.
    pub question: String,
    /// What it wrote, as far as it was shown.
    pub answer: String,
    /// What came of it; as JSON its [word](TurnOutcome::word).
    #[serde(serialize_with = "word")]
    pub outcome: TurnOutcome,
    /// What each model has used.
    #[serde(serialize_with = "each_used")]
    pub used: Vec<ModelUse>,
    /// When it was asked, Unix milliseconds.
    pub at_ms: i64,
    /// On which day in the account's time zone, in days since 1970-01-01.
    pub day: i32,
    /// 👍 or 👎.
    pub is_good: Option<bool>,
}

/// What a model has cost an account on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageEntry {
    /// The account's public id.
    pub account: String,
    /// In days since 1970-01-01, in the account's time zone.
    pub day: i32,
    /// Its name in the settings; empty for turns that no model was called for.
    pub model: String,
    /// Turns for which it was asked last.
    pub turns: u64,
    /// Calls to it.
    pub calls: u64,
    /// Tokens of input.
    pub tokens_in: u64,
    /// Tokens of output.
    pub tokens_out: u64,
    /// In how many turns the tokens are a guess.
    pub guessed: u64,
    /// Millionths of the currency of the settings.
    pub cost_micros: i64,
    /// Answers that followers found good.
    pub good: u64,
    /// Answers that followers found bad.
    pub bad: u64,
}

/// What is looked at of each turn; the texts are read of those that are shown.
macro_rules! turns {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.outcome, t.used FROM turns t WHERE t.id < $1 ",
            $rest
        )
    };
}

pub(super) const TURNS_IN_ORDER: &str = turns!("ORDER BY t.id DESC LIMIT $2");

pub(super) const TURNS_OF_ACCOUNT: &str =
    turns!("AND t.account_id = $3 ORDER BY t.id DESC LIMIT $2");

/// From the one after `$1` in the chain on, or from its beginning when `$1` is none of it.
pub(super) const TURNS_OF_FOLLOWER: &str = "WITH RECURSIVE chain (id, n_found, place) AS (
        SELECT coalesce((SELECT previous_id FROM turns WHERE id = $1 AND follower_id = $3),
                        (SELECT turn_id FROM latest_turns WHERE follower_id = $3)),
               CAST(0 AS BIGINT), CAST(1 AS BIGINT)
        UNION ALL
        SELECT t.previous_id, chain.n_found + CASE WHEN t.id < $1 THEN 1 ELSE 0 END, chain.place + 1
        FROM chain JOIN turns t ON t.id = chain.id
        WHERE t.previous_id IS NOT NULL AND chain.n_found < $2 AND chain.place < $4
    )
    SELECT t.id, t.outcome, t.used FROM chain JOIN turns t ON t.id = chain.id
    WHERE t.id < $1 ORDER BY chain.place LIMIT $2";

/// The `+ 0` keeps a database that knows nothing of its tables yet from the index of all messages of an account.
pub(super) const TURNS: &str = "SELECT t.id, t.turn, a.public_id, f.open_id,
        (SELECT m.id FROM messages m WHERE m.created_at = t.created_at AND m.key = t.key AND m.account_id + 0 = t.account_id)
            AS message,
        t.outcome, t.used, t.at_ms, t.day, t.is_good, t.question, t.answer
    FROM turns t JOIN accounts a ON a.id = t.account_id JOIN followers f ON f.id = t.follower_id";

macro_rules! usage {
    ($of_account:literal) => {
        concat!(
            "SELECT a.public_id, u.day, u.model, u.turns, u.calls, u.tokens_in, u.tokens_out, u.guessed, u.cost_micros, u.good, u.bad
             FROM model_usage u JOIN accounts a ON a.id = u.account_id
             WHERE u.day >= $1 AND u.day <= $2 ",
            $of_account,
            " ORDER BY u.day DESC, a.public_id DESC, u.model DESC LIMIT $3"
        )
    };
}

const USAGE: &str = usage!("");
pub(super) const USAGE_OF_ACCOUNT: &str = usage!("AND u.account_id = $4");

row! {
    struct TurnRow {
        id: i64,
        turn: Vec<u8>,
        public_id: String,
        open_id: String,
        message: Option<i64>,
        outcome: String,
        used: String,
        at_ms: i64,
        day: i64,
        is_good: Option<i64>,
        question: String,
        answer: String,
    }
}

row! {
    struct UsageRow {
        public_id: String,
        day: i64,
        model: String,
        turns: i64,
        calls: i64,
        tokens_in: i64,
        tokens_out: i64,
        guessed: i64,
        cost_micros: i64,
        good: i64,
        bad: i64,
    }
}

/// Number, outcome, and what each model has used.
type Looked = (i64, String, String);

impl History {
    /// What language models were asked, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn turns(&self, filter: &TurnFilter) -> Result<Page<TurnEntry>, Error> {
        let Some(account) = self.account_of(filter.account.as_deref()).await? else {
            return Ok(Page::empty());
        };
        let followers = match &filter.follower {
            None => None,
            Some(open_id) => Some(self.followers_of(account, open_id).await?),
        };
        let limit = within(filter.limit);
        let mut shown = Vec::new();
        let mut looked = filter.before.unwrap_or(i64::MAX);
        let (mut want, mut left) = (limit + 1, self.bounds.look);
        let mut next = None;
        'look: while left > 0 {
            want = want.min(left);
            let rows = match &followers {
                Some(followers) => self.turns_of_followers(followers, looked, want).await?,
                None => self.turns_in_order(account, looked, want).await?,
            };
            let is_end = rows.len() < want;
            left -= rows.len();
            for row in rows {
                if filter.passes(&row) {
                    if shown.len() == limit {
                        next = Some(looked);
                        break 'look;
                    }
                    shown.push(row.0);
                }
                looked = row.0;
            }
            if is_end {
                next = None;
                break;
            }
            next = Some(looked);
            want = (want * 3).min(1500);
        }
        self.whole_turns(&shown, next).await
    }

    async fn turns_in_order(
        &self,
        account: Option<i64>,
        before: i64,
        count: usize,
    ) -> Result<Vec<Looked>, Error> {
        let count = signed(count as u64);
        let rows = reading!(&self.db, pool => match account {
            Some(account) => {
                let query = sqlx::query_as(TURNS_OF_ACCOUNT).bind(before).bind(count);
                query.bind(account).fetch_all(pool).await
            }
            None => sqlx::query_as(TURNS_IN_ORDER).bind(before).bind(count).fetch_all(pool).await,
        });
        rows.map_err(|source| failed("read what models were asked", source))
    }

    /// Of several who have the same OpenID in different accounts.
    async fn turns_of_followers(
        &self,
        followers: &[i64],
        before: i64,
        count: usize,
    ) -> Result<Vec<Looked>, Error> {
        let mut all: Vec<Looked> = Vec::new();
        for follower in followers {
            let rows: Vec<Looked> = reading!(&self.db, pool => {
                let query = sqlx::query_as(TURNS_OF_FOLLOWER).bind(before).bind(signed(count as u64));
                query.bind(follower).bind(MAX_CHAIN).fetch_all(pool).await
            })
            .map_err(|source| failed("read what models were asked by a follower", source))?;
            all.extend(rows);
        }
        all.sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
        all.truncate(count);
        Ok(all)
    }

    /// Whole turns by their numbers, until the page is large enough.
    async fn whole_turns(
        &self,
        numbers: &[i64],
        next: Option<i64>,
    ) -> Result<Page<TurnEntry>, Error> {
        let mut items = Vec::with_capacity(numbers.len());
        let mut bytes = 0;
        for some in numbers.chunks(AT_ONCE) {
            if bytes >= MAX_PAGE_BYTES {
                let next = items.last().map(|entry: &TurnEntry| entry.number);
                return Ok(Page { items, next });
            }
            let sql = format!("{TURNS} WHERE t.id IN ({}) ORDER BY t.id DESC", list(some));
            let rows: Vec<TurnRow> = reading!(&self.db, pool => {
                sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_all(pool).await
            })
            .map_err(|source| failed("read what models were asked", source))?;
            for row in rows {
                bytes += row.question.len() + row.answer.len();
                items.push(turn_entry(row));
            }
        }
        Ok(Page { items, next })
    }

    /// What models have cost on these days, both included: of one account, or of all. By day, account and model; of very many
    /// the latest 100 000.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn usage(
        &self,
        account: Option<&str>,
        from_day: i32,
        to_day: i32,
    ) -> Result<Vec<UsageEntry>, Error> {
        let Some(account) = self.account_of(account).await? else {
            return Ok(Vec::new());
        };
        let (from_day, to_day) = (i64::from(from_day), i64::from(to_day));
        let rows: Result<Vec<UsageRow>, _> = reading!(&self.db, pool => if let Some(account) = account {
            let query = sqlx::query_as(USAGE_OF_ACCOUNT).bind(from_day).bind(to_day);
            query.bind(MAX_USAGE).bind(account).fetch_all(pool).await
        } else {
            let query = sqlx::query_as(USAGE).bind(from_day).bind(to_day);
            query.bind(MAX_USAGE).fetch_all(pool).await
        });
        let rows = rows.map_err(|source| failed("read what models have cost", source))?;
        Ok(rows.into_iter().rev().map(usage_entry).collect())
    }
}

impl TurnFilter {
    fn passes(&self, (_, word, json): &Looked) -> bool {
        let is_called = |model: &String| used(json).iter().any(|used| *used.model == **model);
        self.outcome.is_none_or(|outcome| outcome.word() == word)
            && self.model.as_ref().is_none_or(is_called)
    }
}

fn turn_entry(row: TurnRow) -> TurnEntry {
    TurnEntry {
        number: row.id,
        id: id(&row.turn),
        account: row.public_id,
        follower: row.open_id.into(),
        message: row.message,
        question: row.question,
        answer: row.answer,
        outcome: outcome(&row.outcome),
        used: used(&row.used),
        at_ms: row.at_ms,
        day: day(row.day),
        is_good: row.is_good.map(|is_good| is_good != 0),
    }
}

fn usage_entry(row: UsageRow) -> UsageEntry {
    UsageEntry {
        account: row.public_id,
        day: day(row.day),
        model: row.model,
        turns: unsigned(row.turns),
        calls: unsigned(row.calls),
        tokens_in: unsigned(row.tokens_in),
        tokens_out: unsigned(row.tokens_out),
        guessed: unsigned(row.guessed),
        cost_micros: row.cost_micros,
        good: unsigned(row.good),
        bad: unsigned(row.bad),
    }
}

fn day(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

fn hexadecimal<S: Serializer>(id: &Id, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&AnswerEntry::id_text(*id))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn word<S: Serializer>(outcome: &TurnOutcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.word())
}

fn each_used<S: Serializer>(each: &[ModelUse], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(each.iter().map(Used::of))
}
