//! QR codes — 二维码
//!
//! Who scans a code with a scene (带参数的二维码) is asked to follow; the push that comes carries the scene.
//!
//! ```
//! use echostr_protocol::api::qrcode::{Action, CreateQrCode, SceneStr, ShowQrCode};
//!
//! let scene = SceneStr { scene_str: "shop-3".into() };
//! let request = CreateQrCode { expire_seconds: Some(604_800), action: Action::QrStrScene { scene } };
//! assert_eq!(
//!     serde_json::to_string(&request)?,
//!     r#"{"expire_seconds":604800,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"shop-3"}}}"#,
//! );
//! let picture = ShowQrCode { ticket: "gQH47joAAA==".into() };
//! assert_eq!(picture.url(), "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQH47joAAA%3D%3D");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Request, wire, address};
use crate::AppId;

endpoints! {
    Post "/cgi-bin/qrcode/create" CreateQrCode -> CreateQrCodeResponse, "生成带参数的二维码";
    Get "/cgi-bin/showqrcode" ShowQrCode -> Empty, "通过ticket换取二维码", host("mp.weixin.qq.com"), auth(Auth::None), file();
    Post "/cgi-bin/wxopen/qrcodejumpget" QrCodeJumpGet -> QrCodeJumpGetResponse, "获取二维码规则";
    Post "/cgi-bin/wxopen/qrcodejumpadd" QrCodeJumpAdd -> Empty, "增加或修改二维码规则";
    Post "/cgi-bin/wxopen/qrcodejumppublish" QrCodeJumpPublish -> Empty, "发布二维码规则";
    Post "/cgi-bin/wxopen/qrcodejumpdelete" QrCodeJumpDelete -> Empty, "删除二维码规则";
}

/// Makes a QR code with a scene — 生成带参数的二维码. For verified service accounts.
///
/// The scene arrives with [`Subscribe`](crate::event::Subscribe) or [`Scan`](crate::event::Scan).
///
/// # Errors
/// - 40053: `action_info` does not fit `action_name`, or the scene is out of its range.
/// - 45029: the account has 100 000 permanent codes; there can be no more, and none can be deleted.
/// - 48001: the account may not make any.
#[doc(alias = "生成带参数的二维码")]
#[doc(alias = "带参数二维码")]
#[doc(alias = "场景值")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateQrCode {
    /// How long a temporary code works, at most 2 592 000 (30 days). The default is short, 30 seconds by older pages: say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_seconds: Option<i64>,
    /// Temporary or permanent, and the scene.
    #[serde(flatten)]
    pub action: Action,
}

/// `action_name`, with the `action_info` that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "action_name",
    content = "action_info",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
pub enum Action {
    /// A temporary code (临时二维码) with a number.
    QrScene {
        /// 1 to 4 294 967 295.
        scene: SceneId,
    },
    /// A temporary code with a text.
    QrStrScene {
        /// 1 to 64 characters.
        scene: SceneStr,
    },
    /// A permanent code (永久二维码) with a number.
    QrLimitScene {
        /// 1 to 100 000.
        scene: SceneId,
    },
    /// A permanent code with a text.
    QrLimitStrScene {
        /// 1 to 64 characters.
        scene: SceneStr,
    },
}

/// A scene that is a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneId {
    /// Its range stands at the [`Action`].
    pub scene_id: i64,
}

/// A scene that is a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneStr {
    /// 1 to 64 characters.
    pub scene_str: String,
}

/// What [`CreateQrCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateQrCodeResponse {
    /// How long the code works, of a temporary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_seconds: Option<i64>,
    /// For [`ShowQrCode`], as long as the code works.
    pub ticket: String,
    /// What is written in the code, for who draws it: `http://weixin.qq.com/q/…`
    pub url: String,
}

/// The picture of a QR code — 通过ticket换取二维码, a JPEG.
///
/// # Errors
/// HTTP 404 when there is no such ticket.
#[doc(alias = "通过ticket换取二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShowQrCode {
    /// From [`CreateQrCodeResponse::ticket`], not escaped.
    pub ticket: String,
}

