//! Tags — 用户标签.

use echostr_protocol::api::Empty;
use echostr_protocol::api::tag::{
    BatchTagging, BatchUntagging, CountedTag, CreateTag, CreateTagResponse, DeleteTag, GetTagFans,
    GetTagFansResponse, GetTagIdList, GetTagIdListResponse, GetTags, GetTagsResponse, Tag,
    UpdateTag,
};

use super::material::number;
use super::user::{all_known, known, page};
use super::{Call, Consequence, Handlers, Refusal};
use crate::world::Account;

const MAX_TAGS: usize = 100;
const MAX_NAME_BYTES: usize = 30;
/// To how many followers a tag is given at once.
const MAX_BATCH: usize = 50;
/// How many tags a follower carries.
const MAX_OF_ONE: usize = 20;
/// A tag that so many carry cannot be deleted.
const MAX_DELETED: i64 = 100_000;
/// The platform's own; followers carry only the last of them, the starred group.
const SYSTEM: std::ops::RangeInclusive<i64> = 0..=2;
const STARRED: (i64, &str) = (2, "星标组");

/// The tags of an account.
#[derive(Debug)]
pub(crate) struct State {
    /// In the order in which they were made.
    tags: Vec<(i64, String)>,
    next_id: i64,
}

impl Default for State {
    /// The first numbers are the platform's own.
    fn default() -> Self {
        Self {
            tags: vec![(STARRED.0, STARRED.1.to_owned())],
            next_id: 100,
        }
    }
}

impl State {
    /// Whether there is such a tag.
    pub(super) fn has(&self, id: i64) -> bool {
        self.tags.iter().any(|(known, _)| *known == id)
    }

    /// Whether a tag can have this name.
    fn can_be_named(&self, name: &str, id: Option<i64>) -> Result<(), Refusal> {
        if name.len() > MAX_NAME_BYTES {
            return Err(Refusal::code(45158));
        }
        let is_taken = self
            .tags
            .iter()
            .any(|(other, taken)| taken == name && id != Some(*other));
        if is_taken || name.trim().is_empty() {
            Err(Refusal::code(45157))
        } else {
            Ok(())
        }
    }

    /// A tag that the account made itself.
    fn own(&mut self, id: i64) -> Result<&mut (i64, String), Refusal> {
        if SYSTEM.contains(&id) {
            return Err(Refusal::code(45058));
        }
        let tag = self.tags.iter_mut().find(|(known, _)| *known == id);
        tag.ok_or_else(|| Refusal::code(45159))
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(create);
    on.on(get);
    on.on(update);
    on.on(delete);
    on.on(fans);
    on.on(tagging);
    on.on(untagging);
    on.on(id_list);
}

fn create(call: &mut Call<'_>, request: CreateTag) -> Result<CreateTagResponse, Refusal> {
    let state = &mut call.account.state.tag;
    let name = request.tag.name;
    if state
        .tags
        .iter()
        .filter(|(id, _)| !SYSTEM.contains(id))
        .count()
        >= MAX_TAGS
    {
        return Err(Refusal::code(45056));
    }
    state.can_be_named(&name, None)?;
    let id = state.next_id;
    state.next_id += 1;
    state.tags.push((id, name.clone()));
    call.effects.push(Consequence::Account);
    Ok(CreateTagResponse {
        tag: Tag { id, name },
    })
}

fn get(call: &mut Call<'_>, _: GetTags) -> Result<GetTagsResponse, Refusal> {
    let tags = call
        .account
        .state
        .tag
        .tags
        .iter()
        .map(|(id, name)| CountedTag {
            id: *id,
            name: name.clone(),
            count: n_tagged(call.account, *id),
        });
    Ok(GetTagsResponse {
        tags: tags.collect(),
    })
}

fn n_tagged(account: &Account, id: i64) -> i64 {
    number(
        account
            .following()
            .filter(|follower| follower.tags.contains(&id))
            .count(),
    )
}

fn update(call: &mut Call<'_>, request: UpdateTag) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.tag;
    state.own(request.tag.id)?;
    state.can_be_named(&request.tag.name, Some(request.tag.id))?;
    state.own(request.tag.id)?.1 = request.tag.name;
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

fn delete(call: &mut Call<'_>, request: DeleteTag) -> Result<Empty, Refusal> {
    let id = request.tag.id;
    call.account.state.tag.own(id)?;
    if n_tagged(call.account, id) > MAX_DELETED {
        return Err(Refusal::code(45057));
    }
    call.account
        .state
        .tag
        .tags
        .retain(|(known, _)| *known != id);
    for follower in &mut call.account.followers {
        follower.tags.retain(|tag| *tag != id);
    }
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

fn fans(call: &mut Call<'_>, request: GetTagFans) -> Result<GetTagFansResponse, Refusal> {
    must_exist(call, request.tagid)?;
    let belongs = |follower: &crate::world::Follower| {
        follower.subscribed_at.is_some() && follower.tags.contains(&request.tagid)
    };
    let page = page(call.account, request.next_openid.as_ref(), belongs)?;
    Ok(GetTagFansResponse {
        count: page.count,
        data: page.data,
        next_openid: page.next_openid,
    })
}

fn must_exist(call: &Call<'_>, tag: i64) -> Result<(), Refusal> {
    if call.account.state.tag.has(tag) {
        Ok(())
    } else {
        Err(Refusal::code(45159))
    }
}

/// All of them, or none.
fn tagging(call: &mut Call<'_>, request: BatchTagging) -> Result<Empty, Refusal> {
    all_known(call.account, &request.openid_list, MAX_BATCH)?;
    must_exist(call, request.tagid)?;
    for open_id in &request.openid_list {
        let follower = known(call.account, open_id)?;
        if follower.tags.len() >= MAX_OF_ONE && !follower.tags.contains(&request.tagid) {
            return Err(Refusal::code(45059));
        }
    }
    for open_id in &request.openid_list {
        if let Some(follower) = call.account.follower_mut(open_id.as_str())
            && !follower.tags.contains(&request.tagid)
        {
            follower.tags.push(request.tagid);
        }
    }
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

fn untagging(call: &mut Call<'_>, request: BatchUntagging) -> Result<Empty, Refusal> {
    all_known(call.account, &request.openid_list, MAX_BATCH)?;
    must_exist(call, request.tagid)?;
    for open_id in &request.openid_list {
        if let Some(follower) = call.account.follower_mut(open_id.as_str()) {
            follower.tags.retain(|tag| *tag != request.tagid);
        }
    }
    call.effects.push(Consequence::Account);
    Ok(Empty {})
}

fn id_list(call: &mut Call<'_>, request: GetTagIdList) -> Result<GetTagIdListResponse, Refusal> {
    Ok(GetTagIdListResponse {
        tagid_list: known(call.account, &request.openid)?.tags.clone(),
    })
}
