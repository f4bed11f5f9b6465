//! Drafts, publications, and comments on them.

use std::time::Duration;

use echostr_protocol::{Event, Message};
use echostr_simulator::Action;
use echostr_simulator::conversation::Bubble;
use serde_json::{Value, json};

use crate::desk::Desk;

fn news(title: &str, thumb: &Value) -> Value {
    json!({ "title": title, "content": "<p>十点<b>开门</b></p>", "thumb_media_id": thumb })
}

/// The id of a new draft.
async fn draft(desk: &Desk, articles: Value) -> Value {
    let added = desk
        .post("/cgi-bin/draft/add", json!({ "articles": articles }))
        .await;
    assert!(added["media_id"].is_string(), "{added}");
    added["media_id"].clone()
}

#[tokio::test]
async fn a_draft_is_read_as_it_was_written_and_changed() {
    let desk = Desk::open().await;
    let thumb = desk.picture().await;
    let id = draft(
        &desk,
        json!([news("周末开门", &thumb), news("新到的茶", &thumb)]),
    )
    .await;
    let alone = draft(&desk, json!([news("单篇", &thumb)])).await;
    let newer = json!({ "media_id": id, "index": 1, "articles": news("新到的酒", &thumb) });
    desk.done("/cgi-bin/draft/update", newer).await;
    let got = desk
        .post("/cgi-bin/draft/get", json!({ "media_id": id }))
        .await;
    let titles = [&got["news_item"][0]["title"], &got["news_item"][1]["title"]];
    assert_eq!(titles, ["周末开门", "新到的酒"]);
    assert_eq!(got["news_item"][0]["article_type"], "news");
    let preview = desk
        .fetch(got["news_item"][0]["url"].as_str().expect("an address"))
        .await;
    assert!(String::from_utf8_lossy(&preview.body).contains("<h1>周末开门</h1>"));
    let picture = desk
        .fetch(
            got["news_item"][0]["thumb_url"]
                .as_str()
                .expect("an address"),
        )
        .await;
    assert_eq!(picture.content_type, "image/png");
    // What is said of a post that stands alone, when it says nothing itself.
    let got = desk
        .post("/cgi-bin/draft/get", json!({ "media_id": alone }))
        .await;
    assert_eq!(got["news_item"][0]["digest"], "十点开门");
    let page = json!({ "offset": 0, "count": 1, "no_content": 1 });
    let page = desk.post("/cgi-bin/draft/batchget", page).await;
    assert_eq!(
        (&page["total_count"], &page["item_count"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(page["item"][0]["media_id"], alone);
    assert_eq!(page["item"][0]["content"]["news_item"][0]["content"], "");
    desk.done("/cgi-bin/draft/delete", json!({ "media_id": alone }))
        .await;
    desk.refused("/cgi-bin/draft/get", json!({ "media_id": alone }), 40007)
        .await;
    desk.refused("/cgi-bin/draft/delete", json!({ "media_id": alone }), 40007)
        .await;
    assert_eq!(desk.get("/cgi-bin/draft/count").await["total_count"], 1);
    let wrong = json!({ "media_id": id, "index": 2, "articles": news("第三篇", &thumb) });
    desk.refused("/cgi-bin/draft/update", wrong, 40114).await;
}

#[tokio::test]
async fn a_wrong_article_is_refused_with_the_code_that_names_the_fault() {
    let desk = Desk::open().await;
    let thumb = desk.picture().await;
    let temporary = desk
        .upload(
            "/cgi-bin/media/upload?type=image",
            "a.png",
            crate::desk::PNG,
            &[],
        )
        .await;
    let with = |field: &str, value: Value| {
        let mut article = news("周末开门", &thumb);
        article[field] = value;
        json!([article])
    };
    let pictures = |ids: Vec<&Value>| {
        let list: Vec<_> = ids
            .iter()
            .map(|id| json!({ "image_media_id": id }))
            .collect();
        json!([{ "article_type": "newspic", "title": "第一天", "content": "十点", "image_info": { "image_list": list } }])
    };
    let cases = [
        (json!([]), 44003),
        (
            json!([1, 2, 3, 4, 5, 6, 7, 8, 9].map(|_| news("篇", &thumb))),
            45008,
        ),
        (with("title", json!("")), 45003),
        (with("title", json!("长".repeat(33))), 45003),
        (with("author", json!("长".repeat(17))), 45110),
        (with("digest", json!("长".repeat(129))), 45004),
        (with("content", json!("")), 44004),
        (with("content", json!("长".repeat(20_000))), 45002),
        (with("content_source_url", json!("example.com")), 41039),
        (
            with(
                "content_source_url",
                json!(format!("https://example.com/{}", "a".repeat(1024))),
            ),
            45005,
        ),
        (with("thumb_media_id", json!("nothing")), 40007),
        (with("thumb_media_id", temporary["media_id"].clone()), 40007),
        (with("article_type", json!("newsvideo")), 40097),
        (pictures(vec![]), 40097),
        (pictures(vec![&json!("nothing")]), 40007),
        (pictures(vec![&thumb; 21]), 40097),
        (pictures(vec![&thumb; 20]), 0),
        (with("title", json!("长".repeat(32))), 0),
    ];
    for (articles, errcode) in cases {
        let answer = desk
            .post("/cgi-bin/draft/add", json!({ "articles": articles }))
            .await;
        assert_eq!(
            answer["errcode"].as_i64().unwrap_or_default(),
            errcode,
            "{articles}: {answer}"
        );
    }
}

/// Publishes, and waits for the event: its publication and its articles' addresses, beside what the call answered.
async fn published(desk: &mut Desk, media_id: &Value) -> (Value, String, Vec<String>) {
    let submitted = desk
        .post(
            "/cgi-bin/freepublish/submit",
            json!({ "media_id": media_id }),
        )
        .await;
    assert!(submitted["publish_id"].is_string(), "{submitted}");
    let Message::Event(Event::PublishJobFinish(finish)) = desk.pushed().await else {
        panic!("not the end of a publication")
    };
    assert_eq!(submitted["publish_id"], finish.publish_id.as_str());
    assert_eq!(finish.publish_status, Some(0));
    let urls: Vec<_> = finish
        .articles
        .iter()
        .map(|article| article.article_url.to_string())
        .collect();
    assert_eq!(finish.count, i64::try_from(urls.len()).ok());
    (
        submitted,
        finish.article_id.expect("it succeeded").to_string(),
        urls,
    )
}

#[tokio::test]
async fn a_published_draft_is_announced_and_can_be_opened_until_it_is_deleted() {
    let mut desk = Desk::open().await;
    let thumb = desk.picture().await;
    let mut first = news("五折 <b>", &thumb);
    first["content"] =
        json!("<p>十点</p><img src='https://example.com/a.png'><script>alert(1)</script>");
    let media_id = draft(&desk, json!([first, news("新到的茶", &thumb)])).await;
    let (submitted, article_id, urls) = published(&mut desk, &media_id).await;
    desk.refused("/cgi-bin/draft/get", json!({ "media_id": media_id }), 40007)
        .await;
    let job = json!({ "publish_id": submitted["publish_id"] });
    let state = desk.post("/cgi-bin/freepublish/get", job.clone()).await;
    assert_eq!(
        (&state["publish_status"], &state["article_id"]),
        (&json!(0), &json!(article_id))
    );
    assert_eq!(
        state["article_detail"]["item"][1],
        json!({ "idx": 2, "article_url": urls[1] })
    );
    let page = desk.fetch(&urls[0]).await;
    let html = String::from_utf8_lossy(&page.body);
    assert!(
        html.contains("<h1>五折 &lt;b&gt;</h1>") && html.contains("<p>十点</p>"),
        "{html}"
    );
    assert!(
        !html.contains("example.com") && !html.contains("alert"),
        "{html}"
    );
    let policy = page.headers["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(
        policy.starts_with("sandbox") && !policy.contains("allow-scripts"),
        "{policy}"
    );
    let got = desk
        .post(
            "/cgi-bin/freepublish/getarticle",
            json!({ "article_id": article_id }),
        )
        .await;
    assert_eq!(got["news_item"][1]["title"], "新到的茶");
    let page = json!({ "offset": 0, "count": 20, "no_content": 1 });
    let list = desk
        .post("/cgi-bin/freepublish/batchget", page.clone())
        .await;
    assert_eq!(list["total_count"], 1);
    assert_eq!(list["item"][0]["content"]["news_item"][0]["content"], "");
    // It can be what a button sends.
    let menu =
        json!({ "button": [{ "type": "article_id", "name": "新品", "article_id": article_id }] });
    desk.done("/cgi-bin/menu/create", menu).await;
    let cards = {
        let world = desk.world();
        world
            .account(desk.app_id.as_str())
            .expect("the account")
            .cards(&article_id, world.now_ms())
    };
    assert_eq!(
        (cards.len(), cards[1].title.as_str(), &cards[1].url),
        (2, "新到的茶", &urls[1])
    );
    let delete = |index: i64| json!({ "article_id": article_id, "index": index });
    desk.refused("/cgi-bin/freepublish/delete", delete(3), 40114)
        .await;
    desk.done("/cgi-bin/freepublish/delete", delete(1)).await;
    assert_eq!(desk.fetch(&urls[0]).await.status, 404);
    assert_eq!(desk.fetch(&urls[1]).await.status, 200);
    desk.done(
        "/cgi-bin/freepublish/delete",
        json!({ "article_id": article_id }),
    )
    .await;
    assert_eq!(desk.fetch(&urls[1]).await.status, 404);
    desk.refused(
        "/cgi-bin/freepublish/getarticle",
        json!({ "article_id": article_id }),
        53600,
    )
    .await;
    desk.refused("/cgi-bin/freepublish/delete", delete(0), 53600)
        .await;
    assert_eq!(
        desk.post("/cgi-bin/freepublish/get", job).await["publish_status"],
        5
    );
    assert_eq!(
        desk.post("/cgi-bin/freepublish/batchget", page).await["total_count"],
        0
    );
    desk.refused(
        "/cgi-bin/freepublish/get",
        json!({ "publish_id": "1" }),
        53502,
    )
    .await;
    desk.refused(
        "/cgi-bin/freepublish/submit",
        json!({ "media_id": "nothing" }),
        40007,
    )
    .await;
}

#[tokio::test]
async fn readers_comment_where_comments_are_open_and_the_account_answers() {
    let mut desk = Desk::open().await;
    let (ming, thumb) = (desk.follower("小明"), desk.picture().await);
    let media_id = draft(&desk, json!([news("周末开门", &thumb)])).await;
    let (submitted, ..) = published(&mut desk, &media_id).await;
    let msg_data_id = submitted["msg_data_id"].as_i64().expect("a number");
    let comment = |text: &str| {
        let mut world = desk.world();
        let account = world
            .account_mut(desk.app_id.as_str())
            .expect("the account");
        account.comment(msg_data_id, 0, &ming, text, 1_763_603_628)
    };
    let article = json!({ "msg_data_id": msg_data_id, "index": 0 });
    assert_eq!(comment("沙发"), None, "the draft did not ask for comments");
    desk.done("/cgi-bin/comment/open", article.clone()).await;
    assert_eq!(comment("周日也开门吗"), Some(1));
    assert_eq!(comment("路过"), Some(2));
    let of = |id: i64| json!({ "msg_data_id": msg_data_id, "index": 0, "user_comment_id": id });
    let reply = |id: i64, content: &str| json!({ "msg_data_id": msg_data_id, "user_comment_id": id, "content": content });
    desk.done("/cgi-bin/comment/markelect", of(1)).await;
    desk.done("/cgi-bin/comment/reply/add", reply(1, "开"))
        .await;
    desk.refused("/cgi-bin/comment/reply/add", reply(1, "再答"), 88005)
        .await;
    desk.refused("/cgi-bin/comment/reply/add", reply(2, ""), 88007)
        .await;
    desk.refused("/cgi-bin/comment/reply/add", reply(9, "谁"), 88008)
        .await;
    let list = |kind: i64, begin: i64, count: i64| json!({ "msg_data_id": msg_data_id, "index": 0, "begin": begin, "count": count, "type": kind });
    let elected = desk.post("/cgi-bin/comment/list", list(2, 0, 49)).await;
    assert_eq!(elected["total"], 2);
    assert_eq!(elected["comment"].as_array().map(Vec::len), Some(1));
    assert_eq!(elected["comment"][0]["openid"], json!(ming));
    assert_eq!(elected["comment"][0]["content"], "周日也开门吗");
    assert_eq!(elected["comment"][0]["comment_type"], 1);
    assert_eq!(elected["comment"][0]["reply"]["content"], "开");
    desk.done("/cgi-bin/comment/unmarkelect", of(1)).await;
    desk.done("/cgi-bin/comment/reply/delete", of(1)).await;
    desk.refused("/cgi-bin/comment/reply/delete", of(1), 87009)
        .await;
    desk.done("/cgi-bin/comment/delete", of(2)).await;
    desk.refused("/cgi-bin/comment/delete", of(2), 88008).await;
    let all = desk.post("/cgi-bin/comment/list", list(0, 0, 49)).await;
    assert_eq!(
        (&all["total"], &all["comment"][0]["comment_type"]),
        (&json!(1), &json!(0))
    );
    desk.refused("/cgi-bin/comment/list", list(0, 2, 49), 88009)
        .await;
    desk.refused("/cgi-bin/comment/list", list(0, 0, 51), 88010)
        .await;
    desk.done("/cgi-bin/comment/close", article).await;
    assert_eq!(comment("关了吗"), None);
    desk.refused("/cgi-bin/comment/open", json!({ "msg_data_id": 1 }), 88001)
        .await;
}

#[tokio::test]
async fn a_draft_that_is_sent_to_all_is_seen_and_can_be_taken_back() {
    let mut desk = Desk::open().await;
    let (ming, thumb) = (desk.follower("小明"), desk.picture().await);
    let media_id = draft(&desk, json!([news("周末开门", &thumb)])).await;
    let request = json!({ "filter": { "is_to_all": true }, "msgtype": "mpnews", "mpnews": { "media_id": media_id } });
    let sent = desk.post("/cgi-bin/message/mass/sendall", request).await;
    assert!(sent["msg_data_id"].is_i64(), "{sent}");
    let Message::Event(Event::MassSendJobFinish(_)) = desk.pushed().await else {
        panic!("not the end of a mass message")
    };
    let bubbles = desk.seen(&ming);
    let [Bubble::News(cards)] = bubbles.as_slice() else {
        panic!("{bubbles:?}")
    };
    assert_eq!((cards.len(), cards[0].title.as_str()), (1, "周末开门"));
    desk.refused("/cgi-bin/draft/get", json!({ "media_id": media_id }), 40007)
        .await;
    let page = json!({ "offset": 0, "count": 20 });
    let list = desk.post("/cgi-bin/freepublish/batchget", page).await;
    assert_eq!(list["total_count"], 0);
    assert_eq!(desk.fetch(&cards[0].url).await.status, 200);
    let article = json!({ "msg_data_id": sent["msg_data_id"] });
    desk.done("/cgi-bin/comment/open", article).await;
    desk.simulator.advance(Duration::from_mins(1));
    let back = json!({ "msg_id": sent["msg_id"] });
    desk.done("/cgi-bin/message/mass/delete", back).await;
    assert_eq!(desk.fetch(&cards[0].url).await.status, 404);
}

#[tokio::test]
async fn a_published_article_is_sent_to_a_follower_by_its_id() {
    let mut desk = Desk::open().await;
    let (ming, thumb) = (desk.follower("小明"), desk.picture().await);
    let media_id = draft(&desk, json!([news("周末开门", &thumb)])).await;
    let (_, article_id, urls) = published(&mut desk, &media_id).await;
    let said = desk
        .simulator
        .act(&desk.app_id, &ming, Action::Say("在吗".into()));
    said.expect("the follower");
    let send = |article_id: &str| json!({ "touser": ming, "msgtype": "mpnewsarticle", "mpnewsarticle": { "article_id": article_id } });
    desk.done("/cgi-bin/message/custom/send", send(&article_id))
        .await;
    let bubbles = desk.seen(&ming);
    let Some(Bubble::News(cards)) = bubbles.last() else {
        panic!("{bubbles:?}")
    };
    assert_eq!(
        (cards[0].title.as_str(), &cards[0].url),
        ("周末开门", &urls[0])
    );
    desk.refused("/cgi-bin/message/custom/send", send("nothing"), 53600)
        .await;
}
