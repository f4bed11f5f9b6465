//! What is wrong with a rule.

use echostr::{Rule, RuleSecrets};
use serde_json::{Value, json};

/// The faults of a rule, a line each; `more` goes on top of a rule without faults.
#[track_caller]
fn check(more: Value, expected: &[&str]) {
    check_with(more, &RuleSecrets::default(), expected);
}

#[track_caller]
fn check_with(more: Value, secrets: &RuleSecrets, expected: &[&str]) {
    let mut whole = json!({ "id": "r", "reply": { "text": "yes" } });
    let named = more.to_string();
    let both = whole.as_object_mut().zip(more.as_object());
    let (map, more) = both.expect("objects");
    map.extend(more.clone());
    let rule: Rule = serde_json::from_value(whole).expect("a rule");
    let faults = rule.check(secrets);
    let lines: Vec<_> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.field, fault.text))
        .collect();
    assert_eq!(lines, expected, "{named}");
}

#[track_caller]
fn check_when(when: Value, expected: &[&str]) {
    check(json!({ "when": when }), expected);
}

#[track_caller]
fn check_reply(reply: Value, expected: &[&str]) {
    check(json!({ "reply": reply }), expected);
}

#[test]
fn the_head_has_limits() {
    check(json!({}), &[]);
    check(
        json!({ "id": "" }),
        &["id: is empty, 1 to 64 of a-z, 0-9, `-` and `_` are allowed"],
    );
    check(
        json!({ "id": "Price" }),
        &["id: is `Price`, 1 to 64 of a-z, 0-9, `-` and `_` are allowed"],
    );
    check(json!({ "name": "价".repeat(64) }), &[]);
    check(
        json!({ "name": "价".repeat(65) }),
        &["name: has 65 characters, at most 64 are allowed"],
    );
    check(json!({ "priority": 1000 }), &[]);
    check(
        json!({ "priority": -1001 }),
        &["priority: is -1001, -1000 to 1000 is allowed"],
    );
    check(json!({ "cool_down_secs": 2_678_400 }), &[]);
    check(
        json!({ "cool_down_secs": 2_678_401 }),
        &["cool_down_secs: is 2678401, 0 to 2678400 (31 days) is allowed"],
    );
}

#[test]
fn unknown_kinds_name_the_nearest_known_one() {
    check_when(
        json!({ "kind": ["text", "event.Subscribe", "unsupported", "event.freepublishjobfinish"] }),
        &[],
    );
    check_when(
        json!({ "kind": ["txet"] }),
        &["when.kind[0]: is `txet`, which is no known kind; did you mean `text`?"],
    );
    check_when(
        json!({ "kind": ["text", "subscribe"] }),
        &["when.kind[1]: is `subscribe`, which is no known kind; did you mean `event.subscribe`?"],
    );
    check_when(
        json!({ "kind": ["event.clik"] }),
        &["when.kind[0]: is `event.clik`, which is no known kind; did you mean `event.click`?"],
    );
    check_when(
        json!({ "kind": ["zzzzzzz"] }),
        &[
            "when.kind[0]: is `zzzzzzz`, which is no known kind; there are `message`, `text`, `image`, `voice`, `event`, `event.subscribe`, `event.click` and others",
        ],
    );
}

#[test]
fn conditions_that_never_hold_are_faults() {
    check_when(
        json!({ "kind": ["image"], "contains": ["a"] }),
        &[
            "when.kind: is image, which have no text, but the rule has patterns for one; `text`, `voice` and `message` have",
        ],
    );
    check_when(json!({ "kind": ["message"], "contains": ["a"] }), &[]);
    check_when(
        json!({ "contains": ["a"], "key": ["k"] }),
        &["when.key: never holds together with a pattern for a text: make two rules of it"],
    );
    check_when(
        json!({ "scene": ["a"], "key": ["k"] }),
        &["when.scene: never holds together with `when.key`: make two rules of it"],
    );
    check_when(
        json!({ "kind": ["text"], "key": ["k"] }),
        &[
            "when.key: never holds, because `when.kind` is text; only `event.click`, `event.view` and others of the menu have one",
        ],
    );
    check_when(
        json!({ "kind": ["event.click"], "scene": ["k"] }),
        &[
            "when.scene: never holds, because `when.kind` is event.click; only `event.scan` and `event.subscribe` have one",
        ],
    );
    check_when(
        json!({ "kind": ["event"], "first_message": true }),
        &["when.first_message: never holds for events; it is about messages that followers write"],
    );
}

