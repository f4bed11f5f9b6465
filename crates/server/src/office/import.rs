//! The replies that an owner has set up on the platform's website, as rules, and the menu that was made there, as one that can be
//! set by a call: both are silent once a server is switched on.

use std::collections::{BTreeMap, HashSet};
use std::iter;

use echostr::{Rule, RuleReply, RuleSecrets};
use echostr_client::Error;
use echostr_protocol::api::autoreply::{
    Autoreply, AutoreplyType, GetCurrentAutoreplyInfo, GetCurrentAutoreplyInfoResponse,
    KeywordRule, MatchMode, NewsInfo, ReplyMode,
};
use echostr_protocol::api::menu::{
    Button, ButtonType, CreateCustomMenu, GetCurrentSelfMenuInfo, SelfMenuButton,
};
use echostr_protocol::{Article, MAX_ARTICLES, Video};
use echostr_store::{Actor, BotSettings, RuleEdit};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::rules::{Draft, differing, put};
use super::{Action, NotDone, Office, Refused};

/// That an account may not make this call.
const UNAUTHORISED: [i64; 3] = [48001, 48006, 50002];

/// What the platform's website had.
pub(crate) struct Imported {
    pub(crate) rules: Vec<ImportedRule>,
    /// The menu to make anew, as `createCustomMenu` takes it; nothing when there is nothing to do.
    pub(crate) menu: Option<Value>,
    /// What is left for a person to do, in both languages.
    pub(crate) notes: Vec<String>,
}

/// A rule that was made of a reply.
pub(crate) struct ImportedRule {
    pub(crate) rule: Rule,
    pub(crate) action: Action,
    /// What to know about it, in both languages.
    pub(crate) remarks: Vec<String>,
}

impl Office {
    /// Makes rules of the replies of the website, unless it is only to be said what they would be. Those of an import before are
    /// changed.
    pub(crate) async fn import(
        &self,
        by: &Actor,
        id: &str,
        dry_run: bool,
    ) -> Result<Imported, NotDone> {
        let replies = self.read(id, GetCurrentAutoreplyInfo {}).await;
        let menu = self.read(id, GetCurrentSelfMenuInfo {}).await;
        let mut import = Import::new(id);
        match (replies, menu) {
            (Err(why), Err(_)) => return Err(why),
            (replies, menu) => {
                match replies {
                    Ok(replies) => import.replies(&replies, self.has_bot(id)),
                    Err(why) => import.unread("自动回复", "the automatic replies", why)?,
                }
                match menu {
                    Ok(menu) => {
                        let buttons = menu.selfmenu_info.unwrap_or_default().button;
                        import.menu(&buttons);
                    }
                    Err(why) => import.unread("菜单", "the menu", why)?,
                }
            }
        }
        let (edits, imported) = self.imported(import);
        if !dry_run {
            self.0.rules.edit(by, edits).await.map_err(Refused::from)?;
        }
        Ok(imported)
    }

    /// What becomes of what was found; one that answers by files that are deleted soon does not replace what its owner made of it.
    fn imported(&self, import: Import) -> (Vec<RuleEdit>, Imported) {
        let (mut rules, mut edits, mut notes) = (Vec::new(), Vec::new(), import.notes);
        for Found {
            rule,
            is_perishable,
            mut remarks,
        } in import.found
        {
            let faults = rule.check(&RuleSecrets::default());
            if !faults.is_empty() {
                let faults: Vec<_> = faults
                    .iter()
                    .map(|fault| format!("`{}` {}", fault.field, fault.text))
                    .collect();
                let faults = faults.join("; ");
                notes.push(format!(
                    "「{0}」没有导入 · `{0}` was not imported: {faults}",
                    rule.name
                ));
                continue;
            }
            let draft = Draft {
                rule: rule.clone(),
                secrets: RuleSecrets::default(),
            };
            let before = self.rule(&rule.id);
            let action = match &before {
                None => Action::Create,
                Some(_) if is_perishable => {
                    remarks =
                        vec!["已经有了，没有动它 · it is there already and was left alone".into()];
                    Action::Unchanged
                }
                Some(before) if differing(before, &draft).is_empty() => Action::Unchanged,
                Some(_) => Action::Change,
            };
            if action != Action::Unchanged {
                edits.push(put(draft, before.map(|before| before.updated_at_ms)));
            }
            rules.push(ImportedRule {
                rule,
                action,
                remarks,
            });
        }
        let menu = import.menu;
        (edits, Imported { rules, menu, notes })
    }

