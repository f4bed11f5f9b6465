//! Electronic invoices — 电子发票
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/invoice/auth/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File, Secret, wire};
use crate::{AppId, OpenId, UnionId};

endpoints! {
    Post "/card/invoice/getauthurl" InvoiceBizGetAuthUrl -> InvoiceBizGetAuthUrlResponse, "获取发票授权页链接";
    Post "/card/invoice/getauthdata" InvoiceGetAuthData -> InvoiceGetAuthDataResponse, "查询发票授权信息";
    Post "/card/invoice/rejectinsert" InvoiceRejectInsert -> Empty, "拒绝开发票";
    Post "/card/invoice/makeoutinvoice" MakeOutInvoice -> Empty, "开具发票";
    Post "/card/invoice/clearoutinvoice" ClearOutInvoice -> Empty, "冲红发票";
    Post "/card/invoice/queryinvoceinfo" QueryInvoiceInfo -> QueryInvoiceInfoResponse, "查询已开发票";
    Post "/card/invoice/seturl" InvoiceSetUrl -> InvoiceSetUrlResponse, "获取自身的开票平台识别码";
    Post "/card/invoice/insert" InvoiceInsert -> InvoiceInsertResponse, "将电子发票卡券插入用户卡包";
    Post "/card/invoice/setbizattr?action=set_pay_mch" InvoiceSetPayMch -> Empty, "关联商户号与开票平台";
    Post "/card/invoice/setbizattr?action=get_pay_mch" InvoiceGetPayMch -> InvoiceGetPayMchResponse, "查询商户号与开票平台关联情况";
    Post "/card/invoice/setbizattr?action=set_contact" InvoiceSetContact -> Empty, "设置商户联系方式";
    Post "/card/invoice/setbizattr?action=get_contact" InvoiceGetContact -> InvoiceGetContactResponse, "查询商户联系方式";
    Post "/card/invoice/setbizattr?action=set_auth_field" InvoiceSetAuthField -> Empty, "设置授权页字段";
    Post "/card/invoice/setbizattr?action=get_auth_field" InvoiceGetAuthField -> InvoiceGetAuthFieldResponse, "查询授权页字段";
    Post "/card/invoice/platform/createcard" InvoicePlatformCreateCard -> InvoicePlatformCreateCardResponse, "创建发票卡券模板";
    Post "/card/invoice/platform/setpdf" InvoicePlatformSetPdf -> InvoicePlatformSetPdfResponse, "上传发票PDF", form();
    Post "/card/invoice/platform/getpdf" InvoicePlatformGetPdf -> InvoicePlatformGetPdfResponse, "查询已上传的PDF文件";
    Post "/card/invoice/platform/updatestatus" InvoicePlatformUpdateStatus -> Empty, "更新发票卡券状态";
    Post "/card/invoice/reimburse/getinvoiceinfo" ReimburseGetInvoiceInfo -> ReimburseGetInvoiceInfoResponse, "查询报销发票信息";
    Post "/card/invoice/reimburse/getinvoicebatch" ReimburseGetInvoiceBatch -> ReimburseGetInvoiceBatchResponse, "批量查询报销发票信息";
    Post "/card/invoice/reimburse/updatestatusbatch" ReimburseUpdateStatusBatch -> Empty, "批量更新发票报销状态";
    Post "/card/invoice/reimburse/updateinvoicestatus" ReimburseUpdateInvoiceStatus -> Empty, "更新发票报销状态";
    Post "/card/invoice/biz/getusertitleurl" GetUserTitleUrl -> GetUserTitleUrlResponse, "获取添加发票抬头链接";
    Post "/card/invoice/biz/getselecttitleurl" GetSelectTitleUrl -> GetSelectTitleUrlResponse, "获取商户选择发票抬头链接";
    Post "/card/invoice/scantitle" ScanTitle -> ScanTitleResponse, "扫描发票抬头二维码";
}