impl ShowQrCode {
    /// Where the picture is. There is no credential in it: it may stand in a web page.
    pub fn url(&self) -> String {
        address(Self::ENDPOINT, &[("ticket", Some(&self.ticket))])
    }
}

/// Which QR codes open a mini program — 获取二维码规则, for who scans one of the account's codes and follows already.
///
/// # Errors
/// - 44990: more than 5 calls in a second; wait.
/// - 61007: the mini program is not linked to the account, or the third-party platform was not granted this.
#[doc(alias = "获取二维码规则")]
#[doc(alias = "获取已设置的二维码规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpGet {
    /// The mini program. A service account must name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// 0 the latest 10 000 (default), 1 those of `prefix_list`, 2 by pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get_type: Option<i64>,
    /// At most 200, for 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefix_list: Vec<String>,
    /// From 1, for 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_num: Option<i64>,
    /// At most 200, for 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<i64>,
}

/// What [`QrCodeJumpGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QrCodeJumpGetResponse {
    /// How many rules came with this answer.
    pub list_size: i64,
    /// How many there are in all, for those who ask by pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_count: Option<i64>,
    /// The rules.
    pub rule_list: Vec<Rule>,
    /// How many more can be published this month.
    pub qrcodejump_pub_quota: i64,
    /// Whether the rules are switched on at all.
    #[serde(with = "wire::flag")]
    pub qrcodejump_open: bool,
}

/// Which QR codes open which page of a mini program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// As [`QrCodeJumpAdd::prefix`].
    pub prefix: String,
    /// As [`QrCodeJumpAdd::permit_sub_rule`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permit_sub_rule: Option<i64>,
    /// 1 not published, 2 published.
    pub state: i64,
    /// The page that opens.
    pub path: String,
    /// As [`QrCodeJumpAdd::open_version`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_version: Option<i64>,
    /// As [`QrCodeJumpAdd::debug_url`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub debug_url: Vec<String>,
}

/// Adds or changes a rule — 增加或修改二维码规则. It works once it is [published](QrCodeJumpPublish).
///
/// A service account gives `prefix`, `appid`, `path` and `is_edit`; the others are for mini programs, whose codes have any address.
///
/// # Errors
/// - 40097: a published rule cannot be changed; delete it and add another.
/// - 44990: more than 5 calls in a second; wait.
/// - 61007: the mini program is not linked to the account, or the third-party platform was not granted this.
/// - 85066 to 85076: the address was refused; the text of the error says why.
#[doc(alias = "增加或修改二维码规则")]
#[doc(alias = "扫服务号二维码打开小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpAdd {
    /// What is written in the codes: [`CreateQrCodeResponse::url`].
    pub prefix: String,
    /// Whether addresses that begin with `prefix` are kept for this rule: 1 no, 2 yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permit_sub_rule: Option<i64>,
    /// As [`Rule::state`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<i64>,
    /// The mini program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// The page that opens: `pages/index/index`.
    pub path: String,
    /// Who sees it before it is published: 1 developers, 2 trial users, too, 3 all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_version: Option<i64>,
    /// At most 5 full addresses to try it with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub debug_url: Vec<String>,
    /// Whether there is such a rule already, to be changed.
    #[serde(with = "wire::flag")]
    pub is_edit: bool,
}

/// Puts a rule to work — 发布二维码规则.
///
/// # Errors
/// - 44990: more than 5 calls in a second; wait.
/// - 85074: the mini program has not been released.
/// - 886000: 100 rules were published this month.
#[doc(alias = "发布二维码规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpPublish {
    /// As [`QrCodeJumpAdd::prefix`].
    pub prefix: String,
}

/// Deletes a rule — 删除二维码规则.
///
/// # Errors
/// - 44990: more than 5 calls in a second; wait.
/// - 886001: the platform is busy; try again.
#[doc(alias = "删除二维码规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpDelete {
    /// As [`QrCodeJumpAdd::prefix`].
    pub prefix: String,
    /// The mini program. A service account must name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
}
