//! The doctor upon the real server and the simulated platform: a held connection, and what calls meet.

mod common;

use std::net::IpAddr;

use common::command::{Said, check, run_with};
use common::{Folder, SHOP, Server, TOKEN};
use echostr_simulator::doctor::SLOW_ANSWER;
use echostr_simulator::exchange::What;
use echostr_simulator::world::{AccountSettings, Kind, ServerConfig};
use echostr_simulator::{Clock, Mode, Simulator};

/// A simulated platform with one account, and the runtime in which it runs.
struct Far {
    simulator: Simulator,
    account: AccountSettings,
    _runtime: tokio::runtime::Runtime,
}

impl Far {
    fn with(change: impl FnOnce(&mut AccountSettings)) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let simulator = runtime
            .block_on(Simulator::start(Clock::default()))
            .expect("a free port");
        let mut account = AccountSettings {
            server: Some(ServerConfig {
                url: "http://127.0.0.1:1/mp/shop".into(),
                token: common::token(TOKEN),
                mode: Mode::Plain,
            }),
            ..AccountSettings::new("雯子")
        };
        change(&mut account);
        simulator.add_account(account.clone()).expect("an address");
        Self {
            simulator,
            account,
            _runtime: runtime,
        }
    }

    /// The lines of an account of the server that calls it.
    fn lines(&self) -> String {
        format!(
            "app_id = \"{}\"\napp_secret = \"{}\"\napi_base = \"{}\"\n",
            self.account.app_id,
            self.account.app_secret.expose(),
            self.simulator.base()
        )
    }

    /// The doctor with an AppSecret from standard input.
    #[track_caller]
    fn examined(&self, secret: &str, code: i32, words: &[&str]) -> Said {
        let base = self.simulator.base();
        let arguments = [
            "doctor",
            "--app-id",
            self.account.app_id.as_str(),
            "--app-secret-file",
            "-",
            "--api-base",
            &base,
        ];
        let said = run_with(&Folder::new(), &arguments, secret);
        assert_eq!(said.code, code, "{said:#?}");
        for words in words {
            assert!(said.out.contains(words), "no `{words}`:\n{}", said.out);
        }
        assert!(!said.all().contains(secret), "{said:#?}");
        said
    }
}

/// What the doctor says of a held connection, with an account whose settings have these lines, too.
#[track_caller]
fn check_held(lines: &str, words: &[&str]) -> Server {
    let server = Server::start(&format!("{SHOP}{lines}"));
    let url = format!("http://{}/mp/shop", server.address);
    let arguments = ["doctor", &url, "--token", TOKEN];
    check(server.folder(), &arguments, 0, words);
    server
}

#[test]
fn a_slow_answer_is_held_and_comes_on_the_second_delivery() {
    let held = [
        SLOW_ANSWER,
        "the first was held for 5.",
        "this is delivery 2",
    ];
    let server = check_held("", &held);
    // At its other address as well.
    let url = format!("http://{}/wechatMP/{TOKEN}", server.address);
    check(
        server.folder(),
        &["doctor", &url, "--token", TOKEN],
        0,
        &held,
    );
}

#[test]
fn in_open_access_nobody_can_have_an_answer_held() {
    let server = Server::start(SHOP);
    let url = format!("http://{}/wechatMP/Stranger1", server.address);
    let at_once = ["[跳过 skipped]", "was answered at once"];
    let arguments = ["doctor", &url, "--token", "Stranger1"];
    let said = check(server.folder(), &arguments, 0, &at_once);
    assert!(!said.out.contains(SLOW_ANSWER), "{}", said.out);
}

#[test]
fn with_the_strategy_quick_the_doctor_says_that_nothing_is_held() {
    check_held(
        "delivery = \"quick\"\n",
        &["held connections were not tested", "点这里看回答"],
    );
}

#[test]
fn nothing_is_sent_to_the_doctor() {
    let far = Far::with(|_| {});
    let lines = format!("delivery = \"send\"\n{}", far.lines());
    check_held(&lines, &[SLOW_ANSWER, "this is delivery 2"]);
    let world = far.simulator.world();
    let sent: Vec<_> = world
        .log
        .records()
        .filter_map(|record| match &record.what {
            What::Call(called) => Some(String::from_utf8_lossy(&called.request).into_owned()),
            What::Push(_) => None,
        })
        .filter(|request| request.contains("oEchostr-"))
        .collect();
    assert_eq!(sent, [""; 0]);
}