#[test]
fn patterns_have_limits() {
    check_when(
        json!({ "contains": ["a", " "] }),
        &["when.contains[1]: is ` `, a word is needed"],
    );
    check_when(
        json!({ "equals": [""] }),
        &["when.equals[0]: is empty, a word is needed"],
    );
    check_when(json!({ "starts_with": ["价".repeat(256)] }), &[]);
    check_when(
        json!({ "starts_with": ["价".repeat(257)] }),
        &["when.starts_with[0]: has 257 characters, at most 256 are allowed"],
    );
    check_when(json!({ "contains": vec!["a"; 1000] }), &[]);
    check_when(
        json!({ "contains": vec!["a"; 1001] }),
        &["when.contains: has 1001 entries, at most 1000 are allowed"],
    );
    check_when(
        json!({ "regex": vec!["a"; 201] }),
        &["when.regex: has 201 entries, at most 200 are allowed"],
    );
    check_when(json!({ "regex": vec![r"\w{1,20}"; 10] }), &[]);
    check_when(
        json!({ "regex": vec![r"\w{1,20}"; 11] }),
        &[
            "when.regex: has 11 expressions that need more than 262144 bytes of memory each, at most 10 are allowed; a number in braces repeats its part as often",
        ],
    );
    let many = vec![r"^\s*订单\s*(\d{1,20})$"; 200];
    check_when(json!({ "regex": many }), &[]);
    check_when(
        json!({ "regex": ["(a"] }),
        &["when.regex[0]: is no regular expression: unclosed group"],
    );
    check_when(
        json!({ "regex": ["a", ""] }),
        &["when.regex[1]: is empty; a regular expression is needed"],
    );
    check_when(
        json!({ "regex": ["a".repeat(1001)] }),
        &["when.regex[0]: has 1001 characters, at most 1000 are allowed"],
    );
    check_when(
        json!({ "regex": [r"\w{500}{500}"] }),
        &[
            "when.regex[0]: needs more than the 1048576 bytes of memory that are allowed; a number in braces repeats its part as often",
        ],
    );
    check_when(json!({ "key": [""] }), &["when.key[0]: is empty"]);
    check_when(
        json!({ "source": ["a".repeat(1025)] }),
        &["when.source[0]: has 1025 bytes, at most 1024 are allowed"],
    );
}

#[test]
fn times_are_checked() {
    check_when(
        json!({ "hours": ["00:00-24:00", "22:00-06:00"], "weekdays": ["mon", "SUN"], "from": "2026-12-01", "to": "2026-12-01" }),
        &[],
    );
    for hours in [
        "9-18",
        "09:00",
        "09:00-09:00",
        "24:00-06:00",
        "09:60-10:00",
        "09:00-25:00",
        "上午",
    ] {
        let expected = format!(
            "when.hours[0]: is `{hours}`, which are no hours like `09:00-18:00` or `22:00-06:00`; 00:00 to 24:00 is allowed, and the end may not be the beginning"
        );
        check_when(json!({ "hours": [hours] }), &[&expected]);
    }
    check_when(
        json!({ "weekdays": ["monday"] }),
        &[
            "when.weekdays[0]: is `monday`; allowed: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`",
        ],
    );
    check_when(
        json!({ "from": "2026-02-30" }),
        &["when.from: is `2026-02-30`, which is no date like `2026-12-01`"],
    );
    check_when(
        json!({ "from": "2026-12-02", "to": "2026-12-01" }),
        &["when.to: is `2026-12-01`, before `when.from`, which is `2026-12-02`"],
    );
    check_when(
        json!({ "share_percent": 0 }),
        &["when.share_percent: is 0, 1 to 99 is allowed; leave it out for all followers"],
    );
    check_when(
        json!({ "share_percent": 100 }),
        &["when.share_percent: is 100, 1 to 99 is allowed; leave it out for all followers"],
    );
}

