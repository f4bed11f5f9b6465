//! Blocked followers — 黑名单: what they send is not pushed.

use echostr_protocol::OpenId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::blacklist::{
    BatchBlacklist, BatchUnblacklist, GetBlacklist, GetBlacklistResponse,
};

use super::material::number;
use super::user::{all_known, page};
use super::{Call, Consequence, Handlers, Refusal};

const MAX_BATCH: usize = 20;

/// Nothing: what counts is each follower's.
#[derive(Debug, Default)]
pub(crate) struct State;

pub(super) fn handlers(on: &mut Handlers) {
    on.on(get);
    on.on(|call, request: BatchBlacklist| {
        let now = call.now();
        set(call, &request.openid_list, Some(now))
    });
    on.on(|call, request: BatchUnblacklist| set(call, &request.openid_list, None));
}

fn get(call: &mut Call<'_>, request: GetBlacklist) -> Result<GetBlacklistResponse, Refusal> {
    let account = &call.account;
    let page = page(account, request.begin_openid.as_ref(), |follower| {
        follower.blocked_at.is_some()
    })?;
    let blocked = account
        .followers
        .iter()
        .filter(|follower| follower.blocked_at.is_some());
    Ok(GetBlacklistResponse {
        total: number(blocked.count()),
        count: page.count,
        data: page.data,
        next_openid: page.next_openid,
    })
}

fn set(
    call: &mut Call<'_>,
    open_ids: &[OpenId],
    blocked_at: Option<i64>,
) -> Result<Empty, Refusal> {
    all_known(call.account, open_ids, MAX_BATCH)?;
    for open_id in open_ids {
        if let Some(follower) = call.account.follower_mut(open_id.as_str()) {
            follower.blocked_at = blocked_at;
        }
    }
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}
