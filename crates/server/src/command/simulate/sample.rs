//! A server with two sample accounts, connected with the simulator: what `echostr simulate --serve` starts.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use echostr_client::{ApiAccount, ApiBase, Platform, Settings};
use echostr_protocol::api::menu::{Button, CreateCustomMenu};
use echostr_protocol::{AppId, EncodingAesKey, OpenId, Token};
use echostr_simulator::world::{AccountSettings, Kind, ServerConfig};
use echostr_simulator::{Action, Mode, Sealing, Simulator};
use tokio::net::TcpListener;

use super::demo::Demo;
use super::follower;
use crate::config::{Config, Sources, load};
use crate::{log, serve};

/// Where the server listens unless it is told to listen elsewhere; when something else listens there, on any free port.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The server, ready to run.
pub(super) struct Sample {
    config: Config,
    listener: TcpListener,
    folder: Folder,
    accounts: Vec<(AccountSettings, OpenId)>,
    /// Whether accounts that may have a menu get that of the demo.
    has_menus: bool,
}

/// A data folder that lasts as long as the process.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of a trial harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One of the two accounts.
struct Trial {
    id: &'static str,
    name: &'static str,
    kind: Kind,
    delivery: &'static str,
}

const TRIALS: [Trial; 2] = [
    Trial {
        id: "personal",
        name: "回音（个人号）",
        kind: Kind::Subscription,
        delivery: "patient",
    },
    Trial {
        id: "service",
        name: "回音（认证服务号）",
        kind: Kind::VerifiedService,
        delivery: "send",
    },
];

/// The names of the people with phones.
pub(super) const PEOPLE: [&str; 2] = ["小明", "小红"];

/// Starts the program that answers, writes the settings, and connects the accounts with the simulator.
pub(super) async fn start(simulator: &Simulator) -> Result<Sample, String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
    let (listener, server) = listener(wanted()?).await?;
    let demo = Demo::start()
        .await
        .map_err(|error| failed("no port is free", &error))?;
    let folder = folder().map_err(|error| failed("cannot make a temporary folder", &error))?;
    let mut file = format!(
        "listen = \"{server}\"\npublic_url = \"http://{server}\"\n\n[log]\nlevel = \"warn\"\n"
    );
    let mut accounts = Vec::new();
    for trial in TRIALS {
        let token = format!("{:032x}", rand::random::<u128>());
        let key = key();
        let settings = account(&trial, server, &token, &key)?;
        write_account(
            &mut file,
            &trial,
            &settings,
            &token,
            &key,
            &demo,
            &simulator.base(),
        );
        let app_id = simulator
            .add_account(settings.clone())
            .map_err(|error| error.to_string())?;
        let [first, _] = PEOPLE.map(|person| follower(simulator, &app_id, person));
        accounts.push((settings, first));
    }
    let config = read(&folder.0, &file)?;
    Ok(Sample {
        config,
        listener,
        folder,
        accounts,
        has_menus: true,
    })
}

impl Sample {
    /// Says where the data is: other commands find the server by it.
    pub(super) fn announce(&self) {
        let data = self.config.data.display();
        println!(
            "  数据 · data   {data}  (结束时删除 · removed at the end)\n  别的命令这样找到它 · so other commands find it:\n    \
             echostr account list --data {data}\n"
        );
    }

    /// These accounts are connected already.
    pub(super) fn new(
        config: Config,
        listener: TcpListener,
        folder: Folder,
        accounts: Vec<(AccountSettings, OpenId)>,
    ) -> Self {
        Self {
            config,
            listener,
            folder,
            accounts,
            has_menus: false,
        }
    }

    /// Answers until `stop` is ready. Meanwhile the accounts get their menus, and one person follows.
    pub(super) async fn run(
        self,
        simulator: Simulator,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), String> {
        let Self {
            config,
            listener,
            folder,
            accounts,
            has_menus,
        } = self;
        let setting_up = tokio::spawn(set_up(simulator, accounts, has_menus));
        let served = serve::serve(config, listener, stop).await;
        setting_up.abort();
        drop(folder);
        served
    }
}

/// What the owners of the accounts would do, and a first follower.
async fn set_up(simulator: Simulator, accounts: Vec<(AccountSettings, OpenId)>, has_menus: bool) {
    for (settings, first) in accounts {
        if has_menus
            && settings.kind.is_verified()
            && let Err(problem) = create_menu(&simulator, &settings).await
        {
            eprintln!("simulate: 菜单没有建好 · the menu could not be made: {problem}");
        }
        if let Err(problem) = simulator.act(&settings.app_id, &first, Action::Follow) {
            eprintln!("simulate: {problem}");
        }
    }
}

