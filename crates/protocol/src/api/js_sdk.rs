//! Tickets of the JS-SDK — JS-SDK临时票据
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/webdev/jssdk/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Secret};

endpoints! {
    Get "/cgi-bin/ticket/getticket" GetTicket -> GetTicketResponse, "获取JS-SDK临时票据";
}

/// Get ticket — 获取JS-SDK临时票据.
///
/// Cache for expires_in (7200 s) in shared storage: each call renews the ticket and the quota is small. jsapi for wx.config signatures, wx_card for card and invoice signatures. Signature: SHA-1 over jsapi_ticket, noncestr, timestamp, url (no fragment) sorted by key.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/webdev/jssdk/api_getticket.html> (read 2026-11-22)
#[doc(alias = "获取JS-SDK临时票据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTicket {
    /// Jsapi | wx_card.
    pub r#type: String,
}

/// What [`GetTicket`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTicketResponse {
    /// Ticket.
    pub ticket: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
}

