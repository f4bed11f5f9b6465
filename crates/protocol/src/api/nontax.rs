//! Government fees — 非税缴费: what people pay to public bodies other than taxes, such as fines, and the receipts for it.
//!
//! A public body (执收单位) with a contract asks with [`NonTaxQueryFee`] what somebody has to pay, orders the payment with
//! [`NonTaxUnifiedOrder`], and sends the payer to the page or mini program that is answered. The platform then notifies the
//! body, in a protocol of its own, at an address that was agreed upon. Receipts (财政电子票据) are the finance bureau's:
//! [`NonTaxGetBillAuthUrl`], then [`NonTaxInsertBill`]. All amounts are in cents (分).
//!
//! ```
//! use echostr_protocol::api::{self, Body, nontax::{NonTaxUnifiedOrder, PaymentNotice, Scene}};
//!
//! let notice = PaymentNotice { fee: 20_000, payment_notice_no: Some("4402041901853501".into()), ..Default::default() };
//! let request = NonTaxUnifiedOrder {
//!     appid: "wx3aea277d7b497b65".into(),
//!     openid: Some("osZFAyPrKrJBb2E3OA1_00000001".into()),
//!     desc: "交通违法罚款".into(),
//!     scene: Scene::Biz,
//!     notice, // as `NonTaxQueryFee` has answered it
//!     ..Default::default()
//! };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert!(String::from_utf8(json).expect("UTF-8").contains(r#""fee":20000"#));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/nontaxpay/>, and for the receipts
//! <https://developers.weixin.qq.com/doc/service/api/invoice/FiscalReceipt/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, Secret, wire};
use crate::{AppId, OpenId};

endpoints! {
    Post "/nontax/getbillauthurl" NonTaxGetBillAuthUrl -> NonTaxGetBillAuthUrlResponse, "获取财政电子票据授权页链接";
    Post "/nontax/createbillcard" NonTaxCreateBillCard -> NonTaxCreateBillCardResponse, "创建财政电子票据模板";
    Post "/nontax/insertbill" NonTaxInsertBill -> NonTaxInsertBillResponse, "票据插入用户卡包";
    Post "/nontax/queryfee" NonTaxQueryFee -> NonTaxQueryFeeResponse, "查询应收信息";
    Post "/nontax/unifiedorder" NonTaxUnifiedOrder -> NonTaxUnifiedOrderResponse, "缴费支付下单";
    Post "/nontax/getorder" NonTaxGetOrder -> NonTaxGetOrderResponse, "获取缴费订单详情";
    Post "/nontax/refund" NonTaxRefund -> NonTaxRefundResponse, "缴费订单退款";
    Post "/nontax/downloadbill" NonTaxDownloadBill -> Empty, "下载缴费对帐单", file();
    Post "/nontax/notifyinconsistentorder" NonTaxNotifyInconsistentOrder -> Empty, "通知不一致订单";
    Post "/nontax/mocknotification" NonTaxMockNotification -> Empty, "模拟支付结果通知";
    Post "/nontax/mockqueryfee" NonTaxMockQueryFee -> Empty, "模拟查询应收信息";
    Post "/nontax/micropay" NonTaxMicropay -> NonTaxMicropayResponse, "提交刷卡支付";
    Post "/nontax/getorderlist" NonTaxGetOrderList -> NonTaxGetOrderListResponse, "获取缴费订单列表";
}

words! {
    /// Where the payer asks for a receipt.
    BillSource {
        /// In an app.
        App = "app",
        /// On a page in WeChat.
        Web = "web",
        /// In a mini program.
        Wxa = "wxa",
        /// On a page in another browser.
        Wap = "wap",
    }

    /// Where somebody pays — 场景. The platform has the word `other`, too.
    Scene {
        /// In an Official Account.
        Biz = "biz",
        /// In WeChat's city services (城市服务); the platform spells it so.
        CityService = "ctiyservice",
        /// In a mini program.
        MiniProgram = "miniprogram",
        /// By a QR code on paper. As the following only in [`NonTaxGetOrderResponse::scene`].
        Offline = "offline",
        /// At a PC.
        Pc = "pc",
        /// In an app.
        App = "app",
    }

    /// How somebody pays.
    TradeType {
        /// In WeChat; the default.
        Jsapi = "JSAPI",
        /// On a page in another browser.
        Mweb = "MWEB",
    }

    /// Which orders a statement has.
    BillType {
        /// All orders of the day; the default.
        All = "ALL",
        /// Those that were paid.
        Success = "SUCCESS",
        /// Those that were paid back.
        Refund = "REFUND",
    }
}

