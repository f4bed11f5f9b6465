//! Government fees — 非税缴费
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/invoice/FiscalReceipt/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, Secret, wire};
use crate::{AppId, OpenId};

endpoints! {
    Post "/nontax/getbillauthurl" NonTaxGetBillAuthUrl -> NonTaxGetBillAuthUrlResponse, "获取财政电子票据授权页链接";
    Post "/nontax/createbillcard" NonTaxCreateBillCard -> NonTaxCreateBillCardResponse, "创建财政电子票据";
    Post "/nontax/insertbill" NonTaxInsertBill -> NonTaxInsertBillResponse, "将财政电子票据添加到用户卡包";
    Post "/nontax/queryfee" NonTaxQueryFee -> NonTaxQueryFeeResponse, "查询应收信息";
    Post "/nontax/unifiedorder" NonTaxUnifiedOrder -> NonTaxUnifiedOrderResponse, "支付下单";
    Post "/nontax/getorder" NonTaxGetOrder -> NonTaxGetOrderResponse, "查询缴费订单";
    Post "/nontax/refund" NonTaxRefund -> NonTaxRefundResponse, "申请退款";
    Post "/nontax/downloadbill" NonTaxDownloadBill -> Empty, "下载缴费对账单", file();
    Post "/nontax/notifyinconsistentorder" NonTaxNotifyInconsistentOrder -> Empty, "通知不一致订单";
    Post "/nontax/mocknotification" NonTaxMockNotification -> Empty, "测试支付结果通知";
    Post "/nontax/mockqueryfee" NonTaxMockQueryFee -> Empty, "测试查询应收信息";
    Post "/nontax/micropay" NonTaxMicropay -> NonTaxMicropayResponse, "提交付款码支付";
    Post "/nontax/getorderlist" NonTaxGetOrderList -> NonTaxGetOrderListResponse, "获取缴费订单列表";
}

/// Non tax get bill auth url — 获取财政电子票据授权页链接.
///
/// Fiscal receipt: authorisation page.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/invoice/FiscalReceipt/api_notaxinvoicegetauthurl.html> (read 2026-11-22)
#[doc(alias = "获取财政电子票据授权页链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxGetBillAuthUrl {
    /// Order id.
    pub order_id: String,
    /// Invoicing platform id.
    pub s_pappid: String,
    /// Amount in cents.
    pub money: i64,
    /// Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// App | web | wxa | wap.
    pub source: String,
    /// Page to return to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// Ticket.
    pub ticket: Secret,
}

/// What [`NonTaxGetBillAuthUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxGetBillAuthUrlResponse {
    /// Authorisation page URL.
    pub auth_url: String,
    /// Expires in.
    pub expire_time: i64,
}

/// Non tax create bill card — 创建财政电子票据.
///
/// Fiscal receipt template.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/Nontax_Bill/API_list.html> (read 2026-11-22)
#[doc(alias = "创建财政电子票据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxCreateBillCard {
    /// Bill template.
    pub invoice_info: InvoiceInfo,
}

/// Bill template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceInfo {
    /// Base info.
    pub base_info: BaseInfo,
    /// Payee.
    pub payee: String,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseInfo {
    /// Logo url.
    pub logo_url: String,
}

/// What [`NonTaxCreateBillCard`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxCreateBillCardResponse {
    /// Card template id.
    pub card_id: String,
}

/// Non tax insert bill — 将财政电子票据添加到用户卡包.
///
/// Fiscal receipt into the wallet.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/Nontax_Bill/API_list.html> (read 2026-11-22)
#[doc(alias = "将财政电子票据添加到用户卡包")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxInsertBill {
    /// Order id.
    pub order_id: String,
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Card template id.
    pub card_id: String,
    /// Card extension, JSON string.
    pub card_ext: CardExt,
}

/// Card extension, JSON string.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CardExt {
    /// Bill card.
    pub user_card: UserCard,
}

/// Bill card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserCard {
    /// Bill.
    pub invoice_user_data: InvoiceUserData,
}

/// Bill.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceUserData {
    /// Title.
    pub title: String,
    /// Fee.
    pub fee: i64,
    /// Bill number.
    pub billing_no: String,
    /// Bill code.
    pub billing_code: String,
    /// Date timestamp.
    #[serde(with = "wire::int")]
    pub billing_time: i64,
    /// Pdf sp media id.
    pub s_pdf_media_id: String,
}

/// What [`NonTaxInsertBill`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxInsertBillResponse {
    /// Code.
    pub code: String,
    /// User's OpenID in this account.
    pub openid: OpenId,
}

/// Non tax query fee — 查询应收信息.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxqueryfee> (read 2026-11-22)
#[doc(alias = "查询应收信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxQueryFee {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Service id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<i64>,
    /// Bank id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_id: Option<String>,
    /// Payment notice type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_type: Option<i64>,
    /// Payment notice number.
    pub payment_notice_no: String,
    /// Department code.
    pub department_code: String,
    /// Region code.
    pub region_code: String,
}

