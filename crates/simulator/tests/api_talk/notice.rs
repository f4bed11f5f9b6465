//! Template messages, subscription notices, one-time messages.

use echostr_protocol::OpenId;
use echostr_simulator::conversation::Bubble;
use echostr_simulator::{Asked, Consent};
use serde_json::{Value, json};

use crate::stage::{Stage, at, done, refused};

fn notice(title: &str, fields: &[(&str, &str)], url: &str) -> Bubble {
    let fields = fields
        .iter()
        .map(|(label, value)| ((*label).into(), (*value).into()));
    Bubble::Notice {
        title: title.into(),
        fields: fields.collect(),
        url: url.into(),
    }
}

async fn template(stage: &Stage) -> Value {
    let wanted =
        json!({ "template_id_short": "43216", "keyword_name_list": ["预约项目", "预约时间"] });
    let answer = stage
        .call("/cgi-bin/template/api_add_template", wanted)
        .await;
    answer["template_id"].clone()
}

#[tokio::test]
async fn a_template_message_is_seen_with_its_fields_and_told_to_the_server() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let id = template(&stage).await;
    let listed = stage
        .get("/cgi-bin/template/get_all_private_template")
        .await;
    assert_eq!(listed["template_list"][0]["template_id"], id);
    assert_eq!(
        listed["template_list"][0]["content"],
        "预约项目：{{thing1.DATA}}\n预约时间：{{time2.DATA}}\n"
    );
    let send = "/cgi-bin/message/template/send";
    let data = json!({ "thing1": { "value": "四人桌" }, "time2": { "value": "18:30" } });
    let message = json!({ "touser": open_id, "template_id": id, "url": "https://example.com/7", "data": data });
    let sent = stage.call(send, message.clone()).await;
    let event = stage.event("TEMPLATESENDJOBFINISH").await;
    assert_eq!(at(&event, "MsgID"), sent["msgid"].to_string());
    assert_eq!(
        (at(&event, "Status"), at(&event, "FromUserName")),
        ("success".into(), open_id.to_string())
    );
    let expected = notice(
        "模板 43216",
        &[("预约项目", "四人桌"), ("预约时间", "18:30")],
        "https://example.com/7",
    );
    assert_eq!(stage.seen(&open_id), [expected]);

    let with = |name: &str, value: Value| {
        let mut message = message.clone();
        message[name] = value;
        message
    };
    let cases = [
        (
            with("template_id", json!("none")),
            40037,
            "invalid template_id",
        ),
        (with("touser", json!("nobody")), 40003, "invalid openid"),
        (
            with("touser", json!(stage.person("小红"))),
            43004,
            "require subscribe",
        ),
        (
            with("data", json!({ "thing1": { "value": "四人桌" } })),
            47003,
            "argument invalid! data.time2.value is empty",
        ),
    ];
    for (message, errcode, errmsg) in cases {
        refused(&stage.call(send, message).await, errcode, errmsg);
    }
    assert_eq!(stage.seen(&open_id).len(), 1);

    done(
        &stage
            .call(
                "/cgi-bin/template/del_private_template",
                json!({ "template_id": id }),
            )
            .await,
    );
    refused(
        &stage.call(send, message).await,
        40037,
        "invalid template_id",
    );
}

#[tokio::test]
async fn a_follower_on_the_blacklist_gets_no_template_message() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let id = template(&stage).await;
    stage.block(&open_id).await;
    let data = json!({ "thing1": { "value": "四人桌" }, "time2": { "value": "18:30" } });
    let message = json!({ "touser": open_id, "template_id": id, "data": data });
    let sent = stage.call("/cgi-bin/message/template/send", message).await;
    assert!(sent["msgid"].is_i64(), "{sent}");
    assert_eq!(
        at(&stage.event("TEMPLATESENDJOBFINISH").await, "Status"),
        "failed:user block"
    );
    assert_eq!(stage.seen(&open_id), []);
}

#[tokio::test]
async fn a_message_with_the_same_client_msg_id_is_seen_once() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let id = template(&stage).await;
    let data = json!({ "thing1": { "value": "四人桌" }, "time2": { "value": "18:30" } });
    let message =
        json!({ "touser": open_id, "template_id": id, "data": data, "client_msg_id": "7" });
    let first = stage
        .call("/cgi-bin/message/template/send", message.clone())
        .await;
    let second = stage
        .call("/cgi-bin/message/template/send", message.clone())
        .await;
    assert_eq!(first, second);
    assert_eq!(stage.seen(&open_id).len(), 1);
    stage.advance_secs(10 * 60);
    let third = stage.call("/cgi-bin/message/template/send", message).await;
    assert_ne!(first, third);
    assert_eq!(stage.seen(&open_id).len(), 2);
}

