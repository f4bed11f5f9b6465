//! Drafts — 草稿箱.

mod content;

use echostr_protocol::MediaId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::draft::{
    Article, ArticleType, Content, Draft, DraftAdd, DraftAddResponse, DraftBatchGet,
    DraftBatchGetResponse, DraftCount, DraftCountResponse, DraftDelete, DraftSwitch,
    DraftSwitchResponse, DraftUpdate, GetDraft, GetDraftResponse, News, NewsItem, Newspic,
};
use echostr_protocol::api::media::MediaType;

use self::content::{cleaned, plain};
use super::material::{number, page};
use super::media::{random_id, url};
use super::{Call, Handlers, Refusal};
use crate::world::Account;

const MAX_ARTICLES: usize = 8;
const MAX_TITLE_CHARS: usize = 32;
const MAX_AUTHOR_CHARS: usize = 16;
const MAX_DIGEST_CHARS: usize = 128;
/// Of the text, when an article has no summary of its own.
const DIGEST_CHARS: usize = 54;
const MAX_CONTENT_CHARS: usize = 20_000;
const MAX_CONTENT_BYTES: usize = 1024 * 1024;
const MAX_SOURCE_BYTES: usize = 1024;
const MAX_PICTURES: usize = 20;
/// How many drafts are kept, and how many bytes all of them may have.
const MAX_DRAFTS: usize = 1000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The drafts of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Oldest first.
    drafts: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    media_id: MediaId,
    articles: Vec<Article>,
    n_bytes: usize,
    /// Unix seconds.
    create_time: i64,
    /// Unix seconds.
    update_time: i64,
}

impl State {
    /// The articles of a draft.
    pub(crate) fn articles(&self, media_id: &MediaId) -> Option<&[Article]> {
        let kept = self.drafts.iter().find(|kept| kept.media_id == *media_id)?;
        Some(&kept.articles)
    }

    /// The same, which is gone from the drafts: it was published or sent.
    pub(crate) fn take(&mut self, media_id: &MediaId) -> Option<Vec<Article>> {
        let place = self
            .drafts
            .iter()
            .position(|kept| kept.media_id == *media_id)?;
        Some(self.drafts.remove(place).articles)
    }

    /// What is seen of a draft that is sent.
    pub(super) fn cards(
        &self,
        base: &str,
        account: &Account,
        media_id: &MediaId,
    ) -> Option<Vec<echostr_protocol::Article>> {
        let kept = self.kept(media_id).ok()?;
        let cards = items(base, account, kept, true).into_iter().map(|item| {
            let (title, digest) = match item.article {
                Article::News(news) => (news.title, news.digest.unwrap_or_default()),
                Article::Newspic(newspic) => (newspic.title, String::new()),
            };
            echostr_protocol::Article {
                title,
                description: digest,
                pic_url: item.thumb_url,
                url: item.url,
            }
        });
        Some(cards.collect())
    }

