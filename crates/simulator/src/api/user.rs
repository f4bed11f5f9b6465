//! Followers — 用户信息.

use echostr_protocol::OpenId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::user::{
    BatchUserInfo, BatchUserInfoResponse, GetFans, GetFansResponse, OpenIds, UpdateRemark,
    UserInfo, UserInfoResponse,
};

use super::material::number;
use super::{Call, Consequence, Handlers, Refusal};
use crate::world::{Account, Follower};

/// How many OpenIDs come at once.
const MAX_PAGE: usize = 10_000;
/// Of how many is told at once.
const MAX_BATCH: usize = 100;
const MAX_REMARK_CHARS: usize = 30;

/// Nothing: what counts is each follower's.
#[derive(Debug, Default)]
pub(crate) struct State;

pub(super) fn handlers(on: &mut Handlers) {
    on.on(info);
    on.on(batch_info);
    on.on(fans);
    on.on(update_remark);
}

fn info(call: &mut Call<'_>, request: UserInfo) -> Result<UserInfoResponse, Refusal> {
    told(call.account, &request.openid)
}

fn batch_info(
    call: &mut Call<'_>,
    request: BatchUserInfo,
) -> Result<BatchUserInfoResponse, Refusal> {
    if !(1..=MAX_BATCH).contains(&request.user_list.len()) {
        return Err(Refusal::code(40032));
    }
    let each = request
        .user_list
        .iter()
        .map(|user| told(call.account, &user.openid));
    Ok(BatchUserInfoResponse {
        user_info_list: each.collect::<Result<_, _>>()?,
    })
}

/// What is told of somebody: hardly anything when they do not follow.
fn told(account: &Account, open_id: &OpenId) -> Result<UserInfoResponse, Refusal> {
    let follower = account
        .follower(open_id.as_str())
        .ok_or_else(|| Refusal::code(40003))?;
    let openid = open_id.clone();
    let Some(subscribed_at) = follower.subscribed_at else {
        return Ok(UserInfoResponse {
            openid,
            ..UserInfoResponse::default()
        });
    };
    let scene = follower.qr_scene.parse::<u32>().ok();
    let empty = || Some(String::new());
    Ok(UserInfoResponse {
        subscribe: true,
        openid,
        unionid: None,
        nickname: empty(),
        sex: Some(0),
        country: empty(),
        province: empty(),
        city: empty(),
        language: Some(follower.language.to_owned()),
        headimgurl: empty(),
        subscribe_time: Some(subscribed_at),
        subscribe_scene: Some(follower.subscribe_scene.into()),
        remark: Some(follower.remark.clone()),
        groupid: Some(follower.tags.first().copied().unwrap_or_default()),
        tagid_list: follower.tags.clone(),
        qr_scene: Some(scene.map_or(0, i64::from)),
        qr_scene_str: Some(if scene.is_some() {
            String::new()
        } else {
            follower.qr_scene.clone()
        }),
    })
}

fn fans(call: &mut Call<'_>, request: GetFans) -> Result<GetFansResponse, Refusal> {
    let page = page(call.account, request.next_openid.as_ref(), |follower| {
        follower.subscribed_at.is_some()
    })?;
    Ok(GetFansResponse {
        total: number(call.account.following().count()),
        count: page.count,
        data: page.data,
        next_openid: page.next_openid,
    })
}

/// A page of OpenIDs.
pub(super) struct Page {
    pub(super) count: i64,
    pub(super) data: OpenIds,
    /// The last of them; empty when there are none.
    pub(super) next_openid: OpenId,
}

/// Those who belong to a list, behind this one.
pub(super) fn page(
    account: &Account,
    after: Option<&OpenId>,
    belongs: impl Fn(&Follower) -> bool,
) -> Result<Page, Refusal> {
    let start = match after.filter(|after| !after.as_str().is_empty()) {
        None => 0,
        Some(after) => {
            let place = account
                .followers
                .iter()
                .position(|follower| follower.open_id == *after);
            place.ok_or_else(|| Refusal::code(40003))? + 1
        }
    };
    let rest = account.followers[start..]
        .iter()
        .filter(|follower| belongs(follower));
    let openid: Vec<_> = rest
        .take(MAX_PAGE)
        .map(|follower| follower.open_id.clone())
        .collect();
    Ok(Page {
        count: number(openid.len()),
        next_openid: openid.last().cloned().unwrap_or_default(),
        data: OpenIds { openid },
    })
}

fn update_remark(call: &mut Call<'_>, request: UpdateRemark) -> Result<Empty, Refusal> {
    if request.remark.chars().count() > MAX_REMARK_CHARS {
        return Err(Refusal::code(40092));
    }
    let follower = call.account.follower_mut(request.openid.as_str());
    let follower = follower.filter(|follower| follower.subscribed_at.is_some());
    follower.ok_or_else(|| Refusal::code(40003))?.remark = request.remark;
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

/// Whether all of them are known to the account, at least one and at most so many.
pub(super) fn all_known(account: &Account, open_ids: &[OpenId], max: usize) -> Result<(), Refusal> {
    if !(1..=max).contains(&open_ids.len()) {
        return Err(Refusal::code(40032));
    }
    open_ids
        .iter()
        .try_for_each(|open_id| known(account, open_id).map(|_| ()))
}

/// Somebody who is known to the account: 40003 for what is no OpenID, 49003 for that of another account.
pub(super) fn known<'a>(account: &'a Account, open_id: &OpenId) -> Result<&'a Follower, Refusal> {
    let text = open_id.as_str();
    let is_open_id = text.len() == 28
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    account
        .follower(text)
        .ok_or_else(|| Refusal::code(if is_open_id { 49003 } else { 40003 }))
}
