//! Replies that are set up in the platform's console — 自动回复规则. They are read only; the platform is silent while pushes go to a
//! server, and so is this one.

use echostr_protocol::MediaId;
use echostr_protocol::api::autoreply::{
    Autoreply, GetCurrentAutoreplyInfo, GetCurrentAutoreplyInfoResponse,
};

use super::{Call, Handlers, Refusal};
use crate::world::Account;

/// What was set up.
#[derive(Debug, Default)]
pub(crate) struct State(GetCurrentAutoreplyInfoResponse);

impl State {
    /// Whether a reply sends this material.
    pub(super) fn uses(&self, media_id: &MediaId) -> bool {
        let by_keyword = self
            .0
            .keyword_autoreply_info
            .iter()
            .flat_map(|info| &info.list);
        let replies = by_keyword.flat_map(|rule| &rule.reply_list_info);
        let all = replies
            .chain(&self.0.add_friend_autoreply_info)
            .chain(&self.0.message_default_autoreply_info);
        all.map(|reply: &Autoreply| &reply.content)
            .any(|content| content == media_id.as_str())
    }
}

impl Account {
    /// Sets up replies as in the platform's console, in place of those before.
    pub fn set_autoreply(&mut self, replies: GetCurrentAutoreplyInfoResponse) {
        self.state.autoreply = State(replies);
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(get);
}

fn get(
    call: &mut Call<'_>,
    _: GetCurrentAutoreplyInfo,
) -> Result<GetCurrentAutoreplyInfoResponse, Refusal> {
    Ok(call.account.state.autoreply.0.clone())
}
