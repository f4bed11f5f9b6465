//! Publishing — 发布能力.

use std::time::Duration;

use echostr_protocol::MediaId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::draft::Article as Drafted;
use echostr_protocol::api::publish::{
    Article, ArticleDetail, ArticleUrl, FreePublishBatchGet, FreePublishBatchGetResponse,
    FreePublishDelete, FreePublishGet, FreePublishGetArticle, FreePublishGetArticleResponse,
    FreePublishGetResponse, FreePublishSubmit, FreePublishSubmitResponse, Publication,
};

use super::material::{number, page};
use super::media::{random_id, url};
use super::{Call, Consequence, Handlers, Refusal, draft};
use crate::push::{Push, Xml};
use crate::world::Account;

/// How long the platform takes to publish. The event comes a little later.
const TAKES: Duration = Duration::from_millis(200);
const TOLD_AFTER: Duration = Duration::from_millis(300);
/// How many publications are kept, and how many bytes of them; the oldest goes first.
const MAX_PUBLICATIONS: usize = 1000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What an account has published.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Oldest first.
    publications: Vec<Published>,
}

#[derive(Debug)]
struct Published {
    publish_id: String,
    msg_data_id: i64,
    article_id: String,
    articles: Vec<Article>,
    /// Whether followers were told: then it has no `article_id` that anybody knows.
    is_mass_message: bool,
    /// When it is seen, in Unix milliseconds.
    done_at_ms: i64,
    /// Unix seconds.
    update_time: i64,
}

impl Published {
    fn n_bytes(&self) -> usize {
        self.articles
            .iter()
            .map(|article| article.content.len())
            .sum()
    }

    fn is_deleted(&self) -> bool {
        self.articles.iter().all(|article| article.is_deleted)
    }

    fn is_seen(&self, now_ms: i64) -> bool {
        self.done_at_ms <= now_ms && !self.is_deleted()
    }

    fn cards(&self) -> Vec<echostr_protocol::Article> {
        let articles = self.articles.iter().filter(|article| !article.is_deleted);
        let cards = articles.map(|article| echostr_protocol::Article {
            title: article.title.clone(),
            description: article.digest.clone(),
            pic_url: article.thumb_url.clone(),
            url: article.url.clone(),
        });
        cards.collect()
    }

    /// One article, by its position from 1; 0: all of them. Nothing when there is none.
    fn delete(&mut self, index: i64) -> Option<()> {
        if index == 0 {
            for article in &mut self.articles {
                article.is_deleted = true;
            }
        } else {
            let place = usize::try_from(index - 1).ok()?;
            self.articles.get_mut(place)?.is_deleted = true;
        }
        Some(())
    }

    fn detail(&self) -> ArticleDetail {
        let item = self
            .articles
            .iter()
            .zip(1..)
            .map(|(article, idx)| ArticleUrl {
                idx,
                article_url: article.url.clone(),
            });
        ArticleDetail {
            count: number(self.articles.len()),
            item: item.collect(),
        }
    }

    fn content(&self, no_content: bool) -> FreePublishGetArticleResponse {
        let mut news_item = self.articles.clone();
        if no_content {
            for article in &mut news_item {
                article.content.clear();
            }
        }
        FreePublishGetArticleResponse {
            news_item,
            create_time: self.done_at_ms / 1000,
            update_time: self.update_time,
        }
    }

    /// `PUBLISHJOBFINISH`, for a publication that succeeded.
    fn event(&self) -> Push {
        let detail = self.detail();
        let items = detail.item.iter().map(|item| {
            let url = Xml::text("article_url", &item.article_url);
            Xml::group("item", [Xml::number("idx", item.idx), url])
        });
        let count = Xml::number("count", detail.count);
        let info = [
            Xml::number("publish_id", &self.publish_id),
            Xml::number("publish_status", 0),
            Xml::text("article_id", &self.article_id),
            Xml::group("article_detail", std::iter::once(count).chain(items)),
        ];
        Push::event("PUBLISHJOBFINISH", [Xml::group("PublishEventInfo", info)])
    }
}

