//! What it costs to find the rule for a message among very many, and to compile them.
//!
//! `cargo bench -p echostr --bench rules`. The large set has 100 000 words, each in a rule of its own, and 1000 regular
//! expressions. Every message is asked very often; median and 99th percentile are those of single messages, with all that a
//! handler does until its answer is there. Last, the same while another thread compiles and swaps without a pause. Memory is
//! what the process has more of than before (Linux only: it reads `/proc`).

use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use echostr::protocol::{Document, Message};
use echostr::{Bot, Rule, RuleParts, RuleReply, RuleSet, Rules, When};
use futures_util::FutureExt as _;

const WORDS: usize = 100_000;
const REGEXES: usize = 1000;
const ASKED: usize = 20_000;

fn main() {
    let parts = many(WORDS, REGEXES);
    println!("{WORDS} words and {REGEXES} regular expressions");
    let (before, start) = (memory_mb(), Instant::now());
    let set = RuleSet::compile(parts.iter().cloned());
    println!(
        "  compiled in {:?}, {:.1} MB",
        start.elapsed(),
        memory_mb() - before
    );
    let small = many(900, 100);
    let start = Instant::now();
    black_box(RuleSet::compile(small.iter().cloned()));
    println!(
        "  of 900 words and 100 regular expressions in {:?}",
        start.elapsed()
    );

    let rules = Rules::default();
    rules.replace(None, set);
    let bot = Bot::new().on(rules.clone());
    let messages = messages();
    measure("alone", &bot, &messages);
    println!("  after use {:.1} MB", memory_mb() - before);

    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                rules.replace(None, RuleSet::compile(parts.iter().cloned()));
            }
        });
        measure("while sets are swapped", &bot, &messages);
        is_done.store(true, Ordering::Relaxed);
    });
}

fn measure(when: &str, bot: &Bot, messages: &[(&str, Message)]) {
    println!("{when}: median, 99th percentile");
    for (name, message) in messages {
        let mut took: Vec<Duration> = (0..ASKED)
            .map(|_| {
                let message = message.clone();
                let start = Instant::now();
                let answer = bot.answer(message).now_or_never();
                let took = start.elapsed();
                black_box(answer)
                    .expect("it is ready at once")
                    .expect("it does not fail");
                took
            })
            .collect();
        took.sort_unstable();
        let [median, late] = [ASKED / 2, ASKED / 100 * 99].map(|place| took[place]);
        println!("  {name:<28}{median:>10.2?}{late:>10.2?}");
    }
}

/// Messages of 100 characters.
fn messages() -> Vec<(&'static str, Message)> {
    let fill = |part: &str| part.chars().cycle().take(100).collect::<String>();
    let chinese = "今天天气很好我想去公园散步顺便看看有没有新的活动可以参加谢谢你们的耐心回答";
    let mixed = "我的 iPhone 15 Pro 上周买的，现在 Wi-Fi 连不上，ERROR Code ＡＢＣ１２３，怎么办？";
    let hits: String = (0..20).map(|n| word(n * 4999)).collect();
    let orders = "订单 123456 退款 序号77 什么时候到账 编号0003 请问";
    vec![
        ("nothing of all that, empty", text("")),
        ("Chinese, no hit", text(&fill(chinese))),
        ("mixed, wide and upper case", text(&fill(mixed))),
        ("full of words", text(&fill(&hits))),
        ("full of regular expressions", text(&fill(orders))),
        (
            "one word",
            text(&fill(chinese).replacen("公园", &word(77_777), 1)),
        ),
    ]
}

fn text(content: &str) -> Message {
    let document = format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>\
         <MsgType>text</MsgType><Content><![CDATA[{content}]]></Content><MsgId>1</MsgId></xml>"
    );
    Message::parse(Document::parse(document.as_bytes()).expect("a document"))
}

/// Words of two to five characters, all different.
fn word(n: usize) -> String {
    let character = |n: usize| {
        let place = u32::try_from(n % 3000).expect("a small number");
        char::from_u32(0x4e00 + place * 7).expect("a Chinese character")
    };
    let more = (0..n % 4).map(|place| character(n / 7 + place * 131));
    let ends = [character(n), character(n / 3000 + 1500)];
    ends.into_iter().chain(more).collect()
}

fn many(n_words: usize, n_regexes: usize) -> Vec<RuleParts> {
    let words = (0..n_words).map(|n| When {
        contains: vec![word(n)],
        ..When::default()
    });
    let regexes = (0..n_regexes).map(|n| When {
        regex: vec![match n % 4 {
            0 => format!(r"^\s*序号{n}\s*(\d+)"),
            1 => format!(r"(编号|番号){n:04}"),
            2 => format!(r"(?<name>\w+)退款{n}$"),
            _ => format!(r"code[- ]?{n}\b.*(失败|error)"),
        }],
        ..When::default()
    });
    let rules = (0..).zip(words.chain(regexes)).map(|(n, when)| Rule {
        id: format!("rule-{n}"),
        account: None,
        name: String::new(),
        priority: n % 10,
        enabled: true,
        cool_down_secs: 0,
        when,
        reply: RuleReply::Text("好的".into()),
    });
    rules.map(|rule| (Arc::new(rule), Arc::default())).collect()
}

/// What the process has in memory.
fn memory_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kb.expect("a number of kB") / 1024.0
}
