//! [`Action`]: what a person does with their phone, and the pushes that come of it.
//!
//! Source: the platform's pages on standard messages, event pushes and menu events (read 2026-11-22)

mod attachment;
mod limit;
mod menu;

use echostr_protocol::api::media::MediaType;
use echostr_protocol::{AppId, MediaId, OpenId};
use serde::{Deserialize, Serialize};

pub use self::attachment::Attachment;
use self::limit::MAX_TEXTS_BYTES;
pub use self::menu::MenuTap;
use crate::api::{Allowances, Asked, Consent, QrCode, Trigger};
use crate::conversation::{Bubble, From};
use crate::push::Push;
use crate::simulator::{Change, NotThere, Sent, Simulator};
use crate::world::{Account, Follower};

/// What a person does with their phone.
///
/// As JSON it is a word or an object with one member: `"follow"`, `{"say": "你好"}`, `{"menu": {"button": [0, 1]}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Follows the account — 关注. Nothing for one who follows already.
    Follow,
    /// Leaves it — 取消关注.
    Unfollow,
    /// Opens the conversation — ENTER. The platform removed the event long ago; some accounts may still get it.
    Enter,
    /// Writes.
    Say(String),
    /// Taps a `weixin://bizmsgmenu` link or an entry of a menu message.
    Tap {
        /// The text that is sent.
        content: String,
        /// The id of the entry.
        id: String,
    },
    /// Sends a picture.
    Picture(Attachment),
    /// Sends a voice message.
    Voice(Attachment),
    /// Sends a video.
    Video(Attachment),
    /// Sends a short clip, as older clients did.
    ShortVideo(Attachment),
    /// Sends a place.
    Location(Place),
    /// Forwards a card to the account.
    Link {
        /// Its title.
        title: String,
        /// Its text.
        #[serde(default)]
        description: String,
        /// Where it leads.
        url: String,
    },
    /// Sends a file.
    File(Attachment),
    /// Sends a sticker, which the platform does not forward.
    Sticker,
    /// Sends a card of a mini program.
    MiniProgram {
        /// Its title.
        title: String,
        /// Of the mini program.
        app_id: String,
        /// The page that it opens.
        #[serde(default)]
        path: String,
    },
    /// Scans a QR code of the account: its ticket, or its address.
    Scan(String),
    /// Taps a button of the menu.
    Menu(MenuTap),
    /// The client reports where it is — 上报地理位置.
    ReportLocation {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// Metres.
        #[serde(default)]
        precision: f64,
    },
    /// Accepts or refuses subscription notices — 订阅通知 — on a web page or in an article.
    Subscription {
        /// Of which template.
        template_id: String,
        /// Whether they are accepted.
        accepts: bool,
    },
}

/// A place on earth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// How far the map is zoomed in.
    #[serde(default = "usual_scale")]
    pub scale: u32,
    /// Its address; may be empty.
    #[serde(default)]
    pub label: String,
}

fn usual_scale() -> u32 {
    16
}

impl Default for Place {
    /// The platform's home.
    fn default() -> Self {
        Self {
            latitude: 23.098_994,
            longitude: 113.323_71,
            scale: usual_scale(),
            label: "广州市海珠区新港中路397号".into(),
        }
    }
}

/// A person cannot do this with their phone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// There is no such account or follower.
    #[error(transparent)]
    NotThere(#[from] NotThere),
    /// Nobody writes so much.
    #[error(
        "文字共 {0} 字节，最多 {MAX_TEXTS_BYTES} · the texts have {0} bytes, {MAX_TEXTS_BYTES} are allowed"
    )]
    TooLong(usize),
    /// The client shows only the button 关注.
    #[error(
        "没有关注的人发不了消息，请先 `follow` · who does not follow cannot write: `follow` first"
    )]
    NotFollowing,
    /// The menu has no button there.
    #[error("菜单里没有按钮 {at:?}，有 · the menu has no button {at:?}; there are: {there}")]
    NoButton {
        /// What was asked for.
        at: Vec<usize>,
        /// The buttons that this follower sees, with their places.
        there: String,
    },
    /// The client shows what the code holds; the account learns nothing.
    #[error(
        "`{0}` 不是这个公众号有效的二维码 · `{0}` is no QR code of this account, or it has expired: create one with `qrcode/create`"
    )]
    NotACode(String),
}

