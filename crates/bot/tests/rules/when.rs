//! When a rule answers.

use echostr::protocol::Reply;
use echostr::{Account, Rule};
use echostr_simulator::{Push, Xml};
use serde_json::{Value, json};

use crate::asking::{NO_RULE, NOW_MS, answer, answer_of, considered, rule, rules, when};
use crate::common::shop;

/// Whether a rule with this condition answers.
#[track_caller]
fn check(condition: Value, push: &Push, answers: bool) {
    let text = if answers { "yes" } else { NO_RULE };
    let named = format!("{condition} {push:?}");
    let answer = answer(&rules([when(condition)]), push);
    assert_eq!(answer, Reply::from(text), "{named}");
}

#[track_caller]
fn check_texts(condition: &Value, yes: &[&str], no: &[&str]) {
    for (texts, answers) in [(yes, true), (no, false)] {
        for text in texts {
            check(condition.clone(), &Push::text(text), answers);
        }
    }
}

#[test]
fn the_whole_text_is_compared() {
    check_texts(
        &json!({ "equals": ["价格", "Price List"] }),
        &[
            "价格",
            " 价格\n",
            "\u{3000}价格\u{3000}",
            "price list",
            "PRICE LIST",
            "Ｐｒｉｃｅ　Ｌｉｓｔ",
        ],
        &["价格表", "问价格", "价 格", "price", "pricelist", ""],
    );
}

#[test]
fn a_word_is_found_anywhere() {
    check_texts(
        &json!({ "contains": ["价格", "FAQ", "ok?"] }),
        &[
            "价格",
            "请问价格是多少",
            "see the faq",
            "Ｆaｑ",
            "OK？",
            "好的ok?吗",
        ],
        &["价 格", "fa q", "ok", "", "价", "格价"],
    );
}

#[test]
fn a_word_is_found_at_the_beginning() {
    check_texts(
        &json!({ "starts_with": ["查询", "Buy "] }),
        &["查询", "查询订单", "buy 1", "ＢＵＹ　１"],
        &["我要查询", "buy", " 查询", "", "查"],
    );
    // The word is anywhere in one rule, and at the beginning in another.
    let both = rules([
        rule(
            json!({ "id": "a", "priority": 1, "when": { "starts_with": ["查"] }, "reply": { "text": "begin" } }),
        ),
        rule(json!({ "id": "b", "when": { "contains": ["查"] }, "reply": { "text": "anywhere" } })),
    ]);
    assert_eq!(answer(&both, &Push::text("查一查")), "begin".into());
    assert_eq!(answer(&both, &Push::text("一查")), "anywhere".into());
}

#[test]
fn a_regular_expression_is_found_in_narrow_text() {
    check_texts(
        &json!({ "regex": [r"^订单\s*(\d{4,})$"] }),
        &["订单1234", "订单 12345", "订单　１２３４", "订单\n1234"],
        &["订单123", "我的订单1234", "订单1234。", ""],
    );
    check_texts(
        &json!({ "regex": ["hello|你好"] }),
        &["HELLO", "说Ｈｅｌｌｏ", "你好"],
        &["hallo", "您好"],
    );
    check_texts(
        &json!({ "regex": ["多少钱？$"] }),
        &["多少钱？", "多少钱?"],
        &["多少钱", "多少"],
    );
    check_texts(
        &json!({ "regex": ["[！？]{2}"] }),
        &["真的！？", "!!"],
        &["!", "？"],
    );
    check_texts(
        &json!({ "regex": ["等…吗"] }),
        &["等…吗", "等...吗"],
        &["等一会吗", "等吗"],
    );
    check_texts(
        &json!({ "regex": [r"^\d+$"] }),
        &["42", "４２"],
        &["42a", "四十二", ""],
    );
    check_texts(&json!({ "regex": ["^$"] }), &[""], &[" ", "a"]);
    check_texts(
        &json!({ "regex": ["(?-i)AbC"] }),
        &["xAbCx", "ＡbＣ"],
        &["abc", "ABC"],
    );
    check_texts(&json!({ "regex": ["É+"] }), &["é", "É", "e\u{301}"], &["e"]);
    check_texts(&json!({ "regex": ["ｶﾞ+$"] }), &["ガガ", "ｶﾞｶﾞ"], &["カ"]);
    check_texts(
        &json!({ "regex": [r"(退款|return).*(?:失败|fail)"] }),
        &["退款总是失败", "RETURN failed"],
        &["失败的退款", "退款"],
    );
}

