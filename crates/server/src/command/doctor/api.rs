//! What an account's calls to the platform meet: access token, permissions, and the way that pushes take.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use echostr_client::{Capability, Client, Error, May, with_causes};
use echostr_protocol::api::Request;
use echostr_protocol::api::base::{
    CallbackCheck, CallbackCheckResponse, CheckAction, GetCallbackIp, Operator,
};
use echostr_simulator::doctor::{Line, Reason, Verdict, write_body};
use serde::Deserialize;
use tokio::time::timeout;

use crate::command::call::call;
use crate::command::client::{Client as Server, Failure, path};
use crate::command::print::clean;

/// How long each check may take: with the others they stay below two minutes.
const WITHIN: Duration = Duration::from_secs(15);
/// The same for some ten calls.
const CAPABILITIES_WITHIN: Duration = Duration::from_secs(40);

/// By which way the platform is called.
pub(super) enum Way<'a> {
    /// By an AppSecret that was given.
    Own(Box<Client>),
    /// By the running server, or its store, as this account.
    Server(&'a Server, &'a str),
}

/// Why a call was in vain.
struct No {
    /// The platform's, if it was the platform that refused.
    errcode: Option<i64>,
    words: String,
}

impl From<Error> for No {
    fn from(error: Error) -> Self {
        Self {
            errcode: error.code(),
            words: with_causes(&error),
        }
    }
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(problem) => Self {
                errcode: problem.errcode,
                words: problem.to_string(),
            },
            Failure::Usage(words) | Failure::Trouble(words) => Self {
                errcode: None,
                words,
            },
            Failure::Unread => Self {
                errcode: None,
                words: String::new(),
            },
        }
    }
}

/// What the server says of one thing that an account may do.
#[derive(Deserialize)]
struct Ability {
    name: Capability,
    may: String,
    errcode: Option<i64>,
}

impl Way<'_> {
    async fn token(&self) -> Result<(), No> {
        match self {
            Self::Own(client) => client.access_token().await.map(|_| ())?,
            Self::Server(server, id) => server
                .get(&path(&["accounts", id, "access-token"], &[]))
                .await
                .map(|_| ())?,
        }
        Ok(())
    }

    async fn capabilities(&self) -> Result<Vec<(Capability, May)>, No> {
        let (server, id) = match self {
            Self::Own(client) => return Ok(client.capabilities().await?.found),
            Self::Server(server, id) => (server, id),
        };
        let anew = [("refresh", Some("true".to_owned()))];
        let mut answer = server
            .get(&path(&["accounts", id, "capabilities"], &anew))
            .await?;
        let abilities: Vec<Ability> = read(answer["items"].take())?;
        let may = |ability: Ability| match (&*ability.may, ability.errcode) {
            ("yes", _) => (ability.name, May::Yes),
            ("no", Some(code)) => (ability.name, May::No(code)),
            (_, code) => (ability.name, May::Unknown(code)),
        };
        Ok(abilities.into_iter().map(may).collect())
    }

    async fn call<R: Request>(&self, request: R) -> Result<R::Response, No> {
        match self {
            Self::Own(client) => Ok(client.call(request).await?),
            Self::Server(server, id) => {
                let request = serde_json::to_value(request).unwrap_or_default();
                let answer = call(server, id, &R::ENDPOINT.call_name(), &request).await?;
                read(answer)
            }
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: serde_json::Value) -> Result<T, No> {
    serde_json::from_value(answer).map_err(|error| No {
        errcode: None,
        words: format!("the answer cannot be read: {error}"),
    })
}

/// What is checked, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Token,
    Capabilities,
    Addresses,
    Reached,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Token,
        Self::Capabilities,
        Self::Addresses,
        Self::Reached,
    ];

    /// What is done, in both languages.
    fn sent(self) -> &'static str {
        match self {
            Self::Token => "取 access_token · an access token",
            Self::Capabilities => "公众号能做什么 · what the account may do",
            Self::Addresses => "微信的推送从哪些地址来 · the addresses that pushes come from",
            Self::Reached => {
                "请微信自己看看能不能找到服务器 · the platform's own look at the server"
            }
        }
    }
}

