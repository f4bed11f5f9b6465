//! What an account may do, by its kind — 接口权限.
//!
//! Source: <https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Explanation_of_interface_privileges.html>, and the
//! notice of July 2025 that took the publish interfaces from unverified accounts.

use echostr_protocol::api::{Auth, Endpoint};

use super::{Call, Handlers, Refusal};
use crate::world::Kind;

/// Nothing: it depends on the account's kind alone.
#[derive(Debug, Default)]
pub(crate) struct State;

pub(super) fn handlers(_: &mut Handlers) {}

/// Who may call something.
#[derive(Debug, Clone, Copy)]
enum Who {
    /// Every account.
    All,
    /// All but unverified subscription accounts.
    Menu,
    /// Verified accounts.
    Verified,
    /// Verified service accounts.
    VerifiedService,
}

/// By chapter.
const CHAPTERS: &[(&str, Who)] = &[
    ("token", Who::All),
    ("base", Who::All),
    ("quota", Who::All),
    ("js_sdk", Who::All),
    ("autoreply", Who::All),
    ("menu", Who::Menu),
    ("kf_account", Who::VerifiedService),
    ("kf_session", Who::VerifiedService),
    ("template_message", Who::VerifiedService),
    ("qrcode", Who::VerifiedService),
    ("short_link", Who::VerifiedService),
    ("oauth", Who::VerifiedService),
    ("invoice", Who::VerifiedService),
    ("nontax", Who::VerifiedService),
    ("medical", Who::VerifiedService),
];

/// Where one differs from its chapter.
const ENDPOINTS: &[(&str, Who)] = &[
    // It only tells what the website has: 查询菜单.
    ("GetCurrentSelfMenuInfo", Who::All),
    ("MassSend", Who::VerifiedService),
];

/// What is not in the tables, custom and mass messages, users, tags, materials, drafts and publishing among it, is for verified
/// accounts.
fn who(endpoint: &Endpoint) -> Who {
    let single = ENDPOINTS.iter().find(|(name, _)| *name == endpoint.name);
    let chapter = || CHAPTERS.iter().find(|(name, _)| *name == endpoint.chapter);
    single
        .or_else(chapter)
        .map_or(Who::Verified, |(_, who)| *who)
}

/// Whether an account of this kind may call it.
pub(super) fn may(kind: Kind, endpoint: &Endpoint) -> bool {
    if matches!(endpoint.auth, Auth::Component) {
        return true;
    }
    match who(endpoint) {
        Who::All => true,
        Who::Menu => kind != Kind::Subscription,
        Who::Verified => kind.is_verified(),
        Who::VerifiedService => kind == Kind::VerifiedService,
    }
}

/// 48001 when it may not.
pub(super) fn check(call: &Call<'_>) -> Result<(), Refusal> {
    if may(call.account.settings.kind, call.endpoint) {
        Ok(())
    } else {
        Err(Refusal::code(48001))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echostr_protocol::api;

    #[test]
    fn the_tables_name_what_there_is() {
        for (chapter, _) in CHAPTERS {
            assert!(
                api::CHAPTERS.iter().any(|(name, _)| name == chapter),
                "{chapter}"
            );
        }
        for (name, _) in ENDPOINTS {
            assert!(api::find(name).is_some(), "{name}");
        }
    }

    #[track_caller]
    fn check(name: &str, may_call: [bool; 4]) {
        let endpoint = api::find(name).expect("an endpoint");
        assert_eq!(Kind::ALL.map(|kind| may(kind, endpoint)), may_call);
    }

    /// In the columns of the platform's table: unverified and verified subscription, unverified and verified service accounts.
    #[test]
    fn the_kind_of_an_account_decides_what_it_may_do() {
        check("GetApiDomainIp", [true, true, true, true]);
        check("CreateCustomMenu", [false, true, true, true]);
        check("SendCustomMessage", [false, true, false, true]);
        check("SendAll", [false, true, false, true]);
        check("MassSend", [false, false, false, true]);
        check("CreateTag", [false, true, false, true]);
        check("AddMaterial", [false, true, false, true]);
        check("FreePublishSubmit", [false, true, false, true]);
        check("CreateQrCode", [false, false, false, true]);
        check("SendTemplateMessage", [false, false, false, true]);
    }
}