    /// Whether the account has a bot that would be asked no more if a rule answered everything.
    fn has_bot(&self, id: &str) -> bool {
        self.account(id).is_some_and(|entry| {
            !matches!(entry.settings.bot, BotSettings::Echo | BotSettings::None)
        })
    }
}

/// What has been found so far.
struct Import {
    account: String,
    found: Vec<Found>,
    /// What rules were called so far.
    taken: HashSet<String>,
    menu: Option<Value>,
    notes: Vec<String>,
}

/// A rule that can be made.
struct Found {
    rule: Rule,
    /// Whether it answers by files that the platform deletes soon.
    is_perishable: bool,
    remarks: Vec<String>,
}

/// What a reply of the website becomes.
#[derive(Default)]
struct Made {
    replies: Vec<RuleReply>,
    is_perishable: bool,
    remarks: Vec<String>,
}

impl Import {
    fn new(account: &str) -> Self {
        Self {
            account: account.into(),
            found: Vec::new(),
            taken: HashSet::new(),
            menu: None,
            notes: Vec::new(),
        }
    }

    /// Something that the account may not read is left to its owner; anything else that went wrong ends the import.
    fn unread(&mut self, chinese: &str, english: &str, why: NotDone) -> Result<(), NotDone> {
        let code = match &why {
            NotDone::Failed { error, .. } => Error::code(error),
            _ => None,
        };
        let Some(code) = code.filter(|code| UNAUTHORISED.contains(code)) else {
            return Err(why);
        };
        self.notes.push(format!(
            "公众号没有读取{chinese}的权限（{code}），请照 docs/rules.md 手工搬过来 · \
             the account may not read {english} ({code}): copy them by hand, docs/rules.md shows how"
        ));
        Ok(())
    }

    fn replies(&mut self, info: &GetCurrentAutoreplyInfoResponse, has_bot: bool) {
        if let Some(welcome) = &info.add_friend_autoreply_info {
            let mut rule = self.rule("welcome", "关注后自动回复");
            rule.when.kind = vec!["event.subscribe".into()];
            rule.enabled = info.is_add_friend_reply_open;
            self.add(
                rule,
                made(std::slice::from_ref(welcome), MAX_ARTICLES),
                &ReplyMode::ReplyAll,
            );
        }
        let keywords = info.keyword_autoreply_info.iter();
        let keywords: Vec<_> = keywords.flat_map(|info| &info.list).collect();
        let mut n_at = BTreeMap::<i64, usize>::new();
        for rule in &keywords {
            *n_at.entry(rule.create_time).or_default() += 1;
        }
        for keyword_rule in keywords {
            let is_alone = n_at.get(&keyword_rule.create_time) == Some(&1);
            self.keyword_rule(keyword_rule, is_alone, info.is_autoreply_open);
        }
        if let Some(default) = &info.message_default_autoreply_info {
            let mut rule = self.rule("default", "收到消息回复");
            rule.when.kind = vec!["message".into()];
            rule.priority = -1000;
            rule.enabled = info.is_autoreply_open && !has_bot;
            let mut made = made(std::slice::from_ref(default), 1);
            if has_bot {
                made.remarks.push(
                    "没有启用：它会回答一切消息，机器人就轮不到了 · not enabled: it answers everything, and the account's bot would be \
                     asked no more"
                        .into(),
                );
            }
            self.add(rule, made, &ReplyMode::ReplyAll);
        }
    }