struct Step {
    kind: Kind,
    verdict: Verdict,
    took: Option<Duration>,
    got: String,
}

/// What was found.
pub(super) struct Report {
    account: String,
    steps: Vec<Step>,
    reasons: Vec<Reason>,
    notes: Vec<[String; 2]>,
}

impl Report {
    pub(super) fn passed(&self) -> bool {
        self.reasons.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "平台接口 · the platform's API")?;
        writeln!(f, "公众号 · account: {}\n", clean(&self.account))?;
        let lines = self.steps.iter().map(|step| Line {
            verdict: step.verdict,
            sent: step.kind.sent(),
            took: step.took,
            got: &step.got,
        });
        write_body(f, lines, self.reasons.iter().cloned(), self.notes.clone())
    }
}

/// Checks in turn; without an access token nothing else can be.
pub(super) async fn examine(way: &Way<'_>, account: &str) -> Report {
    let mut visit = Visit(Report {
        account: account.to_owned(),
        steps: Vec::new(),
        reasons: Vec::new(),
        notes: Vec::new(),
    });
    let token = within(WITHIN, way.token()).await;
    let is_there = token.1.is_ok();
    visit.step(Kind::Token, token, |_, ()| "有了 · there is one".to_owned());
    if is_there {
        let found = within(CAPABILITIES_WITHIN, way.capabilities()).await;
        visit.step(Kind::Capabilities, found, |report, found| {
            capabilities(report, &found)
        });
        let found = within(WITHIN, way.call(GetCallbackIp {})).await;
        visit.step(Kind::Addresses, found, |report, list| {
            addresses(report, &list.ip_list)
        });
        let asked = CallbackCheck {
            action: CheckAction::All,
            check_operator: Operator::Auto,
        };
        let found = within(WITHIN, way.call(asked)).await;
        visit.step(Kind::Reached, found, |report, found| {
            reached(report, &found)
        });
    }
    visit.report()
}

/// An account that has no AppSecret: nothing could be examined, which is not the same as nothing being wrong.
pub(super) fn without_secret(account: &str) -> Report {
    let mut visit = Visit(Report {
        account: account.to_owned(),
        steps: Vec::new(),
        reasons: Vec::new(),
        notes: Vec::new(),
    });
    visit.0.reasons.push(Reason {
        name: "api-no-secret",
        texts: [
            "什么也没检查：这个公众号没有设置 AppSecret，不能调用平台的接口；收发消息不需要它。设置：echostr account set ID --app-id wx… --app-secret-file 文件".into(),
            "Nothing could be examined: the account has no AppSecret, so the platform's API cannot be called; messages need none. To set it: `echostr account set ID --app-id wx… --app-secret-file FILE`".into(),
        ],
    });
    visit.report()
}

/// What came, and how long it took.
async fn within<T>(
    time: Duration,
    asking: impl Future<Output = Result<T, No>>,
) -> (Duration, Result<T, No>) {
    let start = Instant::now();
    let found = timeout(time, asking).await.unwrap_or_else(|_| {
        Err(No {
            errcode: None,
            words: format!("no answer within {} s", time.as_secs()),
        })
    });
    (start.elapsed(), found)
}

struct Visit(Report);

impl Visit {
    /// `judge` says in words what came, and what is wrong with it.
    fn step<T>(
        &mut self,
        kind: Kind,
        (took, found): (Duration, Result<T, No>),
        judge: impl FnOnce(&mut Report, T) -> String,
    ) {
        let n_before = self.0.reasons.len();
        let got = match found {
            Ok(found) => judge(&mut self.0, found),
            Err(no) => {
                self.0.reasons.push(reason(&no));
                match no.errcode {
                    Some(code) => format!("errcode {code}"),
                    None => "没有结果 · nothing".into(),
                }
            }
        };
        let verdict = if self.0.reasons.len() == n_before {
            Verdict::Ok
        } else {
            Verdict::Failed
        };
        self.0.steps.push(Step {
            kind,
            verdict,
            took: Some(took),
            got,
        });
    }

