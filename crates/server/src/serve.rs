//! The composition root: settings, one [`Bot`], the addresses, one listener.

use std::collections::HashMap;
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
    Account, AccountMap, Answer, Bot, Clock, HttpBot, JobLimits, Message, OwnBot, RelayBot, Reply,
    Result, State, echo, is_answered, listen, not_allowed, not_found, receive, stop_signal,
};
use echostr_protocol::{Str, Token};
use echostr_store::SqlJournal;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use tracing::{error, info, warn};

use crate::command::config::FAULTY;
use crate::config::{BotKind, Config, OpenAccess, Sources, load};
use crate::metrics::Metrics;
use crate::notify::{Notices, Patience, Sight, Watched};
use crate::{log, page, store};

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
    raise_file_limit(config.limits.max_connections);
    let served = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))
        .and_then(|runtime| runtime.block_on(serve(config)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Every connection is a file, and held deliveries keep theirs; the usual limit of 1024 is for other programs.
fn raise_file_limit(max_connections: usize) {
    const OTHER_FILES: u64 = 64;
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_default();
    let possible = allowed.saturating_sub(OTHER_FILES);
    if possible < max_connections as u64 {
        warn!(
            "at most {possible} connections at once are possible here, `limits.max_connections` allows {max_connections}; \
             raise the limit of open files (`ulimit -n`, in systemd `LimitNOFILE`) or lower `limits.max_connections`"
        );
    }
}

/// Listens and answers until SIGTERM or Ctrl-C.
async fn serve(config: Config) -> Result<(), String> {
    let unheard = |error| unheard(config.listen, &error);
    let listener = TcpListener::bind(config.listen).await.map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let store = store::open(&config).await?;
    let limits = config.limits.clone();
    let bot = bot(&config, store.as_ref())?;
    take_up(&bot).await;
    announce(&config, address);
    let _notices = notices(&config, address, store.as_ref());
    let site = Site::new(config, bot.clone(), store.as_ref());
    let app = move |request| {
        let site = site.clone();
        async move { site.respond(request).await }
    };
    let stop = async {
        stop_signal().await;
        bot.stop();
    };
    listen(listener, app, &limits, stop).await;
    if let Some(journal) = store {
        journal.close().await;
    }
    info!("stopped");
    Ok(())
}

/// The one bot for all accounts.
fn bot(config: &Config, store: Option<&Arc<SqlJournal>>) -> Result<Bot, String> {
    let accounts: AccountMap = config.accounts.iter().cloned().collect();
    let bot = Bot::new()
        .with_limits(config.limits.clone())
        .with_job_limits(JobLimits {
            max_jobs: config.jobs.max_jobs,
            timeout: config.jobs.timeout,
            max_held: config.jobs.max_held,
            kept: Duration::from_hours(24 * u64::from(config.journal.answers_days)),
            ..JobLimits::default()
        })
        .accounts(accounts)
        .state(Elsewhere::of(config))
        .on(answer);
    bot.check().map_err(|error| error.to_string())?;
    Ok(match store {
        Some(journal) => bot.journal(Arc::clone(journal) as _),
        None => bot,
    })
}

/// Tells the owner what needs a person, until this is dropped.
fn notices(config: &Config, address: SocketAddr, store: Option<&Arc<SqlJournal>>) -> Notices {
    let server = config.public_url.clone();
    let server = server.unwrap_or_else(|| address.to_string());
    let (clock, accounts, store) = (Clock::system(), config.accounts.clone(), store.cloned());
    let started_at_ms = clock.unix_ms();
    let look = move || Sight {
        journal_away_since_ms: match &store {
            Some(journal) => journal.health().away_since_ms,
            None => Some(started_at_ms),
        },
        accounts: accounts
            .iter()
            .map(|account| Watched::of(&account.id, &account.name, &account.seen))
            .collect(),
    };
    Notices::start(&config.notify, &server, clock, Patience::default(), look)
}

/// Jobs that the process before this one did not finish.
async fn take_up(bot: &Bot) {
    match bot.resume().await {
        Ok(0) => {}
        Ok(n_jobs) => info!("{n_jobs} unfinished answers are taken up again"),
        Err(error) => error!(
            error = &*error as &dyn std::error::Error,
            "unfinished answers cannot be taken up again"
        ),
    }
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

/// Every address of the server.
#[derive(Clone)]
struct Site(Arc<Parts>);

struct Parts {
    bot: Bot,
    open_access: OpenAccess,
    pages: Router,
}

impl Site {
    fn new(config: Config, bot: Bot, store: Option<&Arc<SqlJournal>>) -> Self {
        let pages = pages(&config, &bot, store);
        Self(Arc::new(Parts {
            bot,
            open_access: config.open_access,
            pages,
        }))
    }

    /// The addresses of the webhook are looked at first: they are on the path of every message.
    async fn respond(&self, request: Request) -> Response {
        let Some(at) = Webhook::at(request.uri().path()) else {
            return self
                .0
                .pages
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
            bot, open_access, ..
        } = &*self.0;
        match at {
            Webhook::Registered(id) => bot.find(id),
            Webhook::Open(token) => bot
                .find_by_token(token)
                .or_else(|| open_access.account(token).map(Arc::new)),
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
fn pages(config: &Config, bot: &Bot, store: Option<&Arc<SqlJournal>>) -> Router {
    let home = page::home(config);
    let metrics = Metrics::new(bot, store);
    Router::new()
        .route("/", get(async || home))
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

/// The bots that run elsewhere, by the account that each answers for.
#[derive(Clone)]
struct Elsewhere(Arc<HashMap<Str, Arc<dyn OwnBot>>>);

impl Elsewhere {
    fn of(config: &Config) -> Self {
        let mut bots = HashMap::<_, Arc<dyn OwnBot>>::new();
        for (account, program) in &config.programs {
            bots.insert(account.clone(), Arc::new(HttpBot::new(program.clone())));
        }
        for (account, relay) in &config.relays {
            bots.insert(account.clone(), Arc::new(RelayBot::new(relay.clone())));
        }
        Self(Arc::new(bots))
    }
}

/// Answers with the account's bot. A new follower is greeted whichever it is, and what an account's program does not want
/// gets the default.
async fn answer(
    message: Message,
    account: Arc<Account>,
    State(elsewhere): State<Elsewhere>,
) -> Result<Answer> {
    if let Some(bot) = elsewhere.0.get(&*account.id) {
        return bot.answer(&message, &account).await;
    }
    Ok(match &message {
        Message::Event(echostr::protocol::Event::Subscribe(_)) => (&*account.welcome).into(),
        _ if account.bot == BotKind::Echo.as_str() => echo(message, account).await.into(),
        _ => Reply::Silence.into(),
    })
}

/// Says where the server is and what to paste into the platform's page.
fn announce(config: &Config, address: SocketAddr) {
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
    for account in &config.accounts {
        info!(
            account.id = &*account.id,
            "公众号「{}」的 URL · the URL of this account: {public_url}/mp/{}",
            account.name,
            account.id
        );
    }
}
