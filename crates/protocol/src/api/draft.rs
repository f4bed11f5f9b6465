//! Drafts — 草稿箱: where articles wait until they are published or sent.
//!
//! ```
//! use echostr_protocol::api::{self, draft::{Article, DraftAdd, News}};
//!
//! let article = News {
//!     title: "周末开门".into(),
//!     content: "<p>本周六上午十点开门</p>".into(),
//!     thumb_media_id: "bDy2Yp9xQ7mK4tV8nR3sL6wE1".into(),
//!     ..Default::default()
//! };
//! let request = DraftAdd { articles: vec![Article::News(article)] };
//! assert_eq!(api::encode(&request).path, "/cgi-bin/draft/add");
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::MediaId;

endpoints! {
    Post "/cgi-bin/draft/add" DraftAdd -> DraftAddResponse, "新增草稿";
    Post "/cgi-bin/draft/get" GetDraft -> GetDraftResponse, "获取草稿详情";
    Post "/cgi-bin/draft/update" DraftUpdate -> Empty, "更新草稿";
    Post "/cgi-bin/draft/delete" DraftDelete -> Empty, "删除草稿";
    Get "/cgi-bin/draft/count" DraftCount -> DraftCountResponse, "获取草稿的总数";
    Post "/cgi-bin/draft/batchget" DraftBatchGet -> DraftBatchGetResponse, "获取草稿列表";
    Post "/cgi-bin/draft/switch" DraftSwitch -> DraftSwitchResponse, "草稿箱开关设置", no_body(), deprecated();
    Post "/channels/ec/service/product/getcardinfo" EcsGetProductCardInfo -> EcsGetProductCardInfoResponse, "获取商品卡片的DOM结构";
}

/// Makes a draft — 新增草稿. It is gone from the drafts when it was published or sent.
///
/// # Errors
/// - 40007: `thumb_media_id` or a picture is not one of the library.
/// - 41039: `content_source_url` is not allowed.
/// - 45004: `digest` is too long.
/// - 45110: `author` is too long.
/// - 45166: the platform does not take the content.
/// - 53404, 53406: the account may not sell goods, or has not applied for it.
/// - 53405: the goods are wrong; see [`EcsGetProductCardInfo`].
#[doc(alias = "新增草稿")]
#[doc(alias = "新建草稿")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftAdd {
    /// In their order; the first one is shown large.
    pub articles: Vec<Article>,
}

/// An article, by `article_type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "article_type", rename_all = "lowercase")]
pub enum Article {
    /// Pictures with a text (图片消息, 贴图).
    Newspic(Newspic),
    /// A page with a cover (图文消息). An article is one when it does not say what it is.
    #[serde(untagged)]
    News(News),
}

impl Default for Article {
    /// An empty page.
    fn default() -> Self {
        Self::News(News::default())
    }
}

words! {
    /// What an article is.
    ArticleType {
        /// A page with a cover (图文消息).
        News = "news",
        /// Pictures with a text (图片消息, 贴图).
        Newspic = "newspic",
    }
}

/// A page with a cover (图文消息).
///
/// It needs `title`, `content` and `thumb_media_id`. An answer may lack any: what is missing is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct News {
    /// `None` is a page with a cover. In answers, also what is not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_type: Option<ArticleType>,
    /// At most 32 characters.
    pub title: String,
    /// At most 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// A summary of at most 128 characters, only when it is the one article. `None`: the first 54 characters of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// HTML of less than 20 000 characters and less than 1 MB. Scripts are removed, and pictures, unless
    /// [`UploadImage`](super::material::UploadImage) has uploaded them. Empty in the answer to [`DraftBatchGet::no_content`].
    pub content: String,
    /// Where "read the original" (阅读原文) leads, at most 1 KB. `None`: it is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_source_url: Option<String>,
    /// The cover (封面), a picture of the library; see [`AddMaterial`](super::material::AddMaterial).
    pub thumb_media_id: MediaId,
    /// Whether it can be commented on. `None`: no.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub need_open_comment: Option<bool>,
    /// Whether only followers can comment. `None`: everybody can.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub only_fans_can_comment: Option<bool>,
    /// The part of the cover that is shown wide (2.35:1): left, top, right and bottom from 0 to 1, as `0.1945_0_1_0.5236`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pic_crop_235_1: Option<String>,
    /// The part of the cover that is shown square, in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pic_crop_1_1: Option<String>,
}