#[test]
fn patterns_are_one_list() {
    check_texts(
        &json!({ "equals": ["甲"], "contains": ["乙"], "starts_with": ["丙"], "regex": ["丁$"] }),
        &["甲", "一乙一", "丙一", "一丁"],
        &["甲一", "一丙", "丁一", ""],
    );
}

#[test]
fn letters_of_all_kinds_are_folded() {
    for (word, yes, no) in [
        (
            "straße",
            &["STRASSE straße", "STRAẞE"][..],
            &["strasse"][..],
        ),
        ("İstanbul", &["İSTANBUL", "i\u{307}stanbul"], &["istanbul"]),
        ("οδος", &["ΟΔΟΣ", "οδος", "οδοσα", "ΟΔΟΣΑ"], &["οδο"]),
        ("ガ", &["ｶﾞ", "カ\u{3099}", "ガ"], &["カ"]),
        ("①", &["①", "1", "１"], &["2"]),
        ("ﬁ", &["fi", "FI", "ﬁn"], &["f i"]),
        ("👍", &["👍", "👍🏽", "好👍"], &["👎"]),
        ("👨‍👩‍👧", &["👨‍👩‍👧 是一家"], &["👨 👩 👧"]),
        ("？！", &["?!", "什么？!"], &["？", "！？"]),
        ("ＡＢＣ", &["abc", "ＡＢＣ", "xAbCx"], &["ab c"]),
        ("é", &["É", "E\u{301}", "e\u{301}"], &["e"]),
        ("(c)", &["(C)", "（ｃ）"], &["©", "c"]),
    ] {
        check_texts(&json!({ "contains": [word] }), yes, no);
    }
}

fn pushes() -> Vec<(&'static str, Push)> {
    vec![
        ("text", Push::text("价格")),
        ("voice", Push::voice("m")),
        ("recognised", Push::recognized_voice("m", "价格")),
        ("image", Push::image("https://mmbiz.qpic.cn/1", "m")),
        ("video", Push::video("m", "t")),
        ("shortvideo", Push::short_video("m", "t")),
        ("location", Push::location(23.1, 113.3, 15, "Canton")),
        ("link", Push::link("t", "d", "https://example.com")),
        ("unsupported", Push::unsupported()),
        ("subscribe", Push::subscribe()),
        ("scan", Push::scan("table-7", "t")),
        ("scanned follow", Push::subscribe_by_scan("table-7", "t")),
        ("click", Push::click("menu-1")),
        ("view", Push::view("https://example.com/a", "1")),
        ("report", Push::report_location(23.1, 113.3, 1.0)),
        ("waitmsg", Push::scancode_waitmsg("menu-1", "qrcode", "x")),
        ("new event", Push::event("brand_new", [])),
        ("new kind", Push::message("brand_new", [])),
        (
            "device",
            Push::message("device_text", [Xml::text("DeviceID", "d")]),
        ),
    ]
}

/// Which of the pushes a condition is for.
#[track_caller]
fn check_kinds(condition: &Value, expected: &[&str]) {
    let rules = rules([when(condition.clone())]);
    let answered = pushes()
        .into_iter()
        .filter(|(_, push)| answer(&rules, push) == "yes".into());
    let answered: Vec<_> = answered.map(|(name, _)| name).collect();
    assert_eq!(answered, expected, "{condition}");
}

#[test]
fn a_condition_without_kinds_is_for_those_that_go_without_saying() {
    check_kinds(
        &json!({}),
        &[
            "text",
            "voice",
            "recognised",
            "image",
            "video",
            "shortvideo",
            "location",
            "link",
            "unsupported",
        ],
    );
    check_kinds(&json!({ "contains": ["价格"] }), &["text", "recognised"]);
    check_kinds(&json!({ "regex": ["格"] }), &["text", "recognised"]);
    check_kinds(&json!({ "key": ["menu-1"] }), &["click", "waitmsg"]);
    check_kinds(
        &json!({ "scene": ["table-7"] }),
        &["scan", "scanned follow"],
    );
    check_kinds(
        &json!({ "hours": ["09:00-18:00"] }),
        &[
            "text",
            "voice",
            "recognised",
            "image",
            "video",
            "shortvideo",
            "location",
            "link",
            "unsupported",
        ],
    );
}