#[test]
fn what_an_account_may_do_is_told() {
    let far = Far::with(|_| {});
    let secret = far.account.app_secret.expose().to_owned();
    let said = far.examined(
        &secret,
        0,
        &[
            "[通过 ok] 取 access_token",
            "可以 yes: 客服消息 customer-service messages，自定义菜单 menus",
            "不可以 no: 无 none",
            "1 个 · 1 of them: 127.0.0.1",
            "DNS: 127.0.0.1",
            "没有发现问题。",
        ],
    );
    // Nothing listens at port 1.
    assert!(said.out.contains("pings are not answered"), "{}", said.out);
    let far = Far::with(|account| account.kind = Kind::Subscription);
    let secret = far.account.app_secret.expose().to_owned();
    far.examined(
        &secret,
        0,
        &["可以 yes: 无 none", "followers have to tap a link"],
    );
}

#[test]
fn what_keeps_calls_from_working_is_named() {
    let far = Far::with(|_| {});
    far.examined(
        &"0".repeat(32),
        1,
        &["1. api-wrong-secret", "errcode 40125", "[跳过 skipped]"],
    );
    let far = Far::with(|account| account.allowed = vec![IpAddr::from([192, 0, 2, 7])]);
    let secret = far.account.app_secret.expose().to_owned();
    far.examined(
        &secret,
        1,
        &[
            "1. api-address-not-allowed",
            "请把 127.0.0.1 加进去",
            "add 127.0.0.1 to it",
        ],
    );
    let far = Far::with(|account| account.server = None);
    let secret = far.account.app_secret.expose().to_owned();
    far.examined(&secret, 1, &["1. callback-not-configured", "errcode 40201"]);
    let mut far = Far::with(|_| {});
    far.account.app_id = "wxffffffffffffffff".into();
    far.examined(&secret, 1, &["1. api-wrong-app-id", "errcode 40013"]);
    let nowhere = [
        "doctor",
        "--app-id",
        "wx0123456789abcdef",
        "--app-secret-file",
        "-",
        "--api-base",
        "http://127.0.0.1:1",
    ];
    let said = run_with(&Folder::new(), &nowhere, "0123456789abcdef0123456789abcdef");
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.out.contains("1. api-unreached"), "{}", said.out);
}

#[test]
fn an_account_of_the_server_is_examined_without_its_secret() {
    let (far, walled) = (
        Far::with(|_| {}),
        Far::with(|account| account.allowed = vec![IpAddr::from([192, 0, 2, 7])]),
    );
    let others = format!(
        "[[account]]\nid = \"walled\"\ntoken = \"Tokenwalled\"\n{}[[account]]\nid = \"poor\"\ntoken = \"Tokenpoor\"\n",
        walled.lines()
    );
    let server = Server::start(&format!("{SHOP}{}{others}", far.lines()));
    let folder = server.folder();
    let refused = ["1. api-address-not-allowed", "add 127.0.0.1 to it"];
    check(folder, &["doctor", "--account", "walled"], 1, &refused);
    let well = [
        "可以 yes: 客服消息",
        "没有发现问题。",
        "公众号 · account: shop",
    ];
    check(folder, &["doctor", "--account", "shop"], 0, &well);
    // Together with its address.
    let url = format!("http://{}/mp/shop", server.address);
    let both = ["doctor", &url, "--token", TOKEN, "--account", "shop"];
    check(
        folder,
        &both,
        0,
        &["the first was held for 5.", "可以 yes: 客服消息"],
    );
    check(
        folder,
        &["doctor", "--account", "poor"],
        1,
        &["没有设置 AppSecret", "Nothing could be examined"],
    );
    check(folder, &["doctor", "--account", "nobody"], 1, &["nobody"]);
}

#[test]
fn options_that_do_not_belong_together_are_refused() {
    let folder = Folder::new();
    for (arguments, word) in [
        (&["doctor"][..], "--token"),
        (&["doctor", "--app-secret-file", "-"], "--app-id"),
        (
            &["doctor", "--account", "shop", "--app-secret-file", "-"],
            "--app-secret-file",
        ),
        (&["doctor", "--account", "shop", "--token", TOKEN], "URL"),
        (
            &[
                "doctor",
                "--app-id",
                "wx0123456789abcdef",
                "--app-secret-file",
                "missing",
            ],
            "missing",
        ),
    ] {
        check(&folder, arguments, 2, &[word]);
    }
}
