//! What a third-party platform manages — 第三方平台管理: its own domains, mini programs registered quickly or linked to an account,
//! and an account's picture and introduction.
//!
//! ```
//! use echostr_protocol::api::{self, Body, component_admin::{FastRegisterAuthUrl, LinkMiniprogram}};
//!
//! let request = LinkMiniprogram { appid: "wxe5f52902cf4de896".into(), notify_users: false, show_profile: true };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"appid":"wxe5f52902cf4de896","notify_users":0,"show_profile":1}"#);
//!
//! let page = FastRegisterAuthUrl {
//!     appid: "wxf8b4f85f3a794e77".into(),
//!     component_appid: "wx570bc396a51b8ff8".into(),
//!     copy_wx_verify: true,
//!     redirect_uri: "https://bot.example.com/registered".into(),
//! };
//! assert_eq!(
//!     page.url(),
//!     "https://mp.weixin.qq.com/cgi-bin/fastregisterauth?appid=wxf8b4f85f3a794e77&component_appid=wx570bc396a51b8ff8\
//!      &copy_wx_verify=1&redirect_uri=https%3A%2F%2Fbot.example.com%2Fregistered"
//! );
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/thirdparty-management/domain-mgnt/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Request as _, Secret, wire, address};
use crate::{AppId, GhId, MediaId};

endpoints! {
    Post "/cgi-bin/component/modify_wxa_server_domain" ModifyThirdpartyServerDomain -> ModifyThirdpartyServerDomainResponse, "设置第三方平台服务器域名", auth(Auth::Component);
    Post "/cgi-bin/component/get_domain_confirmfile" GetThirdpartyJumpDomainConfirmFile -> GetThirdpartyJumpDomainConfirmFileResponse, "获取第三方平台业务域名校验文件", auth(Auth::Component);
    Post "/cgi-bin/component/modify_wxa_jump_domain" ModifyThirdpartyJumpDomain -> ModifyThirdpartyJumpDomainResponse, "设置第三方平台业务域名", auth(Auth::Component);
    Post "/cgi-bin/component/fastregisterweapp?action=create" RegisterMiniprogram -> Empty, "快速注册企业小程序", auth(Auth::Component);
    Post "/cgi-bin/component/fastregisterweapp?action=search" SearchRegisteredMiniprogram -> Empty, "查询快速注册企业小程序", auth(Auth::Component);
    Page "/cgi-bin/fastregisterauth" FastRegisterAuthUrl -> FastRegisterAuthUrlResponse, "复用公众号主体快速注册小程序链接", host("mp.weixin.qq.com"), auth(Auth::None);
    Post "/cgi-bin/account/fastregister" RegisterMiniprogramByOffiaccount -> RegisterMiniprogramByOffiaccountResponse, "复用公众号主体快速注册小程序";
    Post "/cgi-bin/wxopen/wxamplinkget" GetLinkMiniprogram -> GetLinkMiniprogramResponse, "获取公众号关联的小程序";
    Post "/cgi-bin/wxopen/wxamplink" LinkMiniprogram -> Empty, "公众号关联小程序";
    Post "/cgi-bin/wxopen/wxampunlink" UnlinkMiniprogram -> Empty, "公众号解除关联小程序";
    Get "/cgi-bin/account/getaccountbasicinfo" GetAccountBasicInfo -> GetAccountBasicInfoResponse, "获取基本信息";
    Post "/cgi-bin/account/modifyheadimage" SetHeadImage -> Empty, "修改头像";
    Post "/cgi-bin/account/modifysignature" SetSignature -> Empty, "修改功能介绍";
}

words! {
    /// What to do with domains.
    DomainAction {
        /// Adds them to those that are there.
        Add = "add",
        /// Takes them away; one that is not there is no error.
        Delete = "delete",
        /// Puts them in the place of those that are there.
        Set = "set",
        /// Changes nothing, only answers.
        Get = "get",
    }
}

/// Lists or changes the servers that mini programs made by the third-party platform may reach — 设置第三方平台服务器域名.
///
/// At most 50 changes a month.
#[doc(alias = "设置第三方平台服务器域名")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModifyThirdpartyServerDomain {
    /// What to do.
    pub action: DomainAction,
    /// Whether the published third-party platform changes, too, and not only the one under test, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_modify_published_together: Option<bool>,
    /// Bare domains with `;` between them, `api.example.com;img.example.com`, at most 1000. Not for [`DomainAction::Get`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxa_server_domain: Option<String>,
}

/// What [`ModifyThirdpartyServerDomain`] answers: lists with `;` between the domains.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModifyThirdpartyServerDomainResponse {
    /// Those of the published third-party platform, when it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_wxa_server_domain: Option<String>,
    /// Those of the one under test.
    pub testing_wxa_server_domain: String,
    /// Those that were refused, when some were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_wxa_server_domain: Option<String>,
}

