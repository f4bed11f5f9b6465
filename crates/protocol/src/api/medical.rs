//! City services — 城市服务
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/medicalassistant/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};

endpoints! {
    Post "/cityservice/sendchannelmsg" CityServiceSendChannelMsg -> Empty, "城市服务消息推送";
}

/// City service send channel msg — 城市服务消息推送.
///
/// Hospital notice to a patient; approval required.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/medicalassistant/api_cityservice_sendchannelmsg> (read 2026-11-22)
#[doc(alias = "城市服务消息推送")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CityServiceSendChannelMsg {
    /// App id.
    pub app_id: String,
    /// OpenID.
    pub open_id: String,
    /// Order id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// Mass job id.
    pub msg_id: String,
    /// State.
    pub status: i64,
    /// Business id.
    pub business_id: i64,
    /// Testonly is trial.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub testonly_is_trial: Option<bool>,
    /// Feature switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_info: Option<BusinessInfo>,
}

/// Feature switches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BusinessInfo {
    /// Redirect page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_page: Option<RedirectPage>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RedirectPage {
    /// Page type.
    pub page_type: String,
    /// Target or resource URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// App id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Page path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fullpath: Option<String>,
}

