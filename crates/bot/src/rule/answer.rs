//! What a rule's reply becomes: an [`Answer`].

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use echostr_protocol::{Article, MediaId, Music, Reply};
use rand::seq::IndexedRandom as _;

use super::template::{Form, Groups, Template, Values};
use super::{Desk, RuleBot, RuleRelay, RuleReply, RuleSecrets};
use crate::handler::{Answering, Context};
use crate::{Answer, Mode, Relay, RelayBot, Sealing, echo, readable};

/// A reply, compiled.
#[derive(Debug)]
pub(super) enum Plan {
    /// One without variables.
    Fixed(Box<Reply>),
    Text(Template),
    Markdown(Template),
    Music(Box<MusicPlan>),
    News(Box<[ArticlePlan]>),
    Random(Box<[Plan]>),
    All(Box<[Plan]>),
    Relay(Box<RelayBot>),
    /// The account's own bot, with this prompt.
    Own(Option<Template>),
    Echo,
}

#[derive(Debug)]
pub(super) struct MusicPlan {
    title: Template,
    description: Template,
    music_url: Template,
    hq_music_url: Template,
    thumb_media_id: MediaId,
}

#[derive(Debug)]
pub(super) struct ArticlePlan {
    title: Template,
    description: Template,
    pic_url: Template,
    url: Template,
}

/// What has become of a plan.
pub(super) enum Begun {
    Done(Answer),
    Asked(Answering),
}

impl Plan {
    /// Compiles a reply without faults.
    pub(super) fn of(reply: &RuleReply, secrets: &RuleSecrets, groups: &Groups) -> Self {
        let text = |text: &str| template(text, Form::Text, groups);
        let url = |text: &str| template(text, Form::Url, groups);
        let fixed = |reply| Self::Fixed(Box::new(reply));
        let all = |replies: &[RuleReply]| {
            let plans = replies.iter().map(|reply| Self::of(reply, secrets, groups));
            plans.collect()
        };
        match reply {
            RuleReply::Text(content) => Self::Text(text(content)),
            RuleReply::Markdown(content) => {
                Self::Markdown(template(content, Form::Markdown, groups))
            }
            RuleReply::Image(media_id) => fixed(Reply::Image(media_id.clone())),
            RuleReply::Voice(media_id) => fixed(Reply::Voice(media_id.clone())),
            RuleReply::Video(video) => fixed(Reply::Video(video.clone())),
            RuleReply::Music(music) => Self::Music(Box::new(MusicPlan {
                title: text(&music.title),
                description: text(&music.description),
                music_url: url(&music.music_url),
                hq_music_url: url(&music.hq_music_url),
                thumb_media_id: music.thumb_media_id.clone(),
            })),
            RuleReply::News(articles) => {
                let plans = articles.iter().map(|article| ArticlePlan {
                    title: text(&article.title),
                    description: text(&article.description),
                    pic_url: url(&article.pic_url),
                    url: url(&article.url),
                });
                Self::News(plans.collect())
            }
            RuleReply::Desk(Desk::Any(_)) => fixed(Reply::TransferCustomerService(None)),
            RuleReply::Desk(Desk::Agent(account)) => {
                fixed(Reply::TransferCustomerService(Some(account.clone())))
            }
            RuleReply::Ai(_) => fixed(Reply::TransferBizAiIvr),
            RuleReply::Silence(_) => fixed(Reply::Silence),
            RuleReply::Random(replies) => Self::Random(all(replies)),
            RuleReply::All(replies) => Self::All(all(replies)),
            RuleReply::Relay(relay) => match relay.compiled(secrets) {
                Ok(relay) => Self::Relay(Box::new(RelayBot::new(relay))),
                Err(_) => fixed(Reply::Silence),
            },
            RuleReply::Bot(bot) => bot.plan(groups),
        }
    }

    /// Whether it needs what a regular expression has caught.
    pub(super) fn has_groups(&self) -> bool {
        match self {
            Self::Text(text) | Self::Markdown(text) | Self::Own(Some(text)) => text.has_groups(),
            Self::Music(music) => music.templates().into_iter().any(Template::has_groups),
            Self::News(articles) => articles
                .iter()
                .flat_map(ArticlePlan::templates)
                .any(Template::has_groups),
            Self::Random(plans) | Self::All(plans) => plans.iter().any(Self::has_groups),
            Self::Fixed(_) | Self::Relay(_) | Self::Own(None) | Self::Echo => false,
        }
    }