/// One thing that comes of an action.
enum Deed {
    /// It is pushed; `Bubble` is what the follower sees that they have said.
    Push(Push, Option<Bubble>),
    /// The client shows what it has got by itself.
    Show(From, Bubble),
}

impl Simulator {
    /// Does what a person does with their phone: it is seen in the conversation, and pushed. Nothing is pushed when the account has
    /// no server, or when the client does all of it by itself. Of several pushes it is the first; [`Simulator::act_all`] gives all.
    ///
    /// It has to be called within a runtime.
    ///
    /// # Errors
    /// There is no such account or follower, or a person cannot do this.
    pub fn act(
        &self,
        app_id: &AppId,
        open_id: &OpenId,
        action: Action,
    ) -> Result<Option<Sent>, NotDone> {
        Ok(self.act_all(app_id, open_id, action)?.into_iter().next())
    }

    /// The same with all pushes that come of it: a photo that a menu button asked for is an event and a message.
    ///
    /// # Errors
    /// As [`Simulator::act`].
    pub fn act_all(
        &self,
        app_id: &AppId,
        open_id: &OpenId,
        action: Action,
    ) -> Result<Vec<Sent>, NotDone> {
        match action.n_text_bytes() {
            ..=MAX_TEXTS_BYTES => {}
            long => return Err(NotDone::TooLong(long)),
        }
        if let Action::Subscription {
            template_id,
            accepts,
        } = action
        {
            return self.answer_consent(app_id, open_id, template_id, accepts);
        }
        let mut world = self.world();
        let (now_ms, base) = (world.now_ms(), world.base.clone());
        let account = world
            .account_mut(app_id.as_str())
            .ok_or_else(|| NotThere::Account(app_id.to_string()))?;
        let is_about_following =
            matches!(action, Action::Follow | Action::Unfollow | Action::Scan(_));
        let deeds = Acting {
            account,
            open_id,
            now_ms,
            base: &base,
        }
        .deeds(action)?;
        drop(world);
        if is_about_following {
            self.changed(Change::Account(app_id.clone()));
        }
        let mut sent = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Push(push, said) => {
                    sent.extend(self.say(app_id, &push.by(open_id.clone()), said, true));
                }
                Deed::Show(from, bubble) => self.show(app_id, open_id, from, bubble, None),
            }
        }
        Ok(sent)
    }
}

impl Simulator {
    fn answer_consent(
        &self,
        app_id: &AppId,
        open_id: &OpenId,
        template_id: String,
        accepts: bool,
    ) -> Result<Vec<Sent>, NotDone> {
        let world = self.world();
        let account = world
            .account(app_id.as_str())
            .ok_or_else(|| NotThere::Account(app_id.to_string()))?;
        let follower = account.follower(open_id.as_str());
        let follower = follower.ok_or_else(|| NotThere::Follower(open_id.to_string()))?;
        if follower.subscribed_at.is_none() {
            return Err(NotDone::NotFollowing);
        }
        drop(world);
        let consent = Consent {
            template_id,
            is_given: accepts,
        };
        Ok(self
            .consent(app_id, open_id, Asked::Page, &[consent])?
            .into_iter()
            .collect())
    }
}

/// Somebody who does something, at a moment.
struct Acting<'a> {
    account: &'a mut Account,
    open_id: &'a OpenId,
    now_ms: i64,
    base: &'a str,
}

