//! What there is to tell, given what was seen: no clock, no address.

use std::collections::{HashMap, HashSet, VecDeque};

use echostr::client::{Capability, May};
use echostr::{Able, Seen, Strategy, Trouble};

use super::{Cause, Concerned, Notice, Notify};

/// At most one notice of a cause in this time.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// In what time requests with a wrong signature are counted.
const WINDOW_MS: i64 = 10 * 60 * 1000;
/// How finely this is known.
const SAMPLE_MS: i64 = 30 * 1000;

/// What is told of accounts.
const CONCERNING: [Cause; 4] = [
    Cause::ManyForged,
    Cause::NoPush,
    Cause::WrongAccount,
    Cause::ApiRefused,
];

/// How the server is at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Since when the journal cannot be written, Unix milliseconds.
    pub journal_away_since_ms: Option<i64>,
    /// The accounts that are served.
    pub accounts: Vec<Watched>,
}

/// What was counted for an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// The public id.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Unix milliseconds; nothing: there never was one.
    pub last_push_at_ms: Option<i64>,
    /// Requests with a wrong signature, in all.
    pub forged: u64,
    /// Pushes to another original id, in all.
    pub wrong_account: u64,
    /// Why the platform's API refuses calls, while it does.
    pub api: Option<Trouble>,
}

impl Watched {
    /// An account by what was seen of it.
    pub fn of(id: &str, name: &str, seen: &Seen) -> Self {
        let seen = seen.snapshot();
        let refused = |class: &str| seen.refused.get(class).copied().unwrap_or_default();
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            last_push_at_ms: seen.last_push_at_ms,
            forged: refused("bad_signature"),
            wrong_account: refused("wrong_account"),
            api: None,
        }
    }

    /// With what it may do at the platform, and how it answers.
    #[must_use]
    pub fn able(self, able: &Able, delivery: Strategy) -> Self {
        let may_send = match able.may(Capability::CustomMessage) {
            May::No(code) if delivery == Strategy::Send => Some(Trouble {
                code,
                address: None,
                n_calls: 1,
            }),
            _ => None,
        };
        Self {
            api: able.trouble().now().or(may_send),
            ..self
        }
    }
}

/// Remembers what was seen and told for one `[[notify]]`.
#[derive(Debug)]
pub struct Watcher {
    settings: Notify,
    // Nobody is blamed for the time when the server did not run.
    started_at_ms: i64,
    is_away: bool,
    accounts: HashMap<String, Known>,
    // Unix milliseconds.
    told: HashMap<Cause, i64>,
}

#[derive(Debug)]
struct Known {
    // Moments and counts. The first is as old as the window or the notice, or the oldest there is.
    forged: VecDeque<(i64, u64)>,
    // The most within a window that is to be told, if that is many.
    n_forged: u64,
    wrong_account: u64,
    // The trouble with the API that was told: its code and address.
    api: Option<(i64, Option<String>)>,
    // The last push before the silence that was told.
    silent_since_ms: Option<i64>,
}

impl Watcher {
    /// Begins at this moment, Unix milliseconds.
    pub fn new(settings: &Notify, now_ms: i64) -> Self {
        Self {
            settings: settings.clone(),
            started_at_ms: now_ms,
            is_away: false,
            accounts: HashMap::new(),
            told: HashMap::new(),
        }
    }

    /// What is to be told now: at most one notice for each cause, with all the accounts that it is about since the one before.
    pub fn look(&mut self, sight: &Sight, now_ms: i64) -> Vec<Notice> {
        self.told.retain(|_, at_ms| now_ms - *at_ms < HOUR_MS);
        let mut notices = Vec::new();
        notices.extend(self.journal(sight, now_ms));
        let mut concerned = CONCERNING.map(|cause| (cause, vec![]));
        let here: HashSet<&str> = sight.accounts.iter().map(|account| &*account.id).collect();
        self.accounts.retain(|id, _| here.contains(&**id));
        for account in &sight.accounts {
            for (place, n) in self.account(account, now_ms).into_iter().enumerate() {
                let (cause, accounts) = &mut concerned[place];
                if let Some(n) = n
                    && self.may_tell(*cause)
                {
                    let trouble = account.api.as_ref();
                    let trouble = trouble.filter(|_| *cause == Cause::ApiRefused);
                    if let Some(known) = self.accounts.get_mut(&account.id) {
                        known.tell(*cause, account, now_ms);
                    }
                    accounts.push(Concerned {
                        id: account.id.clone(),
                        name: account.name.clone(),
                        n,
                        remedy: trouble.map(|trouble| remedy(trouble.code)),
                        address: trouble.and_then(|trouble| trouble.address.clone()),
                    });
                }
            }
        }
        let concerned = concerned
            .into_iter()
            .filter(|(_, accounts)| !accounts.is_empty());
        notices.extend(concerned.map(|(cause, accounts)| Notice {
            cause,
            at_ms: now_ms,
            accounts,
        }));
        self.told
            .extend(notices.iter().map(|notice| (notice.cause, now_ms)));
        notices
    }

