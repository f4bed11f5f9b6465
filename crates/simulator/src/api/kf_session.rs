//! Sessions at the desk — 客服会话控制: while one is open, what the follower writes goes there and is not pushed.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/> (read 2026-11-22)

use std::collections::VecDeque;

use echostr_protocol::OpenId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::kf_session::{
    CloseSession, CreateKfSession, GetKfSession, GetKfSessionList, GetKfSessionListResponse,
    GetKfSessionResponse, GetMsgList, GetMsgListResponse, GetWaitCase, GetWaitCaseResponse, Record,
    Session, WaitCase,
};

use super::{Call, Handlers, Refusal};
use crate::push::{Push, Xml};
use crate::world::Account;

/// After this time pushing goes on, although nobody has closed the session.
const OPEN_MS: i64 = 30 * 60 * 1000;
/// How much of what was said is kept.
const MAX_RECORDS: usize = 10_000;
/// How many who wait are told.
const MAX_WAITING: usize = 100;
/// Of what time records are asked for at once, in seconds.
const MAX_SPAN_SECS: i64 = 24 * 3600;
/// How many records a page holds.
const MAX_PAGE: i64 = 10_000;

/// The sessions of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    sessions: Vec<Serving>,
    /// Who was handed over and is not served yet, and when they wrote last, in Unix milliseconds.
    waiting: Vec<(OpenId, i64)>,
    records: VecDeque<Said>,
    n_said: i64,
}

#[derive(Debug)]
struct Serving {
    open_id: OpenId,
    desk: String,
    since_ms: i64,
}

#[derive(Debug)]
struct Said {
    id: i64,
    record: Record,
}

/// Who said something, as `opercode` has it.
const DESK: i64 = 2002;
const FOLLOWER: i64 = 2003;

impl State {
    fn open(&self, open_id: &OpenId, now_ms: i64) -> Option<&Serving> {
        let is_open =
            |open: &&Serving| open.open_id == *open_id && open.since_ms + OPEN_MS > now_ms;
        self.sessions.iter().find(is_open)
    }

    /// How many a desk account serves.
    pub(super) fn n_open(&self, desk: &str, now_ms: i64) -> i64 {
        let served = |open: &&Serving| open.desk == desk && open.since_ms + OPEN_MS > now_ms;
        i64::try_from(self.sessions.iter().filter(served).count()).unwrap_or(i64::MAX)
    }

    /// A follower writes: whether a desk account serves them, so that it is not pushed.
    pub(crate) fn takes(&mut self, open_id: &OpenId, text: &str, now_ms: i64) -> bool {
        let desk = self.open(open_id, now_ms).map(|open| open.desk.clone());
        for (_, latest_ms) in self.waiting.iter_mut().filter(|(who, _)| who == open_id) {
            *latest_ms = now_ms;
        }
        match desk {
            Some(desk) => {
                self.said(open_id, &desk, FOLLOWER, text, now_ms);
                true
            }
            None => false,
        }
    }

    /// A desk account writes.
    pub(super) fn desk_said(&mut self, open_id: &OpenId, desk: &str, text: &str, now_ms: i64) {
        self.said(open_id, desk, DESK, text, now_ms);
    }

    fn said(&mut self, open_id: &OpenId, desk: &str, opercode: i64, text: &str, now_ms: i64) {
        self.n_said += 1;
        self.records.push_back(Said {
            id: self.n_said,
            record: Record {
                openid: open_id.clone(),
                worker: desk.to_owned(),
                opercode,
                text: text.to_owned(),
                time: now_ms / 1000,
            },
        });
        if self.records.len() > MAX_RECORDS {
            self.records.pop_front();
        }
    }

    fn begin(&mut self, open_id: &OpenId, desk: &str, now_ms: i64) {
        self.sessions.retain(|open| open.open_id != *open_id);
        self.waiting.retain(|(who, _)| who != open_id);
        self.sessions.push(Serving {
            open_id: open_id.clone(),
            desk: desk.to_owned(),
            since_ms: now_ms,
        });
    }
}

/// A reply hands a follower over (`transfer_customer_service`): to the desk account that it names if somebody is there, which
/// gives an event; otherwise the follower waits.
pub(crate) fn hand_over(
    account: &mut Account,
    open_id: &OpenId,
    desk: Option<&str>,
    now_ms: i64,
) -> Option<Push> {
    let state = &mut account.state;
    let desk = desk.filter(|desk| state.kf_account.online(desk).is_ok());
    if let Some(desk) = desk {
        state.kf_session.begin(open_id, desk, now_ms);
        return Some(event("kf_create_session", open_id, desk));
    }
    let waiting = &mut state.kf_session.waiting;
    waiting.retain(|(who, _)| who != open_id);
    waiting.push((open_id.clone(), now_ms));
    None
}

