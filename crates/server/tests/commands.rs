//! Commands: while a server runs and while none does, what they refuse, when a change counts, and what they never say.

mod common;

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::command::{Running, Said, check};
use common::{
    APP_ID, Folder, KEY, PATIENCE, Request, SERVE, Server, TOKEN, echostr, sealing, signed,
    text_shown,
};
use echostr_simulator::{Mode, Platform, Push};
use serde_json::Value;

const OTHER_TOKEN: &str = "OtherOtherOther";
const OTHER_KEY: &str = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba";

/// A server without a file of settings.
fn serve(folder: &Arc<Folder>) -> Server {
    Server::start_as(&mut echostr(folder, &SERVE), folder)
}

fn stop(mut server: Server) {
    server.terminate();
    let (log, status) = server.wait_for_end();
    assert!(status.success(), "{log}");
}

fn json(said: &Said) -> Vec<Value> {
    let lines = said.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn every_command_does_the_same_with_and_without_a_running_server() {
    for is_running in [true, false] {
        let folder = Arc::new(Folder::new());
        folder.write("token", TOKEN);
        let server = is_running.then(|| serve(&folder));
        let says = |arguments: &[&str], words: &[&str]| check(&folder, arguments, 0, words);

        let made = says(
            &["account", "add", "shop", "--name", "小店"],
            &["明文模式 · plain"],
        );
        let since = if is_running {
            "立即生效 · the account shop is there, at once"
        } else {
            "下次启动时生效（没有服务器在用 ./data）"
        };
        assert!(made.err.contains(since), "{made:#?}");
        assert_eq!(made.out.lines().count(), 3, "{made:#?}");
        assert_eq!(made.line("URL"), "https://你的域名/mp/shop");
        assert_eq!(made.line("EncodingAESKey").len(), 43);
        let token = made.line("Token");
        says(
            &["account", "show", "shop"],
            &["小店", "/mp/shop", "还没有 · never"],
        );
        let set = [
            "account",
            "set",
            "shop",
            "--welcome",
            "您好",
            "--text",
            "wait=等等",
            "--token-file",
            "token",
            "--bot",
            "none",
        ];
        says(&set, &["您好", "none", "the one before counts until"]);
        let shown = says(&["account", "show", "shop", "--json"], &[]);
        let shown = &json(&shown)[0];
        assert_eq!(shown["texts"]["wait"], "等等");
        assert_eq!(shown["welcome"], "您好");
        says(
            &[
                "account",
                "set",
                "shop",
                "--default",
                "texts.wait",
                "--default",
                "welcome",
            ],
            &["（默认 · the default）"],
        );
        let shown = says(&["account", "show", "shop", "--json"], &[]);
        assert_eq!(json(&shown)[0]["texts"]["wait"], Value::Null);

        let rotated = says(
            &["account", "rotate", "shop", "--encoding-aes-key"],
            &["Token：不变"],
        );
        assert_eq!(rotated.line("EncodingAESKey").len(), 43);
        let rotated = says(&["account", "rotate", "shop"], &["EncodingAESKey：不变"]);
        assert_ne!(rotated.line("Token"), token);
        says(&["account", "disable", "shop"], &["停用"]);
        says(&["account", "list"], &["小店", "停用 disabled"]);
        says(&["account", "enable", "shop"], &["启用"]);
        let listed = says(&["account", "list", "--json"], &[]);
        assert_eq!(json(&listed)[0]["disabled_at_ms"], Value::Null);

        let document = says(&["export"], &["id = \"shop\"", "小店"]).out;
        folder.write("accounts.toml", &document.replace("小店", "大店"));
        says(
            &["apply", "accounts.toml", "--dry-run"],
            &["~ 修改 change  公众号 account  shop  name"],
        );
        says(&["account", "list"], &["小店"]);
        says(&["apply", "accounts.toml", "--yes"], &["shop", "已执行，"]);
        says(&["account", "list"], &["大店"]);
        says(&["apply", "accounts.toml"], &["nothing to change"]);
        says(
            &["export", "--secrets", "--output", "secrets.toml"],
            &["secrets.toml"],
        );
        let file = folder.path().join("secrets.toml");
        let mode = fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let secrets = fs::read_to_string(&file).expect("it is there");
        assert!(secrets.contains(&rotated.line("Token")), "{secrets}");

        let key = says(
            &[
                "api-key",
                "create",
                "--scope",
                "messages:read",
                "--name",
                "backup",
            ],
            &["this once"],
        )
        .out;
        assert!(
            key.starts_with("echostr_") && key.lines().count() == 1,
            "{key}"
        );
        let keys = says(&["api-key", "list", "--json"], &[]);
        let id = json(&keys)[0]["id"].as_str().expect("an id").to_owned();
        says(&["api-key", "revoke", &id], &[&id]);
        says(&["api-key", "list"], &["backup", "已吊销 revoked"]);
        says(&["secrets", "rotate"], &["encrypted under the master key"]);
        says(&["message", "list"], &["no messages"]);
        says(&["message", "list", "--search", "价格"], &["no messages"]);
        says(&["answer", "list"], &["no answer"]);
        says(&["follower", "list"], &["no followers"]);
        says(&["account", "remove", "shop", "--yes"], &["removed"]);
        says(&["account", "list"], &["还没有公众号"]);
        let audit = says(&["audit", "list", "--json", "--subject", "shop"], &[]);
        let done: Vec<_> = json(&audit)
            .iter()
            .rev()
            .map(|entry| {
                (
                    entry["action"].as_str().unwrap_or_default().to_owned(),
                    entry["actor"].clone(),
                )
            })
            .collect();
        assert_eq!(
            done.first(),
            Some(&("account.create".into(), "command line".into()))
        );
        assert_eq!(
            done.last(),
            Some(&("account.remove".into(), "command line".into()))
        );
        says(
            &["audit", "list", "--limit", "1"],
            &["account.remove", "--before"],
        );
        if let Some(server) = server {
            stop(server);
        }
        // What was done without a server is there for the next one, and the other way round.
        says(&["audit", "list"], &["api-key"].map(|_| "backup"));
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_what_to_do() {
    let folder = Arc::new(Folder::new());
    folder.write(
        "bot.toml",
        "kind = \"http\"\nurl = \"https://bot.example.com/\"\n",
    );
    folder.write("broken.toml", "secret = whsec_planted");
    folder.write("accounts.toml", "[[account]]\nid = \"new\"\n");
    check(
        &folder,
        &["account", "list"],
        1,
        &["there is no database at", "--data"],
    );
    check(&folder, &["account", "add", "shop"], 0, &[]);
    for is_running in [true, false] {
        let server = is_running.then(|| serve(&folder));
        for (arguments, code, words) in [
            (
                "account show nobody",
                1,
                &["没有这个公众号", "`nobody`"][..],
            ),
            ("account show ../keys", 1, &["没有这个公众号"]),
            ("account set nobody --name x", 1, &["没有这个公众号"]),
            ("account rotate nobody", 1, &["没有这个公众号"]),
            ("account disable nobody", 1, &["没有这个公众号"]),
            ("account remove nobody --yes", 1, &["没有这个公众号"]),
            ("account remove shop", 2, &["--yes"]),
            ("account add shop", 1, &["已有这个 id", "choose another id"]),
            ("account add Shop", 2, &["`id`", "1 to 32 of a-z"]),
            ("account add new --mode safe", 2, &["`app_id`", "safe"]),
            ("account add new --app-id wx1", 2, &["`app_id`"]),
            ("account add new --token x", 2, &["`token`", "ps"]),
            (
                "account add new --delivery slow --language de",
                2,
                &["`delivery`", "`language`"],
            ),
            (
                "account add new --text weit=x",
                2,
                &["`texts.weit`", "`texts.wait`"],
            ),
            ("account add new --text x", 2, &["NAME=TEXT"]),
            ("account add new --bot-file bot.toml", 2, &["`bot.secret`"]),
            (
                "account add new --bot-file broken.toml",
                2,
                &["--bot-file", "broken.toml", "TOML"],
            ),
            (
                "account add new --token-file none",
                2,
                &["--token-file", "none"],
            ),
            (
                "account add new --token-file - --app-secret-file -",
                2,
                &["standard input"],
            ),
            (
                "account add shop",
                1,
                &["要改已有的就用 echostr account set shop"],
            ),
            ("account set shop", 2, &["nothing to change"]),
            ("account set shop --default nome", 2, &["`nome`", "`name`"]),
            (
                "account set shop --name x --default name",
                2,
                &["choose one"],
            ),
            (
                "apply accounts.toml",
                2,
                &["+ 新建 create  公众号 account  new", "--yes"],
            ),
            ("apply none.toml --yes", 2, &["none.toml"]),
            ("apply broken.toml --yes", 2, &["TOML"]),
            ("api-key create --scope everything", 2, &["`scopes"]),
            ("api-key revoke k_00000000", 1, &["没有这个 API 密钥"]),
            (
                "message list --account nobody",
                1,
                &["没有这个公众号", "nobody"],
            ),
            ("message show 99", 1, &["99"]),
            (
                "turn list --outcome foo",
                2,
                &[
                    "有的选项不可用",
                    "`--outcome` is `foo`; allowed: `answered`",
                ],
            ),
            ("answer revoke 7", 1, &["没有这条回答", "`7`"]),
            ("follower forget shop Ben", 2, &["--yes"]),
            (
                "follower forget shop Ben --yes",
                1,
                &["没有这个关注者", "Ben"],
            ),
            ("follower export shop Ben", 1, &["没有这个关注者", "Ben"]),
        ] {
            let arguments: Vec<_> = arguments.split(' ').collect();
            let said = check(&folder, &arguments, code, words);
            assert!(!said.all().contains("planted"), "{said:#?}");
        }
        check(&folder, &["account", "list"], 0, &["shop"]);
        let said = check(&folder, &["account", "list"], 0, &[]);
        assert!(!said.out.contains("new"), "{said:#?}");
        if let Some(server) = server {
            stop(server);
        }
    }
}

#[test]
fn secrets_of_a_bot_are_not_deleted_without_being_asked() {
    let folder = Arc::new(Folder::new());
    let secret = "UGxhbnRlZEJvdFNlY3JldFBsYW50ZWRCb3RTZWM=";
    let url = "url = \"http://127.0.0.1:9/\"";
    for (name, bot, lost) in [
        (
            "http",
            format!("kind = \"http\"\n{url}\nsecret = \"whsec_{secret}\"\n"),
            &["bot.secret"][..],
        ),
        (
            "relay",
            format!(
                "kind = \"relay\"\n{url}\ntoken = \"{TOKEN}\"\nmode = \"safe\"\napp_id = \"{APP_ID}\"\nencoding_aes_key = \"{KEY}\"\n"
            ),
            &["bot.encoding_aes_key, bot.token"],
        ),
    ] {
        folder.write(name, &bot);
        check(
            &folder,
            &["account", "add", name, "--bot-file", name],
            0,
            &[],
        );
        let set = ["account", "set", name];
        for more in [
            &["--bot", "none"][..],
            &["--bot", "echo"],
            &["--default", "bot"],
        ] {
            let words = [lost, &["--yes", name]].concat();
            check(&folder, &[&set[..], more].concat(), 2, &words);
            check(&folder, &["account", "show", name], 0, &[name, "127.0.0.1"]);
        }
        // The same kind keeps them.
        check(&folder, &[&set[..], &["--bot", name]].concat(), 0, &[]);
        let yes = [&set[..], &["--bot", "none", "--yes"]].concat();
        check(&folder, &yes, 0, &["none"]);
        // There are none any more.
        check(&folder, &[&set[..], &["--default", "bot"]].concat(), 0, &[]);
    }
}

#[test]
fn an_account_of_the_file_is_shown_and_not_changed() {
    let server = Server::start(common::SHOP);
    let folder = server.folder();
    check(folder, &["account", "show", "shop"], 0, &["设置文件"]);
    for arguments in [
        &["account", "set", "shop", "--name", "x"][..],
        &["account", "rotate", "shop"],
        &["account", "remove", "shop", "--yes"],
    ] {
        check(folder, arguments, 1, &["设置文件", "file of settings"]);
    }
}

/// The status of a handshake.
fn greeted(server: &Server, token: &str) -> u16 {
    server.get(&signed("/mp/shop", token, "&echostr=7")).status
}

#[test]
fn a_change_counts_from_the_moment_in_which_the_command_ends() {
    let folder = Arc::new(Folder::new());
    folder.write("token", TOKEN);
    folder.write("other", OTHER_TOKEN);
    let server = serve(&folder);
    let statuses = |expected: [u16; 2]| {
        let start = Instant::now();
        let found = [TOKEN, OTHER_TOKEN].map(|token| greeted(&server, token));
        assert_eq!(found, expected, "{:?} after the command", start.elapsed());
    };
    for (arguments, expected) in [
        (
            &["account", "add", "shop", "--token-file", "token"][..],
            [200, 404],
        ),
        (&["account", "disable", "shop"], [404, 404]),
        (&["account", "enable", "shop"], [200, 404]),
        (
            &["account", "set", "shop", "--token-file", "other"],
            [200, 200],
        ),
        (&["account", "remove", "shop", "--yes"], [404, 404]),
        (
            &["account", "add", "shop", "--token-file", "other"],
            [404, 200],
        ),
    ] {
        check(&folder, arguments, 0, &[]);
        statuses(expected);
    }
}

#[test]
fn open_access_does_not_answer_for_an_account_that_is_disabled() {
    let folder = Arc::new(Folder::new());
    folder.write("token", TOKEN);
    folder.write("other", OTHER_TOKEN);
    let mut server = serve(&folder);
    let add = ["account", "add", "shop", "--token-file", "token"];
    check(&folder, &add, 0, &[]);
    let set = ["account", "set", "shop", "--token-file", "other"];
    check(&folder, &set, 0, &[]);
    let statuses = |server: &Server, expected: [u16; 3]| {
        let statuses = [TOKEN, OTHER_TOKEN, "AnyThirdToken"].map(|token| {
            let target = signed(&format!("/wechatMP/{token}"), token, "&echostr=7");
            server.get(&target).status
        });
        assert_eq!(statuses, expected);
    };
    statuses(&server, [200, 200, 200]);
    check(&folder, &["account", "disable", "shop"], 0, &[]);
    statuses(&server, [404, 404, 200]);
    stop(server);
    server = serve(&folder);
    statuses(&server, [404, 404, 200]);
    check(&folder, &["account", "enable", "shop"], 0, &[]);
    assert_eq!(greeted(&server, OTHER_TOKEN), 200);
    // Nobody's any more, as the manual says.
    check(&folder, &["account", "remove", "shop", "--yes"], 0, &[]);
    statuses(&server, [200, 200, 200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_the_next_answer() {
    let folder = Arc::new(Folder::new());
    folder.write("token", TOKEN);
    let server = serve(&folder);
    check(
        &folder,
        &["account", "add", "shop", "--token-file", "token"],
        0,
        &[],
    );
    let shop = server.platform("/mp/shop", TOKEN, Mode::Plain);
    for welcome in ["你好", "Hello"] {
        check(
            &folder,
            &["account", "set", "shop", "--welcome", welcome],
            0,
            &[],
        );
        let outcome = shop.push(&Push::subscribe().by(welcome)).await;
        assert_eq!(text_shown(&outcome.shown), welcome);
    }
    check(
        &folder,
        &["account", "set", "shop", "--bot", "none"],
        0,
        &[],
    );
    let outcome = shop.push(&Push::text("hello")).await;
    assert_eq!(outcome.shown, echostr_simulator::Shown::Nothing);
}

/// Adds the account `shop` and waits.
fn waiting(folder: &Folder, more: &[&str]) -> Running {
    let add = ["account", "add", "shop", "--token-file", "token"];
    let mut waiting = Running::start(folder, &[&add, more, &["--wait"]].concat());
    waiting.wait_for("Ctrl-C");
    waiting
}

fn platform(server: &Server, token: &str, mode: Mode) -> Platform {
    let mut platform = server.platform("/mp/shop", token, mode);
    platform.clock.deliveries = 1;
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_what_came_instead_of_the_handshake() {
    let folder = Arc::new(Folder::new());
    folder.write("token", TOKEN);
    let server = serve(&folder);
    let mut waiting = waiting(&folder, &[]);
    // A health check or a browser, again and again.
    for target in ["/mp/shop", "/mp/shop", "/mp/shop?signature="] {
        assert_eq!(server.get(target).status, 404);
        assert_eq!(server.send(&Request::post(target, b"x")).status, 404);
    }
    waiting.wait_for("✗ 没有签名：浏览器、健康检查或扫描，不是公众平台");
    let wrong = platform(&server, OTHER_TOKEN, Mode::Plain);
    assert!(!wrong.handshake().await.passed());
    waiting.wait_for("the token on the platform's page is another one");
    let right = platform(&server, TOKEN, Mode::Plain);
    assert!(right.handshake().await.passed());
    waiting.wait_for("✓ 握手成功");
    let (said, code) = waiting.end();
    assert_eq!(code, 0, "{said}");
    for words in ["没有签名", "签名不对"] {
        assert_eq!(said.matches(words).count(), 1, "{said}");
    }
    check(
        &folder,
        &["account", "show", "shop"],
        0,
        &["6 × unsigned", "1 × bad_signature"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_with_a_key_is_told_whether_the_first_message_can_be_read() {
    for (key, words, expected) in [
        (KEY, "✓ 第一条推送已收到", 0),
        (
            OTHER_KEY,
            "the EncodingAESKey on the platform's page is another one",
            1,
        ),
    ] {
        let folder = Arc::new(Folder::new());
        folder.write("token", TOKEN);
        folder.write("key", KEY);
        let server = serve(&folder);
        let safe = ["--app-id", APP_ID, "--encoding-aes-key-file", "key"];
        let mut waiting = waiting(&folder, &safe);
        let platform = platform(&server, TOKEN, Mode::Safe(sealing(key, APP_ID)));
        assert!(platform.handshake().await.passed());
        waiting.wait_for("send the account a message");
        // Strangers do not end it.
        assert_eq!(server.get("/mp/shop").status, 404);
        assert_eq!(greeted(&server, OTHER_TOKEN), 404);
        waiting.wait_for("签名不对");
        platform.push(&Push::text("hello")).await;
        waiting.wait_for(words);
        let (said, code) = waiting.end();
        assert_eq!(code, expected, "{said}");
    }
}

#[test]
fn who_waits_in_vain_is_told_so_and_the_account_is_there() {
    let folder = Arc::new(Folder::new());
    let add = ["account", "add", "shop", "--wait", "0"];
    check(&folder, &add, 1, &["echostr serve", "no handshake came"]);
    let _server = serve(&folder);
    check(&folder, &["account", "list"], 0, &["shop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_of_an_account_is_shown_with_what_to_do() {
    let folder = Arc::new(Folder::new());
    folder.write("token", TOKEN);
    folder.write("key", KEY);
    let server = serve(&folder);
    let add = [
        "account",
        "add",
        "shop",
        "--token-file",
        "token",
        "--app-id",
        APP_ID,
        "--encoding-aes-key-file",
        "key",
        "--mode",
        "compatible",
    ];
    check(&folder, &add, 0, &[]);
    assert_eq!(greeted(&server, TOKEN), 200);
    assert_eq!(greeted(&server, OTHER_TOKEN), 404);
    let safe = platform(&server, TOKEN, Mode::Safe(sealing(KEY, APP_ID)));
    let outcome = safe.push(&Push::text("hello")).await;
    assert_eq!(text_shown(&outcome.shown), "hello");
    check(
        &folder,
        &["account", "show", "shop"],
        0,
        &[
            "刚刚",
            "safe ←",
            "compatible",
            "1 × bad_signature",
            "the token on the platform's page",
        ],
    );
}

#[test]
fn planted_secrets_are_in_no_output_and_no_log() {
    const SECRETS: [&str; 5] = [
        "PlantedTokenOne1",
        "PlantedTokenTwo2",
        "PlantedKeyPlantedKeyPlantedKeyPlantedKey012",
        "5ec2e75ec2e75ec2e75ec2e75ec2e75e",
        "UGxhbnRlZEJvdFNlY3JldFBsYW50ZWRCb3RTZWM=",
    ];
    // No secret by itself; it is a setting, and never shown.
    const QUERY: &str = "PlantedQuery";
    let folder = Arc::new(Folder::new());
    for (name, secret) in ["one", "two", "key", "app"].into_iter().zip(SECRETS) {
        folder.write(name, secret);
    }
    folder.write(
        "bot.toml",
        &format!(
            "kind = \"http\"\nurl = \"http://127.0.0.1:9/?key={QUERY}\"\nsecret = \"whsec_{}\"\n",
            SECRETS[4]
        ),
    );
    let mut heard = String::new();
    for is_running in [true, false] {
        let server = is_running.then(|| serve(&folder));
        let id = if is_running { "first" } else { "second" };
        let add = format!(
            "account add {id} --token-file one --encoding-aes-key-file key --app-secret-file app --bot-file bot.toml"
        );
        for (arguments, code) in [
            (&*add, 0),
            (&format!("account add {id}-too --token-file one"), 1),
            (&format!("account set {id} --token-file two"), 0),
            (
                &format!("account set {id} --token-file key --app-id wx1"),
                2,
            ),
            (&format!("account add {id}-too --bot-file key"), 2),
            (&format!("account show {id}"), 0),
            (&format!("account show {id} --json"), 0),
            (&format!("account rotate {id}"), 0),
            ("account list", 0),
            ("account list --json", 0),
            ("export", 0),
            ("audit list", 0),
            ("audit list --json", 0),
            ("secrets rotate", 0),
            ("apply bot.toml --yes", 2),
            ("apply one --yes", 2),
            (&format!("account remove {id} --yes"), 0),
            ("audit list --json", 0),
        ] {
            let arguments: Vec<_> = arguments.split(' ').collect();
            heard += &check(&folder, &arguments, code, &[]).all();
        }
        if let Some(server) = server {
            heard += &server.log();
            stop(server);
        }
    }
    assert!(!heard.contains(QUERY), "{heard}");
    for file in ["echostr.db", "echostr.db-wal", "master.key"] {
        let bytes = fs::read(folder.path().join("data").join(file)).unwrap_or_default();
        heard += &String::from_utf8_lossy(&bytes);
    }
    for secret in SECRETS {
        let place = heard
            .find(secret)
            .map(|at| heard[..at].chars().rev().take(300).collect::<Vec<_>>());
        let before = place.map(|characters| characters.into_iter().rev().collect::<String>());
        assert_eq!(before, None, "what stands before {secret}");
    }
}

#[test]
fn the_socket_is_for_its_user_only_from_its_first_moment_on() {
    let folder = Arc::new(Folder::new());
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("the folder can be written");
    let socket = data.join("echostr.sock");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut modes = std::collections::BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                if let Ok(metadata) = fs::symlink_metadata(&socket) {
                    assert!(metadata.file_type().is_socket());
                    modes.insert(metadata.permissions().mode() & 0o777);
                }
            }
            modes
        });
        // Everybody may do everything, if it were for the umask.
        let mut shell = echostr(&folder, &[]);
        let program = shell.get_program().to_owned();
        shell = std::process::Command::new("sh");
        shell
            .current_dir(folder.path())
            .args(["-c", "umask 000; exec \"$0\" \"$@\""])
            .arg(program)
            .args(SERVE);
        let server = Server::start_as(&mut shell, &folder);
        check(&folder, &["account", "list"], 0, &[]);
        stop(server);
        is_over.store(true, Ordering::Relaxed);
        let modes = watching.join().expect("it only looks");
        assert_eq!(modes, [0o600].into());
    });
    assert!(!socket.exists(), "it is removed at the stop");
}

#[test]
fn commands_reach_the_server_after_one_that_was_killed() {
    let folder = Arc::new(Folder::new());
    let mut server = serve(&folder);
    check(&folder, &["account", "add", "shop"], 0, &[]);
    server.kill();
    let socket = folder.path().join("data/echostr.sock");
    assert!(socket.exists());
    check(&folder, &["account", "list"], 0, &["shop"]);
    let server = serve(&folder);
    UnixStream::connect(&socket).expect("somebody listens");
    check(&folder, &["account", "remove", "shop", "--yes"], 0, &[]);
    stop(server);
}

#[test]
fn a_server_that_is_asked_by_many_at_once_answers_all() {
    let folder = Arc::new(Folder::new());
    let server = serve(&folder);
    check(&folder, &["account", "add", "shop"], 0, &[]);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| check(&folder, &["account", "list"], 0, &["shop"]));
        }
    });
    assert!(start.elapsed() < PATIENCE + Duration::from_secs(10));
    stop(server);
}
