//! An account as the webhook sees it: who it is, what proves a push, what followers are told.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use echostr_protocol::{
    AppId, Document, EncodingAesKey, Error, Message, Query, Str, Token, encrypted_part, open, seal,
};
use serde::{Deserialize, Serialize};

use crate::{Able, ApiAccount, Came, OwnBot, Seen, Used, Zone};

/// An account (公众号) that pushes to this server.
#[derive(Debug, Clone)]
pub struct Account {
    /// The public id, part of the address `/mp/{id}`.
    pub id: Str,
    /// What its owner calls it.
    pub name: String,
    /// Signs every request.
    pub token: Token,
    /// The token before the last change: pushes may still be signed with it.
    pub previous_token: Option<Token>,
    /// How bodies are sealed.
    pub mode: Mode,
    /// What a new follower reads.
    pub welcome: String,
    /// What a follower reads when a handler fails or is late; empty for nothing.
    pub fallback: String,
    /// The language of texts that are not set.
    pub language: Language,
    /// By which hours and days are counted.
    pub zone: Zone,
    /// How answers reach followers that take longer than the platform waits.
    pub delivery: Strategy,
    /// What followers read around answers that come late.
    pub texts: Arc<Texts>,
    /// The name of the bot that answers, for servers that have several.
    pub bot: Str,
    /// Who answers when no handler does; nothing: the bot's default.
    pub own_bot: Option<Arc<dyn OwnBot>>,
    /// The original id (原始ID) to which its pushes must go; nothing: it is learnt from the first valid push.
    pub gh_id: Option<Str>,
    /// How the platform's HTTP API knows it; nothing without an AppID and an AppSecret.
    pub api: Option<Arc<ApiAccount>>,
    /// What it may do there.
    pub able: Arc<Able>,
    /// What came for it.
    pub seen: Arc<Seen>,
    /// Whether the platform has its token and its key.
    pub used: Arc<Used>,
    /// Whether anybody may have made up this account by its address alone: then it must cost nothing and gets little.
    pub is_open: bool,
}

/// The platform's three modes (消息加解密方式). What is configured here counts, not what a push claims.
#[derive(Debug, Clone)]
pub enum Mode {
    /// 明文模式: bodies are clear and prove nothing about their sender.
    Plain,
    /// 兼容模式: bodies are clear and encrypted; only the encrypted copy is read.
    Compatible(Sealing),
    /// 安全模式: bodies are encrypted.
    Safe(Sealing),
}

/// What it takes to open and seal.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// The account's AppID, part of every sealed body.
    pub app_id: AppId,
    /// The current EncodingAESKey.
    pub key: EncodingAesKey,
    /// The key before the last change: pushes may still be sealed with it, and are answered with it.
    pub previous_key: Option<EncodingAesKey>,
}

/// The language of the texts that followers see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// 中文
    #[default]
    #[serde(rename = "zh")]
    Chinese,
    /// English
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// What a new follower reads when the account has no welcome text of its own.
    pub fn welcome(self) -> &'static str {
        match self {
            Self::Chinese => "Hi~ 终于等到你",
            Self::English => "Hi~ nice to see you",
        }
    }

    /// What followers read around answers that come late, when the account has no texts of its own.
    pub fn texts(self) -> Arc<Texts> {
        static TEXTS: LazyLock<[Arc<Texts>; 2]> = LazyLock::new(|| {
            [Language::Chinese, Language::English].map(|of| Arc::new(of.own_texts()))
        });
        let [chinese, english] = &*TEXTS;
        Arc::clone(match self {
            Self::Chinese => chinese,
            Self::English => english,
        })
    }

    fn own_texts(self) -> Texts {
        let [
            wait,
            wait_label,
            more_label,
            end,
            expired,
            failed,
            unread,
            earlier,
            busy,
        ] = match self {
            Self::Chinese => [
                "这个问题需要多想一会儿。",
                "点这里看回答",
                "继续",
                "这条回答到此为止",
                "这条回答已过期",
                "这个问题没有得到回答，请再问一次",
                "还有 {n} 条回答，回复 1 查看",
                "您之前的问题「{question}」",
                "现在提问的人太多，请稍后再试",
            ],
            Self::English => [
                "This takes a little longer.",
                "Tap here for the answer",
                "more",
                "That was all of this answer",
                "This answer has expired",
                "There is no answer to this question, please ask again",
                "{n} more waiting, send 1 to read on",
                "Your earlier question \u{201c}{question}\u{201d}",
                "Too many questions at the moment, please try again later",
            ],
        }
        .map(str::to_owned);
        Texts {
            wait,
            wait_label,
            more_label,
            end,
            expired,
            failed,
            unread,
            earlier,
            busy,
        }
    }
}