#[test]
fn a_kind_is_for_its_own() {
    for (kinds, expected) in [
        (json!(["text"]), &["text"][..]),
        (json!(["TEXT"]), &["text"]),
        (json!(["voice"]), &["voice", "recognised"]),
        (json!(["image", "video"]), &["image", "video"]),
        (json!(["shortvideo"]), &["shortvideo"]),
        (json!(["location"]), &["location"]),
        (json!(["link"]), &["link"]),
        (json!(["unsupported"]), &["unsupported"]),
        (json!(["event.subscribe"]), &["subscribe", "scanned follow"]),
        (json!(["Event.SUBSCRIBE"]), &["subscribe", "scanned follow"]),
        (json!(["event.scan"]), &["scan"]),
        (json!(["event.click"]), &["click"]),
        (json!(["event.location"]), &["report"]),
        (json!(["event.scancode_waitmsg"]), &["waitmsg"]),
        (json!(["text", "event.click"]), &["text", "click"]),
        (
            json!(["event"]),
            &[
                "subscribe",
                "scan",
                "scanned follow",
                "click",
                "view",
                "report",
                "waitmsg",
                "new event",
            ],
        ),
    ] {
        let shown: Vec<_> = expected.to_vec();
        // The platform shows no answer to a tap that leads elsewhere, but the rule is asked.
        check_kinds(&json!({ "kind": kinds }), &shown);
    }
    check_kinds(
        &json!({ "kind": ["voice"], "contains": ["价格"] }),
        &["recognised"],
    );
    check_kinds(
        &json!({ "kind": ["event.click"], "key": ["menu-1"] }),
        &["click"],
    );
    check_kinds(
        &json!({ "kind": ["event.scan"], "scene": ["table-7"] }),
        &["scan"],
    );
}

#[test]
fn keys_are_compared_exactly_and_scenes_by_their_beginning() {
    let key = json!({ "key": ["menu-1", "https://example.com/a"] });
    check(key.clone(), &Push::click("menu-1"), true);
    check(key.clone(), &Push::click("MENU-1"), false);
    check(key.clone(), &Push::click("menu-12"), false);
    check(key.clone(), &Push::text("menu-1"), false);
    check(key, &Push::view("https://example.com/a", "1"), true);
    let scene = json!({ "scene": ["table-*", "door", "表*"] });
    for (name, answers) in [
        ("table-7", true),
        ("table-", true),
        ("table", false),
        ("door", true),
        ("door2", false),
        ("表7", true),
        ("Table-7", false),
    ] {
        check(scene.clone(), &Push::scan(name, "t"), answers);
        check(scene.clone(), &Push::subscribe_by_scan(name, "t"), answers);
    }
    check(scene.clone(), &Push::subscribe(), false);
    check(scene, &Push::click("table-7"), false);
    check(
        json!({ "scene": ["*"] }),
        &Push::scan("anything", "t"),
        true,
    );
}

/// Whether a rule answers at a local time in China, as `2026-12-01 10:00`.
#[track_caller]
fn check_time(condition: &Value, times: &[(&str, bool)]) {
    for (time, answers) in times {
        let (date, time) = time.split_once(' ').expect("a date and a time");
        let day = echostr::day_of(date).expect("a date");
        let (hour, minute) = time.split_once(':').expect("a time");
        let minutes: i64 = hour.parse::<i64>().expect("an hour") * 60
            + minute.parse::<i64>().expect("a minute")
            - 8 * 60;
        let at_ms = (i64::from(day) * 24 * 60 + minutes) * 60_000;
        let answer = answer_of(
            &rules([when(condition.clone())]),
            &Push::text("x"),
            shop(),
            at_ms,
        );
        let expected = if *answers { "yes" } else { NO_RULE };
        assert_eq!(answer, expected.into(), "{condition} {date} {time}");
    }
}

