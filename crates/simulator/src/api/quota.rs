//! How often the API may be called — 接口调用额度, and what became of a call — rid.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/> and, for the numbers,
//! <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/API_Call_Limits.html> (接口调用频次限制说明).

use std::collections::BTreeMap;

use echostr_protocol::api::quota::{
    ClearApiQuota, ClearQuota, ClearQuotaByAppSecret, FailedCall, GetApiQuota, GetApiQuotaResponse,
    GetRidInfo, GetRidInfoResponse, Quota,
};
use echostr_protocol::api::{self, Empty, Endpoint};

use super::{Call, Handlers, Refusal, permission};
use crate::exchange::{Called, Record, What};
use crate::world::Account;

/// How often all counters are set back in a month.
const MAX_CLEARED: i64 = 10;
/// How often single counters are set back in a month.
const MAX_CLEARED_SINGLY: i64 = 50;
/// How long a call is found again.
const RID_DAYS: i64 = 7;
/// Calls a day where the platform names no number.
const DEFAULT_LIMIT: i64 = 100_000;

/// Calls a day, where the platform names a number.
#[rustfmt::skip]
const LIMITS: &[(&str, i64)] = &[
    ("/cgi-bin/token", 2000),
    ("/cgi-bin/stable_token", 500_000),
    ("/cgi-bin/menu/create", 1000),
    ("/cgi-bin/menu/get", 10_000),
    ("/cgi-bin/menu/delete", 1000),
    ("/cgi-bin/menu/addconditional", 2000),
    ("/cgi-bin/menu/delconditional", 2000),
    ("/cgi-bin/menu/trymatch", 20_000),
    ("/cgi-bin/media/get", 200_000),
    ("/cgi-bin/media/uploadvideo", 100),
    ("/cgi-bin/message/custom/send", 500_000),
    ("/cgi-bin/message/mass/sendall", 100),
    ("/cgi-bin/message/mass/send", 100),
    ("/cgi-bin/message/mass/delete", 10),
    ("/cgi-bin/user/get", 500),
    ("/cgi-bin/user/info", 5_000_000),
    ("/cgi-bin/user/info/updateremark", 10_000),
    ("/cgi-bin/ticket/getticket", 1_000_000),
];

/// How often each call was made today.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// By path.
    used: BTreeMap<&'static str, Counter>,
    /// In place of the platform's own numbers, by path.
    limits: BTreeMap<String, i64>,
    cleared: Counter,
    cleared_singly: Counter,
}

impl State {
    fn limit(&self, path: &str) -> i64 {
        let own = || LIMITS.iter().find(|(limited, _)| *limited == path);
        let set = self.limits.get(path).copied();
        set.or_else(|| own().map(|(_, limit)| *limit))
            .unwrap_or(DEFAULT_LIMIT)
    }
}

impl Account {
    /// How often a day this path may be called, such as `/cgi-bin/message/custom/send`: the console grants other numbers than
    /// the usual ones, too, and a test wants to see the end of them soon.
    pub fn set_daily_limit(&mut self, path: &str, calls: i64) {
        self.state.quota.limits.insert(path.to_owned(), calls);
    }
}

/// Counts within a day or month.
#[derive(Debug, Default)]
pub(super) struct Counter {
    period: i64,
    n: i64,
}

impl Counter {
    /// One more today, by the clocks of Beijing.
    pub(super) fn count(&mut self, now_ms: i64, max: i64) -> Result<(), Refusal> {
        if self.count_in(day(now_ms), max) {
            Ok(())
        } else {
            Err(Refusal::code(45009))
        }
    }

    /// Whether there may be one more in this period; then it is counted.
    pub(super) fn count_in(&mut self, period: i64, max: i64) -> bool {
        let n = self.used(period);
        if n >= max {
            return false;
        }
        *self = Self { period, n: n + 1 };
        true
    }

    pub(super) fn used(&self, period: i64) -> i64 {
        if self.period == period { self.n } else { 0 }
    }
}

/// The day in Beijing, since 1970.
pub(super) fn day(now_ms: i64) -> i64 {
    (now_ms + 8 * 3600 * 1000).div_euclid(24 * 3600 * 1000)
}

/// The month in Beijing, since the year 0.
pub(super) fn month(now_ms: i64) -> i64 {
    // Years that begin with March: then the leap day is the last one. <https://howardhinnant.github.io/date_algorithms.html>
    let days = day(now_ms) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    (era * 400 + year) * 12 + month + 2
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(clear_quota);
    on.on(clear_quota_by_app_secret);
    on.on(get_api_quota);
    on.on(clear_api_quota);
    on.on(get_rid_info);
}

/// 45009 when it is used up. What sets it back costs nothing of it.
pub(super) fn count(call: &mut Call<'_>) -> Result<(), Refusal> {
    if call.endpoint.chapter == "quota" {
        return Ok(());
    }
    let path = call.endpoint.path;
    let quota = &mut call.account.state.quota;
    let limit = quota.limit(path);
    let counter = quota.used.entry(path).or_default();
    counter.count(call.now_ms, limit)
}

