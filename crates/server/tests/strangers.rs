//! What strangers and faults get: a status, hardly ever a word, and never a look at what exists here.

mod common;

use std::fmt::Write as _;

use common::{
    APP_ID, KEY, Request, Response, SHOP, Server, TOKEN, sealing, signed, text_push, text_shown,
    token,
};
use echostr_simulator::{Mode, Push};

const OTHER_TOKEN: &str = "TheTokenBefore";
const OTHER_KEY: &str = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba";

const NO_OPEN_ACCESS: &str = "[open_access]\nenabled = false\n";

fn safe_shop() -> String {
    format!("{SHOP}mode = \"safe\"\napp_id = \"{APP_ID}\"\nencoding_aes_key = \"{KEY}\"\n")
}

/// What comes back, byte for byte.
#[track_caller]
fn check(server: &Server, request: &Request<'_>, status: u16, body: &str) {
    let Request { method, target, .. } = request;
    let response = server.send(request);
    assert_eq!(
        (response.status, response.text()),
        (status, body),
        "{method} {target}"
    );
}

#[track_caller]
fn check_post(server: &Server, target: &str, push: &str, status: u16, body: &str) {
    check(
        server,
        &Request::post(target, push.as_bytes()),
        status,
        body,
    );
}

/// The short page for browsers.
#[track_caller]
fn assert_is_page(response: &Response) {
    assert_eq!(response.status, 404);
    assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
    assert!(response.text().contains("This address can be reached"));
}

#[test]
fn who_does_not_sign_rightly_gets_404_and_nothing_else() {
    let server = Server::start(SHOP);
    let push = text_push("hello", 1);
    let forged = signed("/mp/shop", "AnotherToken", "&echostr=57");
    let other_nonce = signed("/mp/shop", TOKEN, "&echostr=57").replace("nonce=", "nonce=1");
    let targets = [
        "/mp/shop",
        "/mp/shop?echostr=57",
        "/mp/shop?signature=&timestamp=&nonce=&echostr=57",
        "/mp/shop?signature=fafa4e9b0578ca1b7629d33682a8beb8930e3c3e",
        "/mp/shop?%ff=%ff&signature=%ff",
        &forged,
        &other_nonce,
        "/wechatMP/S1qJ0JoQmYfy?echostr=57",
        "/wechatMP/AnyOtherToken?echostr=57",
    ];
    for target in targets {
        check(&server, &Request::get(target), 404, "");
        check_post(&server, target, &push, 404, "");
    }
}

#[test]
fn what_does_not_exist_gets_404_and_nothing_else() {
    let server = Server::start(SHOP);
    let shop_elsewhere = [
        signed("/mp/shop/", TOKEN, "&echostr=57"),
        signed("/mp/SHOP", TOKEN, "&echostr=57"),
        signed("/mp/other", TOKEN, "&echostr=57"),
        signed("/mp/", TOKEN, "&echostr=57"),
        signed("/mp", TOKEN, "&echostr=57"),
        signed("/mp/S1qJ0JoQmYfy", TOKEN, "&echostr=57"),
        signed("/wechatmp/S1qJ0JoQmYfy", TOKEN, "&echostr=57"),
        signed("/wechatMP/S1qJ0JoQmYfy/", TOKEN, "&echostr=57"),
    ];
    let others = [
        "/x",
        "/console",
        "/.env",
        "/mp/../etc/passwd",
        "/index.php?a=b",
        "//",
    ];
    for target in shop_elsewhere.iter().map(String::as_str).chain(others) {
        for method in ["GET", "POST"] {
            let request = Request {
                method,
                target,
                ..Request::default()
            };
            check(&server, &request, 404, "");
        }
    }
}

#[test]
fn an_address_that_is_not_utf_8_gets_404_too() {
    let server = Server::start(SHOP);
    for target in ["/mp/%ff", "/wechatMP/%ff%fe"] {
        check(&server, &Request::get(target), 404, "");
        check_post(&server, target, "x", 404, "");
    }
}

