//! What pages and searches cost in a journal of a million messages, and how long that takes to move to PostgreSQL:
//! `cargo bench -p echostr-store --bench history`. The journal is kept in the target folder for the next time.
//! `ECHOSTR_BENCH_MESSAGES` is another number of messages; `ECHOSTR_BENCH_POSTGRES` the address of a database that is empty or that an
//! earlier run has filled, else a PostgreSQL is started; `none` leaves it out.

#[path = "../tests/common/postgres.rs"]
mod postgres;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use echostr_store::{
    AnswerFilter, Db, FollowerFilter, History, MessageFilter, Place, PostgresUrl, Retention,
    SqlJournal, migrate_to,
};
use rusqlite::{Connection, params};

const FOLLOWERS: u64 = 20_000;
const ROUNDS: usize = 60;
const START_MS: i64 = 1_761_000_000_000;
/// Half a second between two messages.
const STEP_MS: i64 = 500;

const FOR_EVER: Retention = Retention {
    journal_days: 0,
    unfollowed_days: 0,
};

/// What people write: a subject, what they want, an end.
const SUBJECTS: [&str; 24] = [
    "这件衣服",
    "你们店",
    "昨天买的鞋",
    "会员卡",
    "优惠券",
    "这个套餐",
    "我的订单",
    "快递",
    "发票",
    "客服电话",
    "周末活动",
    "儿童票",
    "预约",
    "退款",
    "积分",
    "新款手机",
    "iPhone 手机壳",
    "WiFi 密码",
    "停车场",
    "充电宝",
    "生日蛋糕",
    "体检报告",
    "课程表",
    "报名费",
];
const WANTS: [&str; 24] = [
    "多少钱",
    "什么时候能到",
    "怎么使用",
    "还有货吗",
    "可以便宜一点吗",
    "在哪里领取",
    "几点关门",
    "能不能改地址",
    "为什么还没发货",
    "支持微信支付吗",
    "要提前预约吗",
    "怎么退换",
    "有没有大一号的",
    "需要带身份证吗",
    "可以开发票吗",
    "有什么区别",
    "帮我查一下",
    "我想取消",
    "保修多久",
    "怎么注册",
    "推荐一下",
    "可以送到家吗",
    "忘记密码了",
    "打不开怎么办",
];
const ENDS: [&str; 12] = [
    "？",
    "，谢谢",
    "，急",
    "～",
    "😂",
    "，麻烦了",
    "。",
    "，在线等",
    "！",
    "，请问",
    " thanks",
    "",
];

fn main() {
    let n_messages: u64 = std::env::var("ECHOSTR_BENCH_MESSAGES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("history-{n_messages}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        if !folder.join("ready").exists() {
            make(&folder, n_messages).await;
        }
        println!("SQLite, {n_messages} messages");
        let journal = open(&Place::Folder(folder.clone())).await;
        measure(&journal.db(), n_messages).await;
        journal.close().await;
        let url = match std::env::var("ECHOSTR_BENCH_POSTGRES") {
            Ok(none) if none == "none" => return,
            Ok(url) => url,
            Err(_) => postgres::shared().database(),
        };
        let target: PostgresUrl = url.parse().expect("an address");
        let journal = open(&Place::Postgres(target.clone())).await;
        let is_moved = last_number(&journal.db()).await >= int(n_messages);
        journal.close().await;
        if !is_moved {
            move_to(&folder, &target).await;
        }
        let journal = open(&Place::Postgres(target)).await;
        index(&journal.db(), n_messages).await;
        println!("\nPostgreSQL, {n_messages} messages");
        measure(&journal.db(), n_messages).await;
        journal.close().await;
    });
}