fn event(name: &str, open_id: &OpenId, desk: &str) -> Push {
    Push::event(name, [Xml::text("KfAccount", desk)]).by(open_id.clone())
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(create_kf_session);
    on.on(close_session);
    on.on(get_kf_session);
    on.on(get_kf_session_list);
    on.on(get_wait_case);
    on.on(get_msg_list);
}

fn create_kf_session(call: &mut Call<'_>, request: CreateKfSession) -> Result<Empty, Refusal> {
    let (open_id, desk, now_ms) = (request.openid, request.kf_account, call.now_ms);
    call.account.state.kf_account.online(&desk)?;
    let follower = call.account.follower(open_id.as_str());
    if follower.is_none_or(|follower| follower.subscribed_at.is_none()) {
        return Err(Refusal::code(65413));
    }
    let sessions = &mut call.account.state.kf_session;
    match sessions.open(&open_id, now_ms) {
        Some(open) if open.desk == desk => return Ok(Empty {}),
        Some(_) => return Err(Refusal::code(65414)),
        None => sessions.begin(&open_id, &desk, now_ms),
    }
    call.push(event("kf_create_session", &open_id, &desk));
    Ok(Empty {})
}

fn close_session(call: &mut Call<'_>, request: CloseSession) -> Result<Empty, Refusal> {
    let (open_id, desk, now_ms) = (request.openid, request.kf_account, call.now_ms);
    call.account.state.kf_account.find(&desk)?;
    let sessions = &mut call.account.state.kf_session;
    match sessions.open(&open_id, now_ms) {
        None => return Err(Refusal::code(65413)),
        Some(open) if open.desk != desk => return Err(Refusal::code(65414)),
        Some(_) => sessions.sessions.retain(|open| open.open_id != open_id),
    }
    call.push(event("kf_close_session", &open_id, &desk));
    Ok(Empty {})
}

fn get_kf_session(
    call: &mut Call<'_>,
    request: GetKfSession,
) -> Result<GetKfSessionResponse, Refusal> {
    let sessions = &call.account.state.kf_session;
    let open = sessions.open(&request.openid, call.now_ms);
    Ok(
        open.map_or_else(Default::default, |open| GetKfSessionResponse {
            kf_account: open.desk.clone(),
            createtime: open.since_ms / 1000,
        }),
    )
}

fn get_kf_session_list(
    call: &mut Call<'_>,
    request: GetKfSessionList,
) -> Result<GetKfSessionListResponse, Refusal> {
    let (state, now_ms) = (&call.account.state, call.now_ms);
    state.kf_account.find(&request.kf_account)?;
    let served = state
        .kf_session
        .sessions
        .iter()
        .filter(|open| open.desk == request.kf_account && open.since_ms + OPEN_MS > now_ms);
    let sessionlist = served.map(|open| Session {
        openid: open.open_id.clone(),
        createtime: open.since_ms / 1000,
    });
    Ok(GetKfSessionListResponse {
        sessionlist: sessionlist.collect(),
    })
}

fn get_wait_case(call: &mut Call<'_>, _: GetWaitCase) -> Result<GetWaitCaseResponse, Refusal> {
    let waiting = &call.account.state.kf_session.waiting;
    let cases = waiting.iter().map(|(open_id, latest_ms)| WaitCase {
        openid: open_id.clone(),
        latest_time: latest_ms / 1000,
    });
    Ok(GetWaitCaseResponse {
        count: i64::try_from(waiting.len()).unwrap_or(i64::MAX),
        waitcaselist: cases.take(MAX_WAITING).collect(),
    })
}

fn get_msg_list(call: &mut Call<'_>, request: GetMsgList) -> Result<GetMsgListResponse, Refusal> {
    let span = request.endtime.saturating_sub(request.starttime);
    if span > MAX_SPAN_SECS {
        return Err(Refusal::code(65417));
    }
    if span < 0 || request.msgid < 1 || !(1..=MAX_PAGE).contains(&request.number) {
        return Err(Refusal::code(65416));
    }
    let records = call.account.state.kf_session.records.iter();
    let meant = records.filter(|said| {
        said.id >= request.msgid
            && (request.starttime..=request.endtime).contains(&said.record.time)
    });
    let page: Vec<_> = meant
        .take(usize::try_from(request.number).unwrap_or_default())
        .collect();
    Ok(GetMsgListResponse {
        msgid: page.last().map_or(request.msgid, |said| said.id + 1),
        number: i64::try_from(page.len()).unwrap_or(i64::MAX),
        recordlist: page.into_iter().map(|said| said.record.clone()).collect(),
    })
}
