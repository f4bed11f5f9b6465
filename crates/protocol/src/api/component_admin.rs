//! Administration by a third-party platform — 第三方平台管理
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/thirdparty-management/domain-mgnt/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Secret, wire};
use crate::{AppId};

endpoints! {
    Post "/cgi-bin/component/modify_wxa_server_domain" ModifyThirdpartyServerDomain -> ModifyThirdpartyServerDomainResponse, "设置第三方平台服务器域名", auth(Auth::Component);
    Post "/cgi-bin/component/get_domain_confirmfile" GetThirdpartyJumpDomainConfirmFile -> GetThirdpartyJumpDomainConfirmFileResponse, "获取第三方平台业务域名校验文件", auth(Auth::Component);
    Post "/cgi-bin/component/modify_wxa_jump_domain" ModifyThirdpartyJumpDomain -> ModifyThirdpartyJumpDomainResponse, "设置第三方平台业务域名", auth(Auth::Component);
    Post "/cgi-bin/component/fastregisterweapp?action=create" RegisterMiniprogram -> Empty, "快速注册企业小程序", auth(Auth::Component);
    Post "/cgi-bin/component/fastregisterweapp?action=search" SearchRegisteredMiniprogram -> Empty, "查询快速注册企业小程序", auth(Auth::Component);
    Page "/cgi-bin/fastregisterauth" FastRegisterAuthUrl -> FastRegisterAuthUrlResponse, "复用公众号主体快速注册小程序链接", host("mp.weixin.qq.com"), auth(Auth::None);
    Post "/cgi-bin/account/fastregister" RegisterMiniprogramByOffiaccount -> RegisterMiniprogramByOffiaccountResponse, "复用公众号主体快速注册小程序";
    Post "/cgi-bin/wxopen/wxamplinkget" GetLinkMiniprogram -> GetLinkMiniprogramResponse, "获取公众号关联的小程序";
    Post "/cgi-bin/wxopen/wxamplink" LinkMiniprogram -> Empty, "关联小程序";
    Post "/cgi-bin/wxopen/wxampunlink" UnlinkMiniprogram -> Empty, "解除关联的小程序";
    Get "/cgi-bin/account/getaccountbasicinfo" GetAccountBasicInfo -> GetAccountBasicInfoResponse, "获取基本信息";
    Post "/cgi-bin/account/modifyheadimage" SetHeadImage -> Empty, "修改头像";
    Post "/cgi-bin/account/modifysignature" SetSignature -> Empty, "修改功能介绍";
}

/// Modify thirdparty server domain — 设置第三方平台服务器域名.
///
/// Action add | delete | set | get. Serves the mini programs of the platform.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/thirdparty-management/domain-mgnt/modifyThirdpartyServerDomain.html> (read 2026-11-22)
#[doc(alias = "设置第三方平台服务器域名")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModifyThirdpartyServerDomain {
    /// Operation selector.
    pub action: String,
    /// Is modify published together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_modify_published_together: Option<bool>,
    /// Wxa server domain list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxa_server_domain: Option<String>,
}

/// What [`ModifyThirdpartyServerDomain`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModifyThirdpartyServerDomainResponse {
    /// Published wxa server domain list.
    pub published_wxa_server_domain: String,
    /// Testing wxa server domain list.
    pub testing_wxa_server_domain: String,
    /// Invalid wxa server domain list.
    pub invalid_wxa_server_domain: String,
}

/// Get thirdparty jump domain confirm file — 获取第三方平台业务域名校验文件.
///
/// File to host on the domain. Empty JSON object body.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/thirdparty-management/domain-mgnt/getThirdpartyJumpDomainConfirmFile.html> (read 2026-11-22)
#[doc(alias = "获取第三方平台业务域名校验文件")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetThirdpartyJumpDomainConfirmFile {
}

/// What [`GetThirdpartyJumpDomainConfirmFile`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetThirdpartyJumpDomainConfirmFileResponse {
    /// File name.
    pub file_name: String,
    /// File content.
    pub file_content: String,
}

