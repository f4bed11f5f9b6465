//! The records that come for every message, in bulk: one statement for all of a kind.

use std::collections::{HashMap, HashSet};

use echostr::journal::{Delivery, PushId, Received, Replied};
use echostr_protocol::{MsgId, OpenId, Reply};
use sqlx::Row as _;

use super::apply::{Instead, Result, Texts, Transaction, query, scalar};
use super::followers::follower;
use crate::db::without_nul;
use crate::journal::known::{Follower, Latest, is_question, not_0};
use crate::value::{json, signed};

/// Records that were noted and not written yet. Each push is received or replied to only once among them, so that their order
/// does not matter; deliveries come after both.
#[derive(Default)]
pub(super) struct Hot<'a> {
    pushes: HashSet<(i64, &'a str, &'a str)>,
    received: Vec<(Place, &'a Received)>,
    replied: Vec<(Place, &'a PushId, &'a Replied)>,
    deliveries: Vec<(&'a PushId, &'a Delivery)>,
    /// What is shown instead of the reply, when there is only one.
    pub(super) shown: Option<Reply>,
}

/// The place of a record in its batch, and that of its call.
type Place = (usize, usize);

/// A push that is to be inserted.
struct Row<'a> {
    place: Place,
    received: &'a Received,
    account: i64,
    // Nobody for pushes without a sender.
    follower: Option<i64>,
    id: i64,
    previous: i64,
}

impl<'a> Row<'a> {
    fn replied(&self) -> Option<&'a Replied> {
        self.received.replied.as_ref()
    }
}

impl<'a> Hot<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.received.is_empty() && self.replied.is_empty() && self.deliveries.is_empty()
    }

    /// Whether nothing else about this push is noted, but for deliveries.
    pub(super) fn is_new(&self, push: &PushId) -> bool {
        let key = (push.created_at, push.key.as_str(), push.account.as_str());
        !self.pushes.contains(&key)
    }

    pub(super) fn received(&mut self, place: usize, call: usize, received: &'a Received) {
        self.note(&received.push);
        self.received.push(((place, call), received));
    }

    pub(super) fn replied(
        &mut self,
        place: usize,
        call: usize,
        push: &'a PushId,
        replied: &'a Replied,
    ) {
        self.note(push);
        self.replied.push(((place, call), push, replied));
    }

    pub(super) fn delivery(&mut self, push: &'a PushId, delivery: &'a Delivery) {
        self.deliveries.push((push, delivery));
    }

    fn note(&mut self, push: &'a PushId) {
        let key = (push.created_at, push.key.as_str(), push.account.as_str());
        self.pushes.insert(key);
    }

    pub(super) async fn write(self, transaction: &mut Transaction<'a>) -> Result<()> {
        if !self.received.is_empty() {
            write_received(transaction, &self.received, self.shown.as_ref()).await?;
        }
        if !self.replied.is_empty() {
            write_replied(transaction, &self.replied).await?;
        }
        if !self.deliveries.is_empty() {
            write_deliveries(transaction, &self.deliveries).await?;
        }
        Ok(())
    }
}

