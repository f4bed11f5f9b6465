//! The composition root: settings, one [`Bot`], the addresses, one listener.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, http};
use echostr::{
    Account, AccountMap, Answer, Bot, Clock, Context, Feedback, JobLimits, Message, Platform,
    Reply, Result, echo, is_answered, listen, not_allowed, not_found, receive, stop_signal,
};
use echostr_protocol::Token;
use echostr_store::{AccountEntry, AccountStore};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tower::ServiceExt as _;
use tracing::{error, info, warn};

use crate::api::{self, Authority};
use crate::capabilities;
use crate::command::config::FAULTY;
use crate::config::{BotKind, Config, OpenAccess, Sources, load};
use crate::live::{Addresses, Live};
use crate::metrics::Metrics;
use crate::notify::{Notices, Patience, Sight, Watched};
use crate::office::Office;
use crate::slow::SlowQuestion;
use crate::socket::{self, Serving, Socket};
use crate::store::with_causes;
use crate::store::{self, Store};
use crate::{log, page};

/// Reads the settings and serves until the process is asked to stop.
pub fn run(sources: &Sources) -> ExitCode {
    let (config, warnings) = match load(sources) {
        Ok(loaded) => loaded,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::from(FAULTY);
        }
    };
    log::start(config.log);
    for warning in warnings {
        warn!("{warning}");
    }
    warn_of_few_files(config.limits.max_connections);
    let served = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))
        .and_then(|runtime| {
            runtime.block_on(async {
                let listener = bound(&config).await?;
                serve(config, listener, stop_signal()).await
            })
        });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn warn_of_few_files(max_connections: usize) {
    let possible = raise_file_limit();
    if possible < max_connections as u64 {
        warn!(
            "at most {possible} connections at once are possible here, `limits.max_connections` allows {max_connections}; \
             raise the limit of open files (`ulimit -n`, in systemd `LimitNOFILE`) or lower `limits.max_connections`"
        );
    }
}

/// Every connection is a file, and held deliveries keep theirs; the usual limit of 1024 is for other programs. How many
/// connections at once are possible afterwards.
pub(crate) fn raise_file_limit() -> u64 {
    const OTHER_FILES: u64 = 64;
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_default();
    allowed.saturating_sub(OTHER_FILES)
}

/// How long a command or a change may take when the server stops.
const COMMANDS_END_WITHIN: Duration = Duration::from_secs(5);

/// What the settings say to listen on.
///
/// # Errors
/// It cannot be had; what to do.
pub(crate) async fn bound(config: &Config) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(config.listen).await;
    listener.map_err(|error| unheard(config.listen, &error))
}

/// Answers what comes to `listener` until `stop` is ready.
///
/// # Errors
/// Something that the settings name cannot be used.
pub(crate) async fn serve(
    config: Config,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), String> {
    let address = listener.local_addr();
    let address = address.map_err(|error| unheard(config.listen, &error))?;
    let store = store::open(&config).await?;
    let limits = config.limits.clone();
    let platform = config.platform.connect(Store::tokens(store.as_ref()))?;
    let bot = bot(&config, store.as_ref(), platform.clone())?;
    let live = live(&config, &bot, store.as_ref());
    let taking_up = take_up(&bot).await;
    // From the first command on, a stop is an orderly one.
    let stop = tokio::spawn(stop);
    let keeping = store.as_ref().map(Store::keep);
    let office = store
        .as_ref()
        .map(|store| store.office(&config, platform.clone()));
    let able = office.as_ref().map(capabilities::keep);
    let commands = match &office {
        Some(office) => commands(&config, office).await,
        None => None,
    };
    announce(&config, store.as_ref(), address);
    let notices = notices(&config, address, store.as_ref());
    let site = Site::new(
        config,
        bot.clone(),
        store.as_ref(),
        office.clone(),
        live.as_ref(),
    );
    let app = move |request| {
        let site = site.clone();
        async move { site.respond(request).await }
    };
    let stop = async {
        // It cannot fail: nobody ends it.
        let _ = stop.await;
        bot.stop();
        if let Some(live) = &live {
            live.stop();
        }
    };
    listen(listener, app, &limits, stop).await;
    if let Some(commands) = commands {
        commands.stop(COMMANDS_END_WITHIN).await;
    }
    if let Some(office) = office {
        office.settle(COMMANDS_END_WITHIN).await;
    }
    for task in taking_up.into_iter().chain(keeping).chain(able) {
        task.abort();
        // What it is at may hold a connection.
        let _ = task.await;
    }
    drop(notices);
    if let Some(store) = store {
        store.close().await;
    }
    info!("stopped");
    Ok(())
}