async fn move_to(folder: &Path, target: &PostgresUrl) {
    let start = Instant::now();
    let mut compared_at = None;
    let stop = AtomicBool::new(false);
    let moved = migrate_to(folder, target, &stop, |step| {
        if step.is_compared {
            compared_at.get_or_insert_with(Instant::now);
        }
    });
    moved.await.expect("moved");
    let copied = compared_at.map_or(start.elapsed(), |at| at - start);
    println!(
        "\nmigrate-to: copied in {:.1} s, all in {:.1} s",
        copied.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
}

async fn last_number(db: &Db) -> i64 {
    const SQL: &str = "SELECT coalesce(max(id), 0) FROM messages";
    match db {
        Db::Sqlite { readers, .. } => sqlx::query_scalar(SQL).fetch_one(readers).await,
        Db::Postgres(pool, _) => sqlx::query_scalar(SQL).fetch_one(pool).await,
    }
    .expect("the last message")
}

async fn open(place: &Place) -> SqlJournal {
    SqlJournal::open(place, FOR_EVER).await.expect("a journal")
}

async fn measure(db: &Db, n_messages: u64) {
    let history = History::new(db.clone());
    let any = || MessageFilter {
        limit: 50,
        ..MessageFilter::default()
    };
    let q = |text: &str| MessageFilter {
        q: Some(text.into()),
        ..any()
    };
    let account = |filter: MessageFilter, name: &str| MessageFilter {
        account: Some(name.into()),
        ..filter
    };
    let follower = |filter: MessageFilter| MessageFilter {
        follower: Some(open_id(7).as_str().into()),
        ..filter
    };
    let kind = |name: &str| MessageFilter {
        kind: Some(name.into()),
        ..any()
    };
    let deep = Some(int(n_messages / 3));
    let day = START_MS + int(n_messages / 2) * STEP_MS;
    let cases: Vec<(&str, MessageFilter)> = vec![
        ("first page", any()),
        (
            "deep page",
            MessageFilter {
                before: deep,
                ..any()
            },
        ),
        ("account, 5 %", account(any(), "third")),
        ("follower", follower(any())),
        (
            "follower, deep",
            MessageFilter {
                before: deep,
                ..follower(any())
            },
        ),
        ("kind text", kind("text")),
        ("kind subscribe, 2 %", kind("subscribe")),
        ("kind location, 0.01 %", kind("location")),
        ("the same of an account", account(kind("location"), "third")),
        ("kind that is not there", kind("video")),
        ("text of an account", account(kind("text"), "third")),
        (
            "an hour",
            MessageFilter {
                since_ms: Some(day),
                until_ms: Some(day + 3_600_000),
                ..any()
            },
        ),
        ("search rare: 麒麟阁", q("麒麟阁")),
        ("search common: 多少钱", q("多少钱")),
        ("search two: 发票", q("发票")),
        ("search one: 钱", q("钱")),
        ("search one, rare: 麟", q("麟")),
        ("search English: iphone", q("iPhone")),
        ("search number: 订单 A777777", q("A777777")),
        ("search no hit: 宇宙飞船", q("宇宙飞船")),
        ("search pairs that never stand together", q("少钱谢谢")),
        ("search two runs: 发票 麻烦了", q("发票 麻烦了")),
        (
            "search common, deep",
            MessageFilter {
                before: deep,
                ..q("多少钱")
            },
        ),
        ("search common of an account", account(q("多少钱"), "third")),
        ("search rare of an account", account(q("麒麟阁"), "third")),
        ("search of a follower", follower(q("多少钱"))),
        (
            "search common of a rare kind",
            MessageFilter {
                kind: Some("location".into()),
                ..q("多少钱")
            },
        ),
    ];
    println!(
        "{:<44} {:>8} {:>8} {:>8}   found",
        "ms", "p50", "p95", "max"
    );
    for (name, filter) in cases {
        let mut times = Vec::new();
        let mut found = String::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let page = history.messages(&filter).await.expect("a page");
            times.push(start.elapsed());
            let more = if page.next.is_some() { ", more" } else { "" };
            found = format!("{}{more}", page.items.len());
        }
        report(name, times, &found);
    }
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let filter = FollowerFilter {
            account: Some("third".into()),
            limit: 50,
            before: None,
        };
        history.followers(&filter).await.expect("a page");
        times.push(start.elapsed());
    }
    report("followers of an account", times, "");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let filter = AnswerFilter {
            limit: 50,
            ..AnswerFilter::default()
        };
        history.answers(&filter).await.expect("a page");
        times.push(start.elapsed());
    }
    report("unread answers", times, "");
}

fn report(name: &str, mut times: Vec<Duration>, found: &str) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    // A Chinese character is as wide as two.
    let wide = name
        .chars()
        .filter(|character| *character > '\u{2e80}')
        .count();
    println!(
        "{name}{:blank$} {:>8.2} {:>8.2} {:>8.2}   {found}",
        "",
        at(50),
        at(95),
        at(100),
        blank = 44 - name.chars().count() - wide
    );
}

/// Makes the journal and its index.
async fn make(folder: &Path, n_messages: u64) {
    let _ = std::fs::remove_dir_all(folder);
    open(&Place::Folder(folder.to_owned())).await.close().await;
    let start = Instant::now();
    fill(&folder.join(echostr_store::FILE_NAME), n_messages).expect("filled");
    println!("made in {:.0} s", start.elapsed().as_secs_f64());
    let journal = open(&Place::Folder(folder.to_owned())).await;
    index(&journal.db(), n_messages).await;
    journal.close().await;
    std::fs::write(folder.join("ready"), "").expect("noted");
}