#[test]
fn a_browser_gets_the_same_page_whether_the_account_exists_or_not() {
    let server = Server::start(SHOP);
    let browse = |target| {
        server.send(&Request {
            headers: vec![("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
            ..Request::get(target)
        })
    };
    let known = browse("/mp/shop");
    assert_is_page(&known);
    let targets = [
        "/mp/other",
        "/mp/%ff",
        "/wechatMP/S1qJ0JoQmYfy",
        "/wechatMP/AnyOtherToken",
        "/wechatMP/no",
        "/nothing",
    ];
    for target in targets {
        let response = browse(target);
        assert_is_page(&response);
        assert_eq!(response.body, known.body, "{target}");
    }
}

#[test]
fn the_home_page_says_what_to_paste_and_names_no_account() {
    let server = Server::start(&format!("public_url = \"https://bot.example.com\"\n{SHOP}"));
    let home = server.get("/");
    assert_eq!(home.status, 200);
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert!(home.text().contains("https://bot.example.com/wechatMP/"));
    assert!(!home.text().contains("shop"));
    assert!(!home.text().contains(TOKEN));
    for target in ["/healthz", "/readyz"] {
        check(&server, &Request::get(target), 200, "ok\n");
    }
}

#[test]
fn other_methods_get_405_with_what_is_allowed() {
    let server = Server::start(SHOP);
    let signed_shop = signed("/mp/shop", TOKEN, "&echostr=57");
    for target in ["/mp/shop", &signed_shop, "/wechatMP/S1qJ0JoQmYfy"] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
            let response = server.send(&Request {
                method,
                target,
                ..Request::default()
            });
            assert_eq!(
                (response.status, response.text()),
                (405, ""),
                "{method} {target}"
            );
            let mut allowed: Vec<_> = response.header("allow").split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!(allowed, ["GET", "HEAD", "POST"], "{method} {target}");
        }
    }
}

#[test]
fn another_method_does_not_tell_which_tokens_and_accounts_exist() {
    let server = Server::start(&[NO_OPEN_ACCESS, SHOP].concat());
    let put = |target| {
        server.send(&Request {
            method: "PUT",
            target,
            ..Request::default()
        })
    };
    for (known, unknown) in [
        ("/mp/shop", "/mp/other"),
        ("/wechatMP/S1qJ0JoQmYfy", "/wechatMP/AnyOtherToken"),
    ] {
        let (known, unknown) = (put(known), put(unknown));
        assert_eq!(known.status, 405);
        assert_eq!(known.status, unknown.status);
        assert_eq!(known.header("allow"), unknown.header("allow"));
        assert_eq!(known.body, unknown.body);
    }
}

#[test]
fn a_signed_body_that_cannot_be_read_gets_400_and_nothing_else() {
    let plain = Server::start(SHOP);
    let target = signed("/mp/shop", TOKEN, "");
    let bodies: [&[u8]; 8] = [
        b"",
        b" ",
        b"hello",
        b"<xml><MsgType>text</MsgType>",
        b"<xml><a>\xff\xfe</a></xml>",
        b"<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><MsgType>&a;</MsgType></xml>",
        b"{\"MsgType\":",
        // Sealed, but the account is in plain mode.
        b"<xml><ToUserName>gh_e8df390a377e</ToUserName><Encrypt>dGVzdA==</Encrypt></xml>",
    ];
    for body in bodies {
        check(&plain, &Request::post(&target, body), 400, "");
    }
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(1000), "</a>".repeat(1000));
    check_post(&plain, &target, &deep, 400, "");
}

/// A push for the account whose `msg_signature` is right, whatever the ciphertext.
fn sealed_push(encrypt: &str) -> (String, String) {
    let signature = token(TOKEN).msg_signature("1761009968", "759327189", encrypt);
    let more = format!("&encrypt_type=aes&msg_signature={signature}");
    let body =
        format!("<xml><ToUserName>gh_e8df390a377e</ToUserName><Encrypt>{encrypt}</Encrypt></xml>");
    (signed("/mp/shop", TOKEN, &more), body)
}

