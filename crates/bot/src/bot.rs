//! [`Bot`]: a list of handlers, the states that they ask for, the accounts that they answer for.

use std::convert::Infallible;
use std::env;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::{Router, routing};
use echostr_client::{Clock, Platform};
use echostr_protocol::{Event, Message, Reply};
use futures_util::FutureExt as _;
use http::HeaderMap;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::{info, warn};

use crate::answer::Answer;
use crate::deadline::{Asked, Deadline, Pages, Verdict};
use crate::env::account_from_env;
use crate::handler::{AnyHandler, Argument, Context, Erased, Handler, IntoAnswer, Needs, States};
use crate::job::{Failure, Job, JobLimits, Made, job};
use crate::journal::{Id, Journal, MemoryJournal, PushId};
use crate::listen::{Connection, Limits, listen};
use crate::live::{Following, GivenPage};
use crate::metrics::Metrics;
use crate::noted::Noted;
use crate::send::Sender;
use crate::shared::Shared;
use crate::webhook::{not_found, receive};
use crate::{Account, AccountMap, Accounts, BoxError, Error, Result, SendLimits};

/// A bot: handlers in the order in which they are asked. Cloning is cheap.
///
/// It is a [`tower::Service`] for its account at whatever path it is mounted, and makes an axum [`Router`] for several.
#[derive(Clone, Default)]
pub struct Bot(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    handlers: Vec<Arc<dyn AnyHandler>>,
    states: Arc<States>,
    accounts: Arc<dyn Accounts>,
    // The account of the bot as a service and of `answer`.
    only: Option<Arc<Account>>,
    deadline: Arc<Deadline>,
    // Made-up accounts are never journaled, and must not push the answers of real ones out of the table.
    open_deadline: Arc<Deadline>,
    limits: Limits,
    noted: Arc<Noted>,
}

impl Default for Parts {
    fn default() -> Self {
        let deadline = Deadline::new(
            JobLimits::default(),
            Some(Arc::new(MemoryJournal::default())),
        );
        let mut open_deadline = Deadline::new(JobLimits::default(), None);
        open_deadline.metrics = deadline.metrics.clone();
        Self {
            handlers: Vec::new(),
            states: Arc::default(),
            accounts: Arc::new(AccountMap::default()),
            only: None,
            deadline: Arc::new(deadline),
            open_deadline: Arc::new(open_deadline),
            limits: Limits::default(),
            noted: Arc::default(),
        }
    }
}

