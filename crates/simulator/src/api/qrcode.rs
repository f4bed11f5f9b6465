//! QR codes — 二维码. Their picture is an SVG here, the platform's is a JPEG.

use echostr_protocol::api::Empty;
use echostr_protocol::api::Endpoint;
use echostr_protocol::api::qrcode::{
    Action, CreateQrCode, CreateQrCodeResponse, QrCodeJumpAdd, QrCodeJumpDelete, QrCodeJumpGet,
    QrCodeJumpGetResponse, QrCodeJumpPublish, Rule,
};
use qrcode::render::svg;
use serde_json::{Map, Value};

use super::material::number;
use super::media::random_id;
use super::{Call, Consequence, Handlers, Output, Refusal};
use crate::world::{Account, World};

/// How long a temporary code works, unless it is said.
const DEFAULT_SECS: i64 = 60;
const MAX_SECS: i64 = 30 * 24 * 3600;
const MAX_SCENE_CHARS: usize = 64;
const MAX_PERMANENT: usize = 100_000;
/// How many temporary codes are kept; the oldest goes first.
const MAX_TEMPORARY: usize = 10_000;
const MAX_RULES: usize = 10_000;
const MAX_ADDRESS_BYTES: usize = 1024;
/// How many addresses a rule is tried with.
const MAX_TRIED: usize = 5;
/// How many rules can be published.
const MAX_PUBLISHED: usize = 100;

/// The codes of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Oldest first.
    codes: Vec<QrCode>,
    /// Which codes open a mini program, oldest first.
    rules: Vec<Rule>,
}

/// A QR code with a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    /// By which its picture is asked for; it comes with the event.
    pub ticket: String,
    /// What is written in it.
    pub url: String,
    /// What its scan tells, a number as text.
    pub scene: String,
    /// Until when it works, in Unix milliseconds; nothing: for ever.
    pub expires_at_ms: Option<i64>,
}

impl QrCode {
    fn works(&self, now_ms: i64) -> bool {
        self.expires_at_ms
            .is_none_or(|expires_at_ms| now_ms < expires_at_ms)
    }
}

impl State {
    /// The scene of a code that works.
    pub(crate) fn scanned(&self, ticket: &str, now_ms: i64) -> Option<String> {
        let code = self.codes.iter().find(|code| code.ticket == ticket)?;
        code.works(now_ms).then(|| code.scene.clone())
    }

    /// Those that work, oldest first.
    pub(crate) fn codes(&self, now_ms: i64) -> impl Iterator<Item = &QrCode> {
        self.codes.iter().filter(move |code| code.works(now_ms))
    }
}

impl Account {
    /// The scene of a code that works at this moment of the world's clock, in Unix milliseconds.
    pub fn scanned(&self, ticket: &str, now_ms: i64) -> Option<String> {
        self.state.qrcode.scanned(ticket, now_ms)
    }

