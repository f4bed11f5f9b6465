//! Every sentence that a wrong configuration can cause, and what a right one means.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use echostr::{Language, Limits, Mode, Program, Strategy};
use echostr_server::config::{BotKind, Config, Faults, Level, MANUAL, Sources, Warning, load};
use echostr_store::{AccountSettings, BotSettings, ModeWord};
use secrecy::ExposeSecret as _;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const KEY: &str = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";

type Environment<'a> = &'a [(&'a str, &'a str)];

fn sources(toml: &[u8], environment: Environment<'_>) -> Sources {
    static N_FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let name = format!(
        "config-{}-{}",
        std::process::id(),
        N_FOLDERS.fetch_add(1, Ordering::Relaxed)
    );
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).expect("the folder of the tests can be written");
    std::fs::write(directory.join("echostr.toml"), toml)
        .expect("the folder of the tests can be written");
    let environment = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    Sources {
        directory,
        environment,
        ..Sources::default()
    }
}

fn read(sources: &Sources) -> Result<(Config, Vec<Warning>), Faults> {
    let result = load(sources);
    std::fs::remove_dir_all(&sources.directory).expect("the folder was made by this test");
    result
}

/// A right configuration, which causes no warning, as a `view` of it.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "cases read better without `&`"
)]
fn check<T: std::fmt::Debug + PartialEq>(
    toml: &str,
    environment: Environment<'_>,
    view: impl Fn(&Config) -> T,
    expected: T,
) {
    let (config, warnings) =
        read(&sources(toml.as_bytes(), environment)).expect("a right configuration");
    assert_eq!(view(&config), expected);
    assert_eq!(warnings, [], "{toml}");
}

fn bot_of(config: &Config) -> BotSettings {
    config.accounts[0].settings.bot.clone()
}

/// Compares with `snapshots/config_faults__{name}.snap`.
#[track_caller]
fn assert_said(name: &str, said: impl std::fmt::Display) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, said) });
}