/// Answers commands on the socket of the data folder.
async fn commands(config: &Config, office: &Office) -> Option<Serving> {
    match Socket::bind(&config.data).await {
        Ok(socket) => Some(socket.serve(api::router(office.clone(), Authority::Operator))),
        Err(error) => {
            error!(
                error = %with_causes(&error),
                "commands cannot reach this server: the socket `{}` cannot be made in the data folder {}; \
                 may the server's user write there, and does its file system know sockets?",
                socket::NAME,
                config.data.display()
            );
            None
        }
    }
}

/// The one bot for all accounts.
fn bot(config: &Config, store: Option<&Store>, platform: Platform) -> Result<Bot, String> {
    let bot = Bot::new()
        .with_limits(config.limits.clone())
        .with_job_limits(JobLimits {
            max_jobs: config.jobs.max_jobs,
            timeout: config.jobs.timeout,
            max_held: config.jobs.max_held,
            kept: Duration::from_hours(24 * u64::from(config.journal.answers_days)),
            ..JobLimits::default()
        })
        .platform(platform)
        .on(late)
        .on(Feedback);
    let bot = match store {
        Some(store) => bot.on(store.rules.rules().clone()),
        None => bot,
    };
    let bot = bot.on(answer);
    bot.check().map_err(|error| error.to_string())?;
    Ok(match store {
        Some(store) => {
            let bot = bot
                .accounts(Arc::clone(&store.accounts))
                .journal(Arc::clone(&store.journal) as _);
            match &config.public_url {
                Some(public_url) => bot.pages(Arc::new(Addresses {
                    public_url: public_url.clone(),
                    kept: Duration::from_hours(24 * u64::from(config.journal.page_days)),
                })),
                None => bot,
            }
        }
        None => bot.accounts(in_memory(config)?),
    })
}

/// The pages on which answers are read. They are there as long as the journal is, also when no new ones are given out.
fn live(config: &Config, bot: &Bot, store: Option<&Store>) -> Option<Live> {
    let pages = store?.journal.pages();
    let patience = config.limits.header_timeout;
    Some(Live::new(bot.clone(), pages, patience))
}

/// The accounts of the file, when there is no database.
fn in_memory(config: &Config) -> Result<AccountMap, String> {
    let accounts = config.accounts.iter().map(AccountEntry::account);
    let accounts: Result<_, _> = accounts.collect();
    accounts.map_err(|error| error.to_string())
}

/// Tells the owner what needs a person, until this is dropped.
fn notices(config: &Config, address: SocketAddr, store: Option<&Store>) -> Notices {
    let server = config.public_url.clone();
    let server = server.unwrap_or_else(|| address.to_string());
    let (clock, store) = (Clock::system(), store.cloned());
    let started_at_ms = clock.unix_ms();
    let look = move || match &store {
        Some(store) => Sight {
            journal_away_since_ms: store.journal.health().away_since_ms,
            accounts: store
                .accounts
                .list()
                .iter()
                .filter(|account| account.disabled_at_ms.is_none())
                .map(|account| {
                    let settings = &account.settings;
                    Watched::of(&account.id, &settings.name, &account.seen)
                        .able(&account.able, settings.delivery)
                })
                .collect(),
        },
        // It could not be opened; that alone is to be told.
        None => Sight {
            journal_away_since_ms: Some(started_at_ms),
            accounts: Vec::new(),
        },
    };
    Notices::start(&config.notify, &server, clock, Patience::default(), look)
}

