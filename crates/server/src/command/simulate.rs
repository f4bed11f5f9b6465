//! `echostr simulate`: the platform on your desk, with a phone in the browser; with `--serve`, a server to talk to as well.

mod demo;
mod load;
mod own;
mod replay;
mod run;
mod sample;
mod target;

use std::fmt::Write as _;
use std::io::{IsTerminal as _, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use echostr::stop_signal;
use echostr_protocol::api::Secret;
use echostr_protocol::{AppId, GhId, OpenId, Token};
use echostr_simulator::fault::Fault;
use echostr_simulator::world::{AccountSettings, Kind, ServerConfig};
use echostr_simulator::{Clock, Simulator};
use tokio::net::TcpListener;

use super::config::FAULTY;
use super::doctor::{self, ModeName};

/// What is simulated, and where.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    /// 模拟器的地址，手机页面也在这里 · where the simulator is, and the phone's page
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// 同时启动一台服务器和两个示例公众号，打开网页就能聊天 · start a server and two sample accounts, too: open the page and talk
    #[arg(long, conflicts_with_all = ["url", "token", "mode", "aes_key", "app_id", "app_secret", "gh_id", "kind", "speed"])]
    serve: bool,
    /// 与 --serve 一起：试自己的设置文件里的公众号，数据放在临时文件夹 · with --serve: try the accounts of this file of settings
    /// instead; data goes to a temporary folder
    #[arg(long, value_name = "FILE", requires = "serve")]
    config: Option<PathBuf>,
    /// 被测服务器的 URL，像填在公众平台上一样；也可以在网页上填 · the URL of the server to be tried; the page has a form for it, too
    #[arg(long, requires = "token")]
    url: Option<String>,
    /// 令牌 Token；写 '$NAME' 就取环境变量 NAME，命令行上看不到它 · '$NAME' takes the environment's NAME, so that it is not on the
    /// command line
    #[arg(long, requires = "url", value_parser = secret)]
    token: Option<String>,
    /// 消息加解密方式 · the mode
    #[arg(long, value_enum, default_value = "plain", requires = "url")]
    mode: ModeName,
    /// 消息加解密密钥，也可以是 '$NAME' · the EncodingAESKey, for compatible and safe; '$NAME' will do
    #[arg(long, value_name = "KEY", requires = "url", value_parser = secret)]
    aes_key: Option<String>,
    /// 公众号的 AppID；不写就随机 · the account's; by default a random one
    #[arg(long, value_name = "APPID")]
    app_id: Option<String>,
    /// 公众号的 AppSecret，也可以是 '$NAME'；不写就随机 · the account's, '$NAME' will do; by default a random one
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    app_secret: Option<String>,
    /// 原始 ID（gh_…）；不写就随机 · the original id; by default a random one
    #[arg(long, value_name = "GH_ID")]
    gh_id: Option<String>,
    /// 公众号的种类，决定它能调用什么接口 · the kind of account: it decides what it may call
    #[arg(long, value_name = "KIND", default_value = "verified-service", value_parser = kind)]
    kind: Kind,
    /// 让接口按规则失败，可以写几次，例如 "fail 40001 on message/custom/send for 10 %" · a rule by which calls fail
    #[arg(long = "fault", value_name = "RULE")]
    faults: Vec<Fault>,
    /// 平台的时钟快多少倍：10 就是每次投递只等 0.5 秒 · how much faster the platform's clock runs
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
}

#[derive(Subcommand)]
enum Action {
    /// 按脚本聊天，检查每个回复，给 CI 用 · play a script: followers say, answers are checked; for a CI
    Run(run::Options),
    /// 压测：按速率推送，检查每个回复，给出用时 · push at a rate, check every answer, tell how long they took
    Load(load::Options),
    /// 把流水里的消息再推一遍，比较回复 · push the journal's messages again, and compare the replies
    Replay(replay::Options),
}

/// Simulates until it is stopped; the exit code says whether it could begin.
pub fn run(options: &Options) -> ExitCode {
    match &options.action {
        Some(Action::Run(options)) => return run::run(options),
        Some(Action::Load(options)) => return load::run(options),
        Some(Action::Replay(options)) => return replay::run(options),
        None => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let simulated = runtime
        .map_err(|error| format!("cannot start the runtime: {error}"))
        .and_then(|runtime| runtime.block_on(simulate(options)));
    match simulated {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("simulate: {problem}");
            ExitCode::from(FAULTY)
        }
    }
}

/// Runs it on this thread, to leave the other cores to the server.
fn on_one_thread<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(work)
}