/// Pictures with a text (图片消息, 贴图).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Newspic {
    /// At most 32 characters.
    pub title: String,
    /// A plain text; of tags it takes only those of goods, at most 50. Empty in the answer to [`DraftBatchGet::no_content`].
    pub content: String,
    /// Whether it can be commented on. `None`: no.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub need_open_comment: Option<bool>,
    /// Whether only followers can comment. `None`: everybody can.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub only_fans_can_comment: Option<bool>,
    /// The pictures.
    pub image_info: ImageInfo,
    /// The parts of the first picture that are shown as cover. `None`: the platform chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_info: Option<CoverInfo>,
    /// Goods that are offered with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_info: Option<ProductInfo>,
}

/// The pictures of a [`Newspic`]; it can be collected from their ids.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageInfo {
    /// 1 to 20, the cover first.
    pub image_list: Vec<Image>,
}

impl FromIterator<MediaId> for ImageInfo {
    fn from_iter<I: IntoIterator<Item = MediaId>>(ids: I) -> Self {
        let image_list = ids
            .into_iter()
            .map(|image_media_id| Image { image_media_id })
            .collect();
        Self { image_list }
    }
}

/// A picture of a [`Newspic`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// A picture of the library; see [`AddMaterial`](super::material::AddMaterial).
    pub image_media_id: MediaId,
}

/// The cover of a [`Newspic`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoverInfo {
    /// One for each shape that the account chooses itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crop_percent_list: Vec<CropPercent>,
}

/// A part of a picture. The places are decimal fractions from `0` to `1`, as texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CropPercent {
    /// Its shape.
    pub ratio: Ratio,
    /// Left.
    pub x1: String,
    /// Top.
    pub y1: String,
    /// Right.
    pub x2: String,
    /// Bottom.
    pub y2: String,
}

words! {
    /// Width by height of a cover.
    Ratio {
        /// 1:1
        Square = "1_1",
        /// 16:9
        Screen = "16_9",
        /// 2.35:1
        Wide = "2.35_1",
    }
}

/// Goods of a [`Newspic`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductInfo {
    /// Below the text (文末商品).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer_product_info: Option<FooterProductInfo>,
}

/// Goods below the text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FooterProductInfo {
    /// [`EcsGetProductCardInfoResponse::product_key`].
    pub product_key: String,
}

/// What [`DraftAdd`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftAddResponse {
    /// The id of the draft, at most 128 characters: for publishing, for mass messages and for the calls here.
    pub media_id: MediaId,
}

/// Reads a draft — 获取草稿详情.
///
/// # Errors
/// - 40007: there is no such draft; it may have been published or sent.
#[doc(alias = "获取草稿详情")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetDraft {
    /// From [`DraftAdd`] or [`DraftBatchGet`].
    pub media_id: MediaId,
}

/// What [`GetDraft`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftResponse {
    /// The articles, in their order.
    pub news_item: Vec<NewsItem>,
    /// When it was made, in Unix seconds.
    pub create_time: i64,
    /// When it was changed last, in Unix seconds.
    pub update_time: i64,
}

/// An article of a draft, and its addresses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsItem {
    /// The article itself; may be changed and given to [`DraftUpdate`].
    #[serde(flatten)]
    pub article: Article,
    /// A temporary address, to look at it.
    pub url: String,
    /// The address of the cover.
    pub thumb_url: String,
    /// Whether the cover stands above the text, too; of old articles.
    #[serde(with = "wire::flag")]
    pub show_cover_pic: bool,
}