/// Waits until all can be searched.
async fn index(db: &Db, n_messages: u64) {
    let start = Instant::now();
    let last = int(n_messages);
    loop {
        const SQL: &str = "SELECT indexed_to FROM search_state";
        let indexed_to: i64 = match db {
            Db::Sqlite { readers, .. } => sqlx::query_scalar(SQL).fetch_one(readers).await,
            Db::Postgres(pool, _) => sqlx::query_scalar(SQL).fetch_one(pool).await,
        }
        .expect("how far it is");
        if indexed_to >= last {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!(
        "indexed in {:.0} s, beside pauses for messages",
        start.elapsed().as_secs_f64()
    );
}

fn fill(path: &Path, n_messages: u64) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -100000")?;
    for (id, name) in ["first", "second", "third"].iter().enumerate() {
        connection.execute(
            "INSERT INTO accounts (id, public_id, created_at_ms, updated_at_ms) VALUES (?1, ?2, 0, 0)",
            params![int(id as u64 + 1), name],
        )?;
    }
    connection.execute_batch("BEGIN")?;
    for follower in 0..FOLLOWERS {
        connection.execute(
            "INSERT INTO followers (id, account_id, open_id, first_seen_at_ms, last_seen_at_ms) VALUES (?1, ?2, ?3, ?4, ?4)",
            params![int(follower + 1), int(account_of(follower)), open_id(follower), START_MS],
        )?;
    }
    let mut latest = vec![None::<i64>; usize::try_from(FOLLOWERS).expect("small")];
    for n in 0..n_messages {
        let random = mixed(n);
        let follower = random % FOLLOWERS;
        let (kind, said) = said(n, random);
        let received_at_ms = START_MS + int(n) * STEP_MS;
        let source = format!(
            "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName>\
             <CreateTime>{}</CreateTime>{said}<MsgId>{}</MsgId></xml>",
            open_id(follower),
            received_at_ms / 1000,
            23_000_000_000_000_000 + n
        );
        let reply = serde_json::json!({ "text": format!("您好，{}的问题已收到，稍后回复您。", pick(&SUBJECTS, random >> 40)) });
        let place = usize::try_from(follower).expect("small");
        connection
            .prepare_cached(
                "INSERT INTO messages (id, account_id, follower_id, previous_id, created_at, key, kind, msg_id, received_at_ms, source,
                                       reply, replied_at, answered_by, delivery, latency_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?5, 'http', 1, 12)",
            )?
            .execute(params![int(n + 1), int(account_of(follower)), int(follower + 1), latest[place],
                received_at_ms / 1000,
                format!("{}{n}", open_id(follower)),
                kind,
                n.to_string(),
                received_at_ms,
                source,
                reply.to_string(),
            ])?;
        latest[place] = Some(int(n + 1));
        connection
            .prepare_cached(
                "INSERT INTO deliveries (message_id, place, number, arrived_at_ms, ended_at_ms, ended) VALUES (?1, 1, 1, ?2, ?2 + 12, 'answered')",
            )?
            .execute(params![int(n + 1), received_at_ms])?;
        if n % 100 == 0 {
            connection
                .prepare_cached(
                    "INSERT INTO answers (id, message_id, follower_id, question, asked_at_ms, expires_at_ms, state, step)
                     VALUES (?1, ?2, ?3, '问', ?4, ?4, 'read', 1)",
                )?
                .execute(params![u128::from(n).to_be_bytes(), int(n + 1), int(follower + 1), received_at_ms])?;
        }
        if n % 10_000 == 9999 {
            connection.execute_batch("COMMIT; BEGIN")?;
        }
    }
    for (follower, message) in latest.iter().enumerate() {
        connection.execute(
            "INSERT INTO latest (follower_id, message_id, question_id) SELECT ?1, ?2, ?2 WHERE ?2 IS NOT NULL",
            params![int(follower as u64 + 1), message],
        )?;
    }
    connection.execute(
        "UPDATE followers SET last_seen_at_ms = coalesce((SELECT received_at_ms FROM latest l JOIN messages m ON m.id = l.message_id
                                                          WHERE l.follower_id = followers.id), last_seen_at_ms)",
        [],
    )?;
    connection.execute_batch("COMMIT")
}

/// The kind, and what is in the document.
fn said(n: u64, random: u64) -> (&'static str, String) {
    if n % 10_000 == 77 {
        let said = "<MsgType>location</MsgType><Location_X>23.1</Location_X><Location_Y>113.3</Location_Y>\
                    <Scale>15</Scale><Label><![CDATA[广州市海珠区客村艺苑路]]></Label>";
        return ("location", said.into());
    }
    if n % 50 == 13 {
        let said = "<MsgType>event</MsgType><Event>subscribe</Event><EventKey></EventKey>";
        return ("subscribe", said.into());
    }
    let rare = if n % 100_000 == 4321 {
        "，就在麒麟阁旁边"
    } else {
        ""
    };
    let number = if n % 20 == 3 {
        format!("，订单号 A{n}")
    } else {
        String::new()
    };
    let text = format!(
        "{}{}{rare}{number}{}",
        pick(&SUBJECTS, random >> 8),
        pick(&WANTS, random >> 20),
        pick(&ENDS, random >> 32)
    );
    (
        "text",
        format!("<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content>"),
    )
}

fn pick<'a>(texts: &[&'a str], random: u64) -> &'a str {
    texts[usize::try_from(random % texts.len() as u64).expect("small")]
}

fn open_id(follower: u64) -> String {
    format!("osZFAyPrKrJBb2E3OA1_{follower:08}")
}

/// 70, 25 and 5 of a hundred.
fn account_of(follower: u64) -> u64 {
    match follower % 100 {
        0..70 => 1,
        70..95 => 2,
        _ => 3,
    }
}

fn int(number: u64) -> i64 {
    i64::try_from(number).expect("small")
}

fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
