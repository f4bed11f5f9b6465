//! Rules from the database, with their secrets in clear.

use std::error::Error as _;
use std::sync::Arc;

use echostr::{Rule, RuleReply, RuleSecrets, When, Yes};
use echostr_protocol::api::Secret;
use echostr_protocol::{EncodingAesKey, Token};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};
use tracing::error;

use super::book::Book;
use super::{RuleEntry, aside};
use crate::Error;
use crate::db::{Db, reading, row};
use crate::value::unsigned;
use crate::vault::Vault;

/// The name under which the secrets of a rule are sealed, beside its id.
pub(crate) const SEALED_AS: &str = "rule";

/// How many are read at once, so that what is read takes little memory beside what is kept.
const PORTION: i64 = 500;

row! {
    struct RuleRow {
        id: String,
        account_id: Option<i64>,
        public_id: Option<String>,
        rule: String,
        hits: i64,
        last_hit_at_ms: Option<i64>,
        created_at_ms: i64,
        updated_at_ms: i64,
        key_id: Option<String>,
        sealed: Option<Vec<u8>>,
    }
}

/// All rules of the database.
pub(super) async fn load(db: &Db, vault: &Arc<Vault>) -> Result<Book, Error> {
    let mut book = Book::default();
    let mut last = String::new();
    loop {
        let rows = reading!(db, pool => sqlx::query_as::<_, RuleRow>(
            "SELECT r.id, r.account_id, a.public_id, r.rule, r.hits, r.last_hit_at_ms, r.created_at_ms, r.updated_at_ms, r.key_id,
                    r.sealed
             FROM rules r LEFT JOIN accounts a ON a.id = r.account_id
             WHERE r.id > $1 ORDER BY r.id LIMIT $2",
        )
        .bind(&last)
        .bind(PORTION)
        .fetch_all(pool)
        .await);
        let rows = rows.map_err(Error::unread("the rules"))?;
        let Some(row) = rows.last() else {
            return Ok(book);
        };
        last.clone_from(&row.id);
        let vault = Arc::clone(vault);
        // Regular expressions are looked at, which takes its time.
        let read = aside(move || {
            let read = rows.iter().map(|row| (row.rule.len(), entry(&vault, row)));
            read.collect::<Vec<_>>()
        });
        for (bytes, entry) in read.await {
            book.put(Arc::new(entry), bytes);
        }
    }
}

fn entry(vault: &Vault, row: &RuleRow) -> RuleEntry {
    let (rule, secrets, unread) = match read(vault, row) {
        Ok((rule, secrets)) => (rule, secrets, None),
        Err(error) => {
            error!(
                rule.id = row.id,
                error = error.source(),
                "the rule `{}` answers nothing: {error}",
                row.id
            );
            let why = error.to_string().into();
            let nothing = unknown(&row.id, row.public_id.as_deref());
            (nothing, RuleSecrets::default(), Some(why))
        }
    };
    RuleEntry {
        rule: Arc::new(rule),
        secrets: Arc::new(secrets),
        hits: unsigned(row.hits),
        last_hit_at_ms: row.last_hit_at_ms,
        created_at_ms: row.created_at_ms,
        updated_at_ms: row.updated_at_ms,
        unread,
    }
}

fn read(vault: &Vault, row: &RuleRow) -> Result<(Rule, RuleSecrets), Error> {
    let mut rule: Rule = serde_json::from_str(&row.rule).map_err(|source| Error::Rule {
        rule: row.id.clone(),
        source,
    })?;
    let secrets = unseal(vault, row).ok_or_else(|| Error::SealedRule {
        rule: row.id.clone(),
    })?;
    let unusable = |faults: String| Error::UnusableRule {
        rule: row.id.clone(),
        faults,
    };
    if row.account_id.is_some() && row.public_id.is_none() {
        return Err(unusable("its account is not in the database".into()));
    }
    // The columns count: they are what the statements here go by.
    rule.id.clone_from(&row.id);
    rule.account.clone_from(&row.public_id);
    let faults = rule.check(&secrets);
    if !faults.is_empty() {
        let faults = faults
            .iter()
            .map(|fault| format!("`{}` {}", fault.field, fault.text));
        return Err(unusable(faults.collect::<Vec<_>>().join("; ")));
    }
    Ok((rule, secrets))
}

/// Stands for one that cannot be read.
fn unknown(id: &str, account: Option<&str>) -> Rule {
    Rule {
        id: id.to_owned(),
        account: account.map(str::to_owned),
        name: String::new(),
        priority: 0,
        enabled: false,
        cool_down_secs: 0,
        when: When::default(),
        reply: RuleReply::Silence(Yes),
    }
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Clear {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoding_aes_key: Option<Secret>,
}

/// The secrets of a rule, and under which key; nothing when it has none.
pub(super) fn seal(vault: &Vault, id: &str, secrets: &RuleSecrets) -> Option<(String, Vec<u8>)> {
    if *secrets == RuleSecrets::default() {
        return None;
    }
    let token = secrets.token.as_ref();
    let key = secrets.encoding_aes_key.as_ref();
    let clear = Clear {
        token: token.map(|token| Secret::from(token.expose())),
        encoding_aes_key: key.map(|key| Secret::from(key.to_base64())),
    };
    let clear = serde_json::to_string(&clear).expect("it has only texts in it");
    Some(vault.seal(id, SEALED_AS, &Zeroizing::new(clear)))
}

/// Nothing when they cannot be decrypted, or are none.
fn unseal(vault: &Vault, row: &RuleRow) -> Option<RuleSecrets> {
    let (Some(key_id), Some(sealed)) = (&row.key_id, &row.sealed) else {
        return Some(RuleSecrets::default());
    };
    let clear = vault.unseal(&row.id, SEALED_AS, key_id, sealed)?;
    let clear: Clear = serde_json::from_str(clear.expose_secret()).ok()?;
    let token = clear.token.map(|token| token.expose().parse::<Token>());
    let key = clear
        .encoding_aes_key
        .map(|key| key.expose().parse::<EncodingAesKey>());
    Some(RuleSecrets {
        token: token.transpose().ok()?,
        encoding_aes_key: key.transpose().ok()?,
    })
}
