//! Mass messages — 群发消息. A subscription account reaches a follower once a day, a service account four times a month.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/> (read 2026-11-22)

use std::collections::{BTreeMap, BTreeSet};

use echostr_protocol::api::Empty;
use echostr_protocol::api::mass_message::{
    Content, DeleteMassMsg, Filter, GetSpeed, GetSpeedResponse, MassJob, MassMsgGet,
    MassMsgGetResponse, MassSend, MsgStatus, Pictures, Preview, SendAll, SetSpeed, UploadVideo,
    UploadVideoResponse,
};
use echostr_protocol::{Article, MAX_TEXT_BYTES, MediaId, OpenId};

use super::custom_message::media;
use super::{Call, EVENT_AFTER, Handlers, Refusal, publish, quota, template_message};
use crate::conversation::Bubble;
use crate::push::{Push, Xml};
use crate::simulator::millis;
use crate::world::{Follower, Kind};

/// How many jobs are remembered.
const MAX_JOBS: usize = 1000;
/// How many followers one call may name.
const MAX_NAMED: usize = 10_000;
/// How often a follower of a service account is reached in a month, and one of a subscription account in a day.
const MAX_REACHED: (i64, i64) = (4, 1);
/// How long a `clientmsgid` may be, how soon it is refused as too fast, and how long it stands for the same message.
const MAX_ID_BYTES: usize = 32;
const TOO_FAST_MS: i64 = 60 * 1000;
const SAME_MS: i64 = 24 * 3600 * 1000;
/// By [`SetSpeed::speed`], in ten thousand followers a minute.
const SPEEDS: [i64; 5] = [80, 60, 45, 30, 10];

/// What an account has sent to many.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Oldest first.
    jobs: Vec<Job>,
    /// How often a follower was reached in the period that counts.
    reached: BTreeMap<String, quota::Counter>,
    speed: usize,
    /// The ids of videos that were made for sending, and those of the videos.
    videos: Vec<(MediaId, MediaId)>,
}

#[derive(Debug)]
struct Job {
    id: i64,
    client_id: Option<String>,
    begun_at_ms: i64,
    sent_at_ms: i64,
    /// By which its articles are known, when it was a draft.
    msg_data_id: Option<i64>,
    /// Nothing: it cannot be taken back.
    articles: Option<Vec<Article>>,
    is_deleted: bool,
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(send_all);
    on.on(mass_send);
    on.on(preview);
    on.on(delete);
    on.on(get);
    on.on(upload_video);
    on.on(get_speed);
    on.on(set_speed);
}

fn send_all(call: &mut Call<'_>, request: SendAll) -> Result<MassJob, Refusal> {
    let bubbles = bubbles(call, &request.content, false)?;
    let meant: Vec<OpenId> = meant(call, &request.filter)?;
    begin(
        call,
        request.clientmsgid,
        &request.content,
        &bubbles,
        &meant,
    )
}

fn mass_send(call: &mut Call<'_>, request: MassSend) -> Result<MassJob, Refusal> {
    let bubbles = bubbles(call, &request.content, false)?;
    match request.touser.len() {
        0 | 1 => return Err(Refusal::code(40130)),
        2..=MAX_NAMED => {}
        _ => return Err(Refusal::code(40032)),
    }
    let is_known = |open_id: &OpenId| call.account.follower(open_id.as_str()).is_some();
    if !request.touser.iter().all(is_known) {
        return Err(Refusal::code(40031));
    }
    // Whoever is named twice gets it once.
    let mut seen = BTreeSet::new();
    let mut meant = request.touser;
    meant.retain(|open_id| seen.insert(open_id.to_string()));
    begin(
        call,
        request.clientmsgid,
        &request.content,
        &bubbles,
        &meant,
    )
}