impl State {
    /// Whether a publication can be seen.
    pub(crate) fn has(&self, article_id: &str, now_ms: i64) -> bool {
        self.seen(article_id, now_ms).is_ok()
    }

    fn seen(&self, article_id: &str, now_ms: i64) -> Result<&Published, Refusal> {
        let mut all = self.publications.iter();
        let found =
            all.find(|published| published.article_id == article_id && published.is_seen(now_ms));
        found.ok_or_else(|| Refusal::code(53600))
    }

    /// A mass message, or one of its articles by its position from 1, is taken back.
    pub(super) fn delete(&mut self, msg_data_id: i64, index: i64) {
        let mut all = self.publications.iter_mut();
        if let Some(published) = all.find(|published| published.msg_data_id == msg_data_id) {
            published.delete(index);
        }
    }

    /// An article by what its address says: the publication's `mid`, and its position from 1.
    pub(crate) fn article(&self, msg_data_id: i64, idx: usize, now_ms: i64) -> Option<&Article> {
        let mut all = self.publications.iter();
        let found = all
            .find(|published| published.msg_data_id == msg_data_id && published.is_seen(now_ms))?;
        found
            .articles
            .get(idx.checked_sub(1)?)
            .filter(|article| !article.is_deleted)
    }
}

impl Account {
    /// The cards of a publication, as a menu or a customer-service message shows them; empty when there is none. `now_ms`: Unix
    /// milliseconds of the world's clock.
    pub fn cards(&self, article_id: &str, now_ms: i64) -> Vec<echostr_protocol::Article> {
        let published = self.state.publish.seen(article_id, now_ms);
        published.map_or_else(|_| Vec::new(), Published::cards)
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(submit);
    on.on(get);
    on.on(delete);
    on.on(get_article);
    on.on(batch_get);
}

fn submit(
    call: &mut Call<'_>,
    request: FreePublishSubmit,
) -> Result<FreePublishSubmitResponse, Refusal> {
    let takes_ms = i64::try_from(TAKES.as_millis()).unwrap_or_default();
    let job = post(call, &request.media_id, call.now_ms + takes_ms);
    let job = job.ok_or_else(|| Refusal::code(40007))?;
    let answer = FreePublishSubmitResponse {
        publish_id: job.publish_id.clone(),
        msg_data_id: Some(job.msg_data_id),
    };
    let event = job.event();
    call.effects.push(Consequence::Push(event, TOLD_AFTER));
    Ok(answer)
}

/// A draft becomes a mass message: its `msg_data_id`, and what followers see. It can be opened and commented on, but is not among
/// what was published.
pub(super) fn send(
    call: &mut Call<'_>,
    media_id: &MediaId,
) -> Option<(i64, Vec<echostr_protocol::Article>)> {
    let job = post(call, media_id, call.now_ms)?;
    job.is_mass_message = true;
    Some((job.msg_data_id, job.cards()))
}

/// A draft becomes what readers can open from this moment on.
fn post<'a>(
    call: &'a mut Call<'_>,
    media_id: &MediaId,
    done_at_ms: i64,
) -> Option<&'a mut Published> {
    let drafted = call.account.state.draft.take(media_id)?;
    let id = i64::try_from(call.next_id()).unwrap_or_default();
    let msg_data_id = 2_247_483_000 + id;
    let articles = drafted
        .iter()
        .zip(1..)
        .map(|(article, idx)| published(call, article, msg_data_id, idx));
    let articles: Vec<_> = articles.collect();
    let update_time = call.now();
    let state = &mut call.account.state;
    for (article, index) in articles.iter().zip(0..) {
        let is_for_followers = article.only_fans_can_comment;
        state.comment.add(
            msg_data_id,
            index,
            article.need_open_comment,
            is_for_followers,
        );
    }
    let publications = &mut state.publish.publications;
    let n_bytes = |all: &[Published]| all.iter().map(Published::n_bytes).sum::<usize>();
    while publications.len() >= MAX_PUBLICATIONS || n_bytes(publications) > MAX_BYTES {
        publications.remove(0);
    }
    publications.push(Published {
        publish_id: (2_247_500_000 + id).to_string(),
        msg_data_id,
        article_id: random_id(),
        articles,
        is_mass_message: false,
        done_at_ms,
        update_time,
    });
    publications.last_mut()
}