    fn keyword_rule(&mut self, found: &KeywordRule, is_alone: bool, is_open: bool) {
        let mut id = found.create_time.to_string();
        if !is_alone {
            id = format!("{id}-{}", short_hash(&found.rule_name));
        }
        let id = self.numbered(id);
        let mut rule = self.rule(&id, &found.rule_name);
        rule.enabled = is_open;
        for keyword in &found.keyword_list_info {
            match keyword.match_mode {
                MatchMode::Equal => rule.when.equals.push(keyword.content.clone()),
                _ => rule.when.contains.push(keyword.content.clone()),
            }
        }
        if found.keyword_list_info.is_empty() {
            self.notes.push(format!(
                "关键词规则「{0}」没有关键词，没有导入 · the rule `{0}` has no keyword and was not imported",
                found.rule_name
            ));
            return;
        }
        self.add(rule, made(&found.reply_list_info, 1), &found.reply_mode);
    }

    /// The menu of the website: what its entries sent becomes rules, and the entries those that push an event.
    fn menu(&mut self, buttons: &[SelfMenuButton]) {
        let parts = |button: &SelfMenuButton| button.sub_button.clone().unwrap_or_default().list;
        let is_of_website = |button: &SelfMenuButton| sent_by(button.r#type.as_ref()).is_some();
        let mut all = buttons.iter().flat_map(|button| {
            let parts = parts(button);
            [vec![button.clone()], parts].concat()
        });
        if !all.any(|button| is_of_website(&button)) {
            return;
        }
        let mut menu = Vec::new();
        for button in buttons {
            let parts = parts(button);
            menu.push(if parts.is_empty() {
                self.button(button, "")
            } else {
                let parts = parts.iter().map(|part| self.button(part, &button.name));
                Button::sub_menu(&button.name, parts.collect())
            });
        }
        self.notes.push(
            "公众平台网页上做的菜单在启用服务器配置后不再出现：把得到的菜单存成文件，用 echostr menu push 换上 · the menu that was made on \
             the website is not shown once a server is switched on: keep the one that is given here in a file, and set it with \
             `echostr menu push`"
                .into(),
        );
        self.menu = serde_json::to_value(CreateCustomMenu { button: menu }).ok();
    }

    fn button(&mut self, button: &SelfMenuButton, above: &str) -> Button {
        let name = &button.name;
        let value = button.value.clone().unwrap_or_default();
        if let Some(r#type) = sent_by(button.r#type.as_ref()) {
            let hash = short_hash(&format!("{above}/{name}"));
            let place = self.numbered(hash);
            let key = format!("import-{place}");
            let mut rule = self.rule(&format!("menu-{place}"), name);
            rule.when.key = vec![key.clone()];
            let reply = Autoreply {
                r#type,
                content: value,
                news_info: button.news_info.clone(),
            };
            self.add(rule, made(&[reply], MAX_ARTICLES), &ReplyMode::ReplyAll);
            return Button::click(name, key);
        }
        let mut new = Button {
            r#type: button.r#type.clone(),
            name: name.clone(),
            key: button.key.clone(),
            url: button.url.clone(),
            ..Button::default()
        };
        match &button.r#type {
            Some(ButtonType::MediaId | ButtonType::ViewLimited) => {
                new.media_id = Some(value.as_str().into());
            }
            Some(ButtonType::ArticleId | ButtonType::ArticleViewLimited) => {
                new.article_id = Some(value);
            }
            Some(ButtonType::MiniProgram) => self.notes.push(format!(
                "菜单「{name}」打开小程序，平台没有说是哪个：请补上 appid 和 pagepath · the menu entry `{name}` opens a mini program, the \
                 platform does not tell which: add its `appid` and `pagepath`"
            )),
            _ => {}
        }
        new
    }

    /// What nothing else is called: the second of this name has a 2 behind it.
    fn numbered(&mut self, name: String) -> String {
        let more = (2_u32..).map(|n| format!("{name}-{n}"));
        let mut names = iter::once(name.clone()).chain(more);
        let free = names.find(|name| self.taken.insert(name.clone()));
        free.unwrap_or(name)
    }

    fn rule(&self, id: &str, name: &str) -> Rule {
        let name: String = name.chars().take(64).collect();
        Rule {
            account: Some(self.account.clone()),
            name,
            ..Draft::new(format!("import-{}-{id}", self.account)).rule
        }
    }

