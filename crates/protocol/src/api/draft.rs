//! Drafts — 草稿箱
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{MediaId};

endpoints! {
    Post "/cgi-bin/draft/add" DraftAdd -> DraftAddResponse, "新增草稿";
    Post "/cgi-bin/draft/get" GetDraft -> GetDraftResponse, "获取草稿详情";
    Post "/cgi-bin/draft/update" DraftUpdate -> Empty, "更新草稿";
    Post "/cgi-bin/draft/delete" DraftDelete -> Empty, "删除草稿";
    Get "/cgi-bin/draft/count" DraftCount -> DraftCountResponse, "获取草稿总数";
    Post "/cgi-bin/draft/batchget" DraftBatchGet -> DraftBatchGetResponse, "获取草稿列表";
    Post "/cgi-bin/draft/switch" DraftSwitch -> DraftSwitchResponse, "草稿箱开关设置", no_body(), deprecated();
    Post "/channels/ec/service/product/getcardinfo" EcsGetProductCardInfo -> EcsGetProductCardInfoResponse, "获取商品卡片DOM结构";
}

/// Draft add — 新增草稿.
///
/// The draft disappears once it is mass-sent or published. Field names are literal UTF-8, no \u escapes. 45166 bad content, 41039 bad content_source_url, 53404-53406 goods rights, 45004 digest too long, 40007 bad thumb_media_id, 45110 author too long.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add.html> (read 2026-11-22)
#[doc(alias = "新增草稿")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftAdd {
    /// Articles.
    pub articles: Vec<Article>,
}

/// Articles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// News (default) | newspic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_type: Option<String>,
    /// Title, at most 32 characters.
    pub title: String,
    /// At most 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// At most 128 characters; default: first 54 of the body; single article only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// HTML under 20000 characters and 1 MB, scripts removed, images must come from media_upload_article_image; plain text for newspic.
    pub content: String,
    /// 'read original' link, 1 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_source_url: Option<String>,
    /// Permanent image id; required for news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumb_media_id: Option<MediaId>,
    /// 1 opens comments.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub need_open_comment: Option<bool>,
    /// 1 followers only.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub only_fans_can_comment: Option<bool>,
    /// Cover crop 2.35:1 as X1_Y1_X2_Y2 in 0..1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pic_crop_235_1: Option<String>,
    /// Cover crop 1:1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pic_crop_1_1: Option<String>,
    /// Newspic: pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_info: Option<ImageInfo>,
    /// Newspic: cover crops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_info: Option<CoverInfo>,
    /// Newspic: goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_info: Option<ProductInfo>,
}

/// Newspic: pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageInfo {
    /// 1-20 pictures, the first is the cover.
    pub image_list: Vec<Image>,
}

/// 1-20 pictures, the first is the cover.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Permanent image id.
    pub image_media_id: MediaId,
}

/// Newspic: cover crops.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CoverInfo {
    /// Crops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crop_percent_list: Vec<CropPercent>,
}

/// Crops.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CropPercent {
    /// 1_1 | 16_9 | 2.35_1.
    pub ratio: String,
    /// Left, 0..1.
    pub x1: String,
    /// Top.
    pub y1: String,
    /// Right.
    pub x2: String,
    /// Bottom.
    pub y2: String,
}

/// Newspic: goods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductInfo {
    /// Goods shown at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer_product_info: Option<FooterProductInfo>,
}

/// Goods shown at the end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FooterProductInfo {
    /// From product_card_info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_key: Option<String>,
}

/// What [`DraftAdd`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftAddResponse {
    /// Draft id, up to 128 characters.
    pub media_id: MediaId,
}

/// Get draft — 获取草稿详情.
///
/// 40007 unknown draft.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_getdraft.html> (read 2026-11-22)
#[doc(alias = "获取草稿详情")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetDraft {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// What [`GetDraft`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftResponse {
    /// Articles.
    pub news_item: Vec<NewsItem>,
    /// Unix seconds.
    pub create_time: i64,
    /// Unix seconds.
    pub update_time: i64,
}

/// Articles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsItem {
    /// News (default) | newspic.
    pub article_type: String,
    /// Title, at most 32 characters.
    pub title: String,
    /// At most 16 characters.
    pub author: String,
    /// At most 128 characters; default: first 54 of the body; single article only.
    pub digest: String,
    /// HTML under 20000 characters and 1 MB, scripts removed, images must come from media_upload_article_image; plain text for newspic.
    pub content: String,
    /// 'read original' link, 1 KB.
    pub content_source_url: String,
    /// Permanent image id; required for news.
    pub thumb_media_id: MediaId,
    /// 1 opens comments.
    #[serde(with = "wire::flag")]
    pub need_open_comment: bool,
    /// 1 followers only.
    #[serde(with = "wire::flag")]
    pub only_fans_can_comment: bool,
    /// Cover crop 2.35:1 as X1_Y1_X2_Y2 in 0..1.
    pub pic_crop_235_1: String,
    /// Cover crop 1:1.
    pub pic_crop_1_1: String,
    /// Newspic: pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_info: Option<GetDraftImageInfo>,
    /// Newspic: cover crops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_info: Option<GetDraftCoverInfo>,
    /// Newspic: goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_info: Option<GetDraftProductInfo>,
    /// Temporary preview URL.
    pub url: String,
    /// Cover URL.
    pub thumb_url: String,
    /// Legacy flag.
    #[serde(with = "wire::flag")]
    pub show_cover_pic: bool,
}

