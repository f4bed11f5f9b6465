//! `docs/llm.md` tells the truth: its commands are run, its settings are loaded, its vendors and texts are those that there are.
//! That it has every setting with its limits and its default is tested beside their table.

mod common;

use std::sync::Arc;

use common::command::check;
use common::program::documents;
use common::{Folder, Server};
use echostr::{Language, LlmSettings, PRESETS};
use echostr_server::config::{Sources, load};

/// The Chinese and the English half.
fn halves() -> [String; 2] {
    let document = std::fs::read_to_string(documents().join("llm.md")).expect("it is there");
    let (_, both) = document.split_once("\n## 中文\n").expect("two halves");
    let (chinese, english) = both.split_once("\n## English\n").expect("two halves");
    [chinese.to_owned(), english.to_owned()]
}

/// The fenced blocks: language and text.
fn blocks(half: &str) -> Vec<(&str, &str)> {
    let blocks = half.split("```").skip(1).step_by(2);
    let blocks = blocks.map(|block| block.split_once('\n').expect("it names its language"));
    blocks.collect()
}

/// The cells of each row that begins with a name.
fn rows(half: &str) -> Vec<Vec<&str>> {
    let rows = half.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.trim_end_matches(" |").split(" | ").collect())
        .collect()
}

#[test]
fn both_halves_have_the_same_parts() {
    let [chinese, english] = &halves();
    assert_eq!(blocks(chinese), blocks(english));
    assert_eq!(blocks(chinese).len(), 8);
    let headings = |half: &str| half.matches("\n### ").count();
    assert_eq!((headings(chinese), headings(english)), (15, 15));
    let names = |half| {
        let names = rows(half).into_iter();
        // What stands after it is in words.
        let names = names.map(|row| row[0].split('`').next().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(chinese), names(english));
}

#[test]
fn the_commands_do_what_stands_there() {
    let [half, _] = halves();
    let folder = Arc::new(Folder::new());
    let _server = Server::start_in(&folder, "");
    let mut n_commands = 0;
    for (language, text) in blocks(&half) {
        if language == "toml" && !text.starts_with("[[") {
            folder.write("bot.toml", text);
        }
        for line in text.lines().filter(|_| language == "sh") {
            let mut words = line.split(' ').map(|word| word.trim_matches('\''));
            if words.next() != Some("echostr") {
                continue;
            }
            let words: Vec<_> = words.collect();
            check(&folder, &words, 0, &[]);
            n_commands += 1;
        }
    }
    assert_eq!(n_commands, 5);
    let said = [
        "llm deepseek deepseek-chat",
        "你是雯子的店的客服，回答简短。",
        "现在答不上来，请过几分钟再问一次。",
    ];
    check(&folder, &["account", "show", "shop"], 0, &said);
}

#[test]
fn the_whole_configuration_is_one() {
    let [half, _] = halves();
    let all = blocks(&half);
    let example = all.iter().find(|(_, text)| text.starts_with("[[account]]"));
    let folder = Folder::new();
    folder.write("echostr.toml", example.expect("there is one").1);
    let sources = Sources {
        directory: folder.path().into(),
        ..Sources::default()
    };
    let (config, warnings) = load(&sources).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(warnings, []);
    let account = config.accounts[0].account().expect("it can answer");
    assert_eq!((&*account.bot, account.own_bot.is_some()), ("llm", true));
    assert_eq!(config.accounts[0].secrets.llm_keys.0.len(), 4);
}

#[test]
fn the_vendors_are_those_that_are_known() {
    for half in halves() {
        let rows = rows(&half);
        let of = |name: &str| rows.iter().find(|row| row[0] == format!("{name}`"));
        for preset in PRESETS {
            let row = of(preset.name).unwrap_or_else(|| panic!("no {}", preset.name));
            assert_eq!(row[2], format!("`{}`", preset.url));
            let model = if preset.model.is_empty() {
                "—".into()
            } else {
                format!("`{}`", preset.model)
            };
            assert_eq!(row[3], model);
            assert_eq!(row[4].starts_with("<https://"), preset.needs_key, "{row:?}");
        }
        let vendors = rows.iter().filter(|row| row.len() == 5);
        assert_eq!(vendors.count(), PRESETS.len());
    }
}

#[test]
fn the_texts_are_those_that_followers_read() {
    let [chinese, english] = halves();
    for (half, language) in [(chinese, Language::Chinese), (english, Language::English)] {
        let texts = LlmSettings::default().texts(language);
        let all = [
            texts.cleared,
            texts.spent_follower,
            texts.spent_account,
            texts.blocked,
            texts.unreadable,
            texts.thanks,
            texts.help,
            texts.label,
        ];
        for text in all {
            assert!(half.contains(&text), "{text}");
        }
    }
}