#[test]
fn hours_days_and_dates_are_those_of_the_account() {
    check_time(
        &json!({ "hours": ["09:00-18:00"] }),
        &[
            ("2026-12-01 08:59", false),
            ("2026-12-01 09:00", true),
            ("2026-12-01 17:59", true),
            ("2026-12-01 18:00", false),
            ("2026-12-01 00:00", false),
        ],
    );
    check_time(
        &json!({ "hours": ["22:00-06:00"] }),
        &[
            ("2026-12-01 21:59", false),
            ("2026-12-01 22:00", true),
            ("2026-12-01 23:59", true),
            ("2026-12-02 00:00", true),
            ("2026-12-02 05:59", true),
            ("2026-12-02 06:00", false),
        ],
    );
    check_time(
        &json!({ "hours": ["08:00-12:00", "20:00-24:00"] }),
        &[
            ("2026-12-01 11:59", true),
            ("2026-12-01 12:00", false),
            ("2026-12-01 23:59", true),
            ("2026-12-02 00:00", false),
        ],
    );
    check_time(
        &json!({ "weekdays": ["mon", "Sun"] }),
        &[
            ("2026-11-30 00:00", true),
            ("2026-11-30 23:59", true),
            ("2026-12-01 00:00", false),
            ("2026-12-05 23:59", false),
            ("2026-12-06 00:00", true),
        ],
    );
    check_time(
        &json!({ "from": "2026-12-01", "to": "2026-12-31" }),
        &[
            ("2026-11-30 23:59", false),
            ("2026-12-01 00:00", true),
            ("2026-12-31 23:59", true),
            ("2027-01-01 00:00", false),
        ],
    );
    check_time(
        &json!({ "from": "2028-02-29" }),
        &[("2028-02-28 23:59", false), ("2030-01-01 00:00", true)],
    );
    check_time(
        &json!({ "to": "2026-12-01" }),
        &[("2026-12-01 23:59", true), ("2026-12-02 00:00", false)],
    );
}

#[test]
fn another_time_zone_has_another_hour() {
    let account = |zone: &str| Account {
        zone: zone.parse().expect("a zone"),
        ..shop()
    };
    let rules = rules([when(
        json!({ "hours": ["02:00-02:01"], "weekdays": ["tue"] }),
    )]);
    let ask = |zone| answer_of(&rules, &Push::text("x"), account(zone), NOW_MS);
    assert_eq!(ask("+00:00"), "yes".into());
    assert_eq!(ask("+08:00"), NO_RULE.into());
    assert_eq!(ask("-12:00"), NO_RULE.into());
}

#[test]
fn a_share_of_followers_is_always_the_same_and_as_large_as_it_says() {
    let ten = rules([when(json!({ "share_percent": 10 }))]);
    let again = rules([when(
        json!({ "share_percent": 10, "hours": ["00:00-24:00"] }),
    )]);
    let mut chosen = 0;
    for n in 0..2000 {
        let push = Push::text("x").by(format!("o{n}"));
        let is_chosen = answer(&ten, &push) == "yes".into();
        assert_eq!(answer(&again, &push) == "yes".into(), is_chosen);
        chosen += u32::from(is_chosen);
    }
    assert!((150..=250).contains(&chosen), "{chosen} of 2000");
}

fn named(id: &str, more: Value) -> Rule {
    let mut whole = json!({ "id": id, "reply": { "text": id } });
    let both = whole.as_object_mut().zip(more.as_object());
    let (whole_map, more) = both.expect("objects");
    whole_map.extend(more.clone());
    rule(whole)
}