/// Who is meant.
fn meant(call: &Call<'_>, filter: &Filter) -> Result<Vec<OpenId>, Refusal> {
    let following = call.account.following();
    if filter.is_to_all {
        return Ok(following.map(|follower| follower.open_id.clone()).collect());
    }
    let tag_id = filter.tag_id.ok_or_else(|| Refusal::code(40152))?;
    if !call.account.state.tag.has(tag_id) {
        return Err(Refusal::code(40152));
    }
    let tagged = following.filter(|follower| follower.tags.contains(&tag_id));
    Ok(tagged.map(|follower| follower.open_id.clone()).collect())
}

/// What is the same for all ways to send: once by its id, to whom it may go, and the event about it.
fn begin(
    call: &mut Call<'_>,
    client_id: Option<String>,
    content: &Content,
    bubbles: &[Bubble],
    meant: &[OpenId],
) -> Result<MassJob, Refusal> {
    if let Some(client_id) = &client_id {
        once(call, client_id)?;
    }
    let reached = reach(call, meant)?;
    let posted = match content {
        Content::Mpnews { mpnews } => publish::send(call, &mpnews.media_id),
        _ => None,
    };
    let bubbles = match &posted {
        Some((_, cards)) => &[Bubble::News(cards.clone())],
        None => bubbles,
    };
    for open_id in &reached {
        for bubble in bubbles {
            call.show(open_id, bubble.clone());
        }
    }
    let job = template_message::job(call);
    let articles = articles(content, bubbles);
    call.push(finished(
        job,
        meant.len(),
        reached.len(),
        articles.as_deref(),
    ));
    let jobs = &mut call.account.state.mass_message.jobs;
    jobs.push(Job {
        id: job,
        client_id,
        begun_at_ms: call.now_ms,
        sent_at_ms: call.now_ms + i64::try_from(millis(EVENT_AFTER)).unwrap_or_default(),
        msg_data_id: posted.as_ref().map(|(msg_data_id, _)| *msg_data_id),
        articles,
        is_deleted: false,
    });
    let n_surplus = jobs.len().saturating_sub(MAX_JOBS);
    jobs.drain(..n_surplus);
    Ok(MassJob {
        msg_id: job,
        msg_data_id: posted.map(|(msg_data_id, _)| msg_data_id),
    })
}

fn once(call: &Call<'_>, client_id: &str) -> Result<(), Refusal> {
    if client_id.len() > MAX_ID_BYTES {
        return Err(Refusal::code(45067));
    }
    let jobs = call.account.state.mass_message.jobs.iter().rev();
    let mut same = jobs.filter(|job| job.client_id.as_deref() == Some(client_id));
    match same.next() {
        Some(job) if job.begun_at_ms + TOO_FAST_MS > call.now_ms => Err(Refusal::code(45066)),
        Some(job) if job.begun_at_ms + SAME_MS > call.now_ms => {
            Err(Refusal::code(45065).beside("msg_id", job.id))
        }
        _ => Ok(()),
    }
}

/// Those of them who follow and have not got as many as they may get; 45028 when nobody is left of those who follow.
fn reach(call: &mut Call<'_>, meant: &[OpenId]) -> Result<Vec<OpenId>, Refusal> {
    let (period, max) = match call.account.settings.kind {
        Kind::Service | Kind::VerifiedService => (quota::month(call.now_ms), MAX_REACHED.0),
        Kind::Subscription | Kind::VerifiedSubscription => (quota::day(call.now_ms), MAX_REACHED.1),
    };
    let gets =
        |follower: &Follower| follower.subscribed_at.is_some() && follower.blocked_at.is_none();
    let account = &mut *call.account;
    let following: Vec<_> = meant
        .iter()
        .filter(|open_id| account.follower(open_id.as_str()).is_some_and(gets))
        .collect();
    let counters = &mut account.state.mass_message.reached;
    let mut reached = Vec::new();
    for open_id in &following {
        let counter = counters.entry(open_id.to_string()).or_default();
        if counter.count_in(period, max) {
            reached.push((*open_id).clone());
        }
    }
    if reached.is_empty() && !following.is_empty() {
        Err(Refusal::code(45028))
    } else {
        Ok(reached)
    }
}

