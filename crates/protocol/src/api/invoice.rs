//! Electronic invoices in the card wallet — 微信电子发票
//!
//! Four parties call here. A *merchant* (商户) has the buyer authorise an order, and may have the invoice issued; an *invoicing
//! platform* (开票平台), which the merchants name by its `s_pappid`, puts the issued invoice into the buyer's wallet; a
//! *reimburser* (报销方) reads, locks and settles invoices that somebody hands in; anybody may ask for an invoice title (发票抬头).
//! Amounts are in cents (分), but for [`MakeOutInvoice`].
//!
//! ```
//! use echostr_protocol::api::{self, Secret, invoice::{InvoiceBizGetAuthUrl, Source}};
//!
//! let request = InvoiceBizGetAuthUrl {
//!     s_pappid: "d3gyMTVhMTk1".into(),
//!     order_id: "20261120-0017".into(),
//!     money: 25_900,
//!     timestamp: 1_763_600_021,
//!     source: Source::Web,
//!     redirect_url: Some("https://shop.example.com/orders/17".into()),
//!     ticket: Secret::from("a ticket of the type wx_card"),
//!     r#type: 1,
//! };
//! assert_eq!(api::encode(&request).path, "/card/invoice/getauthurl");
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/invoice/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File, Secret, wire};
use crate::{AppId, OpenId, UnionId};

endpoints! {
    Post "/card/invoice/getauthurl" InvoiceBizGetAuthUrl -> InvoiceBizGetAuthUrlResponse, "获取授权页链接";
    Post "/card/invoice/getauthdata" InvoiceGetAuthData -> InvoiceGetAuthDataResponse, "查询授权信息";
    Post "/card/invoice/rejectinsert" InvoiceRejectInsert -> Empty, "拒绝开票";
    Post "/card/invoice/makeoutinvoice" MakeOutInvoice -> Empty, "开具蓝票";
    Post "/card/invoice/clearoutinvoice" ClearOutInvoice -> Empty, "发票冲红";
    Post "/card/invoice/queryinvoceinfo" QueryInvoiceInfo -> QueryInvoiceInfoResponse, "查询已开发票";
    Post "/card/invoice/seturl" InvoiceSetUrl -> InvoiceSetUrlResponse, "获取开票平台识别码";
    Post "/card/invoice/insert" InvoiceInsert -> InvoiceInsertResponse, "将电子发票卡券插入用户卡包";
    Post "/card/invoice/setbizattr?action=set_pay_mch" InvoiceSetPayMch -> Empty, "关联商户号与开票平台";
    Post "/card/invoice/setbizattr?action=get_pay_mch" InvoiceGetPayMch -> InvoiceGetPayMchResponse, "查询商户号与开票平台关联情况";
    Post "/card/invoice/setbizattr?action=set_contact" InvoiceSetContact -> Empty, "设置商户联系方式";
    Post "/card/invoice/setbizattr?action=get_contact" InvoiceGetContact -> InvoiceGetContactResponse, "查询商户联系方式";
    Post "/card/invoice/setbizattr?action=set_auth_field" InvoiceSetAuthField -> Empty, "设置授权页字段信息";
    Post "/card/invoice/setbizattr?action=get_auth_field" InvoiceGetAuthField -> InvoiceGetAuthFieldResponse, "查询授权页字段信息";
    Post "/card/invoice/platform/createcard" InvoicePlatformCreateCard -> InvoicePlatformCreateCardResponse, "创建发票卡券模板";
    Post "/card/invoice/platform/setpdf" InvoicePlatformSetPdf -> InvoicePlatformSetPdfResponse, "上传发票PDF", form();
    Post "/card/invoice/platform/getpdf" InvoicePlatformGetPdf -> InvoicePlatformGetPdfResponse, "查询已上传的PDF文件";
    Post "/card/invoice/platform/updatestatus" InvoicePlatformUpdateStatus -> Empty, "更新发票卡券状态";
    Post "/card/invoice/reimburse/getinvoiceinfo" ReimburseGetInvoiceInfo -> ReimburseGetInvoiceInfoResponse, "查询报销发票信息";
    Post "/card/invoice/reimburse/getinvoicebatch" ReimburseGetInvoiceBatch -> ReimburseGetInvoiceBatchResponse, "批量查询报销发票信息";
    Post "/card/invoice/reimburse/updatestatusbatch" ReimburseUpdateStatusBatch -> Empty, "批量更新报销发票状态";
    Post "/card/invoice/reimburse/updateinvoicestatus" ReimburseUpdateInvoiceStatus -> Empty, "更新报销发票状态";
    Post "/card/invoice/biz/getusertitleurl" GetUserTitleUrl -> GetUserTitleUrlResponse, "录入抬头到用户微信";
    Post "/card/invoice/biz/getselecttitleurl" GetSelectTitleUrl -> GetSelectTitleUrlResponse, "获取商户专属抬头链接";
    Post "/card/invoice/scantitle" ScanTitle -> ScanTitleResponse, "解析扫描的抬头二维码";
}

