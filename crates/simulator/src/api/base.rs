//! The addresses of the platform, and whether it reaches the account's server — 网络与服务器地址.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::http::Uri;
use echostr_protocol::api::base::{
    CallbackCheck, CallbackCheckResponse, CheckAction, DnsResult, GetApiDomainIp, GetCallbackIp,
    IpList, Operator, PingResult,
};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::{Call, Handlers, Output, Refusal};

/// How long the name of a server, or one of its addresses, has time to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many addresses are tried.
const MAX_ADDRESSES: usize = 4;

/// Nothing of the account.
#[derive(Debug, Default)]
pub(crate) struct State;

pub(super) fn handlers(on: &mut Handlers) {
    on.on(|call, _: GetApiDomainIp| Ok(addresses(call.base)));
    on.on(|call, _: GetCallbackIp| Ok(addresses(call.base)));
    on.on_raw(check);
}

/// Where the simulator is, and where its pushes come from: this machine.
fn addresses(base: &str) -> IpList {
    let uri = base.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    IpList {
        ip_list: vec![address.to_string()],
    }
}

fn check(call: &mut Call<'_>, request: CallbackCheck) -> Result<Output, Refusal> {
    if matches!(request.action, CheckAction::Other(_)) {
        return Err(Refusal::code(40202));
    }
    if matches!(request.check_operator, Operator::Other(_)) {
        return Err(Refusal::code(40203));
    }
    let server = call.account.settings.server.as_ref();
    let uri = server.and_then(|server| server.url.parse::<Uri>().ok());
    let uri = uri
        .filter(|uri| uri.host().is_some())
        .ok_or_else(|| Refusal::code(40201))?;
    Ok(Output::Later(Box::pin(async move {
        let answer = tried(&uri, &request).await;
        Output::Json(serde_json::to_value(answer).expect("answers are structs"))
    })))
}

/// Resolves the server's name, and opens a connection to each of its addresses: the platform pings, which needs rights that this process
/// does not have.
async fn tried(uri: &Uri, request: &CallbackCheck) -> CallbackCheckResponse {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_https = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let found = timeout(PATIENCE, lookup_host((host, port))).await;
    let found: Vec<SocketAddr> = match found {
        Ok(Ok(addresses)) => addresses.take(MAX_ADDRESSES).collect(),
        _ => Vec::new(),
    };
    let operator = match &request.check_operator {
        Operator::Auto => Operator::Cap,
        named => named.clone(),
    };
    let mut answer = CallbackCheckResponse::default();
    for address in found {
        if request.action != CheckAction::Ping {
            answer.dns.push(DnsResult {
                ip: address.ip().to_string(),
                real_operator: operator.clone(),
            });
        }
        if request.action != CheckAction::Dns {
            let start = Instant::now();
            let connected = timeout(PATIENCE, TcpStream::connect(address)).await;
            let is_reached = matches!(connected, Ok(Ok(_)));
            answer.ping.push(PingResult {
                ip: address.ip().to_string(),
                from_operator: operator.clone(),
                package_loss: if is_reached { "0%" } else { "100%" }.into(),
                time: format!("{:.3}ms", start.elapsed().as_secs_f64() * 1000.0),
            });
        }
    }
    answer
}