/// Asks for the file that proves who owns a domain — 获取第三方平台业务域名校验文件.
///
/// It must be found, unchanged, in the root of each domain before [`ModifyThirdpartyJumpDomain`]. The body is an empty JSON
/// object.
#[doc(alias = "获取第三方平台业务域名校验文件")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetThirdpartyJumpDomainConfirmFile {}

/// What [`GetThirdpartyJumpDomainConfirmFile`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetThirdpartyJumpDomainConfirmFileResponse {
    /// `SBrEQRgJyb.txt`.
    pub file_name: String,
    /// A line of text.
    pub file_content: String,
}

/// Lists or changes the web pages that mini programs made by the third-party platform may show — 设置第三方平台业务域名.
#[doc(alias = "设置第三方平台业务域名")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModifyThirdpartyJumpDomain {
    /// What to do.
    pub action: DomainAction,
    /// Whether the published third-party platform changes, too, and not only the one under test, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_modify_published_together: Option<bool>,
    /// Bare domains with `;` between them, at most 300; older documents say 200. Not for [`DomainAction::Get`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxa_jump_h5_domain: Option<String>,
}

/// What [`ModifyThirdpartyJumpDomain`] answers: lists with `;` between the domains.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModifyThirdpartyJumpDomainResponse {
    /// Those of the published third-party platform, when it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_wxa_jump_h5_domain: Option<String>,
    /// Those of the one under test.
    pub testing_wxa_jump_h5_domain: String,
    /// Those that were refused, when some were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_wxa_jump_h5_domain: Option<String>,
}

/// Registers a mini program for a company — 快速注册企业小程序.
///
/// The legal person gets a message and has 24 hours to show their face; the outcome is pushed
/// ([`NotifyThirdFasteregister`](crate::component::NotifyThirdFasteregister)). One registration of the same company at a time.
///
/// # Errors
/// - 86004: there is no such WeChat id.
/// - 61070: the legal person's name is not the one bound to that WeChat id.
/// - 89247: the platform failed; try again later.
/// - 89248: the code does not belong to `code_type`.
/// - 89249: one is running for this company; try again 24 hours after it began.
/// - 89251, 89252: the legal person has yet to confirm, or the company is being checked.
/// - 89253, 89254: a field is missing, or a permission set of the third-party platform.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-ent/registerMiniprogram.html>
#[doc(alias = "快速注册企业小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegisterMiniprogram {
    /// The company as it is registered; a trader without a company's name is `个体户` and the legal person's name.
    pub name: String,
    /// The company's number.
    pub code: String,
    /// Which number it is: 1 统一社会信用代码 of 18 characters, 2 组织机构代码 of 9 (`xxxxxxxx-x`), 3 营业执照注册号 of 15.
    pub code_type: i64,
    /// As their bank card has it.
    pub legal_persona_name: String,
    /// Their WeChat id.
    pub legal_persona_wechat: String,
    /// Whom at the third-party platform the legal person may ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_phone: Option<String>,
}

/// Asks how a registration is going — 查询快速注册企业小程序. A success means that it is done.
///
/// # Errors
/// - 89249, 89251, 89252: not yet, as for [`RegisterMiniprogram`].
/// - 89250: there is no such registration.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-ent/registerMiniprogram.html>
#[doc(alias = "查询快速注册企业小程序")]
#[doc(alias = "查询创建任务状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchRegisteredMiniprogram {
    /// The company, as in [`RegisterMiniprogram`].
    pub name: String,
    /// The legal person.
    pub legal_persona_name: String,
    /// Their WeChat id.
    pub legal_persona_wechat: String,
}

/// The page where an official account agrees to register a mini program of its own entity — 复用公众号主体快速注册小程序链接.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-officalaccount/registerMiniprogramByOffiaccount.html>
#[doc(alias = "复用公众号主体快速注册小程序链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FastRegisterAuthUrl {
    /// The official account; it must be verified and belong to no person.
    pub appid: AppId,
    /// The third-party platform.
    pub component_appid: AppId,
    /// Whether the mini program takes over the official account's verification. Governments, media and other
    /// organisations must.
    #[serde(with = "wire::flag")]
    pub copy_wx_verify: bool,
    /// Where the browser comes back to, not escaped; on the domain that is registered for authorisation (授权发起页域名).
    pub redirect_uri: String,
}

