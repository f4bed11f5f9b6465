//! What it takes to open, list and change 100 000 rules, and whether messages wait meanwhile: `cargo bench -p echostr-store
//! --bench rules`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use echostr::protocol::Document;
use echostr::{Bot, Message, Rule, RuleSecrets};
use echostr_store::{
    Actor, MASTER_KEY_FILE, MasterKeys, Place, Retention, RuleEdit, RuleStore, SqlJournal, Vault,
};
use serde_json::json;

const MANY: usize = 100_000;
const AT_ONCE: usize = 10_000;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, store) = open(folder.path()).await;
    let start = Instant::now();
    for first in (0..MANY).step_by(AT_ONCE) {
        let edits = (first..first + AT_ONCE).map(|n| put(rule(n, 0), None));
        store.edit(&by(), edits.collect()).await.expect("made");
    }
    println!("made in {:.1?}, {AT_ONCE} at once", start.elapsed());
    journal.close().await;

    let start = Instant::now();
    let (journal, store) = open(folder.path()).await;
    println!("opened in {:.2?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(store.list(None).len(), MANY);
    println!("listed in {:.1?}", start.elapsed());

    for is_loaded in [false, true] {
        let (stop, asking) = ask(&store, is_loaded);
        let mut changes = Vec::new();
        for round in 1..=ROUNDS {
            let n = round * 7919;
            let old = store.get(&format!("rule-{n}")).expect("it is there");
            let version = round + usize::from(is_loaded) * ROUNDS;
            let edit = put(rule(n, version), Some(old.updated_at_ms));
            let start = Instant::now();
            store.edit(&by(), vec![edit]).await.expect("changed");
            changes.push(start.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
        println!("one changed in {changes:.2?}");
        if let Some(asking) = asking {
            let mut waits = asking.join().expect("it asked");
            waits.sort_unstable();
            let at = |part: usize| waits[(waits.len() - 1) * part / 1000];
            println!(
                "meanwhile {} messages were answered: half in {:.1?}, 999 of 1000 in {:.1?}, the slowest in {:.1?}",
                waits.len(),
                at(500),
                at(999),
                at(1000)
            );
        }
    }
    let start = Instant::now();
    store.save_hits().await.expect("written");
    println!("hits written down in {:.1?}", start.elapsed());
    journal.close().await;
}

/// Asks again and again, on a thread of its own, until it is to stop; how long each answer took.
fn ask(
    store: &RuleStore,
    is_loaded: bool,
) -> (
    Arc<AtomicBool>,
    Option<std::thread::JoinHandle<Vec<Duration>>>,
) {
    let stop = Arc::new(AtomicBool::new(false));
    if !is_loaded {
        return (stop, None);
    }
    let bot = Bot::new().on(store.rules().clone());
    let is_over = Arc::clone(&stop);
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime");
        let mut waits = Vec::new();
        let mut n = 0;
        while !is_over.load(Ordering::Relaxed) {
            n = (n + 7919) % MANY;
            let message = message(n);
            let start = Instant::now();
            runtime.block_on(bot.answer(message)).expect("answered");
            waits.push(start.elapsed());
            std::thread::sleep(Duration::from_micros(500));
        }
        waits
    });
    (stop, Some(asking))
}

async fn open(folder: &Path) -> (SqlJournal, Arc<RuleStore>) {
    let journal = SqlJournal::open(&Place::Folder(folder.to_owned()), Retention::default())
        .await
        .expect("a journal");
    let db = journal.db();
    let keys = MasterKeys::File(folder.join(MASTER_KEY_FILE));
    let vault = Vault::open(&db, keys).await.expect("a vault");
    let store = RuleStore::open(db, Arc::new(vault)).await;
    (journal, store.expect("a store"))
}

fn by() -> Actor {
    Actor("bench".into())
}

/// As an owner writes one: a few words for a question.
fn rule(n: usize, version: usize) -> Rule {
    let rule = json!({
        "id": format!("rule-{n}"),
        "name": format!("商品 {n}"),
        "when": { "contains": [format!("商品{n}号")] },
        "reply": { "text": format!("{{{{message.content}}}}：商品 {n} 的价格是 {version} 元") },
    });
    serde_json::from_value(rule).expect("a rule")
}

fn put(rule: Rule, before: Option<i64>) -> RuleEdit {
    RuleEdit::Put {
        rule: Box::new(rule),
        secrets: RuleSecrets::default(),
        before,
    }
}

fn message(n: usize) -> Message {
    let document = format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1761000000</CreateTime>\
         <MsgType>text</MsgType><Content>请问商品{n}号多少钱</Content><MsgId>{n}</MsgId></xml>"
    );
    Message::parse(Document::parse(document.as_bytes()).expect("a push"))
}