/// The page on which a buyer authorises the invoice of an order — 获取授权页链接.
///
/// The merchant calls it, after [`InvoiceSetContact`]. When the buyer has agreed, `user_authorize_invoice` is pushed.
///
/// # Errors
/// - 72015: the account has no right to invoices.
/// - 72029: a page of type 1 has no fields yet; see [`InvoiceSetAuthField`].
/// - 72031: a parameter is not accepted.
/// - 72063: there is no contact yet; see [`InvoiceSetContact`].
#[doc(alias = "获取授权页链接")]
#[doc(alias = "电子发票授权")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceBizGetAuthUrl {
    /// The order, by the merchant's own number: one for each invoice asked for.
    pub order_id: String,
    /// The invoicing platform, which tells it to the merchant.
    pub s_pappid: String,
    /// The order's amount in cents.
    pub money: i64,
    /// Unix seconds of now.
    pub timestamp: i64,
    /// Where the page will be opened.
    pub source: Source,
    /// Where the buyer goes afterwards; for [`Source::Web`] only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// The account's ticket of the type `wx_card`, which lives for 7200 seconds.
    pub ticket: Secret,
    /// 0: the title is known, ask for the invoice (申请开票). 1: let the buyer fill in a title, too; the only one for an invoice after
    /// a payment. 2: the invoice is issued, put it into the wallet (领取发票).
    pub r#type: i64,
}

words! {
    /// Where the page of an authorisation is opened.
    Source {
        /// In an app.
        App = "app",
        /// On a web page inside WeChat.
        Web = "web",
        /// In a mini program.
        Wxa = "wxa",
        /// On a web page anywhere else.
        Wap = "wap",
    }
}

/// What [`InvoiceBizGetAuthUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceBizGetAuthUrlResponse {
    /// The page; for [`Source::Wxa`] a path in the mini program [`appid`](Self::appid).
    pub auth_url: String,
    /// The mini program to go to, for [`Source::Wxa`] only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
}

/// Whether the buyer has authorised the invoice of an order, and what was filled in — 查询授权信息, 查询授权完成状态.
///
/// # Errors
/// - 72038: not authorised, or the order, the invoicing platform and the account do not belong together.
///   Merchants have also got a success with the status `never auth`.
#[doc(alias = "查询授权信息")]
#[doc(alias = "查询授权完成状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetAuthData {
    /// As in [`InvoiceBizGetAuthUrl::order_id`].
    pub order_id: String,
    /// As in [`InvoiceBizGetAuthUrl::s_pappid`].
    pub s_pappid: String,
}

/// What [`InvoiceGetAuthData`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthDataResponse {
    /// `auth success`; the platform lists no others.
    pub invoice_status: String,
    /// Unix seconds of the authorisation; none before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// What the buyer filled in, on a page of type 1 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_auth_info: Option<UserAuthInfo>,
}

/// What a buyer filled in: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserAuthInfo {
    /// For an invoice to a person (个人发票).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_field: Option<UserAnswers>,
    /// For an invoice to a company (单位发票).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_field: Option<BizAnswers>,
}

/// What a buyer filled in for an invoice to a person. What the page did not show is absent; see [`UserField`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserAnswers {
    /// The name that the invoice is made out to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// As it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// As it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The merchant's own fields.
    pub custom_field: Vec<CustomAnswer>,
}

/// What a buyer filled in for an invoice to a company. What the page did not show is absent; see [`BizField`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BizAnswers {
    /// The company.
    #[serde(flatten)]
    pub title: Title,
    /// The merchant's own fields.
    pub custom_field: Vec<CustomAnswer>,
}

/// What a buyer filled in for a merchant's own field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomAnswer {
    /// The field's name, as in [`CustomField::key`].
    pub key: String,
    /// As it was typed.
    pub value: String,
}