impl FastRegisterAuthUrl {
    /// The page's address.
    pub fn url(&self) -> String {
        let copy_wx_verify = u8::from(self.copy_wx_verify).to_string();
        let query = [
            ("appid", Some(self.appid.as_str())),
            ("component_appid", Some(self.component_appid.as_str())),
            ("copy_wx_verify", Some(&copy_wx_verify)),
            ("redirect_uri", Some(&self.redirect_uri)),
        ];
        address(Self::ENDPOINT, &query)
    }
}

/// What [`FastRegisterAuthUrl`] comes back with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FastRegisterAuthUrlResponse {
    /// For [`RegisterMiniprogramByOffiaccount`].
    pub ticket: Secret,
}

/// Registers a mini program of an official account's entity — 复用公众号主体快速注册小程序.
///
/// Needs the permission set 27. Five a month. It takes a while: one who repeats it within five seconds gets 61058 although the
/// mini program is there.
///
/// # Errors
/// - 61058: the ticket is not one, or has been used.
/// - 61051, 61052, 61061: the account's entity may not, the account is not verified, or it is not of mainland China.
/// - 61053, 61054: the entity has too many mini programs, or is banned.
/// - 61055: five were registered this month.
/// - 61056: this entity must take over the verification, see [`FastRegisterAuthUrl::copy_wx_verify`].
/// - 61028, 61029: the third-party platform is not published, or lacks a permission set that this needs.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-officalaccount/registerMiniprogramByOffiaccount.html>
#[doc(alias = "复用公众号主体快速注册小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegisterMiniprogramByOffiaccount {
    /// [`FastRegisterAuthUrlResponse::ticket`].
    pub ticket: Secret,
}

/// What [`RegisterMiniprogramByOffiaccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisterMiniprogramByOffiaccountResponse {
    /// The new mini program.
    pub appid: AppId,
    /// What its tokens are asked for with, once: see
    /// [`GetAuthorizerRefreshToken`](super::component_token::GetAuthorizerRefreshToken).
    pub authorization_code: Secret,
    /// Whether it has taken over the verification.
    #[serde(with = "wire::word")]
    pub is_wx_verify_succ: bool,
    /// Whether it is linked to the official account.
    #[serde(with = "wire::word")]
    pub is_link_succ: bool,
}

/// Lists the mini programs that are linked to the account, or are about to be — 获取公众号关联的小程序.
///
/// Needs the permission set 33, as linking does. The body is an empty JSON object.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/officalaccount-management/link-miniprogram/getLinkMiniprogram.html>
#[doc(alias = "获取公众号关联的小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetLinkMiniprogram {}

/// What [`GetLinkMiniprogram`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetLinkMiniprogramResponse {
    /// The list.
    pub wxopens: LinkedMiniprograms,
}

/// The list of linked mini programs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkedMiniprograms {
    /// One each.
    pub items: Vec<LinkedMiniprogram>,
}

/// A mini program that is linked to the account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkedMiniprogram {
    /// Its AppID; empty in older answers.
    pub appid: AppId,
    /// Its original id.
    pub username: GhId,
    /// Its name.
    pub nickname: String,
    /// The URL of its picture.
    pub headimg_url: String,
    /// What its owner logs in with; may be empty.
    pub email: String,
    /// How it was registered, `SOURCE_NORMAL`; not explained in the documents.
    pub source: String,
    /// 1 linked, 2 its administrator has yet to agree, 3 its administrator has refused, 12 the account's administrator has yet to
    /// agree.
    pub status: i64,
    /// Whether the account's profile shows it.
    #[serde(with = "wire::flag")]
    pub selected: bool,
    /// Whether it is among the mini programs nearby (附近的小程序).
    #[serde(with = "wire::flag")]
    pub nearby_display_status: bool,
    /// Whether it was ever published.
    #[serde(with = "wire::flag")]
    pub released: bool,
    /// Verification and payment.
    pub func_infos: Vec<Feature>,
}

/// Something that a mini program can have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Feature {
    /// 1 verification, 2 payment.
    pub id: i64,
    /// `微信认证`, `微信支付`.
    pub name: String,
    /// Whether it has it.
    #[serde(with = "wire::flag")]
    pub status: bool,
}

/// Asks to link a mini program to the account — 公众号关联小程序.
///
/// First the account's administrator, then the mini program's gets a message and must agree; [`GetLinkMiniprogram`] tells how far
/// it is.
///
/// # Errors
/// - 89008, 89245: this mini program cannot be linked, because it is of another region or is kept from it.
/// - 89009, 89016, 89017: no more can be linked, to the mini program, or to the account of its own or of other entities.
/// - 89010: the administrators were asked already.
/// - 89013: the mini program is banned.
/// - 89015: it is linked already.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/officalaccount-management/link-miniprogram/linkMiniprogram.html>
#[doc(alias = "公众号关联小程序")]
#[doc(alias = "关联小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkMiniprogram {
    /// The mini program.
    pub appid: AppId,
    /// Whether the account's followers get a message about it.
    #[serde(with = "wire::flag")]
    pub notify_users: bool,
    /// Whether the account's profile shows it.
    #[serde(with = "wire::flag")]
    pub show_profile: bool,
}