/// Invoice biz get auth url — 获取发票授权页链接.
///
/// Authorisation page. type 0 apply, 1 with title form, 2 collect. ticket = wx_card ticket.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/invoice/auth/api_invoicebizgetauthurl.html> (read 2026-11-22)
#[doc(alias = "获取发票授权页链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceBizGetAuthUrl {
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
    /// Kind discriminator.
    pub r#type: i64,
}

/// What [`InvoiceBizGetAuthUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceBizGetAuthUrlResponse {
    /// Authorisation page URL.
    pub auth_url: String,
    /// AppID.
    pub appid: AppId,
}

/// Invoice get auth data — 查询发票授权信息.
///
/// 72038 order not authorised yet.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Cards_and_Offer/gift_card.html> (read 2026-11-22)
#[doc(alias = "查询发票授权信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetAuthData {
    /// Order id.
    pub order_id: String,
    /// Invoicing platform id.
    pub s_pappid: String,
}

/// What [`InvoiceGetAuthData`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthDataResponse {
    /// Invoice status.
    pub invoice_status: String,
    /// Unix seconds of the authorisation.
    pub auth_time: i64,
    /// Auth data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_auth_info: Option<UserAuthInfo>,
}

/// Auth data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserAuthInfo {
    /// User field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_field: Option<UserField>,
    /// Business field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_field: Option<BizField>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserField {
    /// Title.
    pub title: String,
    /// Phone number.
    pub phone: String,
    /// Email.
    pub email: String,
    /// Custom field list.
    pub custom_field: Vec<CustomField>,
}

/// Custom field list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomField {
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Business field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BizField {
    /// Title.
    pub title: String,
    /// Phone number.
    pub phone: String,
    /// Tax number.
    pub tax_no: String,
    /// Address.
    pub addr: String,
    /// Bank type.
    pub bank_type: String,
    /// Bank number.
    pub bank_no: String,
    /// Custom field list.
    pub custom_field: Vec<CustomField>,
}

/// Invoice reject insert — 拒绝开发票.
///
/// Refuses the request with a reason.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Vendor_API_List.html> (read 2026-11-22)
#[doc(alias = "拒绝开发票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceRejectInsert {
    /// Order id.
    pub order_id: String,
    /// Invoicing platform id.
    pub s_pappid: String,
    /// Reason.
    pub reason: String,
    /// Target or resource URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Make out invoice — 开具发票.
///
/// Issues a blue invoice through the platform.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Vendor_API_List.html> (read 2026-11-22)
#[doc(alias = "开具发票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MakeOutInvoice {
    /// Invoice.
    pub invoiceinfo: Invoiceinfo,
}

/// Invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invoiceinfo {
    /// OpenID.
    pub wxopenid: String,
    /// Order id.
    pub ddh: String,
    /// Invoice serial number.
    pub fpqqlsh: String,
    /// Seller tax number.
    pub nsrsbh: String,
    /// Seller name.
    pub nsrmc: String,
    /// Seller address.
    pub nsrdz: String,
    /// Seller phone number.
    pub nsrdh: String,
    /// Seller bank.
    pub nsrbank: String,
    /// Seller bank number.
    pub nsrbankid: String,
    /// Buyer tax number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfnsrsbh: Option<String>,
    /// Buyer name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfmc: Option<String>,
    /// Buyer address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfdz: Option<String>,
    /// Buyer phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfdh: Option<String>,
    /// Buyer bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfbank: Option<String>,
    /// Buyer bank number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfbankid: Option<String>,
    /// Drawer.
    pub kpr: String,
    /// Cashier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skr: Option<String>,
    /// Reviewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fhr: Option<String>,
    /// Fee.
    #[serde(with = "wire::decimal")]
    pub jshj: f64,
    /// Fee without tax.
    #[serde(with = "wire::decimal")]
    pub hjje: f64,
    /// Tax.
    #[serde(with = "wire::decimal")]
    pub hjse: f64,
    /// Remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bz: Option<String>,
    /// Type.
    #[serde(default, with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub hylx: Option<i64>,
    /// Invoice item list.
    pub invoicedetail_list: Vec<Invoicedetail>,
}