/// Modify thirdparty jump domain — 设置第三方平台业务域名.
///
/// Action add | delete | set | get. Serves the mini programs of the platform.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/thirdparty-management/domain-mgnt/modifyThirdpartyJumpDomain.html> (read 2026-11-22)
#[doc(alias = "设置第三方平台业务域名")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModifyThirdpartyJumpDomain {
    /// Operation selector.
    pub action: String,
    /// Is modify published together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_modify_published_together: Option<bool>,
    /// Wxa jump h5 domain list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxa_jump_h5_domain: Option<String>,
}

/// What [`ModifyThirdpartyJumpDomain`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModifyThirdpartyJumpDomainResponse {
    /// Published wxa jump h5 domain list.
    pub published_wxa_jump_h5_domain: String,
    /// Testing wxa jump h5 domain list.
    pub testing_wxa_jump_h5_domain: String,
    /// Invalid wxa jump h5 domain list.
    pub invalid_wxa_jump_h5_domain: String,
}

/// Register miniprogram — 快速注册企业小程序.
///
/// Company registers a mini program; confirmed by its legal person. 89249-89252 task states.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-ent/registerMiniprogram.html> (read 2026-11-22)
#[doc(alias = "快速注册企业小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegisterMiniprogram {
    /// Display name.
    pub name: String,
    /// Code.
    pub code: Secret,
    /// License type.
    pub code_type: i64,
    /// Legal person name.
    pub legal_persona_name: String,
    /// Legal person wxname.
    pub legal_persona_wechat: String,
    /// Component phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_phone: Option<String>,
}

/// Search registered miniprogram — 查询快速注册企业小程序.
///
/// 89250 no such task.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-ent/registerMiniprogram.html> (read 2026-11-22)
#[doc(alias = "查询快速注册企业小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchRegisteredMiniprogram {
    /// Display name.
    pub name: String,
    /// Legal person name.
    pub legal_persona_name: String,
    /// Legal person wxname.
    pub legal_persona_wechat: String,
}

/// Fast register auth url — 复用公众号主体快速注册小程序链接.
///
/// Page where an official account agrees to register a mini program with its own entity.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-officalaccount/registerMiniprogramByOffiaccount.html> (read 2026-11-22)
#[doc(alias = "复用公众号主体快速注册小程序链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FastRegisterAuthUrl {
    /// Official account.
    pub appid: AppId,
    /// Platform AppID.
    pub component_appid: AppId,
    /// 1 reuses the verification.
    pub copy_wx_verify: i64,
    /// Return page.
    pub redirect_uri: String,
}

/// What [`FastRegisterAuthUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FastRegisterAuthUrlResponse {
    /// Redirect parameter.
    pub ticket: Secret,
}

/// Register miniprogram by offiaccount — 复用公众号主体快速注册小程序.
///
/// Ticket from component_fastregister_auth_url.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/register-management/fast-registration-officalaccount/registerMiniprogramByOffiaccount.html> (read 2026-11-22)
#[doc(alias = "复用公众号主体快速注册小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegisterMiniprogramByOffiaccount {
    /// Ticket.
    pub ticket: Secret,
}

/// What [`RegisterMiniprogramByOffiaccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisterMiniprogramByOffiaccountResponse {
    /// AppID.
    pub appid: AppId,
    /// Code from the authorisation redirect or event.
    pub authorization_code: Secret,
    /// Is verify successful.
    #[serde(with = "wire::word")]
    pub is_wx_verify_succ: bool,
    /// Is link successful.
    #[serde(with = "wire::word")]
    pub is_link_succ: bool,
}

/// Get link miniprogram — 获取公众号关联的小程序.
///
/// Mini programs linked to the account; empty JSON object body.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/officalaccount-management/link-miniprogram/getLinkMiniprogram.html> (read 2026-11-22)
#[doc(alias = "获取公众号关联的小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetLinkMiniprogram {
}

/// What [`GetLinkMiniprogram`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetLinkMiniprogramResponse {
    /// Mini program list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxopens: Option<Wxopen>,
}