/// Asks to unlink a mini program — 公众号解除关联小程序. The account's administrator gets a message and must agree.
///
/// # Errors
/// - 89011, 89012: not while it is shown nearby, or is the account's store.
/// - 89013: the mini program is banned.
/// - 89018: the administrator was asked already.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/officalaccount-management/link-miniprogram/unlinkMiniprogram.html>
#[doc(alias = "公众号解除关联小程序")]
#[doc(alias = "解除关联的小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnlinkMiniprogram {
    /// The mini program.
    pub appid: AppId,
}

/// Asks what the account says of itself — 获取基本信息. A POST is answered, too.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/getAccountBasicInfo.html>
#[doc(alias = "获取基本信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAccountBasicInfo {}

/// What [`GetAccountBasicInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAccountBasicInfoResponse {
    /// The account.
    pub appid: AppId,
    /// 1 subscription account, 2 service account, 3 mini program.
    pub account_type: i64,
    /// 0 a person, 1 a company, 2 media, 3 government, 4 another organisation.
    pub principal_type: i64,
    /// The entity's name.
    pub principal_name: String,
    /// The entity's number; empty for a person.
    pub credential: String,
    /// 1 the entity is verified, 2 it is being verified, 3 it failed. Other than 1, only its settings and verification can be called.
    pub realname_status: i64,
    /// The platform's own numbers; 1017 is mainland China.
    pub registered_country: i64,
    /// The name.
    pub nickname_info: NicknameInfo,
    /// The picture.
    pub head_image_info: HeadImageInfo,
    /// The introduction.
    pub signature_info: SignatureInfo,
    /// The verification.
    pub wx_verify_info: WxVerifyInfo,
}

/// How often something was changed, and may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Those used in the current period, a month or a year.
    pub modify_used_count: i64,
    /// Those allowed in it.
    pub modify_quota: i64,
}

/// An account's name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NicknameInfo {
    /// The name.
    pub nickname: String,
    /// Its changes.
    #[serde(flatten)]
    pub changes: Changes,
}

/// An account's picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadImageInfo {
    /// Its URL.
    pub head_image_url: String,
    /// Its changes.
    #[serde(flatten)]
    pub changes: Changes,
}

/// An account's introduction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignatureInfo {
    /// The text.
    pub signature: String,
    /// Its changes.
    #[serde(flatten)]
    pub changes: Changes,
}

/// An account's verification (微信认证).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WxVerifyInfo {
    /// Whether the entity is verified, which gives the rights.
    pub qualification_verify: bool,
    /// Whether the name is.
    pub naming_verify: bool,
    /// Whether this year's review is due; like the next two only when the entity is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual_review: Option<bool>,
    /// Unix seconds from which it can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual_review_begin_time: Option<i64>,
    /// Unix seconds until which it must be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual_review_end_time: Option<i64>,
}

/// Changes the account's picture — 修改头像, to a square cut out of an uploaded one.
///
/// The page allows five changes a year, and in the same sentence speaks of a limit for each month.
///
/// The corners are fractions of the picture's width and height, from 0 at the left and top to 1. The documents have them as
/// texts, `"0.5"`; libraries send numbers.
///
/// # Errors
/// - 40007: the picture was not uploaded with the account's own token through the third-party platform.
/// - 46001: there is no such picture.
/// - 53202: this month's changes are used up.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/setHeadImage.html>
#[doc(alias = "修改头像")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetHeadImage {
    /// A temporary picture: BMP, JPEG, GIF or PNG, at most 2 MB.
    pub head_img_media_id: MediaId,
    /// Left.
    #[serde(with = "wire::decimal")]
    pub x1: f64,
    /// Top.
    #[serde(with = "wire::decimal")]
    pub y1: f64,
    /// Right.
    #[serde(with = "wire::decimal")]
    pub x2: f64,
    /// Bottom.
    #[serde(with = "wire::decimal")]
    pub y2: f64,
}

/// Changes the account's introduction — 修改功能介绍.
///
/// # Errors
/// - 53200: this month's changes are used up.
/// - 53201: the text has forbidden words.
/// - 53204: the text is too long, too short or empty.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/setSignature.html>
#[doc(alias = "修改功能介绍")]
#[doc(alias = "设置小程序介绍")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetSignature {
    /// 4 to 120 characters, four of them Chinese at least.
    pub signature: String,
}
