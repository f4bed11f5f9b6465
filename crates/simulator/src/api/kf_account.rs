//! Desk accounts — 客服账号管理. Whoever is invited accepts at once here, and is online from then on.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/> (read 2026-11-22)

use echostr_protocol::api::Empty;
use echostr_protocol::api::kf_account::{
    AddKfAccount, DelKfAccount, GetKfList, GetKfListResponse, GetOnlineKfList,
    GetOnlineKfListResponse, InviteKfWorker, KfAccount, OnlineKf, UpdateKfAccount, UploadKfHeadImg,
};
use echostr_protocol::api::media::MediaType;

use super::media::{self, Keep};
use super::{Call, Handlers, Refusal};

/// How many desk accounts there may be.
const MAX_DESKS: usize = 100;
/// How long a WeChat id may be.
const MAX_WX_BYTES: usize = 32;
/// How big a picture may be.
const MAX_PICTURE_BYTES: usize = 5 * 1024 * 1024;
/// The first number (工号).
const FIRST_ID: i64 = 1001;

/// The desk accounts of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    desks: Vec<Desk>,
    n_made: i64,
}

/// A desk account.
#[derive(Debug)]
pub(super) struct Desk {
    id: i64,
    account: String,
    nickname: String,
    /// The WeChat id of whoever serves at it.
    wx: Option<String>,
    /// Where its picture is.
    picture: String,
}

impl State {
    /// The desk account with this name.
    pub(super) fn find(&self, account: &str) -> Result<&Desk, Refusal> {
        let desk = self.desks.iter().find(|desk| desk.account == account);
        desk.ok_or_else(|| Refusal::code(65401))
    }

    /// The same, with somebody at it.
    pub(super) fn online(&self, account: &str) -> Result<(), Refusal> {
        match self.find(account)?.wx {
            Some(_) => Ok(()),
            None => Err(Refusal::code(65402)),
        }
    }

    fn find_mut(&mut self, account: &str) -> Result<&mut Desk, Refusal> {
        let desk = self.desks.iter_mut().find(|desk| desk.account == account);
        desk.ok_or_else(|| Refusal::code(65401))
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(get_kf_list);
    on.on(get_online_kf_list);
    on.on(add_kf_account);
    on.on(update_kf_account);
    on.on(del_kf_account);
    on.on(upload_kf_head_img);
    on.on(invite_kf_worker);
}

fn get_kf_list(call: &mut Call<'_>, _: GetKfList) -> Result<GetKfListResponse, Refusal> {
    let desks = call.account.state.kf_account.desks.iter();
    let kf_list = desks.map(|desk| KfAccount {
        kf_id: desk.id.to_string(),
        kf_account: desk.account.clone(),
        kf_nick: desk.nickname.clone(),
        kf_headimgurl: desk.picture.clone(),
        kf_wx: desk.wx.clone(),
        ..Default::default()
    });
    Ok(GetKfListResponse {
        kf_list: kf_list.collect(),
    })
}

fn get_online_kf_list(
    call: &mut Call<'_>,
    _: GetOnlineKfList,
) -> Result<GetOnlineKfListResponse, Refusal> {
    let (state, now_ms) = (&call.account.state, call.now_ms);
    let online = state
        .kf_account
        .desks
        .iter()
        .filter(|desk| desk.wx.is_some());
    let kf_online_list = online.map(|desk| OnlineKf {
        kf_id: desk.id,
        kf_account: desk.account.clone(),
        status: 1,
        kf_openid: None,
        accepted_case: state.kf_session.n_open(&desk.account, now_ms),
    });
    Ok(GetOnlineKfListResponse {
        kf_online_list: kf_online_list.collect(),
    })
}

fn add_kf_account(call: &mut Call<'_>, request: AddKfAccount) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.kf_account;
    let (name, of) = request
        .kf_account
        .split_once('@')
        .ok_or_else(|| Refusal::code(65404))?;
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if !(1..=10).contains(&name.len()) || !name.chars().all(is_letter) || !is_wx(of) {
        return Err(Refusal::code(65404));
    }
    named(&request.nickname)?;
    if state.find(&request.kf_account).is_ok() {
        return Err(Refusal::code(65406));
    }
    if state.desks.len() >= MAX_DESKS {
        return Err(Refusal::code(65405));
    }
    state.desks.push(Desk {
        id: FIRST_ID + state.n_made,
        account: request.kf_account,
        nickname: request.nickname,
        wx: None,
        picture: String::new(),
    });
    state.n_made += 1;
    Ok(Empty {})
}

/// Whether it may be a WeChat id (微信号), or an original id in its place.
fn is_wx(id: &str) -> bool {
    (1..=MAX_WX_BYTES).contains(&id.len())
}

fn named(nickname: &str) -> Result<(), Refusal> {
    if (1..=16).contains(&nickname.chars().count()) {
        Ok(())
    } else {
        Err(Refusal::code(65403))
    }
}

fn update_kf_account(call: &mut Call<'_>, request: UpdateKfAccount) -> Result<Empty, Refusal> {
    let desk = call
        .account
        .state
        .kf_account
        .find_mut(&request.kf_account)?;
    if let Some(nickname) = request.nickname {
        named(&nickname)?;
        desk.nickname = nickname;
    }
    Ok(Empty {})
}

fn del_kf_account(call: &mut Call<'_>, request: DelKfAccount) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.kf_account;
    state.find(&request.kf_account)?;
    state
        .desks
        .retain(|desk| desk.account != request.kf_account);
    Ok(Empty {})
}

fn upload_kf_head_img(call: &mut Call<'_>, request: UploadKfHeadImg) -> Result<Empty, Refusal> {
    const JPG: &[u8] = &[0xff, 0xd8, 0xff];
    call.account.state.kf_account.find(&request.kf_account)?;
    if !request.media.bytes.starts_with(JPG) {
        return Err(Refusal::code(40005));
    }
    if request.media.bytes.len() > MAX_PICTURE_BYTES {
        return Err(Refusal::code(40009));
    }
    let (now, files) = (call.now(), &mut call.account.state.media);
    let id = files.add(MediaType::Image, request.media, Keep::Article, now);
    let picture = media::url(call.base, call.account, &id);
    let desks = &mut call.account.state.kf_account;
    desks.find_mut(&request.kf_account)?.picture = picture;
    Ok(Empty {})
}

fn invite_kf_worker(call: &mut Call<'_>, request: InviteKfWorker) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.kf_account;
    if !is_wx(&request.invite_wx) {
        return Err(Refusal::code(65409));
    }
    if state.find(&request.kf_account)?.wx.is_some() {
        return Err(Refusal::code(65412));
    }
    let works = |desk: &Desk| desk.wx.as_ref() == Some(&request.invite_wx);
    if state.desks.iter().any(works) {
        return Err(Refusal::code(65407));
    }
    state.find_mut(&request.kf_account)?.wx = Some(request.invite_wx);
    Ok(Empty {})
}