/// Whom an invoice is made out to — 发票抬头. A person's has a name and perhaps a phone number only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Title {
    /// The name of the company or person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The company's tax number (税号), 15 to 20 digits and letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_no: Option<String>,
    /// Digits and `-` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The company's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<String>,
    /// The company's bank, by its name (开户银行).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_type: Option<String>,
    /// Its account there (银行账号).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_no: Option<String>,
}

/// Tells an authorised buyer that there will be no invoice — 拒绝开票.
///
/// It is final: an [`InvoiceInsert`] for this order fails with 72035, and another invoice needs another `order_id`.
///
/// # Errors
/// - 72038: the order was never authorised.
#[doc(alias = "拒绝开票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceRejectInsert {
    /// As in [`InvoiceBizGetAuthUrl::order_id`].
    pub order_id: String,
    /// As in [`InvoiceBizGetAuthUrl::s_pappid`].
    pub s_pappid: String,
    /// Why, as the buyer will read it.
    pub reason: String,
    /// What the buyer can do about it, such as filling in another title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Has an invoicing platform issue an invoice (蓝票) — 统一开票接口-开具蓝票.
///
/// For merchants that have booked a platform's package. The result is pushed as `cloud_invoice_invoiceresult_event`, and
/// [`QueryInvoiceInfo`] finds it.
///
/// # Errors
/// - 72013, 72038: the order is not authorised, or not any more; is [`BlueInvoice::ddh`] the `order_id` of the authorisation?
///
/// Source: <https://developers.weixin.qq.com/doc/service/guide/product/weixin_invoice/E_Invoice/Vendor_API_List.html>
#[doc(alias = "开具蓝票")]
#[doc(alias = "统一开票接口")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MakeOutInvoice {
    /// What is to be issued.
    pub invoiceinfo: BlueInvoice,
}

/// An invoice to be issued. Names are the initials of the Chinese ones; numbers are texts, amounts in yuan with two decimals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlueInvoice {
    /// The buyer.
    pub wxopenid: OpenId,
    /// 订单号: the `order_id` of the authorisation.
    pub ddh: String,
    /// 发票请求流水号: this request's own number. It begins with the six characters of the merchant's identifier in the backend.
    pub fpqqlsh: String,
    /// 纳税人识别号: the seller's tax number.
    pub nsrsbh: String,
    /// 纳税人名称: the seller.
    pub nsrmc: String,
    /// 纳税人地址: the seller's address.
    pub nsrdz: String,
    /// 纳税人电话: the seller's phone number.
    pub nsrdh: String,
    /// 纳税人开户行: the seller's bank.
    pub nsrbank: String,
    /// 纳税人银行账号: the seller's account there.
    pub nsrbankid: String,
    /// 购货方识别号: the buyer's tax number; a person has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfnsrsbh: Option<String>,
    /// 购货方名称: the buyer. The platform's list requires it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfmc: Option<String>,
    /// 购货方地址: the buyer's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfdz: Option<String>,
    /// 购货方电话: the buyer's phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfdh: Option<String>,
    /// 购货方开户行: the buyer's bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfbank: Option<String>,
    /// 购货方银行账号: the buyer's account there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghfbankid: Option<String>,
    /// 开票人: who issues it.
    pub kpr: String,
    /// 收款人: who took the money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skr: Option<String>,
    /// 复核人: who checked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fhr: Option<String>,
    /// 价税合计: the sum with tax.
    #[serde(with = "wire::text")]
    pub jshj: String,
    /// 合计金额: the sum without tax.
    #[serde(with = "wire::text")]
    pub hjje: String,
    /// 合计税额: the tax.
    #[serde(with = "wire::text")]
    pub hjse: String,
    /// 备注: a remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bz: Option<String>,
    /// 行业类型: `0` trade, `1` anything else.
    #[serde(
        default,
        with = "wire::text::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub hylx: Option<String>,
    /// The lines.
    pub invoicedetail_list: Vec<Line>,
}