async fn create_menu(simulator: &Simulator, settings: &AccountSettings) -> Result<(), String> {
    let platform = Platform::new(&Settings::default()).map_err(|error| error.to_string())?;
    let base: ApiBase = simulator
        .base()
        .parse()
        .map_err(|error| format!("{error}"))?;
    let account = ApiAccount {
        base: Some(base),
        ..ApiAccount::new(settings.app_id.clone(), settings.app_secret.clone())
    };
    let menu = CreateCustomMenu {
        button: vec![
            Button::click("等 12 秒", "等 12"),
            Button::sub_menu(
                "试试",
                vec![
                    Button::click("等 30 秒", "等 30"),
                    Button::click("边想边写", "写 20"),
                    Button::click("一篇长文", "长文"),
                    Button::view("打开网页", "https://mp.weixin.qq.com/"),
                ],
            ),
            Button::click("帮助", "帮助"),
        ],
    };
    let created = platform.client(account).call(menu).await;
    created.map(|_| ()).map_err(|error| error.to_string())
}

/// What the environment says about where to listen.
fn wanted() -> Result<SocketAddr, String> {
    match std::env::var("ECHOSTR_LISTEN") {
        Err(_) => Ok(USUAL),
        Ok(text) => text.trim().parse().map_err(|_| {
            format!(
                "ECHOSTR_LISTEN 是 `{text}`，要写 IP 地址和端口 · `ECHOSTR_LISTEN` is `{text}`, an IP address and a port are needed, \
                 like `{USUAL}`"
            )
        }),
    }
}

/// Listens there, and says by which address this machine reaches it.
pub(super) async fn listener(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let listener = match TcpListener::bind(wanted).await {
        Err(_) if wanted == USUAL => TcpListener::bind((USUAL.ip(), 0)).await,
        bound => bound,
    };
    let listener = listener.map_err(|error| {
        format!(
            "服务器无法监听 {wanted}（{error}），用 listen 或 ECHOSTR_LISTEN 换一个地址，端口 0 是任一空闲的 · the server cannot listen on \
             {wanted}: {error}; choose another address with `listen` or `ECHOSTR_LISTEN`, port 0 is any free one"
        )
    })?;
    let mut server = listener.local_addr().map_err(|error| error.to_string())?;
    if server.ip().is_unspecified() {
        server.set_ip(USUAL.ip());
    }
    Ok((listener, server))
}

/// Only its owner may look into it: it holds what they write to the bot.
pub(super) fn folder() -> std::io::Result<Folder> {
    let path =
        std::env::temp_dir().join(format!("echostr-simulate-{:016x}", rand::random::<u64>()));
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path)?;
    Ok(Folder(path))
}

fn key() -> String {
    use base64::Engine as _;
    let bytes: [u8; 32] = rand::random();
    // 43 characters without the last one's padding; any of `A-Za-z0-9`.
    let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
    text.replace(['+', '/'], "k")
}

fn account(
    trial: &Trial,
    server: SocketAddr,
    token: &str,
    key: &str,
) -> Result<AccountSettings, String> {
    let mut settings = AccountSettings::new(trial.name);
    settings.kind = trial.kind;
    let sealing = Sealing {
        key: key
            .parse::<EncodingAesKey>()
            .map_err(|error| error.to_string())?,
        app_id: settings.app_id.clone(),
    };
    settings.server = Some(ServerConfig {
        url: format!("http://{server}/mp/{}", trial.id),
        token: token.parse::<Token>().map_err(|error| error.to_string())?,
        mode: Mode::Safe(sealing),
    });
    Ok(settings)
}

fn write_account(
    file: &mut String,
    trial: &Trial,
    settings: &AccountSettings,
    token: &str,
    key: &str,
    demo: &Demo,
    base: &str,
) {
    let Trial {
        id, name, delivery, ..
    } = trial;
    let (app_id, secret): (&AppId, &str) = (&settings.app_id, settings.app_secret.expose());
    let (url, webhook) = (demo.url(), demo.secret());
    let _ = write!(
        file,
        "\n[[account]]\nid = \"{id}\"\nname = \"{name}\"\ntoken = \"{token}\"\nmode = \"safe\"\napp_id = \"{app_id}\"\n\
         encoding_aes_key = \"{key}\"\ndelivery = \"{delivery}\"\nwelcome = '''{}'''\n\
         bot = {{ kind = \"http\", url = \"{url}\", secret = \"{webhook}\", timeout_secs = 300, events = true }}\n",
        super::demo::WELCOME,
    );
    if trial.kind.is_verified() {
        let _ = write!(file, "app_secret = \"{secret}\"\napi_base = \"{base}\"\n");
    }
}

/// Reads the settings as any others.
fn read(folder: &Path, file: &str) -> Result<Config, String> {
    let path = folder.join("echostr.toml");
    std::fs::write(&path, file)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let sources = Sources {
        config: Some(path),
        data: Some(folder.join("data").display().to_string()),
        ..Sources::default()
    };
    let (config, _) = load(&sources).map_err(|faults| faults.to_string())?;
    log::start(config.log);
    Ok(config)
}