fn clear_quota(call: &mut Call<'_>, request: ClearQuota) -> Result<Empty, Refusal> {
    if request.appid == call.account.settings.app_id {
        clear(call)
    } else {
        Err(Refusal::code(40013))
    }
}

fn clear_quota_by_app_secret(
    call: &mut Call<'_>,
    request: ClearQuotaByAppSecret,
) -> Result<Empty, Refusal> {
    if request.appsecret == call.account.settings.app_secret {
        clear(call)
    } else {
        Err(Refusal::code(40125))
    }
}

fn clear(call: &mut Call<'_>) -> Result<Empty, Refusal> {
    let quota = &mut call.account.state.quota;
    if !quota.cleared.count_in(month(call.now_ms), MAX_CLEARED) {
        return Err(Refusal::code(48006));
    }
    quota.used.clear();
    Ok(Empty {})
}

fn get_api_quota(
    call: &mut Call<'_>,
    request: GetApiQuota,
) -> Result<GetApiQuotaResponse, Refusal> {
    let path = counted(call, &request.cgi_path)?.path;
    let quota = &call.account.state.quota;
    let daily_limit = quota.limit(path);
    let used = quota.used.get(path);
    let used = used.map_or(0, |counter| counter.used(day(call.now_ms)));
    Ok(GetApiQuotaResponse {
        quota: Some(Quota {
            daily_limit,
            used,
            remain: (daily_limit - used).max(0),
        }),
        ..Default::default()
    })
}

fn clear_api_quota(call: &mut Call<'_>, request: ClearApiQuota) -> Result<Empty, Refusal> {
    let path = counted(call, &request.cgi_path)?.path;
    let quota = &mut call.account.state.quota;
    let cleared = &mut quota.cleared_singly;
    if !cleared.count_in(month(call.now_ms), MAX_CLEARED_SINGLY) {
        return Err(Refusal::code(48006));
    }
    quota.used.remove(path);
    Ok(Empty {})
}

/// What is counted under this path.
fn counted(call: &Call<'_>, path: &str) -> Result<&'static Endpoint, Refusal> {
    if !path.starts_with('/') {
        return Err(Refusal::code(76003));
    }
    if path.starts_with("/sns/") {
        return Err(Refusal::code(76022));
    }
    let endpoint = api::all().find(|endpoint| endpoint.path == path);
    let endpoint = endpoint.ok_or_else(|| Refusal::code(76021))?;
    if permission::may(call.account.settings.kind, endpoint) {
        Ok(endpoint)
    } else {
        Err(Refusal::code(76022))
    }
}

fn get_rid_info(call: &mut Call<'_>, request: GetRidInfo) -> Result<GetRidInfoResponse, Refusal> {
    let is_part = |part: &str| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if request.rid.split('-').count() != 3 || !request.rid.split('-').all(is_part) {
        return Err(Refusal::code(76002));
    }
    let found = call
        .log
        .records()
        .rev()
        .find_map(|record| match &record.what {
            What::Call(called) if called.rid == request.rid => Some((record, called)),
            _ => None,
        });
    let (record, called) = found.ok_or_else(|| Refusal::code(76001))?;
    if record.app_id.as_ref() != Some(&call.account.settings.app_id) {
        return Err(Refusal::code(76003));
    }
    if call.now_ms - record.at_ms > RID_DAYS * 24 * 3600 * 1000 {
        return Err(Refusal::code(76004));
    }
    Ok(GetRidInfoResponse {
        request: Some(failed(record, called)),
    })
}

fn failed(record: &Record, called: &Called) -> FailedCall {
    let (head, body) = parts(&called.request);
    let url = head.split_whitespace().nth(1).unwrap_or_default();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    FailedCall {
        request_url: query.into(),
        request_body: body.into(),
        response_body: parts(&called.response).1,
        invoke_time: record.at_ms / 1000,
        cost_in_ms: i64::try_from(called.took_ms).unwrap_or(i64::MAX),
        client_ip: called.peer.to_string(),
    }
}

/// Head and body.
fn parts(raw: &[u8]) -> (String, String) {
    let raw = String::from_utf8_lossy(raw);
    match raw.split_once("\r\n\r\n") {
        Some((head, body)) => (head.to_owned(), body.to_owned()),
        None => (raw.into_owned(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Python's `datetime`, with the zone `Asia/Shanghai`.
    #[test]
    fn days_and_months_begin_at_midnight_in_beijing() {
        // 2026-11-30 23:59:59 and one second later.
        assert_eq!(day(1_796_054_399_000) + 1, day(1_796_054_400_000));
        assert_eq!(month(1_796_054_399_000), 2026 * 12 + 10);
        assert_eq!(month(1_796_054_400_000), 2026 * 12 + 11);
        // 2028-02-29 and 2028-03-01, both at 12:00; 2027-01-01 at 00:00.
        assert_eq!(month(1_835_409_600_000), 2028 * 12 + 1);
        assert_eq!(month(1_835_496_000_000), 2028 * 12 + 2);
        assert_eq!(month(1_798_732_800_000), 2027 * 12);
    }
}
