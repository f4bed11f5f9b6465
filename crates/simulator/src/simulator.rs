//! [`Simulator`]: the platform as a double — accounts and their followers, pushes to a server, calls from it.

mod pending;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::{Router, middleware};
use echostr_protocol::{AppId, OpenId};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use self::pending::Pending;
use crate::conversation::{Bubble, Entry, From};
use crate::course::Course;
use crate::exchange::{Delivery, MAX_KEPT_BYTES, Pushed, Record, What, kept, kept_answer};
use crate::guard::guard;
use crate::judge::Shown;
use crate::push::{Clock, Handshake, Moment, Platform, Push};
use crate::shown::Answers;
use crate::text::cut;
use crate::transport::{NotAnAddress, Transport};
use crate::world::{AccountSettings, Follower, ServerConfig, World};
use crate::{api, control, files, listen, phone};

/// How many changes a slow watcher may be behind.
const MAX_BEHIND: usize = 1024;

/// The platform as a double. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Simulator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: Mutex<World>,
    clock: Clock,
    changes: broadcast::Sender<Change>,
}

/// Something that is seen on a phone or beside it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// What a follower sees.
    Conversation(AppId, OpenId),
    /// An exchange began, or something more of it is known.
    Record(u64),
    /// An account's settings, menu or followers.
    Account(AppId),
}

/// There is no such account or follower.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotThere {
    /// No such account.
    #[error("没有 AppID 为 `{0}` 的公众号 · no account has the AppID `{0}`")]
    Account(String),
    /// No such follower.
    #[error(
        "这个公众号没有 OpenID 为 `{0}` 的用户 · the account knows nobody with the OpenID `{0}`"
    )]
    Follower(String),
}

/// A push that is on its way.
#[derive(Debug)]
pub struct Sent {
    /// Its record in the log.
    pub record: u64,
    /// Ends with what the follower sees.
    pub shown: JoinHandle<Shown>,
}