    fn report(mut self) -> Report {
        for kind in Kind::ALL.into_iter().skip(self.0.steps.len()) {
            self.0.steps.push(Step {
                kind,
                verdict: Verdict::Skipped,
                took: None,
                got: String::new(),
            });
        }
        self.0
    }
}

fn capabilities(report: &mut Report, found: &[(Capability, May)]) -> String {
    let titles = |wanted: fn(&May) -> bool| {
        let some: Vec<_> = found
            .iter()
            .filter(|(_, may)| wanted(may))
            .map(|(capability, _)| format!("{} {}", capability.title(), capability.english()))
            .collect();
        if some.is_empty() {
            "无 none".to_owned()
        } else {
            some.join("，")
        }
    };
    let can_send = |(capability, may): &(Capability, May)| {
        *capability == Capability::CustomMessage && matches!(may, May::No(_))
    };
    if found.iter().any(can_send) {
        report.notes.push([
            "不能发客服消息：超过约 14 秒的回答，关注者要点链接或回复 1 才能看到。多数个人号和未认证的公众号是这样。".into(),
            "Customer-service messages are not allowed: for answers that take more than about 14 s followers have to tap a link or send 1. So it is with most accounts of individuals and unverified ones.".into(),
        ]);
    }
    let mut lines = vec![
        format!("可以 yes: {}", titles(|may| *may == May::Yes)),
        format!("不可以 no: {}", titles(|may| matches!(may, May::No(_)))),
    ];
    if found.iter().any(|(_, may)| matches!(may, May::Unknown(_))) {
        let unknown = titles(|may| matches!(may, May::Unknown(_)));
        lines.push(format!("没查到 unknown: {unknown}"));
    }
    lines.join("\n    ")
}

fn addresses(report: &mut Report, list: &[String]) -> String {
    const SHOWN: usize = 3;
    if list.is_empty() {
        report.reasons.push(Reason {
            name: "no-callback-addresses",
            texts: [
                "平台没有给出推送来源的地址。稍后再试；如果防火墙只放行这些地址，推送可能进不来。".into(),
                "The platform names no addresses that pushes come from. Try again later; a firewall that lets in only those would keep pushes out.".into(),
            ],
        });
    }
    let some: Vec<_> = list.iter().take(SHOWN).map(|ip| clean(ip)).collect();
    let rest = if list.len() > SHOWN { " …" } else { "" };
    format!(
        "{} 个 · {} of them: {}{rest}",
        list.len(),
        list.len(),
        some.join(", ")
    )
}

fn reached(report: &mut Report, found: &CallbackCheckResponse) -> String {
    if found.dns.is_empty() {
        report.reasons.push(Reason {
            name: "callback-name-not-resolved",
            texts: [
                "平台解析不到服务器配置里的域名。请检查域名的解析记录，刚改过的要等它生效。".into(),
                "The platform cannot resolve the name in its server configuration. Check the name's DNS record; a change takes a while.".into(),
            ],
        });
    }
    let is_lost = |loss: &str| loss.trim_end_matches('%').parse() == Ok(100.0_f64);
    if !found.ping.is_empty() && found.ping.iter().all(|ping| is_lost(&ping.package_loss)) {
        report.notes.push([
            "平台 ping 不通服务器。很多防火墙不回应 ping，推送能到就不要紧；推送也收不到时，请检查防火墙和安全组。".into(),
            "The platform's pings are not answered. Many firewalls do not answer them, which does no harm while pushes come; if none come, check the firewall and the cloud's security group.".into(),
        ]);
    }
    let names: Vec<_> = found.dns.iter().map(|dns| clean(&dns.ip)).collect();
    let pings: Vec<_> = found
        .ping
        .iter()
        .map(|ping| {
            format!(
                "{} 丢包 lost {}，{}",
                clean(&ping.ip),
                clean(&ping.package_loss),
                clean(&ping.time)
            )
        })
        .collect();
    format!(
        "域名解析 DNS: {} · ping: {}",
        or_none(&names),
        or_none(&pings)
    )
}

