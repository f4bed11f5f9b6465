//! What the store of rules promises, told once and true of every database: SQLite, and a PostgreSQL that these tests start.

mod common;

use std::sync::Arc;

use echostr::{Account, Bot, Rule, RuleSecrets, Trial};
use echostr_protocol::{EncodingAesKey, Token};
use echostr_store::{
    AccountEntry, AccountSecrets, AccountStore, Actor, AuditEntry, Db, Error, MasterKeys, RuleEdit,
    RuleEntry, RuleNotChanged, RuleStore, SqlJournal, Vault, audit,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use common::*;

/// 32 bytes in base64, several.
const MASTER: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const NEWER: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
const RELAY_TOKEN: &str = "PlantedRelayToken";
const RELAY_KEY: &str = "PlantedKeyOfTheRelayPlantedKeyOfTheRelay12A";

/// Every one of these on every database.
macro_rules! story {
    ($($name:ident,)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::sqlite()).await; })*
        }

        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::postgres()).await; })*
        }
    };
}

story! {
    what_was_made_is_there_after_opening_again,
    rules_are_listed_in_the_order_in_which_they_are_asked,
    a_change_answers_when_it_is_made,
    several_changes_are_made_together_or_not_at_all,
    changes_at_once_happen_one_after_the_other,
    a_change_that_was_begun_is_made_though_nobody_waits_for_it,
    who_changed_what_is_written_down_without_secrets,
    rules_end_with_their_account,
    rules_in_the_database_end_with_their_account_also_without_a_store_of_them,
    hits_survive_a_restart,
    what_cannot_be_written_is_counted_on,
    what_cannot_be_read_answers_nothing_and_disturbs_nobody,
    the_secrets_of_rules_move_to_a_new_master_key,
    a_master_key_is_needed_while_a_rule_is_sealed_under_it,
    no_secret_is_in_the_database_or_printed,
}

/// What a running server has of the store.
struct Running {
    journal: SqlJournal,
    db: Db,
    accounts: Arc<AccountStore>,
    rules: Arc<RuleStore>,
}

async fn start(ground: &Ground) -> Running {
    start_with(ground, MASTER).await.expect("it starts")
}

async fn start_with(ground: &Ground, master_keys: &str) -> Result<Running, Error> {
    let journal = ground.open().await;
    let db = journal.db();
    let opened = async {
        let vault = Vault::open(&db, MasterKeys::Environment(master_keys.into())).await?;
        let vault = Arc::new(vault);
        let accounts = AccountStore::open(db.clone(), Arc::clone(&vault)).await?;
        let rules = RuleStore::open(db.clone(), vault).await?;
        accounts.end_rules_in(&rules);
        Ok((accounts, rules))
    };
    match opened.await {
        Ok((accounts, rules)) => Ok(Running {
            journal,
            db,
            accounts,
            rules,
        }),
        Err(error) => {
            journal.close().await;
            Err(error)
        }
    }
}

impl Running {
    async fn stop(self) {
        self.journal.close().await;
    }

    async fn account(&self, id: &str) {
        let entry = AccountEntry::new(id, AccountSecrets::random_token(), START * 1000);
        self.accounts.create(&by(), entry).await.expect("made");
    }

    async fn edit(&self, edits: Vec<RuleEdit>) {
        self.rules.edit(&by(), edits).await.expect("changed");
    }

    async fn refused(&self, edits: Vec<RuleEdit>) -> String {
        let refused = self.rules.edit(&by(), edits).await;
        refused.expect_err("refused").to_string()
    }

    fn get(&self, id: &str) -> Arc<RuleEntry> {
        self.rules.get(id).expect("it is there")
    }

    fn ids(&self, account: Option<&str>) -> Vec<String> {
        let entries = self.rules.list(account);
        entries.iter().map(|entry| entry.rule.id.clone()).collect()
    }

    /// Which rule answers a text to this account.
    async fn answers(&self, account: &str, content: &str) -> Option<String> {
        let trial = Trial {
            message: text("o1", 1, content),
            at_ms: START * 1000,
        };
        let token = "TokenOfATest".parse().expect("a token");
        let account = Account::new(account, token);
        let considered = self.rules.rules().consider(&trial, &account, None).await;
        let first = considered.into_iter().find(|rule| rule.hindrance.is_none());
        first.map(|rule| rule.rule)
    }

