//! Menus — 自定义菜单: the one for everybody, and those for some followers only.

mod check;

use echostr_protocol::MediaId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::media::MediaType;
use echostr_protocol::api::menu::{
    AddConditionalMenu, AddConditionalMenuResponse, Button, ButtonType, ConditionalMenu,
    CreateCustomMenu, DeleteConditionalMenu, DeleteMenu, GetCurrentSelfMenuInfo,
    GetCurrentSelfMenuInfoResponse, GetMenu, GetMenuResponse, MatchRule, Menu, SelfMenuButton,
    SelfMenuInfo, SubMenu, TryMatchMenu, TryMatchMenuResponse,
};
use serde_json::Value;

use self::check::check;
use super::{Call, Consequence, Handlers, Refusal};
use crate::conversation::Bubble;
use crate::world::{Account, Follower};

/// How many menus for some followers there may be: the platform's number is not known, it allows 2000 a day.
const MAX_CONDITIONAL: usize = 2000;
/// How many domains they may link to, all together.
const MAX_DOMAINS: usize = 3;

/// The menus of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    default: Option<Menu>,
    /// Newest first.
    conditional: Vec<ConditionalMenu>,
}

impl State {
    /// The buttons that this follower sees: those of the newest menu whose rule matches them, else those for everybody. Empty
    /// when there is no menu.
    pub(crate) fn shown_to(&self, follower: &Follower) -> &[Button] {
        self.matching(follower).map_or(&[], |(_, buttons)| buttons)
    }

    /// The same with the id of the menu, which its events carry.
    pub(crate) fn matching(&self, follower: &Follower) -> Option<(i64, &[Button])> {
        let default = self.default.as_ref()?;
        let special = self
            .conditional
            .iter()
            .find(|menu| matches(menu.matchrule.as_ref(), follower));
        Some(match special {
            Some(menu) => (menu.menuid, &menu.button),
            None => (default.menuid, &default.button),
        })
    }

    /// Whether a button sends or opens this material.
    pub(super) fn uses(&self, media_id: &MediaId) -> bool {
        let special = self.conditional.iter().map(|menu| &menu.button);
        let menus = self.default.iter().map(|menu| &menu.button).chain(special);
        let mut buttons = menus
            .flatten()
            .flat_map(|button| std::iter::once(button).chain(&button.sub_button));
        buttons.any(|button| button.media_id.as_ref() == Some(media_id))
    }
}

impl Account {
    /// The buttons that a follower sees; empty when there is no menu.
    pub fn menu_of(&self, follower: &Follower) -> &[Button] {
        self.state.menu.shown_to(follower)
    }
}

/// Of a follower with several tags the latest counts.
fn matches(rule: Option<&MatchRule>, follower: &Follower) -> bool {
    let Some(rule) = rule else { return false };
    let tag = follower.tags.last().copied();
    rule.tag_id.is_none_or(|wanted| tag == Some(wanted))
        && rule
            .client_platform_type
            .is_none_or(|wanted| wanted == follower.client_platform_type)
        && rule
            .language
            .as_ref()
            .is_none_or(|wanted| wanted == follower.language)
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(create);
    on.on(get);
    on.on(delete);
    on.on(add_conditional);
    on.on(delete_conditional);
    on.on(try_match);
    on.on(current);
}

