//! The binary before a server that exists already, and what its owner is told.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Uri;
use common::{APP_ID, Folder, KEY, PATIENCE, SHOP, Server, TOKEN, sealing, token};
use echostr::{Account, Mode, Sealing};
use echostr_protocol::{Query, Reply};
use echostr_server::config::{Sources, load};
use echostr_simulator::{self as simulator, Clock, Push, Shown};
use echostr_store::BotSettings;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

const THEIR_TOKEN: &str = "TheirOwnToken1";

/// A server that was made for the platform, in safe mode: it answers `answer` when it is let.
struct Existing {
    bot: String,
    may_answer: Arc<Semaphore>,
    asked: mpsc::UnboundedReceiver<(Uri, Bytes)>,
    n_asked: Arc<Mutex<usize>>,
}

impl Existing {
    async fn new() -> Self {
        let (keep, asked) = mpsc::unbounded_channel();
        let may_answer = Arc::new(Semaphore::new(0));
        let n_asked = Arc::<Mutex<usize>>::default();
        let app = axum::Router::new().fallback({
            let (may_answer, n_asked) = (Arc::clone(&may_answer), Arc::clone(&n_asked));
            async move |uri: Uri, body: Bytes| {
                *n_asked.lock().expect("not poisoned") += 1;
                let _ = keep.send((uri, body));
                let _permit = may_answer.acquire_owned().await;
                let document = "<xml><ToUserName>x</ToUserName><FromUserName>y</FromUserName><CreateTime>1</CreateTime>\
                                <MsgType>text</MsgType><Content>九点</Content></xml>";
                let sealing = theirs();
                echostr_protocol::seal(
                    &sealing.key,
                    &token(THEIR_TOKEN),
                    &sealing.app_id,
                    document,
                    [7; 16],
                    1_761_069_226,
                    "7",
                )
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async { axum::serve(listener, app).await });
        let bot = format!(
            "bot = {{ kind = \"relay\", url = \"http://{address}/wx\", token = \"{THEIR_TOKEN}\", mode = \"safe\", \
             app_id = \"{APP_ID}\", encoding_aes_key = \"{KEY}\" }}\n"
        );
        Self {
            bot,
            may_answer,
            asked,
            n_asked,
        }
    }

    async fn asked(&mut self) -> (Uri, Bytes) {
        let asked = timeout(PATIENCE, self.asked.recv()).await;
        asked.expect("it is asked soon").expect("it listens")
    }

    fn n_asked(&self) -> usize {
        *self.n_asked.lock().expect("not poisoned")
    }
}

fn theirs() -> Sealing {
    let simulator::Sealing { key, app_id } = sealing(KEY, APP_ID);
    Sealing {
        app_id,
        key,
        previous_key: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_server_answers_and_is_asked_once_or_after_a_crash_twice() {
    let mut existing = Existing::new().await;
    let settings = format!("{SHOP}{}", existing.bot);
    let folder = Arc::new(Folder::new());
    let mut server = Server::start_in(&folder, &settings);
    let mut before = server.platform("/mp/shop", TOKEN, simulator::Mode::Plain);
    before.clock = Clock {
        deadline: Duration::from_millis(500),
        deliveries: 2,
    };
    let envelope = before.envelope(&Push::text("几点开门？"));
    let outcome = before.post(&envelope).await;
    assert!(matches!(outcome.shown, Shown::Failure(_)), "it is held");
    let (uri, body) = existing.asked().await;
    assert_eq!(existing.n_asked(), 1, "both deliveries are one call");
    let account = Account {
        mode: Mode::Safe(theirs()),
        ..Account::new("theirs", token(THEIR_TOKEN))
    };
    let query = Query::parse(uri.query().expect("a query"));
    let signed = account.verify(&query).expect("it is signed for them");
    let push = account
        .open(signed, &query, &body)
        .expect("it is sealed for them");
    assert_eq!(push.message.document().source(), envelope.body);

    server.kill();
    let server = Server::start_in(&folder, &settings);
    existing.asked().await;
    existing.may_answer.add_permits(10);
    let after = server.platform("/mp/shop", TOKEN, simulator::Mode::Plain);
    let outcome = after.post(&envelope).await;
    match outcome.shown {
        Shown::Answer { reply, .. } => assert_eq!(reply.reply, Reply::from("九点")),
        other => panic!("no answer: {other:?}"),
    }
    assert_eq!(existing.n_asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_of_forged_requests() {
    let (keep, mut told) = mpsc::unbounded_channel();
    let app = axum::Router::new().fallback(async move |body: String| {
        let _ = keep.send(body);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async { axum::serve(listener, app).await });
    let server = Server::start(&format!(
        "{SHOP}[[notify]]\nurl = \"http://{address}/\"\nsecret = \"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\"\n\
         forged_per_10_min = 2\n"
    ));
    let stranger = server.platform("/mp/shop", "NotTheToken", simulator::Mode::Plain);
    for _ in 0..2 {
        let envelope = stranger.envelope(&Push::text("a"));
        let answer = stranger.deliver(&envelope).await.answer.expect("an answer");
        assert_eq!(answer.status, 404);
    }
    let notice = timeout(PATIENCE, told.recv())
        .await
        .expect("it is told soon");
    let notice: serde_json::Value =
        serde_json::from_str(&notice.expect("it listens")).expect("JSON");
    assert_eq!(notice["type"], "notice.many_forged");
    assert_eq!(notice["data"]["accounts"][0]["id"], "shop");
    assert_eq!(notice["data"]["accounts"][0]["n"], 2);
    assert!(!notice.to_string().contains(TOKEN));
}

#[test]
fn the_settings_in_the_document_can_be_used_and_are_the_same_in_both_languages() {
    let document = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/relay.md");
    let document = std::fs::read_to_string(document).expect("the document is there");
    let (chinese, english) = document.split_once("\n## English\n").expect("two halves");
    let [chinese, english] = [chinese, english].map(|half| {
        let blocks = half.split("```toml\n").skip(1);
        let blocks = blocks.filter_map(|block| block.split("```").next());
        blocks.map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(chinese, english);
    let modes = ["plain", "safe"];
    assert_eq!(chinese.len(), modes.len());
    for (block, mode) in chinese.iter().zip(modes) {
        let folder = Folder::new();
        folder.write("echostr.toml", block);
        let sources = Sources {
            directory: folder.path().into(),
            ..Sources::default()
        };
        let (config, warnings) = load(&sources).expect("it can be used");
        assert_eq!(warnings, []);
        let account = &config.accounts[0];
        account.account().expect("it has what it needs");
        match &account.settings.bot {
            BotSettings::Relay { mode: found, .. } => assert_eq!(found.as_str(), mode),
            other => panic!("no relay: {other:?}"),
        }
    }
}