    /// Has a rule for all answer.
    async fn ask(&self, content: &str) {
        let bot = Bot::new().on(self.rules.rules().clone());
        let message = text("o1", 1, content);
        bot.answer(Arc::unwrap_or_clone(message))
            .await
            .expect("answered");
    }

    /// The audit log of a rule, oldest first.
    async fn story(&self, subject: &str) -> Vec<String> {
        let entries = audit(&self.db, Some(subject), None, 100).await;
        let mut entries = entries.expect("it can be read");
        entries.reverse();
        let line = |entry: &AuditEntry| {
            let value = |value: &Option<Value>| value.clone().unwrap_or_default();
            let (before, after) = (value(&entry.before), value(&entry.after));
            format!("{} {} {before} → {after}", entry.actor, entry.action)
        };
        entries.iter().map(line).collect()
    }
}

fn by() -> Actor {
    Actor("command line".into())
}

/// `id account priority keyword`, with `*` for all accounts, and a text that is answered.
fn rule(words: &str) -> Rule {
    let [id, account, priority, keyword] = words.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{words}")
    };
    let mut rule = json!({
        "id": id,
        "priority": priority.parse::<i32>().expect("a number"),
        "when": { "contains": [keyword] },
        "reply": { "text": format!("{keyword}?") },
    });
    if account != "*" {
        rule["account"] = account.into();
    }
    serde_json::from_value(rule).expect("a rule")
}

fn create(words: &str) -> RuleEdit {
    put(rule(words), None)
}

fn put(rule: Rule, before: Option<i64>) -> RuleEdit {
    RuleEdit::Put {
        rule: Box::new(rule),
        secrets: RuleSecrets::default(),
        before,
    }
}

fn change(old: &RuleEntry, change: impl FnOnce(&mut Rule)) -> RuleEdit {
    let mut rule = Rule::clone(&old.rule);
    change(&mut rule);
    RuleEdit::Put {
        rule: Box::new(rule),
        secrets: RuleSecrets::clone(&old.secrets),
        before: Some(old.updated_at_ms),
    }
}

fn remove(id: &str) -> RuleEdit {
    RuleEdit::Remove { id: id.into() }
}

fn secrets() -> RuleSecrets {
    RuleSecrets {
        token: Some(RELAY_TOKEN.parse::<Token>().expect("a token")),
        encoding_aes_key: Some(RELAY_KEY.parse::<EncodingAesKey>().expect("a key")),
    }
}

/// Hands what begins with `relay` to another server.
fn relay(id: &str) -> RuleEdit {
    let rule = json!({
        "id": id,
        "when": { "starts_with": ["relay"] },
        "reply": { "relay": { "url": "https://example.com/wx", "mode": "safe", "app_id": "wx0123456789abcdef" } },
    });
    RuleEdit::Put {
        rule: serde_json::from_value(rule).expect("a rule"),
        secrets: secrets(),
        before: None,
    }
}

async fn what_was_made_is_there_after_opening_again(ground: Ground) {
    let running = start(&ground).await;
    running.account("shop").await;
    let price = rule("price shop 5 价格");
    let edits = vec![
        put(price.clone(), None),
        relay("relay"),
        create("hi * 0 你好"),
    ];
    running.edit(edits).await;
    let made = running.get("price");
    running.stop().await;

    let running = start(&ground).await;
    let entry = running.get("price");
    assert_eq!((&*entry.rule, &entry.unread), (&price, &None));
    assert_eq!((entry.hits, entry.last_hit_at_ms), (0, None));
    assert_eq!(
        (entry.created_at_ms, entry.updated_at_ms),
        (made.created_at_ms, made.updated_at_ms)
    );
    assert_eq!(*running.get("relay").secrets, secrets());
    assert_eq!(running.ids(None), ["price", "hi", "relay"]);
    assert!(running.rules.get("none").is_none());
    assert_eq!(
        running.answers("shop", "价格").await.as_deref(),
        Some("price")
    );
    running.stop().await;
}

