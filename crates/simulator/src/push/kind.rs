//! More kinds of pushes: what a follower seldom sends, and what the platform reports of jobs, notices, the desk, the account.

use super::{Push, Xml};

/// What a mass message came to, as [`Push::mass_sent`] reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MassSent<'a> {
    /// The mass message.
    pub job_id: u64,
    /// `send success`, `send fail` or `err(number)`.
    pub status: &'a str,
    /// How many followers were meant.
    pub total_count: u64,
    /// How many of them may be sent to.
    pub filter_count: u64,
    /// How many got it.
    pub sent_count: u64,
    /// How many did not.
    pub error_count: u64,
    /// Where each article stands.
    pub article_urls: &'a [&'a str],
}

/// What a publication came to, as [`Push::published`] reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published<'a> {
    /// 0, 成功: it has an id, and each article an address.
    Done {
        /// The post.
        article_id: &'a str,
        /// Where each article stands.
        article_urls: &'a [&'a str],
    },
    /// Any other status; 2 (原创失败) and 4 (平台审核不通过) name the articles.
    Failed {
        /// 2 not original, 3 failed, 4 refused, 5 deleted, 6 banned.
        status: u8,
        /// The articles that were refused, from 1.
        fail_idx: &'a [u32],
    },
}

/// What is reported of the account's verification — 微信认证事件.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accreditation<'a> {
    /// 资质认证成功, until then (Unix seconds).
    QualificationVerified(i64),
    /// 资质认证失败, then and why.
    QualificationRefused(i64, &'a str),
    /// 名称认证成功, until then.
    NameVerified(i64),
    /// 名称认证失败, then and why.
    NameRefused(i64, &'a str),
    /// 年审通知: it ends then.
    RenewalDue(i64),
    /// 认证过期失效通知: it ended then.
    Expired(i64),
}

/// What a person did with what they had shared — 授权用户信息变更.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// 授权用户资料变更.
    Modified,
    /// 授权用户资料撤回: the data must be deleted.
    Revoked,
    /// 授权用户完成注销: the data must be deleted.
    Cancelled,
}

/// Messages.
impl Push {
    /// A file — 文件消息, which the platform's documents do not mention. `md5` in hex.
    pub fn file(title: &str, file_key: &str, md5: &str, size_bytes: u64) -> Self {
        Self::message(
            "file",
            [
                Xml::text("Title", title),
                Xml::text("Description", ""),
                Xml::text("FileKey", file_key),
                Xml::text("FileMd5", md5),
                Xml::number("FileTotalLen", size_bytes),
            ],
        )
    }

    /// A card of a mini program — 小程序卡片消息.
    pub fn mini_program_page(
        title: &str,
        app_id: &str,
        page_path: &str,
        thumb_url: &str,
        thumb_media_id: &str,
    ) -> Self {
        Self::message(
            "miniprogrampage",
            [
                Xml::text("Title", title),
                Xml::text("AppId", app_id),
                Xml::text("PagePath", page_path),
                Xml::text("ThumbUrl", thumb_url),
                Xml::text("ThumbMediaId", thumb_media_id),
            ],
        )
    }

    /// A voice message with what the platform understood of it — 语音识别; today it is often empty.
    pub fn recognized_voice(media_id: &str, recognition: &str) -> Self {
        Self::message(
            "voice",
            [
                Xml::text("MediaId", media_id),
                Xml::text("Format", "amr"),
                Xml::text("Recognition", recognition),
            ],
        )
    }

    /// A text that was written on the page of an article, the `idx`th of its post.
    pub fn text_from_article(content: &str, msg_data_id: &str, idx: u32) -> Self {
        Self::message(
            "text",
            [
                Xml::text("Content", content),
                Xml::text("MsgDataId", msg_data_id),
                Xml::number("Idx", idx),
            ],
        )
    }
}

/// Jobs.
impl Push {
    /// How sending a mass message ended — 群发结果.
    pub fn mass_sent(sent: &MassSent<'_>) -> Self {
        let urls = sent.article_urls;
        let items = numbered(urls).map(|(idx, url)| {
            Xml::group(
                "item",
                [Xml::number("ArticleIdx", idx), Xml::text("ArticleUrl", url)],
            )
        });
        Self::event(
            "MASSSENDJOBFINISH",
            [
                Xml::number("MsgID", sent.job_id),
                Xml::text("Status", sent.status),
                Xml::number("TotalCount", sent.total_count),
                Xml::number("FilterCount", sent.filter_count),
                Xml::number("SentCount", sent.sent_count),
                Xml::number("ErrorCount", sent.error_count),
                Xml::group(
                    "CopyrightCheckResult",
                    [
                        Xml::number("Count", 0),
                        Xml::group("ResultList", []),
                        Xml::number("CheckState", 1),
                    ],
                ),
                Xml::group(
                    "ArticleUrlResult",
                    [
                        Xml::number("Count", urls.len()),
                        Xml::group("ResultList", items),
                    ],
                ),
            ],
        )
    }