#[tokio::test]
async fn an_industry_is_chosen_once_a_month_and_takes_its_templates_with_it() {
    let mut stage = Stage::new().await;
    let set = "/cgi-bin/template/api_set_industry";
    refused(
        &stage
            .call(set, json!({ "industry_id1": "42", "industry_id2": "1" }))
            .await,
        40102,
        "invalid industry id",
    );
    done(
        &stage
            .call(set, json!({ "industry_id1": "10", "industry_id2": "1" }))
            .await,
    );
    let industry = stage.get("/cgi-bin/template/get_industry").await;
    let expected = json!({
        "primary_industry": { "first_class": "餐饮", "second_class": "餐饮" },
        "secondary_industry": { "first_class": "IT科技", "second_class": "互联网|电子商务" },
    });
    assert_eq!(industry, expected);
    stage
        .call(
            "/cgi-bin/template/api_add_template",
            json!({ "template_id_short": "TM00015" }),
        )
        .await;
    template(&stage).await;
    let other = json!({ "industry_id1": "2", "industry_id2": "1" });
    refused(
        &stage.call(set, other.clone()).await,
        43100,
        "change template too frequently",
    );
    stage.advance_secs(31 * 24 * 3600);
    stage.renew_token().await;
    done(&stage.call(set, other).await);
    let left = stage
        .get("/cgi-bin/template/get_all_private_template")
        .await;
    assert_eq!(
        left["template_list"].as_array().map(Vec::len),
        Some(1),
        "{left}"
    );
    assert_eq!(left["template_list"][0]["title"], "模板 43216");
}