fn or_none(items: &[String]) -> String {
    if items.is_empty() {
        "无 none".into()
    } else {
        items.join("; ")
    }
}

/// Why a call was in vain, and what to do.
fn reason(no: &No) -> Reason {
    let words = clean(&no.words);
    let (name, chinese, english) = match no.errcode {
        Some(40164) => {
            let address = address_in(&words);
            let (zh, en) = match &address {
                Some(address) => (address.clone(), address.clone()),
                None => ("这台机器的公网地址".into(), "this machine's public address".into()),
            };
            (
                "api-address-not-allowed",
                format!("调用接口的地址不在 IP 白名单里：请把 {zh} 加进去（公众平台「设置与开发 → 开发接口管理 → 基本配置」，AppSecret 旁边）。出口地址会变的网络，要加上所有的出口。"),
                format!("Calls come from an address that is not on the allow-list (IP白名单): add {en} to it, on the platform's page beside the AppSecret. If the network has several outgoing addresses, add all of them."),
            )
        }
        Some(40125 | 40001) => (
            "api-wrong-secret",
            "AppSecret 不对，或者已经重置。请到公众平台重新取一个，填进来之后旧的就作废。".into(),
            "The AppSecret is wrong, or was reset. Get the current one from the platform's page; a reset makes the one before invalid.".into(),
        ),
        Some(40013) => (
            "api-wrong-app-id",
            "AppID 不对。它以 wx 开头，共 18 个字符，不是 gh_ 开头的原始 ID；请逐字核对。".into(),
            "The AppID is wrong. It begins with wx and has 18 characters; it is not the original id that begins with gh_. Compare it letter by letter.".into(),
        ),
        Some(40243) => (
            "api-secret-frozen",
            "AppSecret 已被冻结。请到公众平台解冻。".into(),
            "The AppSecret is frozen. Thaw it on the platform's page.".into(),
        ),
        Some(50002 | 50001) => (
            "api-account-restricted",
            "公众号的接口被限制。请到公众平台看通知。".into(),
            "The account's API is restricted. See the notices on the platform's page.".into(),
        ),
        Some(40201) => (
            "callback-not-configured",
            "公众平台上还没有填服务器地址，或者填的不是地址。请在「服务器配置」填上 URL 并启用。".into(),
            "The platform has no server address for this account, or one that is none. Enter the URL on its page 服务器配置 and enable it.".into(),
        ),
        Some(45009) => (
            "api-quota-used-up",
            "今天的调用次数用完了。明天会恢复；每月可以用 clearQuota 重置 10 次。".into(),
            "Today's calls are used up. They come back tomorrow; `clearQuota` resets them 10 times a month.".into(),
        ),
        Some(code) => (
            "api-refused",
            format!("平台拒绝了（errcode {code}）：{words}"),
            format!("The platform refused it (errcode {code}): {words}"),
        ),
        None => (
            "api-unreached",
            format!("调用没有结果：{words}。请检查这台机器能不能访问平台的接口（网络、代理、api_base）。"),
            format!("The call came to nothing: {words}. Check whether this machine reaches the platform's API (network, proxy, `api_base`)."),
        ),
    };
    Reason {
        name,
        texts: [chinese, english],
    }
}

/// The first IP address in a sentence, without the prefix of an IPv4 address that is written as IPv6.
fn address_in(words: &str) -> Option<String> {
    let is_of_one = |character: char| character.is_ascii_hexdigit() || ".:".contains(character);
    words
        .split(|character| !is_of_one(character))
        .filter_map(|part| part.trim_end_matches(['.', ':']).parse::<IpAddr>().ok())
        .map(|address| address.to_canonical().to_string())
        .next()
}
