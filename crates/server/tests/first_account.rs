//! From an empty folder: a server, an account, its handshake, a push, new secrets, the end; without a file and without a
//! restart. The transcript of it stands in `docs/account.md`, word for word.

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use common::command::{Running, Said, run_with};
use common::program::documents;
use common::{Folder, SERVE, Server, echostr, text_shown};
use echostr_simulator::{Mode, Platform, Push, Shown};

const HOST: &str = "https://bot.example.com";

/// Takes the place of secrets that were made, in their order.
const PLAUSIBLE: [&str; 3] = [
    "hWq3TzK8vNcR5xYb2LmD7pGfJ4sEaU9t",
    "kJ8dQ2mXvB5nZ7rTwY3cFpL9sHgA6eUiRoNq4Wb1Vyt",
    "x6PdM9rVfK2yHbT4nWqZ8cLsJ3gAuE7o",
];

/// What was typed and what came, as it stands in the document.
struct Transcript {
    text: String,
    secrets: Vec<String>,
}

impl Transcript {
    fn typed(&mut self, arguments: &[&str], said: &str) {
        let _ = writeln!(self.text, "$ echostr {}", arguments.join(" "));
        let _ = writeln!(self.text, "{said}");
    }

    fn happened(&mut self, what: &str, shown: &str) {
        let _ = writeln!(self.text, "  ⇄ {what} → {shown}\n");
    }

    /// What was made, and what is different each time, as something that stays.
    fn finished(self) -> String {
        let mut text = self.text;
        for (secret, plausible) in self.secrets.iter().zip(PLAUSIBLE) {
            assert_eq!(secret.len(), plausible.len());
            text = text.replace(secret, plausible);
        }
        let lines: Vec<_> = text.lines().map(timeless).collect();
        lines.join("\n") + "\n"
    }
}

/// Every time of day is this one, and what is to come is a day later.
fn timeless(line: &str) -> String {
    const NOW: &str = "2026-11-22 20:15:03";
    const TOMORROW: &str = "2026-11-23 20:15:03";
    let is_digit_at = |place: usize| line.as_bytes().get(place).is_some_and(u8::is_ascii_digit);
    let shape = NOW.as_bytes();
    let start = (0..line.len().saturating_sub(NOW.len() - 1)).find(|start| {
        shape.iter().enumerate().all(|(place, expected)| {
            if expected.is_ascii_digit() {
                is_digit_at(start + place)
            } else {
                line.as_bytes()[start + place] == *expected
            }
        })
    });
    match start {
        Some(start) => {
            let (before, rest) = (&line[..start], timeless(&line[start + NOW.len()..]));
            let time = if before.ends_with("until ") {
                TOMORROW
            } else {
                NOW
            };
            format!("{before}{time}{rest}")
        }
        None => line.to_owned(),
    }
}

fn platform(server: &Server, token: &str) -> Platform {
    let mut platform = server.platform("/mp/wenzi", token, Mode::Plain);
    platform.gh_id = "gh_e8df390a377e".into();
    platform
}

/// What a follower reads, or the status of the refusal.
async fn shown(platform: &Platform, text: &str) -> String {
    let mut platform = platform.clone();
    platform.clock.deliveries = 1;
    let outcome = platform.push(&Push::text(text)).await;
    if let Shown::Answer { .. } = &outcome.shown {
        return format!("「{}」", text_shown(&outcome.shown));
    }
    let answer = outcome.deliveries[0].answer.as_ref();
    answer.expect("an answer").status.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_lives_from_an_empty_folder_to_its_end_without_a_restart_or_a_file() {
    let folder = Arc::new(Folder::new());
    let server = Server::start_as(
        echostr(&folder, &SERVE).env("ECHOSTR_PUBLIC_URL", HOST),
        &folder,
    );
    let mut transcript = Transcript {
        text: String::new(),
        secrets: Vec::new(),
    };
    let typed = |arguments: &[&str]| -> Said {
        let said = run_with(&folder, arguments, "");
        assert_eq!(said.code, 0, "{arguments:?}: {said:#?}");
        said
    };

    let add = ["account", "add", "wenzi", "--name", "雯子", "--wait"];
    let mut adding = Running::start(&folder, &add);
    let value = |line: String| {
        line.split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(value(adding.wait_for("URL ")), format!("{HOST}/mp/wenzi"));
    let token = value(adding.wait_for("Token "));
    let key = value(adding.wait_for("EncodingAESKey "));
    adding.wait_for("Ctrl-C");
    let shop = platform(&server, &token);
    assert!(shop.handshake().await.passed());
    let (said, code) = adding.end();
    assert_eq!(code, 0, "{said}");
    transcript.typed(&add, &said);
    transcript.secrets.extend([token.clone(), key]);

    let answer = shown(&shop, "你好").await;
    transcript.happened("关注者写 a follower writes「你好」", &answer);
    assert_eq!(answer, "「你好」");

    let list = ["account", "list"];
    transcript.typed(&list, &typed(&list).out);

    let rotate = ["account", "rotate", "wenzi"];
    let mut rotating = Running::start(&folder, &rotate);
    let new_token = value(rotating.wait_for("Token "));
    let (said, code) = rotating.end();
    assert_eq!(code, 0, "{said}");
    transcript.typed(&rotate, &said);
    transcript.secrets.push(new_token.clone());
    let new = platform(&server, &new_token);
    for (name, platform) in [
        ("旧 Token · the old token", &shop),
        ("新 Token · the new token", &new),
    ] {
        let answer = shown(platform, "还在吗").await;
        transcript.happened(&format!("{name}「还在吗」"), &answer);
        assert_eq!(answer, "「还在吗」");
    }

    let show = ["account", "show", "wenzi"];
    transcript.typed(&show, &typed(&show).out);

    let remove = ["account", "remove", "wenzi", "--yes"];
    transcript.typed(&remove, &typed(&remove).out);
    let answer = shown(&new, "还在吗").await;
    transcript.happened("新 Token · the new token「还在吗」", &answer);
    assert_eq!(answer, "404");

    assert!(!folder.path().join("echostr.toml").exists());
    let transcript = transcript.finished();
    println!("{transcript}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("account-transcript.txt");
    std::fs::write(&path, &transcript).expect("the folder of the tests can be written");
    let document = std::fs::read_to_string(documents().join("account.md")).expect("it is there");
    assert!(
        document.contains(&format!("```console\n{transcript}```")),
        "docs/account.md has another transcript than {}",
        path.display()
    );
}