    fn kept(&self, media_id: &MediaId) -> Result<&Kept, Refusal> {
        let kept = self.drafts.iter().find(|kept| kept.media_id == *media_id);
        kept.ok_or_else(|| Refusal::code(40007))
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(add);
    on.on(get);
    on.on(update);
    on.on(delete);
    on.on(count);
    on.on(batch_get);
    on.on(switch);
}

fn add(call: &mut Call<'_>, request: DraftAdd) -> Result<DraftAddResponse, Refusal> {
    let n_articles = request.articles.len();
    match n_articles {
        0 => return Err(Refusal::code(44003)),
        1..=MAX_ARTICLES => {}
        _ => return Err(Refusal::code(45008)),
    }
    let drafts = &call.account.state.draft.drafts;
    let n_bytes = drafts.iter().map(|kept| kept.n_bytes).sum::<usize>() + call.body.len();
    if drafts.len() >= MAX_DRAFTS || n_bytes > MAX_BYTES {
        return Err(Refusal::code(45034));
    }
    let articles = request
        .articles
        .into_iter()
        .map(|article| checked(call, article, n_articles == 1));
    let articles = articles.collect::<Result<_, _>>()?;
    let (media_id, now) = (MediaId::from(random_id()), call.now());
    call.account.state.draft.drafts.push(Kept {
        media_id: media_id.clone(),
        articles,
        n_bytes: call.body.len(),
        create_time: now,
        update_time: now,
    });
    Ok(DraftAddResponse { media_id })
}

/// An article that the platform takes, with what was left out.
fn checked(call: &Call<'_>, article: Article, is_alone: bool) -> Result<Article, Refusal> {
    // Much of an article has no limit of its own.
    if serde_json::to_vec(&article).map_or(0, |json| json.len()) > 2 * MAX_CONTENT_BYTES {
        return Err(Refusal::code(45002));
    }
    match article {
        Article::News(news) => news_checked(call, news, is_alone).map(Article::News),
        Article::Newspic(newspic) => newspic_checked(call, newspic).map(Article::Newspic),
    }
}

fn news_checked(call: &Call<'_>, news: News, is_alone: bool) -> Result<News, Refusal> {
    if !matches!(news.article_type, None | Some(ArticleType::News)) {
        return Err(Refusal::code(40097));
    }
    titled(&news.title)?;
    let author = news.author.unwrap_or_default();
    let source = news.content_source_url.unwrap_or_default();
    let digest = match news.digest {
        Some(digest) if is_alone => digest,
        None if is_alone => plain(&news.content).chars().take(DIGEST_CHARS).collect(),
        _ => String::new(),
    };
    let is_page = source.starts_with("http://") || source.starts_with("https://");
    let wrong = [
        (author.chars().count() > MAX_AUTHOR_CHARS, 45110),
        (digest.chars().count() > MAX_DIGEST_CHARS, 45004),
        (news.content.is_empty(), 44004),
        (news.content.len() >= MAX_CONTENT_BYTES, 45002),
        (news.content.chars().count() >= MAX_CONTENT_CHARS, 45002),
        (source.len() > MAX_SOURCE_BYTES, 45005),
        (!source.is_empty() && !is_page, 41039),
    ];
    if let Some((_, code)) = wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
        return Err(Refusal::code(code));
    }
    picture(call, &news.thumb_media_id, true)?;
    Ok(News {
        article_type: Some(ArticleType::News),
        content: cleaned(&news.content, call.base),
        author: Some(author),
        digest: Some(digest),
        content_source_url: Some(source),
        need_open_comment: Some(news.need_open_comment.unwrap_or_default()),
        only_fans_can_comment: Some(news.only_fans_can_comment.unwrap_or_default()),
        ..news
    })
}

fn newspic_checked(call: &Call<'_>, newspic: Newspic) -> Result<Newspic, Refusal> {
    titled(&newspic.title)?;
    let pictures = &newspic.image_info.image_list;
    if !(1..=MAX_PICTURES).contains(&pictures.len()) {
        return Err(Refusal::code(40097));
    }
    if newspic.content.chars().count() >= MAX_CONTENT_CHARS {
        return Err(Refusal::code(45002));
    }
    for image in pictures {
        picture(call, &image.image_media_id, false)?;
    }
    Ok(newspic)
}

fn titled(title: &str) -> Result<(), Refusal> {
    if title.is_empty() || title.chars().count() > MAX_TITLE_CHARS {
        Err(Refusal::code(45003))
    } else {
        Ok(())
    }
}

/// It has to be a picture of the library. `or_thumb`: or a thumbnail.
fn picture(call: &Call<'_>, media_id: &MediaId, or_thumb: bool) -> Result<(), Refusal> {
    let kind = call
        .account
        .state
        .media
        .in_library(media_id)
        .map(|stored| &stored.kind);
    match kind {
        Some(MediaType::Image) => Ok(()),
        Some(MediaType::Thumb) if or_thumb => Ok(()),
        _ => Err(Refusal::code(40007)),
    }
}

