//! `echostr`: parses the command, nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use echostr_server::command::{
    account, answer, api_key, audit, call, completion, config, doctor, document, follower,
    material, menu, message, migrate_to, rule, secrets, send, simulate, turn, usage,
};
use echostr_server::config::Sources;
use echostr_server::serve;

/// 回音 Echostr：自己托管的微信公众号服务器 · a self-hosted server for WeChat Official Accounts
#[derive(Parser)]
// Options before a command would be ignored: each command takes its own.
#[command(name = "echostr", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(
        flatten,
        next_help_heading = "不写命令时的选项，其他的写在命令后面 · options without a command; others stand behind it"
    )]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// 运行服务器（不写命令时也是它） · run the server (also without a command)
    Serve(Settings),
    /// 打印设置手册，或检查一个设置文件 · print the manual of the settings, or check a file
    Config {
        #[command(subcommand)]
        action: Option<ConfigAction>,
    },
    /// 体检：扮演微信平台检查一个地址，或试试平台接口 · play the platform against an address, or try its API, and explain what is wrong
    Doctor(Box<doctor::Options>),
    /// 桌面上的微信平台：浏览器里的手机、接口、脚本 · the platform on your desk: a phone in the browser, the API, scripts
    Simulate(Box<simulate::Options>),
    /// 公众号：新建、查看、修改、换 Token、删除，立即生效 · accounts: add, show, change, rotate, remove, at once
    Account {
        #[command(subcommand)]
        action: account::Action,
    },
    /// 调用微信平台的任何接口 · any call of the platform's API
    Call(Box<call::Options>),
    /// 给关注者发一条消息（客服消息） · send a follower a message
    Send(send::Options),
    /// 公众号的菜单：取下、换上 · the menu of an account: pull and push it
    Menu {
        #[command(subcommand)]
        action: menu::Action,
    },
    /// 规则：关键词、菜单、欢迎语，立即生效 · rules: keywords, menu entries, welcomes; at once
    Rule {
        #[command(subcommand)]
        action: rule::Action,
    },
    /// 素材：上传图片、语音、视频 · files for replies and messages: upload them
    Material {
        #[command(subcommand)]
        action: material::Action,
    },
    /// 查看收到的消息和回复 · messages and what was replied
    Message {
        #[command(subcommand)]
        action: message::Action,
    },
    /// 没有一次送完的回答，和它们的网页 · answers that were not wholly delivered, and their pages
    Answer {
        #[command(subcommand)]
        action: answer::Action,
    },
    /// 关注者的数据 · the data of followers
    Follower {
        #[command(subcommand)]
        action: follower::Action,
    },
    /// 问大模型的问题和结果 · what language models were asked, and what came of it
    Turn {
        #[command(subcommand)]
        action: turn::Action,
    },
    /// 大模型用了多少、花了多少 · what language models have used and cost
    Usage(usage::Options),
    /// 把所有公众号和规则写成一个文档 · all accounts and rules as a document
    Export(document::Export),
    /// 按一个文档新建和修改公众号、规则，先看会改什么 · add and change accounts and rules by a document; says first what would change
    Apply(document::Apply),
    /// HTTP API 的密钥 · keys for the HTTP API
    ApiKey {
        #[command(subcommand)]
        action: api_key::Action,
    },
    /// 谁在什么时候改了什么 · who changed what, and when
    Audit {
        #[command(subcommand)]
        action: audit::Action,
    },
    /// 加密存放的密钥 · the secrets that are kept encrypted
    Secrets {
        #[command(subcommand)]
        action: secrets::Action,
    },
    /// 把数据文件夹里的全部数据搬进 PostgreSQL · move everything from the data folder into PostgreSQL
    MigrateTo(migrate_to::Options),
    /// 让 shell 能补全命令和接口的名字 · lets a shell complete commands and the names of calls
    Completion(completion::Options),
}

#[derive(Subcommand)]
enum ConfigAction {
    /// 检查文件，一次列出所有错误 · check a file, all faults at once
    Check {
        /// 设置文件 · the file
        file: PathBuf,
    },
}

#[derive(Args)]
struct Settings {
    /// 设置文件，默认是当前目录的 echostr.toml（如果有） · the settings, by default `echostr.toml` if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// 监听地址，例如 127.0.0.1:8080 · the address to listen on
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// 数据文件夹 · the folder for data
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            say_where_it_belongs(&error);
            error.exit()
        }
    };
    match cli.command {
        None => serve::run(&cli.settings.sources()),
        Some(Command::Serve(settings)) => serve::run(&settings.sources()),
        Some(Command::Config { action: None }) => config::print_manual(),
        Some(Command::Config {
            action: Some(ConfigAction::Check { file }),
        }) => config::check(file),
        Some(Command::Doctor(options)) => doctor::run(*options),
        Some(Command::Simulate(options)) => simulate::run(&options),
        Some(Command::Call(options)) => call::run(*options),
        Some(Command::Send(options)) => send::run(options),
        Some(Command::Menu { action }) => menu::run(action),
        Some(Command::Rule { action }) => rule::run(action),
        Some(Command::Material { action }) => material::run(action),
        Some(Command::Completion(options)) => completion::run(&options, Cli::command()),
        Some(Command::Message { action }) => message::run(action),
        Some(Command::Answer { action }) => answer::run(action),
        Some(Command::Follower { action }) => follower::run(action),
        Some(Command::Account { action }) => account::run(action),
        Some(Command::Turn { action }) => turn::run(action),
        Some(Command::Usage(options)) => usage::run(options),
        Some(Command::Export(export)) => document::export(export),
        Some(Command::Apply(apply)) => document::apply(apply),
        Some(Command::ApiKey { action }) => api_key::run(action),
        Some(Command::Audit { action }) => audit::run(action),
        Some(Command::Secrets { action }) => secrets::run(action),
        Some(Command::MigrateTo(options)) => migrate_to::run(options),
    }
}

/// An option before a command belongs behind it; clap only says that the two do not go together.
fn say_where_it_belongs(error: &clap::Error) {
    let (Some(ContextValue::String(command)), Some(given)) = (
        error.get(ContextKind::InvalidSubcommand),
        error.get(ContextKind::PriorArg),
    ) else {
        return;
    };
    let options = match given {
        ContextValue::String(option) => option.clone(),
        ContextValue::Strings(options) => options.join(" "),
        _ => return,
    };
    eprintln!(
        "选项要写在命令后面：echostr {command} … {options} · options stand behind the command: `echostr {command} … {options}`\n"
    );
}

impl Settings {
    fn sources(self) -> Sources {
        Sources {
            config: self.config,
            listen: self.listen,
            data: self.data,
            environment: std::env::vars_os().collect(),
            ..Sources::default()
        }
    }
}
