//! Starting, stopping, and clients that take their time.

mod common;

use std::net::{TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use common::{Connection, Folder, Request, SHOP, Server, TOKEN, echostr, run, signed, text_push};

/// Settings under which one second is a long time.
const HASTY: &str = "[limits]\nheader_timeout_secs = 1\nbody_timeout_secs = 1\nshutdown_secs = 1\n";

fn hasty() -> String {
    [HASTY, SHOP].concat()
}

/// A push of which only the head has been sent, and the server is reading its body.
fn begin_push(server: &Server, body: &str) -> Connection {
    let mut connection = server.connect();
    let target = signed("/mp/shop", TOKEN, "");
    let request = Request {
        headers: vec![("Expect", "100-continue")],
        ..Request::post(&target, body.as_bytes())
    };
    let bytes = request.bytes("");
    connection.write(&bytes[..bytes.len() - body.len()]);
    // The server says so when it begins to read the body.
    assert_eq!(connection.response().status, 100);
    connection
}

#[track_caller]
fn assert_took_about_a_second(took: Duration) {
    assert!(
        took > Duration::from_millis(500) && took < Duration::from_secs(8),
        "{took:?}"
    );
}

#[test]
fn sigterm_lets_what_is_in_flight_end_and_refuses_what_is_new() {
    let mut server = Server::start(SHOP);
    let mut idle = server.connect();
    idle.write(&Request::get("/healthz").bytes(""));
    assert_eq!(idle.response().status, 200);
    let body = text_push("the last words", 1);
    let (half, other_half) = body.split_at(body.len() / 2);
    let mut in_flight = begin_push(&server, &body);
    in_flight.write(half.as_bytes());

    server.terminate();
    server.wait_for_log("stopping");
    assert!(
        TcpStream::connect(server.address).is_err(),
        "a new connection is accepted"
    );
    assert_eq!(idle.rest().0, b"", "an idle connection is closed");
    in_flight.write(other_half.as_bytes());
    let response = in_flight.response();
    assert_eq!(response.status, 200);
    assert!(response.text().contains("the last words"));

    let (log, status) = server.wait_for_end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let settings = [
        "[limits]\nshutdown_secs = 1\nbody_timeout_secs = 120\n",
        SHOP,
    ]
    .concat();
    let mut server = Server::start(&settings);
    let in_flight = begin_push(&server, &text_push("never sent", 1));
    server.terminate();
    let start = Instant::now();
    let (log, status) = server.wait_for_end();
    assert_took_about_a_second(start.elapsed());
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(
        log.contains("stopped although some requests had not ended"),
        "{log}"
    );
    assert_eq!(in_flight.rest().0, b"");
}

#[test]
fn a_head_that_is_too_large_gets_431_or_the_connection_closed() {
    let server = Server::start(SHOP);
    let long = "a".repeat(200_000);
    let heads = [
        Request {
            headers: vec![("X-Long", &*long)],
            ..Request::get("/mp/shop")
        }
        .bytes(""),
        Request::get(&format!("/mp/shop?{long}")).bytes(""),
        Request::get("/mp/shop").bytes(&"X-Many: 1\r\n".repeat(2_000)),
    ];
    for head in heads {
        let mut connection = server.connect();
        // The server may close before all of it is written.
        let _ = connection.try_write(&head);
        let status = connection.try_response().map(|response| response.status);
        assert!(matches!(status, None | Some(414 | 431)), "{status:?}");
        assert_eq!(server.get("/healthz").status, 200);
    }
    // The platform's own heads are far below the limit.
    let target = signed(
        "/mp/shop",
        TOKEN,
        &format!("&echostr=57&more={}", "a".repeat(4_000)),
    );
    assert_eq!(server.get(&target).text(), "57");
}

#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let server = Server::start(&hasty());
    for begun in [
        "",
        "G",
        "POST /mp/shop HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    ] {
        let mut connection = server.connect();
        connection.write(begun.as_bytes());
        let (_, took) = connection.rest();
        assert_took_about_a_second(took);
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_head_that_comes_byte_by_byte_does_not_hold_a_connection_for_ever() {
    let server = Server::start(&hasty());
    let mut connection = server.connect();
    let start = Instant::now();
    let mut head = b"GET /healthz HTTP/1.1\r\nX-Slow: "
        .iter()
        .chain(std::iter::repeat(&b'a'));
    // Each byte follows when nothing has come for a while; the server has to end this.
    while let Ok(()) = connection.try_write(&[*head.next().expect("it never ends")]) {
        if !connection.is_silent_for(Duration::from_millis(100)) {
            break;
        }
        assert!(start.elapsed() < common::PATIENCE, "it is held");
    }
    assert_took_about_a_second(start.elapsed());
}

#[test]
fn a_connection_that_is_idle_after_a_request_is_closed() {
    let server = Server::start(&hasty());
    let mut connection = server.connect();
    connection.write(&Request::get("/healthz").bytes(""));
    assert_eq!(connection.response().status, 200);
    let (rest, took) = connection.rest();
    assert_eq!(rest, b"");
    assert_took_about_a_second(took);
}

#[test]
fn a_body_that_does_not_come_gets_408() {
    let server = Server::start(&hasty());
    let body = text_push("half of it", 1);
    let mut connection = begin_push(&server, &body);
    connection.write(&body.as_bytes()[..body.len() / 2]);
    let start = Instant::now();
    let response = connection.response();
    assert_took_about_a_second(start.elapsed());
    assert_eq!((response.status, response.text()), (408, ""));
    server.wait_for_log("the body did not come in time");
}

#[test]
fn a_body_that_breaks_off_is_not_answered_and_is_noted() {
    let server = Server::start(SHOP);
    let body = text_push("half of it", 1);
    let mut connection = begin_push(&server, &body);
    connection.write(&body.as_bytes()[..body.len() / 2]);
    drop(connection);
    let line = server.wait_for_log("refused a request");
    assert!(line.contains("broken_off"), "{line}");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn connections_beyond_the_limit_wait_until_another_is_closed() {
    let server = Server::start("[limits]\nmax_connections = 2\n");
    let open = || {
        let mut connection = server.connect();
        connection.write(&Request::get("/healthz").bytes(""));
        connection
    };
    let (mut first, mut second) = (open(), open());
    assert_eq!(first.response().status, 200);
    assert_eq!(second.response().status, 200);
    let mut third = open();
    assert!(
        third.is_silent_for(Duration::from_millis(300)),
        "the third is served"
    );
    drop(first);
    assert_eq!(third.response().status, 200);
    // Those that are open go on being served.
    second.write(&Request::get("/healthz").bytes(""));
    assert_eq!(second.response().status, 200);
}

#[test]
fn a_client_that_does_not_read_its_answers_is_closed_and_gives_its_place_up() {
    let server = Server::start("[limits]\nmax_connections = 1\nheader_timeout_secs = 1\n");
    let mut greedy = server.connect();
    let start = Instant::now();
    let many = Request::get("/").bytes("").repeat(1_000);
    // The server stops reading when nobody takes its answers, and then has to end this.
    while greedy.try_write(&many).is_ok() {}
    assert_took_about_a_second(start.elapsed());
    // It holds the only place until then.
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn nothing_has_to_be_set() {
    let server = Server::start("");
    let target = signed("/wechatMP/AnyToken", "AnyToken", "&echostr=57");
    assert_eq!(server.get(&target).text(), "57");
    assert!(server.get("/").text().contains("/wechatMP/"));
}

#[test]
fn the_log_says_what_to_paste() {
    let server = Server::start(&format!("public_url = \"https://bot.example.com\"\n{SHOP}"));
    server.wait_for_log("https://bot.example.com/wechatMP/");
    server.wait_for_log("https://bot.example.com/mp/shop");
}

#[track_caller]
fn check(output: &Output, code: i32, said: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    for words in said {
        assert!(stderr.contains(words), "no `{words}` in:\n{stderr}");
    }
}

#[test]
fn a_faulty_configuration_ends_with_code_2_and_all_faults_on_standard_error() {
    let folder = Folder::new();
    folder.write(
        "bad.toml",
        "lisen = \"127.0.0.1:1\"\n[log]\nlevel = \"loud\"\n[limits]\nmax_connections = 0\n\
         [[account]]\nid = \"Shop!\"\ntoken = \"x\"\nmode = \"safe\"\n",
    );
    let faults = [
        "`lisen` is not known",
        "`log.level` is `loud`",
        "`limits.max_connections` is 0",
        "`account[0].id` is `Shop!`",
        "`account[0].token` has 1",
        "`account[0].mode` is `safe`, which needs `app_id` and `encoding_aes_key`",
    ];
    for arguments in [
        &["--config", "bad.toml"][..],
        &["serve", "--config", "bad.toml"],
        &["config", "check", "bad.toml"],
    ] {
        let output = run(&folder, arguments);
        check(&output, 2, &faults);
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}

#[test]
fn settings_that_cannot_be_read_end_with_code_2() {
    let folder = Folder::new();
    check(
        &run(&folder, &["serve", "--config", "missing.toml"]),
        2,
        &["missing.toml"],
    );
    check(
        &run(&folder, &["config", "check", "missing.toml"]),
        2,
        &["missing.toml"],
    );
    for arguments in [&["--listen", "here"][..], &["serve", "--listen", "here"]] {
        check(&run(&folder, arguments), 2, &["--listen", "here"]);
    }
    check(&run(&folder, &["no-such-command"]), 2, &["no-such-command"]);
}

#[test]
fn the_environment_is_read() {
    let folder = Folder::new();
    folder.write("echostr.toml", SHOP);
    let mut command = echostr(&folder, &["serve"]);
    let output = command
        .env("ECHOSTR_LISTEN", "nowhere")
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    check(&output, 2, &["ECHOSTR_LISTEN", "nowhere"]);
}

#[test]
fn config_prints_the_manual() {
    let folder = Folder::new();
    let output = run(&folder, &["config"]);
    check(&output, 0, &[]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        include_str!("../config.default.toml")
    );
    // It is itself a file of settings.
    folder.write("manual.toml", include_str!("../config.default.toml"));
    check(&run(&folder, &["config", "check", "manual.toml"]), 0, &[]);
}

#[test]
fn config_check_says_that_a_file_is_in_order() {
    let folder = Folder::new();
    folder.write("good.toml", SHOP);
    let output = run(&folder, &["config", "check", "good.toml"]);
    check(&output, 0, &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("the settings are in order, 1 account(s)"),
        "{said}"
    );
}

#[test]
fn an_option_that_a_command_does_not_use_is_refused() {
    let folder = Folder::new();
    folder.write("good.toml", SHOP);
    let doctor = ["doctor", "http://127.0.0.1:1/mp/shop", "--token", TOKEN];
    let check_file = ["config", "check", "good.toml"];
    for option in [
        ["--listen", "127.0.0.1:0"],
        ["--data", "elsewhere"],
        ["--config", "good.toml"],
    ] {
        for command in [&doctor[..], &check_file, &["config"]] {
            check(&run(&folder, &[command, &option].concat()), 2, &option[..1]);
            check(&run(&folder, &[&option, command].concat()), 2, &option[..1]);
        }
    }
}

#[test]
fn an_address_that_cannot_be_listened_on_is_named_and_ends_with_code_1() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let in_use = holder.local_addr().expect("it is bound").to_string();
    // Reserved for documentation: no machine has it.
    let elsewhere = "192.0.2.1:8080";
    for (address, why) in [
        (&*in_use, "another program listens there"),
        (elsewhere, "this machine has no such address"),
    ] {
        let output = run(&Folder::new(), &["serve", "--listen", address]);
        check(&output, 1, &[address, why, "--listen"]);
    }
}

#[test]
fn doctor_ends_with_0_when_all_is_well_1_when_not_and_2_when_it_could_not_try() {
    let server = Server::start(SHOP);
    let url = format!("http://{}/mp/shop", server.address);
    let folder = Folder::new();
    let doctor = |arguments: &[&str]| run(&folder, &[&["doctor"], arguments].concat());

    let well = doctor(&[&url, "--token", TOKEN]);
    check(&well, 0, &[]);
    assert!(!well.stdout.is_empty());
    let ill = doctor(&[&url, "--token", "AnotherToken"]);
    check(&ill, 1, &[]);
    assert!(String::from_utf8_lossy(&ill.stdout).contains("Token"));

    check(&doctor(&[&url]), 2, &["--token"]);
    check(
        &doctor(&[&url, "--token", "x"]),
        2,
        &["--token", "3 to 32 letters and digits"],
    );
    check(
        &doctor(&["ftp://example.com", "--token", TOKEN]),
        2,
        &["ftp://"],
    );
    check(
        &doctor(&[&url, "--token", TOKEN, "--mode", "safe"]),
        2,
        &["--aes-key", "--app-id"],
    );
    let bad_key = [
        "--mode",
        "safe",
        "--app-id",
        "wx0123456789abcdef",
        "--aes-key",
        "short",
    ];
    check(
        &doctor(&[&[&*url, "--token", TOKEN], &bad_key[..]].concat()),
        2,
        &["--aes-key"],
    );
}