    /// How a publication ended — 发布结果.
    pub fn published(publish_id: u64, published: &Published<'_>) -> Self {
        let mut info = vec![Xml::number("publish_id", publish_id)];
        match published {
            Published::Done {
                article_id,
                article_urls,
            } => {
                let items = numbered(article_urls).map(|(idx, url)| {
                    Xml::group(
                        "item",
                        [Xml::number("idx", idx), Xml::text("article_url", url)],
                    )
                });
                let count = Xml::number("count", article_urls.len());
                info.extend([
                    Xml::number("publish_status", 0),
                    Xml::text("article_id", article_id),
                    Xml::group("article_detail", std::iter::once(count).chain(items)),
                ]);
            }
            Published::Failed { status, fail_idx } => {
                info.push(Xml::number("publish_status", status));
                info.extend(fail_idx.iter().map(|idx| Xml::number("fail_idx", idx)));
            }
        }
        Self::event("PUBLISHJOBFINISH", [Xml::group("PublishEventInfo", info)])
    }
}

/// Subscription notices — 订阅通知.
impl Push {
    /// What a follower chose in the dialogue: each template, and whether they accept it. `scene` is 1 on a web page, 2 in an
    /// article.
    pub fn subscribe_msg_popup(choices: &[(&str, bool)], scene: u8) -> Self {
        let lists = choices.iter().map(|(template_id, accepts)| {
            let [template_id, status] = choice(template_id, *accepts);
            let scene = Xml::number("PopupScene", scene);
            Xml::group("List", [template_id, status, scene])
        });
        Self::event(
            "subscribe_msg_popup_event",
            [Xml::group("SubscribeMsgPopupEvent", lists)],
        )
    }

    /// Templates that a follower does not want any more, in the account's settings: only refusing is pushed.
    pub fn subscribe_msg_change(template_ids: &[&str]) -> Self {
        let lists = template_ids
            .iter()
            .map(|template_id| Xml::group("List", choice(template_id, false)));
        Self::event(
            "subscribe_msg_change_event",
            [Xml::group("SubscribeMsgChangeEvent", lists)],
        )
    }

    /// How sending a notice ended: 0 and `success`, or an errcode and its words.
    pub fn subscribe_msg_sent(
        template_id: &str,
        msg_id: u64,
        error_code: i64,
        error_status: &str,
    ) -> Self {
        let entry = [
            Xml::text("TemplateId", template_id),
            Xml::number("MsgID", msg_id),
            Xml::number("ErrorCode", error_code),
            Xml::text("ErrorStatus", error_status),
        ];
        Self::event(
            "subscribe_msg_sent_event",
            [Xml::group(
                "SubscribeMsgSentEvent",
                [Xml::group("List", entry)],
            )],
        )
    }
}

/// The desk — 客服会话.
impl Push {
    /// It took a conversation — 接入会话. An account of the desk is `prefix@wechat-id`.
    pub fn kf_create_session(kf_account: &str) -> Self {
        Self::event("kf_create_session", [Xml::text("KfAccount", kf_account)])
    }

    /// It closed one — 关闭会话.
    pub fn kf_close_session(kf_account: &str) -> Self {
        Self::event("kf_close_session", [Xml::text("KfAccount", kf_account)])
    }

    /// It handed one on — 转接会话.
    pub fn kf_switch_session(from: &str, to: &str) -> Self {
        Self::event(
            "kf_switch_session",
            [
                Xml::text("FromKfAccount", from),
                Xml::text("ToKfAccount", to),
            ],
        )
    }
}

/// The account, and what people let it know.
impl Push {
    /// The account's verification — 微信认证.
    pub fn accreditation(report: Accreditation<'_>) -> Self {
        let until = |name, time| Self::event(name, [Xml::number("ExpiredTime", time)]);
        let failed = |name, time, why| {
            Self::event(
                name,
                [Xml::number("FailTime", time), Xml::text("FailReason", why)],
            )
        };
        match report {
            Accreditation::QualificationVerified(time) => {
                until("qualification_verify_success", time)
            }
            Accreditation::QualificationRefused(time, why) => {
                failed("qualification_verify_fail", time, why)
            }
            Accreditation::NameVerified(time) => until("naming_verify_success", time),
            Accreditation::NameRefused(time, why) => failed("naming_verify_fail", time, why),
            Accreditation::RenewalDue(time) => until("annual_renew", time),
            Accreditation::Expired(time) => until("verify_expired", time),
        }
    }

    /// What became of the data that `open_id` shared with the account. `revoke_info` says which: `205` is nickname and
    /// avatar.
    ///
    /// At the platform its sender is a service of the platform, and the person stands in `OpenID` only.
    pub fn authorization(
        change: Authorization,
        open_id: &str,
        app_id: &str,
        revoke_info: &str,
    ) -> Self {
        let name = match change {
            Authorization::Modified => "user_info_modified",
            Authorization::Revoked => "user_authorization_revoke",
            Authorization::Cancelled => "user_authorization_cancellation",
        };
        Self::event(
            name,
            [
                Xml::text("OpenID", open_id),
                Xml::text("AppID", app_id),
                Xml::text("RevokeInfo", revoke_info),
            ],
        )
    }
}

fn choice(template_id: &str, accepts: bool) -> [Xml; 2] {
    let status = if accepts { "accept" } else { "reject" };
    [
        Xml::text("TemplateId", template_id),
        Xml::text("SubscribeStatusString", status),
    ]
}

/// Articles are counted from 1.
fn numbered<'a>(urls: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    urls.iter().enumerate().map(|(i, url)| (i + 1, *url))
}