/// Newspic: pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftImageInfo {
    /// 1-20 pictures, the first is the cover.
    pub image_list: Vec<GetDraftImage>,
}

/// 1-20 pictures, the first is the cover.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftImage {
    /// Permanent image id.
    pub image_media_id: MediaId,
}

/// Newspic: cover crops.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftCoverInfo {
    /// Crops.
    pub crop_percent_list: Vec<GetDraftCropPercent>,
}

/// Crops.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftCropPercent {
    /// 1_1 | 16_9 | 2.35_1.
    pub ratio: String,
    /// Left, 0..1.
    pub x1: String,
    /// Top.
    pub y1: String,
    /// Right.
    pub x2: String,
    /// Bottom.
    pub y2: String,
}

/// Newspic: goods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftProductInfo {
    /// Goods shown at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer_product_info: Option<GetDraftFooterProductInfo>,
}

/// Goods shown at the end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDraftFooterProductInfo {
    /// From product_card_info.
    pub product_key: String,
}

/// Draft update — 更新草稿.
///
/// Articles is a single object here, not an array. 40114 bad index; others as draft_add; 88000 no comment right.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_update.html> (read 2026-11-22)
#[doc(alias = "更新草稿")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftUpdate {
    /// Draft id.
    pub media_id: MediaId,
    /// Article position, from 0.
    pub index: i64,
    /// The new article.
    pub articles: Article,
}

/// Draft delete — 删除草稿.
///
/// Irreversible. 40007.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_delete.html> (read 2026-11-22)
#[doc(alias = "删除草稿")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftDelete {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// Draft count — 获取草稿总数.
///
/// Counts drafts only.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_count.html> (read 2026-11-22)
#[doc(alias = "获取草稿总数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftCount {
}

/// What [`DraftCount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftCountResponse {
    /// Total number of items.
    pub total_count: i64,
}

/// Draft batch get — 获取草稿列表.
///
/// Count 1-20; no_content=1 leaves out content.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_batchget.html> (read 2026-11-22)
#[doc(alias = "获取草稿列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftBatchGet {
    /// Index of the first item, from 0.
    pub offset: i64,
    /// Number of items.
    pub count: i64,
    /// 1 leaves the content field out.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub no_content: Option<bool>,
}

/// What [`DraftBatchGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftBatchGetResponse {
    /// All drafts.
    pub total_count: i64,
    /// Drafts in this page.
    pub item_count: i64,
    /// Drafts.
    pub item: Vec<Item>,
}

/// Drafts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Draft id.
    pub media_id: MediaId,
    /// Content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Unix seconds.
    pub update_time: i64,
}

/// Content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// Articles.
    pub news_item: Vec<NewsItem>,
}

/// Draft switch — 草稿箱开关设置.
///
/// Turned the draft box on during its roll-out and cannot be undone; officially retired.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_switch.html> (read 2026-11-22)
#[doc(alias = "草稿箱开关设置")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftSwitch {
    /// 1 only queries the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkonly: Option<i64>,
}

/// What [`DraftSwitch`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftSwitchResponse {
    /// 0 off, 1 on.
    #[serde(with = "wire::flag")]
    pub is_open: bool,
}

/// Ecs get product card info — 获取商品卡片DOM结构.
///
/// Goods card for articles. Not for third-party platforms. 10170001 product, 10170002 article type, 10170003 card type.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/draftbox/shop/api_ecsgetproductcardinfo.html> (read 2026-11-22)
#[doc(alias = "获取商品卡片DOM结构")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EcsGetProductCardInfo {
    /// Shop product id.
    pub product_id: String,
    /// News | newspic.
    pub article_type: String,
    /// 0 large, 1 small, 2 text link, 3 bar; newspic allows 1,2,3 and news 0,1,2.
    pub card_type: i64,
}

/// What [`EcsGetProductCardInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EcsGetProductCardInfoResponse {
    /// Goods key for product_info; only where needed.
    pub product_key: String,
    /// HTML to put in the body; only where needed.
    #[serde(rename = "DOM")]
    pub dom: String,
}

