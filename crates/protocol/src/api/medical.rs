//! Hospital notices — 微信就医助手, a part of the city services (城市服务)
//!
//! ```
//! use echostr_protocol::api::{self, medical::CityServiceSendChannelMsg};
//!
//! let request = CityServiceSendChannelMsg {
//!     app_id: "wx3aea277d7b497b65".into(),
//!     open_id: "osZFAyPrKrJBb2E3OA1_00000001".into(),
//!     order_id: Some("gh20261120-0017".into()),
//!     msg_id: "gh20261120-0017-1".into(),
//!     status: 1501001, // registered
//!     business_id: 150,
//!     ..Default::default()
//! };
//! assert_eq!(api::encode(&request).path, "/cityservice/sendchannelmsg");
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/medicalassistant/> (read 2026-11-22)

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Empty, wire};
use crate::{AppId, OpenId};

endpoints! {
    Post "/cityservice/sendchannelmsg" CityServiceSendChannelMsg -> Empty, "城市服务消息推送";
}

/// Sends a patient a notice about a visit — 城市服务消息推送 (消息推送接口).
///
/// Only for public hospitals and health commissions that have opened 就医助手. All notices about one visit carry the same
/// [`order_id`](Self::order_id) and are shown to the patient as one course.
#[doc(alias = "城市服务消息推送")]
#[doc(alias = "就医助手")]
#[doc(alias = "消息推送接口")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CityServiceSendChannelMsg {
    /// The official account that has opened 就医助手.
    pub app_id: AppId,
    /// The patient, by the OpenID in this account or in a mini program of the same owner.
    pub open_id: OpenId,
    /// The visit, by the hospital's own number. The platform's page requires it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// The notice, by the hospital's own number: unique among those to one patient about one visit.
    pub msg_id: String,
    /// Which notice it is (消息子状态), such as 1501001 for a registration (预约挂号成功通知). 15010xx belong to an outpatient's
    /// visit, 15020xx to a stay, 15030xx to a check-up, 15040xx to a consultation online, 15050xx to the time afterwards.
    pub status: i64,
    /// Always 150.
    pub business_id: i64,
    /// Whether it is a trial. Not on the platform's page.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub testonly_is_trial: Option<bool>,
    /// What the notice says. The page for subscription accounts shows it as JSON in a text, the one for service accounts as here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_info: Option<BusinessInfo>,
}

/// What a notice says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BusinessInfo {
    /// Where a tap leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_page: Option<RedirectPage>,
    /// What [`status`](CityServiceSendChannelMsg::status) asks for, such as `pat_name`, `pat_hospital_id` (the card at the
    /// hospital), `department_name` and `appointment_time` for 1501001.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Where a tap on a notice leads: to a web page, or to a page of a mini program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RedirectPage {
    /// Which of the two, in a word that the platform's public pages do not list.
    pub page_type: String,
    /// The web page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The mini program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// Its page, with a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fullpath: Option<String>,
}