/// How an answer reaches the follower that is not ready when the platform gives up on a delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// By what the account may do; [`Patient`](Self::Patient) until that is known.
    #[default]
    Auto,
    /// Deliveries are held until the platform repeats them: up to 14 seconds for a whole answer, then a link to the rest.
    Patient,
    /// The first delivery is answered in time with what there is and a link to the rest.
    Quick,
    /// The delivery is answered with `success`, and the answer follows as a customer-service message.
    Send,
    /// The delivery is answered with a link to a page where the answer appears.
    Link,
}

/// What followers read around answers that come late. Each text has at most 512 bytes of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Instead of an answer that has not begun; a link with the label [`wait_label`](Self::wait_label) follows.
    pub wait: String,
    /// The link that stands for an answer that has not begun.
    pub wait_label: String,
    /// The link to the rest of an answer.
    pub more_label: String,
    /// When a link to more is tapped, and there turned out to be no more.
    pub end: String,
    /// When a link is tapped whose answer is no longer kept, or is not this follower's.
    pub expired: String,
    /// When a link is tapped to an answer that nobody could make, and the account has no [`fallback`](Account::fallback).
    pub failed: String,
    /// How many further answers wait; `{n}` is their number.
    pub unread: String,
    /// Before an answer that comes after another question was asked; `{question}` is the question, shortened.
    pub earlier: String,
    /// When there is no room for a further job.
    pub busy: String,
}

impl Texts {
    /// The longest that one may be, so that an answer has room beside them.
    pub const MAX_BYTES: usize = 512;
}

/// A push that was verified and opened.
#[derive(Debug)]
pub struct Push<'a> {
    /// What it says.
    pub message: Arc<Message>,
    /// The mode in which it came, whatever the account's own is.
    pub came: Came,
    /// How the answer has to be sealed: as the push was.
    seal: Option<Seal<'a>>,
}

#[derive(Debug)]
struct Seal<'a> {
    token: &'a Token,
    key: &'a EncodingAesKey,
    app_id: &'a AppId,
}

impl Account {
    /// An account in plain mode with default texts and the bot `echo`.
    pub fn new(id: impl Into<Str>, token: Token) -> Self {
        let id = id.into();
        let language = Language::default();
        Self {
            name: id.to_string(),
            id,
            token,
            previous_token: None,
            mode: Mode::Plain,
            welcome: language.welcome().into(),
            fallback: String::new(),
            language,
            zone: Zone::default(),
            delivery: Strategy::default(),
            texts: language.texts(),
            bot: "echo".into(),
            own_bot: None,
            gh_id: None,
            api: None,
            able: Arc::default(),
            seen: Arc::default(),
            used: Arc::default(),
            is_open: false,
        }
    }

    /// Checks that the request comes from who knows the account's token, and answers with which token.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    pub fn verify(&self, query: &Query<'_>) -> Result<&Token, Error> {
        let Err(error) = self.token.verify(query) else {
            self.used.note_token();
            return Ok(&self.token);
        };
        let previous = self
            .previous_token
            .as_ref()
            .filter(|token| token.verify(query).is_ok());
        previous.ok_or(error)
    }

    /// Opens a body as the account's mode demands. `token` is the one that [`verify`](Self::verify) found.
    ///
    /// # Errors
    /// [`Error::BadSignature`] for a wrong `msg_signature`, any other of [`Error`] for a body that cannot be used.
    pub fn open<'a>(
        &'a self,
        token: &'a Token,
        query: &Query<'_>,
        body: &[u8],
    ) -> Result<Push<'a>, Error> {
        let (Mode::Compatible(sealing) | Mode::Safe(sealing)) = &self.mode else {
            let message = clear_message(body)?;
            let encrypt = message.document().root().child("Encrypt");
            return Ok(Push {
                came: if encrypt.is_some() {
                    Came::Compatible
                } else {
                    Came::Plain
                },
                message: Arc::new(message),
                seal: None,
            });
        };
        let encrypt = encrypted_part(body)?;
        token.verify_msg(query, &encrypt)?;
        let both = [
            &sealing.key,
            sealing.previous_key.as_ref().unwrap_or(&sealing.key),
        ];
        let keys = &both[..if sealing.previous_key.is_some() { 2 } else { 1 }];
        let (text, place) = open(keys, &encrypt, &sealing.app_id)?;
        if place == 0 {
            self.used.note_key();
        }
        let message = Arc::new(Message::parse(Document::from_text(text)?));
        Ok(Push {
            message,
            came: if has_clear_copy(body) {
                Came::Compatible
            } else {
                Came::Safe
            },
            seal: Some(Seal {
                token,
                key: keys[place],
                app_id: &sealing.app_id,
            }),
        })
    }

    /// Whether the push is for this account, as far as that can be known: nothing when it is, else its own original id. The
    /// first push teaches it, unless it is set.
    pub(crate) fn misses(&self, message: &Message) -> Option<&Str> {
        let to = message.to_user().as_str();
        if self.is_open || to.is_empty() || to == DOCTOR {
            return None;
        }
        let own = match &self.gh_id {
            Some(own) => own,
            None if is_original_id(to) => self.seen.learn(to),
            None => return None,
        };
        (*own != *to).then_some(own)
    }

    /// The account in a log line; open access has no id.
    pub(crate) fn log_id(&self) -> &str {
        if self.is_open {
            "(open access)"
        } else {
            &self.id
        }
    }

    /// Within what the keys of pushes differ: the account, or in open access, where several may use one
    /// token, token and original id.
    pub(crate) fn scope(&self, message: &Message) -> Cow<'_, str> {
        if self.is_open {
            format!("{} {}", self.token.expose(), message.to_user()).into()
        } else {
            self.id.as_str().into()
        }
    }
}

