//! Every event that the platform pushes, one block each in the tables below.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html>
//! (read 2026-11-22)

use std::borrow::Cow;

use crate::document::{Document, Element};
use crate::fields::{Field, Record, all_at, list, non_empty, part, record, records};
use crate::id::{AppId, GhId, MediaId, MsgId, OpenId, Str, UnionId};
use crate::message::{Kind, Message, created_at, document, lower_case};

/// Defines the structs and the enum over them; several wire names may share a struct.
macro_rules! events {
    ($($(#[$doc:meta])* $($wire:literal)|+ => $name:ident $own:tt)*) => {
        records! {
            {
                /// The account's original id (`ToUserName`).
                to: GhId = "ToUserName";
                /// The follower whom it is about, or a service of the platform (`FromUserName`).
                from: OpenId = "FromUserName";
                /// When it happened, in Unix seconds of the platform's clock.
                created_at: i64 = created_at;
                /// The event's name as it came.
                event: Str = "Event";
                /// The whole push, for fields that are not known here.
                #[serde(skip)]
                document: Document = document;
            }
            $($(#[$doc])* $name $own)*
            /// An event that is not known here: answer `success`, its fields are in the document.
            UnknownEvent {}
        }

        /// An event, by its name.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $name($name),)*
            /// An event that is not known here.
            Unknown(UnknownEvent),
        }

        impl Event {
            /// The names of every event that is known here, in lower case; the first of each is its [`kind`](Self::kind).
            pub const NAMES: &[&[&str]] = &[$(&[$($wire),+]),*];

            pub(crate) fn parse(document: &Document) -> Self {
                let root = document.root();
                let event = root.child("Event").map(Element::text).unwrap_or_default();
                $(if $(event.eq_ignore_ascii_case($wire))||+ {
                    return Self::$name($name::of(root));
                })*
                Self::Unknown(UnknownEvent::of(root))
            }

            /// The account's original id.
            pub fn to_user(&self) -> &GhId {
                match self {
                    $(Self::$name(event) => &event.to,)*
                    Self::Unknown(event) => &event.to,
                }
            }

            /// The follower whom it is about, or a service of the platform.
            pub fn from_user(&self) -> &OpenId {
                match self {
                    $(Self::$name(event) => &event.from,)*
                    Self::Unknown(event) => &event.from,
                }
            }

            /// The event's name in lower case.
            pub fn kind(&self) -> Cow<'_, str> {
                match self {
                    $(Self::$name(_) => [$($wire),+][0].into(),)*
                    Self::Unknown(event) => lower_case(&event.event),
                }
            }

            /// When it happened, in Unix seconds of the platform's clock.
            pub fn created_at(&self) -> i64 {
                match self {
                    $(Self::$name(event) => event.created_at,)*
                    Self::Unknown(event) => event.created_at,
                }
            }

            /// The whole push.
            pub fn document(&self) -> &Document {
                match self {
                    $(Self::$name(event) => &event.document,)*
                    Self::Unknown(event) => &event.document,
                }
            }
        }

        $(impl Kind for $name {
            fn take(message: &Message) -> Option<Self> {
                match message {
                    Message::Event(Event::$name(event)) => Some(event.clone()),
                    _ => None,
                }
            }
        }

        impl From<$name> for Message {
            fn from(event: $name) -> Self {
                Self::Event(Event::$name(event))
            }
        })*

        impl Kind for UnknownEvent {
            fn take(message: &Message) -> Option<Self> {
                match message {
                    Message::Event(Event::Unknown(event)) => Some(event.clone()),
                    _ => None,
                }
            }
        }
    };
}

impl Event {
    /// Whether the platform shows an answer to it, or may: of some nobody knows.
    pub(crate) fn is_answerable(&self) -> bool {
        matches!(
            self,
            Self::Subscribe(_)
                | Self::Scan(_)
                | Self::Click(_)
                | Self::LocationReport(_)
                | Self::ScancodePush(_)
                | Self::ScancodeWaitmsg(_)
                | Self::PicSysphoto(_)
                | Self::PicPhotoOrAlbum(_)
                | Self::PicWeixin(_)
                | Self::LocationSelect(_)
                | Self::Enter(_)
                | Self::UserEnterTempsession(_)
                | Self::UserEnterSessionFromCard(_)
                | Self::Unknown(_)
        )
    }
}

events! {
    // Following and QR codes.

    /// Somebody follows the account — 关注.
    "subscribe" => Subscribe {
        /// `qrscene_` and the scene after a scan; other prefixes (`last_trade_no_`) are no scenes; often empty or absent.
        event_key: Option<Str> = "EventKey";
        /// The scene of the QR code that was scanned, without its prefix.
        scene: Option<Str> = scene_of_subscribe;
        /// The ticket of that QR code.
        ticket: Option<Str> = "Ticket";
    }

    /// Somebody does not follow any more — 取消关注. Cannot be answered; personal data must be deleted.
    "unsubscribe" => Unsubscribe {
        /// A left-over that was seen in practice.
        event_key: Option<Str> = "EventKey";
    }

    /// A follower scanned a QR code of the account — 扫描带参数二维码.
    "scan" => Scan {
        /// `EventKey`, which here is the scene: text, never a number. Nothing stands before it, a `qrscene_` is its own.
        scene: Str = "EventKey";
        /// The ticket of the QR code.
        ticket: Option<Str> = "Ticket";
    }

    // Location and menu.

    /// Where the follower is — 上报地理位置. It comes when the conversation is opened or every 5 seconds: do not log or
    /// answer each. Named so because [`Location`](crate::message::Location) is the message.
    "location" => LocationReport {
        /// Degrees north.
        latitude: Option<f64> = "Latitude";
        /// Degrees east.
        longitude: Option<f64> = "Longitude";
        /// How exact it is (精度); no unit is documented.
        precision: Option<f64> = "Precision";
    }

    /// A menu button with a key was tapped — 点击菜单拉取消息.
    "click" => Click {
        /// The button's key, at most 128 bytes.
        event_key: Str = "EventKey";
    }

    /// A menu button that opens a page was tapped — 点击菜单跳转链接.
    "view" => View {
        /// The page's URL.
        event_key: Str = "EventKey";
        /// The personalised menu that it is in (个性化菜单); may be absent. The documents' table says `MenuID`, their
        /// sample and the real push say `MenuId`.
        menu_id: Option<Str> = either("MenuId", "MenuID");
    }

    /// A menu button that opens a mini-program was tapped — 点击菜单跳转小程序.
    "view_miniprogram" => ViewMiniprogram {
        /// The page in the mini-program, with its parameters.
        event_key: Str = "EventKey";
        /// As [`View::menu_id`].
        menu_id: Option<Str> = either("MenuId", "MenuID");
    }

    /// A QR code was scanned from the menu, the client opens the result — 扫码推事件.
    "scancode_push" => ScancodePush {
        /// The button's key.
        event_key: Str = "EventKey";
        /// What was scanned.
        scan_code_info: Option<ScanCodeInfo> = in_part("ScanCodeInfo");
    }

    /// A QR code was scanned from the menu, the client shows 消息接收中 until a reply comes — 扫码推事件且弹出提示框.
    /// Answer it.
    "scancode_waitmsg" => ScancodeWaitmsg {
        /// The button's key.
        event_key: Str = "EventKey";
        /// What was scanned.
        scan_code_info: Option<ScanCodeInfo> = in_part("ScanCodeInfo");
    }

    /// Pictures taken from the menu — 弹出系统拍照发图. The pictures follow as messages, in any order.
    "pic_sysphoto" => PicSysphoto {
        /// The button's key.
        event_key: Str = "EventKey";
        /// How many were sent; 0 occurs.
        count: Option<i64> = at("SendPicsInfo.Count");
        /// The MD5 of each.
        pictures: Vec<Str> = texts("SendPicsInfo.PicList.item.PicMd5Sum");
    }

    /// Pictures taken or chosen from the menu — 弹出拍照或者相册发图. The pictures follow as messages, in any order.
    "pic_photo_or_album" => PicPhotoOrAlbum {
        /// The button's key.
        event_key: Str = "EventKey";
        /// How many were sent; 0 occurs.
        count: Option<i64> = at("SendPicsInfo.Count");
        /// The MD5 of each.
        pictures: Vec<Str> = texts("SendPicsInfo.PicList.item.PicMd5Sum");
    }

    /// Several pictures chosen from the menu — 弹出微信相册发图器. The pictures follow as messages, in any order.
    "pic_weixin" => PicWeixin {
        /// The button's key.
        event_key: Str = "EventKey";
        /// How many were sent; 0 occurs.
        count: Option<i64> = at("SendPicsInfo.Count");
        /// The MD5 of each, from one list of several or several lists of one: both occur.
        pictures: Vec<Str> = texts("SendPicsInfo.PicList.item.PicMd5Sum");
    }

    /// A place chosen from the menu — 弹出地理位置选择器. The place follows as a message.
    "location_select" => LocationSelect {
        /// The button's key.
        event_key: Str = "EventKey";
        /// The place.
        send_location_info: Option<SendLocationInfo> = in_part("SendLocationInfo");
    }

    // Jobs.

    /// What became of a template message — 模版消息发送任务完成.
    "templatesendjobfinish" => TemplateSendJobFinish {
        /// The message that was sent.
        msg_id: Option<MsgId> = either("MsgID", "MsgId");
        /// `success`, `failed:user block` or `failed: system failed`, with and without blanks: ask the methods.
        status: Str = "Status";
    }

    /// What became of a mass message — 群发结果. It also reports what was published by hand in the platform's console.
    /// It comes from whoever sent, not from a follower to answer.
    "masssendjobfinish" => MassSendJobFinish {
        /// The mass message.
        msg_id: Option<MsgId> = either("MsgID", "MsgId");
        /// `send success`, `send fail` or `err(number)`; an open set: ask the methods.
        status: Str = "Status";
        /// How many followers the chosen group or tag has.
        total_count: Option<i64> = "TotalCount";
        /// How many of them remain without those who refused or have had their four: `sent_count` + `error_count` in
        /// principle.
        filter_count: Option<i64> = "FilterCount";
        /// How many got it.
        sent_count: Option<i64> = "SentCount";
        /// How many did not.
        error_count: Option<i64> = "ErrorCount";
        /// `CopyrightCheckResult.Count`: how many articles were checked for originality.
        copyright_count: Option<i64> = at("CopyrightCheckResult.Count");
        /// The result for each article; often none.
        copyright: Vec<CopyrightItem> = entries("CopyrightCheckResult.ResultList.item");
        /// 1 no reprint, 2 a reprint that may be sent, 3 a reprint that may not; 0 occurs.
        check_state: Option<i64> = at("CopyrightCheckResult.CheckState");
        /// `ArticleUrlResult.Count`: how many articles it has.
        article_count: Option<i64> = at("ArticleUrlResult.Count");
        /// Where each article stands; often none.
        articles: Vec<ArticleUrl> = entries("ArticleUrlResult.ResultList.item");
    }

    /// What became of a publication — 发布任务完成. The documents print the name wrongly in two places, one of them
    /// `FREEPUBLISHJOBFINISH`.
    "publishjobfinish" | "freepublishjobfinish" => PublishJobFinish {
        /// The publication.
        publish_id: Str = at("PublishEventInfo.publish_id");
        /// 0 published, 1 under way, 2 not original, 3 failed, 4 refused by the platform, 5 deleted by the account
        /// afterwards, 6 banned by the platform afterwards.
        publish_status: Option<i64> = at("PublishEventInfo.publish_status");
        /// The post; only with status 0.
        article_id: Option<Str> = at("PublishEventInfo.article_id");
        /// How many articles it has; only with status 0.
        count: Option<i64> = at("PublishEventInfo.article_detail.count");
        /// Where each article stands; only with status 0.
        articles: Vec<PublishedArticle> = entries("PublishEventInfo.article_detail.item");
        /// The 1-based numbers of the articles that were refused; only with status 2 and 4.
        fail_idx: Vec<i64> = numbers("PublishEventInfo.fail_idx");
    }

    // Subscription notices.

    /// A follower chose in the dialogue of subscription notices — 用户操作订阅通知弹窗.
    "subscribe_msg_popup_event" => SubscribeMsgPopup {
        /// One for each template in the dialogue.
        list: Vec<SubscriptionChoice> = notices;
    }

    /// A follower changed a subscription in the account's settings — 用户管理订阅通知.
    "subscribe_msg_change_event" => SubscribeMsgChange {
        /// One for each template; only `reject` is pushed.
        list: Vec<SubscriptionChange> = notices;
    }

    /// What became of a subscription notice — 发送订阅通知.
    "subscribe_msg_sent_event" => SubscribeMsgSent {
        /// One for each notice.
        list: Vec<SentNotice> = notices;
    }

    // The desk.

    /// The desk took a follower's conversation — 接入会话. What the follower writes is not pushed until it is closed, or 30
    /// minutes have passed.
    "kf_create_session" => KfCreateSession {
        /// Who took it: `prefix@account-wechat-id`.
        kf_account: Str = "KfAccount";
    }

    /// The desk closed a conversation — 关闭会话.
    "kf_close_session" => KfCloseSession {
        /// Who had it: `prefix@account-wechat-id`.
        kf_account: Str = "KfAccount";
    }

    /// The desk handed a conversation on — 转接会话.
    "kf_switch_session" => KfSwitchSession {
        /// Who had it.
        from_kf_account: Str = "FromKfAccount";
        /// Who has it now.
        to_kf_account: Str = "ToKfAccount";
    }

    // Accreditation of the account.

    /// The account's qualification was verified, its rights are there at once — 资质认证成功.
    "qualification_verify_success" => QualificationVerifySuccess {
        /// When the verification ends, in Unix seconds.
        expired_time: Option<i64> = "ExpiredTime";
    }

    /// The account's qualification was not verified — 资质认证失败.
    "qualification_verify_fail" => QualificationVerifyFail {
        /// Unix seconds.
        fail_time: Option<i64> = "FailTime";
        /// Why.
        fail_reason: Str = "FailReason";
    }

    /// The account's name was verified — 名称认证成功.
    "naming_verify_success" => NamingVerifySuccess {
        /// When the verification ends, in Unix seconds.
        expired_time: Option<i64> = "ExpiredTime";
    }

    /// The account's name was not verified; it has its rights all the same — 名称认证失败.
    "naming_verify_fail" => NamingVerifyFail {
        /// Unix seconds.
        fail_time: Option<i64> = "FailTime";
        /// Why.
        fail_reason: Str = "FailReason";
    }

    /// The verification has to be renewed soon — 年审通知.
    "annual_renew" => AnnualRenew {
        /// When the verification ends, in Unix seconds.
        expired_time: Option<i64> = "ExpiredTime";
    }

    /// The verification has ended, and the rights with it — 认证过期失效通知.
    "verify_expired" => VerifyExpired {
        /// When it ended, in Unix seconds.
        expired_time: Option<i64> = "ExpiredTime";
    }

    /// The fee of the verification was paid — 微信认证支付成功. Undocumented, its fields are not known.
    "wx_verify_pay_succ" => WxVerifyPaySucc {}

    /// The verification was given to a reviewing company — 微信认证派单. Undocumented; the fields are those of one SDK.
    "wx_verify_dispatch" => WxVerifyDispatch {
        /// The company.
        provider: Option<Str> = "Provider";
        /// How to reach it.
        contact: Option<Str> = "Contact";
        /// Unix seconds.
        dispatch_time: Option<i64> = "DispatchTime";
    }

    /// The papers of the verification have to be filled in again — 微信认证打回. Undocumented.
    "wx_verify_refill" => WxVerifyRefill {
        /// Unix seconds.
        refill_time: Option<i64> = "RefillTime";
        /// Why.
        refill_reason: Str = "RefillReason";
    }

    /// The verification failed — 微信认证失败. Undocumented.
    "wx_verify_fail" => WxVerifyFail {
        /// Unix seconds.
        fail_time: Option<i64> = "FailTime";
        /// Why.
        fail_reason: Str = "FailReason";
    }

    // What people let the account know of them. The sender is a service of the platform.

    /// A person changed what they had shared — 授权用户资料变更.
    "user_info_modified" => UserInfoModified {
        /// Whom it is about; `from` is a service of the platform.
        open_id: OpenId = either("OpenID", "openid");
        /// The account, website or app.
        app_id: AppId = either("AppID", "appid");
        /// The person over all accounts of the subject.
        union_id: Option<UnionId> = either("UnionID", "unionid");
        /// As [`UserAuthorizationRevoke::revoke_info`].
        revoke_info: Option<Str> = "RevokeInfo";
    }

    /// A person takes back what they had shared — 授权用户资料撤回. The data must be deleted.
    "user_authorization_revoke" => UserAuthorizationRevoke {
        /// Whom it is about; `from` is a service of the platform.
        open_id: OpenId = either("OpenID", "openid");
        /// The account, website or app.
        app_id: AppId = either("AppID", "appid");
        /// The person over all accounts of the subject.
        union_id: Option<UnionId> = either("UnionID", "unionid");
        /// What: 201 address, 202 invoice, 203 card, 204 microphone, 205 nickname and avatar, 206 location, 207 chosen
        /// pictures or videos, 301 all of a website or app. Text, because several with commas cannot be excluded.
        revoke_info: Option<Str> = "RevokeInfo";
    }

    /// A person closed their WeChat account — 授权用户注销. The data must be deleted.
    "user_authorization_cancellation" => UserAuthorizationCancellation {
        /// Whom it is about; `from` is a service of the platform.
        open_id: OpenId = either("OpenID", "openid");
        /// The account, website or app.
        app_id: AppId = either("AppID", "appid");
        /// The person over all accounts of the subject.
        union_id: Option<UnionId> = either("UnionID", "unionid");
        /// As [`UserAuthorizationRevoke::revoke_info`].
        revoke_info: Option<Str> = "RevokeInfo";
    }

    // Cards and coupons.

    /// A kind of card was approved — 卡券通过审核.
    "card_pass_check" => CardPassCheck {
        /// The kind of card.
        card_id: Str = "CardId";
        /// One sample has it, empty.
        refuse_reason: Option<Str> = "RefuseReason";
    }

    /// A kind of card was refused — 卡券未通过审核.
    "card_not_pass_check" => CardNotPassCheck {
        /// The kind of card.
        card_id: Str = "CardId";
        /// Why.
        refuse_reason: Str = "RefuseReason";
    }

    /// Somebody took a card — 领取卡券.
    "user_get_card" => UserGetCard {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
        /// 1 when another person gave it.
        is_give_by_friend: Option<i64> = "IsGiveByFriend";
        /// Who gave it.
        friend_user_name: Option<OpenId> = "FriendUserName";
        /// Its code before it was given.
        old_user_card_code: Option<Str> = "OldUserCardCode";
        /// The scene of the QR code that gave the card, as a number: the older form of `outer_str`.
        outer_id: Option<i64> = "OuterId";
        /// The scene of the QR code that gave the card.
        outer_str: Option<Str> = "OuterStr";
        /// 1 when a deleted membership card was taken back.
        is_restore_member_card: Option<i64> = "IsRestoreMemberCard";
        /// 1 when another person recommended it.
        is_recommend_by_friend: Option<i64> = "IsRecommendByFriend";
        /// Who took it, over all accounts of the subject.
        union_id: Option<UnionId> = "UnionId";
    }

    /// Somebody gives a card away — 转赠卡券.
    "user_gifting_card" => UserGiftingCard {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
        /// To whom; none when given to a group.
        friend_user_name: Option<OpenId> = "FriendUserName";
        /// 1 when it came back, because nobody took it.
        is_return_back: Option<i64> = "IsReturnBack";
        /// 1 when given to a group.
        is_chat_room: Option<i64> = "IsChatRoom";
    }

    /// Somebody deleted a card — 删除卡券.
    "user_del_card" => UserDelCard {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
    }

    /// A card was used up — 核销卡券.
    "user_consume_card" => UserConsumeCard {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
        /// By which way: `FROM_API`, `FROM_MP`, `FROM_MOBILE_HELPER` …
        consume_source: Str = "ConsumeSource";
        /// In which shop.
        location_name: Option<Str> = "LocationName";
        /// By whom of the staff.
        staff_open_id: Option<OpenId> = "StaffOpenId";
        /// The code that the customer typed in.
        verify_code: Option<Str> = "VerifyCode";
        /// The amount that the customer typed in, as written.
        remark_amount: Option<Str> = "RemarkAmount";
        /// The scene of the QR code that gave the card.
        outer_str: Option<Str> = "OuterStr";
    }

    /// Somebody paid with a card — 微信买单.
    "user_pay_from_pay_cell" => UserPayFromPayCell {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
        /// The payment.
        trans_id: Str = "TransId";
        /// The shop.
        location_id: Option<Str> = "LocationId";
        /// What was paid, in cents (分).
        fee: Option<i64> = "Fee";
        /// What it would have been without the card, in cents (分).
        original_fee: Option<i64> = "OriginalFee";
    }

    /// Somebody looked at a membership card — 进入会员卡.
    "user_view_card" => UserViewCard {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
        /// The scene of the QR code that gave the card.
        outer_str: Option<Str> = "OuterStr";
    }

    /// Somebody came into the conversation from a card — 从卡券进入公众号会话.
    "user_enter_session_from_card" => UserEnterSessionFromCard {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
    }

    /// The points or the balance of a membership card changed — 会员卡内容更新.
    "update_member_card" => UpdateMemberCard {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
        /// By how many points; may be negative.
        modify_bonus: Option<i64> = "ModifyBonus";
        /// By how much money; may be negative.
        modify_balance: Option<i64> = "ModifyBalance";
    }

    /// A kind of card is running out — 库存报警.
    "card_sku_remind" => CardSkuRemind {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The warning, in words.
        detail: Str = "Detail";
    }

    /// The account's card points changed (券点) — 券点流水详情.
    "card_pay_order" => CardPayOrder {
        /// The order.
        order_id: Str = "OrderId";
        /// `ORDER_STATUS_WAITING`, `ORDER_STATUS_SUCC`, `ORDER_STATUS_FINANCE_SUCC` …
        status: Str = "Status";
        /// Unix seconds.
        create_order_time: Option<i64> = "CreateOrderTime";
        /// Unix seconds; 0 before it is paid.
        pay_finish_time: Option<i64> = "PayFinishTime";
        /// A description.
        desc: Option<Str> = "Desc";
        /// Free points.
        free_coin_count: Option<i64> = "FreeCoinCount";
        /// Points that were paid.
        pay_coin_count: Option<i64> = "PayCoinCount";
        /// Free points that were given back.
        refund_free_coin_count: Option<i64> = "RefundFreeCoinCount";
        /// Paid points that were given back.
        refund_pay_coin_count: Option<i64> = "RefundPayCoinCount";
        /// `ORDER_TYPE_SYS_ADD`, `ORDER_TYPE_WXPAY` …
        order_type: Str = "OrderType";
        /// A note.
        memo: Option<Str> = "Memo";
        /// About the receipt.
        receipt_info: Option<Str> = "ReceiptInfo";
    }

    /// Somebody filled in the form of a membership card — 会员卡激活.
    "submit_membercard_user_info" => SubmitMembercardUserInfo {
        /// The kind of card.
        card_id: Str = "CardId";
        /// The card.
        user_card_code: Str = "UserCardCode";
    }

    /// A sub-merchant was reviewed — 子商户审核.
    "card_merchant_check_result" => CardMerchantCheckResult {
        /// The sub-merchant.
        merchant_id: Str = "MerchantId";
        /// 1 when approved.
        is_pass: Option<i64> = "IsPass";
        /// Why not.
        reason: Option<Str> = "Reason";
    }

    /// Somebody bought a gift card — 购买礼品卡付款成功.
    "giftcard_pay_done" => GiftcardPayDone {
        /// The shelf (货架).
        page_id: Str = "PageId";
        /// The order.
        order_id: Str = "OrderId";
    }

    /// Somebody gives a gift card away — 购买礼品卡后赠送.
    "giftcard_send_to_friend" => GiftcardSendToFriend {
        /// The shelf (货架).
        page_id: Str = "PageId";
        /// The order.
        order_id: Str = "OrderId";
        /// `true` when given to a group; text, not a number as elsewhere.
        is_chat_room: Option<Str> = "IsChatRoom";
        /// `true` when it came back, because nobody took it.
        is_return_back: Option<Str> = "IsReturnBack";
    }

    /// Somebody took a gift card — 领取礼品卡成功.
    "giftcard_user_accept" => GiftcardUserAccept {
        /// The shelf (货架).
        page_id: Str = "PageId";
        /// The order.
        order_id: Str = "OrderId";
        /// `true` when it was given to a group; text, not a number as elsewhere.
        is_chat_room: Option<Str> = "IsChatRoom";
    }

    // Invoices.

    /// Somebody agreed to get an electronic invoice, or failed to — 收取授权完成.
    "user_authorize_invoice" => UserAuthorizeInvoice {
        /// The order, when it worked; then the other is empty or absent.
        succ_order_id: Option<Str> = "SuccOrderId";
        /// The order, when it failed.
        fail_order_id: Option<Str> = "FailOrderId";
        /// Whose page it was; `AuthorizeAppId` in newer documents.
        app_id: Option<AppId> = either("AppId", "AuthorizeAppId");
        /// From where: `web`, `app`, `wxa` (mini-program), `wap`.
        source: Option<Str> = either("Source", "source");
    }

    /// An invoice was claimed or locked (报销) — 发票状态更新.
    "update_invoice_status" => UpdateInvoiceStatus {
        /// The kind of invoice card.
        card_id: Str = "CardId";
        /// The invoice card.
        code: Str = "Code";
        /// `INVOICE_REIMBURSE_INIT`, `INVOICE_REIMBURSE_LOCK`, `INVOICE_REIMBURSE_CLOSURE` …
        status: Str = either("Status", "status");
    }

    /// What became of an invoice that was ordered from an invoicing platform — 异步通知开票结果.
    "cloud_invoice_invoiceresult_event" => CloudInvoiceInvoiceResult {
        /// The result; 2 was seen for a failure.
        status: Str = either("status", "Status");
        /// The serial number of the order (发票请求流水号).
        fpqqlsh: Str = "fpqqlsh";
        /// The seller's tax number (纳税人识别号).
        nsrsbh: Str = "nsrsbh";
    }

    /// Somebody handed in the title of an invoice — 提交发票抬头.
    "submit_invoice_title" => SubmitInvoiceTitle {
        /// The name on the invoice.
        title: Str = "title";
        /// Telephone.
        phone: Option<Str> = "phone";
        /// Tax number.
        tax_no: Option<Str> = "tax_no";
        /// Address.
        addr: Option<Str> = "addr";
        /// Bank.
        bank_type: Option<Str> = "bank_type";
        /// Account at the bank.
        bank_no: Option<Str> = "bank_no";
        /// What the account put into the link.
        attach: Option<Str> = "attach";
        /// `InvoiceUserTitlePersonType` or `InvoiceUserTitleBusinessType`.
        title_type: Str = "title_type";
    }

    // Shops.

    /// Somebody paid an order in the small shop (微信小店) — 订单付款通知.
    "merchant_order" => MerchantOrder {
        /// The order.
        order_id: Str = "OrderId";
        /// 2: paid and not sent yet.
        order_status: Option<i64> = "OrderStatus";
        /// The product.
        product_id: Str = "ProductId";
        /// Its variant: `10001:1000012;10002:100021`.
        sku_info: Str = "SkuInfo";
    }

    /// A shop was reviewed — 门店审核.
    "poi_check_notify" => PoiCheckNotify {
        /// The account's own number of it.
        uniq_id: Str = "UniqId";
        /// The platform's number of it.
        poi_id: Str = "PoiId";
        /// `succ` or `fail`.
        result: Str = either("Result", "result");
        /// Why it failed.
        msg: Option<Str> = either("Msg", "msg");
    }

    /// A shop that was put on the map was reviewed — 腾讯地图中创建门店的审核结果.
    "create_map_poi_audit_info" => CreateMapPoiAuditInfo {
        /// The application.
        audit_id: Str = "audit_id";
        /// The decision; one SDK says 0 approved, 1 refused. It was seen empty.
        status: Option<i64> = "status";
        /// Why.
        reason: Option<Str> = "reason";
        /// The place on the map.
        map_poi_id: Option<Str> = "map_poi_id";
        /// The shop's name.
        name: Option<Str> = "name";
        /// Its address.
        address: Option<Str> = "address";
        /// Degrees north.
        latitude: Option<f64> = "latitude";
        /// Degrees east.
        longitude: Option<f64> = "longitude";
        /// A remark of the reviewer.
        sh_remark: Option<Str> = "sh_remark";
    }

    /// A new shop of the shop mini-program was reviewed — 创建门店的审核结果.
    "add_store_audit_info" => AddStoreAuditInfo {
        /// The application.
        audit_id: Str = "audit_id";
        /// The decision; the platform's sample shows 3.
        status: Option<i64> = "status";
        /// Why.
        reason: Option<Str> = "reason";
        /// A number of the platform; its meaning is not known here.
        is_upgrade: Option<i64> = "is_upgrade";
        /// The shop.
        poiid: Option<Str> = "poiid";
    }

    /// A shop's new pictures were reviewed — 修改门店图片的审核结果.
    "modify_store_audit_info" => ModifyStoreAuditInfo {
        /// The application.
        audit_id: Str = "audit_id";
        /// The decision; the platform's sample shows 3.
        status: Option<i64> = "status";
        /// Why.
        reason: Option<Str> = "reason";
    }

    /// A new shop mini-program was reviewed — 创建门店小程序的审核结果.
    "apply_merchant_audit_info" => ApplyMerchantAuditInfo {
        /// The application.
        audit_id: Str = "audit_id";
        /// 1 approved, 2 under way, 3 refused, 4 refused by the administrator.
        status: Option<i64> = "status";
        /// Why.
        reason: Option<Str> = "reason";
    }

    // Product scan (扫一扫).

    /// Somebody opened the page of a product — 打开商品主页.
    "user_scan_product" => UserScanProduct {
        /// The kind of code: `ean13`, `ean8` or `qrcode`.
        key_standard: Str = "KeyStandard";
        /// The code.
        key_str: Str = "KeyStr";
        /// The person's country.
        country: Option<Str> = "Country";
        /// The person's province.
        province: Option<Str> = "Province";
        /// The person's city.
        city: Option<Str> = "City";
        /// 1 male, 2 female, 0 unknown.
        sex: Option<i64> = "Sex";
        /// 1 by a scan, 2 from elsewhere (a conversation, favourites, moments).
        scene: Option<i64> = "Scene";
        /// What the account put into the QR code.
        ext_info: Option<Str> = "ExtInfo";
    }

    /// Somebody came into the conversation from the page of a product — 从商品主页进入公众号会话.
    "user_scan_product_enter_session" => UserScanProductEnterSession {
        /// As [`UserScanProduct::key_standard`].
        key_standard: Str = "KeyStandard";
        /// The code.
        key_str: Str = "KeyStr";
        /// What the account put into the QR code.
        ext_info: Option<Str> = "ExtInfo";
    }

    /// Where the person is who opened the page of a product; comes later than the page — 地理位置信息异步推送.
    "user_scan_product_async" => UserScanProductAsync {
        /// As [`UserScanProduct::key_standard`].
        key_standard: Str = "KeyStandard";
        /// The code.
        key_str: Str = "KeyStr";
        /// What the account put into the QR code.
        ext_info: Option<Str> = "ExtInfo";
        /// The region's number: `440105`.
        region_code: Str = "RegionCode";
    }

    /// A product was reviewed — 商品审核结果.
    "user_scan_product_verify_action" => UserScanProductVerifyAction {
        /// As [`UserScanProduct::key_standard`].
        key_standard: Str = "KeyStandard";
        /// The code.
        key_str: Str = "KeyStr";
        /// `verify_ok` or `verify_not_pass`.
        result: Str = "Result";
        /// Why not.
        reason_msg: Option<Str> = "ReasonMsg";
    }

    // Wi-Fi, beacons, guides: discontinued.

    /// Somebody joined a shop's Wi-Fi — 连网成功. Discontinued.
    "wificonnected" => WifiConnected {
        /// Unix seconds; 0 occurs.
        connect_time: Option<i64> = "ConnectTime";
        /// Reserved; 0 occurs.
        expire_time: Option<i64> = "ExpireTime";
        /// Reserved.
        vendor_id: Str = "VendorId";
        /// The shop.
        place_id: Str = "PlaceId";
        /// The MAC address of the access point.
        device_no: Str = "DeviceNo";
    }

    /// Somebody shook the telephone near a beacon — 摇一摇周边. Discontinued.
    "shakearoundusershake" => ShakearoundUserShake {
        /// The beacon whose page is shown.
        chosen_beacon: Option<Beacon> = in_part("ChosenBeacon");
        /// The beacons around.
        around_beacons: Vec<Beacon> = entries("AroundBeacons.AroundBeacon");
    }

    /// Somebody scanned a shopping guide's QR code — 顾问二维码扫码. Discontinued; the sample in the documents is not
    /// well-formed.
    "guide_qrcode_scan_event" => GuideQrcodeScan {
        /// The guide's WeChat id.
        qrcode_guide_account: Option<Str> = at("GuideScanEvent.qrcode_guide_account");
        /// The guide.
        qrcode_guide_openid: Option<OpenId> = at("GuideScanEvent.qrcode_guide_openid");
        /// Who scanned.
        openid: OpenId = at("GuideScanEvent.openid");
        /// 1 no valid guide, 2 bound, 3 bound already, 4 bound to another guide.
        action: Option<i64> = at("GuideScanEvent.action");
        /// What the account put into the QR code.
        qrcode_info: Option<Str> = at("GuideScanEvent.qrcode_info");
    }

    /// Whether somebody agreed to be a shopping guide — 邀请成为顾问的结果. Discontinued.
    "guide_invite_result_event" => GuideInviteResult {
        /// The guide's WeChat id.
        guide_account: Option<Str> = at("GuideInviteEvent.guide_account");
        /// The guide.
        guide_openid: Option<OpenId> = at("GuideInviteEvent.guide_openid");
        /// The answer; the numbers' meanings are not known here.
        invite_result: Option<i64> = at("GuideInviteEvent.invite_result");
    }

    /// Somebody came into the conversation — 进入会话. Removed long ago.
    "enter" => Enter {}

    // Mini-program events that reach the same address.

    /// Somebody opened the customer service of a mini-program — 进入客服会话.
    "user_enter_tempsession" => UserEnterTempsession {
        /// What the button in the mini-program says (`session-from`).
        session_from: Str = "SessionFrom";
    }

    /// A version of a mini-program was approved — 小程序审核成功.
    "weapp_audit_success" => WeappAuditSuccess {
        /// Unix seconds.
        succ_time: Option<i64> = "SuccTime";
    }

    /// A version of a mini-program was refused — 小程序审核失败.
    "weapp_audit_fail" => WeappAuditFail {
        /// Why.
        reason: Str = "Reason";
        /// Unix seconds.
        fail_time: Option<i64> = "FailTime";
        /// Media ids of pictures that show it, joined by `|`.
        screen_shot: Option<Str> = either("ScreenShot", "screenshot");
    }

    /// The review of a mini-program takes longer — 小程序审核延后.
    "weapp_audit_delay" => WeappAuditDelay {
        /// Why.
        reason: Str = "Reason";
        /// Unix seconds.
        delay_time: Option<i64> = "DelayTime";
    }

    /// A mini-program's name was reviewed — 名称审核结果.
    "wxa_nickname_audit" => WxaNicknameAudit {
        /// 2 refused, 3 approved.
        ret: Option<i64> = "ret";
        /// The name.
        nickname: Str = "nickname";
        /// Why it was refused.
        reason: Option<Str> = "reason";
    }

    /// A mini-program's category was reviewed — 类目审核结果. The fields are those of one SDK.
    "wxa_category_audit" => WxaCategoryAudit {
        /// 2 refused, 3 approved.
        ret: Option<i64> = "ret";
        /// The category on the first level.
        first: Option<i64> = "first";
        /// The category on the second level.
        second: Option<i64> = "second";
        /// Why it was refused.
        reason: Option<Str> = "reason";
    }

    /// A mini-program broke a rule — 小程序违规记录. The fields are those of one SDK.
    "wxa_illegal_record" => WxaIllegalRecord {
        /// The record.
        illegal_record_id: Str = "illegal_record_id";
        /// The mini-program.
        appid: AppId = "appid";
        /// When it broke the rule, in Unix seconds; `created_at` is when that was pushed.
        create_time: Option<i64> = "create_time";
        /// Why it is against the rule.
        illegal_reason: Option<Str> = "illegal_reason";
        /// What is against the rule.
        illegal_content: Option<Str> = "illegal_content";
        /// Where the rule stands.
        rule_url: Option<Str> = "rule_url";
        /// The rule's name.
        rule_name: Option<Str> = "rule_name";
    }

    /// What became of an appeal against such a record — 小程序申诉记录. The fields are those of one SDK.
    "wxa_appeal_record" => WxaAppealRecord {
        /// The appeal.
        appeal_record_id: Str = "appeal_record_id";
        /// The mini-program.
        appid: AppId = "appid";
        /// Unix seconds.
        appeal_time: Option<i64> = "appeal_time";
        /// How often there was an appeal.
        appeal_count: Option<i64> = "appeal_count";
        /// 0 by the owner, 1 by the third-party platform.
        appeal_from: Option<i64> = "appeal_from";
        /// 1 under way, 2 granted, 3 refused, 4 withdrawn.
        appeal_status: Option<i64> = "appeal_status";
        /// Unix seconds; absent while under way and when withdrawn.
        audit_time: Option<i64> = "audit_time";
        /// Why; absent while under way and when withdrawn.
        audit_reason: Option<Str> = "audit_reason";
        /// Why there was a penalty.
        punish_description: Option<Str> = "punish_description";
        /// What was shown by both sides.
        material: Vec<AppealMaterial> = entries("material");
    }

    /// A mini-program's use of a private interface was reviewed — 隐私权限审核结果. The fields are those of a sample.
    "wxa_privacy_apply" => WxaPrivacyApply {
        /// The interface: `wx.choosePoi`.
        api_name: Str = at("result_info.api_name");
        /// Unix seconds.
        apply_time: Option<i64> = at("result_info.apply_time");
        /// The application.
        audit_id: Str = at("result_info.audit_id");
        /// Unix seconds.
        audit_time: Option<i64> = at("result_info.audit_time");
        /// Why it was refused.
        reason: Option<Str> = at("result_info.reason");
        /// 2 refused, 3 approved.
        status: Option<i64> = at("result_info.status");
    }

    /// A picture or voice was checked for forbidden content — 内容安全异步检测结果.
    "wxa_media_check" => WxaMediaCheck {
        /// 1 when it is risky, 0 when not.
        isrisky: Option<i64> = "isrisky";
        /// More about it, for the day when there is more.
        extra_info_json: Option<Str> = "extra_info_json";
        /// The mini-program.
        appid: AppId = "appid";
        /// The check that was asked for.
        trace_id: Str = "trace_id";
        /// 0 when the file could be checked. A negative number arrives as unsigned: 4294966288 is -1008.
        status_code: Option<i64> = "status_code";
    }
}

impl TemplateSendJobFinish {
    /// Whether the follower got it.
    pub fn is_success(&self) -> bool {
        begins(&self.status, "success")
    }

    /// Whether the follower refuses messages of the account.
    pub fn is_user_block(&self) -> bool {
        begins(&self.status, "failed:userblock")
    }

    /// Whether it failed for another reason.
    pub fn is_system_failed(&self) -> bool {
        begins(&self.status, "failed:system")
    }
}

impl MassSendJobFinish {
    /// Whether it was sent; single followers may still not have got it.
    pub fn is_success(&self) -> bool {
        begins(&self.status, "sendsuccess")
    }

    /// The number in `err(number)`: 10001 advertising, 20001 political, 20002 pornographic, 20004 social, 20006 illegal,
    /// 20008 fraud, 20013 copyright, 21000 other, 22000 mutual promotion, 30001 the check for originality failed, 30002
    /// it may not be sent, 30003 a reprint that the caller did not want to send, 40001 an administrator refused, 40002 no
    /// administrator answered in 30 minutes. Others occur.
    pub fn error_code(&self) -> Option<i64> {
        let status = without_blanks(&self.status);
        status.strip_prefix("err(")?.split(')').next()?.parse().ok()
    }
}

record! {
    /// What was scanned.
    ScanCodeInfo {} {
        /// `qrcode`, `barcode` …
        scan_type: Str = "ScanType";
        /// The content; of bar codes `EAN_13,6901234567892`.
        scan_result: Str = "ScanResult";
    }
}

record! {
    /// A place that was chosen. Its numbers arrive as text, sometimes without decimals.
    SendLocationInfo {} {
        /// `Location_X`: degrees north.
        latitude: Option<f64> = "Location_X";
        /// `Location_Y`: degrees east.
        longitude: Option<f64> = "Location_Y";
        /// The zoom of the map.
        scale: Option<i64> = "Scale";
        /// The address; may begin with a blank.
        label: Str = "Label";
        /// The place's name in moments (朋友圈); often empty.
        poiname: Option<Str> = "Poiname";
    }
}

record! {
    /// Whether an article of a mass message is original.
    CopyrightItem {} {
        /// The article's number in the post. It is 1-based in all samples; one SDK says 0-based.
        article_idx: Option<i64> = "ArticleIdx";
        /// What the account says of it.
        user_declare_state: Option<i64> = "UserDeclareState";
        /// What the platform found.
        audit_state: Option<i64> = "AuditState";
        /// The original that it resembles.
        original_article_url: Option<Str> = "OriginalArticleUrl";
        /// The kind of original.
        original_article_type: Option<i64> = "OriginalArticleType";
        /// 1 when it may be reprinted.
        can_reprint: Option<i64> = "CanReprint";
        /// 1 when the original's content has to be put in its place.
        need_replace_content: Option<i64> = "NeedReplaceContent";
        /// 1 when the source has to be shown.
        need_show_reprint_source: Option<i64> = "NeedShowReprintSource";
    }
}

record! {
    /// Where an article of a mass message stands.
    ArticleUrl {} {
        /// The article's number in the post, as [`CopyrightItem::article_idx`].
        article_idx: Option<i64> = "ArticleIdx";
        /// Its page.
        article_url: Str = "ArticleUrl";
    }
}

record! {
    /// Where a published article stands.
    PublishedArticle {} {
        /// The article's 1-based number in the post.
        idx: Option<i64> = "idx";
        /// Its page.
        article_url: Str = "article_url";
    }
}

record! {
    /// What a follower chose for one template.
    SubscriptionChoice {} {
        /// The template.
        template_id: Str = "TemplateId";
        /// `accept` or `reject`.
        subscribe_status_string: Str = "SubscribeStatusString";
        /// 1 on a web page, 2 in an article; 0 occurs.
        popup_scene: Option<i64> = "PopupScene";
    }
}

record! {
    /// What a follower changed for one template.
    SubscriptionChange {} {
        /// The template.
        template_id: Str = "TemplateId";
        /// `reject`.
        subscribe_status_string: Str = "SubscribeStatusString";
    }
}

record! {
    /// What became of one notice.
    SentNotice {} {
        /// The template.
        template_id: Str = "TemplateId";
        /// The notice that was sent.
        msg_id: Option<MsgId> = either("MsgID", "MsgId");
        /// 0 when the follower got it.
        error_code: Option<i64> = "ErrorCode";
        /// `success`, or why not.
        error_status: Str = "ErrorStatus";
    }
}

record! {
    /// A beacon near the telephone.
    Beacon {} {
        /// Of the operator.
        uuid: Str = "Uuid";
        /// Of the shop.
        major: Option<i64> = "Major";
        /// Of the beacon.
        minor: Option<i64> = "Minor";
        /// In metres.
        distance: Option<f64> = "Distance";
    }
}

record! {
    /// What the two sides of an appeal showed.
    AppealMaterial {} {
        /// What is against the rule.
        illegal_content: Option<Str> = at("illegal_material.content");
        /// Where that stands.
        illegal_content_url: Option<Str> = at("illegal_material.content_url");
        /// Why the owner appeals.
        appeal_reason: Option<Str> = at("appeal_material.reason");
        /// A temporary material that proves it.
        proof_material_id: Option<MediaId> = at("appeal_material.proof_material_id");
    }
}

fn scene_of_subscribe(root: Element<'_>) -> Option<Str> {
    non_empty(root, "EventKey")?.without_prefix("qrscene_")
}

/// The entries of a subscription notice: each `List` is one. XML has them in a wrapper, which the documents mix up between
/// the events; JSON has them at the top, an object for one and an array for several.
fn notices<T: Record>(root: Element<'_>) -> Vec<T> {
    const PLACES: [&str; 4] = [
        "SubscribeMsgPopupEvent.List",
        "SubscribeMsgChangeEvent.List",
        "SubscribeMsgSentEvent.List",
        "List",
    ];
    PLACES
        .iter()
        .map(|path| list(root, path))
        .find(|entries| !entries.is_empty())
        .unwrap_or_default()
}

/// The field of whichever name is there: the platform does not always spell it alike.
fn either<T: Field>(name: &'static str, other: &'static str) -> impl Fn(Element<'_>) -> T {
    move |parent| {
        T::read(
            parent,
            if parent.child(name).is_some() {
                name
            } else {
                other
            },
        )
    }
}

/// The field at the end of a path.
fn at<T: Field + Default>(path: &'static str) -> impl Fn(Element<'_>) -> T {
    move |root| {
        let Some((parents, name)) = path.rsplit_once('.') else {
            return T::read(root, path);
        };
        root.at(parents)
            .map(|parent| T::read(parent, name))
            .unwrap_or_default()
    }
}

/// The record in a child.
fn in_part<T: Record>(name: &'static str) -> impl Fn(Element<'_>) -> Option<T> {
    move |root| part(root, name)
}

/// All records at the end of a path.
fn entries<T: Record>(path: &'static str) -> impl Fn(Element<'_>) -> Vec<T> {
    move |root| list(root, path)
}

/// All texts at the end of a path.
fn texts(path: &'static str) -> impl Fn(Element<'_>) -> Vec<Str> {
    move |root| all_at(root, path).into_iter().map(Element::str).collect()
}

/// All numbers at the end of a path.
fn numbers(path: &'static str) -> impl Fn(Element<'_>) -> Vec<i64> {
    move |root| {
        all_at(root, path)
            .into_iter()
            .filter_map(|number| number.text().trim().parse().ok())
            .collect()
    }
}

fn begins(status: &str, prefix: &str) -> bool {
    without_blanks(status).starts_with(prefix)
}

/// In lower case as well: the platform's samples do not agree on blanks, so nothing else is trusted either.
fn without_blanks(status: &str) -> String {
    status
        .split_whitespace()
        .collect::<String>()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, children: &str) -> Event {
        let body = format!("<xml><MsgType>event</MsgType><Event>{name}</Event>{children}</xml>");
        Event::parse(&Document::parse(body.as_bytes()).expect("the test's XML is well-formed"))
    }

    #[track_caller]
    fn check_template_status(status: &str, expected: [bool; 3]) {
        let event = event(
            "TEMPLATESENDJOBFINISH",
            &format!("<Status>{status}</Status>"),
        );
        let Event::TemplateSendJobFinish(event) = event else {
            panic!("{event:?}")
        };
        assert_eq!(
            [
                event.is_success(),
                event.is_user_block(),
                event.is_system_failed()
            ],
            expected,
            "{status}"
        );
    }

    #[test]
    fn blanks_in_the_status_of_a_template_message_do_not_matter() {
        check_template_status("success", [true, false, false]);
        check_template_status("failed:user block", [false, true, false]);
        check_template_status("failed: user block", [false, true, false]);
        check_template_status("failed: system failed", [false, false, true]);
        check_template_status("failed:system failed", [false, false, true]);
        check_template_status("failed: something new", [false, false, false]);
        check_template_status("", [false, false, false]);
    }

    #[track_caller]
    fn check_mass_status(status: &str, is_success: bool, error_code: Option<i64>) {
        let event = event("MASSSENDJOBFINISH", &format!("<Status>{status}</Status>"));
        let Event::MassSendJobFinish(event) = event else {
            panic!("{event:?}")
        };
        assert_eq!(
            (event.is_success(), event.error_code()),
            (is_success, error_code),
            "{status}"
        );
    }

    #[test]
    fn the_status_of_a_mass_message_tells_its_error_code() {
        check_mass_status("send success", true, None);
        check_mass_status("sendsuccess", true, None);
        check_mass_status("send fail", false, None);
        check_mass_status("err(30003)", false, Some(30003));
        check_mass_status("err(20431)", false, Some(20431));
        check_mass_status("err()", false, None);
    }

    #[test]
    fn results_of_a_mass_message_that_hold_only_white_space_are_none() {
        let event = event(
            "MASSSENDJOBFINISH",
            "<CopyrightCheckResult> \n </CopyrightCheckResult><ArticleUrlResult/>",
        );
        let Event::MassSendJobFinish(event) = event else {
            panic!("{event:?}")
        };
        assert_eq!(
            (
                event.copyright_count,
                event.check_state,
                event.article_count
            ),
            (None, None, None)
        );
        assert!(event.copyright.is_empty() && event.articles.is_empty());
    }

    #[test]
    fn a_changed_subscription_may_come_in_the_wrapper_of_the_dialogue() {
        for wrapper in ["SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent"] {
            let entry = "<List><TemplateId>t1</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List>";
            let event = event(
                "subscribe_msg_change_event",
                &format!("<{wrapper}>{entry}</{wrapper}>"),
            );
            let Event::SubscribeMsgChange(event) = event else {
                panic!("{event:?}")
            };
            assert_eq!(event.list.len(), 1, "{wrapper}");
            assert_eq!(event.list[0].template_id, "t1");
            assert_eq!(event.list[0].subscribe_status_string, "reject");
        }
    }

    #[test]
    fn names_that_the_platform_spells_in_two_ways_are_read_in_both() {
        for [open_id, app_id] in [["OpenID", "AppID"], ["openid", "appid"]] {
            let children = format!(
                "<{open_id}>o1</{open_id}><{app_id}>wx1</{app_id}><RevokeInfo>301</RevokeInfo>"
            );
            let event = event("user_authorization_revoke", &children);
            let Event::UserAuthorizationRevoke(event) = event else {
                panic!("{event:?}")
            };
            assert_eq!(event.open_id, "o1");
            assert_eq!(event.app_id, "wx1");
        }
        for name in ["Status", "status"] {
            let event = event(
                "update_invoice_status",
                &format!("<{name}>INVOICE_REIMBURSE_INIT</{name}>"),
            );
            let Event::UpdateInvoiceStatus(event) = event else {
                panic!("{event:?}")
            };
            assert_eq!(event.status, "INVOICE_REIMBURSE_INIT");
        }
    }
}