/// A line of an invoice to be issued; amounts are without tax.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// 发票行性质: `0` an ordinary line, `1` a discount, `2` a line that is discounted.
    #[serde(with = "wire::text")]
    pub fphxz: String,
    /// 税收分类编码: 19 digits of the national classification of goods and services.
    pub spbm: String,
    /// 项目名称: what was sold.
    pub xmmc: String,
    /// 计量单位: the unit, such as 台. May be empty.
    pub dw: String,
    /// 规格型号: model or size. May be empty.
    pub ggxh: String,
    /// 项目数量: how many.
    #[serde(with = "wire::text")]
    pub xmsl: String,
    /// 项目单价: the price of one.
    #[serde(with = "wire::text")]
    pub xmdj: String,
    /// 项目金额: the price of all.
    #[serde(with = "wire::text")]
    pub xmje: String,
    /// 税率: the tax rate with two decimals, `0.13`.
    #[serde(with = "wire::text")]
    pub sl: String,
    /// 税额: the tax.
    #[serde(with = "wire::text")]
    pub se: String,
}

/// Cancels an issued invoice by one over the negative amount (红票) — 统一开票接口-发票冲红.
///
/// Source: <https://developers.weixin.qq.com/doc/service/guide/product/weixin_invoice/E_Invoice/Vendor_API_List.html>
#[doc(alias = "发票冲红")]
#[doc(alias = "红票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearOutInvoice {
    /// What is to be cancelled.
    pub invoiceinfo: RedInvoice,
}

/// An invoice that cancels another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RedInvoice {
    /// The buyer.
    pub wxopenid: OpenId,
    /// 发票请求流水号: this request's own number, as in [`BlueInvoice::fpqqlsh`].
    pub fpqqlsh: String,
    /// 纳税人识别号: the seller's tax number.
    pub nsrsbh: String,
    /// 纳税人名称: the seller.
    pub nsrmc: String,
    /// 原发票代码: the code of the invoice to be cancelled.
    pub yfpdm: String,
    /// 原发票号码: its number.
    pub yfphm: String,
}

/// An invoice that was issued by [`MakeOutInvoice`] — 统一开票接口-查询已开发票. The path is misspelt by the platform.
///
/// Source: <https://developers.weixin.qq.com/doc/service/guide/product/weixin_invoice/E_Invoice/Vendor_API_List.html>
#[doc(alias = "查询已开发票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryInvoiceInfo {
    /// 发票请求流水号 of the request that issued it.
    pub fpqqlsh: String,
    /// 纳税人识别号: the seller's tax number.
    pub nsrsbh: String,
}

/// What [`QueryInvoiceInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryInvoiceInfoResponse {
    /// None while it is not issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoicedetail: Option<IssuedInvoice>,
}

/// An invoice that was issued.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssuedInvoice {
    /// 发票请求流水号 of the request that issued it.
    pub fpqqlsh: String,
    /// 发票代码: its code, 10 or 12 digits.
    pub fpdm: String,
    /// 发票号码: its number, 8 digits.
    pub fphm: String,
    /// 开票日期 in China's time, `20171204172159`.
    pub kprq: String,
    /// 校验码: the check code below the date.
    pub jym: String,
    /// Where its PDF is.
    pub pdfurl: String,
}

/// The `s_pappid` of this account as an invoicing platform — 获取开票平台识别码.
///
/// # Errors
/// - 72015: the account has no right to invoices.
#[doc(alias = "获取开票平台识别码")]
#[doc(alias = "获取自身的开票平台识别码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetUrl {}

/// What [`InvoiceSetUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceSetUrlResponse {
    /// A page whose query has the `s_pappid` to be told to the merchants.
    pub invoice_url: String,
}

/// Puts an issued invoice into the wallet of the buyer who authorised it — 将电子发票卡券插入用户卡包.
///
/// The invoicing platform calls it, with the token of the account that its `s_pappid` came from.
///
/// # Errors
/// - 40078: the account may not use the card template, or the template is only minutes old.
/// - 72017: the title is not the authorised one.
/// - 72018, 72056: this order's invoice is in the wallet already.
/// - 72035: the merchant refused it; see [`InvoiceRejectInsert`].
/// - 72038: the order was never authorised, or belongs to another merchant or platform.
/// - 72040: the PDF is not a real one.
/// - 72041, 72042, 72043: code and number are not accepted, belong to another invoice, or have the wrong length.
/// - 72045: the check code is missing.
/// - 72036: the invoice is being changed; try again later.
#[doc(alias = "将电子发票卡券插入用户卡包")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceInsert {
    /// The order that was authorised.
    pub order_id: String,
    /// The account for which it was authorised, mostly the merchant's.
    pub appid: AppId,
    /// The merchant's template, by [`InvoicePlatformCreateCard`].
    pub card_id: String,
    /// The invoice.
    pub card_ext: CardExt,
}

