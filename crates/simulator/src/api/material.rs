//! The account's library — 永久素材, and pictures in the text of articles. The files are those of [`media`](super::media).

use echostr_protocol::api::Empty;
use echostr_protocol::api::material::{
    AddMaterial, AddMaterialResponse, BatchGetMaterial, BatchGetMaterialResponse, Content,
    DelMaterial, GetMaterial, GetMaterialCount, GetMaterialCountResponse, Item, MaterialType,
    NewsItem, UploadImage, UploadImageResponse,
};
use echostr_protocol::api::media::MediaType;
use echostr_protocol::{Article, MediaId};
use serde_json::json;

use super::media::{self, Keep, Limit, Stored, check};
use super::{Call, Handlers, Output, Refusal};
use crate::world::Account;

/// How many of a page there may be.
const MAX_PAGE: usize = 20;

/// Posts from before there were drafts; no call makes them any more.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Oldest first.
    news: Vec<(MediaId, Content)>,
}

impl State {
    /// What is seen of a post.
    pub(super) fn cards(&self, media_id: &MediaId) -> Option<Vec<Article>> {
        let (_, content) = self.news.iter().find(|(id, _)| id == media_id)?;
        let cards = content.news_item.iter().map(|article| Article {
            title: article.title.clone(),
            description: article.digest.clone(),
            pic_url: article.thumb_url.clone(),
            url: article.url.clone(),
        });
        Some(cards.collect())
    }
}

impl Account {
    /// Puts a post into its library, as accounts have them from before there were drafts. `now`: Unix seconds.
    pub fn add_news(&mut self, news_item: Vec<NewsItem>, now: i64) -> MediaId {
        let media_id = MediaId::from(media::random_id());
        let content = Content {
            news_item,
            create_time: now,
            update_time: now,
        };
        self.state.material.news.push((media_id.clone(), content));
        media_id
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(add);
    on.on_raw::<GetMaterial>(|call, request| get(call, &request));
    on.on(delete);
    on.on(count);
    on.on(batch_get);
    on.on(upload_image);
}

fn add(call: &mut Call<'_>, request: AddMaterial) -> Result<AddMaterialResponse, Refusal> {
    let kind = request.r#type;
    check(&request.media, &Limit::permanent(&kind)?)?;
    if kind == MediaType::Video
        && request
            .description
            .as_ref()
            .is_none_or(|about| about.title.is_empty())
    {
        return Err(Refusal::code(40097));
    }
    let now = call.now();
    let state = &mut call.account.state.media;
    let max = if kind == MediaType::Image {
        100_000
    } else {
        1000
    };
    if of_kind(state, &kind).count() >= max || !state.has_room(request.media.bytes.len()) {
        return Err(Refusal::code(45034));
    }
    let media_id = state.add(kind.clone(), request.media, Keep::Library, now);
    if let (Some(stored), Some(description)) = (state.stored_mut(&media_id), request.description) {
        stored.description = description;
    }
    let url = (kind == MediaType::Image).then(|| media::url(call.base, call.account, &media_id));
    Ok(AddMaterialResponse { media_id, url })
}

fn of_kind<'a>(
    state: &'a media::State,
    kind: &'a MediaType,
) -> impl DoubleEndedIterator<Item = &'a Stored> {
    state.library().filter(move |stored| stored.kind == *kind)
}

fn get(call: &mut Call<'_>, request: &GetMaterial) -> Result<Output, Refusal> {
    let state = &call.account.state;
    if let Some((_, content)) = state
        .material
        .news
        .iter()
        .find(|(id, _)| *id == request.media_id)
    {
        return Ok(Output::Json(json!({ "news_item": content.news_item })));
    }
    let stored = state
        .media
        .in_library(&request.media_id)
        .ok_or_else(|| Refusal::code(40007))?;
    if stored.kind == MediaType::Video {
        return Ok(Output::Json(json!({
            "title": stored.description.title,
            "description": stored.description.introduction,
            "down_url": media::url(call.base, call.account, &stored.media_id),
        })));
    }
    Ok(stored.output())
}

fn delete(call: &mut Call<'_>, request: DelMaterial) -> Result<Empty, Refusal> {
    let state = &mut call.account.state;
    if state.menu.uses(&request.media_id) || state.autoreply.uses(&request.media_id) {
        return Err(Refusal::code(48005));
    }
    let before = state.material.news.len();
    state
        .material
        .news
        .retain(|(id, _)| *id != request.media_id);
    if state.material.news.len() < before {
        return Ok(Empty {});
    }
    state
        .media
        .in_library(&request.media_id)
        .ok_or_else(|| Refusal::code(40007))?;
    state.media.remove(&request.media_id);
    Ok(Empty {})
}

fn count(call: &mut Call<'_>, _: GetMaterialCount) -> Result<GetMaterialCountResponse, Refusal> {
    let state = &call.account.state;
    Ok(GetMaterialCountResponse {
        voice_count: number(of_kind(&state.media, &MediaType::Voice).count()),
        video_count: number(of_kind(&state.media, &MediaType::Video).count()),
        image_count: number(of_kind(&state.media, &MediaType::Image).count()),
        news_count: number(state.material.news.len()),
    })
}

/// Newest first.
fn batch_get(
    call: &mut Call<'_>,
    request: BatchGetMaterial,
) -> Result<BatchGetMaterialResponse, Refusal> {
    let (offset, count) = page(request.offset, request.count)?;
    let state = &call.account.state;
    let kind = match request.r#type {
        MaterialType::Image => MediaType::Image,
        MaterialType::Voice => MediaType::Voice,
        MaterialType::Video => MediaType::Video,
        MaterialType::News => {
            let items = state.material.news.iter().rev().skip(offset).take(count);
            let item = items.map(|(media_id, content)| Item {
                media_id: media_id.clone(),
                content: Some(content.clone()),
                update_time: content.update_time,
                ..Item::default()
            });
            return Ok(listed(state.material.news.len(), item.collect()));
        }
        _ => return Err(Refusal::code(40004)),
    };
    let item = of_kind(&state.media, &kind)
        .rev()
        .skip(offset)
        .take(count)
        .map(|stored| Item {
            media_id: stored.media_id.clone(),
            name: Some(stored.file.name.clone()),
            url: Some(media::url(call.base, call.account, &stored.media_id)),
            content: None,
            update_time: stored.created_at,
        });
    Ok(listed(of_kind(&state.media, &kind).count(), item.collect()))
}

fn listed(total: usize, item: Vec<Item>) -> BatchGetMaterialResponse {
    BatchGetMaterialResponse {
        total_count: number(total),
        item_count: number(item.len()),
        item,
    }
}

fn upload_image(call: &mut Call<'_>, request: UploadImage) -> Result<UploadImageResponse, Refusal> {
    check(&request.media, &Limit::in_article())?;
    let now = call.now();
    let media_id =
        call.account
            .state
            .media
            .add(MediaType::Image, request.media, Keep::Article, now);
    Ok(UploadImageResponse {
        url: media::url(call.base, call.account, &media_id),
    })
}

/// How many to leave out, and how many to take: 1 to 20.
pub(super) fn page(offset: i64, count: i64) -> Result<(usize, usize), Refusal> {
    match (usize::try_from(offset), usize::try_from(count)) {
        (Ok(offset), Ok(count @ 1..=MAX_PAGE)) => Ok((offset, count)),
        _ => Err(Refusal::code(40097)),
    }
}

pub(super) fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