impl Bot {
    /// A bot without handlers and accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// A bot for one account, described by environment variables:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `ECHOSTR_TOKEN` | needed: the token (令牌) of the platform's server configuration page |
    /// | `ECHOSTR_MODE` | `plain` (default), `compatible` or `safe` |
    /// | `ECHOSTR_APP_ID`, `ECHOSTR_ENCODING_AES_KEY` | needed for `compatible` and `safe` |
    /// | `ECHOSTR_ACCOUNT` | the id in the address `/mp/{id}`, `default` if it is not set |
    /// | `ECHOSTR_APP_SECRET` | for handlers that take a [`Client`](crate::Client), and for files; needs `ECHOSTR_APP_ID` |
    /// | `ECHOSTR_API_BASE` | where the platform's HTTP API is, if not at `https://api.weixin.qq.com` |
    /// | `ECHOSTR_WELCOME`, `ECHOSTR_FALLBACK` | the account's texts |
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Setting`].
    pub fn from_env() -> Result<Self, Error> {
        account_from_env(&|name| env::var(name).ok().filter(|value| !value.is_empty()))
            .map(|account| Self::new().account(account))
    }

    /// Answers for this account, and for no others that were given before. It is also the account of the bot as a service.
    #[must_use]
    pub fn account(self, account: Account) -> Self {
        self.with(|parts| {
            parts.accounts = Arc::new(AccountMap::from_iter([account.clone()]));
            parts.only = Some(Arc::new(account));
        })
    }

    /// Answers for the accounts that `accounts` knows, as a [router](Self::router); as a service a bot has one
    /// [account](Self::account).
    #[must_use]
    pub fn accounts(self, accounts: impl Accounts) -> Self {
        self.with(|parts| parts.accounts = Arc::new(accounts))
    }

    /// Adds a handler. The first that takes a message answers it.
    #[must_use]
    pub fn on<Arguments: 'static>(self, handler: impl Handler<Arguments>) -> Self {
        self.with(|parts| parts.handlers.push(Arc::new(Erased(handler, PhantomData))))
    }

    /// Answers a text that is `keyword`, white space around either not counted.
    #[must_use]
    pub fn keyword(
        self,
        keyword: impl Into<String>,
        answer: impl IntoAnswer + Clone + Send + Sync + 'static,
    ) -> Self {
        let keyword = Keyword {
            keyword: keyword.into().trim().to_owned(),
            answer,
        };
        self.with(|parts| parts.handlers.push(Arc::new(keyword)))
    }

    /// Gives handlers a value that they can take as `State<T>`.
    #[must_use]
    pub fn state<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.with(|parts| Arc::make_mut(&mut parts.states).insert(value))
    }

    /// Changes what connections and bodies may cost.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        self.with(|parts| parts.limits = limits)
    }

    /// Keeps what must survive the process in `journal`. Without one it is kept in memory.
    #[must_use]
    pub fn journal(self, journal: Arc<dyn Journal>) -> Self {
        self.with(|parts| Arc::make_mut(&mut parts.deadline).journal = Some(journal))
    }

    /// Shares with other servers what they must agree on.
    #[must_use]
    pub fn shared(self, shared: Arc<dyn Shared>) -> Self {
        self.with(|parts| Arc::make_mut(&mut parts.deadline).shared = shared)
    }

    /// Sends answers for accounts whose delivery is [`Strategy::Send`](crate::Strategy::Send) in another way than over the
    /// [platform](Self::platform)'s HTTP API.
    #[must_use]
    pub fn sender(self, sender: Arc<dyn Sender>) -> Self {
        self.with(|parts| Arc::make_mut(&mut parts.deadline).sender = Some(sender))
    }

    /// Calls the platform over these connections: handlers that take a [`Client`](crate::Client), uploads, and answers that
    /// are sent. Without them, a bot makes its own.
    #[must_use]
    pub fn platform(self, platform: Platform) -> Self {
        self.with(|parts| {
            Arc::make_mut(&mut parts.deadline).platform = Arc::new(OnceLock::from(platform));
        })
    }

    /// How many messages a follower may be sent, when the platform has changed that.
    #[must_use]
    pub fn send_limits(self, limits: SendLimits) -> Self {
        self.with(|parts| Arc::make_mut(&mut parts.deadline).send_limits = limits)
    }

    /// Has pages for answers of accounts whose delivery is [`Strategy::Link`](crate::Strategy::Link).
    #[must_use]
    pub fn pages(self, pages: Arc<dyn Pages>) -> Self {
        self.with(|parts| Arc::make_mut(&mut parts.deadline).pages = Some(pages))
    }

    /// Takes the time of day from `clock`.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|parts| {
            for deadline in [&mut parts.deadline, &mut parts.open_deadline] {
                Arc::make_mut(deadline).clock = clock;
            }
        })
    }

    /// Changes what jobs may cost. What is [shared](Self::shared) is given after this.
    #[must_use]
    pub fn with_job_limits(self, limits: JobLimits) -> Self {
        self.with(|parts| {
            Arc::make_mut(&mut parts.deadline).bound(limits);
            Arc::make_mut(&mut parts.open_deadline).bound(limits);
        })
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.deadline.metrics
    }

    /// Takes up the jobs that a process left unfinished when it died; answers how many. Call it before listening.
    ///
    /// # Errors
    /// When the journal cannot be written at the moment; it may be called again then.
    pub async fn resume(&self) -> Result<usize, BoxError> {
        self.0.deadline.resume(self).await
    }

    /// The answer with this id, if it has a page and this process makes it or has just made it.
    pub fn follow(&self, answer: Id) -> Option<Following> {
        self.0.deadline.live.follow(answer)
    }

    /// The page with this id, if this process has given out its address and has its answer in memory.
    pub fn given_page(&self, page: Id) -> Option<GivenPage> {
        self.0.deadline.live.page(page)
    }

    /// Whether the journal cannot be written at the moment, so that it does not know all that memory does.
    pub fn is_journal_away(&self) -> bool {
        self.0.deadline.is_journal_away()
    }

    /// A page has shown all of an answer, which therefore waits no longer to be read. `false` when the answer is not in
    /// memory: then the journal alone has to know.
    pub async fn was_shown(&self, answer: Id) -> bool {
        self.0.deadline.was_shown(answer).await
    }

    /// Lets go of the deliveries that are held, so that the platform repeats them to the next process.
    pub fn stop(&self) {
        self.0.deadline.stop();
        self.0.open_deadline.stop();
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.0.deadline.clock.unix_ms()
    }

    pub(crate) fn noted(&self) -> &Noted {
        &self.0.noted
    }

    /// What the bot answers, without a socket and without a time limit: for tests.
    ///
    /// # Errors
    /// The handler's own.
    pub async fn answer(&self, message: impl Into<Message>) -> Result<Reply, BoxError> {
        let nobody = || {
            "test"
                .parse()
                .map(|token| Arc::new(Account::new("test", token)))
        };
        let account = self.0.only.clone().map_or_else(nobody, Ok)?;
        let context = self.context(&account, &Arc::new(message.into()));
        self.made(&context).await?.answer.whole().await
    }

    /// What a delivery gets: the answer of the first handler that takes the message, or silence.
    pub(crate) async fn reply(
        &self,
        account: &Arc<Account>,
        message: &Arc<Message>,
        arrived_at: Instant,
        connection: Option<Connection>,
    ) -> Verdict {
        let deadline = if account.is_open {
            &self.0.open_deadline
        } else {
            &self.0.deadline
        };
        let asked = Asked {
            account: Arc::clone(account),
            message: Arc::clone(message),
            push: PushId::of(&account.id, message),
            arrived_at,
            arrived_at_ms: deadline.clock.unix_ms(),
        };
        deadline.answer(asked, connection, self).await
    }

    /// The handlers' work on a message, once it is polled.
    pub(crate) fn job(&self, account: &Arc<Account>, message: &Arc<Message>) -> Job {
        let bot = self.clone();
        let context = self.context(account, message);
        job(async move { bot.made(&context).await })
    }

    fn context(&self, account: &Arc<Account>, message: &Arc<Message>) -> Context {
        Context {
            message: Arc::clone(message),
            account: Arc::clone(account),
            states: Arc::clone(&self.0.states),
            journal: self.0.deadline.journal.clone().filter(|_| !account.is_open),
            clock: self.0.deadline.clock,
            platform: Arc::clone(&self.0.deadline.platform),
            prompt: None,
        }
    }

    /// The answer, with its file uploaded, and whose it is.
    async fn made(&self, context: &Context) -> Result<Made, BoxError> {
        let (answer, by) = match self.chosen(context).await? {
            Answer::By(by, answer) => (*answer, by),
            answer => (answer, context.account.bot.clone()),
        };
        let answer = match answer {
            // Boxed: few answers are files, and every job would be larger for it.
            Answer::File(file) => Box::pin(file.uploaded(context)).await?.into(),
            answer => answer,
        };
        Ok(Made { answer, by })
    }

    /// Asks the handlers in their order.
    async fn chosen(&self, context: &Context) -> Result<Answer, BoxError> {
        for handler in &self.0.handlers {
            let Some(answering) = handler.call(context) else {
                continue;
            };
            match answering.await? {
                Answer::Pass => {}
                answer => return Ok(answer),
            }
        }
        Ok(Reply::Silence.into())
    }

    /// The webhook of every account at `/mp/{account}`, to merge into an axum application.
    ///
    /// # Errors
    /// [`Error::NoState`] when a handler asks for a state that the bot was not given.
    pub fn router(self) -> Result<Router, Error> {
        self.check()?;
        let by_id = async |id: Result<Path<String>, PathRejection>,
                           bot: axum::extract::State<Self>,
                           request: Request| {
            match id.ok().and_then(|Path(id)| bot.find(&id)) {
                Some(account) => receive(&bot, &account, request).await,
                None => not_found(request.headers()),
            }
        };
        // Other methods are refused before anything is looked up, so that they do not tell what exists.
        Ok(Router::new()
            .route("/mp/{account}", routing::get(by_id).post(by_id))
            .with_state(self))
    }

    /// The account with this public id.
    pub fn find(&self, id: &str) -> Option<Arc<Account>> {
        self.0.accounts.by_id(id)
    }

    /// The account with this token.
    pub fn find_by_token(&self, token: &str) -> Option<Arc<Account>> {
        self.0.accounts.by_token(token)
    }

    /// Listens on `address` and answers at `/mp/{account}`: with [`Bot::from_env`] at `/mp/default`. SIGTERM and Ctrl-C
    /// let what is in flight end, then it returns.
    ///
    /// # Errors
    /// [`Error::NoState`], [`Error::NoAccount`], [`Error::Listen`], boxed as `main` returns them.
    pub async fn serve(self, address: impl ToSocketAddrs + std::fmt::Display) -> Result<()> {
        let account = self.0.only.clone().ok_or(Error::NoAccount)?;
        let limits = self.0.limits.clone();
        let bot = self.clone();
        bot.resume().await?;
        let router = self
            .router()?
            .fallback(async |headers: HeaderMap| not_found(&headers));
        let unheard = |source| Error::Listen {
            address: address.to_string(),
            source,
        };
        let listener = TcpListener::bind(&address).await.map_err(unheard)?;
        let local = listener.local_addr().map_err(unheard)?;
        let started = format!(
            "listening on http://{local}; the account's address is /mp/{}",
            account.id
        );
        if tracing::dispatcher::has_been_set() {
            info!("{started}");
        } else {
            // Nobody takes log lines: a bot of ten lines should not start in silence.
            eprintln!("{started}");
        }
        let app = move |request| {
            let answer = router.clone().oneshot(request);
            answer.map(|answer| answer.unwrap_or_else(|error| match error {}))
        };
        let stop = async {
            crate::listen::stop_signal().await;
            bot.stop();
        };
        listen(listener, app, &limits, stop).await;
        Ok(())
    }

    /// Reports the states that handlers ask for and the bot does not have. A router and `serve` do it by themselves; a
    /// bot that is mounted as a service should be asked once.
    ///
    /// # Errors
    /// [`Error::NoState`].
    pub fn check(&self) -> Result<(), Error> {
        let mut needs = Needs::default();
        self.0
            .handlers
            .iter()
            .for_each(|handler| handler.needs(&mut needs));
        let mut missing = Vec::new();
        for (id, name) in needs.0 {
            if !self.0.states.has(id) && !missing.contains(&name) {
                missing.push(name);
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Error::NoState(missing))
        }
    }
}

impl tower::Service<Request> for Bot {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let bot = self.clone();
        Box::pin(async move {
            Ok(match &bot.0.only {
                Some(account) => receive(&bot, account, request).await,
                None => not_found(request.headers()),
            })
        })
    }
}

/// A value that the bot was given with [`Bot::state`]: `State(shop): State<Shop>`.
#[derive(Debug, Clone, Copy)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static> Argument for State<T> {
    fn take(context: &Context) -> Option<Self> {
        context.states.get().map(Self)
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}

/// What a follower gets when the handler has no answer: the account's fallback text, on following the welcome. The owner
/// reads why.
pub(crate) fn instead(account: &Account, message: &Message, failure: &Failure) -> Reply {
    let (text, name) = match message {
        Message::Event(Event::Subscribe(_)) => (&*account.welcome, "the welcome text"),
        Message::Event(_) if matches!(failure, Failure::Late) => ("", ""),
        message if message.is_answerable() => (&*account.fallback, "the fallback text"),
        _ => ("", ""),
    };
    let shown = if text.is_empty() { "no answer" } else { name };
    warn!(
        account.id = account.log_id(),
        msg.kind = &*message.kind(),
        msg.id = message.msg_id().map(tracing::field::display),
        error = std::error::Error::source(failure),
        "a handler {failure}, the follower gets {shown}"
    );
    Reply::from(text)
}

struct Keyword<R> {
    keyword: String,
    answer: R,
}

impl<R: IntoAnswer + Clone + Send + Sync + 'static> AnyHandler for Keyword<R> {
    fn call(&self, context: &Context) -> Option<crate::handler::Answering> {
        let Message::Text(text) = &*context.message else {
            return None;
        };
        let answer = (text.content.trim() == self.keyword).then(|| self.answer.clone())?;
        Some(Box::pin(async move { answer.into_answer() }))
    }

    fn needs(&self, _: &mut Needs) {}
}
