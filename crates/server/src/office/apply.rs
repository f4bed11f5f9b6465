//! Accounts and rules as a document: what is written down, and what a document changes.

use std::collections::HashSet;

use echostr_protocol::{EncodingAesKey, Token};
use echostr_store::{AccountEntry, Actor, Edit, NotChanged, Origin, note};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::document::{self, BadDocument, Wanted};
use super::form::{self, FormFault};
use super::rules::aside;
use super::{Office, Refused};

/// What a document changes of an account or a rule.
pub(crate) struct Planned {
    pub(crate) thing: Thing,
    pub(crate) id: String,
    pub(crate) action: Action,
    /// Those that differ.
    pub(crate) fields: Vec<&'static str>,
    /// The kinds of the bot before and after, when they differ.
    pub(crate) bot: Option<[&'static str; 2]>,
    /// The secrets that are deleted for ever, as the API names them.
    pub(crate) lost: Vec<String>,
    /// Made for it just now.
    pub(crate) token: Option<Token>,
    pub(crate) encoding_aes_key: Option<EncodingAesKey>,
}

/// 公众号或规则 · what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Thing {
    Account,
    Rule,
}

/// 做什么 · what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Create,
    Change,
    Unchanged,
}

impl Office {
    /// All accounts of the store as a document, and all rules if `with_rules`.
    pub(crate) async fn export(
        &self,
        by: &Actor,
        with_rules: bool,
        with_secrets: bool,
    ) -> Result<String, Refused> {
        if with_secrets {
            note(&self.0.db, by, "secrets.export", "*", json!({})).await?;
        }
        let entries = self.0.accounts.list();
        let rules = with_rules.then(|| self.0.rules.list(None));
        Ok(document::write(
            entries.iter().map(AsRef::as_ref),
            rules.as_deref(),
            with_secrets,
        ))
    }

    /// Makes accounts and rules what a document says, unless it is only to be said what that would be. All faults are found
    /// before anything is done.
    pub(crate) async fn apply(
        &self,
        by: &Actor,
        text: &str,
        may_write_rules: bool,
        dry_run: bool,
    ) -> Result<Vec<Planned>, Refused> {
        let document = document::read(text, |id| self.account(id)).map_err(|bad| match bad {
            BadDocument::Toml(what) => Refused::Toml(what),
            BadDocument::Faulty(faults) => Refused::Faulty(faults),
        })?;
        if !may_write_rules && !document.rules.is_empty() {
            return Err(Refused::MayNotWriteRules);
        }
        let (office, by) = (self.clone(), by.clone());
        // Planning takes a while, too: from here on it is done, whoever hangs up.
        let applying = async move { office.planned_and_applied(&by, document, dry_run).await };
        self.to_its_end(applying).await
    }

    async fn planned_and_applied(
        &self,
        by: &Actor,
        document: document::Document,
        dry_run: bool,
    ) -> Result<Vec<Planned>, Refused> {
        let ids = document.accounts.iter().map(|wanted| wanted.id.clone());
        let ids: HashSet<_> = ids.collect();
        let (office, planner) = (self.clone(), by.clone());
        let plans = aside(move || {
            let accounts = office.plan(&planner, document.accounts);
            (accounts, office.plan_rules(document.rules, &ids))
        });
        let (accounts, rules) = plans.await?;
        let ((mut planned, edits), (planned_rules, rule_edits)) = both(accounts, rules)?;
        planned.extend(planned_rules);
        if dry_run {
            for planned in &mut planned {
                (planned.token, planned.encoding_aes_key) = (None, None);
            }
            return Ok(planned);
        }
        let only_accounts = !edits.is_empty();
        self.0.accounts.edit(by, edits).await?;
        let applied = self.0.rules.edit(by, rule_edits).await;
        applied.map_err(|why| match why.into() {
            why if only_accounts => Refused::OnlyAccounts {
                why: Box::new(why),
                unseen: with_new_secrets(&planned),
            },
            why => why,
        })?;
        Ok(planned)
    }