/// Invoice item list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invoicedetail {
    /// Type.
    #[serde(with = "wire::int")]
    pub fphxz: i64,
    /// Goods code.
    pub spbm: String,
    /// Name.
    pub xmmc: String,
    /// Unit.
    pub dw: String,
    /// Specification.
    pub ggxh: String,
    /// Count.
    #[serde(with = "wire::int")]
    pub xmsl: i64,
    /// Price.
    #[serde(with = "wire::decimal")]
    pub xmdj: f64,
    /// Amount.
    #[serde(with = "wire::decimal")]
    pub xmje: f64,
    /// Tax rate.
    #[serde(with = "wire::decimal")]
    pub sl: f64,
    /// Tax.
    #[serde(with = "wire::decimal")]
    pub se: f64,
}

/// Clear out invoice — 冲红发票.
///
/// Cancels by a red invoice.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Vendor_API_List.html> (read 2026-11-22)
#[doc(alias = "冲红发票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearOutInvoice {
    /// Invoice.
    pub invoiceinfo: ClearOutInvoiceInvoiceinfo,
}

/// Invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearOutInvoiceInvoiceinfo {
    /// OpenID.
    pub wxopenid: String,
    /// Invoice serial number.
    pub fpqqlsh: String,
    /// Seller tax number.
    pub nsrsbh: String,
    /// Seller name.
    pub nsrmc: String,
    /// Original invoice code.
    pub yfpdm: String,
    /// Original invoice number.
    pub yfphm: String,
}

/// Query invoice info — 查询已开发票.
///
/// Path is misspelt on purpose (invoce).
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Vendor_API_List.html> (read 2026-11-22)
#[doc(alias = "查询已开发票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryInvoiceInfo {
    /// Invoice serial number.
    pub fpqqlsh: String,
    /// Seller tax number.
    pub nsrsbh: String,
}

/// What [`QueryInvoiceInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryInvoiceInfoResponse {
    /// Invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoicedetail: Option<QueryInvoiceInfoInvoicedetail>,
}

/// Invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryInvoiceInfoInvoicedetail {
    /// Invoice serial number.
    pub fpqqlsh: String,
    /// Invoice code.
    pub fpdm: String,
    /// Invoice number.
    pub fphm: String,
    /// Invoice date time string.
    pub kprq: String,
    /// Check code.
    pub jym: String,
    /// Pdfurl.
    pub pdfurl: String,
}

/// Invoice set url — 获取自身的开票平台识别码.
///
/// Returns the page URL of this invoicing platform; empty JSON object body.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Invoicing_Platform_API_List.html> (read 2026-11-22)
#[doc(alias = "获取自身的开票平台识别码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetUrl {
}

/// What [`InvoiceSetUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceSetUrlResponse {
    /// Invoice url.
    pub invoice_url: String,
}

/// Invoice insert — 将电子发票卡券插入用户卡包.
///
/// Puts an issued invoice into the user's card wallet; needs user authorisation.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Invoicing_Platform_API_List.html> (read 2026-11-22)
#[doc(alias = "将电子发票卡券插入用户卡包")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceInsert {
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
    /// Nonce str.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce_str: Option<String>,
    /// Invoice card.
    pub user_card: UserCard,
}

/// Invoice card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserCard {
    /// Invoice user data.
    pub invoice_user_data: InvoiceUserData,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceUserData {
    /// Title.
    pub title: String,
    /// Fee without tax.
    pub fee_without_tax: i64,
    /// Fee.
    pub fee: i64,
    /// Tax.
    pub tax: i64,
    /// Invoice number.
    pub billing_no: String,
    /// Invoice code.
    pub billing_code: String,
    /// Date timestamp.
    #[serde(with = "wire::int")]
    pub billing_time: i64,
    /// Invoice item list.
    pub info: Vec<Info>,
    /// Check code.
    pub check_code: String,
    /// Pdf sp media id.
    pub s_pdf_media_id: String,
    /// Trip sp media id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s_trip_pdf_media_id: Option<String>,
    /// Buyer tax number.
    pub buyer_number: String,
    /// Buyer address and phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_address_and_phone: Option<String>,
    /// Buyer bank account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_bank_account: Option<String>,
    /// Seller tax number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_number: Option<String>,
    /// Seller address and phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_address_and_phone: Option<String>,
    /// Seller bank account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_bank_account: Option<String>,
    /// Remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
    /// Drawer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// Cashier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cashier: Option<String>,
}

