//! Accounts: what their owners fill in on the platform's pages.

use std::net::IpAddr;

use axum::extract::State;
use echostr_protocol::AppId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Body, Path, Refused};
use crate::course::Course;
use crate::doctor;
use crate::phone::raw;
use crate::push::{Mode, Sealing};
use crate::simulator::{Change, NotConfigured, NotThere, Simulator, millis};
use crate::world::{Account, AccountSettings, Kind, ServerConfig};

/// How many accounts there may be here.
const MAX_ACCOUNTS: usize = 100;

/// An account without its secrets.
pub(super) fn brief(account: &Account) -> Value {
    let settings = &account.settings;
    json!({
        "app_id": settings.app_id,
        "name": settings.name,
        "gh_id": settings.gh_id,
        "kind": settings.kind.name(),
        "n_followers": account.following().count(),
    })
}

fn whole(account: &Account, base: &str) -> Value {
    let settings = &account.settings;
    let server = settings.server.as_ref().map(|server| {
        let key = server.mode.sealing().map(|sealing| sealing.key.to_base64());
        json!({
            "url": server.url,
            "token": server.token.expose(),
            "mode": server.mode.name(),
            "encoding_aes_key": key,
        })
    });
    json!({
        "app_id": settings.app_id,
        "app_secret": settings.app_secret.expose(),
        "name": settings.name,
        "gh_id": settings.gh_id,
        "kind": settings.kind.name(),
        "api_base": base,
        "server": server,
        "allowed": settings.allowed,
        "course": account.course().to_string(),
        "followers": account.followers.iter().map(super::follower::brief).collect::<Vec<_>>(),
    })
}

/// `GET /sim/accounts`
pub(super) async fn list(State(simulator): State<Simulator>) -> Answer {
    let world = simulator.world();
    let accounts: Vec<_> = world.accounts().iter().map(brief).collect();
    Ok(axum::Json(json!({ "accounts": accounts })))
}

/// `GET /sim/accounts/{app_id}`
pub(super) async fn one(State(simulator): State<Simulator>, Path(app_id): Path<String>) -> Answer {
    shown(&simulator, &app_id)
}

fn shown(simulator: &Simulator, app_id: &str) -> Answer {
    let world = simulator.world();
    let account = world
        .account(app_id)
        .ok_or_else(|| NotThere::Account(app_id.to_owned()))?;
    Ok(axum::Json(whole(account, &world.base)))
}

/// 服务器配置, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    url: String,
    token: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    encoding_aes_key: String,
    /// Whether it is saved although the handshake fails.
    #[serde(default)]
    anyway: bool,
}