/// What can be taken back has articles, or none if it is a video.
fn articles(content: &Content, bubbles: &[Bubble]) -> Option<Vec<Article>> {
    match (content, bubbles) {
        (Content::Mpnews { .. }, [Bubble::News(articles)]) => Some(articles.clone()),
        (Content::Mpvideo { .. }, _) => Some(Vec::new()),
        _ => None,
    }
}

fn finished(job: i64, n_meant: usize, n_reached: usize, articles: Option<&[Article]>) -> Push {
    let counts = [
        Xml::number("MsgID", job),
        Xml::text("Status", "send success"),
        Xml::number("TotalCount", n_meant),
        Xml::number("FilterCount", n_reached),
        Xml::number("SentCount", n_reached),
        Xml::number("ErrorCount", 0),
    ];
    let articles = articles
        .filter(|articles| !articles.is_empty())
        .map(|articles| {
            let items = (1..).zip(articles).map(|(n, article): (usize, _)| {
                let url = Xml::text("ArticleUrl", &article.url);
                Xml::group("item", [Xml::number("ArticleIdx", n), url])
            });
            let list = Xml::group("ResultList", items);
            Xml::group(
                "ArticleUrlResult",
                [Xml::number("Count", articles.len()), list],
            )
        });
    Push::event("MASSSENDJOBFINISH", counts.into_iter().chain(articles))
}

/// What each of them sees.
fn bubbles(call: &Call<'_>, content: &Content, is_preview: bool) -> Result<Vec<Bubble>, Refusal> {
    let one = match content {
        Content::Text { text } => match text.content.len() {
            0 => return Err(Refusal::code(44004)),
            1..=MAX_TEXT_BYTES => Bubble::text(&text.content),
            _ => return Err(Refusal::code(45002)),
        },
        Content::Image(pictures) => return images(call, pictures),
        Content::Voice { voice } => Bubble::Voice {
            url: media(call, &voice.media_id)?,
        },
        Content::Mpvideo { mpvideo } => {
            let videos = &call.account.state.mass_message.videos;
            let made = videos.iter().find(|(made, _)| *made == mpvideo.media_id);
            Bubble::Video {
                url: media(call, made.map_or(&mpvideo.media_id, |(_, video)| video))?,
                title: mpvideo.title.clone().unwrap_or_default(),
                description: mpvideo.description.clone().unwrap_or_default(),
            }
        }
        Content::Mpnews { mpnews } => {
            Bubble::News(super::custom_message::articles(call, &mpnews.media_id)?)
        }
        Content::Wxcard { wxcard } if is_preview => super::custom_message::card(&wxcard.card_id),
        Content::Wxcard { .. } => return Err(Refusal::code(45113)),
        Content::Music { music } if is_preview => Bubble::Music {
            title: String::new(),
            description: String::new(),
            url: media(call, &music.media_id)?,
            thumb_url: String::new(),
        },
        Content::Music { .. } => return Err(Refusal::code(40008)),
    };
    Ok(vec![one])
}

fn images(call: &Call<'_>, pictures: &Pictures) -> Result<Vec<Bubble>, Refusal> {
    let ids = match pictures {
        Pictures::Several { images } => images.media_ids.as_slice(),
        Pictures::One { image } => std::slice::from_ref(&image.media_id),
    };
    if ids.is_empty() {
        return Err(Refusal::code(40007));
    }
    let shown = ids
        .iter()
        .map(|id| media(call, id).map(|url| Bubble::Image { url }));
    shown.collect()
}