impl Push<'_> {
    /// Seals a rendered reply for the way back, when the push was sealed. `now` is Unix seconds, `random` draws from a
    /// cryptographic generator.
    pub fn seal(&self, reply: String, now: i64, random: impl FnOnce() -> [u8; 16]) -> String {
        let Some(Seal { token, key, app_id }) = self.seal else {
            return reply;
        };
        let random = random();
        let nonce = u32::from_le_bytes([random[0], random[5], random[10], random[15]]).to_string();
        seal(key, token, app_id, &reply, random, now, &nonce)
    }
}

/// Whether this may be an original id (原始ID): `gh_` and 1 to 64 letters, digits, `_` and `-`, of which 12 hex digits are usual.
pub fn is_original_id(text: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.strip_prefix("gh_")
        .is_some_and(|rest| (1..=64).contains(&rest.len()) && rest.bytes().all(is_of_it))
}

/// The account that `echostr doctor` plays, whichever it examines.
const DOCTOR: &str = "gh_000000000000";
/// The follower who asks what is to be answered late: nobody with this OpenID can be sent a message.
pub(crate) const DOCTORS_FOLLOWER: &str = "oEchostr-doctor-000000000000";

/// Whether an encrypted body has the fields beside it as well. What is encrypted is base64, which has no such name in it.
fn has_clear_copy(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"FromUserName").is_some()
}

/// Plain mode: the clear copy counts. A body that has none was sealed for an account that is not configured so here.
fn clear_message(body: &[u8]) -> Result<Message, Error> {
    let message = Message::parse(Document::parse(body)?);
    let is_sealed = matches!(message, Message::Unknown(_))
        && message.document().root().child("Encrypt").is_some();
    if is_sealed {
        return Err(Error::BadXml(
            "it is encrypted, but the account is in plain mode here; \
             set the mode, the EncodingAESKey and the AppID of the account, or choose 明文模式 or 兼容模式 on the platform's page"
                .into(),
        ));
    }
    Ok(message)
}

/// Where the webhook finds accounts. Look-ups are on the path of every message: they must not wait.
pub trait Accounts: Send + Sync + 'static {
    /// By public id.
    fn by_id(&self, id: &str) -> Option<Arc<Account>>;
    /// By token; tokens are unique among accounts.
    fn by_token(&self, token: &str) -> Option<Arc<Account>>;
}

impl<T: Accounts + ?Sized> Accounts for Arc<T> {
    fn by_id(&self, id: &str) -> Option<Arc<Account>> {
        (**self).by_id(id)
    }

    fn by_token(&self, token: &str) -> Option<Arc<Account>> {
        (**self).by_token(token)
    }
}

/// Accounts in memory.
#[derive(Debug, Clone, Default)]
pub struct AccountMap {
    by_id: HashMap<String, Arc<Account>>,
    by_token: HashMap<String, Arc<Account>>,
}

impl FromIterator<Account> for AccountMap {
    fn from_iter<I: IntoIterator<Item = Account>>(accounts: I) -> Self {
        let mut map = Self::default();
        for account in accounts.into_iter().map(Arc::new) {
            for token in std::iter::once(&account.token).chain(&account.previous_token) {
                map.by_token
                    .insert(token.expose().to_owned(), Arc::clone(&account));
            }
            map.by_id.insert(account.id.to_string(), account);
        }
        map
    }
}

impl Accounts for AccountMap {
    fn by_id(&self, id: &str) -> Option<Arc<Account>> {
        self.by_id.get(id).cloned()
    }

    fn by_token(&self, token: &str) -> Option<Arc<Account>> {
        self.by_token.get(token).cloned()
    }
}