#[test]
fn higher_ones_are_asked_first_then_the_account_s_then_by_id() {
    #[track_caller]
    fn check(all: Vec<Rule>, expected: &str) {
        assert_eq!(answer(&rules(all), &Push::text("价格")), expected.into());
    }
    check(vec![named("b", json!({})), named("a", json!({}))], "a");
    check(
        vec![named("a", json!({})), named("b", json!({ "priority": 1 }))],
        "b",
    );
    check(
        vec![named("a", json!({ "priority": -1 })), named("b", json!({}))],
        "b",
    );
    check(
        vec![
            named("a", json!({})),
            named("b", json!({ "account": "shop" })),
        ],
        "b",
    );
    check(
        vec![
            named("a", json!({ "priority": 1 })),
            named("b", json!({ "account": "shop" })),
        ],
        "a",
    );
    check(
        vec![
            named("a", json!({ "enabled": false })),
            named("b", json!({})),
        ],
        "b",
    );
    check(
        vec![
            named(
                "a",
                json!({ "priority": 9, "when": { "contains": ["价格"], "hours": ["20:00-21:00"] } }),
            ),
            named(
                "b",
                json!({ "priority": 8, "when": { "regex": ["^价"], "weekdays": ["sun"] } }),
            ),
            named(
                "c",
                json!({ "priority": 7, "when": { "equals": ["价格"] } }),
            ),
            named("d", json!({})),
        ],
        "c",
    );
}

#[test]
fn rules_of_another_account_and_of_open_access_are_not_asked() {
    let own = rules([named("a", json!({ "account": "shop" }))]);
    let other = Account {
        id: "other".into(),
        ..shop()
    };
    let open = Account {
        is_open: true,
        ..shop()
    };
    let push = Push::text("x");
    assert_eq!(answer_of(&own, &push, shop(), NOW_MS), "a".into());
    assert_eq!(answer_of(&own, &push, other, NOW_MS), NO_RULE.into());
    assert_eq!(answer_of(&own, &push, open.clone(), NOW_MS), NO_RULE.into());
    let for_all = rules([named("a", json!({}))]);
    assert_eq!(answer_of(&for_all, &push, open, NOW_MS), NO_RULE.into());
}

#[test]
fn what_was_replaced_answers_no_more_and_hits_are_counted_on() {
    let first = rules([named("a", json!({}))]);
    assert_eq!(answer(&first, &Push::text("x")), "a".into());
    let second = [named("b", json!({}))].map(|rule| (rule.into(), std::sync::Arc::default()));
    first.replace(None, echostr::RuleSet::compile(second));
    assert_eq!(answer(&first, &Push::text("x")), "b".into());
    assert_eq!(answer(&first, &Push::text("y")), "b".into());
    assert_eq!(answer(&first, &Push::click("x")), NO_RULE.into());
    let mut hits = first.take_hits();
    hits.sort();
    assert_eq!(hits, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(first.take_hits(), []);
}

#[test]
fn a_trial_says_what_fits_and_what_is_in_the_way() {
    let rules = rules([
        named(
            "a",
            json!({ "priority": 9, "when": { "contains": ["价格"], "hours": ["20:00-21:00"] } }),
        ),
        named(
            "b",
            json!({ "priority": 8, "when": { "regex": ["^价"], "weekdays": ["sun", "sat"] } }),
        ),
        named(
            "c",
            json!({ "priority": 7, "when": { "equals": ["Ａ", "价格"], "from": "2027-01-01" } }),
        ),
        named(
            "d",
            json!({ "priority": 6, "when": { "starts_with": ["价"], "first_message": true } }),
        ),
        named(
            "e",
            json!({ "priority": 5, "when": { "source": ["door"] } }),
        ),
        named("f", json!({ "priority": 4, "cool_down_secs": 60 })),
        named("g", json!({ "when": { "contains": ["运费"] } })),
        named("h", json!({ "when": { "kind": ["text"] } })),
    ]);
    let considered = considered(&rules, &Push::text("价格"), NOW_MS);
    let lines: Vec<_> = considered
        .iter()
        .map(|it| {
            format!(
                "{}: {}: {}",
                it.rule,
                it.because,
                it.hindrance.as_deref().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "a: contains 价格: not at this hour: it is 10:00, hours are 20:00-21:00",
            "b: regex ^价: not on this day: it is tue, days are sun, sat",
            "c: equals 价格: not on this date: it is 2026-12-01, dates are 2027-01-01 to the end",
            "d: starts_with 价: not the first message of this follower",
            "e: text: not for this follower, who did not come by door",
            "f: text: -",
            "h: text: -",
        ]
    );
    assert_eq!(rules.take_hits(), []);
}