/// The invoice around its card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CardExt {
    /// A random text, against repetition.
    pub nonce_str: String,
    /// The card.
    pub user_card: UserCard,
}

/// The card around its invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserCard {
    /// What the buyer gets.
    pub invoice_user_data: InvoiceUserData,
}

/// An invoice on its way into the wallet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceUserData {
    /// What is printed on it.
    #[serde(flatten)]
    pub invoice: Invoice,
    /// Its PDF, by [`InvoicePlatformSetPdf`].
    #[serde(with = "wire::text")]
    pub s_pdf_media_id: String,
    /// The PDF of another voucher, such as a taxi's trip (行程单).
    #[serde(
        default,
        with = "wire::text::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub s_trip_pdf_media_id: Option<String>,
}

/// What is printed on an invoice — 发票票面.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Invoice {
    /// Whom it is made out to (抬头).
    pub title: String,
    /// The sum without tax in cents.
    pub fee_without_tax: i64,
    /// The sum with tax in cents.
    pub fee: i64,
    /// The tax in cents.
    pub tax: i64,
    /// The number (发票号码), all 20 digits of a fully digital invoice (数电发票), says the page of [`InvoiceInsert`]. The older
    /// lists call this one the code, and [`billing_code`](Self::billing_code) the number.
    pub billing_no: String,
    /// The code (发票代码); a fully digital invoice has none. See [`billing_no`](Self::billing_no).
    pub billing_code: String,
    /// Unix seconds at which it was issued.
    #[serde(with = "wire::int")]
    pub billing_time: i64,
    /// The lines.
    pub info: Vec<Item>,
    /// 校验码, below the date; a fully digital invoice has none.
    pub check_code: String,
    /// The buyer's tax number; a person has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_number: Option<String>,
    /// 购买方地址、电话.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_address_and_phone: Option<String>,
    /// 购买方开户行及账号.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_bank_account: Option<String>,
    /// The seller's tax number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_number: Option<String>,
    /// 销售方地址、电话.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_address_and_phone: Option<String>,
    /// 销售方开户行及账号.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_bank_account: Option<String>,
    /// 备注, in the corner at the right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
    /// 开票人: who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// 收款人: who took the money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cashier: Option<String>,
}

/// A line of an invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// What was sold.
    pub name: String,
    /// The unit, such as 个.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num: Option<i64>,
    /// The price of one in cents.
    pub price: i64,
}

/// What [`InvoiceInsert`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceInsertResponse {
    /// The invoice's code in the wallet, for [`InvoicePlatformUpdateStatus`].
    pub code: String,
    /// The buyer.
    pub openid: OpenId,
    /// The buyer, if the account belongs to an open platform account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<UnionId>,
}

/// Says which invoicing platform serves a merchant's payments — 关联商户号与开票平台.
///
/// Needed once, for invoices after a payment (支付后开票).
///
/// # Errors
/// - 72030: there is no such merchant.
#[doc(alias = "关联商户号与开票平台")]
#[doc(alias = "支付后开票")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetPayMch {
    /// The two of them.
    pub paymch_info: PayMch,
}

/// A merchant and its invoicing platform.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PayMch {
    /// The merchant's number at WeChat Pay (商户号).
    pub mchid: String,
    /// The invoicing platform.
    pub s_pappid: String,
}

/// What [`InvoiceSetPayMch`] has set — 查询商户号与开票平台关联情况.
///
/// # Errors
/// - 72028: nothing was set.
#[doc(alias = "查询商户号与开票平台关联情况")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetPayMch {}

/// What [`InvoiceGetPayMch`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetPayMchResponse {
    /// The two of them.
    pub paymch_info: PayMch,
}

/// Says whom a buyer can ask about an invoice — 设置商户联系方式. Needed once, before [`InvoiceBizGetAuthUrl`].
#[doc(alias = "设置商户联系方式")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetContact {
    /// The merchant.
    pub contact: Contact,
}

/// Whom a buyer can ask about an invoice, and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// The merchant's phone number.
    pub phone: String,
    /// 开票超时时间: after what time an invoice is late. The platform's page gives no unit; its example has 12345.
    pub time_out: i64,
}

