//! With what a rule answers.

use std::sync::Arc;

use echostr::protocol::Reply;
use echostr::{Account, Answer, Bot, BoxError, Context, Language, OwnBot, Rule, Rules, Trial};
use echostr_simulator::Push;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::asking::{NO_RULE, NOW_MS, answer, answer_of, reply, rule, rules, run};
use crate::common::{message, shop};

/// What a text with variables becomes.
#[track_caller]
fn check_text(template: &str, push: &Push, expected: &str) {
    let answer = answer(&rules([reply(json!({ "text": template }))]), push);
    assert_eq!(answer, expected.into(), "{template}");
}

/// The same after a regular expression has matched.
#[track_caller]
fn check_groups(regex: &str, template: &str, text: &str, expected: &str) {
    let rule =
        rule(json!({ "id": "r", "when": { "regex": [regex] }, "reply": { "text": template } }));
    let answer = answer(&rules([rule]), &Push::text(text));
    assert_eq!(answer, expected.into(), "{regex} {template} {text}");
}

#[test]
fn each_reply_is_what_it_says() {
    let checked = |reply_: Value, push: &Push, expected: Value| {
        let answer = answer(&rules([reply(reply_)]), push);
        assert_eq!(serde_json::to_value(&answer).expect("JSON"), expected);
    };
    let text = Push::text("x");
    checked(json!({ "text": "好" }), &text, json!({ "text": "好" }));
    checked(
        json!({ "markdown": "**好**" }),
        &text,
        json!({ "text": "好" }),
    );
    checked(json!({ "image": "m" }), &text, json!({ "image": "m" }));
    checked(json!({ "voice": "m" }), &text, json!({ "voice": "m" }));
    checked(json!({ "silence": true }), &text, json!("silence"));
    let video = json!({ "video": { "media_id": "m", "title": "t", "description": "" } });
    checked(video.clone(), &text, video);
    let music = json!({ "music": { "title": "听 {{message.content}}", "description": "", "music_url": "https://a.cn/{{message.content}}", "hq_music_url": "", "thumb_media_id": "m" } });
    let played = json!({ "music": { "title": "听 x", "description": "", "music_url": "https://a.cn/x", "hq_music_url": "", "thumb_media_id": "m" } });
    checked(music, &text, played);
    let news = json!({ "news": [{ "title": "{{message.content}}", "description": "d", "pic_url": "", "url": "https://a.cn/?q={{message.content}}" }] });
    let shown = json!({ "news": [{ "title": "一 二", "description": "d", "pic_url": "", "url": "https://a.cn/?q=%E4%B8%80%20%E4%BA%8C" }] });
    checked(news, &Push::text("一 二"), shown);
}

#[test]
fn transfers_are_for_messages() {
    let ask = |reply: Value| {
        let rule = rule(json!({ "id": "r", "reply": reply }));
        serde_json::to_value(answer(&rules([rule]), &Push::text("x"))).expect("JSON")
    };
    assert_eq!(ask(json!({ "desk": true })), json!({ "desk": null }));
    assert_eq!(
        ask(json!({ "desk": "kf1@shop" })),
        json!({ "desk": "kf1@shop" })
    );
    assert_eq!(ask(json!({ "ai": true })), json!("ai"));
}

#[test]
fn variables_become_what_they_stand_for() {
    let text = Push::text("你好");
    for (template, expected) in [
        ("你说：{{message.content}}", "你说：你好"),
        ("{{ message.content }}", "你好"),
        ("{{message.kind}}", "text"),
        ("[{{message.key}}]", "[]"),
        ("[{{message.scene}}]", "[]"),
        ("{{account.id}}", "shop"),
        ("{{account.name}}", "shop"),
        ("{{date}} {{time}} {{weekday}}", "2026-12-01 10:00 星期二"),
        ("{{message.content}}{{message.content}}", "你好你好"),
        ("{{{{message.content}}", "{{message.content}}"),
        ("{{{{{{message.content}}}}", "{{你好}}"),
        ("} }} { a}b", "} }} { a}b"),
    ] {
        check_text(template, &text, expected);
    }
    check_text("{{follower.openid}}", &text.clone().by("o_1-x"), "o_1-x");
    check_text(
        "{{message.key}} {{message.kind}}",
        &Push::click("menu-1"),
        "menu-1 event.click",
    );
    check_text("{{message.scene}}", &Push::scan("table-7", "t"), "table-7");
    check_text(
        "{{message.scene}}",
        &Push::subscribe_by_scan("门", "t"),
        "门",
    );
    check_text(
        "{{message.content}}",
        &Push::recognized_voice("m", "今天"),
        "今天",
    );
    check_text("[{{message.content}}]", &Push::unsupported(), "[]");
    check_text("{{message.kind}}", &Push::unsupported(), "unsupported");
    let english = Account {
        language: Language::English,
        ..shop()
    };
    let day = rules([reply(json!({ "text": "{{weekday}}" }))]);
    assert_eq!(answer_of(&day, &text, english, NOW_MS), "Tuesday".into());
}