async fn subscribable(stage: &Stage, tid: &str) -> String {
    let wanted = json!({ "tid": tid, "kidList": [1, 3], "sceneDesc": "取餐时提醒" });
    let answer = stage.call("/wxaapi/newtmpl/addtemplate", wanted).await;
    answer["priTmplId"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

fn consent(stage: &Stage, open_id: &OpenId, template_id: &str, is_given: bool) {
    let consents = [Consent {
        template_id: template_id.into(),
        is_given,
    }];
    let sent = stage
        .simulator
        .consent(&stage.app_id, open_id, Asked::Page, &consents);
    assert!(sent.expect("the follower").is_some());
}

#[tokio::test]
async fn one_notice_may_be_sent_for_each_consent() {
    let mut stage = Stage::new().await;
    // Nobody need follow for it.
    let open_id = stage.person("小明");
    let id = subscribable(&stage, "401").await;
    let listed = stage.get("/wxaapi/newtmpl/gettemplate").await;
    assert_eq!(
        listed["data"][0]["content"],
        "菜品名称:{{thing1.DATA}}\n订单状态:{{phrase3.DATA}}\n"
    );
    let send = "/cgi-bin/message/subscribe/bizsend";
    let data = json!({ "thing1": { "value": "招牌烤鱼" }, "phrase3": { "value": "已取餐" } });
    let message = json!({ "touser": open_id, "template_id": id, "page": "https://example.com/7", "data": data });
    let words = "user refuse to accept the msg";
    refused(&stage.call(send, message.clone()).await, 43101, words);
    consent(&stage, &open_id, &id, true);
    let event = stage.event("subscribe_msg_popup_event").await;
    let entry = |name: &str| at(&event, &format!("SubscribeMsgPopupEvent.List.{name}"));
    assert_eq!(
        (
            entry("TemplateId"),
            entry("SubscribeStatusString"),
            entry("PopupScene")
        ),
        (id.clone(), "accept".into(), "1".into())
    );
    done(&stage.call(send, message.clone()).await);
    let event = stage.event("subscribe_msg_sent_event").await;
    let entry = |name: &str| at(&event, &format!("SubscribeMsgSentEvent.List.{name}"));
    assert_eq!(
        (
            entry("TemplateId"),
            entry("ErrorCode"),
            entry("ErrorStatus")
        ),
        (id.clone(), "0".into(), "success".into())
    );
    let expected = notice(
        "取餐提醒",
        &[("菜品名称", "招牌烤鱼"), ("订单状态", "已取餐")],
        "https://example.com/7",
    );
    assert_eq!(stage.seen(&open_id), [expected]);
    refused(&stage.call(send, message.clone()).await, 43101, words);
    // Whoever refuses takes back what they have agreed to.
    consent(&stage, &open_id, &id, true);
    consent(&stage, &open_id, &id, false);
    stage.event("subscribe_msg_popup_event").await;
    refused(&stage.call(send, message).await, 43101, words);
}

#[tokio::test]
async fn a_consent_that_is_taken_back_in_the_settings_is_told() {
    let mut stage = Stage::new().await;
    let open_id = stage.person("小明");
    let id = subscribable(&stage, "401").await;
    consent(&stage, &open_id, &id, true);
    let consents = [Consent {
        template_id: id.clone(),
        is_given: false,
    }];
    let sent = stage
        .simulator
        .consent(&stage.app_id, &open_id, Asked::Settings, &consents);
    assert!(sent.expect("the follower").is_some());
    let event = stage.event("subscribe_msg_change_event").await;
    let entry = |name: &str| at(&event, &format!("SubscribeMsgChangeEvent.List.{name}"));
    assert_eq!(
        (entry("TemplateId"), entry("SubscribeStatusString")),
        (id.clone(), "reject".into())
    );
    let data = json!({ "thing1": { "value": "招牌烤鱼" }, "phrase3": { "value": "已取餐" } });
    let message = json!({ "touser": open_id, "template_id": id, "data": data });
    let answer = stage.call("/cgi-bin/message/subscribe/bizsend", message);
    refused(&answer.await, 43101, "user refuse to accept the msg");
}

#[tokio::test]
async fn a_consent_to_notices_for_long_is_not_used_up() {
    let stage = Stage::new().await;
    let open_id = stage.person("小明");
    let wanted = json!({ "tid": "403", "kidList": [1, 2], "sceneDesc": "开门时提醒" });
    let id = stage
        .call("/wxaapi/newtmpl/addtemplate", wanted.clone())
        .await["priTmplId"]
        .clone();
    consent(&stage, &open_id, id.as_str().expect("an id"), true);
    let data = json!({ "time1": { "value": "10:00" }, "thing2": { "value": "雯子的店" } });
    let message = json!({ "touser": open_id, "template_id": id, "data": data });
    for _ in 0..3 {
        done(
            &stage
                .call("/cgi-bin/message/subscribe/bizsend", message.clone())
                .await,
        );
    }
    let answer = stage.call("/wxaapi/newtmpl/addtemplate", wanted).await;
    refused(&answer, 200_022, "Same title and keywords exist");
    done(
        &stage
            .call("/wxaapi/newtmpl/deltemplate", json!({ "priTmplId": id }))
            .await,
    );
    refused(
        &stage
            .call("/cgi-bin/message/subscribe/bizsend", message)
            .await,
        40037,
        "invalid template_id",
    );
}

#[tokio::test]
async fn the_public_library_shows_what_can_be_taken_from_it() {
    let stage = Stage::new().await;
    let categories = stage.get("/wxaapi/newtmpl/getcategory").await;
    assert_eq!(
        categories["data"],
        json!([{ "id": 616, "name": "点餐平台" }])
    );
    let titles = stage
        .get("/wxaapi/newtmpl/getpubtemplatetitles?ids=2,616&start=1&limit=1")
        .await;
    assert_eq!(
        (&titles["count"], &titles["data"][0]["tid"]),
        (&json!(3), &json!(402))
    );
    let keywords = stage
        .get("/wxaapi/newtmpl/getpubtemplatekeywords?tid=401")
        .await;
    assert_eq!(keywords["data"][2]["rule"], "phrase", "{keywords}");
    let wanted = json!({ "tid": "999", "kidList": [1, 3], "sceneDesc": "" });
    let answer = stage.call("/wxaapi/newtmpl/addtemplate", wanted).await;
    refused(&answer, 200_014, "Template tid wrong");
}

#[tokio::test]
async fn agreeing_once_gives_one_message() {
    let stage = Stage::new().await;
    let open_id = stage.person("<小明>");
    let page = format!(
        "/mp/subscribemsg?action=get_confirm&appid={}&scene=7&template_id=T&redirect_url=https%3A%2F%2Fexample.com%2F%3Fa%3Db&reserved=r",
        stage.app_id
    );
    let html = stage.browse(&page).await.expect("a page");
    assert!(
        html.contains("&lt;小明&gt;") && !html.contains("<小明>"),
        "{html}"
    );
    let back = stage
        .browse(&format!("{page}&follower={open_id}&agreed=1"))
        .await;
    let expected = format!(
        "https://example.com/?a=b&openid={open_id}&template_id=T&action=confirm&scene=7&reserved=r"
    );
    assert_eq!(back, Err(expected));
    let message = json!({
        "touser": open_id, "template_id": "T", "url": "https://example.com/n", "scene": "7", "title": "周末开门",
        "data": { "content": { "value": "周六十点", "color": "#173177" } },
    });
    done(
        &stage
            .call("/cgi-bin/message/template/subscribe", message.clone())
            .await,
    );
    assert_eq!(
        stage.seen(&open_id),
        [notice(
            "周末开门",
            &[("", "周六十点")],
            "https://example.com/n"
        )]
    );
    let answer = stage
        .call("/cgi-bin/message/template/subscribe", message)
        .await;
    refused(&answer, 43101, "user refuse to accept the msg");
    let back = stage
        .browse(&format!("{page}&follower={open_id}&agreed=0"))
        .await;
    let expected = "https://example.com/?a=b&template_id=T&action=cancel&scene=7&reserved=r";
    assert_eq!(back, Err(expected.into()));
}