/// Changes one article of a draft — 更新草稿.
///
/// # Errors
/// Those of [`DraftAdd`], and
/// - 40007: there is no such draft.
/// - 40114: there is no article at `index`.
/// - 88000: the account may not let its articles be commented on; leave `need_open_comment` out.
#[doc(alias = "更新草稿")]
#[doc(alias = "修改草稿")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftUpdate {
    /// The draft.
    pub media_id: MediaId,
    /// Which of its articles, from 0.
    pub index: i64,
    /// What takes its place: one, in spite of the name.
    pub articles: Article,
}

/// Deletes a draft for good — 删除草稿.
///
/// # Errors
/// - 40007: there is no such draft.
#[doc(alias = "删除草稿")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftDelete {
    /// The draft.
    pub media_id: MediaId,
}

/// How many drafts there are — 获取草稿的总数.
#[doc(alias = "获取草稿的总数")]
#[doc(alias = "获取草稿总数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftCount {}

/// What [`DraftCount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftCountResponse {
    /// Drafts, not articles.
    pub total_count: i64,
}

/// Reads a page of the drafts — 获取草稿列表.
#[doc(alias = "获取草稿列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftBatchGet {
    /// How many to leave out; 0 for the first page.
    pub offset: i64,
    /// 1 to 20.
    pub count: i64,
    /// Whether to leave `content` of the articles out. `None`: no.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub no_content: Option<bool>,
}

/// What [`DraftBatchGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftBatchGetResponse {
    /// How many drafts there are.
    pub total_count: i64,
    /// How many of them stand here.
    pub item_count: i64,
    /// The page.
    pub item: Vec<Draft>,
}

/// A draft.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Its id.
    pub media_id: MediaId,
    /// What is in it.
    pub content: Content,
    /// When it was changed last, in Unix seconds.
    pub update_time: i64,
}

/// What is in a draft.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// The articles, in their order.
    pub news_item: Vec<NewsItem>,
}

/// Switches the drafts on — 草稿箱开关设置. All accounts have them by now; they cannot be switched off.
#[doc(alias = "草稿箱开关设置")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftSwitch {
    /// Whether only to ask. `None`: it is switched on.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub checkonly: Option<bool>,
}

/// What [`DraftSwitch`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftSwitchResponse {
    /// Whether the account has drafts.
    #[serde(with = "wire::flag")]
    pub is_open: bool,
}

/// What an article needs to offer goods of a WeChat shop (微信小店) — 获取商品卡片的DOM结构. Not for third-party platforms.
///
/// # Errors
/// - 10170001: there are no such goods.
/// - 10170002: `article_type` is wrong.
/// - 10170003: such an article cannot have this `card_type`.
///
/// <https://developers.weixin.qq.com/doc/service/api/draftbox/shop/api_ecsgetproductcardinfo.html>
#[doc(alias = "获取商品卡片的DOM结构")]
#[doc(alias = "商品卡片")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EcsGetProductCardInfo {
    /// The shop's id of the goods.
    pub product_id: String,
    /// In what they stand.
    pub article_type: ArticleType,
    /// 0: a large card (大卡), only in `news`; 1: a small one (小卡); 2: a link (文字链接); 3: a bar (条卡), only in `newspic`.
    pub card_type: i64,
}

/// What [`EcsGetProductCardInfo`] answers: what the article needs, one or both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EcsGetProductCardInfoResponse {
    /// For [`FooterProductInfo::product_key`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_key: Option<String>,
    /// HTML for the content.
    #[serde(rename = "DOM", skip_serializing_if = "Option::is_none")]
    pub dom: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(json: &str) -> Article {
        serde_json::from_str(json).expect("an article")
    }

    #[test]
    fn an_article_that_does_not_say_its_type_is_a_page() {
        let Article::News(page) = article(r#"{"title":"周末开门"}"#) else {
            panic!("not a page");
        };
        assert_eq!((page.title.as_str(), page.article_type), ("周末开门", None));
    }

    #[test]
    fn an_unknown_type_of_article_is_kept() {
        let json = r#"{"title":"周末开门","article_type":"newsvideo"}"#;
        let Article::News(page) = article(json) else {
            panic!("not a page");
        };
        assert_eq!(page.article_type, Some("newsvideo".into()));
    }
}
