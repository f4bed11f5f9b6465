//! [`Problem`]: every error of the API, as `application/problem+json` with a code that stays the same.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9457> (read 2026-11-22)

use std::collections::{BTreeMap, BTreeSet};

use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

use crate::office::{FormFault, word_of};

/// The media type of every error.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// The table of all errors: code, which is written in snake case, status, title.
macro_rules! codes {
    ($($name:ident $status:ident $title:literal;)*) => {
        /// 错误代码，不会改变 · what went wrong, in a word that stays the same.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum Code {
            $($name,)*
        }

        impl Code {
            const ALL: &[Self] = &[$(Self::$name,)*];

            fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            pub(super) fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }
        }
    };
}

codes! {
    BadQuery BAD_REQUEST "网址中的参数有误 · the query of the address is wrong";
    BadJson BAD_REQUEST "请求体不是一个 JSON 对象 · the body is not a JSON object";
    BadToml BAD_REQUEST "请求体不是 TOML · the body is not TOML";
    BrokenBody BAD_REQUEST "请求体没有传完 · the body did not arrive whole";
    NoKey UNAUTHORIZED "需要 API 密钥 · an API key is needed";
    WrongKey UNAUTHORIZED "API 密钥无效 · the API key does not count";
    MissingScope FORBIDDEN "API 密钥没有这个权限 · the API key is not good for this";
    OutlivesKey FORBIDDEN "API 密钥不能生成比自己更晚失效的 · an API key cannot make one that outlives it";
    SocketOnly FORBIDDEN "只能在服务器上用命令行来做 · only the command line on the server may do this";
    UnknownRoute NOT_FOUND "没有这个地址 · there is nothing at this address";
    UnknownAccount NOT_FOUND "没有这个公众号 · there is no such account";
    UnknownMessage NOT_FOUND "没有这条消息 · there is no such message";
    UnknownAnswer NOT_FOUND "没有这条回答 · there is no such answer";
    UnknownFollower NOT_FOUND "没有这个关注者 · there is no such follower";
    UnknownRule NOT_FOUND "没有这条规则 · there is no such rule";
    UnknownCall NOT_FOUND "平台没有这个接口 · the platform has no such call";
    UnknownKey NOT_FOUND "没有这个 API 密钥 · there is no such API key";
    WrongMethod METHOD_NOT_ALLOWED "这个地址不接受这种请求 · this address does not take such requests";
    AccountExists CONFLICT "已有这个 id 的公众号 · there is an account with this id already";
    TokenTaken CONFLICT "另一个公众号已在用这个 Token · another account has this token";
    ChangedMeanwhile CONFLICT "这个公众号刚刚又被改了 · the account was changed meanwhile";
    Provisioned CONFLICT "这个公众号写在设置文件里 · this account is set in the file of settings";
    AccountUnread CONFLICT "这个公众号读不出来 · this account cannot be read";
    RuleExists CONFLICT "已有这个 id 的规则 · there is a rule with this id already";
    RuleChanged CONFLICT "这条规则刚刚又被改了 · the rule was changed meanwhile";
    RuleUnread CONFLICT "这条规则读不出来 · this rule cannot be read";
    TooManyRules CONFLICT "规则太多或太长 · there would be too many rules, or too long ones";
    OnlyAccounts CONFLICT "公众号改了，规则没有改 · the accounts were changed, the rules were not";
    NoAppSecret CONFLICT "这个公众号缺少调用这个接口要的凭据 · the account lacks the credentials for this call";
    KeyUsed CONFLICT "这个 Idempotency-Key 已用于另一个请求 · this `Idempotency-Key` was used for another request";
    Underway CONFLICT "同一个请求正在进行 · the same request is underway";
    BodyTooLarge PAYLOAD_TOO_LARGE "请求体太大 · the body is too large";
    WrongMediaType UNSUPPORTED_MEDIA_TYPE "请求体的类型不对 · the body is of another type";
    Invalid UNPROCESSABLE_ENTITY "有的内容不可用 · some values cannot be used";
    PlatformRefused FAILED_DEPENDENCY "微信平台拒绝了 · the platform refused";
    TooManyRequests TOO_MANY_REQUESTS "请求太多 · too many requests";
    PlatformUnreached BAD_GATEWAY "微信平台没有给出可用的回答 · the platform gave no answer that can be used";
    Unconfirmed SERVICE_UNAVAILABLE "数据库没有确认，不知道做了没有 · the database did not confirm it: it is not known whether it was done";
    DatabaseAway SERVICE_UNAVAILABLE "数据库暂时不可用 · the database is away";
    Unsure GATEWAY_TIMEOUT "微信平台没有及时给出回答，不知道做了没有 · the platform gave no good answer in time: it is not known whether it was done";
}