async fn rules_are_listed_in_the_order_in_which_they_are_asked(ground: Ground) {
    let running = start(&ground).await;
    running.account("a").await;
    running.account("b").await;
    let all = [
        "d * 0 x", "c b 0 x", "a * 7 x", "z a 0 x", "e * -3 x", "b a 7 x",
    ];
    running.edit(all.map(create).into()).await;
    assert_eq!(running.ids(None), ["b", "a", "c", "z", "d", "e"]);
    assert_eq!(running.ids(Some("a")), ["b", "a", "z", "d", "e"]);
    assert_eq!(running.ids(Some("b")), ["a", "c", "d", "e"]);
    assert_eq!(running.ids(Some("other")), ["a", "d", "e"]);
    running
        .edit(vec![change(&running.get("e"), |rule| rule.priority = 9)])
        .await;
    assert_eq!(running.ids(Some("other")), ["e", "a", "d"]);
    running.stop().await;
}

async fn a_change_answers_when_it_is_made(ground: Ground) {
    let running = start(&ground).await;
    running.account("a").await;
    running.account("b").await;
    running.edit(vec![create("one a 0 价格")]).await;
    assert_eq!(running.answers("a", "价格").await.as_deref(), Some("one"));
    assert_eq!(running.answers("b", "价格").await, None);

    // Another word, another account, for all, switched off, removed.
    let edit = async |edit: &dyn Fn(&mut Rule)| {
        running.edit(vec![change(&running.get("one"), edit)]).await;
    };
    edit(&|rule| rule.when.contains = vec!["地址".into()]).await;
    assert_eq!(running.answers("a", "价格").await, None);
    assert_eq!(running.answers("a", "地址").await.as_deref(), Some("one"));
    edit(&|rule| rule.account = Some("b".into())).await;
    assert_eq!(running.answers("a", "地址").await, None);
    assert_eq!(running.answers("b", "地址").await.as_deref(), Some("one"));
    edit(&|rule| rule.account = None).await;
    assert_eq!(running.answers("a", "地址").await.as_deref(), Some("one"));
    edit(&|rule| rule.enabled = false).await;
    assert_eq!(running.answers("a", "地址").await, None);
    edit(&|rule| rule.enabled = true).await;
    assert_eq!(running.answers("b", "地址").await.as_deref(), Some("one"));
    running.edit(vec![remove("one")]).await;
    assert_eq!(running.answers("b", "地址").await, None);
    assert_eq!(ground.count("rules"), 0);
    running.stop().await;
}

async fn several_changes_are_made_together_or_not_at_all(ground: Ground) {
    let running = start(&ground).await;
    running.account("shop").await;
    running
        .edit(vec![create("a shop 0 甲"), create("b shop 0 乙")])
        .await;
    let (a, b) = (running.get("a"), running.get("b"));
    for (edits, expected) in [
        (
            vec![create("c shop 0 丙"), create("a shop 0 丁")],
            "there is a rule `a` already; choose another id",
        ),
        (vec![remove("b"), remove("c")], "there is no rule `c`"),
        (
            vec![create("c shop 0 丙"), put(rule("d shop 0 丁"), Some(1))],
            "there is no rule `d`",
        ),
        (
            vec![
                remove("b"),
                put(rule("a shop 0 丁"), Some(a.updated_at_ms - 1)),
            ],
            "the rule `a` was changed meanwhile; look at it and try again",
        ),
        (
            vec![change(&a, |rule| rule.priority = 1), remove("a")],
            "the rule `a` was changed meanwhile; look at it and try again",
        ),
        (
            vec![remove("a"), create("c nobody's 0 丙")],
            "there is no account `nobody's`",
        ),
    ] {
        assert_eq!(running.refused(edits).await, expected);
        assert_eq!(running.ids(None), ["a", "b"]);
        assert_eq!(running.answers("shop", "丙").await, None);
        assert_eq!(running.answers("shop", "甲").await.as_deref(), Some("a"));
    }
    // What changes nothing leaves no trace.
    running.edit(vec![change(&a, |_| {})]).await;
    running.edit(Vec::new()).await;
    assert_eq!(running.get("a").updated_at_ms, a.updated_at_ms);
    assert_eq!(running.story("a").await.len(), 1);
    // All of it at once.
    let edits = vec![
        create("c * 9 丙"),
        remove("b"),
        change(&a, |rule| rule.priority = 1),
    ];
    running.edit(edits).await;
    assert_eq!(running.ids(None), ["c", "a"]);
    assert!(running.get("a").updated_at_ms > a.updated_at_ms);
    assert_eq!(running.get("a").created_at_ms, a.created_at_ms);
    assert_eq!(
        running.refused(vec![change(&b, |_| {})]).await,
        "there is no rule `b`"
    );
    assert_eq!(ground.count("rules"), 2);
    running.stop().await;
}