impl Acting<'_> {
    fn deeds(&mut self, action: Action) -> Result<Vec<Deed>, NotDone> {
        let follows = self.follower()?.subscribed_at.is_some();
        let needs_to_follow = !matches!(action, Action::Follow | Action::Scan(_));
        if needs_to_follow && !follows {
            return Err(NotDone::NotFollowing);
        }
        Ok(match action {
            Action::Follow if follows => Vec::new(),
            Action::Follow => vec![self.follow(None)?],
            Action::Unfollow => {
                let follower = self.follower()?;
                follower.subscribed_at = None;
                follower.allowances = Allowances::default();
                vec![Deed::Push(Push::unsubscribe(), None)]
            }
            Action::Scan(code) => vec![self.scan(&code, follows)?],
            Action::Menu(tap) => self.tap_menu(tap)?,
            tap @ Action::Tap { .. } => {
                self.renew(Trigger::MenuClick)?;
                let deed = self.message(tap);
                vec![self.via_desk(deed)]
            }
            other @ (Action::Enter | Action::ReportLocation { .. }) => vec![self.message(other)],
            other => {
                let deed = self.message(other);
                vec![self.sent(deed)?]
            }
        })
    }

    /// The account may send to them from now on, for a while.
    fn renew(&mut self, by: Trigger) -> Result<(), NotThere> {
        let now_ms = self.now_ms;
        self.follower()?.allowances.renew(by, now_ms);
        Ok(())
    }

    /// What a person sends: the account may answer for a while, or the desk that serves them takes it.
    fn sent(&mut self, deed: Deed) -> Result<Deed, NotThere> {
        self.renew(Trigger::Message)?;
        Ok(self.via_desk(deed))
    }

    /// What somebody sends while a desk account serves them goes there and is not pushed.
    fn via_desk(&mut self, deed: Deed) -> Deed {
        let (open_id, now_ms) = (self.open_id, self.now_ms);
        match deed {
            Deed::Push(_, Some(bubble))
                if self
                    .account
                    .state
                    .kf_session
                    .takes(open_id, bubble.words(), now_ms) =>
            {
                Deed::Show(From::Follower, bubble)
            }
            deed => deed,
        }
    }

    fn follower(&mut self) -> Result<&mut Follower, NotThere> {
        let open_id = self.open_id.as_str();
        self.account
            .follower_mut(open_id)
            .ok_or_else(|| NotThere::Follower(open_id.to_owned()))
    }

    /// `code` is the scene and the ticket of the code by which they come.
    fn follow(&mut self, code: Option<(&str, &str)>) -> Result<Deed, NotDone> {
        let now_ms = self.now_ms;
        self.renew(if code.is_some() {
            Trigger::Scan
        } else {
            Trigger::Follow
        })?;
        let follower = self.follower()?;
        follower.subscribed_at = Some(now_ms / 1000);
        let push = match code {
            None => {
                follower.subscribe_scene = "ADD_SCENE_SEARCH";
                follower.qr_scene.clear();
                Push::subscribe()
            }
            Some((scene, ticket)) => {
                follower.subscribe_scene = "ADD_SCENE_QR_CODE";
                scene.clone_into(&mut follower.qr_scene);
                Push::subscribe_by_scan(scene, ticket)
            }
        };
        Ok(Deed::Push(push, None))
    }

    fn scan(&mut self, code: &str, follows: bool) -> Result<Deed, NotDone> {
        let (scene, ticket) = self
            .code(code)
            .ok_or_else(|| NotDone::NotACode(code.to_owned()))?;
        if follows {
            self.renew(Trigger::Scan)?;
            return Ok(Deed::Push(Push::scan(&scene, &ticket), None));
        }
        self.follow(Some((&scene, &ticket)))
    }

    /// The scene and the ticket of a code of this account.
    fn code(&self, code: &str) -> Option<(String, String)> {
        let query = code.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let in_query = pairs
            .find(|(name, _)| name == "ticket")
            .map(|(_, ticket)| ticket);
        let is_meant = |known: &&QrCode| {
            known.ticket == code || known.url == code || in_query.as_deref() == Some(&*known.ticket)
        };
        let known = self.account.codes(self.now_ms).find(is_meant)?;
        Some((known.scene.clone(), known.ticket.clone()))
    }

    /// What is one message or event.
    fn message(&mut self, action: Action) -> Deed {
        let said = |push, bubble| Deed::Push(push, Some(bubble));
        match action {
            Action::Say(content) => said(Push::text(&content), Bubble::text(content)),
            Action::Tap { content, id } => {
                said(Push::menu_text(&content, &id), Bubble::text(content))
            }
            Action::Picture(file) => self.picture(file),
            Action::Voice(file) => {
                let (id, url) = self.upload(MediaType::Voice, file);
                said(Push::voice(id.as_str()), Bubble::Voice { url })
            }
            Action::Video(file) => self.video(file, Push::video),
            Action::ShortVideo(file) => self.video(file, Push::short_video),
            Action::Location(place) => said(
                Push::location(place.latitude, place.longitude, place.scale, &place.label),
                place.bubble(),
            ),
            Action::Link {
                title,
                description,
                url,
            } => said(
                Push::link(&title, &description, &url),
                Bubble::Link {
                    title,
                    description,
                    url,
                },
            ),
            Action::File(file) => {
                let file = file.or_sample(&MediaType::Other("file".into()));
                let file_key = format!("{:032x}", rand::random::<u128>());
                let size_bytes = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
                said(
                    Push::file(
                        &file.name,
                        &file_key,
                        &attachment::md5(&file.bytes),
                        size_bytes,
                    ),
                    Bubble::File {
                        name: file.name,
                        size_bytes,
                    },
                )
            }
            Action::Sticker => said(
                Push::unsupported(),
                Bubble::Unsupported {
                    what: "动画表情".into(),
                },
            ),
            Action::MiniProgram {
                title,
                app_id,
                path,
            } => {
                let (thumb, url) = self.upload(MediaType::Image, Attachment::default());
                said(
                    Push::mini_program_page(&title, &app_id, &path, &url, thumb.as_str()),
                    Bubble::MiniProgram {
                        title,
                        app_id,
                        path,
                    },
                )
            }
            Action::ReportLocation {
                latitude,
                longitude,
                precision,
            } => Deed::Push(Push::report_location(latitude, longitude, precision), None),
            Action::Enter
            | Action::Follow
            | Action::Unfollow
            | Action::Scan(_)
            | Action::Menu(_)
            | Action::Subscription { .. } => Deed::Push(Push::event("ENTER", []), None),
        }
    }

    fn picture(&mut self, file: Attachment) -> Deed {
        let (id, url) = self.upload(MediaType::Image, file);
        Deed::Push(Push::image(&url, id.as_str()), Some(Bubble::Image { url }))
    }

    fn video(&mut self, file: Attachment, push: fn(&str, &str) -> Push) -> Deed {
        let (thumb, _) = self.upload(MediaType::Thumb, Attachment::default());
        let (id, url) = self.upload(MediaType::Video, file);
        let bubble = Bubble::Video {
            url,
            title: String::new(),
            description: String::new(),
        };
        Deed::Push(push(id.as_str(), thumb.as_str()), Some(bubble))
    }

    /// Keeps a file; its id, and where it is.
    fn upload(&mut self, kind: MediaType, file: Attachment) -> (MediaId, String) {
        let file = file.or_sample(&kind).into_file();
        let id = self.account.state.media.upload(kind, file, self.now_ms);
        let url = self.account.state.media.url(self.base, self.account, &id);
        (id, url)
    }
}

impl Place {
    fn bubble(&self) -> Bubble {
        Bubble::Location {
            latitude: self.latitude,
            longitude: self.longitude,
            label: self.label.clone(),
        }
    }
}