/// What [`InvoiceSetContact`] has set — 查询商户联系方式.
#[doc(alias = "查询商户联系方式")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetContact {}

/// What [`InvoiceGetContact`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetContactResponse {
    /// The merchant; none if it was never set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// Says what a buyer fills in on a page of type 1 — 设置授权页字段信息. Needed once.
#[doc(alias = "设置授权页字段信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceSetAuthField {
    /// The fields of the page.
    pub auth_field: AuthField,
}

/// The fields of a page of type 1. A field that is shown must be filled in, unless its `require_…` says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthField {
    /// For an invoice to a person (个人发票).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_field: Option<UserField>,
    /// For an invoice to a company (单位发票).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_field: Option<BizField>,
}

/// What is asked for an invoice to a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserField {
    /// Whether to ask for the name (抬头).
    #[serde(with = "wire::flag")]
    pub show_title: bool,
    /// Whether to ask for a phone number.
    #[serde(with = "wire::flag")]
    pub show_phone: bool,
    /// Whether to ask for an e-mail address.
    #[serde(with = "wire::flag")]
    pub show_email: bool,
    /// Whether the phone number may not be left out.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub require_phone: Option<bool>,
    /// Whether the e-mail address may not be left out.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub require_email: Option<bool>,
    /// The merchant's own fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_field: Vec<CustomField>,
}

/// What is asked for an invoice to a company.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BizField {
    /// Whether to ask for the name (抬头).
    #[serde(with = "wire::flag")]
    pub show_title: bool,
    /// Whether to ask for the tax number.
    #[serde(with = "wire::flag")]
    pub show_tax_no: bool,
    /// Whether to ask for the address.
    #[serde(with = "wire::flag")]
    pub show_addr: bool,
    /// Whether to ask for a phone number.
    #[serde(with = "wire::flag")]
    pub show_phone: bool,
    /// Whether to ask for the bank.
    #[serde(with = "wire::flag")]
    pub show_bank_type: bool,
    /// Whether to ask for the account there.
    #[serde(with = "wire::flag")]
    pub show_bank_no: bool,
    /// Whether the tax number may not be left out.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub require_tax_no: Option<bool>,
    /// Whether the address may not be left out.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub require_addr: Option<bool>,
    /// Whether the phone number may not be left out.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub require_phone: Option<bool>,
    /// Whether the bank may not be left out.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub require_bank_type: Option<bool>,
    /// Whether the account there may not be left out.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub require_bank_no: Option<bool>,
    /// The merchant's own fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_field: Vec<CustomField>,
}

/// A merchant's own field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomField {
    /// Its name, at most 5 characters.
    pub key: String,
    /// Whether it may not be left out. Absent: it may.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub is_require: Option<bool>,
    /// A hint in the empty field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What [`InvoiceSetAuthField`] has set — 查询授权页字段信息.
///
/// # Errors
/// - 72029: nothing was set.
#[doc(alias = "查询授权页字段信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceGetAuthField {}

/// What [`InvoiceGetAuthField`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceGetAuthFieldResponse {
    /// The fields of the page.
    pub auth_field: AuthField,
}

/// Creates the template of a merchant's invoices in the wallet — 创建发票卡券模板. One for each payee.
///
/// # Errors
/// - 72015: the account has no right to invoices.
/// - 72031: a parameter is not accepted; the text names it.
#[doc(alias = "创建发票卡券模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformCreateCard {
    /// The template.
    pub invoice_info: CardTemplate,
}

/// What all invoices of a merchant have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CardTemplate {
    /// How they look in the wallet.
    pub base_info: BaseInfo,
    /// Which kind of invoice, as the buyer reads it: 广东省增值税普通发票.
    pub r#type: String,
    /// The payee's full name (收款方全称), shown with the details.
    pub payee: String,
}

/// How a merchant's invoices look in the wallet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseInfo {
    /// The merchant's logo, an address that adding permanent material (新增永久素材) gave.
    pub logo_url: String,
    /// The merchant's short name in the list, at most 9 Chinese characters.
    pub title: String,
    /// What the link to the invoicing platform is called, at most 5 Chinese characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_url_name: Option<String>,
    /// The hint beside that link, at most 6 Chinese characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_url_sub_title: Option<String>,
    /// Where that link leads. The query will say from which invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_url: Option<String>,
    /// What a second link is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_url_name: Option<String>,
    /// The hint beside it, at most 6 Chinese characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_url_sub_title: Option<String>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_url: Option<String>,
}