fn get(call: &mut Call<'_>, request: GetDraft) -> Result<GetDraftResponse, Refusal> {
    let kept = call.account.state.draft.kept(&request.media_id)?;
    Ok(GetDraftResponse {
        news_item: items(call.base, call.account, kept, false),
        create_time: kept.create_time,
        update_time: kept.update_time,
    })
}

fn items(base: &str, account: &Account, kept: &Kept, no_content: bool) -> Vec<NewsItem> {
    let each = kept
        .articles
        .iter()
        .zip(1..)
        .map(|(article, idx): (_, usize)| NewsItem {
            article: if no_content {
                without_content(article)
            } else {
                article.clone()
            },
            url: format!(
                "{base}/s?__biz={}&tempkey={}&idx={idx}",
                account.settings.app_id, kept.media_id
            ),
            thumb_url: url(base, account, cover(article)),
            show_cover_pic: false,
        });
    each.collect()
}

/// The picture that stands for an article.
pub(super) fn cover(article: &Article) -> &MediaId {
    static NONE: std::sync::LazyLock<MediaId> = std::sync::LazyLock::new(MediaId::default);
    match article {
        Article::News(news) => &news.thumb_media_id,
        Article::Newspic(newspic) => {
            let first = newspic.image_info.image_list.first();
            first.map_or(&*NONE, |image| &image.image_media_id)
        }
    }
}

fn without_content(article: &Article) -> Article {
    match article.clone() {
        Article::News(news) => Article::News(News {
            content: String::new(),
            ..news
        }),
        Article::Newspic(newspic) => Article::Newspic(Newspic {
            content: String::new(),
            ..newspic
        }),
    }
}

fn update(call: &mut Call<'_>, request: DraftUpdate) -> Result<Empty, Refusal> {
    let kept = call.account.state.draft.kept(&request.media_id)?;
    let n_articles = kept.articles.len();
    let place = usize::try_from(request.index)
        .ok()
        .filter(|place| *place < n_articles);
    let place = place.ok_or_else(|| Refusal::code(40114))?;
    let article = checked(call, request.articles, n_articles == 1)?;
    let now = call.now();
    let drafts = &mut call.account.state.draft.drafts;
    if let Some(kept) = drafts
        .iter_mut()
        .find(|kept| kept.media_id == request.media_id)
    {
        kept.articles[place] = article;
        kept.n_bytes += call.body.len();
        kept.update_time = now;
    }
    Ok(Empty {})
}

fn delete(call: &mut Call<'_>, request: DraftDelete) -> Result<Empty, Refusal> {
    let taken = call.account.state.draft.take(&request.media_id);
    taken.map(|_| Empty {}).ok_or_else(|| Refusal::code(40007))
}

fn count(call: &mut Call<'_>, _: DraftCount) -> Result<DraftCountResponse, Refusal> {
    Ok(DraftCountResponse {
        total_count: number(call.account.state.draft.drafts.len()),
    })
}

/// Newest first.
fn batch_get(
    call: &mut Call<'_>,
    request: DraftBatchGet,
) -> Result<DraftBatchGetResponse, Refusal> {
    let (offset, count) = page(request.offset, request.count)?;
    let no_content = request.no_content.unwrap_or_default();
    let drafts = &call.account.state.draft.drafts;
    let item = drafts
        .iter()
        .rev()
        .skip(offset)
        .take(count)
        .map(|kept| Draft {
            media_id: kept.media_id.clone(),
            content: Content {
                news_item: items(call.base, call.account, kept, no_content),
            },
            update_time: kept.update_time,
        });
    let item: Vec<_> = item.collect();
    Ok(DraftBatchGetResponse {
        total_count: number(drafts.len()),
        item_count: number(item.len()),
        item,
    })
}

/// All accounts have drafts by now.
fn switch(_: &mut Call<'_>, _: DraftSwitch) -> Result<DraftSwitchResponse, Refusal> {
    Ok(DraftSwitchResponse { is_open: true })
}