/// How long after a failure it is tried again to take up what was not finished; each time twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Jobs that the process before this one did not finish. When they cannot be taken up now, because the journal cannot be written,
/// a task does so when they can.
async fn take_up(bot: &Bot) -> Option<JoinHandle<()>> {
    let error = took_up(bot).await.err()?;
    error!(
        error = %with_causes(&*error),
        "unfinished answers cannot be taken up again at the moment; it is tried until they can"
    );
    let bot = bot.clone();
    Some(tokio::spawn(async move {
        let mut pause = FIRST_PAUSE;
        loop {
            sleep(pause).await;
            if took_up(&bot).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }))
}

async fn took_up(bot: &Bot) -> Result<()> {
    let n_jobs = bot.resume().await?;
    if n_jobs > 0 {
        info!("{n_jobs} unfinished answers are taken up again");
    }
    Ok(())
}

/// Why nothing can be heard at `address`, and what to do.
fn unheard(address: SocketAddr, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there, perhaps another echostr; \
             stop it or choose another port with `--listen`"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; choose one that it has with `--listen`, \
             or `0.0.0.0` or `[::]` for all"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are reserved as a rule; choose a higher one with `--listen` \
             and put nginx or Caddy in front of it"
        }
        _ => "choose another address with `--listen`",
    };
    format!("cannot listen on {address}: {error}; {remedy}")
}

/// Everything beneath it is the HTTP API's.
const API: &str = "/api/";

/// Every address of the server.
#[derive(Clone)]
struct Site(Arc<Parts>);

struct Parts {
    bot: Bot,
    accounts: Option<Arc<AccountStore>>,
    open_access: OpenAccess,
    api: Router,
    pages: Router,
}

impl Site {
    fn new(
        config: Config,
        bot: Bot,
        store: Option<&Store>,
        office: Option<Office>,
        live: Option<&Live>,
    ) -> Self {
        let pages = pages(&config, &bot, store, live);
        let authority = Authority::Keys {
            settings: config.api,
            limits: config.limits,
        };
        let api = office.map_or_else(api::unavailable, |office| api::router(office, authority));
        Self(Arc::new(Parts {
            bot,
            accounts: store.map(|store| Arc::clone(&store.accounts)),
            open_access: config.open_access,
            api,
            pages,
        }))
    }

    /// The addresses of the webhook are looked at first: they are on the path of every message.
    async fn respond(&self, request: Request) -> Response {
        let path = request.uri().path();
        let Some(at) = Webhook::at(path) else {
            let others = if path.starts_with(API) {
                &self.0.api
            } else {
                &self.0.pages
            };
            return others
                .clone()
                .oneshot(request)
                .await
                .unwrap_or_else(|error| match error {});
        };
        // Before any look-up, so that the answer does not tell which accounts exist.
        if !is_answered(request.method()) {
            return not_allowed();
        }
        match self.account(at) {
            Some(account) => receive(&self.0.bot, &account, request).await,
            None => not_found(request.headers()),
        }
    }

    fn account(&self, at: Webhook<'_>) -> Option<Arc<Account>> {
        let Parts {
            bot,
            accounts,
            open_access,
            ..
        } = &*self.0;
        match at {
            Webhook::Registered(id) => bot.find(id),
            Webhook::Open(token) => bot.find_by_token(token).or_else(|| {
                // The followers of a disabled account are not given to a stranger's bot.
                let is_registered = |accounts: &Arc<AccountStore>| accounts.has_token(token);
                let is_free = !accounts.as_ref().is_some_and(is_registered);
                let account = is_free.then(|| open_access.account(token));
                account.flatten().map(Arc::new)
            }),
        }
    }
}