/// Invoice item list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// Display name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Count.
    pub num: i64,
    /// Price.
    pub price: i64,
}

/// What [`InvoiceInsert`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceInsertResponse {
    /// Code.
    pub code: Secret,
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// UnionID, only when the account is bound to an open-platform account.
    pub unionid: UnionId,
}

/// Invoice set pay mch — 关联商户号与开票平台.
///
/// Stores the merchant setting.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Cards_and_Offer/gift_card.html> (read 2026-11-22)
#[doc(alias = "关联商户号与开票平台")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetPayMch {
    /// Merchant.
    pub paymch_info: PaymchInfo,
}

/// Merchant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PaymchInfo {
    /// Merchant id.
    pub mchid: String,
    /// Invoicing platform id.
    pub s_pappid: String,
}

/// Invoice get pay mch — 查询商户号与开票平台关联情况.
///
/// Reads the merchant setting. Empty JSON object body.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Cards_and_Offer/gift_card.html> (read 2026-11-22)
#[doc(alias = "查询商户号与开票平台关联情况")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetPayMch {
}

/// What [`InvoiceGetPayMch`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetPayMchResponse {
    /// Merchant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paymch_info: Option<InvoiceGetPayMchPaymchInfo>,
}

/// Merchant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetPayMchPaymchInfo {
    /// Merchant id.
    pub mchid: String,
    /// Invoicing platform id.
    pub s_pappid: String,
}

/// Invoice set contact — 设置商户联系方式.
///
/// Stores the merchant setting.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Vendor_API_List.html> (read 2026-11-22)
#[doc(alias = "设置商户联系方式")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetContact {
    /// Contact.
    pub contact: Contact,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Phone number.
    pub phone: String,
    /// Time out.
    pub time_out: i64,
}

/// Invoice get contact — 查询商户联系方式.
///
/// Reads the merchant setting. Empty JSON object body.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Vendor_API_List.html> (read 2026-11-22)
#[doc(alias = "查询商户联系方式")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetContact {
}

/// What [`InvoiceGetContact`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetContactResponse {
    /// Contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<InvoiceGetContactContact>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetContactContact {
    /// Phone number.
    pub phone: String,
    /// Time out.
    pub time_out: i64,
}

/// Invoice set auth field — 设置授权页字段.
///
/// Stores the merchant setting.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Cards_and_Offer/gift_card.html> (read 2026-11-22)
#[doc(alias = "设置授权页字段")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetAuthField {
    /// Auth field.
    pub auth_field: AuthField,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AuthField {
    /// User field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_field: Option<InvoiceSetAuthFieldUserField>,
    /// Business field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_field: Option<InvoiceSetAuthFieldBizField>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetAuthFieldUserField {
    /// Is show title.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_title: Option<bool>,
    /// Is show phone number.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_phone: Option<bool>,
    /// Is show email.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_email: Option<bool>,
    /// Custom field list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_field: Vec<InvoiceSetAuthFieldCustomField>,
}

/// Custom field list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetAuthFieldCustomField {
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    pub key: String,
}

/// Business field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetAuthFieldBizField {
    /// Is show title.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_title: Option<bool>,
    /// Is show tax number.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_tax_no: Option<bool>,
    /// Is show address.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_addr: Option<bool>,
    /// Is show phone number.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_phone: Option<bool>,
    /// Is show bank type.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_bank_type: Option<bool>,
    /// Is show bank number.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub show_bank_no: Option<bool>,
    /// Custom field list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_field: Vec<InvoiceSetAuthFieldCustomField>,
}