    /// Begins to answer.
    pub(super) fn begin(&self, values: &Values<'_>, context: &Context) -> Begun {
        match self {
            Self::Random(plans) => match plans.choose(&mut rand::rng()) {
                Some(plan) => plan.begin(values, context),
                None => Begun::Done(Reply::Silence.into()),
            },
            Self::All(plans) => {
                let replies = plans.iter().map(|plan| plan.reply(values));
                Begun::Done(Answer::Several(replies.collect()))
            }
            Self::Markdown(text) => Begun::Done(Answer::Markdown(text.render(values))),
            Self::Relay(relay) => {
                let (relay, message) = (relay.clone(), Arc::clone(&context.message));
                Begun::Asked(Box::pin(async move {
                    relay.answer(&message).await.map(Answer::from)
                }))
            }
            Self::Own(prompt) => {
                let prompt = prompt.as_ref().map(|prompt| prompt.render(values));
                own(context, prompt)
            }
            Self::Echo => {
                let message = (*context.message).clone();
                let account = Arc::clone(&context.account);
                Begun::Asked(Box::pin(
                    async move { Ok(echo(message, account).await.into()) },
                ))
            }
            plan => Begun::Done(plan.reply(values).into()),
        }
    }

    /// The reply that it was compiled from, with the values of its variables.
    pub(super) fn filled_in(&self, reply: &RuleReply, values: &Values<'_>) -> RuleReply {
        let all = |plans: &[Self], replies: &[RuleReply]| {
            let both = plans.iter().zip(replies);
            let filled = both.map(|(plan, reply)| plan.filled_in(reply, values));
            filled.collect()
        };
        match (self, reply) {
            (Self::Text(text), _) => RuleReply::Text(text.render(values)),
            (Self::Markdown(text), _) => RuleReply::Markdown(text.render(values)),
            (Self::Music(music), _) => RuleReply::Music(music.render(values)),
            (Self::News(articles), _) => RuleReply::News(render(articles, values)),
            (Self::Random(plans), RuleReply::Random(replies)) => {
                RuleReply::Random(all(plans, replies))
            }
            (Self::All(plans), RuleReply::All(replies)) => RuleReply::All(all(plans, replies)),
            (Self::Own(Some(prompt)), RuleReply::Bot(bot)) => RuleReply::Bot(RuleBot {
                prompt: Some(prompt.render(values)),
                ..bot.clone()
            }),
            (_, other) => other.clone(),
        }
    }

    /// The reply, of what is one.
    fn reply(&self, values: &Values<'_>) -> Reply {
        match self {
            Self::Fixed(reply) => (**reply).clone(),
            Self::Text(text) => text.render(values).into(),
            Self::Markdown(text) => readable(&text.render(values)).into(),
            Self::Music(music) => Reply::Music(music.render(values)),
            Self::News(articles) => Reply::News(render(articles, values)),
            Self::Random(_) | Self::All(_) | Self::Relay(_) | Self::Own(_) | Self::Echo => {
                Reply::Silence
            }
        }
    }
}

/// What the account's own bot answers; without one the next handler is asked.
fn own(context: &Context, prompt: Option<String>) -> Begun {
    let Some(bot) = context.account.own_bot.clone() else {
        return Begun::Done(Answer::Pass);
    };
    let context = context.clone();
    let context = match prompt {
        Some(prompt) => context.with_prompt(prompt),
        None => context,
    };
    Begun::Asked(Box::pin(async move { bot.answer(&context).await }))
}

/// A text with faults stays as it is: whoever compiles rules has checked them.
fn template(text: &str, form: Form, groups: &Groups) -> Template {
    Template::parse(text, form, groups).unwrap_or_else(|_| Template::literal(text))
}

fn render(articles: &[ArticlePlan], values: &Values<'_>) -> Vec<Article> {
    let articles = articles.iter().map(|article| Article {
        title: article.title.render(values),
        description: article.description.render(values),
        pic_url: article.pic_url.render(values),
        url: article.url.render(values),
    });
    articles.collect()
}

