//! The panel of an account: what its owner fills in on the platform's pages, and what goes wrong on purpose.

use askama::Template;

use super::language::Language;
use super::view::Opened;
use crate::world::{Account, Kind, World};

#[derive(Template)]
#[template(path = "account.html")]
struct Panel<'a> {
    language: Language,
    account: &'a Account,
    url: &'a str,
    token: &'a str,
    mode: &'static str,
    key: String,
    allowed: String,
    course: String,
    base: &'a str,
    faults: Vec<String>,
}

#[expect(
    clippy::unused_self,
    clippy::trivially_copy_pass_by_ref,
    reason = "templates call methods, with references"
)]
impl Panel<'_> {
    fn kinds(&self) -> [Kind; 4] {
        Kind::ALL
    }

    fn modes(&self) -> [(&'static str, &'static str); 3] {
        let t = |chinese, english| self.language.t(chinese, english);
        [
            ("plain", t("明文模式", "plain 明文模式")),
            ("compatible", t("兼容模式", "compatible 兼容模式")),
            ("safe", t("安全模式", "safe 安全模式")),
        ]
    }

    /// What may be chosen, as it is written, with the words for it.
    fn courses(&self) -> Vec<(String, &'static str)> {
        let t = |chinese, english| self.language.t(chinese, english);
        let usual = [
            (
                "in-turn",
                t(
                    "依次：断开后再投下一次",
                    "in turn: the next after the one before was closed",
                ),
            ),
            (
                "overlapping 2 s",
                t(
                    "没等断开就重复投递（2 秒）",
                    "a repeat comes after 2 s, before the first closes",
                ),
            ),
            (
                "first-lost 2 s",
                t("第一次投递丢失（2 秒断开）", "the first is lost after 2 s"),
            ),
            (
                "response-lost",
                t(
                    "第一个回复在路上丢失",
                    "the first response is lost on its way",
                ),
            ),
            ("slow 1 s", t("网络慢 1 秒", "the network is slow by 1 s")),
            (
                "skewed -90 s",
                t("平台的时钟慢 90 秒", "the platform's clock is 90 s behind"),
            ),
            (
                "forged signature",
                t("伪造：签名是错的", "forged: a wrong signature"),
            ),
            (
                "forged msg-signature",
                t(
                    "伪造：msg_signature 是错的",
                    "forged: a wrong msg_signature",
                ),
            ),
            (
                "forged other-body",
                t("伪造：换了密文", "forged: another ciphertext"),
            ),
            (
                "forged clear-body",
                t("伪造：换成明文", "forged: a clear body"),
            ),
        ];
        let mut courses: Vec<_> = usual.map(|(word, told)| (word.to_owned(), told)).into();
        if courses.iter().all(|(word, _)| *word != self.course) {
            courses.push((self.course.clone(), ""));
        }
        courses
    }

    fn kind_name(&self, kind: &Kind) -> String {
        match self.language {
            Language::Chinese => kind.chinese().to_owned(),
            Language::English => format!("{} {}", kind.name(), kind.chinese()),
        }
    }
}

/// One for each account of which a phone is open.
pub(super) fn panels(world: &World, opened: &Opened, language: Language) -> Vec<String> {
    let is_open = |account: &&Account| {
        opened
            .0
            .iter()
            .any(|key| key.app_id == account.settings.app_id)
    };
    let accounts = world.accounts().iter().filter(is_open);
    accounts
        .map(|account| panel(world, account, language))
        .collect()
}

fn panel(world: &World, account: &Account, language: Language) -> String {
    let settings = &account.settings;
    let server = settings.server.as_ref();
    let sealing = server.and_then(|server| server.mode.sealing());
    let allowed: Vec<_> = settings.allowed.iter().map(ToString::to_string).collect();
    let panel = Panel {
        language,
        account,
        url: server.map_or("", |server| &server.url),
        token: server.map_or("", |server| server.token.expose()),
        mode: server.map_or("plain", |server| server.mode.name()),
        key: sealing
            .map(|sealing| sealing.key.to_base64())
            .unwrap_or_default(),
        allowed: allowed.join(" "),
        course: account.course().to_string(),
        base: &world.base,
        faults: world.faults.0.iter().map(ToString::to_string).collect(),
    };
    panel.render().expect("it is written into memory")
}
