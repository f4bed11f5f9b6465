//! What 10 000 accounts cost in memory, and what it takes to find one of them: `cargo bench -p echostr-store --bench accounts`.
//!
//! Memory is measured in processes of their own that open a store with many accounts and one with a single account. What the
//! allocator keeps of the rows that were read counts as well, so the figure is rather too high than too low.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use echostr::Accounts as _;
use echostr_store::{
    AccountEntry, AccountSecrets, AccountStore, BotSettings, MASTER_KEY_FILE, MasterKeys, ModeWord,
    Place, Retention, SqlJournal, Vault,
};

const MANY: usize = 10_000;
const ROUNDS: usize = 5;
const LOOK_UPS: usize = 1_000_000;
/// Says to a process of this program that it is to measure the memory for the folder that is named.
const MEASURE: &str = "ECHOSTR_BENCH_ACCOUNTS";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if let Some(folder) = std::env::var_os(MEASURE) {
        runtime.block_on(measure(&PathBuf::from(folder)));
        return;
    }
    runtime.block_on(compare());
}

async fn compare() {
    let [one, many] = [1, MANY].map(|n| (n, tempfile::tempdir().expect("a folder")));
    let mut stores = Vec::new();
    let mut resident = Vec::new();
    for (n, folder) in [&one, &many] {
        make(folder.path(), *n).await;
        resident.push(measured(folder.path()));
        let start = Instant::now();
        let (journal, store) = open(folder.path()).await;
        println!("{n:>6} accounts: opened in {:.0?}", start.elapsed());
        stores.push((journal, store));
    }
    let bytes = resident[1].saturating_sub(resident[0]) / (MANY as u64 - 1);
    println!("{bytes} bytes for each account, of at most 4096");

    let [(_, one), (_, many)] = &stores[..] else {
        unreachable!("two stores")
    };
    for (what, is_token) in [("id", false), ("token", true)] {
        let every = keys(many, is_token);
        let single = keys(one, is_token);
        let again = vec![every[MANY / 2].clone()];
        // In turns, and the best of each, so that what else the machine does disturbs all alike.
        let mut best = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            for (best, (store, keys)) in
                best.iter_mut()
                    .zip([(one, &single), (many, &again), (many, &every)])
            {
                *best = best.min(look_up_ns(store, keys, is_token));
            }
        }
        println!(
            "by {what:>5}: {:.1} ns with one, {:.1} ns with {MANY}, {:.1} ns when each time it is another of them",
            best[0], best[1], best[2]
        );
    }
    for (journal, _) in stores {
        journal.close().await;
    }
}

/// A data folder with so many accounts, as an owner sets them: encrypted, with a program that answers.
async fn make(folder: &Path, n: usize) {
    let (journal, store) = open(folder).await;
    let entries = (0..n).map(|n| {
        let mut entry = AccountEntry::new(format!("shop-{n}"), AccountSecrets::random_token(), 0);
        entry.settings.name = format!("雯子的小店 {n}");
        entry.settings.gh_id = Some(format!("gh_{n:012x}"));
        entry.settings.app_id = Some(format!("wx{n:016x}").as_str().into());
        entry.settings.mode = ModeWord::Safe;
        entry.settings.bot = BotSettings::Http {
            url: format!("http://127.0.0.1:9000/bots/{n}"),
            timeout_secs: 60,
            events: false,
        };
        entry.secrets.encoding_aes_key = Some(AccountSecrets::random_encoding_aes_key());
        entry.secrets.app_secret = Some(format!("{n:032x}").into());
        entry.secrets.bot_secret =
            Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=".into());
        entry
    });
    let done = store.provision(entries.collect()).await;
    assert_eq!(done.expect("they are made").created.len(), n);
    journal.close().await;
}

async fn open(folder: &Path) -> (SqlJournal, Arc<AccountStore>) {
    let journal = SqlJournal::open(&Place::Folder(folder.to_owned()), Retention::default())
        .await
        .expect("a journal");
    let db = journal.db();
    let keys = MasterKeys::File(folder.join(MASTER_KEY_FILE));
    let vault = Vault::open(&db, keys).await.expect("a vault");
    let store = AccountStore::open(db, vault).await.expect("a store");
    (journal, store)
}

fn keys(store: &AccountStore, is_token: bool) -> Vec<String> {
    let entries = store.list();
    let key = |entry: &Arc<AccountEntry>| {
        if is_token {
            entry.secrets.token.expose().to_owned()
        } else {
            entry.id.clone()
        }
    };
    entries.iter().map(key).collect()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn look_up_ns(store: &AccountStore, keys: &[String], is_token: bool) -> f64 {
    let start = Instant::now();
    let mut place = 0;
    for _ in 0..LOOK_UPS {
        // A step without a common divisor with 10 000: no two that follow are neighbours.
        place = (place + 7919) % keys.len();
        let key = black_box(keys[place].as_str());
        let found = if is_token {
            store.by_token(key)
        } else {
            store.by_id(key)
        };
        black_box(found.expect("it is there"));
    }
    start.elapsed().as_nanos() as f64 / LOOK_UPS as f64
}

/// Resident bytes of a process of its own with this folder.
fn measured(folder: &Path) -> u64 {
    let program = std::env::current_exe().expect("this program");
    let done = Command::new(program).env(MEASURE, folder).output();
    let done = done.expect("another process of this program");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let printed = String::from_utf8(done.stdout).expect("a number");
    printed.trim().parse().expect("a number")
}

async fn measure(folder: &Path) {
    let (journal, store) = open(folder).await;
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split_whitespace().nth(1).expect("resident pages");
    println!("{}", pages.parse::<u64>().expect("a number") * 4096);
    drop(store);
    journal.close().await;
}
