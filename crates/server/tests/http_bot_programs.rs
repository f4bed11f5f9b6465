//! The programs of `docs/http-bot.md`, run as they stand there, answer for a server, and only for the one that has their
//! secret.

mod common;

use std::time::{Duration, Instant};

use common::program::{Program, SECRET, SLOW, documents};
use common::{PATIENCE, Request, Response, Server, TOKEN, text_shown};
use echostr_simulator::{Clock, Mode, Push, Shown};

const OTHER_SECRET: &str = "whsec_D2FVsBQIhrscChlQIMV+b5sSYspob7oD";

const PYTHON: &[&str] = &["python3", "-B", "bot.py"];
const NODE: &[&str] = &["node", "bot.mjs"];

async fn shown(server: &Server, push: &Push) -> Shown {
    let mut platform = server.platform("/mp/shop", TOKEN, Mode::Plain);
    platform.clock = Clock {
        deadline: PATIENCE,
        deliveries: 1,
    };
    platform.push(push).await.shown
}

async fn check_answers(line: &[&str]) {
    let program = Program::start(line);
    let server = program.server(SECRET);
    for content in ["几点开门？", "a\"b\\c\n<>🙂"] {
        let shown = shown(&server, &Push::text(content)).await;
        assert_eq!(text_shown(&shown), format!("你说：{content}"), "{line:?}");
    }
    // A picture, to which they say nothing; and then they still run.
    let image = Push::xml(
        "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>osZFAyPrKrJBb2E3</FromUserName>\
         <CreateTime>1761069225</CreateTime><MsgType>image</MsgType><PicUrl>http://p</PicUrl>\
         <MediaId>M1</MediaId><MsgId>23238031</MsgId></xml>",
    );
    let silent = shown(&server, &image).await;
    assert!(matches!(silent, Shown::Nothing), "{line:?}: {silent:?}");
    let again = shown(&server, &Push::text("还在吗")).await;
    assert_eq!(text_shown(&again), "你说：还在吗", "{line:?}");
    assert!(!server.log().contains("WARN"), "{}", server.log());
}

async fn check_refuses(line: &[&str]) {
    let program = Program::start(line);
    let server = program.server(OTHER_SECRET);
    let shown = shown(&server, &Push::text("几点开门？")).await;
    assert_eq!(text_shown(&shown), "请稍后再试", "{line:?}");
    let line = server.wait_for_log("answered with status 401, 200 or 204 is needed");
    assert!(!line.contains("whsec"), "{line}");
}

/// What comes without a signature, with an old one, or breaks off, neither gets an answer nor ends the program.
fn check_survives(line: &[&str]) {
    let program = Program::start(line);
    let post = |headers: &[(&str, &str)]| -> Response {
        let mut connection = common::Connection::to(program.address);
        let request = Request {
            headers: headers.to_vec(),
            ..Request::post("/", b"{}")
        };
        connection.write(&request.bytes("Connection: close\r\n"));
        connection.response()
    };
    assert_eq!(post(&[]).status, 401, "{line:?}");
    // Signed with the program's secret, but long ago.
    let old = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1761069225"),
        (
            "webhook-signature",
            "v1,AAAA v1,5AziOPMOTiu+BhrATWzjFPiFN6aL0tWbMaOm7y8Bsn8=",
        ),
    ];
    assert_eq!(post(&old).status, 401, "{line:?}");
    let mut broken = common::Connection::to(program.address);
    broken.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{");
    drop(broken);
    assert_eq!(post(&[]).status, 401, "{line:?}");
}

#[tokio::test]
async fn the_program_in_python_answers() {
    check_answers(PYTHON).await;
}

#[tokio::test]
async fn the_program_in_node_answers() {
    check_answers(NODE).await;
}

#[tokio::test]
async fn both_programs_refuse_a_wrong_secret() {
    check_refuses(PYTHON).await;
    check_refuses(NODE).await;
}

#[test]
fn both_programs_survive_strangers() {
    check_survives(PYTHON);
    check_survives(NODE);
}

/// The last `n_lines` before `end` give way to the lines of the document that hold `mark`, with `think` above.
fn streaming(program: &str, n_lines: usize, end: &str, mark: &str, think: &str) -> String {
    let read = |path: &str| {
        let path = documents().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let document = read("http-bot.md");
    let mut blocks = document.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.contains(mark)).expect("a block");
    let (_, lines) = block.split_once('\n').expect("it names its language");
    let program = read(program);
    let (before, after) = program.split_once(end).expect("a place");
    let kept: Vec<&str> = before.lines().collect();
    let kept = kept[..kept.len() - n_lines].join("\n");
    let imports = kept.find("\n\n").expect("a blank line after the imports");
    let (imports, kept) = kept.split_at(imports);
    format!("{imports}\n{think}{kept}\n{lines}{end}{after}")
}

#[tokio::test]
async fn the_lines_that_stream_do_so_in_both_programs() {
    let python = streaming(
        "http-bot/bot.py",
        5,
        "\ndef serve",
        "think(push[",
        "def think(message):\n    yield '**想**'\n    time.sleep(0.2)\n    yield message['content']\n",
    );
    let node = streaming(
        "http-bot/bot.mjs",
        2,
        "}\n\ncreateServer(",
        "think(push.",
        "async function* think(message) {\n  yield '**想**';\n  await new Promise((end) => setTimeout(end, 200));\n  \
         yield message.content;\n}\n",
    );
    for (line, text) in [(PYTHON, python), (NODE, node)] {
        let program = Program::start_changed(line, &text);
        let server = program.server(SECRET);
        let answer = shown(&server, &Push::text("一想")).await;
        assert_eq!(
            text_shown(&answer),
            echostr::readable("**想**一想"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_slow_program_thinks_for_as_long_as_it_is_told() {
    let program = Program::start(SLOW);
    let server = program.server(SECRET);
    let start = Instant::now();
    let answer = shown(&server, &Push::text("1.5")).await;
    assert_eq!(text_shown(&answer), "想了 1.5 秒，这是回答。");
    assert!(start.elapsed() > Duration::from_millis(1400));
    let answer = shown(&server, &Push::text("很久")).await;
    assert_eq!(text_shown(&answer), "请发一个数字，比如 8");
}