    /// The codes that work at this moment, oldest first.
    pub fn codes(&self, now_ms: i64) -> impl Iterator<Item = &QrCode> {
        self.state.qrcode.codes(now_ms)
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(create);
    on.on(jump_get);
    on.on(jump_add);
    on.on(jump_publish);
    on.on(jump_delete);
}

/// What is wrong with a code that is none of the four kinds.
pub(super) fn complete(endpoint: &Endpoint, fields: &Map<String, Value>) -> Result<(), Refusal> {
    if endpoint.name != "CreateQrCode" {
        return Ok(());
    }
    let wanted = match fields.get("action_name").and_then(Value::as_str) {
        Some("QR_SCENE" | "QR_LIMIT_SCENE") => "scene_id",
        Some("QR_STR_SCENE" | "QR_LIMIT_STR_SCENE") => "scene_str",
        _ => return Err(Refusal::code(40052)),
    };
    let scene = fields.get("action_info").map(|info| &info["scene"][wanted]);
    let fits = scene.is_some_and(|scene| {
        if wanted == "scene_id" {
            scene.is_i64()
        } else {
            scene.is_string()
        }
    });
    if fits {
        Ok(())
    } else {
        Err(Refusal::code(40053))
    }
}

fn create(call: &mut Call<'_>, request: CreateQrCode) -> Result<CreateQrCodeResponse, Refusal> {
    let (scene, is_permanent) = match request.action {
        Action::QrScene { scene } => (number_in(scene.scene_id, i64::from(u32::MAX))?, false),
        Action::QrLimitScene { scene } => (number_in(scene.scene_id, 100_000)?, true),
        Action::QrStrScene { scene } => (text(scene.scene_str)?, false),
        Action::QrLimitStrScene { scene } => (text(scene.scene_str)?, true),
    };
    let expire_seconds = match (is_permanent, request.expire_seconds) {
        (true, _) => None,
        (false, seconds) => Some(seconds.unwrap_or(DEFAULT_SECS)),
    };
    if expire_seconds.is_some_and(|seconds| !(1..=MAX_SECS).contains(&seconds)) {
        return Err(Refusal::code(40097));
    }
    let code = match call
        .account
        .state
        .qrcode
        .codes
        .iter()
        .find(|code| is_permanent && code.is_for(&scene))
    {
        Some(code) => code.clone(),
        None => made(call, scene, expire_seconds)?,
    };
    Ok(CreateQrCodeResponse {
        expire_seconds,
        ticket: code.ticket,
        url: code.url,
    })
}

impl QrCode {
    /// Whether it works for ever, with this scene.
    fn is_for(&self, scene: &str) -> bool {
        self.expires_at_ms.is_none() && self.scene == scene
    }
}

fn made(
    call: &mut Call<'_>,
    scene: String,
    expire_seconds: Option<i64>,
) -> Result<QrCode, Refusal> {
    let now_ms = call.now_ms;
    let codes = &mut call.account.state.qrcode.codes;
    codes.retain(|code| code.works(now_ms));
    let n_permanent = codes
        .iter()
        .filter(|code| code.expires_at_ms.is_none())
        .count();
    if expire_seconds.is_none() && n_permanent >= MAX_PERMANENT {
        return Err(Refusal::code(45029));
    }
    if codes.len() - n_permanent >= MAX_TEMPORARY
        && let Some(oldest) = codes.iter().position(|code| code.expires_at_ms.is_some())
    {
        codes.remove(oldest);
    }
    let code = QrCode {
        ticket: format!("gQH{}==", random_id()),
        url: format!("http://weixin.qq.com/q/02{}", &random_id()[..20]),
        scene,
        expires_at_ms: expire_seconds.map(|seconds| now_ms + seconds * 1000),
    };
    codes.push(code.clone());
    call.effects.push(Consequence::Account);
    Ok(code)
}

fn number_in(scene: i64, max: i64) -> Result<String, Refusal> {
    if (1..=max).contains(&scene) {
        Ok(scene.to_string())
    } else {
        Err(Refusal::code(40053))
    }
}

fn text(scene: String) -> Result<String, Refusal> {
    if (1..=MAX_SCENE_CHARS).contains(&scene.chars().count()) {
        Ok(scene)
    } else {
        Err(Refusal::code(40053))
    }
}

/// The picture of a code that works, whosever it is.
pub(super) fn show(world: &World, request: &Value) -> Output {
    let ticket = request["ticket"].as_str().unwrap_or_default();
    let now_ms = world.now_ms();
    let mut codes = world
        .accounts()
        .iter()
        .flat_map(|account| account.codes(now_ms));
    let code = codes.find(|code| code.ticket == ticket);
    let picture = code.and_then(|code| qrcode::QrCode::new(&code.url).ok());
    picture.map_or(Output::Missing, |picture| Output::File {
        name: "qrcode.svg".into(),
        content_type: "image/svg+xml".into(),
        bytes: picture
            .render::<svg::Color<'_>>()
            .min_dimensions(430, 430)
            .build()
            .into_bytes(),
    })
}

fn jump_get(call: &mut Call<'_>, request: QrCodeJumpGet) -> Result<QrCodeJumpGetResponse, Refusal> {
    let rules = &call.account.state.qrcode.rules;
    let newest = rules.iter().rev();
    let rule_list: Vec<_> = match request.get_type.unwrap_or_default() {
        0 => newest.cloned().collect(),
        1 => newest
            .filter(|rule| request.prefix_list.contains(&rule.prefix))
            .cloned()
            .collect(),
        2 => {
            let size = usize::try_from(request.page_size.unwrap_or(200))
                .ok()
                .filter(|size| (1..=200).contains(size));
            let before = usize::try_from(request.page_num.unwrap_or(1) - 1).ok();
            let (Some(size), Some(before)) = (size, before) else {
                return Err(Refusal::code(40097));
            };
            newest
                .skip(before.saturating_mul(size))
                .take(size)
                .cloned()
                .collect()
        }
        _ => return Err(Refusal::code(40097)),
    };
    Ok(QrCodeJumpGetResponse {
        list_size: number(rule_list.len()),
        total_count: Some(number(rules.len())),
        rule_list,
        qrcodejump_pub_quota: number(MAX_PUBLISHED.saturating_sub(n_published(rules))),
        qrcodejump_open: true,
    })
}

fn n_published(rules: &[Rule]) -> usize {
    rules.iter().filter(|rule| rule.state == PUBLISHED).count()
}

const NOT_PUBLISHED: i64 = 1;
const PUBLISHED: i64 = 2;

fn jump_add(call: &mut Call<'_>, request: QrCodeJumpAdd) -> Result<Empty, Refusal> {
    let texts = [&request.prefix, &request.path]
        .into_iter()
        .chain(&request.debug_url);
    if request.debug_url.len() > MAX_TRIED
        || texts
            .map(String::len)
            .any(|n| n == 0 || n > MAX_ADDRESS_BYTES)
    {
        return Err(Refusal::code(40097));
    }
    let rules = &mut call.account.state.qrcode.rules;
    let place = rules.iter().position(|rule| rule.prefix == request.prefix);
    let is_changeable =
        place.is_none_or(|place| request.is_edit && rules[place].state == NOT_PUBLISHED);
    if !is_changeable || request.is_edit != place.is_some() || rules.len() >= MAX_RULES {
        return Err(Refusal::code(40097));
    }
    let rule = Rule {
        prefix: request.prefix,
        permit_sub_rule: request.permit_sub_rule,
        state: NOT_PUBLISHED,
        path: request.path,
        open_version: request.open_version,
        debug_url: request.debug_url,
    };
    match place {
        Some(place) => rules[place] = rule,
        None => rules.push(rule),
    }
    Ok(Empty {})
}

fn jump_publish(call: &mut Call<'_>, request: QrCodeJumpPublish) -> Result<Empty, Refusal> {
    let rules = &mut call.account.state.qrcode.rules;
    if n_published(rules) >= MAX_PUBLISHED {
        return Err(Refusal::code(886_000));
    }
    let rule = rules.iter_mut().find(|rule| rule.prefix == request.prefix);
    rule.ok_or_else(|| Refusal::code(40097))?.state = PUBLISHED;
    Ok(Empty {})
}

fn jump_delete(call: &mut Call<'_>, request: QrCodeJumpDelete) -> Result<Empty, Refusal> {
    let rules = &mut call.account.state.qrcode.rules;
    let before = rules.len();
    rules.retain(|rule| rule.prefix != request.prefix);
    if rules.len() < before {
        Ok(Empty {})
    } else {
        Err(Refusal::code(40097))
    }
}