/// What [`NonTaxQueryFee`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxQueryFeeResponse {
    /// Fee.
    pub fee: i64,
    /// Original id (gh_...).
    pub user_name: String,
    /// Department code.
    pub department_code: String,
    /// Department name.
    pub department_name: String,
    /// Payment notice type.
    pub payment_notice_type: i64,
    /// Payment notice number.
    pub payment_notice_no: String,
    /// Payment notice create timestamp.
    pub payment_notice_create_time: i64,
    /// Payment notice expire date string.
    pub payment_expire_date: i64,
    /// Region code.
    pub region_code: String,
    /// Bill item list.
    pub items: Vec<Item>,
}

/// Bill item list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Serial number.
    pub no: i64,
    /// Item id.
    pub item_id: String,
    /// Item name.
    pub item_name: String,
    /// Overdue.
    pub overdue: i64,
    /// Penalty.
    pub penalty: i64,
    /// Fee.
    pub fee: i64,
}

/// Non tax unified order — 支付下单.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxunifiedorder> (read 2026-11-22)
#[doc(alias = "支付下单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxUnifiedOrder {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Service id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<i64>,
    /// Trade type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trade_type: Option<String>,
    /// Bank id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_id: Option<String>,
    /// Bank account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_account: Option<String>,
    /// Merchant id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mch_id: Option<String>,
    /// User's OpenID in this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<OpenId>,
    /// App appid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_appid: Option<String>,
    /// Description.
    pub desc: String,
    /// Fee.
    pub fee: i64,
    /// Return url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// IP address.
    pub ip: String,
    /// Order out id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// Payment notice type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_type: Option<i64>,
    /// Payment notice number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_no: Option<String>,
    /// Payment notice create timestamp.
    pub payment_notice_create_time: i64,
    /// Payment notice expire date string.
    pub payment_expire_date: String,
    /// Original id (gh_...).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Department code.
    pub department_code: String,
    /// Department name.
    pub department_name: String,
    /// Region code.
    pub region_code: String,
    /// Scene value.
    pub scene: String,
    /// Bill item list.
    pub items: Vec<NonTaxUnifiedOrderItem>,
    /// Is auto call pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_call_pay: Option<bool>,
}

/// Bill item list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxUnifiedOrderItem {
    /// Serial number.
    pub no: i64,
    /// Item id.
    pub item_id: String,
    /// Item name.
    pub item_name: String,
    /// Overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<i64>,
    /// Penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<i64>,
    /// Fee.
    pub fee: i64,
}

/// What [`NonTaxUnifiedOrder`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxUnifiedOrderResponse {
    /// Order id.
    pub order_id: String,
    /// Pay url.
    pub pay_url: String,
    /// Mini-program jump target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogram: Option<Miniprogram>,
}

/// Mini-program jump target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Miniprogram {
    /// AppID.
    pub appid: AppId,
    /// Mini-program page path.
    pub pagepath: String,
    /// Page query.
    pub query_string: String,
    /// Business type.
    pub business_type: String,
}

/// Non tax get order — 查询缴费订单.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxgetorder> (read 2026-11-22)
#[doc(alias = "查询缴费订单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxGetOrder {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Service id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<i64>,
    /// Order id.
    pub order_id: String,
}

/// What [`NonTaxGetOrder`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxGetOrderResponse {
    /// Order id.
    pub order_id: String,
    /// AppID.
    pub appid: AppId,
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Description.
    pub desc: String,
    /// Fee type.
    pub fee_type: i64,
    /// Fee.
    pub fee: i64,
    /// State.
    pub status: i64,
    /// Transaction id.
    pub trans_id: String,
    /// Bank id.
    pub bank_id: String,
    /// Bank name.
    pub bank_name: String,
    /// Bank account.
    pub bank_account: String,
    /// Refund out id.
    pub refund_out_id: String,
    /// Refund order id.
    pub refund_order_id: String,
    /// Refund reason.
    pub refund_reason: String,
    /// Refund finish timestamp.
    pub refund_finish_time: i64,
    /// Refund list.
    pub partial_refund_info: Vec<PartialRefundInfo>,
    /// Order out id.
    pub order_no: String,
    /// Department code.
    pub department_code: String,
    /// Department name.
    pub department_name: String,
    /// Payment notice type.
    pub payment_notice_type: i64,
    /// Payment notice number.
    pub payment_notice_no: String,
    /// Payment info type.
    pub payment_info_source: i64,
    /// Bill type code.
    pub bill_type_code: String,
    /// Bill number.
    pub bill_no: String,
    /// Region code.
    pub region_code: String,
    /// Scene value.
    pub scene: String,
    /// Bill item list.
    pub items: Vec<Item>,
    /// Notify history list.
    pub notify_history: Vec<NotifyHistory>,
    /// Pay timestamp.
    pub pay_finish_time: i64,
    /// Unix seconds.
    pub create_time: i64,
}