#[test]
fn variables_are_checked() {
    let text = |text: &str, expected: &[&str]| check_reply(json!({ "text": text }), expected);
    text("{{date}} {{message.content}}", &[]);
    text(
        "{{mesage.content}}",
        &[
            "reply.text: has the variable `mesage.content`, which is not known; did you mean `{{message.content}}`?",
        ],
    );
    text(
        "{{content}}",
        &[
            "reply.text: has the variable `content`, which is not known; did you mean `{{message.content}}`?",
        ],
    );
    text(
        "a {{date",
        &[
            "reply.text: has `{{` without `}}`: `date`; two braces that are none of a variable are written `{{{{`",
        ],
    );
    text(
        "{{1}}",
        &["reply.text: has `{{1}}`, but the rule has no `when.regex`"],
    );
    let grouped = |regex: &str, text: &str, expected: &[&str]| {
        check(
            json!({ "when": { "regex": [regex] }, "reply": { "text": text } }),
            expected,
        );
    };
    grouped("(a)(?<name>b)", "{{0}}{{1}}{{2}}{{name}}", &[]);
    grouped(
        "(a)(?<name>b)",
        "{{3}}",
        &["reply.text: has `{{3}}`, but no regular expression of the rule has more than 2 groups"],
    );
    grouped(
        "(a)",
        "{{2}}",
        &["reply.text: has `{{2}}`, but no regular expression of the rule has more than 1 group"],
    );
    grouped(
        "(a)(?<name>b)",
        "{{nama}}",
        &["reply.text: has the variable `nama`, which is not known; did you mean `{{name}}`?"],
    );
    grouped(
        "a",
        "{{1}}",
        &[
            "reply.text: has `{{1}}`, but no regular expression of the rule has a group in parentheses; `{{0}}` is all that it matches",
        ],
    );
    text(
        &"{{date}}".repeat(101),
        &["reply.text: has 101 variables, at most 100 are allowed"],
    );
}