async fn changes_at_once_happen_one_after_the_other(ground: Ground) {
    let running = start(&ground).await;
    let edits = (0..20).map(|n| {
        let (rules, by) = (Arc::clone(&running.rules), by());
        let edit = create(&format!("r{n} * {n} 词{n}。"));
        async move { rules.edit(&by, vec![edit]).await }
    });
    for done in futures_util::future::join_all(edits).await {
        done.expect("changed");
    }
    assert_eq!(running.ids(None).len(), 20);
    for n in [0, 7, 19] {
        let expected = format!("r{n}");
        assert_eq!(
            running.answers("shop", &format!("词{n}。")).await,
            Some(expected)
        );
    }
    // Two who have read the same.
    let old = running.get("r3");
    let [one, other] = [1, 2].map(|by| change(&old, |rule| rule.priority += by));
    let by = by();
    let (one, other) = tokio::join!(
        running.rules.edit(&by, vec![one]),
        running.rules.edit(&by, vec![other])
    );
    let refused = [one, other].into_iter().filter_map(Result::err);
    let refused: Vec<_> = refused.collect();
    assert!(
        matches!(&refused[..], [RuleNotChanged::Moved(id)] if id == "r3"),
        "{refused:?}"
    );
    running.stop().await;
}

async fn a_change_that_was_begun_is_made_though_nobody_waits_for_it(ground: Ground) {
    let running = start(&ground).await;
    running.edit(vec![create("gone * 0 旧")]).await;
    let by = by();
    // Polled once and dropped, as by a client that hangs up.
    let edits = vec![create("new * 0 新"), remove("gone")];
    let _ = running.rules.edit(&by, edits).now_or_never();
    until(async || running.answers("shop", "新").await.is_some()).await;
    assert_eq!(running.answers("shop", "旧").await, None);
    running.stop().await;
    let running = start(&ground).await;
    assert_eq!(running.ids(None), ["new"]);
    running.stop().await;
}