/// What is said about each file and environment.
fn said(cases: &[(&str, Environment<'_>)]) -> String {
    cases
        .iter()
        .map(|(toml, environment)| said_about(toml, &sources(toml.as_bytes(), environment)))
        .collect()
}

fn said_about(toml: &str, sources: &Sources) -> String {
    let mut report = String::new();
    for line in toml.lines() {
        // Long texts are cut: it is their length that matters.
        let _ = writeln!(report, "| {}", line.chars().take(100).collect::<String>());
    }
    for (name, value) in &sources.environment {
        let _ = writeln!(report, "$ {}={}", name.display(), value.display());
    }
    for (name, value) in [("--listen", &sources.listen), ("--data", &sources.data)] {
        let _ = value
            .as_ref()
            .map(|value| writeln!(report, "$ echostr {name} '{value}'"));
    }
    let _ = match read(sources) {
        Ok((_, warnings)) => warnings
            .iter()
            .try_for_each(|warning| writeln!(report, "warning: {warning}")),
        Err(faults) => writeln!(report, "{faults}"),
    };
    report + "\n"
}

fn files(tomls: &[&str]) -> String {
    said(
        &tomls
            .iter()
            .map(|toml| (*toml, &[] as Environment<'_>))
            .collect::<Vec<_>>(),
    )
}

fn account(lines: &str) -> String {
    format!("[[account]]\nid = \"shop\"\ntoken = \"S1qJ0JoQmYfy\"\n{lines}")
}

fn accounts(lines: &[&str]) -> String {
    let tomls: Vec<_> = lines.iter().map(|lines| account(lines)).collect();
    files(&tomls.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The manual with its commented settings switched on.
fn whole_manual() -> String {
    let is_setting = |rest: &&str| !rest.is_empty() && !rest.starts_with(' ');
    MANUAL
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(is_setting)
                .unwrap_or(line)
                .to_owned()
                + "\n"
        })
        .collect()
}

#[test]
fn without_anything_the_manual_holds() {
    let sources = Sources {
        directory: PathBuf::from("/nonexistent"),
        ..Sources::default()
    };
    let (config, warnings) = load(&sources).expect("the manual is right");
    assert_eq!(warnings, []);
    let config = format!("{config:#?}");
    assert_eq!(config, format!("{:#?}", Config::default()));
    assert_said("defaults", config);
}

#[test]
fn the_manual_is_itself_a_configuration() {
    let all = |config: &Config| format!("{config:#?}");
    check(MANUAL, &[], all, all(&Config::default()));
}

#[test]
fn a_bot_without_a_file_has_the_limits_of_the_manual() {
    let limits = |config: &Config| format!("{:#?}", config.limits);
    check(MANUAL, &[], limits, format!("{:#?}", Limits::default()));
}

#[test]
fn the_manual_quotes_the_welcome_of_each_language() {
    let manual: toml::Table = whole_manual().parse().expect("the manual is TOML");
    let welcome = Language::default().welcome();
    for table in [&manual["open_access"], &manual["account"][0]] {
        assert_eq!(table["language"].as_str(), Some("zh"));
        assert_eq!(table["welcome"].as_str(), Some(welcome));
    }
    let english = format!("\"en\" gives \"{}\"", Language::English.welcome());
    assert!(MANUAL.contains(&english), "{english}");
}

#[test]
fn what_the_manual_shows_for_an_account_is_what_an_account_gets() {
    let (shown, warnings) =
        read(&sources(whole_manual().as_bytes(), &[])).expect("the manual is right");
    assert_eq!(warnings, []);
    let (least, _) = read(&sources(account("").as_bytes(), &[])).expect("two keys are enough");
    let (shown, least) = (&shown.accounts[0], &least.accounts[0]);
    assert_eq!(least.settings, AccountSettings::new("shop"));
    let [shown, least] = [shown, least].map(|entry| entry.account().expect("it is whole"));
    assert!(matches!(shown.mode, Mode::Plain) && matches!(least.mode, Mode::Plain));
    assert_eq!(
        (&shown.welcome, &shown.fallback, shown.language, &shown.bot),
        (&least.welcome, &least.fallback, least.language, &least.bot)
    );
    assert_eq!(
        (shown.delivery, &shown.texts),
        (least.delivery, &least.texts)
    );
    assert_eq!((&*least.name, &*least.bot), ("shop", "echo"));
}

#[test]
fn the_manual_quotes_the_texts_of_each_language() {
    let manual: toml::Table = whole_manual().parse().expect("the manual is TOML");
    let written = &manual["account"][0]["texts"];
    let of = |language: Language| {
        let texts = language.texts();
        let texts = texts.as_ref().clone();
        [
            ("wait", texts.wait),
            ("wait_label", texts.wait_label),
            ("more_label", texts.more_label),
            ("end", texts.end),
            ("expired", texts.expired),
            ("failed", texts.failed),
            ("unread", texts.unread),
            ("earlier", texts.earlier),
            ("busy", texts.busy),
        ]
    };
    for (name, text) in of(Language::Chinese) {
        assert_eq!(written[name].as_str(), Some(&*text), "{name}");
    }
    for (name, text) in of(Language::English) {
        assert!(MANUAL.contains(&format!("\"en\": \"{text}\"\n")), "{name}");
        assert!(
            MANUAL.contains(&format!("\"en\" 是 \"{text}\"。")),
            "{name}"
        );
    }
    assert_eq!(written.as_table().map(toml::Table::len), Some(9));
}

#[test]
fn the_manual_shows_a_program_with_its_defaults() {
    let shown = "#     bot = { kind = \"http\", url = \"http://127.0.0.1:9000/\", secret = \"whsec_…\", timeout_secs = 60, events = false }\n";
    assert_eq!(MANUAL.matches(shown).count(), 2, "in each language");
    let shown = account(&shown.trim_start_matches("# ").replace("whsec_…", SECRET));
    let least = account(&format!(
        "bot = {{ kind = \"http\", url = \"http://127.0.0.1:9000/\", secret = \"{SECRET}\" }}"
    ));
    let default = Program::new(
        "http://127.0.0.1:9000/".parse().expect("an address"),
        SECRET.parse().expect("a secret"),
    );
    let default = BotSettings::Http {
        url: default.url.to_string(),
        timeout_secs: default.timeout.as_secs(),
        events: default.events,
    };
    for toml in [shown, least] {
        check(&toml, &[], bot_of, default.clone());
        check(
            &toml,
            &[],
            |config| {
                let secret = config.accounts[0].secrets.bot_secret.as_ref();
                secret.map(|secret| secret.expose_secret().to_owned())
            },
            Some(SECRET.to_owned()),
        );
    }
}

/// No key of the manual is ignored; that every key that is read stands in the manual is asserted where keys are read.
#[test]
fn every_key_of_the_manual_is_read_and_no_other() {
    let manual: toml::Table = whole_manual().parse().expect("the manual is TOML");
    let mut keys = BTreeSet::new();
    collect_keys(&manual, "", "", &mut keys);
    assert_eq!(keys.len(), 64);
    for (header, path, key) in keys {
        // No key takes a date.
        let faults = read(&sources(
            format!("{header}{key} = 1979-05-27").as_bytes(),
            &[],
        ))
        .expect_err("a date");
        let wanted = format!("`{path}{key}` is ");
        assert!(
            faults.iter().any(|fault| fault.text.starts_with(&wanted)),
            "{wanted}: {faults}"
        );
    }
}

/// Header, path and name of each key in the table at `path`.
fn collect_keys(
    table: &toml::Table,
    header: &str,
    path: &str,
    keys: &mut BTreeSet<(String, String, String)>,
) {
    for (name, value) in table {
        match value {
            toml::Value::Table(table) => {
                let name_in_file = format!("{path}{name}").replace("[0]", "");
                let header = format!("{header}[{name_in_file}]\n");
                collect_keys(table, &header, &format!("{path}{name}."), keys);
            }
            toml::Value::Array(list) if list.first().is_some_and(toml::Value::is_table) => {
                let table = list[0].as_table().expect("it is one");
                let header = format!("[[{name}]]\n");
                collect_keys(table, &header, &format!("{path}{name}[0]."), keys);
            }
            _ => {
                keys.insert((header.into(), path.into(), name.clone()));
            }
        }
    }
}

#[test]
fn the_later_source_wins() {
    let toml = "listen = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"";
    let port = |config: &Config| config.listen.port();
    check("", &[], port, 8080);
    check(toml, &[], port, 1);
    check(toml, &[("ECHOSTR_LISTEN", "127.0.0.1:2")], port, 2);
    check(
        toml,
        &[("ECHOSTR_LISTEN", "127.0.0.1:2")],
        |config| config.log.level,
        Level::Warn,
    );

    let listen = Some("127.0.0.1:3".into());
    let sources = Sources {
        listen,
        ..sources(toml.as_bytes(), &[("ECHOSTR_LISTEN", "127.0.0.1:2")])
    };
    assert_eq!(
        read(&sources)
            .expect("a right configuration")
            .0
            .listen
            .port(),
        3
    );
}

#[test]
fn every_setting_but_accounts_comes_from_the_environment_too() {
    check(
        "",
        &[("ECHOSTR_OPEN_ACCESS__ENABLED", "false")],
        |config| config.open_access.enabled,
        false,
    );
    check(
        "",
        &[("ECHOSTR_LIMITS__BODY_BYTES", "65536")],
        |config| config.limits.body_bytes,
        65_536,
    );
    check(
        "",
        &[("ECHOSTR_DATA", "/var/lib/echostr")],
        |config| config.data.clone(),
        "/var/lib/echostr".into(),
    );
    check(
        "",
        &[("ECHOSTR_OPEN_ACCESS__BOT", "none")],
        |config| config.open_access.bot,
        BotKind::None,
    );
    let proxies = |config: &Config| {
        config
            .limits
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    check("", &[("ECHOSTR_TRUSTED_PROXIES", "")], proxies, vec![]);
    let expected = vec![
        "127.0.0.1/32".into(),
        "10.0.0.0/8".into(),
        "fd00::/8".into(),
    ];
    check(
        "",
        &[("ECHOSTR_TRUSTED_PROXIES", "127.0.0.1, 10.1.2.3/8,fd00::/8")],
        proxies,
        expected,
    );
    check(
        "",
        &[("ECHOSTR_VECTORS", "/somewhere"), ("PATH", "/bin")],
        |_| (),
        (),
    );
}

#[test]
fn the_welcome_follows_the_language_unless_it_is_written() {
    let welcome = |config: &Config| config.open_access.welcome.clone();
    check("", &[], welcome, "Hi~ 终于等到你".into());
    check(
        "[open_access]\nlanguage = \"en\"",
        &[],
        welcome,
        "Hi~ nice to see you".into(),
    );
    check(
        "[open_access]\nlanguage = \"en\"\nwelcome = \"\"",
        &[],
        welcome,
        String::new(),
    );
    let of_account = |config: &Config| {
        let account = config.accounts[0].account().expect("it is whole");
        (account.welcome, account.language)
    };
    check(
        &account("language = \"en\""),
        &[],
        of_account,
        ("Hi~ nice to see you".into(), Language::English),
    );
    check(
        &account("welcome = \"你好\""),
        &[],
        of_account,
        ("你好".into(), Language::Chinese),
    );
}

#[test]
fn words_have_the_forms_that_people_write() {
    let mode = |config: &Config| match config.accounts[0].account().expect("it is whole").mode {
        Mode::Plain => "plain".to_owned(),
        Mode::Compatible(sealing) => format!("compatible {}", sealing.app_id),
        Mode::Safe(sealing) => format!("safe {}", sealing.app_id),
    };
    let keys = format!("app_id = \" wx0123456789abcdef \"\nencoding_aes_key = \"{KEY}=\"\n");
    for (written, meant) in [
        ("plain", "plain"),
        ("compat", "compatible wx0123456789abcdef"),
        ("compatible", "compatible wx0123456789abcdef"),
        ("safe", "safe wx0123456789abcdef"),
    ] {
        let toml = account(&format!("{keys}mode = \"{written}\""));
        check(&toml, &[], mode, meant.into());
    }
    for none in [
        "bot = \"none\"",
        "bot = { kind = \"none\" }",
        "[account.bot]\nkind = \"none\"",
    ] {
        check(&account(none), &[], bot_of, BotSettings::None);
    }
    let delivery = |config: &Config| config.accounts[0].settings.delivery;
    check(&account(""), &[], delivery, Strategy::Auto);
    check(
        &account("delivery = \"quick\""),
        &[],
        delivery,
        Strategy::Quick,
    );
    check(
        &account(&format!(
            "[account.bot]\nkind = \"http\"\nurl = \" HTTPS://bot.example.com?a=b\"\nsecret = \"{SECRET}\"\n\
             timeout_secs = 5\nevents = true"
        )),
        &[],
        bot_of,
        BotSettings::Http {
            url: "HTTPS://bot.example.com?a=b".into(),
            timeout_secs: 5,
            events: true,
        },
    );
    let least = "kind = \"relay\"\nurl = \"http://127.0.0.1:9000/wx\"\ntoken = \"TheirToken\"";
    check(
        &account(&format!("[account.bot]\n{least}")),
        &[],
        bot_of,
        BotSettings::Relay {
            url: "http://127.0.0.1:9000/wx".into(),
            mode: ModeWord::Plain,
            app_id: None,
            timeout_secs: 60,
        },
    );
    check(
        &account(&format!(
            "[account.bot]\n{least}\nmode = \"compat\"\napp_id = \"wx0123456789abcdef\"\n\
             encoding_aes_key = \"{KEY}\"\ntimeout_secs = 5"
        )),
        &[],
        bot_of,
        BotSettings::Relay {
            url: "http://127.0.0.1:9000/wx".into(),
            mode: ModeWord::Compatible,
            app_id: Some("wx0123456789abcdef".into()),
            timeout_secs: 5,
        },
    );
    let url = |config: &Config| config.public_url.clone();
    check(
        "public_url = \"https://bot.example.com/\"",
        &[],
        url,
        Some("https://bot.example.com".into()),
    );
    check(
        "public_url = \"http://[::1]:80\"",
        &[],
        url,
        Some("http://[::1]:80".into()),
    );
    check("\u{feff}public_url = \"\"\r\n", &[], url, None);
}

#[test]
fn a_text_may_have_2048_bytes() {
    let text = "好".repeat(682) + "ab";
    check(
        &account(&format!("welcome = \"{text}\"")),
        &[],
        |config| config.accounts[0].settings.welcome.as_deref().map(str::len),
        Some(2048),
    );
}

#[test]
fn the_texts_follow_the_language_unless_they_are_written() {
    let texts = |config: &Config| {
        let texts = config.accounts[0].account().expect("it is whole").texts;
        (texts.wait.clone(), texts.unread.clone())
    };
    let [chinese, english] =
        [Language::Chinese, Language::English].map(|of| of.texts().as_ref().clone());
    check(&account(""), &[], texts, (chinese.wait, chinese.unread));
    check(
        &account("language = \"en\"\ntexts = { wait = \"\" }"),
        &[],
        texts,
        (String::new(), english.unread.clone()),
    );
    check(
        &account("language = \"en\"\n[account.texts]\nunread = \"+{n}\""),
        &[],
        texts,
        (english.wait, "+{n}".into()),
    );
}

#[test]
fn how_long_things_are_kept_and_what_answers_may_cost() {
    let kept = |config: &Config| {
        let journal = config.journal;
        (
            journal.retention_days,
            journal.answers_days,
            journal.forget_unfollowed_days,
        )
    };
    check("", &[], kept, (90, 7, 30));
    let forever = [("ECHOSTR_JOURNAL__FORGET_UNFOLLOWED_DAYS", "0")];
    check(
        "[journal]\nretention_days = 3650",
        &forever,
        kept,
        (3650, 7, 0),
    );
    let jobs = |config: &Config| {
        let jobs = config.jobs;
        (jobs.max_held, jobs.max_jobs, jobs.timeout.as_secs())
    };
    check("", &[], jobs, (10_000, 20_000, 120));
    check(
        "[limits]\nmax_held = 0\njob_timeout_secs = 600",
        &[],
        jobs,
        (0, 20_000, 600),
    );
}

#[test]
fn text_that_is_not_toml() {
    assert_said(
        "syntax",
        files(&[
            "data = ./data\nlisten = \"nonsense\"\n",
            "listen = 127.0.0.1:8080",
            "data = “./data”",
            "data = \"./data\nlisten = \"nonsense\"",
            "data = './data\nlog.level = True",
            "data = \"\\u12\"",
            "data = \"C:\\qata\"",
            "data = \"./a\"\ndata = \"./b\"",
            "[[account]]\nid = \"a\"\n[account]\nid = \"b\"",
            "# 数据\n[log\nlevel = 3",
            "data",
            "data = ",
            "[limits]\nbody_bytes = 1.\nshutdown_secs = 010\nmax_connections = 1_000_",
            "trusted_proxies = [\"127.0.0.1\"\nlisten = \"nonsense\"\n[log]\nlevel = 3",
            "open_access = { enabled = true\nlisten = \"nonsense\"",
        ]),
    );
}

#[test]
fn a_value_of_another_type() {
    assert_said(
        "types",
        files(&[
            "listen = 8080",
            "data = true",
            "trusted_proxies = \"127.0.0.1\"",
            "trusted_proxies = [\"127.0.0.1\",\n  17]",
            "log = \"debug\"",
            "account = \"shop\"",
            "[account]\nid = \"shop\"",
            "account = [1]",
            "[limits]\nbody_bytes = \"1 MiB\"\nshutdown_secs = 1.5\nbody_timeout_secs = []",
            "[open_access]\nenabled = \"yes\"\nbot = 1979-05-27\nwelcome = { zh = \"你好\" }",
            "[[account]]\nid = 7\ntoken = 12345678",
            &account("delivery = true\ntexts = \"九点\"\nbot = { kind = 1 }"),
            &account("texts = { wait = 1, earlier = [] }"),
        ]),
    );
}

#[test]
fn a_number_out_of_its_range() {
    assert_said(
        "ranges",
        files(&[
            "[limits]\nmax_connections = 0\nbody_bytes = 2_000_000\nheader_timeout_secs = 121\nbody_timeout_secs = -1\n\
         shutdown_secs = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_f\n\
         max_held = -1\nmax_jobs = 0\njob_timeout_secs = 601",
            "[journal]\nretention_days = 0\nanswers_days = 31\nforget_unfollowed_days = 3651",
        ]),
    );
}

#[test]
fn a_word_that_does_not_exist() {
    assert_said(
        "words",
        files(&[
            "[log]\nlevel = \"verbose\"\nformat = \"text\"",
            "[open_access]\nlanguage = \"fr\"\nbot = \"llm\"",
            "[open_access]\nbot = { kind = \"llm\", api_key = \"sk-0123456789\" }",
            "[open_access.bot]\nname = \"echo\"",
            &account("mode = \"Safe\"\nbot = \"\"\nlanguage = \"a\\nb\""),
            &account("delivery = \"fast\""),
            &account("delivery = \"send\""),
            &account("delivery = \"send\"\napp_id = \"wx0123456789abcdef\""),
            // One fault, not two: the secret is there.
            &account(
                "delivery = \"send\"\napp_id = \"wx0123456789abcdef\"\napp_secret = \"short\"",
            ),
            &account("delivery = \"link\""),
        ]),
    );
}

#[test]
fn a_key_that_nobody_knows() {
    assert_said(
        "unknown_keys",
        files(&[
            "lisen = \"127.0.0.1:8080\"",
            "max_connection = 5",
            "token = \"S1qJ0JoQmYfy\"",
            "colour = \"red\"\n[databank]\nurl = \"postgres://db/echostr\"",
            "[[accounts]]\nid = \"shop\"",
            "[limit]\nmax_connections = 5",
            "[log]\nlisten = \"127.0.0.1:8080\"\nlog_level = \"info\"",
            "log.levle = \"info\"\nlog.format_ = \"json\"",
            "\"public url\" = \"\"\n\"a\\nb\" = 1",
            &account(
                "EncodingAESKey = \"…\"\naes_key = \"…\"\nappid = \"…\"\napp_secret = \"…\"\n",
            ),
            &account("[account.texts]\nwait_text = \"…\"\nlabel = \"…\"\nfallback = \"…\""),
            &account("wait_label = \"…\"\nexpired = \"…\"\nretention_days = 1"),
            "[journal]\nretention = 90\n[texts]\nwait = \"…\"",
        ]),
    );
}

#[test]
fn an_address_that_is_none() {
    assert_said(
        "addresses",
        files(&[
            "listen = \"localhost:8080\"",
            "listen = \":8080\"",
            "listen = \"127.0.0.1\"",
            "data = \"\"",
            "data = \"~/echostr\"",
            "trusted_proxies = [\"10.0.0.0/33\", \"nginx\"]",
            "public_url = \"bot.example.com\"",
            "public_url = \"https://bot.example.com/wechat\"",
            "public_url = \"https://bot.example.com?a=b\"",
            "public_url = \"https://bot.example.com#top\"",
            "public_url = \"https://\"",
            "public_url = \"https://bot example\"",
            "public_url = \"https://bot.example.com:99999\"",
            "public_url = \"https://me:S1qJ0JoQmYfy@bot.example.com\"",
        ]),
    );
}

#[test]
fn an_account_with_a_wrong_value() {
    let long = "好".repeat(683);
    assert_said(
        "accounts",
        files(&[
            "[[account]]",
            "[[account]]\nid = \"My Shop\"\ntoken = \"ab\"",
            "[[account]]\nid = \"\"\ntoken = \"a b c d e\"",
            "[[account]]\nid = \"shop\"\ntoken = \"0123456789abcdef0123456789abcdef012\"",
            "account = [{ id = \"shop\" }]",
        ]) + &accounts(&[
            "app_id = \"wx0123\"",
            "app_id = \"gh_e8df390a377e\"",
            "encoding_aes_key = \"tooshort\"\nprevious_encoding_aes_key = \"\"",
            &format!("encoding_aes_key = \"{}!\"", &KEY[1..]),
            &format!("welcome = \"{long}\"\nfallback = \"{long}\"\nname = \"{long}\""),
        ]),
    );
}

/// What the bot `http` needs, and what is no text around answers.
#[test]
fn a_way_to_the_platform_that_cannot_be_used() {
    assert_said(
        "platform",
        files(&[
            "[platform]\nproxy = \"127.0.0.1:3128\"\ntimeout_secs = 0",
            "[platform]\nproxy = \"socks5://me:geheim@127.0.0.1:1080\"",
            "[platform]\nproxy = \"http://me:geheim@127.0.0.1:3128/path\"",
            &account(
                "api_base = \"api.weixin.qq.com\"\naccess_token = \"geheim\"\naccess_token_key = \"geheim\"",
            ),
            &account(
                "api_base = \"https://me:geheim@relay.example.com\"\naccess_token = \"https://a.example.com/?key=geheim\"",
            ),
            &account("access_token_key = \"geheim geheim\""),
        ]),
    );
}

#[test]
fn the_way_to_the_platform_is_read() {
    let toml = "[platform]\nproxy = \"http://me:geheim@127.0.0.1:3128\"\ntimeout_secs = 30\n"
        .to_owned()
        + &account(
            "app_id = \"wx0123456789abcdef\"\ndelivery = \"send\"\napi_base = \" https://relay.example.com/wx/ \"\n\
             access_token = \"https://a.example.com/token\"\naccess_token_key = \"geheim-geheim\"",
        );
    let shown = |config: &Config| format!("{:?}", config.platform);
    check(
        &toml,
        &[],
        shown,
        "PlatformSettings { proxy: Some(http://***@127.0.0.1:3128/), timeout: 30s }".into(),
    );
    let shown = |config: &Config| {
        let account = config.accounts[0].account().expect("it is whole");
        format!("{:?}", account.api.expect("it has access"))
    };
    check(
        &toml,
        &[],
        shown,
        "ApiAccount { app_id: AppId(\"wx0123456789abcdef\"), source: Url(TokenUrl { url: \"https://a.example.com/token\", \
         key: Some(***) }), base: Some(https://relay.example.com/wx), component: None }"
            .into(),
    );
}

#[test]
fn a_program_or_a_text_that_cannot_be_used() {
    let long = "好".repeat(171);
    let bot = |keys: &str| format!("bot = {{ kind = \"http\", {keys} }}");
    assert_said(
        "programs_and_texts",
        accounts(&[
            "bot = \"http\"",
            "bot = { kind = \"http\" }",
            "bot = { url = \"http://127.0.0.1:9000/\" }",
            &bot("url = 9000, secret = 9000, timeout_secs = \"60\", events = 1"),
            &bot("url = \"\", secret = \"\", timeout_secs = 0"),
            &bot("url = \"127.0.0.1:9000\", secret = \"C2FVsBQIhrscChlQIMV+b5sSYspob7oD\""),
            &bot("url = \"http://me:hidden@127.0.0.1:9000/\", secret = \"whsec_hidden!\""),
            &bot(
                "url = \"http://127.0.0.1:90000/\", secret = \"whsec_aGlkZGVu\", timeout_secs = 601",
            ),
            &bot(&format!(
                "url = \"http://127.0.0.1:9000/#top\", secret = \"{SECRET}\", timeout = 60"
            )),
            "texts = { wait_label = \"\", more_label = \"<b>more</b>\", unread = \"还有\", earlier = \"\" }",
            &format!("texts = {{ wait = \"{long}\" }}\nfallback = \"\""),
        ]) + &files(&[
            "[open_access]\nbot = \"http\"",
            "[open_access]\nbot = { kind = \"http\", url = \"http://127.0.0.1:9000/\" }",
        ]),
    );
}

/// What the bot `relay` needs.
#[test]
fn a_relay_that_cannot_be_used() {
    let least = "url = \"http://127.0.0.1:9000/wx\", token = \"TheirToken\"";
    let bot = |keys: &str| format!("bot = {{ kind = \"relay\", {keys} }}");
    assert_said(
        "relays",
        accounts(&[
            "bot = \"relay\"",
            "bot = { kind = \"relay\" }",
            &bot(
                "url = 9000, token = 9000, mode = 1, app_id = 1, encoding_aes_key = 1, timeout_secs = \"60\"",
            ),
            &bot("url = \"ftp://a/?hidden\", token = \"hidden-1\", timeout_secs = 0"),
            &bot(&format!("{least}, secret = \"hidden\"")),
            &bot(&format!("{least}, mode = \"safe\"")),
            &bot(&format!(
                "{least}, mode = \"compatible\", app_id = \"wx0123456789abcdef\""
            )),
            &bot(&format!(
                "{least}, mode = \"safe\", app_id = \"wx1\", encoding_aes_key = \"hidden\""
            )),
            &bot(&format!("{least}, mode = \"secret\"")),
        ]) + &files(&["[open_access]\nbot = \"relay\""]),
    );
}

/// To whom notices go.
#[test]
fn a_notice_that_would_go_nowhere() {
    let web = format!("url = \"http://127.0.0.1:9000/\"\nsecret = \"{SECRET}\"");
    let mail =
        "smtp = \"smtp://me:hidden@a\"\nfrom = \"me@example.com\"\nto = [\"me@example.com\"]";
    let tables: Vec<String> = [
        "",
        "url = \"http://127.0.0.1:9000/\"\nfrom = \"me@example.com\"",
        "smtp = \"smtp://me:hidden@a\"",
        "smtp = \"smtp://me:hid/den@a\"\nfrom = \"me\"\nto = []",
        "smtp = 587\nfrom = 1\nto = \"me@example.com\"",
        &format!(
            "{web}\ncauses = [\"no_push\", \"hunger\"]\nno_push_hours = 8761\nforged_per_10_min = 0"
        ),
        &format!("{mail}\nmail = \"me\""),
    ]
    .into_iter()
    .map(|lines| format!("[[notify]]\n{lines}"))
    .collect();
    assert_said(
        "notices",
        files(&tables.iter().map(String::as_str).collect::<Vec<_>>())
            + &said(&[("", &[("ECHOSTR_NOTIFY__URL", "http://a/")])]),
    );
    let both =
        format!("[[notify]]\n{web}\n[[notify]]\n{mail}\ncauses = [\"no_push\"]\nno_push_hours = 0");
    let notify = |config: &Config| format!("{:?}", config.notify);
    check(&both, &[], |config| config.notify.len(), 2);
    let (config, _) = read(&sources(both.as_bytes(), &[])).expect("both are right");
    assert!(!notify(&config).contains("hidden"));
    let [web, mail] = &config.notify[..] else {
        panic!("two")
    };
    assert!(web.program.is_some() && web.mail.is_none());
    assert!(mail.program.is_none() && mail.mail.is_some());
    assert_eq!((web.causes.len(), mail.causes.len()), (6, 1));
    assert_eq!(web.no_push, Some(Duration::from_hours(24)));
    assert_eq!((mail.no_push, mail.forged_per_10_min), (None, 100));
}

#[test]
fn keys_that_do_not_go_together() {
    let keys = format!("encoding_aes_key = \"{KEY}\"");
    assert_said(
        "combinations",
        accounts(&[
            "mode = \"safe\"",
            "mode = \"compat\"\napp_id = \"wx0123456789abcdef\"",
            &format!("mode = \"compatible\"\n{keys}"),
            // One fault, not two: the key is there.
            "mode = \"safe\"\napp_id = \"wx0123456789abcdef\"\nencoding_aes_key = \"tooshort\"",
            &format!("previous_{keys}"),
        ]),
    );
}

#[test]
fn ids_and_tokens_that_are_used_twice() {
    assert_said(
        "duplicates",
        files(&[
            &(account("") + &account("")),
            &(account("previous_token = \"TheTokenBefore\"\n")
                + "[[account]]\nid = \"two\"\ntoken = \"TheTokenBefore\""),
            // Also when the other account has faults of its own.
            &("[[account]]\nid = \"?\"\ntoken = \"S1qJ0JoQmYfy\"\n".to_owned() + &account("")),
        ]),
    );
}

#[test]
fn environment_and_command_line() {
    let mut report = said(&[
        ("", &[("ECHOSTR_LISTEN", "8080"), ("ECHOSTR_DATA", "")]),
        (
            "",
            &[
                ("ECHOSTR_OPEN_ACCESS__ENABLED", "1"),
                ("ECHOSTR_OPEN_ACCESS__BOT", "llm"),
            ],
        ),
        (
            "",
            &[
                ("ECHOSTR_LIMITS__BODY_BYTES", "1M"),
                ("ECHOSTR_LIMITS__SHUTDOWN_SECS", "0"),
            ],
        ),
        ("", &[("ECHOSTR_TRUSTED_PROXIES", "127.0.0.1,nginx")]),
        // The weaker source is checked as well.
        (
            "listen = \"nonsense\"",
            &[("ECHOSTR_LISTEN", "127.0.0.1:8080")],
        ),
    ]);
    let options = Sources {
        listen: Some("here".into()),
        data: Some("~/data".into()),
        ..sources(b"", &[])
    };
    report += &said_about("", &options);
    assert_said("environment", report);
}

#[test]
fn what_is_strange_but_can_be_used() {
    let keys = format!("encoding_aes_key = \"{KEY}\"\n");
    let safe = format!("app_id = \"wx0123456789abcdef\"\nmode = \"safe\"\n{keys}");
    assert_said(
        "warnings",
        said(&[
            (
                "",
                &[
                    ("ECHOSTR_LISTN", "127.0.0.1:8080"),
                    ("ECHOSTR_OPEN_ACCESS_ENABLED", "false"),
                    ("ECHOSTR_COLOUR", "red"),
                ],
            ),
            ("", &[("ECHOSTR_ACCOUNT__0__TOKEN", "hidden")]),
            ("public_url = \"https://bot.example.com:8443\"", &[]),
            ("", &[("ECHOSTR_PUBLIC_URL", "http://127.0.0.1:8080")]),
            (&account("previous_token = \"S1qJ0JoQmYfy\""), &[]),
            // Two spellings of one key: the last character holds two bits that count for nothing.
            (
                &account(&format!(
                    "{safe}previous_encoding_aes_key = \"{}S\"",
                    &KEY[..42]
                )),
                &[],
            ),
            (&account(&keys), &[]),
            (
                &account(&format!(
                    "bot = {{ kind = \"http\", url = \"http://127.0.0.1:9000/\", secret = \"{SECRET}\" }}\n\
                     [limits]\njob_timeout_secs = 30"
                )),
                &[],
            ),
            // Who wrote the mode knows.
            (&account(&format!("{keys}mode = \"plain\"")), &[]),
        ]),
    );
}

#[test]
fn a_file_that_cannot_be_read() {
    let gbk = [
        b"data = \"./data\"\n# ".as_slice(),
        &[0xca, 0xfd, 0xbe, 0xdd],
    ]
    .concat();
    let mut report = said_about("# 数据 in GBK", &sources(&gbk, &[]));
    let named = |config: &str| Sources {
        config: Some(config.into()),
        ..sources(b"", &[("ECHOSTR_LISTEN", "8080")])
    };
    report += &said_about("--config missing.toml", &named("missing.toml"));
    report += &said_about("--config .", &named("."));
    assert_said("files", report);
}

#[test]
fn a_named_file_must_be_there_and_gives_its_name_to_the_faults() {
    let sources = sources(b"listen = 1", &[]);
    let path = sources.directory.join("echostr.toml");
    let sources = Sources {
        config: Some(path.clone()),
        ..sources
    };
    let faults = read(&sources).expect_err("a number");
    let start = format!(
        "cannot read the configuration: 1 fault\n{}:1: `listen` is the number 1",
        path.display()
    );
    assert!(faults.to_string().starts_with(&start), "{faults}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    let variable = |name: &[u8]| {
        (
            OsString::from_vec(name.into()),
            OsString::from_vec(vec![0xff]),
        )
    };
    let environment = vec![variable(b"ECHOSTR_LISTEN"), variable(b"ECHOSTR_\xff")];
    assert_said(
        "not_utf_8",
        read(&Sources {
            environment,
            ..sources(b"", &[])
        })
        .expect_err("a fault"),
    );
}

#[test]
fn many_faults_are_reported_together_in_the_order_of_the_file() {
    let toml = r#"listen = "localhost:8080"
public_url = "bot.example.com"
trusted_proxies = ["10.0.0.0/99"]
lgo = 1
data = ./data

[limits]
body_bytes = 10
colour = "red"

[log]
level = "loud"

[[account]]
id = "shop"
token = "S1qJ0JoQmYfy"
mode = "safe"

[[account]]
id = "shop"
token = "S1qJ0JoQmYfy"
app_id = "wx12"
bot = "robot"

[[account]]
name = "nobody"
"#;
    let environment = [("ECHOSTR_LOG__FORMAT", "xml")];
    let sources = Sources {
        listen: Some("x".into()),
        ..sources(toml.as_bytes(), &environment)
    };
    assert_said("many", said_about(toml, &sources));
}

#[test]
fn no_secret_is_ever_shown() {
    let planted = "PlantedSecretDoNotShow";
    let key = format!("{planted}{}", &KEY[planted.len()..]);
    assert_eq!(key.len(), 43);
    let safe = "app_id = \"wx0123456789abcdef\"\nmode = \"safe\"\n";
    let cases = [
        format!(
            "[[account]]\nid = \"a\"\ntoken = \"{planted}\"\nprevious_token = \"{planted}2\"\n{safe}\
                 encoding_aes_key = \"{key}\"\nprevious_encoding_aes_key = \"{key}\""
        ),
        format!(
            "[[account]]\nid = \"a\"\ntoken = \"{planted}\"\nprevious_token = \"{planted}\"\nencoding_aes_key = \"{key}\""
        ),
        format!("[[account]]\ntoken = \"{planted}{planted}\"\nprevious_token = \"{planted} x\""),
        format!("[[account]]\ntoken = [\"{planted}\"]\nencoding_aes_key = {{ x = \"{planted}\" }}"),
        format!(
            "[[account]]\nencoding_aes_key = \"{planted}\"\nprevious_encoding_aes_key = \"{key}x\""
        ),
        format!("[[account]]\nencoding_aes_key = \"{}!\"", &key[..42]),
        format!(
            "[[account]]\nid = \"a\"\ntoken = \"{planted}\"\n[[account]]\nid = \"b\"\ntoken = \"{planted}\""
        ),
        format!("[[account]]\napp_id = \"{key}\""),
        format!(
            "[[account]]\napp_secret = \"{planted}\"\ntokn = \"{planted}\"\nbot = {{ kind = \"llm\", api_key = \"{planted}\" }}"
        ),
        format!("[[account]]\ntoken = {planted}"),
        format!("[[account]]\ntoken = “{planted}”"),
        format!("[[account]]\ntoken = \"{planted}"),
        format!("[[account]]\ntoken = \"\\q{planted}\""),
        format!("[[account]]\ntoken {planted}"),
        format!("[[account]]\ntoken = \"{planted}\" {planted}"),
        format!("[[account]]\nencoding_aes_key =\n{key}=\n"),
        format!("[[account]]\ntoken = '''{planted}"),
        format!("public_url = \"https://me:{planted}@example.com\""),
        format!("public_url = \"me:{planted}@example.com\""),
        format!("bot = {{ kind = \"http\", secret = \"{planted}\" }}"),
        account(&format!(
            "bot = {{ kind = \"http\", url = \"http://{planted}:x@a/\", secret = \"whsec_{planted}\" }}"
        )),
        account(&format!(
            "bot = {{ kind = \"http\", url = \"ftp://a?{planted}\", secret = [\"{planted}\"], key = \"{planted}\" }}"
        )),
        account(&format!(
            "bot = {{ kind = \"http\", url = \"http://a/?{planted}\", secret = \"whsec_{planted}aaaaaaaaaa\" }}"
        )),
        account(&format!(
            "bot = {{ kind = \"echo\", secret = \"{planted}\" }}"
        )),
        format!("[platform]\nproxy = \"http://me:{planted}@127.0.0.1:3128\""),
        format!("[platform]\nproxy = \"{planted}\""),
        account(&format!(
            "access_token = \"{planted}\"\naccess_token_key = \"{planted}\"\napp_secret = \"{planted}\""
        )),
        account(&format!(
            "access_token = \"https://{planted}:x@a/\"\napi_base = \"https://a/?{planted}\""
        )),
        account(&format!(
            "access_token = \"https://a.example.com/\"\naccess_token_key = \"{planted}\"\napp_id = \"wx0123456789abcdef\""
        )),
    ];
    for toml in cases {
        let environment = [
            ("ECHOSTR_ACCOUNT__0__TOKEN", planted),
            ("ECHOSTR_TOKEN", planted),
            ("ECHOSTR_APP_SECRET", planted),
        ];
        let outputs = match read(&sources(toml.as_bytes(), &environment)) {
            Ok((config, warnings)) => {
                let warned: Vec<_> = warnings.iter().map(ToString::to_string).collect();
                format!("{config:?} {config:#?} {warnings:?} {warned:?}")
            }
            Err(faults) => format!("{faults} {faults:?} {faults:#?}"),
        };
        assert!(!outputs.contains("Planted"), "{outputs}");
    }
}