#[test]
fn a_body_that_cannot_be_decrypted_gets_400_whatever_is_wrong_with_it() {
    for mode in ["safe", "compatible"] {
        let server = Server::start(&safe_shop().replace("\"safe\"", &format!("{mode:?}")));
        let garbage = "A".repeat(86) + "==";
        for encrypt in ["", "AAAA", "not base64!", &garbage] {
            let (target, body) = sealed_push(encrypt);
            check_post(&server, &target, &body, 400, "");
        }
        for (key, app_id) in [(OTHER_KEY, APP_ID), (KEY, "wxffffffffffffffff")] {
            let platform = server.platform("/mp/shop", TOKEN, Mode::Safe(sealing(key, app_id)));
            let request = platform.request(&platform.envelope(&Push::text("hello")));
            let target = format!("/mp/shop?{}", request.url.query().expect("a query"));
            check_post(&server, &target, &request.body, 400, "");
        }
        // In clear, although what is encrypted is the only thing that counts.
        let target = signed("/mp/shop", TOKEN, "");
        check_post(&server, &target, &text_push("hello", 1), 400, "");
        check_post(&server, &target, "", 400, "");

        // A msg_signature that covers something else is a wrong signature.
        let (target, _) = sealed_push("AAAA");
        let (_, body) = sealed_push(&garbage);
        check_post(&server, &target, &body, 404, "");
    }
}

#[test]
fn a_well_formed_body_without_the_expected_fields_gets_success() {
    let server = Server::start(SHOP);
    let target = signed("/mp/shop", TOKEN, "");
    for body in [
        "<xml></xml>",
        "<xml/>",
        "<other><a>1</a></other>",
        "{}",
        "<xml><MsgType>text</MsgType></xml>",
        // A picture without its MediaId, and a text to nobody.
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>\
         <MsgType>image</MsgType><PicUrl>https://mmbiz.qpic.cn/1</PicUrl><MsgId>7</MsgId></xml>",
        "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>\
         <MsgType>text</MsgType><Content>hello</Content><MsgId>8</MsgId></xml>",
        "<xml><FromUserName>o1</FromUserName><MsgType>something_new</MsgType></xml>",
        "<xml><FromUserName>o1</FromUserName><MsgType>event</MsgType><Event>new_event</Event></xml>",
    ] {
        check_post(&server, &target, body, 200, "success");
    }
}

/// A text that makes its push so long.
fn text_of_size(size_bytes: usize, msg_id: u64) -> String {
    let push = text_push("", msg_id);
    push.replace(
        "[CDATA[]]></Content>",
        &format!(
            "[CDATA[{}]]></Content>",
            "a".repeat(size_bytes - push.len())
        ),
    )
}

/// A picture and many blanks.
fn image_of_size(size_bytes: usize, msg_id: u64) -> String {
    let push = text_push("", msg_id)
        .replace("[CDATA[text]]", "[CDATA[image]]")
        .replace(
            "<Content><![CDATA[]]></Content>",
            "<MediaId><![CDATA[m1]]></MediaId>",
        );
    push.replace(
        "</xml>",
        &format!("{}</xml>", " ".repeat(size_bytes - push.len())),
    )
}

#[test]
fn large_pushes_do_not_stay_in_memory() {
    for push_of_size in [text_of_size, image_of_size] {
        let server = Server::start("");
        // The program itself is large, as tests are built.
        let idle_bytes = server.peak_memory_bytes();
        let target = signed("/wechatMP/AnyOtherToken", "AnyOtherToken", "");
        for msg_id in 0..200 {
            let push = push_of_size(1 << 20, msg_id);
            let response = server.send(&Request::post(&target, push.as_bytes()));
            let answer = response.text();
            assert!(answer.contains("aaa") || answer.contains("m1"), "{answer}");
        }
        if let Some((idle_bytes, peak_bytes)) = idle_bytes.zip(server.peak_memory_bytes()) {
            let n_bytes = peak_bytes - idle_bytes;
            assert!(n_bytes < 32 << 20, "{n_bytes} bytes more than {idle_bytes}");
        }
    }
}