/// What [`InvoicePlatformCreateCard`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoicePlatformCreateCardResponse {
    /// The template, for [`InvoiceInsert`].
    pub card_id: String,
}

/// Uploads the PDF of an invoice — 上传发票PDF. It is deleted after 3 days unless an invoice in a wallet refers to it.
///
/// # Errors
/// - 72040: it is not a PDF of an invoice.
#[doc(alias = "上传发票PDF")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformSetPdf {
    /// The PDF.
    pub pdf: File,
}

/// What [`InvoicePlatformSetPdf`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoicePlatformSetPdfResponse {
    /// The PDF, a 64-bit number as a text. It is no [`MediaId`](crate::MediaId).
    #[serde(with = "wire::text")]
    pub s_media_id: String,
}

/// Where an uploaded PDF can be downloaded — 查询已上传的PDF文件. For who uploaded it.
#[doc(alias = "查询已上传的PDF文件")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformGetPdf {
    /// Always `get_url`.
    pub action: String,
    /// As in [`InvoicePlatformSetPdfResponse::s_media_id`].
    #[serde(with = "wire::text")]
    pub s_media_id: String,
}

/// What [`InvoicePlatformGetPdf`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoicePlatformGetPdfResponse {
    /// Where the PDF is.
    pub pdf_url: String,
    /// For how many seconds it is there: 7200.
    pub pdf_url_expire_time: i64,
}

/// Tells the buyer's wallet what became of an invoice outside of WeChat — 更新发票卡券状态. For the invoicing platform.
///
/// # Errors
/// - 72024: an invoice does not go from its status to this one.
/// - 72036: the invoice is being changed; try again later.
#[doc(alias = "更新发票卡券状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoicePlatformUpdateStatus {
    /// Its template.
    pub card_id: String,
    /// As in [`InvoiceInsertResponse::code`].
    pub code: String,
    /// What became of it. An invoice that was cancelled by a red one (冲红) is [`ReimburseStatus::Cancel`].
    pub reimburse_status: ReimburseStatus,
}

words! {
    /// What became of an invoice — 发票报销状态.
    ReimburseStatus {
        /// It can be handed in.
        Init = "INVOICE_REIMBURSE_INIT",
        /// Somebody has it in hand; it cannot be handed in elsewhere.
        Lock = "INVOICE_REIMBURSE_LOCK",
        /// It is paid back and leaves the wallet. This is final.
        Closure = "INVOICE_REIMBURSE_CLOSURE",
        /// It was cancelled by a red one.
        Cancel = "INVOICE_REIMBURSE_CANCEL",
    }
}

/// An invoice that somebody hands in for reimbursement — 查询报销发票信息.
///
/// # Errors
/// - 72015: the account has no right to invoices.
/// - 72023: another account has locked it.
/// - 72037: it belongs to somebody else.
#[doc(alias = "查询报销发票信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseGetInvoiceInfo {
    /// Its template, as `chooseInvoice` of the JS-SDK gave it.
    pub card_id: String,
    /// Its encrypted code from there, too; the two together name it.
    pub encrypt_code: String,
}

/// What [`ReimburseGetInvoiceInfo`] answers, and one of those that [`ReimburseGetInvoiceBatch`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceInfoResponse {
    /// Its template.
    pub card_id: String,
    /// Unix seconds from which it is valid. The platform's example of a batch lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_time: Option<i64>,
    /// Unix seconds until which it is valid. The platform's example of a batch lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// The state of the card, such as `EXPIRE`; the platform does not list them. Its example of a batch lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_card_status: Option<String>,
    /// Whose it is.
    pub openid: OpenId,
    /// Which kind of invoice: 广东省增值税普通发票.
    pub r#type: String,
    /// Who took the money (收款方).
    pub payee: String,
    /// What it is for.
    pub detail: String,
    /// The invoice.
    pub user_info: UserInfo,
}

/// An invoice that is handed in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserInfo {
    /// What is printed on it.
    #[serde(flatten)]
    pub invoice: Invoice,
    /// Whether it can still be handed in.
    pub reimburse_status: ReimburseStatus,
    /// Where its PDF is.
    pub pdf_url: String,
    /// Where the PDF of another voucher is, such as a taxi's trip (行程单).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip_pdf_url: Option<String>,
    /// The order it was issued for. In the platform's examples, not in its tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
}

