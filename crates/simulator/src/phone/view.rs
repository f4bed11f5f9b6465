//! What stands on the page: the list of conversations, and the phones that are open.

use std::cmp::Reverse;
use std::fmt::Write as _;

use askama::Template;
use echostr_protocol::api::menu::{Button, ButtonType};
use echostr_protocol::{AppId, OpenId};

use super::entry::{self, Avatar};
use super::language::Language;
use super::text;
use crate::exchange::{Record, What};
use crate::push::FOLLOWER;
use crate::world::{Account, Follower, World};

/// How many phones may be open beside each other.
const MAX_OPENED: usize = 6;
/// How many people of an account the list shows.
const MAX_ROWS: usize = 200;

/// The phones that are open: one follower at one account each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opened(pub(super) Vec<Key>);

/// A follower at an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) app_id: AppId,
    pub(super) open_id: OpenId,
    /// The last entry that the page has.
    pub(super) after: u64,
}

impl Key {
    fn new(account: &Account, follower: &Follower) -> Self {
        Self::of(&account.settings.app_id, &follower.open_id)
    }

    pub(super) fn of(app_id: &AppId, open_id: &OpenId) -> Self {
        Self {
            app_id: app_id.clone(),
            open_id: open_id.clone(),
            after: 0,
        }
    }

    /// `APPID.OPENID`, or with the last entry behind it.
    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split('.');
        let (app_id, open_id) = (parts.next()?, parts.next()?);
        Some(Self {
            app_id: app_id.into(),
            open_id: open_id.into(),
            after: parts
                .next()
                .and_then(|after| after.parse().ok())
                .unwrap_or_default(),
        })
    }

    /// As it stands in addresses and ids.
    pub(super) fn word(&self) -> String {
        format!("{}.{}", self.app_id, self.open_id)
    }

    pub(super) fn is(&self, app_id: &AppId, open_id: &OpenId) -> bool {
        &self.app_id == app_id && &self.open_id == open_id
    }

    pub(super) fn find<'a>(&self, world: &'a World) -> Option<(&'a Account, &'a Follower)> {
        let account = world.account(self.app_id.as_str())?;
        Some((account, account.follower(self.open_id.as_str())?))
    }
}

/// The first value of this field of a query.
pub(super) fn field(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

impl Opened {
    pub(super) fn of_query(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "p");
        let keys = pairs.filter_map(|(_, word)| Key::parse(&word));
        Self(keys.take(MAX_OPENED).collect())
    }

    /// Those of them that there are, or the first that there is.
    pub(super) fn or_first(mut self, world: &World) -> Self {
        self.0.retain(|key| key.find(world).is_some());
        let first = world
            .accounts()
            .iter()
            .find_map(|account| Some(Key::new(account, account.followers.first()?)));
        if self.0.is_empty() {
            self.0.extend(first);
        }
        self
    }

    fn has(&self, key: &Key) -> bool {
        self.0
            .iter()
            .any(|opened| opened.is(&key.app_id, &key.open_id))
    }

    /// The page with these phones.
    pub(super) fn address(&self) -> String {
        let words: Vec<_> = self
            .0
            .iter()
            .map(|key| format!("p={}", key.word()))
            .collect();
        format!("/?{}", words.join("&"))
    }

    /// The query for the events: each with the last entry that stands on the page.
    pub(super) fn with_last(&self, world: &World) -> String {
        let mut query = String::new();
        for key in &self.0 {
            let last = key
                .find(world)
                .and_then(|(_, follower)| follower.conversation.entries().last());
            let _ = write!(
                query,
                "p={}.{}&",
                key.word(),
                last.map_or(0, |entry| entry.id)
            );
        }
        query
    }
}

#[derive(Template)]
#[template(path = "group.html")]
struct Group<'a> {
    language: Language,
    account: &'a Account,
    avatar: Avatar,
    rows: Vec<Row<'a>>,
    /// How many people are not shown.
    n_more: usize,
}

#[derive(Template)]
#[template(path = "row.html")]
struct Row<'a> {
    language: Language,
    follower: &'a Follower,
    avatar: Avatar,
    word: String,
    is_open: bool,
    n_unread: usize,
    last: String,
    at_ms: i64,
    /// The page with this phone alone, beside those that are open, and without it.
    alone: String,
    beside: String,
    without: String,
}

/// One account in the list, with the conversations of its people.
pub(super) fn group(
    world: &World,
    app_id: &AppId,
    opened: &Opened,
    language: Language,
) -> Option<String> {
    let account = world.account(app_id.as_str())?;
    let shown = shown(account, opened);
    let group = Group {
        language,
        account,
        avatar: Avatar::of_account(account),
        n_more: account.followers.len() - shown.len(),
        rows: shown
            .into_iter()
            .map(|follower| row(account, follower, opened, language))
            .collect(),
    };
    Some(group.render().expect("it is written into memory"))
}

/// The accounts, one after the other.
pub(super) fn groups(world: &World, opened: &Opened, language: Language) -> Vec<String> {
    let accounts = world.accounts().iter();
    accounts
        .filter_map(|account| group(world, &account.settings.app_id, opened, language))
        .collect()
}

/// All, as they came; of too many those that are open, that have sent what was not read, or where something happened last.
fn shown<'a>(account: &'a Account, opened: &Opened) -> Vec<&'a Follower> {
    let mut shown: Vec<_> = account.followers.iter().collect();
    if shown.len() > MAX_ROWS {
        shown.sort_by_cached_key(|follower| {
            let is_open = opened.has(&Key::new(account, follower));
            let has_unread = follower.conversation.n_unread > 0;
            Reverse((is_open, has_unread, last_ms(follower)))
        });
        shown.truncate(MAX_ROWS);
    }
    shown
}