/// Where the platform pushes to. Ids and tokens need no percent-encoding; an address with one is unknown.
#[derive(Clone, Copy)]
enum Webhook<'a> {
    /// `/mp/{id}`
    Registered(&'a str),
    /// `/wechatMP/{token}`: open access, where the token in the address is the account, and registered accounts as well.
    Open(&'a str),
}

impl<'a> Webhook<'a> {
    fn at(path: &'a str) -> Option<Self> {
        let registered = path.strip_prefix("/mp/").map(Self::Registered);
        registered.or_else(|| path.strip_prefix("/wechatMP/").map(Self::Open))
    }
}

/// The addresses for people and for operations.
fn pages(config: &Config, bot: &Bot, store: Option<&Store>, live: Option<&Live>) -> Router {
    let home = page::home(config);
    let metrics = Metrics::new(bot, store.map(|store| &store.journal));
    let live = live.map(Live::router).unwrap_or_default();
    live.route("/", get(async || home))
        .route("/healthz", get("ok\n"))
        .route("/readyz", get("ok\n"))
        .route("/metrics", get(async move || metrics.render().await))
        .fallback(async |headers: http::HeaderMap| not_found(&headers))
}

impl OpenAccess {
    fn account(&self, token: &str) -> Option<Account> {
        // Exactly the token: one that would have to be trimmed first is another address.
        let token = token
            .parse::<Token>()
            .ok()
            .filter(|parsed| self.enabled && parsed.expose() == token)?;
        Some(Account {
            welcome: self.welcome.clone(),
            fallback: self.fallback.clone(),
            language: self.language,
            texts: self.language.texts(),
            bot: self.bot.as_str().into(),
            is_open: true,
            ..Account::new("", token)
        })
    }
}

/// The doctor may ask for a late answer, before any rule, but not in open access, where anybody could.
async fn late(question: SlowQuestion, account: Arc<Account>) -> Answer {
    if account.is_open {
        Answer::Pass
    } else {
        question.answer().await.into()
    }
}

/// Answers with the account's bot. A new follower is greeted whichever it is, and what an account's program does not want
/// gets the default.
async fn answer(message: Message, account: Arc<Account>, context: Context) -> Result<Answer> {
    if let Some(bot) = &account.own_bot {
        return bot.answer(&context).await;
    }
    Ok(match &message {
        Message::Event(echostr::protocol::Event::Subscribe(_)) => (&*account.welcome).into(),
        _ if account.bot == BotKind::Echo.as_str() => echo(message, account).await.into(),
        _ => Reply::Silence.into(),
    })
}

/// How many accounts are named in the log at the start.
const ANNOUNCED: usize = 20;

/// Says where the server is and what to paste into the platform's page.
fn announce(config: &Config, store: Option<&Store>, address: SocketAddr) {
    info!(
        "Echostr 回音 {} 已启动 · listening on http://{address}",
        env!("CARGO_PKG_VERSION")
    );
    let public_url = config.public_url.as_deref().unwrap_or("https://你的域名");
    if config.open_access.enabled {
        info!(
            "开放接入，填入公众平台的 URL · open access, the URL to paste: {public_url}/wechatMP/你的Token"
        );
    }
    let accounts = match store {
        Some(store) => store.accounts.list(),
        None => config.accounts.iter().cloned().map(Arc::new).collect(),
    };
    let answered = || {
        accounts
            .iter()
            .filter(|entry| entry.disabled_at_ms.is_none())
    };
    for account in answered().take(ANNOUNCED) {
        info!(
            account.id = account.id,
            "公众号「{}」的 URL · the URL of this account: {public_url}/mp/{}",
            account.settings.name,
            account.id
        );
    }
    let n_others = answered().skip(ANNOUNCED).count();
    if n_others > 0 {
        info!("另有 {n_others} 个公众号 · {n_others} more accounts: echostr account list");
    }
}