async fn who_changed_what_is_written_down_without_secrets(ground: Ground) {
    let running = start(&ground).await;
    running.account("shop").await;
    running
        .edit(vec![create("price shop 0 价格"), relay("relay")])
        .await;
    let edit = change(&running.get("price"), |rule| {
        rule.priority = 3;
        rule.name = "价目".into();
        rule.account = None;
    });
    running.edit(vec![edit]).await;
    running.edit(vec![remove("price")]).await;
    let when = json!({ "contains": ["价格"] });
    let created = json!({
        "id": "price", "account": "shop", "priority": 0, "enabled": true, "when": when, "reply": { "text": "价格?" },
    });
    let removed = json!({
        "id": "price", "name": "价目", "priority": 3, "enabled": true, "when": when, "reply": { "text": "价格?" },
    });
    assert_eq!(
        running.story("price").await,
        [
            format!("command line rule.create null → {created}"),
            format!(
                "command line rule.change {} → {}",
                json!({ "account": "shop", "priority": 0 }),
                json!({ "name": "价目", "priority": 3 })
            ),
            format!("command line rule.remove {removed} → null"),
        ]
    );

    let old = running.get("relay");
    let mut other = RuleSecrets::clone(&old.secrets);
    other.token = Some("AnotherRelayToken".parse().expect("a token"));
    let edit = RuleEdit::Put {
        rule: Box::new(Rule::clone(&old.rule)),
        secrets: other,
        before: Some(old.updated_at_ms),
    };
    running.edit(vec![edit]).await;
    let story = running.story("relay").await;
    assert!(story[0].contains(r#""token":"***""#), "{story:?}");
    assert!(
        story[0].contains(r#""encoding_aes_key":"***""#),
        "{story:?}"
    );
    assert_eq!(
        story[1],
        r#"command line rule.change {"token":"***"} → {"token":"***"}"#
    );
    running.stop().await;
}

async fn rules_end_with_their_account(ground: Ground) {
    let running = start(&ground).await;
    running.account("shop").await;
    running.account("other").await;
    let edits = ["a shop 0 甲", "b shop 0 甲", "c other 0 甲", "d * 0 乙"];
    running.edit(edits.map(create).into()).await;
    let relay = json!({
        "id": "e",
        "account": "shop",
        "reply": { "relay": { "url": "https://example.com/wx?key=PlantedQuery", "mode": "plain" } },
    });
    let relay = RuleEdit::Put {
        rule: serde_json::from_value(relay).expect("a rule"),
        secrets: secrets(),
        before: None,
    };
    running.edit(vec![relay]).await;
    running
        .accounts
        .remove(&by(), "shop")
        .await
        .expect("removed");
    assert_eq!(running.ids(None), ["c", "d"]);
    assert_eq!(running.answers("shop", "甲").await, None);
    assert_eq!(running.answers("other", "甲").await.as_deref(), Some("c"));
    let story = running.story("b").await;
    assert!(
        story[1].starts_with(r#"command line rule.remove {"id":"b","account":"shop""#)
            || story[1].starts_with(r#"command line rule.remove {"account":"shop""#),
        "{story:?}"
    );
    let story = running.story("e").await;
    assert!(story[1].contains("https://example.com/wx?***"), "{story:?}");
    assert_eq!(
        running.refused(vec![create("a shop 0 甲")]).await,
        "there is no account `shop`"
    );
    // Another one under its id has none of them.
    running.account("shop").await;
    assert_eq!(running.answers("shop", "甲").await, None);
    running.edit(vec![create("a shop 0 甲")]).await;
    assert_eq!(running.answers("shop", "甲").await.as_deref(), Some("a"));
    running.stop().await;
    let running = start(&ground).await;
    assert_eq!(running.ids(None), ["a", "c", "d"]);
    running.stop().await;
}

async fn rules_in_the_database_end_with_their_account_also_without_a_store_of_them(ground: Ground) {
    let running = start(&ground).await;
    running.account("shop").await;
    running
        .edit(vec![create("a shop 0 甲"), create("b * 0 乙")])
        .await;
    running.stop().await;
    let journal = ground.open().await;
    let vault = Vault::open(&journal.db(), MasterKeys::Environment(MASTER.into())).await;
    let accounts = AccountStore::open(journal.db(), vault.expect("a vault")).await;
    let removed = accounts.expect("accounts").remove(&by(), "shop").await;
    removed.expect("removed");
    journal.close().await;
    let running = start(&ground).await;
    assert_eq!(running.ids(None), ["b"]);
    running.stop().await;
}

async fn hits_survive_a_restart(ground: Ground) {
    let running = start(&ground).await;
    running
        .edit(vec![create("a * 0 甲"), create("b * 0 乙")])
        .await;
    for content in ["甲", "甲", "乙", "丙"] {
        running.ask(content).await;
    }
    let before = now_ms();
    running.rules.save_hits().await.expect("written");
    let a = running.get("a");
    assert_eq!(a.hits, 2);
    assert!(a.last_hit_at_ms.is_some_and(|at_ms| at_ms >= before));
    // A change keeps them, and one that is counted while it is changed counts.
    running.ask("甲").await;
    running
        .edit(vec![change(&a, |rule| rule.priority = 3)])
        .await;
    running.ask("甲").await;
    running.rules.save_hits().await.expect("written");
    assert_eq!((running.get("a").hits, running.get("b").hits), (4, 1));
    assert_eq!(running.answers("shop", "甲").await.as_deref(), Some("a"));
    running.stop().await;

    let running = start(&ground).await;
    assert_eq!((running.get("a").hits, running.get("b").hits), (4, 1));
    running.ask("乙").await;
    running.edit(vec![remove("b")]).await;
    running.rules.save_hits().await.expect("written");
    running.edit(vec![create("b * 0 乙")]).await;
    running.rules.save_hits().await.expect("written");
    assert_eq!(running.get("b").hits, 0, "it is another one");
    running.stop().await;
}

async fn what_cannot_be_written_is_counted_on(ground: Ground) {
    let running = start(&ground).await;
    running.edit(vec![create("a * 0 甲")]).await;
    running.ask("甲").await;
    execute(&ground, "ALTER TABLE rules RENAME COLUMN hits TO lost");
    let failed = running.rules.save_hits().await.expect_err("it fails");
    assert!(
        failed.to_string().contains("how often rules have answered"),
        "{failed}"
    );
    running.ask("甲").await;
    execute(&ground, "ALTER TABLE rules RENAME COLUMN lost TO hits");
    running.rules.save_hits().await.expect("written");
    assert_eq!(running.get("a").hits, 2);
    running.stop().await;
}

async fn what_cannot_be_read_answers_nothing_and_disturbs_nobody(ground: Ground) {
    let running = start(&ground).await;
    running.account("shop").await;
    let edits = ["newer shop 0 甲", "bad shop 0 甲", "fine shop 0 乙"];
    running.edit(edits.map(create).into()).await;
    running.edit(vec![relay("sealed"), relay("other")]).await;
    running.stop().await;
    for sql in [
        r#"UPDATE rules SET rule = '{"id":"newer","reply":{"hologram":1}}' WHERE id = 'newer'"#,
        r#"UPDATE rules SET rule = '{"id":"bad","when":{"regex":["("]},"reply":{"text":"x"}}' WHERE id = 'bad'"#,
        "UPDATE rules SET sealed = (SELECT sealed FROM rules WHERE id = 'other') WHERE id = 'sealed'",
    ] {
        execute(&ground, sql);
    }
    let running = start(&ground).await;
    let why = |id: &str| running.get(id).unread.as_deref().map(str::to_owned);
    assert_eq!(
        why("newer").as_deref(),
        Some("cannot read the rule `newer` in the database: a newer Echostr may have written it")
    );
    let bad = why("bad").expect("it cannot be used");
    assert!(
        bad.starts_with("the rule `bad` in the database cannot be used: `when.regex[0]` "),
        "{bad}"
    );
    let sealed = why("sealed").expect("it cannot be decrypted");
    assert!(
        sealed.starts_with("the secrets of the rule `sealed` cannot be decrypted"),
        "{sealed}"
    );
    assert_eq!((why("fine"), why("other")), (None, None));
    assert_eq!(running.answers("shop", "甲").await, None);
    assert_eq!(running.answers("shop", "乙").await.as_deref(), Some("fine"));
    assert_eq!(
        running.answers("shop", "relay").await.as_deref(),
        Some("other")
    );
    assert_eq!(running.ids(Some("shop")).len(), 5);
    assert_eq!(running.get("newer").rule.account.as_deref(), Some("shop"));

    // They can be made anew, and removed.
    let old = running.get("newer");
    let edits = vec![
        put(rule("newer shop 0 甲"), Some(old.updated_at_ms)),
        remove("bad"),
        remove("sealed"),
    ];
    running.edit(edits).await;
    assert_eq!(
        running.answers("shop", "甲").await.as_deref(),
        Some("newer")
    );
    assert_eq!(running.ids(None).len(), 3);
    running.stop().await;
}

async fn the_secrets_of_rules_move_to_a_new_master_key(ground: Ground) {
    let running = start(&ground).await;
    running
        .edit(vec![relay("one"), relay("two"), create("plain * 0 x")])
        .await;
    running.stop().await;
    let both = format!("{NEWER}, {MASTER}");
    let running = start_with(&ground, &both).await.expect("both are given");
    running.edit(vec![relay("three")]).await;
    let rotated = running.accounts.reencrypt(&by()).await.expect("written");
    assert_eq!((rotated.n_secrets, rotated.retired.len()), (2, 1));
    running.edit(vec![relay("four")]).await;
    running.stop().await;

    assert!(start_with(&ground, MASTER).await.is_err());
    let running = start_with(&ground, NEWER).await.expect("one is enough");
    for id in ["one", "two", "three", "four"] {
        assert_eq!(*running.get(id).secrets, secrets(), "{id}");
    }
    running.stop().await;
}

/// As a change that is made while the secrets are encrypted anew.
#[tokio::test]
async fn a_rule_that_changes_during_a_rotation_keeps_its_new_secrets() {
    let ground = Ground::sqlite();
    let running = start(&ground).await;
    running.edit(vec![relay("one"), relay("two")]).await;
    running.stop().await;
    execute(
        &ground,
        "CREATE TABLE old AS SELECT key_id, sealed FROM rules WHERE id = 'two'",
    );
    let both = format!("{NEWER}, {MASTER}");
    let running = start_with(&ground, &both).await.expect("both are given");
    let two = running.get("two");
    let token: Token = "AnotherRelayToken".parse().expect("a token");
    let edit = RuleEdit::Put {
        rule: Box::new(Rule::clone(&two.rule)),
        secrets: RuleSecrets {
            token: Some(token.clone()),
            ..secrets()
        },
        before: Some(two.updated_at_ms),
    };
    running.edit(vec![edit]).await;
    execute(
        &ground,
        "CREATE TABLE newer AS SELECT key_id, sealed FROM rules WHERE id = 'two';
         UPDATE rules SET (key_id, sealed) = (SELECT key_id, sealed FROM old) WHERE id = 'two';
         CREATE TRIGGER meanwhile AFTER UPDATE ON rules WHEN new.id = 'one' BEGIN
             UPDATE rules SET (key_id, sealed) = (SELECT key_id, sealed FROM newer) WHERE id = 'two';
         END",
    );
    running.accounts.reencrypt(&by()).await.expect("written");
    running.stop().await;
    execute(
        &ground,
        "DROP TRIGGER meanwhile; DROP TABLE old; DROP TABLE newer",
    );
    let running = start_with(&ground, NEWER).await.expect("one is enough");
    assert_eq!(*running.get("one").secrets, secrets());
    assert_eq!(running.get("two").secrets.token, Some(token));
    running.stop().await;
}

async fn a_master_key_is_needed_while_a_rule_is_sealed_under_it(ground: Ground) {
    let running = start(&ground).await;
    running.edit(vec![relay("one")]).await;
    running.stop().await;
    let wrong = start_with(&ground, NEWER).await.err().expect("refused");
    assert!(
        wrong.to_string().contains("is not that of the database"),
        "{wrong}"
    );

    let both = format!("{NEWER}, {MASTER}");
    let running = start_with(&ground, &both).await.expect("both are given");
    execute(&ground, "UPDATE rules SET sealed = substr(sealed, 2)");
    let refused = running.accounts.reencrypt(&by()).await;
    let refused = refused.expect_err("it cannot be decrypted").to_string();
    assert!(
        refused.contains("the secrets of the rule `one`"),
        "{refused}"
    );
    assert_eq!(ground.count("master_keys"), 2);
    // Without secrets no key is needed.
    running.edit(vec![remove("one")]).await;
    running.accounts.reencrypt(&by()).await.expect("written");
    running.stop().await;
    let running = start_with(&ground, NEWER).await.expect("one is enough");
    running.stop().await;
}

async fn no_secret_is_in_the_database_or_printed(ground: Ground) {
    let running = start(&ground).await;
    running.edit(vec![relay("one")]).await;
    let printed = format!(
        "{:?} {:?} {:?} {:?}",
        running.rules,
        running.rules.list(None),
        relay("two"),
        audit(&running.db, None, None, 100).await.expect("read"),
    );
    let before_closing = stored(&ground);
    running.stop().await;
    let stored = before_closing.into_iter().chain(stored(&ground));
    assert!(!printed.contains("Planted"), "{printed}");
    for (place, bytes) in stored {
        let found = bytes.windows(7).any(|window| window == b"Planted");
        assert!(!found, "{place}");
    }
}