/// Mini program list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wxopen {
    /// Items.
    pub items: Vec<Item>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// AppID.
    pub appid: AppId,
    /// Username.
    pub username: String,
    /// Nickname.
    pub nickname: String,
    /// Head image URL.
    pub headimg_url: String,
    /// Email.
    pub email: String,
    /// App | web | wxa | wap.
    pub source: String,
    /// State.
    pub status: i64,
    /// Is selected.
    #[serde(with = "wire::flag")]
    pub selected: bool,
    /// Is nearby.
    #[serde(with = "wire::flag")]
    pub nearby_display_status: bool,
    /// Is released.
    #[serde(with = "wire::flag")]
    pub released: bool,
    /// Function list.
    pub func_infos: Vec<FuncInfo>,
}

/// Function list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FuncInfo {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
    /// State.
    pub status: i64,
}

/// Link miniprogram — 关联小程序.
///
/// Needs the mini program owner's consent; notify_users and show_profile are 0/1.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/officalaccount-management/link-miniprogram/linkMiniprogram.html> (read 2026-11-22)
#[doc(alias = "关联小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkMiniprogram {
    /// AppID.
    pub appid: AppId,
    /// Require notify users.
    #[serde(with = "wire::flag")]
    pub notify_users: bool,
    /// Require show in profile.
    #[serde(with = "wire::flag")]
    pub show_profile: bool,
}

/// Unlink miniprogram — 解除关联的小程序.
///
/// Unlinks a mini program.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/officalaccount-management/link-miniprogram/unlinkMiniprogram.html> (read 2026-11-22)
#[doc(alias = "解除关联的小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnlinkMiniprogram {
    /// AppID.
    pub appid: AppId,
}

/// Get account basic info — 获取基本信息.
///
/// GET or POST; mainly mini programs.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/getAccountBasicInfo.html> (read 2026-11-22)
#[doc(alias = "获取基本信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAccountBasicInfo {
}

/// What [`GetAccountBasicInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAccountBasicInfoResponse {
    /// AppID.
    pub appid: AppId,
    /// Account type.
    pub account_type: i64,
    /// Principal type.
    pub principal_type: i64,
    /// Legal entity.
    pub principal_name: String,
    /// Principal credential.
    pub credential: String,
    /// Realname status.
    pub realname_status: i64,
    /// Registered country.
    pub registered_country: i64,
    /// Nickname info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname_info: Option<NicknameInfo>,
    /// Head image info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_image_info: Option<HeadImageInfo>,
    /// Signature info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_info: Option<SignatureInfo>,
    /// Verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wx_verify_info: Option<WxVerifyInfo>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NicknameInfo {
    /// Nickname.
    pub nickname: String,
    /// Modify used count.
    pub modify_used_count: i64,
    /// Max modify count.
    pub modify_quota: i64,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadImageInfo {
    /// Value.
    pub head_image_url: String,
    /// Modify used count.
    pub modify_used_count: i64,
    /// Max modify count.
    pub modify_quota: i64,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignatureInfo {
    /// Introduction or signature.
    pub signature: String,
    /// Modify used count.
    pub modify_used_count: i64,
    /// Max modify count.
    pub modify_quota: i64,
}

/// Verification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WxVerifyInfo {
    /// Is qualification verified.
    pub qualification_verify: bool,
    /// Is naming verified.
    pub naming_verify: bool,
    /// Is annual reviewing.
    pub annual_review: bool,
    /// Annual review begin timestamp.
    pub annual_review_begin_time: i64,
    /// Annual review end timestamp.
    pub annual_review_end_time: i64,
}

/// Set head image — 修改头像.
///
/// 53202/46001 bad picture; crop corners in 0..1, aspect 1:1.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/setHeadImage.html> (read 2026-11-22)
#[doc(alias = "修改头像")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetHeadImage {
    /// Head image media id.
    pub head_img_media_id: String,
    /// X1.
    pub x1: f64,
    /// Y1.
    pub y1: f64,
    /// X2.
    pub x2: f64,
    /// Y2.
    pub y2: f64,
}

/// Set signature — 修改功能介绍.
///
/// 53200 monthly limit, 53201 forbidden words, 53202 length.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/setSignature.html> (read 2026-11-22)
#[doc(alias = "修改功能介绍")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetSignature {
    /// Introduction or signature.
    pub signature: String,
}