#[test]
fn a_body_over_the_limit_gets_413_however_it_is_framed() {
    let server = Server::start(SHOP);
    let target = signed("/mp/shop", TOKEN, "");
    let of_size = |size_bytes| text_of_size(size_bytes, 7);
    let limit = 1 << 20;
    assert_eq!(
        server
            .send(&Request::post(&target, of_size(limit).as_bytes()))
            .status,
        200
    );

    let too_large = of_size(limit + 1);
    check_post(&server, &target, &too_large, 413, "");

    let mut connection = server.connect();
    let head =
        format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write(head.as_bytes());
    for chunk in too_large.as_bytes().chunks(64 << 10) {
        let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
        connection.write(&framed);
    }
    let response = connection.response();
    assert_eq!((response.status, response.text()), (413, ""));

    // Who does not sign has nothing read at all.
    check_post(&server, "/mp/shop", &too_large, 404, "");
}

#[test]
fn a_smaller_limit_for_bodies_holds() {
    let server = Server::start(&format!("[limits]\nbody_bytes = 65536\n{SHOP}"));
    let target = signed("/mp/shop", TOKEN, "");
    check_post(&server, &target, &" ".repeat(65536), 400, "");
    check_post(&server, &target, &" ".repeat(65537), 413, "");
}

#[test]
fn who_signs_rightly_without_an_echostr_reads_the_name_of_the_site() {
    let server = Server::start(SHOP);
    for path in [
        "/mp/shop",
        "/wechatMP/S1qJ0JoQmYfy",
        "/wechatMP/AnyOtherToken",
    ] {
        let token = if path.ends_with("AnyOtherToken") {
            "AnyOtherToken"
        } else {
            TOKEN
        };
        for more in ["", "&echostr=", "&echostr"] {
            check(
                &server,
                &Request::get(&signed(path, token, more)),
                200,
                "Echostr 回音",
            );
        }
        check(
            &server,
            &Request::get(&signed(path, token, "&echostr=0057")),
            200,
            "0057",
        );
        let head = Request {
            method: "HEAD",
            target: &signed(path, token, "&echostr=0057"),
            ..Request::default()
        };
        check(&server, &head, 200, "");
    }
}