/// Gets the page on which a payer agrees to a receipt in the wallet — 获取授权页链接.
#[doc(alias = "获取财政电子票据授权页链接")]
#[doc(alias = "获取授权页链接")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NonTaxGetBillAuthUrl {
    /// Your order; the receipt is inserted for it later.
    pub order_id: String,
    /// The finance bureau's id (财政局 id), from the bureau.
    pub s_pappid: String,
    /// The order's amount, in cents.
    pub money: i64,
    /// Now, in Unix seconds.
    pub timestamp: i64,
    /// The current page names only `web` and `app`.
    pub source: BillSource,
    /// Where the payer goes afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// From [`GetTicket`](super::js_sdk::GetTicket) with `wx_card`.
    pub ticket: Secret,
}

/// What [`NonTaxGetBillAuthUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxGetBillAuthUrlResponse {
    /// Send the payer there.
    pub auth_url: String,
    /// How long it is good, in seconds: 7200 in the example.
    pub expire_time: i64,
}

/// Creates the template of the receipts of a public body — 创建财政电子票据模板. The finance bureau calls it, once for each body.
#[doc(alias = "创建财政电子票据模板")]
#[doc(alias = "创建财政电子票据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxCreateBillCard {
    /// The template. The page's table leaves this level out, its example has it.
    pub invoice_info: BillTemplate,
}

/// What all receipts of a public body have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BillTemplate {
    /// How it looks.
    pub base_info: BillLook,
    /// The full name of who receives the money — 收款方.
    pub payee: String,
}

/// How a receipt looks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BillLook {
    /// The finance bureau's logo, uploaded to the platform with [`UploadImage`](super::material::UploadImage).
    pub logo_url: String,
}

/// What [`NonTaxCreateBillCard`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxCreateBillCardResponse {
    /// For [`NonTaxInsertBill::card_id`].
    pub card_id: String,
}

/// Puts a receipt into a payer's wallet — 票据插入用户卡包. The finance bureau calls it, after the payer has agreed.
///
/// # Errors
/// - 40078: nobody may use this `card_id` yet; wait a little after creating it.
/// - 72015: the account has no right to receipts.
/// - 72035: the receipt for this order was refused; it cannot be inserted any more.
/// - 72038: the payer has not agreed, or `appid`, order and bureau do not belong together.
/// - 72040: the PDF is not valid.
/// - 72042: a receipt with this number and code exists.
#[doc(alias = "票据插入用户卡包")]
#[doc(alias = "将财政电子票据添加到用户卡包")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxInsertBill {
    /// The order to which the payer has agreed.
    pub order_id: String,
    /// The account with which the payer has agreed, usually the public body's.
    pub appid: AppId,
    /// The template.
    pub card_id: String,
    /// The receipt. An SDK sends it as JSON in a text; the page shows an object.
    pub card_ext: CardExt,
}

/// What wraps [`UserCard`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CardExt {
    /// The card in the wallet.
    pub user_card: UserCard,
}

/// What wraps [`Bill`]. The page's table leaves the level below out, its example has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserCard {
    /// The receipt.
    pub invoice_user_data: Bill,
}

/// A receipt — 财政电子票据.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// Who has paid — 缴费单位.
    pub title: String,
    /// In cents.
    pub fee: i64,
    /// The receipt's number by its name, and as on invoices; this page calls it the code (票据代码).
    pub billing_no: String,
    /// The receipt's code by its name, and as on invoices; this page calls it the number (票据号码).
    pub billing_code: String,
    /// When it was issued, in Unix seconds; the page adds "UTC+8".
    #[serde(with = "wire::int")]
    pub billing_time: i64,
    /// The PDF, from [`InvoicePlatformSetPdf`](super::invoice::InvoicePlatformSetPdf).
    pub s_pdf_media_id: String,
}

/// What [`NonTaxInsertBill`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxInsertBillResponse {
    /// The receipt's code in the wallet.
    pub code: String,
    /// Who has it now.
    pub openid: OpenId,
}