    /// A rule with what was made of its replies.
    fn add(&mut self, mut rule: Rule, made: Made, mode: &ReplyMode) {
        let Made {
            mut replies,
            is_perishable,
            mut remarks,
        } = made;
        let (is_random, most) = match mode {
            ReplyMode::RandomOne => (true, 20),
            _ => (false, 5),
        };
        if replies.len() > most {
            remarks.push(format!(
                "只取了前 {most} 条回复 · only the first {most} replies were taken"
            ));
            replies.truncate(most);
        }
        rule.reply = match replies.len() {
            0 => {
                let remarks = remarks.join("; ");
                self.notes.push(format!(
                    "「{0}」没有导入 · `{0}` was not imported: {remarks}",
                    rule.name
                ));
                return;
            }
            1 => replies.swap_remove(0),
            _ if is_random => RuleReply::Random(replies),
            _ => RuleReply::All(replies),
        };
        if is_perishable {
            rule.enabled = false;
        }
        self.found.push(Found {
            rule,
            is_perishable,
            remarks,
        });
    }
}

/// What an entry of a menu of the website sends; nothing when it does what those of the API do.
fn sent_by(r#type: Option<&ButtonType>) -> Option<AutoreplyType> {
    match r#type? {
        ButtonType::Text => Some(AutoreplyType::Text),
        ButtonType::Img | ButtonType::Photo => Some(AutoreplyType::Img),
        ButtonType::Voice => Some(AutoreplyType::Voice),
        ButtonType::Video => Some(AutoreplyType::Video),
        ButtonType::News => Some(AutoreplyType::News),
        _ => None,
    }
}

/// What replies become, with at most so many articles in each.
fn made(replies: &[Autoreply], most_articles: usize) -> Made {
    let mut made = Made::default();
    for reply in replies {
        let content = &reply.content;
        match &reply.r#type {
            AutoreplyType::Text if !content.is_empty() => {
                made.replies.push(RuleReply::Text(plain(content)));
            }
            AutoreplyType::Img => made.file(RuleReply::Image(content.as_str().into())),
            AutoreplyType::Voice => made.file(RuleReply::Voice(content.as_str().into())),
            // Of a menu, its address.
            AutoreplyType::Video if content.contains("://") => made.remarks.push(format!(
                "视频只有网址，请下载后上传 · of the video there is only an address; download and upload it: {content}"
            )),
            AutoreplyType::Video => made.file(RuleReply::Video(Video {
                media_id: content.as_str().into(),
                ..Video::default()
            })),
            AutoreplyType::News => made.news(reply.news_info.as_ref(), most_articles),
            other => made.remarks.push(format!(
                "不认识的回复 {0} · a reply of the unknown kind `{0}`",
                other.as_str()
            )),
        }
    }
    made
}

impl Made {
    fn file(&mut self, reply: RuleReply) {
        self.replies.push(reply);
        self.is_perishable = true;
        let remark = "没有启用：图片、语音、视频的 media_id 三天后失效，请用 echostr material upload 上传永久素材，换上新的再启用 · not \
                      enabled: the media id of a picture, voice or video works for three days; upload the file with `echostr material \
                      upload`, put its id here and enable the rule";
        if !self.remarks.iter().any(|other| other == remark) {
            self.remarks.push(remark.into());
        }
    }

    fn news(&mut self, info: Option<&NewsInfo>, most: usize) {
        let articles = info.map(|info| &info.list[..]).unwrap_or_default();
        if articles.is_empty() {
            let remark = "图文里没有文章 · it has no article";
            return self.remarks.push(remark.into());
        }
        if articles.len() > most {
            self.remarks.push(format!(
                "只取了前 {most} 篇图文，平台只让回复这么多 · only the first {most} of its articles were taken, the platform takes no more"
            ));
        }
        let articles = articles.iter().take(most).map(|article| Article {
            title: plain(&article.title),
            description: plain(&article.digest),
            pic_url: plain(&article.cover_url),
            url: plain(&article.content_url),
        });
        self.replies.push(RuleReply::News(articles.collect()));
    }
}

/// Braces are ordinary there, and variables here.
fn plain(text: &str) -> String {
    text.replace("{{", "{{{{")
}

fn short_hash(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let bytes: [u8; 4] = std::array::from_fn(|place| digest.as_ref()[place]);
    format!("{:08x}", u32::from_be_bytes(bytes))
}