#[test]
fn groups_of_a_regular_expression_are_values() {
    check_groups(
        r"^订单\s*(\d+)$",
        "查 {{1}}（{{0}}）",
        "订单 ４２",
        "查 42（订单 42）",
    );
    check_groups(
        r"我是(?<name>\S+)",
        "{{name}} 好，{{1}}！",
        "我是小明",
        "小明 好，小明！",
    );
    check_groups("(a)|(b)", "[{{1}}][{{2}}]", "B", "[][B]");
    check_groups("Hello", "{{0}}", "say HELLO", "HELLO");
    // Found by a word, its groups are empty unless the expression matches too.
    let rule = rule(json!({
        "id": "r", "when": { "contains": ["查"], "regex": [r"(\d+)"] }, "reply": { "text": "[{{1}}]" }
    }));
    let rules = rules([rule]);
    assert_eq!(answer(&rules, &Push::text("查")), "[]".into());
    assert_eq!(answer(&rules, &Push::text("查 7")), "[7]".into());
}

#[test]
fn what_a_follower_wrote_never_becomes_a_link() {
    for (text, expected) in [
        (
            r#"<a href="https://evil.cn">点我</a>"#,
            "＜a href=\"https:\u{200b}//evil.\u{200b}cn\"＞点我＜/a＞",
        ),
        ("http://evil.cn/x", "http:\u{200b}//evil.\u{200b}cn/x"),
        ("www.evil.com", "www.\u{200b}evil.\u{200b}com"),
        ("evil.中国", "evil.\u{200b}中国"),
        (
            "weixin://bizmsgmenu?msgmenucontent=1",
            "weixin:\u{200b}//bizmsgmenu?msgmenucontent=1",
        ),
        ("me@evil.com", "me@evil.\u{200b}com"),
        ("3.14 元，v1.2", "3.14 元，v1.2"),
        ("你好. 再见.", "你好. 再见."),
        ("]]><x/>&amp;", "]]＞＜x/＞&amp;"),
        ("a\u{0}b\u{8}c\td\u{7f}e\u{200b}f\u{202e}g", "abcdefg"),
        ("一\n二", "一\n二"),
    ] {
        check_text("{{message.content}}", &Push::xml(raw(text)), expected);
    }
    let long = "啊".repeat(600);
    check_text("{{message.content}}", &Push::text(&long), &"啊".repeat(500));
}

/// A text that a `CDATA` section cannot hold as it is.
fn raw(text: &str) -> String {
    let escaped: String = text
        .chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_ascii_control() || *c == '\u{7f}')
        .map(|c| match c {
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '&' => "&amp;".into(),
            other => other.to_string(),
        })
        .collect();
    format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1796090400</CreateTime>\
         <MsgType>text</MsgType><Content>{escaped}</Content><MsgId>1</MsgId></xml>"
    )
}

#[test]
fn values_beside_text_never_become_a_link_with_it() {
    check_groups("(.*)/(.*)", "{{1}}{{2}}", "evil./com", "evil.\u{200b}com");
    check_groups("^(.+)$", "看{{1}}com", "evil.", "看evil.\u{200b}com");
    check_groups("^(.+)$", "www.{{1}}", "evil", "www.\u{200b}evil");
    check_groups("^(.+)$", "http:{{1}}", "//evil", "http:\u{200b}//evil");
    check_groups("^(.+)$", "{{1}}//evil", "http:", "http:\u{200b}//evil");
    check_groups("^(.+)$", "{{1}} 元", "3.", "3. 元");
}

#[test]
fn in_an_address_a_value_is_percent_encoded() {
    check_groups(
        "^查(.+)$",
        r#"<a href="https://a.cn/find?q={{1}}&x=1">{{1}}</a>"#,
        r#"查 "><b>/../?&一"#,
        "<a href=\"https://a.cn/find?q=%20%22%3E%3Cb%3E%2F..%2F%3F%26%E4%B8%80&x=1\"> \"＞＜b＞/../?&一</a>",
    );
    check_groups(
        "^(.+)$",
        "看 https://a.cn/{{1}} 吧",
        "一?",
        "看 https://a.cn/%E4%B8%80%3F 吧",
    );
    check_groups(
        "^(.+)$",
        "<a href='weixin://bizmsgmenu?msgmenucontent={{1}}&msgmenuid=1'>再来</a>",
        "it's",
        "<a href='weixin://bizmsgmenu?msgmenucontent=it%27s&msgmenuid=1'>再来</a>",
    );
    check_groups(
        "^(.+)$",
        r#"<a data-miniprogram-path="pages/{{1}}" href="https://a.cn/">x</a>"#,
        r#"a"b"#,
        r#"<a data-miniprogram-path="pages/a%22b" href="https://a.cn/">x</a>"#,
    );
    check_groups("^(.+)$", "1 < 2 {{1}}", "<b", "1 < 2 ＜b");
}