impl MusicPlan {
    fn render(&self, values: &Values<'_>) -> Music {
        Music {
            title: self.title.render(values),
            description: self.description.render(values),
            music_url: self.music_url.render(values),
            hq_music_url: self.hq_music_url.render(values),
            thumb_media_id: self.thumb_media_id.clone(),
        }
    }

    fn templates(&self) -> [&Template; 4] {
        [
            &self.title,
            &self.description,
            &self.music_url,
            &self.hq_music_url,
        ]
    }
}

impl ArticlePlan {
    fn templates(&self) -> [&Template; 4] {
        [&self.title, &self.description, &self.pic_url, &self.url]
    }
}

impl RuleBot {
    fn plan(&self, groups: &Groups) -> Plan {
        if self.name == "echo" {
            return Plan::Echo;
        }
        let prompt = self.prompt.as_deref();
        Plan::Own(prompt.map(|prompt| template(prompt, Form::Prompt, groups)))
    }
}

impl RuleRelay {
    /// The server with its secrets.
    ///
    /// # Errors
    /// Every fault: of which field, and the rest of a sentence about it.
    pub(super) fn compiled(
        &self,
        secrets: &RuleSecrets,
    ) -> Result<Relay, Vec<(&'static str, String)>> {
        let mut faults = Vec::new();
        let url = self.url.parse();
        if let Err(error) = &url {
            let what = match error {
                crate::BadProgram::Url(what) | crate::BadProgram::Secret(what) => what.clone(),
            };
            faults.push(("url", what));
        }
        if secrets.token.is_none() {
            faults.push((
                "token",
                "is missing: a relay signs with the token that the other server has".into(),
            ));
        }
        let sealing = self.sealing(secrets, &mut faults);
        if !(1..=600).contains(&self.timeout_secs) {
            faults.push((
                "timeout_secs",
                format!("is {}, 1 to 600 is allowed", self.timeout_secs),
            ));
        }
        let mode = match (&*self.mode, sealing) {
            ("plain", _) => Some(Mode::Plain),
            ("compatible" | "compat", sealing) => sealing.map(Mode::Compatible),
            ("safe", sealing) => sealing.map(Mode::Safe),
            (other, _) => {
                let found = super::check::quoted(other);
                faults.push((
                    "mode",
                    format!("is {found}; allowed: `plain`, `compatible`, `safe`"),
                ));
                None
            }
        };
        match (url, &secrets.token, mode) {
            (Ok(url), Some(token), Some(mode)) if faults.is_empty() => Ok(Relay {
                mode,
                timeout: Duration::from_secs(self.timeout_secs),
                ..Relay::new(url, token.clone())
            }),
            _ => Err(faults),
        }
    }

    fn sealing(
        &self,
        secrets: &RuleSecrets,
        faults: &mut Vec<(&'static str, String)>,
    ) -> Option<Sealing> {
        if !["compatible", "compat", "safe"].contains(&&*self.mode) {
            return None;
        }
        let missing = |what| format!("is missing: the mode `{}` seals with {what}", self.mode);
        if self.app_id.is_none() {
            faults.push(("app_id", missing("the account's AppID")));
        }
        if secrets.encoding_aes_key.is_none() {
            let what = "the EncodingAESKey that the other server has";
            faults.push(("encoding_aes_key", missing(what)));
        }
        Some(Sealing {
            app_id: self.app_id.clone()?,
            key: secrets.encoding_aes_key.clone()?,
            previous_key: None,
        })
    }
}

impl Begun {
    /// The answer, as that of `name`.
    pub(super) fn by(self, name: String) -> Answering {
        match self {
            Self::Done(answer) => Box::pin(ready(Ok(by(name, answer)))),
            Self::Asked(answering) => {
                Box::pin(async move { answering.await.map(|answer| by(name, answer)) })
            }
        }
    }
}

fn by(name: String, answer: Answer) -> Answer {
    match answer {
        Answer::Pass => Answer::Pass,
        Answer::By(_, answer) => Answer::By(name.into(), answer),
        answer => Answer::By(name.into(), Box::new(answer)),
    }
}