impl Server {
    fn config(&self, app_id: &AppId) -> Result<ServerConfig, Refused> {
        let sealing = || {
            let key = self
                .encoding_aes_key
                .parse()
                .map_err(|error| Refused::bad(format!("EncodingAESKey: {error}")))?;
            Ok::<_, Refused>(Sealing {
                key,
                app_id: app_id.clone(),
            })
        };
        let mode = match &*self.mode {
            "plain" | "" => Mode::Plain,
            "compatible" | "compat" => Mode::Compatible(sealing()?),
            "safe" => Mode::Safe(sealing()?),
            other => {
                return Err(Refused::bad(format!(
                    "`mode` 不能是 · cannot be `{other}`: plain, compatible, safe"
                )));
            }
        };
        let token = self
            .token
            .parse()
            .map_err(|error| Refused::bad(format!("Token: {error}")))?;
        Ok(ServerConfig {
            url: self.url.trim().to_owned(),
            token,
            mode,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    app_id: Option<String>,
    app_secret: Option<String>,
    gh_id: Option<String>,
    kind: Option<String>,
    server: Option<Server>,
    #[serde(default)]
    allowed: Vec<IpAddr>,
}

/// `POST /sim/accounts`: the server is not asked.
pub(super) async fn add(State(simulator): State<Simulator>, Body(new): Body<New>) -> Answer {
    let mut settings = AccountSettings::new(named(&new.name)?);
    if let Some(app_id) = new.app_id {
        settings.app_id = plain("app_id", &app_id)?.into();
    }
    if let Some(secret) = new.app_secret {
        settings.app_secret = plain("app_secret", &secret)?.into();
    }
    if let Some(gh_id) = new.gh_id {
        settings.gh_id = plain("gh_id", &gh_id)?.into();
    }
    if let Some(kind) = new.kind {
        settings.kind = kind_named(&kind)?;
    }
    settings.allowed = new.allowed;
    settings.server = new
        .server
        .map(|server| server.config(&settings.app_id))
        .transpose()?;
    let added = simulator
        .admit_account(settings, MAX_ACCOUNTS)
        .map_err(Refused::bad)?;
    let app_id = added.ok_or_else(|| {
        Refused::bad(format!(
            "最多 {MAX_ACCOUNTS} 个公众号 · at most {MAX_ACCOUNTS} accounts"
        ))
    })?;
    shown(&simulator, app_id.as_str())
}

fn named(name: &str) -> Result<String, Refused> {
    match name.trim() {
        name if (1..=30).contains(&name.chars().count()) => Ok(name.to_owned()),
        _ => Err(Refused::bad(
            "名字要有 1 到 30 个字 · a name has 1 to 30 characters",
        )),
    }
}

/// Ids stand in addresses.
fn plain<'a>(field: &str, id: &'a str) -> Result<&'a str, Refused> {
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_plain && (1..=64).contains(&id.len()) {
        return Ok(id);
    }
    Err(Refused::bad(format!(
        "`{field}` 只能有 1 到 64 个字母、数字、_、- · has 1 to 64 letters, digits, _ and -"
    )))
}

fn kind_named(name: &str) -> Result<Kind, Refused> {
    Kind::by_name(name).ok_or_else(|| {
        let kinds: Vec<_> = Kind::ALL.into_iter().map(Kind::name).collect();
        Refused::bad(format!(
            "`kind` 不能是 · cannot be `{name}`: {}",
            kinds.join(", ")
        ))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    name: Option<String>,
    kind: Option<String>,
    allowed: Option<Vec<IpAddr>>,
    course: Option<String>,
}

/// `PATCH /sim/accounts/{app_id}`: all of it is done, or nothing.
pub(super) async fn change(
    State(simulator): State<Simulator>,
    Path(app_id): Path<String>,
    Body(changes): Body<Changes>,
) -> Answer {
    let name = changes.name.as_deref().map(named).transpose()?;
    let kind = changes.kind.as_deref().map(kind_named).transpose()?;
    let course: Option<Course> = changes
        .course
        .map(|course| course.parse().map_err(Refused::bad))
        .transpose()?;
    let mut world = simulator.world();
    let account = world
        .account_mut(&app_id)
        .ok_or_else(|| NotThere::Account(app_id.clone()))?;
    if let Some(name) = name {
        account.settings.name = name;
    }
    if let Some(kind) = kind {
        account.settings.kind = kind;
    }
    if let Some(allowed) = changes.allowed {
        account.settings.allowed = allowed;
    }
    let id = account.settings.app_id.clone();
    drop(world);
    if let Some(course) = course {
        simulator.set_course(&id, course)?;
    }
    simulator.changed(Change::Account(id));
    shown(&simulator, &app_id)
}

/// `PUT /sim/accounts/{app_id}/server`: 提交. It is saved when the handshake passes, or with `"anyway": true`.
pub(super) async fn submit(
    State(simulator): State<Simulator>,
    Path(app_id): Path<String>,
    Body(server): Body<Server>,
) -> Answer {
    let app_id = AppId::from(app_id);
    let config = server.config(&app_id)?;
    let (platform, handshake) = simulator.greet(&app_id, &config).await.map_err(refused)?;
    let is_saved = handshake.passed() || server.anyway;
    if is_saved {
        simulator
            .configure(&app_id, Some(config))
            .map_err(refused)?;
    }
    let faults = doctor::why_no_handshake(&platform, &handshake);
    let why: Vec<_> = faults
        .iter()
        .map(|fault| json!({ "name": fault.name(), "chinese": fault.chinese(), "english": fault.english() }))
        .collect();
    let exchange = &handshake.exchange;
    Ok(axum::Json(json!({
        "passed": handshake.passed(),
        "saved": is_saved,
        "why": why,
        "request": exchange.request.raw(),
        "response": exchange.answer.as_ref().map_or_else(ToString::to_string, raw),
        "took_ms": millis(exchange.took),
    })))
}

fn refused(error: NotConfigured) -> Refused {
    match error {
        NotConfigured::NotThere(missing) => missing.into(),
        NotConfigured::Address(address) => Refused::bad(address),
    }
}

/// `DELETE /sim/accounts/{app_id}/server`
pub(super) async fn disconnect(
    State(simulator): State<Simulator>,
    Path(app_id): Path<String>,
) -> Answer {
    simulator
        .configure(&AppId::from(&*app_id), None)
        .map_err(refused)?;
    shown(&simulator, &app_id)
}

/// `GET /sim/accounts/{app_id}/codes`
pub(super) async fn codes(
    State(simulator): State<Simulator>,
    Path(app_id): Path<String>,
) -> Answer {
    let world = simulator.world();
    let account = world.account(&app_id).ok_or(NotThere::Account(app_id))?;
    let codes = account.codes(world.now_ms()).map(|code| {
        json!({ "ticket": code.ticket, "url": code.url, "scene": code.scene, "expires_at_ms": code.expires_at_ms })
    });
    Ok(axum::Json(json!({ "codes": codes.collect::<Vec<_>>() })))
}