/// Several invoices that somebody hands in — 批量查询报销发票信息.
///
/// # Errors
/// - 72052: these are too many at once; ask for fewer, later.
/// - The others as of [`ReimburseGetInvoiceInfo`].
#[doc(alias = "批量查询报销发票信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseGetInvoiceBatch {
    /// Which ones; the platform gives no limit.
    pub item_list: Vec<InvoiceCard>,
}

/// An invoice in somebody's wallet; see [`ReimburseGetInvoiceInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceCard {
    /// Its template.
    pub card_id: String,
    /// Its encrypted code.
    pub encrypt_code: String,
}

/// What [`ReimburseGetInvoiceBatch`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReimburseGetInvoiceBatchResponse {
    /// The invoices.
    pub item_list: Vec<ReimburseGetInvoiceInfoResponse>,
}

/// Locks, unlocks or settles invoices of one person — 批量更新报销发票状态. All of them or, if one fails, none.
///
/// # Errors
/// As of [`ReimburseUpdateInvoiceStatus`].
#[doc(alias = "批量更新报销发票状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseUpdateStatusBatch {
    /// Whose invoices they are.
    pub openid: OpenId,
    /// What becomes of them; not [`ReimburseStatus::Cancel`].
    pub reimburse_status: ReimburseStatus,
    /// Which ones.
    pub invoice_list: Vec<InvoiceCard>,
}

/// Locks, unlocks or settles an invoice that somebody handed in — 更新报销发票状态.
///
/// Lock it ([`ReimburseStatus::Lock`]) when it comes in, so that it cannot be handed in twice; unlock it
/// ([`ReimburseStatus::Init`]) when it is given back; settle it ([`ReimburseStatus::Closure`]) when it is paid.
///
/// # Errors
/// - 72023: another account has locked it.
/// - 72024: an invoice does not go from its status to this one.
/// - 72036: it is being changed; try again later.
/// - 72039: lock it first.
/// - 72060, 72061: it was cancelled, or is settled.
#[doc(alias = "更新报销发票状态")]
#[doc(alias = "发票核销")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReimburseUpdateInvoiceStatus {
    /// As in [`ReimburseGetInvoiceInfo::card_id`].
    pub card_id: String,
    /// As in [`ReimburseGetInvoiceInfo::encrypt_code`].
    pub encrypt_code: String,
    /// What becomes of it; not [`ReimburseStatus::Cancel`].
    pub reimburse_status: ReimburseStatus,
}

/// A link by which a user keeps a title in WeChat — 录入抬头到用户微信. The user has to confirm it there.
#[doc(alias = "录入抬头到用户微信")]
#[doc(alias = "发票抬头")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserTitleUrl {
    /// The title. It needs a name, unless the user fills it in.
    #[serde(flatten)]
    pub title: Title,
    /// Whether the user fills it in.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_fill: Option<bool>,
    /// 开票码: the caller's own number of the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_title_id: Option<String>,
}

/// What [`GetUserTitleUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserTitleUrlResponse {
    /// The link, for the user.
    pub url: String,
}

/// A link by which a user gives the merchant a title — 获取商户专属抬头链接.
///
/// Show it as a QR code at the till. What the user chose is pushed as `submit_invoice_title`.
#[doc(alias = "获取商户专属抬头链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetSelectTitleUrl {
    /// Comes back in the push.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attach: Option<String>,
    /// The merchant's name, as the user sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_name: Option<String>,
}

/// What [`GetSelectTitleUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetSelectTitleUrlResponse {
    /// The link, to be shown as a QR code.
    pub url: String,
}

/// The title in the QR code that a user shows (我的发票抬头) — 解析扫描的抬头二维码.
///
/// For verified accounts, and not for a third-party platform on behalf of one.
///
/// # Errors
/// - 72031: this is no such code.
/// - 72044: the code is too old; the user has to open it again.
#[doc(alias = "解析扫描的抬头二维码")]
#[doc(alias = "扫描用户的发票抬头二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanTitle {
    /// What the scanner read: an address with an `invoice_key`.
    pub scan_text: String,
}

/// What [`ScanTitle`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScanTitleResponse {
    /// 0 a company's, 1 a person's.
    pub title_type: i64,
    /// The title.
    #[serde(flatten)]
    pub title: Title,
}