/// To one person; the WeChat id (微信号) of somebody here is their name.
fn preview(call: &mut Call<'_>, request: Preview) -> Result<Empty, Refusal> {
    let bubbles = bubbles(call, &request.content, true)?;
    let mut following = call.account.following();
    let (person, otherwise) = match (&request.towxname, &request.touser) {
        (Some(name), _) => (following.find(|person| person.name == *name), 40132),
        (None, Some(open_id)) => (following.find(|person| person.open_id == *open_id), 40003),
        (None, None) => (None, 40003),
    };
    let person = person.map(|person| person.open_id.clone());
    drop(following);
    let person = person.ok_or_else(|| Refusal::code(otherwise))?;
    for bubble in bubbles {
        call.show(&person, bubble);
    }
    Ok(Empty {})
}

fn delete(call: &mut Call<'_>, request: DeleteMassMsg) -> Result<Empty, Refusal> {
    let jobs = &mut call.account.state.mass_message.jobs;
    let has = |job: &Job, url: &str| {
        let articles = job.articles.as_deref().unwrap_or_default();
        articles.iter().any(|article| article.url == url)
    };
    let job = jobs
        .iter_mut()
        .find(|job| match (request.msg_id, &request.url) {
            (Some(id), _) => job.id == id,
            (None, Some(url)) => has(job, url),
            (None, None) => false,
        });
    let job = job.ok_or_else(|| Refusal::code(40059))?;
    let articles = job.articles.as_ref().ok_or_else(|| Refusal::code(40065))?;
    let n = request.article_idx.unwrap_or_default();
    if n < 0 || n > i64::try_from(articles.len()).unwrap_or(i64::MAX) {
        return Err(Refusal::code(40060));
    }
    if job.is_deleted || job.sent_at_ms > call.now_ms {
        return Err(Refusal::code(40065));
    }
    // A single article leaves the message as it is, unless it is the only one.
    job.is_deleted = n == 0 || articles.len() == 1;
    if let Some(msg_data_id) = job.msg_data_id {
        call.account.state.publish.delete(msg_data_id, n);
    }
    Ok(Empty {})
}

fn get(call: &mut Call<'_>, request: MassMsgGet) -> Result<MassMsgGetResponse, Refusal> {
    let mut jobs = call.account.state.mass_message.jobs.iter();
    let job = jobs.find(|job| job.id == request.msg_id);
    let job = job.ok_or_else(|| Refusal::code(40059))?;
    Ok(MassMsgGetResponse {
        msg_id: job.id,
        msg_status: match job {
            Job {
                is_deleted: true, ..
            } => MsgStatus::Delete,
            Job { sent_at_ms, .. } if *sent_at_ms > call.now_ms => MsgStatus::Sending,
            _ => MsgStatus::SendSuccess,
        },
    })
}

fn upload_video(call: &mut Call<'_>, request: UploadVideo) -> Result<UploadVideoResponse, Refusal> {
    media(call, &request.media_id)?;
    let made: MediaId = super::notice::template_id().as_str().into();
    let videos = &mut call.account.state.mass_message.videos;
    videos.push((made.clone(), request.media_id));
    let n_surplus = videos.len().saturating_sub(MAX_JOBS);
    videos.drain(..n_surplus);
    Ok(UploadVideoResponse {
        r#type: "video".into(),
        media_id: made,
        created_at: call.now(),
    })
}

fn get_speed(call: &mut Call<'_>, _: GetSpeed) -> Result<GetSpeedResponse, Refusal> {
    let speed = call.account.state.mass_message.speed;
    Ok(GetSpeedResponse {
        speed: i64::try_from(speed).unwrap_or_default(),
        realspeed: SPEEDS[speed],
    })
}

fn set_speed(call: &mut Call<'_>, request: SetSpeed) -> Result<Empty, Refusal> {
    let speed = usize::try_from(request.speed).ok();
    let speed = speed.filter(|speed| *speed < SPEEDS.len());
    call.account.state.mass_message.speed = speed.ok_or_else(|| Refusal::code(45083))?;
    Ok(Empty {})
}