fn create(call: &mut Call<'_>, request: CreateCustomMenu) -> Result<Empty, Refusal> {
    check(call, &request.button, false)?;
    let menuid = next_id(call);
    call.account.state.menu.default = Some(Menu {
        button: request.button,
        menuid,
    });
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

fn get(call: &mut Call<'_>, _: GetMenu) -> Result<GetMenuResponse, Refusal> {
    let state = &call.account.state.menu;
    let menu = state.default.clone().ok_or_else(|| Refusal::code(46003))?;
    Ok(GetMenuResponse {
        menu: Some(menu),
        conditionalmenu: state.conditional.clone(),
    })
}

fn delete(call: &mut Call<'_>, _: DeleteMenu) -> Result<Empty, Refusal> {
    call.account.state.menu = State::default();
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

fn add_conditional(
    call: &mut Call<'_>,
    request: AddConditionalMenu,
) -> Result<AddConditionalMenuResponse, Refusal> {
    let state = &call.account.state.menu;
    if state.default.is_none() {
        return Err(Refusal::code(65303));
    }
    if state.conditional.len() >= MAX_CONDITIONAL {
        return Err(Refusal::code(65305));
    }
    let rule = rule(call, &request)?;
    check(call, &request.button, true)?;
    let menus = call
        .account
        .state
        .menu
        .conditional
        .iter()
        .map(|menu| &menu.button);
    if check::domains(menus.chain([&request.button])) > MAX_DOMAINS {
        return Err(Refusal::code(65316));
    }
    let menuid = next_id(call);
    let menu = ConditionalMenu {
        button: request.button,
        menuid,
        matchrule: Some(rule),
    };
    call.account.state.menu.conditional.insert(0, menu);
    call.effects.push(Consequence::Account);
    Ok(AddConditionalMenuResponse {
        menuid: menuid.to_string(),
    })
}

/// Who shall see a menu. What the platform does not tell any more stands in the body only.
fn rule(call: &Call<'_>, request: &AddConditionalMenu) -> Result<MatchRule, Refusal> {
    let sent = serde_json::from_slice::<Value>(call.body).unwrap_or_default();
    let asked = &sent["matchrule"];
    let retired = ["sex", "country", "province", "city"].map(|field| &asked[field]);
    if retired
        .iter()
        .any(|value| !value.is_null() && **value != "")
    {
        return Err(Refusal::code(65320));
    }
    let number = |text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(number) => number
            .parse::<i64>()
            .map(Some)
            .map_err(|_| Refusal::code(40035)),
    };
    let rule = MatchRule {
        tag_id: number(&request.matchrule.tag_id)?,
        client_platform_type: number(&request.matchrule.client_platform_type)?,
        language: request
            .matchrule
            .language
            .clone()
            .filter(|language| !language.is_empty()),
        ..MatchRule::default()
    };
    if rule == MatchRule::default() {
        return Err(Refusal::code(65304));
    }
    if rule
        .tag_id
        .is_some_and(|tag| !call.account.state.tag.has(tag))
    {
        return Err(Refusal::code(45159));
    }
    if rule
        .client_platform_type
        .is_some_and(|kind| !(1..=3).contains(&kind))
    {
        return Err(Refusal::code(40035));
    }
    Ok(rule)
}

fn delete_conditional(
    call: &mut Call<'_>,
    request: DeleteConditionalMenu,
) -> Result<Empty, Refusal> {
    let menus = &mut call.account.state.menu.conditional;
    let before = menus.len();
    menus.retain(|menu| menu.menuid.to_string() != request.menuid);
    if menus.len() == before {
        return Err(Refusal::code(65301));
    }
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

fn try_match(call: &mut Call<'_>, request: TryMatchMenu) -> Result<TryMatchMenuResponse, Refusal> {
    let follower = call
        .account
        .follower(&request.user_id)
        .ok_or_else(|| Refusal::code(65302))?;
    match call.account.menu_of(follower) {
        [] => Err(Refusal::code(46003)),
        buttons => Ok(TryMatchMenuResponse {
            button: buttons.to_vec(),
        }),
    }
}

fn current(
    call: &mut Call<'_>,
    _: GetCurrentSelfMenuInfo,
) -> Result<GetCurrentSelfMenuInfoResponse, Refusal> {
    let menu = call.account.state.menu.default.as_ref();
    Ok(GetCurrentSelfMenuInfoResponse {
        is_menu_open: menu.is_some(),
        selfmenu_info: menu.map(|menu| SelfMenuInfo {
            button: menu.button.iter().map(self_menu).collect(),
        }),
    })
}

/// A button as the menu that is shown writes it.
fn self_menu(button: &Button) -> SelfMenuButton {
    let sub_button = (!button.sub_button.is_empty()).then(|| SubMenu {
        list: button.sub_button.iter().map(self_menu).collect(),
    });
    let value = match &button.r#type {
        Some(ButtonType::MediaId | ButtonType::ViewLimited) => {
            button.media_id.as_ref().map(ToString::to_string)
        }
        Some(ButtonType::ArticleId | ButtonType::ArticleViewLimited) => button.article_id.clone(),
        _ => None,
    };
    SelfMenuButton {
        r#type: button.r#type.clone(),
        name: button.name.clone(),
        key: button.key.clone(),
        value,
        url: button.url.clone(),
        news_info: None,
        sub_button,
    }
}

fn next_id(call: &mut Call<'_>) -> i64 {
    208_396_000 + i64::try_from(call.next_id()).unwrap_or_default()
}

impl Account {
    /// What the client shows by itself when a button sends this material; nothing: the library does not have it.
    pub(crate) fn sent_by_button(&self, base: &str, media_id: &MediaId) -> Option<Bubble> {
        let state = &self.state;
        let cards = state.draft.cards(base, self, media_id);
        if let Some(cards) = cards.or_else(|| state.material.cards(media_id)) {
            return Some(Bubble::News(cards));
        }
        let stored = state.media.in_library(media_id)?;
        let url = state.media.url(base, self, media_id);
        Some(match stored.kind {
            MediaType::Voice => Bubble::Voice { url },
            MediaType::Video => Bubble::Video {
                url,
                title: stored.description.title.clone(),
                description: stored.description.introduction.clone(),
            },
            _ => Bubble::Image { url },
        })
    }
}