async fn simulate(options: &Options) -> Result<(), String> {
    let listener = TcpListener::bind(options.listen).await.map_err(|error| {
        let address = options.listen;
        format!(
            "无法监听 {address}（{error}），用 --listen 换一个地址 · cannot listen on {address}: {error}; choose another address \
             with `--listen`"
        )
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let simulator = Simulator::new(&format!("http://{address}"), options.clock());
    simulator.world().faults.0.clone_from(&options.faults);
    if !options.serve {
        let settings = options.account()?;
        let app_id = simulator
            .add_account(settings)
            .map_err(|error| error.to_string())?;
        follower(&simulator, &app_id, "小明");
        tokio::spawn(simulator.clone().serve(listener));
        announce(&simulator);
        stop_signal().await;
        return Ok(());
    }
    let sample = match &options.config {
        Some(file) => own::start(&simulator, file).await?,
        None => sample::start(&simulator).await?,
    };
    tokio::spawn(simulator.clone().serve(listener));
    announce(&simulator);
    sample.announce();
    sample.run(simulator, stop_signal()).await
}

impl Options {
    fn clock(&self) -> Clock {
        let real = Clock::default();
        Clock {
            deadline: real.deadline.div_f64(self.speed),
            ..real
        }
    }

    fn account(&self) -> Result<AccountSettings, String> {
        let mut settings = AccountSettings::new("我的公众号");
        settings.kind = self.kind;
        if let Some(app_id) = &self.app_id {
            settings.app_id = AppId::from(app_id.trim());
        }
        if let Some(secret) = &self.app_secret {
            settings.app_secret = Secret::from(secret.trim());
        }
        if let Some(gh_id) = &self.gh_id {
            settings.gh_id = GhId::from(gh_id.trim());
        }
        if let Some((url, token)) = self.url.as_ref().zip(self.token.as_ref()) {
            let token: Token = token
                .parse()
                .map_err(|error| format!("`--token`: {error}"))?;
            settings.server = Some(ServerConfig {
                url: url.clone(),
                token,
                mode: doctor::mode(self.mode, self.aes_key.as_deref(), self.app_id.as_deref())?,
            });
        }
        Ok(settings)
    }
}

/// A secret, or `$` and the variable of the environment that holds it: anybody on the machine can read command lines.
fn secret(text: &str) -> Result<String, String> {
    let Some(name) = text.strip_prefix('$') else {
        return Ok(text.to_owned());
    };
    std::env::var(name)
        .map_err(|_| format!("没有环境变量 `{name}` · the environment has no `{name}`"))
}

fn kind(name: &str) -> Result<Kind, String> {
    let names: Vec<_> = Kind::ALL.into_iter().map(Kind::name).collect();
    Kind::by_name(name).ok_or_else(|| format!("可以是 · one of: {}", names.join(", ")))
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok();
    speed
        .filter(|speed| (0.1..=100.0).contains(speed))
        .ok_or_else(|| "0.1 到 100 · a number from 0.1 to 100".into())
}

/// Somebody with a phone.
fn follower(simulator: &Simulator, app_id: &AppId, name: &str) -> OpenId {
    let added = simulator.add_follower(app_id, name);
    added.expect("the account was just added")
}

/// Says where the page is, and what the accounts are.
fn announce(simulator: &Simulator) {
    let world = simulator.world();
    let mut text = format!(
        "\n  回音模拟器 · Echostr simulator\n\n  打开手机 · open the phone   {}\n  平台接口 · the API          {}  (api_base)\n",
        world.base, world.base
    );
    for account in world.accounts() {
        let settings = &account.settings;
        let _ = write!(
            text,
            "\n  公众号「{}」 {} · {}\n    AppID {}  原始 ID {}\n",
            settings.name,
            settings.kind.chinese(),
            settings.kind.name(),
            settings.app_id,
            settings.gh_id,
        );
        if let Some(server) = &settings.server {
            let url = without(server.token.expose(), &server.url);
            let _ = writeln!(text, "    → {url}  {}", server.mode.name());
        }
    }
    if stdout().is_terminal() {
        text += "\n  Ctrl-C 结束 · ends it\n";
    }
    println!("{text}");
}

/// The address without the token, which is the path's end in open access. The host stays as it is.
fn without(token: &str, url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find('/').map_or(url.len(), |at| host + at);
    let (origin, path) = url.split_at(path);
    format!("{origin}{}", path.replace(token, "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_can_come_from_the_environment() {
        assert_eq!(secret("S1qJ0JoQmYfy").as_deref(), Ok("S1qJ0JoQmYfy"));
        // Cargo sets it for tests.
        let expected = Ok(env!("CARGO_PKG_NAME"));
        assert_eq!(secret("$CARGO_PKG_NAME").as_deref(), expected);
        let missing = secret("$ECHOSTR_NO_SUCH_VARIABLE").expect_err("there is none");
        assert!(missing.contains("ECHOSTR_NO_SUCH_VARIABLE"), "{missing}");
    }

    #[test]
    fn an_address_is_told_without_its_token() {
        let check = |url: &str, expected: &str| assert_eq!(without("bot", url), expected);
        check(
            "http://bot.example/wechatMP/bot",
            "http://bot.example/wechatMP/***",
        );
        check("http://bot.example/mp/shop", "http://bot.example/mp/shop");
        check("http://bot.example", "http://bot.example");
    }

    #[test]
    fn options_that_would_be_ignored_are_refused() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            options: Options,
        }
        let check = |arguments: &[&str], is_right| {
            let all = [&["simulate"][..], arguments].concat();
            let parsed = <Cli as clap::Parser>::try_parse_from(all);
            let is_parsed = parsed.is_ok_and(|cli| cli.options.action.is_none());
            assert_eq!(is_parsed, is_right, "{arguments:?}");
        };
        check(&["--serve"], true);
        check(&["--serve", "--fault", "late 3 s on *"], true);
        check(&["--serve", "--config", "echostr.toml"], true);
        check(&["--config", "echostr.toml"], false);
        check(&["--speed", "5"], true);
        check(&["--kind", "subscription"], true);
        let server = ["--url", "http://127.0.0.1:1/wx", "--token", "S1qJ0JoQmYfy"];
        check(&server, true);
        check(&[&server[..], &["--mode", "safe"]].concat(), true);
        for option in [
            ["--mode", "safe"],
            ["--aes-key", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"],
        ] {
            check(&option, false);
        }
        for option in [
            ["--mode", "safe"],
            ["--aes-key", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"],
            ["--app-id", "wx0123456789abcdef"],
            ["--app-secret", "0123456789abcdef0123456789abcdef"],
            ["--gh-id", "gh_0123456789ab"],
            ["--kind", "subscription"],
            ["--speed", "5"],
        ] {
            check(&["--serve", option[0], option[1]], false);
        }
    }
}