/// Asks what somebody has to pay — 查询应收信息.
#[doc(alias = "查询应收信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxQueryFee {
    /// Your account.
    pub appid: AppId,
    /// The service's id at the platform; required by the current page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<i64>,
    /// The bank's id at the platform; by default one of those that are set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_id: Option<String>,
    /// 1: an ordinary notice; 2: a notice of a penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_type: Option<i64>,
    /// The notice's number — 缴费通知书编号.
    pub payment_notice_no: String,
    /// The public body's code — 执收单位编码.
    pub department_code: String,
    /// The code of the administrative division (行政区划代码): `440000`.
    pub region_code: String,
}

/// What [`NonTaxQueryFee`] answers. The outcome may be in `errmsg` although `errcode` is 0: `通知书未缴款`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxQueryFeeResponse {
    /// For [`NonTaxUnifiedOrder::notice`].
    #[serde(flatten)]
    pub notice: PaymentNotice,
}

/// A notice that somebody has to pay — 缴费通知书. Its fields stand among those around it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentNotice {
    /// The sum, in cents.
    pub fee: i64,
    /// The payer's name; the platform answers it masked: `叶*梅`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The public body's code — 执收单位编码.
    pub department_code: String,
    /// The public body's name.
    pub department_name: String,
    /// 1: an ordinary notice; 2: a notice of a penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_type: Option<i64>,
    /// The notice's number. In an order it may be absent if there is an `order_no`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_no: Option<String>,
    /// When it was issued, in Unix seconds.
    pub payment_notice_create_time: i64,
    /// The last day to pay: `20271231`. An SDK takes it for a number.
    #[serde(with = "wire::text::option", skip_serializing_if = "Option::is_none")]
    pub payment_expire_date: Option<String>,
    /// The code of the administrative division: `440000`.
    pub region_code: String,
    /// What the sum is made of.
    pub items: Vec<Item>,
}

/// A part of what is to be paid — 缴费子项目.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// 1, 2, 3 …
    pub no: i64,
    /// Its code with the finance bureau: `103050101200`.
    pub item_id: String,
    /// `交通违法罚款`
    pub item_name: String,
    /// Of `fee`, what is for being late (滞纳金), in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<i64>,
    /// Of `fee`, what is an additional penalty (加罚金额), in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<i64>,
    /// In cents, all in.
    pub fee: i64,
}

/// Orders a payment — 缴费支付下单.
#[doc(alias = "缴费支付下单")]
#[doc(alias = "支付下单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxUnifiedOrder {
    /// Your account.
    pub appid: AppId,
    /// The service's id at the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<i64>,
    /// [`TradeType::Jsapi`] by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trade_type: Option<TradeType>,
    /// The bank's id at the platform; by default one of those that are set up. Tests need it: without it, it
    /// is production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_id: Option<String>,
    /// The account at the bank that the money is sorted into (清分), where this is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_account: Option<String>,
    /// Which of the bank's merchants (商户号) receives the money; by default any of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mch_id: Option<String>,
    /// Who pays; needed unless with [`TradeType::Mweb`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<OpenId>,
    /// The app's AppID, if an app orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_appid: Option<AppId>,
    /// The service's name, shown to the payer.
    pub desc: String,
    /// Where the payer goes afterwards; needed unless a mini program orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// The payer's IP address.
    pub ip: String,
    /// Your order, if there is no number of a notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// What is to be paid.
    #[serde(flatten)]
    pub notice: PaymentNotice,
    /// [`Scene::Biz`], [`Scene::CityService`] or [`Scene::MiniProgram`].
    pub scene: Scene,
    /// Whether the page or mini program begins to pay without being touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_call_pay: Option<bool>,
}

/// What [`NonTaxUnifiedOrder`] answers. The current page repeats the table of [`NonTaxQueryFee`] here instead.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxUnifiedOrderResponse {
    /// The platform's order; the other calls name it.
    pub order_id: String,
    /// The page to pay on.
    pub pay_url: String,
    /// Where to go from a mini program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogram: Option<MiniProgram>,
}

/// A mini program to pay in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MiniProgram {
    /// Which mini program.
    pub appid: AppId,
    /// Its page.
    pub pagepath: String,
    /// The query of the page.
    pub query_string: String,
    /// The kind of business that it is opened with.
    pub business_type: String,
}