#[test]
fn what_is_echoed_is_never_taken_for_a_page() {
    let server = Server::start(SHOP);
    for (path, token) in [
        ("/mp/shop", TOKEN),
        ("/wechatMP/AnyOtherToken", "AnyOtherToken"),
    ] {
        let target = signed(path, token, "&echostr=%3Cscript%3Ealert(1)%3C/script%3E");
        let response = server.get(&target);
        assert_eq!(response.text(), "<script>alert(1)</script>");
        for (name, value) in [
            ("content-type", "text/plain; charset=utf-8"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(response.header(name), value, "{path}");
        }
    }
}

#[test]
fn open_access_takes_3_to_32_letters_and_digits_as_a_token() {
    let server = Server::start("");
    let longest = "a1B2".repeat(8);
    for good in ["abc", "A1z", "007", &longest] {
        let target = signed(&format!("/wechatMP/{good}"), good, "&echostr=57");
        check(&server, &Request::get(&target), 200, "57");
    }
    // Each is signed as if it were one: it does not matter which of three texts is the token.
    let too_long = format!("{longest}x");
    let odd = [
        "ab", "", &too_long, "a-bc", "a_bc", "a.bc", "a bc", " abc", "abc ", "abc\n", "a/bc",
        "回音",
    ];
    for odd in odd {
        let signature = token("AAA").signature("BBB", odd);
        let encoded = odd.bytes().fold(String::new(), |mut encoded, byte| {
            let _ = write!(encoded, "%{byte:02x}");
            encoded
        });
        let as_it_is = odd.bytes().all(|byte| byte.is_ascii_graphic());
        for path in [Some(&*encoded), as_it_is.then_some(odd)]
            .into_iter()
            .flatten()
        {
            let target = format!(
                "/wechatMP/{path}?signature={signature}&timestamp=AAA&nonce=BBB&echostr=57"
            );
            check(&server, &Request::get(&target), 404, "");
        }
    }
    let good = token("AAA").signature("BBB", "abc");
    let target = format!("/wechatMP/abc?signature={good}&timestamp=AAA&nonce=BBB&echostr=57");
    check(&server, &Request::get(&target), 200, "57");
}

#[test]
fn open_access_can_be_switched_off() {
    let server = Server::start(&[NO_OPEN_ACCESS, SHOP].concat());
    let target = signed("/wechatMP/AnyOtherToken", "AnyOtherToken", "&echostr=57");
    check(&server, &Request::get(&target), 404, "");
    check_post(&server, &target, &text_push("hello", 1), 404, "");
    let registered = signed("/wechatMP/S1qJ0JoQmYfy", TOKEN, "&echostr=57");
    check(&server, &Request::get(&registered), 200, "57");
}

#[tokio::test]
async fn open_access_answers_in_clear() {
    let server = Server::start("");
    let path = "/wechatMP/AnyOtherToken";
    for mode in [Mode::Plain, Mode::Compatible(sealing(KEY, APP_ID))] {
        let platform = server.platform(path, "AnyOtherToken", mode);
        assert!(platform.handshake().await.passed());
        let outcome = platform.push(&Push::text("hello")).await;
        assert_eq!(text_shown(&outcome.shown), "hello");
        let answer = outcome.deliveries[0].answer.as_ref().expect("an answer");
        assert!(!answer.text().contains("Encrypt"));
        let outcome = platform.push(&Push::subscribe()).await;
        assert_eq!(text_shown(&outcome.shown), "Hi~ 终于等到你");
    }
}

#[test]
fn open_access_refuses_safe_mode_and_the_log_says_why() {
    let server = Server::start("");
    let path = "/wechatMP/AnyOtherToken";
    let platform = server.platform(path, "AnyOtherToken", Mode::Safe(sealing(KEY, APP_ID)));
    let request = platform.request(&platform.envelope(&Push::text("hello")));
    let target = format!("{path}?{}", request.url.query().expect("a query"));
    check_post(&server, &target, &request.body, 400, "");
    let line = server.wait_for_log("refused a request");
    for words in [
        "it is encrypted, but the account is in plain mode here",
        "(open access)",
        "bad_xml",
        "WARN",
    ] {
        assert!(line.contains(words), "{line}");
    }
}

#[tokio::test]
async fn a_registered_account_is_reached_by_its_token_too() {
    let server = Server::start(&format!(
        "{}previous_token = \"{OTHER_TOKEN}\"\nwelcome = \"Welcome to the shop\"\n",
        safe_shop()
    ));
    let safe = || Mode::Safe(sealing(KEY, APP_ID));
    for (path, token) in [
        ("/mp/shop", TOKEN),
        ("/wechatMP/S1qJ0JoQmYfy", TOKEN),
        ("/wechatMP/TheTokenBefore", OTHER_TOKEN),
    ] {
        let platform = server.platform(path, token, safe());
        assert!(platform.handshake().await.passed(), "{path}");
        let outcome = platform.push(&Push::subscribe().by(path)).await;
        assert_eq!(text_shown(&outcome.shown), "Welcome to the shop", "{path}");
    }
    // It is not open access: what is in clear proves nothing.
    let clear = signed("/wechatMP/S1qJ0JoQmYfy", TOKEN, "");
    check_post(&server, &clear, &text_push("hello", 1), 400, "");
}

#[tokio::test]
async fn while_token_and_key_are_changed_a_reply_is_sealed_as_its_push_was() {
    for mode in ["safe", "compatible"] {
        let server = Server::start(&format!(
            "{}previous_token = \"{OTHER_TOKEN}\"\nprevious_encoding_aes_key = \"{OTHER_KEY}\"\n",
            safe_shop().replace("\"safe\"", &format!("{mode:?}"))
        ));
        for token in [TOKEN, OTHER_TOKEN] {
            for key in [KEY, OTHER_KEY] {
                let mode = match mode {
                    "safe" => Mode::Safe(sealing(key, APP_ID)),
                    _ => Mode::Compatible(sealing(key, APP_ID)),
                };
                // It knows this token and this key only, so a reply by others would be a failure notice.
                let platform = server.platform("/mp/shop", token, mode);
                assert!(platform.handshake().await.passed());
                let outcome = platform.push(&Push::text("hello")).await;
                assert_eq!(text_shown(&outcome.shown), "hello");
                let answer = outcome.deliveries[0].answer.as_ref().expect("an answer");
                assert!(
                    answer.text().starts_with("<xml><Encrypt>"),
                    "{}",
                    answer.text()
                );
            }
        }
    }
}

#[test]
fn the_log_names_the_sender_behind_a_trusted_proxy_only() {
    let ask = |server: &Server| {
        server.send(&Request {
            headers: vec![("X-Forwarded-For", "203.0.113.9, 192.0.2.7, 127.0.0.1")],
            ..Request::get("/mp/shop")
        });
        server.wait_for_log("refused a request")
    };
    let line = ask(&Server::start(SHOP));
    assert!(line.contains("\"peer\":\"127.0.0.1\""), "{line}");
    let line = ask(&Server::start(&format!(
        "trusted_proxies = [\"127.0.0.0/8\"]\n{SHOP}"
    )));
    assert!(line.contains("\"peer\":\"192.0.2.7\""), "{line}");
}

/// Five times the same, and how many lines of the log it is worth.
#[track_caller]
fn check_refusals(target: &str, body: Option<&str>, status: u16, class: &str, expected: usize) {
    let mut server = Server::start(SHOP);
    for _ in 0..5 {
        match body {
            Some(body) => check_post(&server, target, body, status, ""),
            None => check(&server, &Request::get(target), status, ""),
        }
    }
    server.terminate();
    let (log, _) = server.wait_for_end();
    let lines = log
        .lines()
        .filter(|line| line.contains("refused a request"));
    assert_eq!(
        lines.filter(|line| line.contains(class)).count(),
        expected,
        "{log}"
    );
}

#[test]
fn who_knows_the_token_of_an_account_is_logged_each_time_and_a_flood_of_strangers_once() {
    let open = signed("/wechatMP/AnyOtherToken", "AnyOtherToken", "");
    let too_large = text_of_size((1 << 20) + 1, 7);
    for target in ["/mp/shop", "/wechatMP/S1qJ0JoQmYfy"] {
        let right = signed(target, TOKEN, "");
        check_refusals(&right, Some("hello"), 400, "bad_xml", 5);
        check_refusals(&right, Some(&too_large), 413, "too_large", 5);
        let wrong = format!("{target}?signature=1");
        check_refusals(&wrong, None, 404, "bad_signature", 1);
        check_refusals(&wrong, Some("hello"), 404, "bad_signature", 1);
    }
    // Anybody can sign for open access.
    check_refusals(&open, Some("hello"), 400, "bad_xml", 1);
    check_refusals(&open, Some(&too_large), 413, "too_large", 1);
}

#[test]
fn an_unknown_kind_is_logged_once_per_name() {
    let mut server = Server::start(SHOP);
    let target = signed("/mp/shop", TOKEN, "");
    let long = "k".repeat(200);
    let mut msg_id = 0;
    for kind in [
        "new_kind",
        "other_kind",
        "new_kind",
        &long,
        "new_kind",
        &long,
    ] {
        for of in [
            format!("<MsgType>{kind}</MsgType>"),
            format!("<MsgType>event</MsgType><Event>e_{kind}</Event>"),
        ] {
            msg_id += 1;
            let push = text_push("", msg_id).replace("<MsgType><![CDATA[text]]></MsgType>", &of);
            check_post(&server, &target, &push, 200, "success");
        }
    }
    server.terminate();
    let (log, _) = server.wait_for_end();
    let mut kinds: Vec<&str> = log
        .lines()
        .filter_map(|line| Some(line.split_once("\"msg.kind\":\"")?.1.split_once('"')?.0))
        .collect();
    kinds.sort_unstable();
    let (long, long_event) = ("k".repeat(64), format!("e_{}", "k".repeat(62)));
    assert_eq!(
        kinds,
        [
            &*long_event,
            "e_new_kind",
            "e_other_kind",
            &*long,
            "new_kind",
            "other_kind"
        ],
        "{log}"
    );
}

#[tokio::test]
async fn no_secret_and_nothing_that_a_follower_wrote_is_ever_logged() {
    const OPEN_TOKEN: &str = "OpenTokenOpen0pen";
    const WRITTEN: &str = "Was ein Mensch schrieb";
    const WELCOME: &str = "Ein Willkommen";
    for level in ["info", "debug", "trace"] {
        let mut server = Server::start(&format!(
            "[log]\nlevel = \"{level}\"\n{}previous_token = \"{OTHER_TOKEN}\"\n\
             previous_encoding_aes_key = \"{OTHER_KEY}\"\nwelcome = \"{WELCOME}\"\n\
             [[account]]\nid = \"clear\"\ntoken = \"ClearTokenClear\"\n",
            safe_shop()
        ));
        let safe = |key| Mode::Safe(sealing(key, APP_ID));
        for (path, token, mode) in [
            ("/mp/shop", TOKEN, safe(KEY)),
            ("/mp/shop", OTHER_TOKEN, safe(OTHER_KEY)),
            ("/wechatMP/S1qJ0JoQmYfy", TOKEN, safe(KEY)),
            ("/mp/clear", "ClearTokenClear", Mode::Plain),
            ("/wechatMP/OpenTokenOpen0pen", OPEN_TOKEN, Mode::Plain),
            (
                "/wechatMP/OpenTokenOpen0pen",
                OPEN_TOKEN,
                Mode::Compatible(sealing(KEY, APP_ID)),
            ),
        ] {
            let platform = server.platform(path, token, mode);
            assert!(platform.handshake().await.passed(), "{path}");
            let outcome = platform.push(&Push::text(WRITTEN)).await;
            assert_eq!(text_shown(&outcome.shown), WRITTEN, "{path}");
            platform.push(&Push::subscribe()).await;
        }
        // Each of the refusals, with what must not be logged in all places.
        let sealed_otherwise = server.platform(
            "/mp/shop",
            TOKEN,
            safe("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"),
        );
        let request = sealed_otherwise.request(&sealed_otherwise.envelope(&Push::text(WRITTEN)));
        let target = format!("/mp/shop?{}", request.url.query().expect("a query"));
        check_post(&server, &target, &request.body, 400, "");
        let push = text_push(WRITTEN, 1);
        check_post(&server, &signed("/mp/shop", TOKEN, ""), &push, 400, "");
        check_post(
            &server,
            &signed("/mp/clear", "ClearTokenClear", ""),
            &push.replace("</xml>", "</xlm>"),
            400,
            "",
        );
        let with_doctype = format!("<!DOCTYPE xml [<!ENTITY a \"{WRITTEN}\">]>{push}");
        check_post(
            &server,
            &signed("/mp/clear", "ClearTokenClear", ""),
            &with_doctype,
            400,
            "",
        );
        let safe_to_open = sealed_push("AAAA");
        let target = signed("/wechatMP/OpenTokenOpen0pen", OPEN_TOKEN, "");
        check_post(&server, &target, &safe_to_open.1, 400, "");
        check_post(
            &server,
            &format!("/mp/shop?signature={WRITTEN}&nonce={TOKEN}").replace(' ', "+"),
            &push,
            404,
            "",
        );
        check_post(&server, &format!("/wechatMP/{OPEN_TOKEN}"), &push, 404, "");
        let too_large = WRITTEN.repeat(60_000);
        check_post(
            &server,
            &signed("/mp/clear", "ClearTokenClear", ""),
            &too_large,
            413,
            "",
        );

        server.terminate();
        let (log, status) = server.wait_for_end();
        assert!(status.success(), "{log}");
        for class in ["bad_buffer", "bad_xml", "bad_signature", "too_large"] {
            assert!(log.contains(class), "`{class}` is not in the log:\n{log}");
        }
        let signature = token(TOKEN).signature("1761009968", "759327189");
        for secret in [
            TOKEN,
            OTHER_TOKEN,
            "ClearTokenClear",
            OPEN_TOKEN,
            KEY,
            OTHER_KEY,
            WRITTEN,
            WELCOME,
            signature.as_str(),
        ] {
            assert!(!log.contains(secret), "`{secret}` is in the log:\n{log}");
        }
    }
}