    fn journal(&mut self, sight: &Sight, now_ms: i64) -> Option<Notice> {
        let is_away = sight.journal_away_since_ms.is_some();
        let cause = match (self.is_away, is_away) {
            (false, true) => Cause::JournalAway,
            (true, false) => Cause::JournalBack,
            _ => return None,
        };
        // What may not be told yet is told later, if it is still so.
        if !self.may_tell(cause) {
            return None;
        }
        self.is_away = is_away;
        Some(Notice {
            cause,
            at_ms: now_ms,
            accounts: Vec::new(),
        })
    }

    /// How many requests, hours or calls there are to tell of, in the order of [`CONCERNING`].
    fn account(&mut self, account: &Watched, now_ms: i64) -> [Option<u64>; CONCERNING.len()] {
        let known = self
            .accounts
            .entry(account.id.clone())
            .or_insert_with(|| Known {
                forged: VecDeque::from([(now_ms, account.forged)]),
                n_forged: 0,
                wrong_account: account.wrong_account,
                api: None,
                silent_since_ms: None,
            });
        let forged = known.forged(account.forged, now_ms);
        if forged >= self.settings.forged_per_10_min {
            known.n_forged = known.n_forged.max(forged);
        }
        let wrong = account.wrong_account.saturating_sub(known.wrong_account);
        let silent = account.last_push_at_ms.zip(self.settings.no_push);
        let hours = silent.and_then(|(last_ms, allowed)| {
            let since_ms = now_ms - last_ms.max(self.started_at_ms);
            let is_long = u128::try_from(since_ms).is_ok_and(|since| since >= allowed.as_millis());
            let is_news = known.silent_since_ms != Some(last_ms);
            (is_long && is_news).then(|| (now_ms - last_ms) / HOUR_MS)
        });
        let api = account.api.as_ref();
        if api.is_none() {
            known.api = None;
        }
        let api = api.filter(|trouble| known.api != Some(which(trouble)));
        [
            Some(known.n_forged).filter(|n| *n > 0),
            hours.and_then(|hours| u64::try_from(hours).ok()),
            Some(wrong).filter(|n| *n > 0),
            api.map(|trouble| trouble.n_calls),
        ]
    }

    /// Whether this is asked for and was not told within the last hour.
    fn may_tell(&self, cause: Cause) -> bool {
        self.settings.causes.contains(&cause) && !self.told.contains_key(&cause)
    }
}

/// What makes it this trouble.
fn which(trouble: &Trouble) -> (i64, Option<String>) {
    (trouble.code, trouble.address.clone())
}

/// What to do about a code of the platform's, in Chinese and English.
fn remedy(code: i64) -> [&'static str; 2] {
    match code {
        40164 | 61004 => [
            "在公众平台的页面上把 {address} 加入 IP 白名单",
            "add {address} to the list of allowed addresses (IP白名单) on the platform's page",
        ],
        40013 | 41002 => [
            "AppID 不对，比较这里的 app_id 和公众平台的页面",
            "the AppID is wrong: compare `app_id` with the platform's page",
        ],
        40243 => [
            "AppSecret 被冻结了，在公众平台的页面上解冻",
            "the AppSecret is frozen (冻结): unfreeze it on the platform's page",
        ],
        40001 | 40125 | 41004 => [
            "AppSecret 不对，在公众平台的页面上重置，再用 echostr account set --app-secret-file 写到这里",
            "the AppSecret is wrong: reset it on the platform's page, and set it with `echostr account set --app-secret-file`",
        ],
        _ => [
            "这个公众号不能发客服消息：先认证，或把 delivery 从 send 改成别的",
            "the account may not send customer-service messages: have it verified (认证), or choose another `delivery` than `send`",
        ],
    }
}

impl Known {
    /// How many were counted within the window.
    fn forged(&mut self, count: u64, now_ms: i64) -> u64 {
        while self
            .forged
            .get(1)
            .is_some_and(|(at_ms, _)| now_ms - at_ms >= WINDOW_MS)
        {
            self.forged.pop_front();
        }
        let (last_at_ms, last) = self.forged.back().copied().unwrap_or((now_ms, count));
        if count != last && now_ms - last_at_ms >= SAMPLE_MS {
            self.forged.push_back((now_ms, count));
        }
        let (_, before) = self.forged.front().copied().unwrap_or((now_ms, count));
        count.saturating_sub(before)
    }

    /// What is told is not told again.
    fn tell(&mut self, cause: Cause, account: &Watched, now_ms: i64) {
        match cause {
            Cause::ManyForged => {
                self.n_forged = 0;
                self.forged = VecDeque::from([(now_ms, account.forged)]);
            }
            Cause::NoPush => self.silent_since_ms = account.last_push_at_ms,
            Cause::WrongAccount => self.wrong_account = account.wrong_account,
            Cause::ApiRefused => self.api = account.api.as_ref().map(which),
            _ => {}
        }
    }
}