/// Invoice get auth field — 查询授权页字段.
///
/// Reads the merchant setting. Empty JSON object body.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Cards_and_Offer/gift_card.html> (read 2026-11-22)
#[doc(alias = "查询授权页字段")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetAuthField {
}

/// What [`InvoiceGetAuthField`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthFieldResponse {
    /// Auth field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_field: Option<InvoiceGetAuthFieldAuthField>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthFieldAuthField {
    /// User field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_field: Option<InvoiceGetAuthFieldUserField>,
    /// Business field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_field: Option<InvoiceGetAuthFieldBizField>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthFieldUserField {
    /// Is show title.
    #[serde(with = "wire::flag")]
    pub show_title: bool,
    /// Is show phone number.
    #[serde(with = "wire::flag")]
    pub show_phone: bool,
    /// Is show email.
    #[serde(with = "wire::flag")]
    pub show_email: bool,
    /// Custom field list.
    pub custom_field: Vec<InvoiceGetAuthFieldCustomField>,
}

/// Custom field list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthFieldCustomField {
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    pub key: String,
}

/// Business field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthFieldBizField {
    /// Is show title.
    #[serde(with = "wire::flag")]
    pub show_title: bool,
    /// Is show tax number.
    #[serde(with = "wire::flag")]
    pub show_tax_no: bool,
    /// Is show address.
    #[serde(with = "wire::flag")]
    pub show_addr: bool,
    /// Is show phone number.
    #[serde(with = "wire::flag")]
    pub show_phone: bool,
    /// Is show bank type.
    #[serde(with = "wire::flag")]
    pub show_bank_type: bool,
    /// Is show bank number.
    #[serde(with = "wire::flag")]
    pub show_bank_no: bool,
    /// Custom field list.
    pub custom_field: Vec<InvoiceGetAuthFieldCustomField>,
}

/// Invoice platform create card — 创建发票卡券模板.
///
/// Creates the invoice template.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Invoicing_Platform_API_List.html> (read 2026-11-22)
#[doc(alias = "创建发票卡券模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformCreateCard {
    /// Invoice template.
    pub invoice_info: InvoiceInfo,
}

/// Invoice template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceInfo {
    /// Base info.
    pub base_info: BaseInfo,
    /// Kind discriminator.
    pub r#type: String,
    /// Payee.
    pub payee: String,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseInfo {
    /// Logo url.
    pub logo_url: String,
    /// Title.
    pub title: String,
    /// Custom URL title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_url_name: Option<String>,
    /// Custom url sub title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_url_sub_title: Option<String>,
    /// Custom url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_url: Option<String>,
    /// Promotion URL title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_url_name: Option<String>,
    /// Promotion url sub title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_url_sub_title: Option<String>,
    /// Promotion url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_url: Option<String>,
}

/// What [`InvoicePlatformCreateCard`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoicePlatformCreateCardResponse {
    /// Card template id.
    pub card_id: String,
}

/// Invoice platform set pdf — 上传发票PDF.
///
/// PDF, form field pdf; the id expires in 3 days.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Invoicing_Platform_API_List.html> (read 2026-11-22)
#[doc(alias = "上传发票PDF")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformSetPdf {
    /// PDF file.
    pub pdf: File,
}

/// What [`InvoicePlatformSetPdf`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoicePlatformSetPdfResponse {
    /// Sp media id.
    #[serde(with = "wire::text")]
    pub s_media_id: String,
}

/// Invoice platform get pdf — 查询已上传的PDF文件.
///
/// Download link of an uploaded PDF, 10 minutes.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Invoicing_Platform_API_List.html> (read 2026-11-22)
#[doc(alias = "查询已上传的PDF文件")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformGetPdf {
    /// Operation selector.
    pub action: String,
    /// Sp media id.
    pub s_media_id: String,
}

/// What [`InvoicePlatformGetPdf`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoicePlatformGetPdfResponse {
    /// Pdf url.
    pub pdf_url: String,
    /// Expires in.
    pub pdf_url_expire_time: i64,
}

