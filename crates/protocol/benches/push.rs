//! What one push costs in CPU: verify, parse, render; in safe mode also open and seal.
//!
//! Two versions run in turns: this crate, and `baseline`, the straightforward way with a string per field. The best of
//! many short rounds counts, so that other work on the machine shows as little as possible.

mod baseline;

use std::hint::black_box;
use std::time::{Duration, Instant};

use echostr_protocol::{
    AppId, Document, EncodingAesKey, Message, Query, Reply, Signature, Token, encrypted_part, open,
    seal,
};
use sha1::{Digest, Sha1};

const ROUNDS: usize = 2000;
const PER_ROUND: u32 = 250;
const NOW: i64 = 1_761_069_226;

fn main() {
    let case = Case::new();
    println!(
        "plain body {} bytes, safe body {} bytes; best of {ROUNDS} rounds",
        case.plain.len(),
        case.safe.len()
    );
    let versions: [(&str, &dyn Fn()); 6] = [
        ("bare sha1 of 60 bytes", &|| case.bare_sha1()),
        ("quick-xml events alone", &|| case.quick_xml_events()),
        ("plain, baseline", &|| case.plain_baseline()),
        ("plain, this crate", &|| case.plain()),
        ("safe, baseline", &|| case.safe_baseline()),
        ("safe, this crate", &|| case.safe()),
    ];
    let mut best = [Duration::MAX; 6];
    // `cargo bench --bench push -- WORDS` runs only the versions whose name contains the words, for a profiler.
    let wanted = std::env::args()
        .nth(1)
        .filter(|argument| argument != "--bench")
        .unwrap_or_default();
    for _ in 0..ROUNDS {
        for (best, (_, version)) in best
            .iter_mut()
            .zip(versions)
            .filter(|(_, (name, _))| name.contains(&wanted))
        {
            let start = Instant::now();
            for _ in 0..PER_ROUND {
                version();
            }
            *best = start.elapsed().min(*best);
        }
    }
    let nanos = best.map(|best| best.as_secs_f64() * 1e9 / f64::from(PER_ROUND));
    for ((name, _), nanos) in versions.iter().zip(nanos) {
        println!("{name:<24}{nanos:>8.0} ns");
    }
    println!(
        "plain, baseline / bare sha1       {:.1}",
        nanos[2] / nanos[0]
    );
    println!(
        "plain, this crate / baseline      {:.2}",
        nanos[3] / nanos[2]
    );
    println!(
        "safe, this crate / baseline       {:.2}",
        nanos[5] / nanos[4]
    );
}

struct Case {
    token: Token,
    key: EncodingAesKey,
    app_id: AppId,
    plain: String,
    safe: String,
    signature: Signature,
    msg_signature: Signature,
}

const TIMESTAMP: &str = "1761069225";
const NONCE: &str = "334325682";

impl Case {
    fn new() -> Self {
        let token: Token = "S1qJ0JoQmYfy".parse().expect("a good token");
        let key: EncodingAesKey = "NjF3rEjG0e0U3rlz5PokyLE9pyyIpnZgQn3n0eCkVXV"
            .parse()
            .expect("a good key");
        let app_id = AppId::from("wx3aea277d7b497b65");
        let plain = "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName>\n\
            <FromUserName><![CDATA[osZFAyPrKrJBb2E3-6zu-rzwwbgP]]></FromUserName>\n\
            <CreateTime>1761069225</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
            <Content><![CDATA[今天的天气怎么样？请问营业到几点，周末开门吗 https://example.com/p/42]]></Content>\n\
            <MsgId>26876452655988096</MsgId>\n</xml>"
            .to_owned();
        let signature = token.signature(TIMESTAMP, NONCE);
        let sealed = seal(&key, &token, &app_id, &plain, [7; 16], 1_761_069_225, NONCE);
        let encrypt = encrypted_part(sealed.as_bytes()).expect("sealed just now");
        let msg_signature = token.msg_signature(TIMESTAMP, NONCE, &encrypt);
        let safe = format!(
            "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName>\n<Encrypt><![CDATA[{encrypt}]]></Encrypt>\n</xml>"
        );
        Self {
            token,
            key,
            app_id,
            plain,
            safe,
            signature,
            msg_signature,
        }
    }

    fn bare_sha1(&self) {
        black_box(Sha1::digest(black_box(&self.plain.as_bytes()[..60])));
    }

    /// What the general parser takes before anything is kept: why this crate reads XML by itself.
    fn quick_xml_events(&self) {
        let mut reader = quick_xml::Reader::from_str(black_box(&self.plain));
        loop {
            match reader.read_event().expect("well-formed") {
                quick_xml::events::Event::Eof => break,
                event => drop(black_box(event)),
            }
        }
    }

    fn plain(&self) {
        let query = self.query();
        self.token.verify(&query).expect("signed");
        let document = Document::parse(black_box(self.plain.as_bytes())).expect("well-formed");
        black_box(answer(document));
    }

    fn safe(&self) {
        let query = self.query();
        self.token.verify(&query).expect("signed");
        let encrypt = encrypted_part(black_box(self.safe.as_bytes())).expect("encrypted");
        self.token.verify_msg(&query, &encrypt).expect("signed");
        let (document, _) = open(&[&self.key], &encrypt, &self.app_id).expect("sealed for us");
        let reply = answer(Document::from_text(document).expect("well-formed"));
        black_box(seal(
            &self.key,
            &self.token,
            &self.app_id,
            &reply,
            black_box([9; 16]),
            NOW,
            "1995701966",
        ));
    }

    /// The parameters of the URL; taking it apart is the web framework's part, in both versions.
    fn query(&self) -> Query<'_> {
        black_box(Query {
            signature: Some(self.signature.as_str().into()),
            timestamp: Some(TIMESTAMP.into()),
            nonce: Some(NONCE.into()),
            msg_signature: Some(self.msg_signature.as_str().into()),
            ..Query::default()
        })
    }

    fn baseline_query(&self) -> baseline::Query<'_> {
        black_box(baseline::Query {
            signature: self.signature.as_str(),
            timestamp: TIMESTAMP,
            nonce: NONCE,
            msg_signature: self.msg_signature.as_str(),
        })
    }

    fn plain_baseline(&self) {
        black_box(baseline::plain(
            self.token.expose(),
            &self.baseline_query(),
            black_box(&self.plain),
            NOW,
        ));
    }

    fn safe_baseline(&self) {
        let account = baseline::Safe {
            token: self.token.expose(),
            key: self.key.expose(),
            app_id: self.app_id.as_str(),
        };
        black_box(account.answer(
            &self.baseline_query(),
            black_box(&self.safe),
            black_box([9; 16]),
            NOW,
        ));
    }
}

fn answer(document: Document) -> String {
    let message = Message::parse(document);
    let Message::Text(text) = &message else {
        panic!("a text")
    };
    Reply::from(&*text.content)
        .render(&message, NOW)
        .expect("a visible reply")
}