/// Gets an order — 获取缴费订单详情.
#[doc(alias = "获取缴费订单详情")]
#[doc(alias = "查询缴费订单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxGetOrder {
    /// Your account.
    pub appid: AppId,
    /// The service's id at the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<i64>,
    /// The platform's order.
    pub order_id: String,
}

/// What [`NonTaxGetOrder`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxGetOrderResponse {
    /// The platform's order.
    pub order_id: String,
    /// The account that has ordered.
    pub appid: AppId,
    /// Who pays, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<OpenId>,
    /// The service's name.
    pub desc: String,
    /// The currency. 1: CNY; 2: USD.
    pub fee_type: i64,
    /// The sum, in cents.
    pub fee: i64,
    /// 1: not paid; 3, 4: paid; 5: all paid back; 6: being paid back; 12: closed, because it was not paid in time. Paying back a
    /// part does not change it.
    pub status: i64,
    /// The payment's number in WeChat Pay, once it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trans_id: Option<String>,
    /// The bank's id at the platform.
    pub bank_id: String,
    /// The bank's name.
    pub bank_name: String,
    /// The account at the bank.
    pub bank_account: String,
    /// The number that [`NonTaxRefund`] gave, if it is paid back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_out_id: Option<String>,
    /// The platform's number, if it is paid back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_order_id: Option<String>,
    /// Why, if it is paid back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_reason: Option<String>,
    /// When it was paid back, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_finish_time: Option<i64>,
    /// What was paid back in parts.
    pub partial_refund_info: Vec<PartialRefund>,
    /// Your order, if it was ordered by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// The public body's code.
    pub department_code: String,
    /// The public body's name.
    pub department_name: String,
    /// 1: an ordinary notice; 2: a notice of a penalty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_type: Option<i64>,
    /// The notice's number, if it was ordered by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_no: Option<String>,
    /// Who said what is to be paid. 1: the finance bureau (财政); 2: the public body (委办局).
    pub payment_info_source: i64,
    /// The kind of the receipt — 票据类型编码.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_type_code: Option<String>,
    /// The receipt's number — 票据号码.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_no: Option<String>,
    /// The code of the administrative division.
    pub region_code: String,
    /// Where it was ordered.
    pub scene: Scene,
    /// What the sum is made of.
    pub items: Vec<Item>,
    /// Who was notified of the payment.
    pub notify_history: Vec<NotifyHistory>,
    /// When it was paid, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_finish_time: Option<i64>,
    /// When it was ordered, in Unix seconds.
    pub create_time: i64,
}

/// A part of an order that is paid back — 部分退款.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartialRefund {
    /// The number that [`NonTaxRefund`] gave.
    pub refund_out_id: String,
    /// The platform's number.
    pub refund_order_id: String,
    /// In cents.
    pub refund_fee: i64,
    /// Why.
    pub refund_reason: String,
    /// 5: done; 6: not yet. An SDK takes it for a text.
    #[serde(with = "wire::int")]
    pub refund_status: i64,
    /// When it was done, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_finish_time: Option<i64>,
}

/// How the platform has notified somebody — 通知历史.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotifyHistory {
    /// Whom.
    pub appid: AppId,
    /// Its name.
    pub name: String,
    /// The first and the last notification.
    pub notify_detail: Vec<Notification>,
    /// How many there were.
    pub notify_cnt: i64,
}

/// One notification, and what was answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notification {
    /// What the other side answered. 0: received; 210: the data is malformed; 232: the notice is paid already; 236: this bank may
    /// not; 298: it cannot be decrypted; 299: a failure; 300: the signature is wrong.
    pub errcode: i64,
    /// Why, if it is not 0.
    pub errmsg: String,
    /// How the platform sees the whole exchange.
    pub ret: i64,
    /// The same as a text.
    pub ret_errmsg: String,
    /// Where it was sent.
    pub url: String,
    /// A random text in the query of that address, to find it in one's logs.
    pub wxnontaxstr: String,
    /// The order's state at that time. 3, 4: paid; 5: paid back.
    pub status: i64,
    /// How long it took, in milliseconds.
    pub cost_time: i64,
    /// When, in Unix seconds.
    pub notify_time: i64,
    /// The answer as it came.
    pub third_resp: String,
    /// What was encrypted in it.
    pub third_resp_data: String,
}