#[test]
fn in_markdown_a_value_has_no_marks() {
    let ask = |template: &str, text: &str| {
        answer(
            &rules([reply(json!({ "markdown": template }))]),
            &Push::text(text),
        )
    };
    assert_eq!(ask("**{{message.content}}**", "a*b_c`d"), "a*b_c`d".into());
    assert_eq!(ask("{{message.content}}", "[x](y)"), "[x](y)".into());
    let Reply::Text(linked) = ask("[看](https://a.cn/{{message.content}})", "一)") else {
        panic!("no text");
    };
    assert!(linked.contains("https://a.cn/%E4%B8%80%29"), "{linked}");
}

#[test]
fn one_is_chosen_by_chance() {
    let rules = rules([reply(
        json!({ "random": [{ "text": "甲" }, { "text": "乙" }, { "silence": true }] }),
    )]);
    let mut seen = [0; 3];
    for _ in 0..300 {
        match answer(&rules, &Push::text("x")) {
            Reply::Text(text) if text == "甲" => seen[0] += 1,
            Reply::Text(text) if text == "乙" => seen[1] += 1,
            Reply::Silence => seen[2] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
}

/// The first of several answers the push; a rule with nothing but that is asked for all of it.
#[test]
fn all_of_several_are_answered() {
    let rules = rules([reply(
        json!({ "all": [{ "text": "一 {{message.content}}" }, { "image": "m" }, { "markdown": "*三*" }] }),
    )]);
    assert_eq!(answer(&rules, &Push::text("x")), "一 x".into());
    let trial = Trial {
        message: Arc::new(message(&Push::text("x"))),
        at_ms: NOW_MS,
    };
    let filled = rules.filled_in("r", &trial, &shop()).expect("it fits");
    assert_eq!(
        serde_json::to_value(&filled).expect("JSON"),
        json!({ "all": [{ "text": "一 x" }, { "image": "m" }, { "markdown": "*三*" }] })
    );
    assert_eq!(rules.filled_in("other", &trial, &shop()), None);
}

/// A bot that says what it was asked.
#[derive(Debug)]
struct Parrot;

impl OwnBot for Parrot {
    fn answer<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Answer, BoxError>> {
        Box::pin(async move { Ok(Reply::from(format!("own: {}", context.message.kind())).into()) })
    }
}

#[test]
fn a_bot_answers_for_a_rule() {
    let with_bot = Account {
        own_bot: Some(Arc::new(Parrot)),
        ..shop()
    };
    let ask = |reply_: Value, push: &Push, account: Account| {
        answer_of(&rules([reply(reply_)]), push, account, NOW_MS)
    };
    let own = json!({ "bot": {} });
    assert_eq!(
        ask(own.clone(), &Push::text("x"), with_bot.clone()),
        "own: text".into()
    );
    // Whoever is asked next is the account's bot.
    assert_eq!(ask(own, &Push::text("x"), shop()), NO_RULE.into());
    let echo = json!({ "bot": { "name": "echo" } });
    assert_eq!(
        ask(echo.clone(), &Push::text("x"), with_bot.clone()),
        "x".into()
    );
    assert_eq!(
        ask(echo, &Push::image("https://mmbiz.qpic.cn/1", "m"), with_bot),
        Reply::Image("m".into())
    );
}

#[test]
fn a_prompt_is_filled_in_for_the_bot() {
    let rules = rules([rule(json!({
        "id": "r",
        "when": { "regex": ["翻译(.+)"] },
        "reply": { "bot": { "prompt": "Translate for {{account.id}} & <{{weekday}}>" } }
    }))]);
    let trial = Trial {
        message: Arc::new(message(&Push::text("翻译a.com"))),
        at_ms: NOW_MS,
    };
    let filled = rules.filled_in("r", &trial, &shop()).expect("it fits");
    assert_eq!(
        serde_json::to_value(&filled).expect("JSON"),
        json!({ "bot": { "name": "own", "prompt": "Translate for shop & <星期二>" } })
    );
}

#[test]
fn a_rule_is_asked_before_handlers_that_come_after_it() {
    let rules: Rules = rules([rule(
        json!({ "id": "r", "when": { "equals": ["a"] }, "reply": { "text": "rule" } }),
    )]);
    let bot = Bot::new().keyword("a", "keyword").on(rules).account(shop());
    let answer = run(bot.answer(message(&Push::text("a"))));
    assert_eq!(answer.expect("it does not fail"), "keyword".into());
}

#[test]
fn a_rule_is_what_it_was_as_json() {
    let written = json!({
        "id": "price", "account": "shop", "priority": 5, "enabled": true, "cool_down_secs": 60,
        "when": { "contains": ["价格"], "hours": ["09:00-18:00"] },
        "reply": { "all": [{ "text": "一" }, { "silence": true }] }
    });
    let rule: Rule = serde_json::from_value(written.clone()).expect("a rule");
    assert_eq!(serde_json::to_value(&rule).expect("JSON"), written);
}