/// An article as readers find it.
fn published(call: &Call<'_>, article: &Drafted, msg_data_id: i64, idx: usize) -> Article {
    let cover = draft::cover(article).clone();
    let app_id = &call.account.settings.app_id;
    let common = Article {
        thumb_url: url(call.base, call.account, &cover),
        thumb_media_id: cover,
        url: format!("{}/s?__biz={app_id}&mid={msg_data_id}&idx={idx}", call.base),
        ..Article::default()
    };
    match article.clone() {
        Drafted::News(news) => Article {
            title: news.title,
            author: news.author.unwrap_or_default(),
            digest: news.digest.unwrap_or_default(),
            content: news.content,
            content_source_url: news.content_source_url.unwrap_or_default(),
            need_open_comment: news.need_open_comment.unwrap_or_default(),
            only_fans_can_comment: news.only_fans_can_comment.unwrap_or_default(),
            ..common
        },
        Drafted::Newspic(newspic) => Article {
            title: newspic.title,
            content: newspic.content,
            need_open_comment: newspic.need_open_comment.unwrap_or_default(),
            only_fans_can_comment: newspic.only_fans_can_comment.unwrap_or_default(),
            ..common
        },
    }
}

fn get(call: &mut Call<'_>, request: FreePublishGet) -> Result<FreePublishGetResponse, Refusal> {
    let mut all = call.account.state.publish.publications.iter();
    let job = all.find(|published| published.publish_id == request.publish_id);
    let job = job.ok_or_else(|| Refusal::code(53502))?;
    let publish_status = match () {
        () if job.done_at_ms > call.now_ms => 1,
        () if job.is_deleted() => 5,
        () => 0,
    };
    let is_there = publish_status == 0;
    Ok(FreePublishGetResponse {
        publish_id: job.publish_id.clone(),
        publish_status,
        article_id: is_there.then(|| job.article_id.clone()),
        article_detail: is_there.then(|| job.detail()),
        fail_idx: Vec::new(),
    })
}

fn delete(call: &mut Call<'_>, request: FreePublishDelete) -> Result<Empty, Refusal> {
    let (now, now_ms) = (call.now(), call.now_ms);
    let mut all = call.account.state.publish.publications.iter_mut();
    let found = all
        .find(|published| published.article_id == request.article_id && published.is_seen(now_ms));
    let published = found.ok_or_else(|| Refusal::code(53600))?;
    let deleted = published.delete(request.index.unwrap_or_default());
    deleted.ok_or_else(|| Refusal::code(40114))?;
    published.update_time = now;
    Ok(Empty {})
}

fn get_article(
    call: &mut Call<'_>,
    request: FreePublishGetArticle,
) -> Result<FreePublishGetArticleResponse, Refusal> {
    let published = call
        .account
        .state
        .publish
        .seen(&request.article_id, call.now_ms)?;
    Ok(published.content(false))
}

/// Newest first.
fn batch_get(
    call: &mut Call<'_>,
    request: FreePublishBatchGet,
) -> Result<FreePublishBatchGetResponse, Refusal> {
    let (offset, count) = page(request.offset, request.count)?;
    let no_content = request.no_content.unwrap_or_default();
    let now_ms = call.now_ms;
    let seen = || {
        call.account
            .state
            .publish
            .publications
            .iter()
            .rev()
            .filter(|published| published.is_seen(now_ms) && !published.is_mass_message)
    };
    let item = seen()
        .skip(offset)
        .take(count)
        .map(|published| Publication {
            article_id: published.article_id.clone(),
            content: published.content(no_content),
            update_time: published.update_time,
        });
    let item: Vec<_> = item.collect();
    Ok(FreePublishBatchGetResponse {
        total_count: number(seen().count()),
        item_count: number(item.len()),
        item,
    })
}