impl Simulator {
    /// A platform without accounts that is reached at `base`, such as `http://127.0.0.1:8090`: media and codes have addresses below
    /// it. Pushes are repeated by `clock`.
    pub fn new(base: &str, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            world: Mutex::new(World::new(base.trim_end_matches('/').to_owned())),
            clock,
            changes: broadcast::Sender::new(MAX_BEHIND),
        }))
    }

    /// The same on a free port of this machine, serving until the process ends.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let simulator = Self::new(&format!("http://{}", listener.local_addr()?), clock);
        tokio::spawn(simulator.clone().serve(listener));
        Ok(simulator)
    }

    /// Answers calls on `listener`, for ever.
    pub async fn serve(self, listener: TcpListener) {
        let router = self.router();
        listen::listen(listener, router).await;
    }

    /// The addresses: the phone, what controls the simulator, files and articles for a browser, and the platform's API, which
    /// refuses what is none of them.
    pub fn router(&self) -> Router {
        let pages = phone::router(self.clone())
            .merge(control::router(self.clone()))
            .layer(middleware::from_fn_with_state(self.clone(), guard));
        pages
            .merge(files::router(self.clone()))
            .merge(api::router(self.clone()))
    }

    /// Everything that the platform knows, to look at and to change. Nothing else happens meanwhile.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0
            .world
            .lock()
            .expect("nobody panics while holding the world")
    }

    /// Where it is reached.
    pub fn base(&self) -> String {
        self.world().base.clone()
    }

    /// What changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    pub(crate) fn changed(&self, change: Change) {
        // Nobody need be looking.
        let _ = self.0.changes.send(change);
    }

    /// Adds an account, in place of the one that has its AppID.
    ///
    /// # Errors
    /// Its server's address is not one that the platform could call.
    pub fn add_account(&self, settings: AccountSettings) -> Result<AppId, NotAnAddress> {
        let app_id = settings.app_id.clone();
        self.world().add(settings, self.0.clock)?;
        self.changed(Change::Account(app_id.clone()));
        Ok(app_id)
    }

    /// The same for whoever asks from elsewhere: nothing when there are `max` others already.
    pub(crate) fn admit_account(
        &self,
        settings: AccountSettings,
        max: usize,
    ) -> Result<Option<AppId>, NotAnAddress> {
        let app_id = settings.app_id.clone();
        let mut world = self.world();
        let others = world.accounts().iter();
        if others
            .filter(|other| other.settings.app_id != app_id)
            .count()
            >= max
        {
            return Ok(None);
        }
        world.add(settings, self.0.clock)?;
        drop(world);
        self.changed(Change::Account(app_id.clone()));
        Ok(Some(app_id))
    }

    /// 提交 on the page 服务器配置: without the handshake.
    ///
    /// # Errors
    /// There is no such account, or the address is not one that the platform could call.
    pub fn configure(
        &self,
        app_id: &AppId,
        server: Option<ServerConfig>,
    ) -> Result<(), NotConfigured> {
        let mut world = self.world();
        let missing = || NotThere::Account(app_id.to_string());
        let account = world.account_mut(app_id.as_str()).ok_or_else(missing)?;
        let mut settings = account.settings.clone();
        settings.server = server;
        account.platform = settings.platform(self.0.clock)?;
        account.settings = settings;
        account.set_course(account.course());
        drop(world);
        self.changed(Change::Account(app_id.clone()));
        Ok(())
    }

    /// How the deliveries of this account's pushes go from now on, on whichever server.
    ///
    /// # Errors
    /// There is no such account.
    pub fn set_course(&self, app_id: &AppId, course: Course) -> Result<(), NotThere> {
        let mut world = self.world();
        let missing = || NotThere::Account(app_id.to_string());
        let account = world.account_mut(app_id.as_str()).ok_or_else(missing)?;
        account.set_course(course);
        drop(world);
        self.changed(Change::Account(app_id.clone()));
        Ok(())
    }

    /// The handshake of 提交 with this server, which is not saved.
    pub(crate) async fn greet(
        &self,
        app_id: &AppId,
        server: &ServerConfig,
    ) -> Result<(Platform, Handshake), NotConfigured> {
        let missing = || NotThere::Account(app_id.to_string());
        let (mut settings, ahead_secs) = {
            let world = self.world();
            let account = world.account(app_id.as_str()).ok_or_else(missing)?;
            (account.settings.clone(), world.ahead_secs())
        };
        settings.server = Some(server.clone());
        let mut platform = settings.platform(self.0.clock)?.expect("it has a server");
        platform.ahead_secs = ahead_secs;
        let handshake = platform.handshake().await;
        Ok((platform, handshake))
    }

    /// When a delivery is given up, and how many there are.
    pub fn clock(&self) -> Clock {
        self.0.clock
    }

    /// Somebody with a phone, who does not follow the account yet.
    ///
    /// # Errors
    /// There is no such account.
    pub fn add_follower(&self, app_id: &AppId, name: &str) -> Result<OpenId, NotThere> {
        let added = self.admit_follower(app_id, name, usize::MAX)?;
        Ok(added.expect("there is no limit"))
    }

    /// The same for whoever asks from elsewhere: nothing when the account knows `max` people already.
    pub(crate) fn admit_follower(
        &self,
        app_id: &AppId,
        name: &str,
        max: usize,
    ) -> Result<Option<OpenId>, NotThere> {
        let mut world = self.world();
        let missing = || NotThere::Account(app_id.to_string());
        let account = world.account_mut(app_id.as_str()).ok_or_else(missing)?;
        if account.followers.len() >= max {
            return Ok(None);
        }
        let follower = Follower::new(name.to_owned());
        let open_id = follower.open_id.clone();
        account.followers.push(follower);
        drop(world);
        self.changed(Change::Account(app_id.clone()));
        Ok(Some(open_id))
    }

    /// Lets time pass at once: access tokens and media expire, windows close.
    pub fn advance(&self, by: Duration) {
        self.world().advance(by);
    }

    /// Puts something into a follower's conversation.
    pub(crate) fn show(
        &self,
        app_id: &AppId,
        open_id: &OpenId,
        from: From,
        bubble: Bubble,
        exchange: Option<u64>,
    ) {
        let mut world = self.world();
        let (id, at_ms) = (world.next_id(), world.now_ms());
        if let Some(follower) = world
            .account_mut(app_id.as_str())
            .and_then(|account| account.follower_mut(open_id.as_str()))
        {
            follower.conversation.add(Entry {
                id,
                at_ms,
                from,
                bubble,
                exchange,
            });
        }
        drop(world);
        self.changed(Change::Conversation(app_id.clone(), open_id.clone()));
    }

    /// Pushes to the account's server, by the platform's clock, and shows its follower what comes of it, if `is_shown`: a
    /// follower sees no answer to what they did not do, such as the end of a job. To what cannot be answered visibly, such as
    /// `unsubscribe`, nothing is shown in any case. It is dated by the world's clock unless its moment was set.
    ///
    /// Nothing when the account has no server. It has to be called within a runtime.
    pub fn push(&self, app_id: &AppId, push: &Push, is_shown: bool) -> Option<Sent> {
        self.say(app_id, push, None, is_shown)
    }

    /// The same for what a follower sees that they have said. What somebody on the account's blacklist does is not
    /// pushed; the end of a job that was about them is.
    pub(crate) fn say(
        &self,
        app_id: &AppId,
        push: &Push,
        said: Option<Bubble>,
        is_shown: bool,
    ) -> Option<Sent> {
        let mut world = self.world();
        let at_ms = world.now_ms();
        let platform = world
            .account(app_id.as_str())
            .filter(|account| !(is_shown && account.blocks(&push.from)))
            .and_then(|account| account.platform.clone());
        let Some(mut platform) = platform else {
            drop(world);
            if let Some(bubble) = said {
                self.show(app_id, &push.from, From::Follower, bubble, None);
            }
            return None;
        };
        platform.ahead_secs = world.ahead_secs();
        let document = platform.document(&push.clone().at(at_ms / 1000));
        let envelope = platform.enclosed(&document);
        let answers = Answers::to(&document);
        // The number is taken when it is added, so that the log is in the order of its numbers.
        let record = world.next_id();
        world.log.add(Record {
            id: record,
            at_ms,
            app_id: Some(app_id.clone()),
            what: What::Push(Pushed {
                follower: envelope.from.clone(),
                document: short(document),
                deliveries: Vec::new(),
                shown: None,
            }),
        });
        drop(world);
        if let Some(bubble) = said {
            self.show(app_id, &push.from, From::Follower, bubble, Some(record));
        }
        self.changed(Change::Record(record));
        let pending = Pending {
            simulator: self.clone(),
            app_id: app_id.clone(),
            follower: envelope.from.clone(),
            record,
            answers,
            is_shown,
        };
        let shown = tokio::spawn(pending.deliver(platform, envelope));
        Some(Sent { record, shown })
    }

    /// A reply hands its follower over to the desk.
    fn hand_over(&self, app_id: &AppId, open_id: &OpenId, desk: Option<&str>) {
        let mut world = self.world();
        let now_ms = world.now_ms();
        let event = world
            .account_mut(app_id.as_str())
            .and_then(|account| api::hand_over(account, open_id, desk, now_ms));
        drop(world);
        if let Some(event) = event {
            self.push(app_id, &event, false);
        }
    }

    /// Writes down what happens to a push.
    fn note(
        &self,
        record: u64,
        began: Instant,
        moment: Moment<'_>,
        judge: impl FnOnce(&Result<crate::transport::Answer, Transport>) -> Shown,
    ) {
        let mut world = self.world();
        let Some(What::Push(pushed)) = world.log.record_mut(record).map(|record| &mut record.what)
        else {
            return;
        };
        match moment {
            Moment::Began { request, .. } => pushed.deliveries.push(Delivery {
                began_ms: millis(began.elapsed()),
                took_ms: None,
                request: short(request.raw()),
                answer: None,
                shown: None,
            }),
            Moment::Ended { n, exchange } => {
                if let Some(delivery) = pushed.deliveries.get_mut(n - 1) {
                    delivery.took_ms = Some(millis(exchange.took));
                    delivery.shown = Some(kept(judge(&exchange.answer)));
                    delivery.answer = Some(match &exchange.answer {
                        Ok(answer) => Ok(kept_answer(answer)),
                        Err(error) => Err(error.clone()),
                    });
                }
            }
        }
        drop(world);
        self.changed(Change::Record(record));
    }
}

/// As much of a text as is kept.
fn short(mut text: String) -> String {
    cut(&mut text, MAX_KEPT_BYTES);
    text
}

/// The account was not connected with a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConfigured {
    /// There is none.
    #[error(transparent)]
    NotThere(#[from] NotThere),
    /// The address.
    #[error(transparent)]
    Address(#[from] NotAnAddress),
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