    /// What a document changes of accounts.
    fn plan(
        &self,
        by: &Actor,
        wanted: Vec<Wanted>,
    ) -> Result<(Vec<Planned>, Vec<Edit>), Vec<FormFault>> {
        let (mut planned, mut edits, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut after = Vec::new();
        for Wanted { id, place, fields } in wanted {
            let mut faulty = |others: Vec<FormFault>| {
                faults.extend(others.into_iter().map(|fault| fault.at(&place, &id)));
            };
            let Some(before) = self.account(&id) else {
                let mut others = Vec::new();
                form::id(Some(id.clone().into()), &mut others);
                faulty(others);
                match self.draft(by, id.clone(), fields) {
                    Ok((entry, token, encoding_aes_key)) => {
                        after.push((place, entry.clone()));
                        edits.push(Edit::Create(Box::new(entry)));
                        planned.push(Planned {
                            thing: Thing::Account,
                            id,
                            action: Action::Create,
                            fields: Vec::new(),
                            bot: None,
                            lost: Vec::new(),
                            token,
                            encoding_aes_key,
                        });
                    }
                    Err(others) => faulty(others),
                }
                continue;
            };
            if before.origin == Origin::File {
                let why = NotChanged::FromFile(id.clone()).to_string();
                faulty(vec![FormFault::new(
                    "id",
                    &format!("cannot be changed: {why}"),
                )]);
                continue;
            }
            let before = before.to_edit();
            let mut entry = before.clone();
            if let Err(others) = form::fill_in(&mut entry, &fields, self.circumstances(by)) {
                faulty(others);
                continue;
            }
            let differing = document::differing(&before, &entry);
            let lost = document::lost(&before.secrets, &entry.secrets);
            let bots = [&before, &entry].map(|it| it.settings.bot.kind());
            after.push((place, entry.clone()));
            let action = if differing.is_empty() {
                Action::Unchanged
            } else {
                edits.push(Edit::Replace(Box::new(entry)));
                Action::Change
            };
            planned.push(Planned {
                thing: Thing::Account,
                id,
                action,
                fields: differing,
                bot: (bots[0] != bots[1]).then_some(bots),
                lost,
                token: None,
                encoding_aes_key: None,
            });
        }
        faults.extend(self.shared_tokens(&after));
        if faults.is_empty() {
            Ok((planned, edits))
        } else {
            Err(faults)
        }
    }

    /// Tokens that two accounts would have.
    fn shared_tokens(&self, after: &[(String, AccountEntry)]) -> Vec<FormFault> {
        let all = self.0.accounts.list();
        let mut owners = document::tokens(all.iter().map(AsRef::as_ref));
        let mut faults = Vec::new();
        for (place, entry) in after {
            let owner = owners
                .entry(entry.secrets.token.expose())
                .or_insert(&entry.id);
            if *owner != entry.id {
                let text = "is another account's; choose another, tokens are unique";
                faults.push(FormFault::new("token", text).at(place, &entry.id));
            }
        }
        faults
    }
}

/// For which accounts a token or a key was made.
fn with_new_secrets(planned: &[Planned]) -> Vec<String> {
    let made = planned
        .iter()
        .filter(|planned| planned.token.is_some() || planned.encoding_aes_key.is_some());
    made.map(|planned| planned.id.clone()).collect()
}

/// Both plans, or the faults of both.
fn both<A, B>(
    accounts: Result<A, Vec<FormFault>>,
    rules: Result<B, Vec<FormFault>>,
) -> Result<(A, B), Refused> {
    match (accounts, rules) {
        (Ok(accounts), Ok(rules)) => Ok((accounts, rules)),
        (accounts, rules) => {
            let faults = accounts.err().into_iter().chain(rules.err());
            Err(Refused::Faulty(faults.flatten().collect()))
        }
    }
}