/// Something that went wrong, for who asked.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Told>);

/// 出了什么问题 · what went wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Told {
    /// `urn:echostr:problem:` 加错误代码 · `urn:echostr:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "urn:echostr:problem:invalid")]
    kind: String,
    /// 给人看的标题 · for people, the same for every problem with this code.
    #[schema(example = "有的内容不可用 · some values cannot be used")]
    title: &'static str,
    /// HTTP 状态码 · the status of the answer.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    code: Code,
    /// 这一次具体是什么问题，怎么办 · what it was this time, and what to do.
    #[schema(example = "`token` has 2 characters; 3 to 32 letters and digits are allowed")]
    detail: String,
    /// 每个有误的字段 · every field with a fault, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    fields: Vec<FieldFault>,
    /// 微信平台的错误码 · the platform's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = json!(null))]
    errcode: Option<i64>,
    /// 微信平台给这次调用的编号，可以拿去查 · the platform's id of this call, for questions to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = json!(null))]
    rid: Option<String>,
    #[serde(skip)]
    header: Option<(HeaderName, HeaderValue)>,
}

/// 一个有误的字段 · a field with a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldFault {
    /// 字段，如 `texts.unread` · the field, like `texts.unread`.
    #[schema(example = "token")]
    pub field: String,
    /// 写了什么，允许什么 · what is there and what is allowed; a secret is never shown.
    #[schema(example = "`token` has 2 characters; 3 to 32 letters and digits are allowed")]
    pub message: String,
}

impl Code {
    /// As it is written.
    pub(super) fn word(self) -> String {
        word_of(&self).unwrap_or_default()
    }
}

impl Problem {
    /// A problem; `detail` says what it was this time.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Told {
            kind: format!("urn:echostr:problem:{}", code.word()),
            title: code.title(),
            status: code.status().as_u16(),
            code,
            detail: detail.into(),
            fields: Vec::new(),
            errcode: None,
            rid: None,
            header: (code.status() == StatusCode::UNAUTHORIZED)
                .then_some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        }))
    }

    /// Fields with faults; `code` says of what they are a part.
    pub(super) fn fields(code: Code, fields: Vec<FieldFault>) -> Self {
        let messages: Vec<_> = fields.iter().map(|fault| fault.message.as_str()).collect();
        let detail = messages.join("; ");
        let mut problem = Self::new(code, detail);
        problem.0.fields = fields;
        problem
    }

    /// What it was this time.
    pub(super) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// With what the platform says.
    pub(super) fn of_platform(mut self, errcode: i64, rid: Option<&str>) -> Self {
        self.0.errcode = Some(errcode);
        self.0.rid = rid.map(str::to_owned);
        self
    }

    /// To be tried again after so many seconds.
    pub(super) fn retry_after(mut self, secs: u64) -> Self {
        self.0.header = Some((RETRY_AFTER, secs.into()));
        self
    }
}

/// The problems with this status.
pub(super) fn codes(status: StatusCode) -> impl Iterator<Item = Code> {
    let all = Code::ALL.iter().copied();
    all.filter(move |code| code.status() == status)
}

/// Every status of a problem, once.
pub(super) fn statuses() -> BTreeSet<StatusCode> {
    Code::ALL.iter().map(|code| code.status()).collect()
}

/// The name under which the description has the problems with this status.
pub(super) fn component(status: StatusCode) -> String {
    format!("problem{}", status.as_u16())
}

/// Says in the description of a route that it can answer so.
macro_rules! can_answer {
    ($($name:ident $status:literal;)*) => {
        $(
            pub(super) enum $name {}

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
                    let reference = Ref::from_response_name(concat!("problem", $status));
                    [($status.into(), reference.into())].into()
                }
            }
        )*
    };
}

can_answer! {
    NotFound "404";
    Conflict "409";
    Refusal "424";
    Unreached "502";
    Away "503";
    NotSure "504";
}

impl From<FormFault> for FieldFault {
    fn from(FormFault { field, message }: FormFault) -> Self {
        Self { field, message }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if let Some((name, value)) = self.0.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