async fn write_received<'a>(
    transaction: &mut Transaction<'a>,
    received: &[(Place, &'a Received)],
    shown: Option<&Reply>,
) -> Result<()> {
    let mut people = People::default();
    let mut rows = accounts(transaction, received).await?;
    people.look_up(transaction, &mut rows).await?;
    people.chain(transaction, &mut rows);
    let is_inserted = insert(transaction, &rows, shown).await?;
    for (row, is_inserted) in rows.iter().zip(&is_inserted) {
        let Received {
            push,
            message,
            received_at_ms,
            replied,
        } = row.received;
        if !is_inserted {
            let found = match replied {
                Some(replied) => transaction.replied(push, replied, shown).await?,
                None => transaction.stored_reply(push).await?,
            };
            instead(transaction, row.place, found);
            continue;
        }
        let Some(mut known) = row.follower.and_then(|id| people.of_row.get(&id).copied()) else {
            continue;
        };
        known.latest.message = row.id;
        if is_question(message, replied.as_ref()) {
            known.latest.question = row.id;
        }
        transaction
            .follows(&mut known, message, *received_at_ms)
            .await?;
        transaction.noted(
            row.account,
            message.from_user(),
            &mut known,
            *received_at_ms,
        );
        people.of_row.insert(known.id, known);
    }
    Ok(())
}

/// One row for each push, with its account.
async fn accounts<'a>(
    transaction: &mut Transaction<'a>,
    received: &[(Place, &'a Received)],
) -> Result<Vec<Row<'a>>> {
    let mut rows = Vec::with_capacity(received.len());
    for (place, received) in received {
        let account = transaction
            .account(&received.push.account, received.received_at_ms)
            .await?;
        rows.push(Row {
            place: *place,
            received,
            account,
            follower: None,
            id: 0,
            previous: 0,
        });
    }
    Ok(rows)
}

/// The followers of the pushes that are to be inserted, as they are at the moment, by their rows.
#[derive(Default)]
struct People {
    of_row: HashMap<i64, Follower>,
}

impl People {
    /// Finds every follower, in memory, in the database, or makes one.
    async fn look_up(
        &mut self,
        transaction: &mut Transaction<'_>,
        rows: &mut [Row<'_>],
    ) -> Result<()> {
        // With the first push of each.
        let mut missing: HashMap<(i64, &OpenId), i64> = HashMap::new();
        for row in rows.iter_mut() {
            let open_id = row.received.message.from_user();
            if open_id.as_str().is_empty() {
                continue;
            }
            if let Some(known) = transaction.known.follower(row.account, open_id.as_str()) {
                row.follower = Some(known.id);
                self.of_row.insert(known.id, known);
            } else {
                let at_ms = row.received.received_at_ms;
                missing.entry((row.account, open_id)).or_insert(at_ms);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let wanted: Vec<(i64, &OpenId, i64)> = missing
            .iter()
            .map(|((account, open_id), at_ms)| (*account, *open_id, *at_ms))
            .collect();
        let found = find_followers(transaction, &wanted).await?;
        let ids: HashMap<(i64, &OpenId), i64> = wanted
            .iter()
            .zip(&found)
            .map(|((account, open_id, _), follower)| ((*account, *open_id), follower.id))
            .collect();
        for ((account, open_id, _), follower) in wanted.iter().zip(&found) {
            self.of_row.insert(follower.id, *follower);
            transaction
                .remember(*account, open_id.as_str(), *follower)
                .await?;
        }
        for row in rows.iter_mut().filter(|row| row.follower.is_none()) {
            let who = (row.account, row.received.message.from_user());
            row.follower = ids.get(&who).copied();
        }
        Ok(())
    }

    /// Numbers the rows, and names the message of the same follower before each.
    fn chain(&self, transaction: &mut Transaction<'_>, rows: &mut [Row<'_>]) {
        let mut newest: HashMap<i64, i64> = HashMap::with_capacity(self.of_row.len());
        for row in rows {
            row.id = transaction.draw_id();
            if let Some(follower) = row.follower {
                let before = newest.insert(follower, row.id);
                let known = self.of_row.get(&follower);
                row.previous =
                    before.unwrap_or_else(|| known.map_or(0, |known| known.latest.message));
            }
        }
    }
}

/// The rows of these followers, in this order; who is not there is made, with the time of the first push.
async fn find_followers(
    transaction: &mut Transaction<'_>,
    wanted: &[(i64, &OpenId, i64)],
) -> Result<Vec<Follower>> {
    let mut found: Vec<Option<Follower>> = vec![None; wanted.len()];
    let accounts: Vec<i64> = wanted.iter().map(|(account, ..)| *account).collect();
    let open_ids: Texts<'_> = wanted
        .iter()
        .map(|(_, open_id, _)| without_nul(open_id.as_str()))
        .collect();
    let rows = query(
        "SELECT v.place, f.id, last_seen_at_ms, unfollowed_at_ms, coalesce(message_id, 0), coalesce(question_id, 0)
         FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS v (account_id, open_id, place)
         JOIN followers f ON f.account_id = v.account_id AND f.open_id = v.open_id
         LEFT JOIN latest ON follower_id = f.id",
    )
    .bind(&accounts)
    .bind(&open_ids)
    .fetch_all(&mut *transaction.connection)
    .await?;
    for row in &rows {
        let follower = transaction.with_noted(follower(row, 1)?);
        set(&mut found, row.try_get(0)?, follower);
    }
    let new: Vec<usize> = (0..wanted.len())
        .filter(|place| found[*place].is_none())
        .collect();
    if !new.is_empty() {
        let of_new = |place: &usize| wanted[*place];
        let accounts: Vec<i64> = new
            .iter()
            .map(of_new)
            .map(|(account, ..)| account)
            .collect();
        let names: Vec<&str> = new.iter().map(|place| &*open_ids[*place]).collect();
        let times: Vec<i64> = new.iter().map(of_new).map(|(.., at_ms)| at_ms).collect();
        let rows = query(
            "INSERT INTO followers (account_id, open_id, first_seen_at_ms, last_seen_at_ms)
             SELECT v.account_id, v.open_id, v.at_ms, v.at_ms
             FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS v (account_id, open_id, at_ms)
             RETURNING id, account_id, open_id",
        )
        .bind(accounts)
        .bind(names)
        .bind(times)
        .fetch_all(&mut *transaction.connection)
        .await?;
        let mut ids = HashMap::with_capacity(rows.len());
        for row in &rows {
            let who: (i64, String) = (row.try_get(1)?, row.try_get(2)?);
            ids.insert(who, row.try_get::<i64, _>(0)?);
        }
        for place in new {
            let (account, _, at_ms) = wanted[place];
            let who = (account, open_ids[place].clone().into_owned());
            let id = ids.get(&who).copied().unwrap_or_default();
            found[place] = Some(Follower {
                id,
                last_seen_at_ms: at_ms,
                unfollowed_at_ms: None,
                latest: Latest::default(),
            });
        }
    }
    Ok(found.into_iter().flatten().collect())
}

/// `place` counts from 1.
fn set<T>(list: &mut [Option<T>], place: i64, value: T) {
    let slot = usize::try_from(place - 1).ok();
    if let Some(slot) = slot.and_then(|place| list.get_mut(place)) {
        *slot = Some(value);
    }
}

/// Inserts the pushes that are new; tells which.
async fn insert(
    transaction: &mut Transaction<'_>,
    rows: &[Row<'_>],
    shown: Option<&Reply>,
) -> Result<Vec<bool>> {
    let numbers = |column: &dyn Fn(&Row<'_>) -> i64| rows.iter().map(column).collect::<Vec<i64>>();
    let kinds: Vec<_> = rows.iter().map(|row| row.received.message.kind()).collect();
    let inserted = query(
        "INSERT INTO messages (id, account_id, follower_id, previous_id, created_at, key, kind, msg_id, received_at_ms, source,
                               reply, replied_at, answered_by, delivery, latency_ms)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                              $8::text[], $9::bigint[], $10::text[], $11::text[], $12::bigint[], $13::text[], $14::bigint[],
                              $15::bigint[])
         ON CONFLICT (created_at, key, account_id) DO NOTHING",
    )
    .bind(numbers(&|row| row.id))
    .bind(numbers(&|row| row.account))
    .bind(rows.iter().map(|row| row.follower).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| not_0(row.previous)).collect::<Vec<_>>())
    .bind(numbers(&|row| row.received.push.created_at))
    .bind(
        rows.iter()
            .map(|row| without_nul(row.received.push.key.as_str()))
            .collect::<Vec<_>>(),
    )
    .bind(kinds.iter().map(|kind| without_nul(kind)).collect::<Vec<_>>())
    .bind(
        rows.iter()
            .map(|row| row.received.message.msg_id().map(MsgId::as_str))
            .map(|id| id.map(without_nul))
            .collect::<Vec<_>>(),
    )
    .bind(numbers(&|row| row.received.received_at_ms))
    .bind(
        rows.iter()
            .map(|row| without_nul(row.received.message.document().source()))
            .collect::<Vec<_>>(),
    )
    .bind(
        rows.iter()
            .map(|row| row.replied().map(|replied| json(shown.unwrap_or(&replied.reply))))
            .collect::<Vec<_>>(),
    )
    .bind(
        rows.iter()
            .map(|row| row.replied().map(|replied| replied.replied_at))
            .collect::<Vec<_>>(),
    )
    .bind(
        rows.iter()
            .map(|row| row.replied().map(|replied| without_nul(replied.by.as_str())))
            .collect::<Vec<_>>(),
    )
    .bind(
        rows.iter()
            .map(|row| row.replied().map(|replied| i64::from(replied.delivery)))
            .collect::<Vec<_>>(),
    )
    .bind(
        rows.iter()
            .map(|row| row.replied().map(|replied| signed(replied.latency_ms)))
            .collect::<Vec<_>>(),
    )
    .execute(&mut *transaction.connection)
    .await?;
    if inserted.rows_affected() == rows.len() as u64 {
        return Ok(vec![true; rows.len()]);
    }
    let there: HashSet<i64> = scalar("SELECT id FROM messages WHERE id = ANY ($1)")
        .bind(numbers(&|row| row.id))
        .fetch_all(&mut *transaction.connection)
        .await?
        .into_iter()
        .collect();
    mend_chains(transaction, rows, &there).await?;
    Ok(rows.iter().map(|row| there.contains(&row.id)).collect())
}

/// Messages that name one before them that was known already and has another number: they name the one before that.
async fn mend_chains(
    transaction: &mut Transaction<'_>,
    rows: &[Row<'_>],
    there: &HashSet<i64>,
) -> Result<()> {
    // Of those that are not there: what they would have named. Earlier ones come first, so one look is enough.
    let mut instead: HashMap<i64, i64> = HashMap::new();
    for row in rows {
        let previous = instead.get(&row.previous).copied();
        if !there.contains(&row.id) {
            instead.insert(row.id, previous.unwrap_or(row.previous));
        } else if let Some(previous) = previous {
            query("UPDATE messages SET previous_id = $2 WHERE id = $1")
                .bind(row.id)
                .bind(not_0(previous))
                .execute(&mut *transaction.connection)
                .await?;
        }
    }
    Ok(())
}

async fn write_replied<'a>(
    transaction: &mut Transaction<'a>,
    replied: &[(Place, &'a PushId, &'a Replied)],
) -> Result<()> {
    let (created_at, keys, accounts) = pushes(transaction, replied.iter().map(|it| it.1)).await?;
    let rows = query(
        "UPDATE messages m SET reply = v.reply, replied_at = v.replied_at, answered_by = v.answered_by, delivery = v.delivery,
                               latency_ms = v.latency_ms
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[])
              WITH ORDINALITY AS v (created_at, key, account_id, reply, replied_at, answered_by, delivery, latency_ms, place)
         WHERE m.created_at = v.created_at AND m.key = v.key AND m.account_id + 0 = v.account_id AND m.reply IS NULL
         RETURNING v.place, m.id, m.follower_id, m.msg_id IS NOT NULL",
    )
    .bind(created_at)
    .bind(keys)
    .bind(accounts)
    .bind(replied.iter().map(|(.., replied)| json(&replied.reply)).collect::<Vec<_>>())
    .bind(replied.iter().map(|(.., replied)| replied.replied_at).collect::<Vec<_>>())
    .bind(
        replied
            .iter()
            .map(|(.., replied)| without_nul(replied.by.as_str()))
            .collect::<Vec<_>>(),
    )
    .bind(replied.iter().map(|(.., replied)| i64::from(replied.delivery)).collect::<Vec<_>>())
    .bind(replied.iter().map(|(.., replied)| signed(replied.latency_ms)).collect::<Vec<_>>())
    .fetch_all(&mut *transaction.connection)
    .await?;
    let mut updated: Vec<Option<(i64, Option<i64>, bool)>> = vec![None; replied.len()];
    for row in &rows {
        let message = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        set(&mut updated, row.try_get(0)?, message);
    }
    for ((place, push, replied), updated) in replied.iter().zip(updated) {
        if let Some((message, follower, has_id)) = updated {
            transaction
                .answered(message, follower, has_id, replied)
                .await?;
        } else {
            let found = transaction.stored_reply(push).await?;
            instead(transaction, *place, found);
        }
    }
    Ok(())
}

async fn write_deliveries<'a>(
    transaction: &mut Transaction<'a>,
    deliveries: &[(&'a PushId, &'a Delivery)],
) -> Result<()> {
    let (created_at, keys, accounts) =
        pushes(transaction, deliveries.iter().map(|it| it.0)).await?;
    let numbers = |column: &dyn Fn(&Delivery) -> i64| {
        let column = deliveries.iter().map(|(_, delivery)| column(delivery));
        column.collect::<Vec<i64>>()
    };
    let ended: Vec<&'static str> = deliveries
        .iter()
        .map(|(_, delivery)| delivery.ended.word())
        .collect();
    query(
        "INSERT INTO deliveries (message_id, place, number, arrived_at_ms, ended_at_ms, ended)
         SELECT m.id,
                (SELECT count(*) FROM deliveries d WHERE d.message_id = m.id)
                    + row_number() OVER (PARTITION BY m.id ORDER BY v.place),
                v.number, v.arrived_at_ms, v.ended_at_ms, v.ended
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
              WITH ORDINALITY AS v (created_at, key, account_id, number, arrived_at_ms, ended_at_ms, ended, place)
         JOIN messages m ON m.created_at = v.created_at AND m.key = v.key AND m.account_id + 0 = v.account_id",
    )
    .bind(created_at)
    .bind(keys)
    .bind(accounts)
    .bind(numbers(&|delivery| i64::from(delivery.number)))
    .bind(numbers(&|delivery| delivery.arrived_at_ms))
    .bind(numbers(&|delivery| delivery.ended_at_ms))
    .bind(ended)
    .execute(&mut *transaction.connection)
    .await?;
    Ok(())
}

/// What names these pushes, column by column. An account that is not known has no row: 0.
async fn pushes<'a>(
    transaction: &mut Transaction<'_>,
    pushes: impl Iterator<Item = &'a PushId>,
) -> Result<(Vec<i64>, Texts<'a>, Vec<i64>)> {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for push in pushes {
        let account = transaction.known_account(&push.account).await?;
        columns.0.push(push.created_at);
        columns.1.push(without_nul(push.key.as_str()));
        columns.2.push(account.unwrap_or_default());
    }
    Ok(columns)
}

fn instead(transaction: &mut Transaction<'_>, (record, call): Place, found: Instead) {
    if let Some((reply, at)) = found {
        transaction.instead.push((record, call, reply, at));
    }
}