fn last_ms(follower: &Follower) -> i64 {
    let last = follower.conversation.entries().last();
    last.map_or(0, |entry| entry.at_ms)
}

/// One conversation in the list.
pub(super) fn conversation(
    world: &World,
    key: &Key,
    opened: &Opened,
    language: Language,
) -> Option<String> {
    let (account, follower) = key.find(world)?;
    let row = row(account, follower, opened, language);
    Some(row.render().expect("it is written into memory"))
}

fn row<'a>(
    account: &Account,
    follower: &'a Follower,
    opened: &Opened,
    language: Language,
) -> Row<'a> {
    let key = Key::new(account, follower);
    let (mut beside, mut without) = (opened.clone(), opened.clone());
    beside.0.push(key.clone());
    without
        .0
        .retain(|other| !other.is(&key.app_id, &key.open_id));
    Row {
        language,
        follower,
        avatar: Avatar::of_follower(follower),
        word: key.word(),
        is_open: opened.has(&key),
        n_unread: follower.conversation.n_unread,
        last: entry::last_words(follower, language),
        at_ms: last_ms(follower),
        alone: Opened(vec![key]).address(),
        beside: beside.address(),
        without: without.address(),
    }
}

#[derive(Template)]
#[template(path = "phone.html")]
struct Phone<'a> {
    language: Language,
    account: &'a Account,
    follower: &'a Follower,
    word: String,
    avatar: Avatar,
    title: String,
    entries: String,
    menu: String,
    /// The page without it; empty when it is the only one.
    without: String,
}

/// The phones, as HTML.
pub(super) fn phones(world: &World, opened: &Opened, language: Language) -> Vec<String> {
    let phones = opened.0.iter().filter_map(|key| {
        let (account, follower) = key.find(world)?;
        let mut without = opened.clone();
        without.0.retain(|other| other != key);
        let phone = Phone {
            language,
            account,
            follower,
            word: key.word(),
            avatar: Avatar::of_account(account),
            title: title(world, key, language)?,
            entries: entry::html(world, account, follower, 0, language),
            menu: menu(world, key, language)?,
            without: if without.0.is_empty() {
                String::new()
            } else {
                without.address()
            },
        };
        Some(phone.render().expect("it is written into memory"))
    });
    phones.collect()
}

/// What stands above a conversation: the account's name, or that it is typing.
pub(super) fn title(world: &World, key: &Key, language: Language) -> Option<String> {
    let (account, follower) = key.find(world)?;
    let typing_ms = (follower.conversation.typing_until_ms - world.now_ms()).max(0);
    let (name, word) = (text::escaped(&account.settings.name), key.word());
    let typing = language.t("对方正在输入…", "Typing…");
    Some(format!(
        "<h2 id=\"title-{word}\" data-typing=\"{typing_ms}\"><span class=\"name\">{name}</span><span class=\"typing\">{typing}</span></h2>"
    ))
}

#[derive(Template)]
#[template(path = "menu.html")]
struct Menu<'a> {
    language: Language,
    word: String,
    buttons: &'a [Button],
}

#[expect(clippy::unused_self, reason = "templates call methods")]
impl Menu<'_> {
    /// The page that a button opens in the browser; empty: none.
    fn page<'b>(&self, button: &'b Button) -> &'b str {
        let opens = matches!(button.r#type, Some(ButtonType::View));
        button
            .url
            .as_deref()
            .filter(|url| opens && text::is_web(url))
            .unwrap_or_default()
    }

    fn kind<'b>(&self, button: &'b Button) -> &'b str {
        button.r#type.as_ref().map_or("", |kind| kind.as_str())
    }

    fn mini<'b>(&self, button: &'b Button) -> &'b str {
        button.appid.as_ref().map_or("", |app_id| app_id.as_str())
    }
}

/// The bar of the menu; empty when there is none.
pub(super) fn menu(world: &World, key: &Key, language: Language) -> Option<String> {
    let (account, follower) = key.find(world)?;
    let menu = Menu {
        language,
        word: key.word(),
        buttons: account.state.menu.shown_to(follower),
    };
    Some(menu.render().expect("it is written into memory"))
}

/// The newest exchanges that belong to the open phones and their accounts, from the one numbered `from` on, oldest first.
pub(super) fn records<'a>(
    world: &'a World,
    opened: &Opened,
    from: u64,
    max: usize,
) -> Vec<&'a Record> {
    let newest = world.log.records().rev();
    let mut records: Vec<_> = newest
        .filter(|record| record.id >= from && concerns(record, opened))
        .take(max)
        .collect();
    records.reverse();
    records
}

/// The number of the first of these exchanges that is not at its end, or of those that will follow them.
pub(super) fn first_that_changes(records: &[&Record]) -> u64 {
    let is_running = |record: &&&Record| match &record.what {
        What::Call(_) => false,
        What::Push(pushed) => {
            let mut deliveries = pushed.deliveries.iter();
            pushed.shown.is_none() || deliveries.any(|delivery| delivery.took_ms.is_none())
        }
    };
    let running = records.iter().find(is_running).map(|record| record.id);
    running.unwrap_or_else(|| records.last().map_or(0, |record| record.id + 1))
}

/// Whether an exchange belongs to the open phones and their accounts.
pub(super) fn concerns(record: &Record, opened: &Opened) -> bool {
    let Some(app_id) = &record.app_id else {
        return true;
    };
    let mut opened = opened.0.iter().filter(|key| &key.app_id == app_id);
    match &record.what {
        What::Call(_) => opened.next().is_some(),
        // What no follower did, such as the end of a job, belongs to the account.
        What::Push(pushed) => {
            opened.any(|key| key.open_id == pushed.follower || pushed.follower.as_str() == FOLLOWER)
        }
    }
}