#[test]
fn followers_may_not_choose_where_a_link_leads() {
    let host = "reply.text: has `{{message.content}}` in an address before its path, so that followers could choose where it leads; it may \
                stand behind the host, as in `https://example.com/{{message.content}}`";
    let tag = "reply.text: has `{{message.content}}` within `<` and `>`, where it may only stand between quotes, as in \
               `<a href=\"https://example.com/{{message.content}}\">`";
    for (text, expected) in [
        (r#"<a href="{{message.content}}">x</a>"#, &[host][..]),
        (r#"<a href="https://{{message.content}}/x">x</a>"#, &[host]),
        (
            r#"<a href="https://a.cn{{message.content}}">x</a>"#,
            &[host],
        ),
        (r"<a href='{{message.content}}://a.cn/'>x</a>", &[host]),
        ("<a href={{message.content}}>x</a>", &[tag]),
        ("<a {{message.content}}>x</a>", &[tag]),
        ("<{{message.content}}>", &[tag]),
        ("看 https://{{message.content}}", &[host]),
        (
            r#"<a href="https://a.cn/{{message.content}}">{{message.content}}</a>"#,
            &[],
        ),
        (r#"<a href="https://a.cn/">x</a> {{message.content}}"#, &[]),
        ("a < b {{message.content}}", &[]),
        ("看https://a.cn/{{message.content}}", &[]),
    ] {
        check_reply(json!({ "text": text }), expected);
    }
    check_reply(
        json!({ "markdown": "[x]({{date}})" }),
        &[
            "reply.markdown: has `{{date}}` in an address before its path, so that followers could choose where it leads; it may stand behind the host, as in `https://example.com/{{date}}`",
        ],
    );
    check_reply(
        json!({ "news": [{ "title": "t", "url": "https://{{date}}/" }] }),
        &[
            "reply.news[0].url: has `{{date}}` in an address before its path, so that followers could choose where it leads; it may stand behind the host, as in `https://example.com/{{date}}`",
        ],
    );
    check_reply(
        json!({ "news": [{ "title": "t", "url": "{{date}}" }] }),
        &["reply.news[0].url: is `{{date}}`, an address with `https://` or `http://` is needed"],
    );
}

#[test]
fn replies_are_checked() {
    check_reply(
        json!({ "text": " " }),
        &["reply.text: is empty, a text is needed; nothing is answered with `silence`"],
    );
    check_reply(
        json!({ "text": "a".repeat(65_537) }),
        &["reply.text: has 65537 bytes, at most 65536 are allowed (a Chinese character has 3)"],
    );
    check_reply(
        json!({ "image": "" }),
        &["reply.image: is empty, the media id of an upload is needed"],
    );
    check_reply(
        json!({ "video": { "media_id": "m".repeat(513) } }),
        &["reply.video.media_id: has 513 bytes, at most 512 are allowed"],
    );
    check_reply(
        json!({ "music": { "music_url": "a.mp3" } }),
        &[
            "reply.music.thumb_media_id: is empty, the media id of an upload is needed",
            "reply.music.music_url: is `a.mp3`, an address with `https://` or `http://` is needed",
        ],
    );
    let article = json!({ "title": "t", "url": "https://a.cn/" });
    check_reply(
        json!({ "news": [article, article] }),
        &[
            "reply.news: has 2 articles, a message is answered with 1; up to 8 are allowed when the rule is for events only",
        ],
    );
    let events = |count: usize, expected: &[&str]| {
        let news = vec![article.clone(); count];
        check(
            json!({ "when": { "kind": ["event.click"] }, "reply": { "news": news } }),
            expected,
        );
    };
    events(8, &[]);
    events(9, &["reply.news: has 9 articles, 1 to 8 are allowed"]);
    check_reply(
        json!({ "news": [{ "url": "https://a.cn/" }] }),
        &["reply.news[0].title: is empty, a title is needed"],
    );
    check_reply(
        json!({ "desk": "" }),
        &["reply.desk: is empty, the account of an agent like `kf2001@gh_…` or `true` is needed"],
    );
    check(
        json!({ "when": { "kind": ["text", "event.click"] }, "reply": { "desk": true } }),
        &[
            "reply.desk: is for messages that followers write only, but the rule is for `event.click` too",
        ],
    );
    check(
        json!({ "when": { "key": ["a"] }, "reply": { "ai": true } }),
        &[
            "reply.ai: is for messages that followers write only, but the rule is for `event.click` too",
        ],
    );
}

#[test]
fn replies_of_several_are_checked_each() {
    let text = json!({ "text": "a" });
    check_reply(
        json!({ "random": [text] }),
        &["reply.random: has 1 replies, 2 to 20 are allowed"],
    );
    check_reply(
        json!({ "all": vec![text.clone(); 6] }),
        &["reply.all: has 6 replies, 2 to 5 are allowed"],
    );
    check_reply(
        json!({ "random": [text, { "all": [text, text] }, { "bot": {} }, { "text": "{{dat}}" }] }),
        &[
            "reply.random[1]: is `all`, which cannot stand in another reply; make it the reply of a rule of its own",
            "reply.random[2]: is `bot`, which cannot stand in another reply; make it the reply of a rule of its own",
            "reply.random[3].text: has the variable `dat`, which is not known; did you mean `{{date}}`?",
        ],
    );
    check_reply(
        json!({ "all": [{ "silence": true }, { "desk": true }] }),
        &[
            "reply.all[0]: is `silence`, which is nothing among others",
            "reply.all[1]: is `desk`, which may only be the first: what comes after it is sent as messages",
        ],
    );
    check_reply(json!({ "random": [text, { "silence": true }] }), &[]);
}

#[test]
fn bots_and_relays_are_checked() {
    check_reply(
        json!({ "bot": { "name": "llm" } }),
        &["reply.bot.name: is `llm`; allowed: `own`, `echo`"],
    );
    check_reply(
        json!({ "bot": { "prompt": "{{account.name}} {{date}} {{follower.openid}}" } }),
        &[],
    );
    // What a follower writes never stands where the owner speaks.
    check_reply(
        json!({ "bot": { "prompt": "{{message.content}}" } }),
        &[
            "reply.bot.prompt: has `{{message.content}}`, but what a follower writes has no place in a prompt: \
             the model is asked it anyway",
        ],
    );
    check_reply(
        json!({ "bot": { "name": "echo", "prompt": "a" } }),
        &["reply.bot.prompt: is set, but `echo` has no prompt"],
    );
    check_reply(
        json!({ "bot": { "prompt": "a".repeat(8001) } }),
        &["reply.bot.prompt: has 8001 characters, at most 8000 are allowed"],
    );
    check(
        json!({ "when": { "kind": ["event"] }, "reply": { "bot": { "prompt": "a" } } }),
        &[
            "reply.bot.prompt: is set, but the rule is for events only, and those never start a model",
        ],
    );
    check_reply(
        json!({ "relay": { "url": "ftp://a.cn", "mode": "secret", "timeout_secs": 0 } }),
        &[
            "reply.relay.url: is `ftp://a.cn`, `http://` or `https://` is needed at the beginning",
            "reply.relay.token: is missing: a relay signs with the token that the other server has",
            "reply.relay.timeout_secs: is 0, 1 to 600 is allowed",
            "reply.relay.mode: is `secret`; allowed: `plain`, `compatible`, `safe`",
        ],
    );
    let secrets = RuleSecrets {
        token: Some(crate::common::token()),
        encoding_aes_key: Some(crate::common::KEY.parse().expect("a key")),
    };
    check_with(
        json!({ "reply": { "relay": { "url": "https://a.cn/wx" } } }),
        &secrets,
        &[],
    );
    check_with(
        json!({ "reply": { "relay": { "url": "https://a.cn/wx", "mode": "safe" } } }),
        &secrets,
        &["reply.relay.app_id: is missing: the mode `safe` seals with the account's AppID"],
    );
    check_with(
        json!({ "reply": { "relay": { "url": "https://a.cn/wx", "mode": "compatible", "app_id": "wx0123456789abcdef" } } }),
        &secrets,
        &[],
    );
}