/// Invoice platform update status — 更新发票卡券状态.
///
/// Changes the invoice state.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Invoicing_Platform_API_List.html> (read 2026-11-22)
#[doc(alias = "更新发票卡券状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformUpdateStatus {
    /// Card template id.
    pub card_id: String,
    /// Code.
    pub code: Secret,
    /// Seimburse status.
    pub reimburse_status: String,
}

/// Reimburse get invoice info — 查询报销发票信息.
///
/// One invoice by card_id and encrypt_code.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Reimburser_API_List.html> (read 2026-11-22)
#[doc(alias = "查询报销发票信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseGetInvoiceInfo {
    /// Card template id.
    pub card_id: String,
    /// Encrypted code.
    pub encrypt_code: String,
}

/// What [`ReimburseGetInvoiceInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceInfoResponse {
    /// Card template id.
    pub card_id: String,
    /// Unix seconds.
    pub begin_time: i64,
    /// Unix seconds.
    pub end_time: i64,
    /// User card status.
    pub user_card_status: String,
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Kind discriminator.
    pub r#type: String,
    /// Payee.
    pub payee: String,
    /// Detail.
    pub detail: String,
    /// Invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info: Option<ReimburseGetInvoiceInfoUserInfo>,
}

/// Invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceInfoUserInfo {
    /// Title.
    pub title: String,
    /// Fee without tax.
    pub fee_without_tax: i64,
    /// Fee.
    pub fee: i64,
    /// Tax.
    pub tax: i64,
    /// Invoice code.
    pub billing_no: String,
    /// Invoice number.
    pub billing_code: String,
    /// Invoice timestamp.
    pub billing_time: i64,
    /// Invoice item list.
    pub info: Vec<ReimburseGetInvoiceInfoInfo>,
    /// Check code.
    pub check_code: String,
    /// Reimburse status.
    pub reimburse_status: String,
    /// Pdf url.
    pub pdf_url: String,
    /// Trip pdf url.
    pub trip_pdf_url: String,
    /// Order id.
    pub order_id: String,
    /// Buyer tax number.
    pub buyer_number: String,
    /// Buyer address and phone number.
    pub buyer_address_and_phone: String,
    /// Buyer bank account.
    pub buyer_bank_account: String,
    /// Seller tax number.
    pub seller_number: String,
    /// Seller address and phone number.
    pub seller_address_and_phone: String,
    /// Seller bank account.
    pub seller_bank_account: String,
    /// Remark.
    pub remarks: String,
    /// Drawer.
    pub maker: String,
    /// Cashier.
    pub cashier: String,
}

/// Invoice item list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceInfoInfo {
    /// Display name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Count.
    pub num: i64,
    /// Price.
    pub price: i64,
}

/// Reimburse get invoice batch — 批量查询报销发票信息.
///
/// Many invoices.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Reimburser_API_List.html> (read 2026-11-22)
#[doc(alias = "批量查询报销发票信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseGetInvoiceBatch {
    /// Invoice card list.
    pub item_list: Vec<Item>,
}

/// Invoice card list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Card template id.
    pub card_id: String,
    /// Encrypted code.
    pub encrypt_code: String,
}

/// What [`ReimburseGetInvoiceBatch`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceBatchResponse {
    /// Invoice card list.
    pub item_list: Vec<ReimburseGetInvoiceBatchItem>,
}

/// Invoice card list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceBatchItem {
    /// Card template id.
    pub card_id: String,
    /// Unix seconds.
    pub begin_time: i64,
    /// Unix seconds.
    pub end_time: i64,
    /// User card status.
    pub user_card_status: String,
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Kind discriminator.
    pub r#type: String,
    /// Payee.
    pub payee: String,
    /// Detail.
    pub detail: String,
    /// Invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info: Option<ReimburseGetInvoiceBatchUserInfo>,
}

/// Invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceBatchUserInfo {
    /// Title.
    pub title: String,
    /// Fee without tax.
    pub fee_without_tax: i64,
    /// Fee.
    pub fee: i64,
    /// Tax.
    pub tax: i64,
    /// Invoice code.
    pub billing_no: String,
    /// Invoice number.
    pub billing_code: String,
    /// Invoice timestamp.
    pub billing_time: i64,
    /// Invoice item list.
    pub info: Vec<ReimburseGetInvoiceBatchInfo>,
    /// Check code.
    pub check_code: String,
    /// Reimburse status.
    pub reimburse_status: String,
    /// Pdf url.
    pub pdf_url: String,
    /// Trip pdf url.
    pub trip_pdf_url: String,
    /// Order id.
    pub order_id: String,
    /// Buyer tax number.
    pub buyer_number: String,
    /// Buyer address and phone number.
    pub buyer_address_and_phone: String,
    /// Buyer bank account.
    pub buyer_bank_account: String,
    /// Seller tax number.
    pub seller_number: String,
    /// Seller address and phone number.
    pub seller_address_and_phone: String,
    /// Seller bank account.
    pub seller_bank_account: String,
    /// Remark.
    pub remarks: String,
    /// Drawer.
    pub maker: String,
    /// Cashier.
    pub cashier: String,
}

/// Invoice item list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceBatchInfo {
    /// Display name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Count.
    pub num: i64,
    /// Price.
    pub price: i64,
}

/// Reimburse update status batch — 批量更新发票报销状态.
///
/// All or nothing.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Reimburser_API_List.html> (read 2026-11-22)
#[doc(alias = "批量更新发票报销状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseUpdateStatusBatch {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Reimburse status.
    pub reimburse_status: String,
    /// Invoice card list.
    pub invoice_list: Vec<Invoice>,
}

/// Invoice card list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    /// Card template id.
    pub card_id: String,
    /// Encrypted code.
    pub encrypt_code: String,
}

/// Reimburse update invoice status — 更新发票报销状态.
///
/// INVOICE_REIMBURSE_INIT | _LOCK | _CLOSURE; CLOSURE is final.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/E_Invoice/Reimburser_API_List.html> (read 2026-11-22)
#[doc(alias = "更新发票报销状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseUpdateInvoiceStatus {
    /// Card template id.
    pub card_id: String,
    /// Encrypted code.
    pub encrypt_code: String,
    /// Reimburse status.
    pub reimburse_status: String,
}

/// Get user title url — 获取添加发票抬头链接.
///
/// Link for the user to save the merchant's title.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/Quick_issuing/Interface_Instructions.html> (read 2026-11-22)
#[doc(alias = "获取添加发票抬头链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserTitleUrl {
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Tax number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_no: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<String>,
    /// Bank type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_type: Option<String>,
    /// Bank number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_no: Option<String>,
    /// Is user fill.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub user_fill: Option<bool>,
    /// Out title id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_title_id: Option<String>,
}

/// What [`GetUserTitleUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserTitleUrlResponse {
    /// Target or resource URL.
    pub url: String,
}

/// Get select title url — 获取商户选择发票抬头链接.
///
/// Link for the user to pick a title.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/Quick_issuing/Interface_Instructions.html> (read 2026-11-22)
#[doc(alias = "获取商户选择发票抬头链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetSelectTitleUrl {
    /// Attachment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attach: Option<String>,
    /// Business name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_name: Option<String>,
}

/// What [`GetSelectTitleUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetSelectTitleUrlResponse {
    /// Target or resource URL.
    pub url: String,
}

/// Scan title — 扫描发票抬头二维码.
///
/// Decodes a title QR code. Not for third-party platforms.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Invoice/Quick_issuing/Interface_Instructions.html> (read 2026-11-22)
#[doc(alias = "扫描发票抬头二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanTitle {
    /// Scan text.
    pub scan_text: String,
}

/// What [`ScanTitle`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScanTitleResponse {
    /// Title type.
    pub title_type: i64,
    /// Title.
    pub title: String,
    /// Tax number.
    pub tax_no: String,
    /// Phone number.
    pub phone: String,
    /// Address.
    pub addr: String,
    /// Bank type.
    pub bank_type: String,
    /// Bank number.
    pub bank_no: String,
}