/// Refund list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartialRefundInfo {
    /// Refund out id.
    pub refund_out_id: String,
    /// Refund order id.
    pub refund_order_id: String,
    /// Refund fee.
    pub refund_fee: i64,
    /// Refund reason.
    pub refund_reason: String,
    /// Refund status.
    pub refund_status: String,
    /// Refund finish timestamp.
    pub refund_finish_time: i64,
}

/// Notify history list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotifyHistory {
    /// AppID.
    pub appid: AppId,
    /// Display name.
    pub name: String,
    /// Notification list.
    pub notify_detail: Vec<NotifyDetail>,
    /// Notification count.
    pub notify_cnt: i64,
}

/// Notification list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotifyDetail {
    /// Error code.
    pub errcode: i64,
    /// Error text.
    pub errmsg: String,
    /// Return code.
    pub ret: i64,
    /// Return message.
    pub ret_errmsg: String,
    /// Target or resource URL.
    pub url: String,
    /// Nonce.
    pub wxnontaxstr: String,
    /// State.
    pub status: i64,
    /// Cost time.
    pub cost_time: i64,
    /// Notify timestamp.
    pub notify_time: i64,
    /// Third party response.
    pub third_resp: String,
    /// Third party response data.
    pub third_resp_data: String,
}

/// Non tax refund — 申请退款.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxrefund> (read 2026-11-22)
#[doc(alias = "申请退款")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxRefund {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Order id.
    pub order_id: String,
    /// Order out id.
    pub reason: String,
    /// Refund fee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_fee: Option<i64>,
    /// Refund out id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_out_id: Option<String>,
}

/// What [`NonTaxRefund`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxRefundResponse {
    /// Refund order id.
    pub refund_order_id: String,
}

/// Non tax download bill — 下载缴费对账单.
///
/// Government fee payment; needs a contract. Success is plain text rows, failure JSON.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxdownloadbill> (read 2026-11-22)
#[doc(alias = "下载缴费对账单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxDownloadBill {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Merchant id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mch_id: Option<String>,
    /// Bill date string.
    pub bill_date: String,
    /// Bill type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_type: Option<String>,
}

/// Non tax notify inconsistent order — 通知不一致订单.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxnotifyinconsistentorder> (read 2026-11-22)
#[doc(alias = "通知不一致订单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxNotifyInconsistentOrder {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Order id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
}

/// Non tax mock notification — 测试支付结果通知.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxmocknotification> (read 2026-11-22)
#[doc(alias = "测试支付结果通知")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxMockNotification {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Target or resource URL.
    pub url: String,
    /// Version.
    pub version: i64,
}

/// Non tax mock query fee — 测试查询应收信息.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxmockqueryfee> (read 2026-11-22)
#[doc(alias = "测试查询应收信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxMockQueryFee {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Target or resource URL.
    pub url: String,
    /// Version.
    pub version: i64,
}

/// Non tax micropay — 提交付款码支付.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxmicropay> (read 2026-11-22)
#[doc(alias = "提交付款码支付")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxMicropay {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Bank id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_id: Option<String>,
    /// Bank account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_account: Option<String>,
    /// Merchant id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mch_id: Option<String>,
    /// Description.
    pub desc: String,
    /// Fee.
    pub fee: i64,
    /// Order out id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// Payment notice type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_type: Option<i64>,
    /// Payment notice number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_no: Option<String>,
    /// Payment notice create timestamp.
    pub payment_notice_create_time: i64,
    /// Payment notice expire date string.
    pub payment_expire_date: String,
    /// Original id (gh_...).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Department code.
    pub department_code: String,
    /// Department name.
    pub department_name: String,
    /// Region code.
    pub region_code: String,
    /// Auth code.
    pub auth_code: String,
    /// Bill item list.
    pub items: Vec<NonTaxMicropayItem>,
}

/// Bill item list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxMicropayItem {
    /// Serial number.
    pub no: i64,
    /// Item id.
    pub item_id: String,
    /// Item name.
    pub item_name: String,
    /// Overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<i64>,
    /// Penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<i64>,
    /// Fee.
    pub fee: i64,
}

/// What [`NonTaxMicropay`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxMicropayResponse {
    /// Order id.
    pub order_id: String,
}

/// Non tax get order list — 获取缴费订单列表.
///
/// Government fee payment; needs a contract.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/api_nontaxgetorderlist> (read 2026-11-22)
#[doc(alias = "获取缴费订单列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxGetOrderList {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Order out id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// Payment notice number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_no: Option<String>,
    /// Department code.
    pub department_code: String,
    /// Region code.
    pub region_code: String,
}

/// What [`NonTaxGetOrderList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxGetOrderListResponse {
    /// Order id list.
    pub order_id_list: Vec<String>,
    /// Paid order id.
    pub paid_order_id: String,
}