/// Pays an order back, all of it or a part — 缴费订单退款.
#[doc(alias = "缴费订单退款")]
#[doc(alias = "申请退款")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxRefund {
    /// Your account.
    pub appid: AppId,
    /// The platform's order.
    pub order_id: String,
    /// Why.
    pub reason: String,
    /// How much, in cents, if it is a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_fee: Option<i64>,
    /// Your number, another for each part; needed if it is a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_out_id: Option<String>,
}

/// What [`NonTaxRefund`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxRefundResponse {
    /// The platform's number for it.
    pub refund_order_id: String,
}

/// Downloads the statement of a day — 下载缴费对帐单; the next day, after six in the morning.
///
/// A CSV file. First the names of the columns, which may change; then a line for each order, with a `` ` `` before each value; at
/// the end the names of the sums and the sums.
#[doc(alias = "下载缴费对帐单")]
#[doc(alias = "下载缴费对账单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxDownloadBill {
    /// Your account.
    pub appid: AppId,
    /// Which merchant; required by the current page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mch_id: Option<String>,
    /// Which day: `20261120`.
    pub bill_date: String,
    /// [`BillType::All`] by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_type: Option<BillType>,
}

/// Has the platform notify you again — 通知不一致订单: of an order that is in the statement but not in your books.
#[doc(alias = "通知不一致订单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxNotifyInconsistentOrder {
    /// Your account.
    pub appid: AppId,
    /// The platform's order.
    pub order_id: String,
}

/// Has the platform notify an address of a payment that never was — 模拟支付结果通知.
///
/// With version 1 it comes twice: one tests the decryption, the other whether signatures are checked.
#[doc(alias = "模拟支付结果通知")]
#[doc(alias = "测试支付结果通知")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxMockNotification {
    /// Your account.
    pub appid: AppId,
    /// Where to send it.
    pub url: String,
    /// The version of the protocol: 1.
    pub version: i64,
}

/// Has the platform ask an address what somebody has to pay — 模拟查询应收信息. It comes twice, as with [`NonTaxMockNotification`].
#[doc(alias = "模拟查询应收信息")]
#[doc(alias = "测试查询应收信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxMockQueryFee {
    /// Your account.
    pub appid: AppId,
    /// Where to send it.
    pub url: String,
    /// The version of the protocol: 1.
    pub version: i64,
}

/// Takes a payment from the code that a payer shows — 提交刷卡支付, 付款码支付.
///
/// When the platform fails, call again after 5 seconds; while the payer types the password, every 10 seconds with the
/// `order_id` that was answered, and give up after 30.
#[doc(alias = "提交刷卡支付")]
#[doc(alias = "提交付款码支付")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NonTaxMicropay {
    /// Your account.
    pub appid: AppId,
    /// As in [`NonTaxUnifiedOrder::bank_id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_id: Option<String>,
    /// As in [`NonTaxUnifiedOrder::bank_account`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_account: Option<String>,
    /// As in [`NonTaxUnifiedOrder::mch_id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mch_id: Option<String>,
    /// The service's name, shown to the payer.
    pub desc: String,
    /// Your order, if there is no number of a notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// The platform's order, if an earlier call has answered one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// What is to be paid.
    #[serde(flatten)]
    pub notice: PaymentNotice,
    /// What the payer's code says (付款码): 18 digits, the first two of them 10 to 15. Who has it can charge the payer.
    pub auth_code: Secret,
}

/// What [`NonTaxMicropay`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxMicropayResponse {
    /// The platform's order.
    pub order_id: String,
}

/// Gets the orders of a notice — 获取缴费订单列表.
#[doc(alias = "获取缴费订单列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NonTaxGetOrderList {
    /// Your account.
    pub appid: AppId,
    /// Your order, if there is no number of a notice. The current page speaks of it, its table has it not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// The notice's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_notice_no: Option<String>,
    /// The public body's code.
    pub department_code: String,
    /// The code of the administrative division.
    pub region_code: String,
}

/// What [`NonTaxGetOrderList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonTaxGetOrderListResponse {
    /// All orders, paid or not.
    pub order_id_list: Vec<String>,
    /// That of them which is paid, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_order_id: Option<String>,
}
