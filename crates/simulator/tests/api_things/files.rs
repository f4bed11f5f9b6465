//! Temporary media, and the account's library.

use std::time::Duration;

use echostr_protocol::{MediaId, Reply};
use echostr_simulator::Action;
use echostr_simulator::conversation::Bubble;
use serde_json::{Value, json};

use crate::desk::{Desk, JPEG, MP3, MP4, PNG};

const ADD: &str = "/cgi-bin/material/add_material?type=";
const UPLOAD: &str = "/cgi-bin/media/upload?type=";

#[tokio::test]
async fn temporary_media_can_be_downloaded_for_three_days() {
    let desk = Desk::open().await;
    let uploaded = desk
        .upload(&format!("{UPLOAD}image"), "鱼.png", PNG, &[])
        .await;
    let id = uploaded["media_id"].as_str().expect("an id");
    assert_eq!(uploaded["type"], "image");
    assert_eq!(id.len(), 64);
    let get = format!("/cgi-bin/media/get?media_id={id}");
    let file = desk.fetch(&get).await;
    assert_eq!(
        (file.content_type.as_str(), file.body.as_slice()),
        ("image/png", PNG)
    );
    assert_eq!(
        file.headers["content-disposition"],
        format!("attachment; filename=\"{id}.png\"")
    );
    desk.simulator.advance(Duration::from_mins(3 * 24 * 60 - 1));
    let desk = desk.renewed().await;
    assert_eq!(desk.fetch(&get).await.content_type, "image/png");
    desk.simulator.advance(Duration::from_mins(1));
    assert_eq!(desk.get(&get).await["errcode"], 40007);
    assert_eq!(
        desk.get("/cgi-bin/media/get?media_id=nothing").await["errcode"],
        40007
    );
}

#[tokio::test]
async fn a_video_is_answered_with_its_address() {
    let desk = Desk::open().await;
    let uploaded = desk
        .upload(&format!("{UPLOAD}video"), "fish.mp4", MP4, &[])
        .await;
    let id = uploaded["media_id"].as_str().expect("an id");
    let get = format!("/cgi-bin/media/get?media_id={id}");
    let answer = desk.get(&get).await;
    let url = answer["video_url"].as_str().expect("an address");
    let video = desk.fetch(url).await;
    assert_eq!(
        (video.content_type.as_str(), video.body.as_slice()),
        ("video/mp4", MP4)
    );
}

#[tokio::test]
async fn a_file_is_taken_by_kind_format_size_and_length() {
    let desk = Desk::open().await;
    let sized = |head: &[u8], size: usize| {
        let mut bytes = head.to_vec();
        bytes.resize(size, 0);
        bytes
    };
    let mib = 1024 * 1024;
    let amr = |seconds: usize| [b"#!AMR\n".to_vec(), [0x3C; 32].repeat(50 * seconds)].concat();
    let temporary = [
        ("image", "fish.png", PNG.to_vec(), 0),
        ("image", "fish.jpeg", JPEG.to_vec(), 0),
        ("image", "fish.gif", b"GIF89a".to_vec(), 0),
        ("image", "fish.bmp", b"BM".to_vec(), 40005),
        ("image", "fish", PNG.to_vec(), 40005),
        ("image", "fish.png", b"invented".to_vec(), 40113),
        ("image", "fish.png", Vec::new(), 44001),
        ("image", "fish.png", sized(PNG, 10 * mib), 0),
        ("image", "fish.png", sized(PNG, 10 * mib + 1), 40009),
        ("voice", "hello.mp3", MP3.to_vec(), 0),
        ("voice", "hello.mp3", sized(MP3, 2 * mib + 1), 40010),
        ("voice", "hello.amr", amr(60), 0),
        ("voice", "hello.amr", amr(61), 45007),
        ("voice", "hello.wav", b"RIFF".to_vec(), 40005),
        ("video", "fish.mp4", MP4.to_vec(), 0),
        ("video", "fish.mp4", sized(MP4, 10 * mib + 1), 40011),
        ("thumb", "cover.jpg", JPEG.to_vec(), 0),
        ("thumb", "cover.png", PNG.to_vec(), 40005),
        ("thumb", "cover.jpg", sized(JPEG, 64 * 1024 + 1), 40012),
        ("film", "fish.mp4", MP4.to_vec(), 40004),
        ("", "fish.png", PNG.to_vec(), 40004),
    ];
    for (kind, name, bytes, errcode) in temporary {
        let answer = desk
            .upload(&format!("{UPLOAD}{kind}"), name, &bytes, &[])
            .await;
        assert_eq!(
            answer["errcode"].as_i64().unwrap_or_default(),
            errcode,
            "{kind} {name} {}: {answer}",
            bytes.len()
        );
    }
    let permanent = [
        ("image", "fish.bmp", b"BM".to_vec(), 0),
        ("image", "fish.png", sized(PNG, 10 * mib + 1), 45001),
        ("voice", "hello.wav", b"RIFF".to_vec(), 0),
        ("voice", "hello.amr", amr(61), 45007),
        ("thumb", "cover.jpg", JPEG.to_vec(), 0),
        // It lacks its description.
        ("video", "fish.mp4", MP4.to_vec(), 40097),
    ];
    for (kind, name, bytes, errcode) in permanent {
        let answer = desk
            .upload(&format!("{ADD}{kind}"), name, &bytes, &[])
            .await;
        assert_eq!(
            answer["errcode"].as_i64().unwrap_or_default(),
            errcode,
            "{kind} {name}: {answer}"
        );
    }
    let thumb = desk
        .upload(&format!("{UPLOAD}thumb"), "cover.jpg", JPEG, &[])
        .await;
    assert!(
        thumb["thumb_media_id"].is_string() && thumb["media_id"].is_null(),
        "{thumb}"
    );
    desk.refused(&format!("{UPLOAD}image"), Value::Null, 41005)
        .await;
}

#[tokio::test]
async fn the_library_is_listed_counted_and_thinned_out() {
    let desk = Desk::open().await;
    let first = desk.upload(&format!("{ADD}image"), "a.png", PNG, &[]).await;
    let second = desk
        .upload(&format!("{ADD}image"), "b.jpg", JPEG, &[])
        .await;
    let about = r#"{"title":"烤鱼","introduction":"三分钟"}"#;
    let video = desk
        .upload(
            &format!("{ADD}video"),
            "c.mp4",
            MP4,
            &[("description", about)],
        )
        .await;
    let voice = desk.upload(&format!("{ADD}voice"), "d.mp3", MP3, &[]).await;
    let counts = desk.get("/cgi-bin/material/get_materialcount").await;
    assert_eq!(
        counts,
        json!({ "voice_count": 1, "video_count": 1, "image_count": 2, "news_count": 0 })
    );
    let list = |kind: &str, offset: i64, count: i64| json!({ "type": kind, "offset": offset, "count": count });
    let page = desk
        .post("/cgi-bin/material/batchget_material", list("image", 0, 1))
        .await;
    assert_eq!(
        (&page["total_count"], &page["item_count"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(page["item"][0]["media_id"], second["media_id"]);
    assert_eq!(page["item"][0]["name"], "b.jpg");
    assert_eq!(page["item"][0]["url"], second["url"]);
    let page = desk
        .post("/cgi-bin/material/batchget_material", list("image", 1, 20))
        .await;
    assert_eq!(page["item"][0]["media_id"], first["media_id"]);
    desk.refused(
        "/cgi-bin/material/batchget_material",
        list("image", 0, 21),
        40097,
    )
    .await;
    desk.refused(
        "/cgi-bin/material/batchget_material",
        list("thumb", 0, 20),
        40004,
    )
    .await;
    let get = "/cgi-bin/material/get_material";
    let got = desk
        .post(get, json!({ "media_id": video["media_id"] }))
        .await;
    assert_eq!(
        (&got["title"], &got["description"]),
        (&json!("烤鱼"), &json!("三分钟"))
    );
    assert_eq!(
        desk.fetch(got["down_url"].as_str().expect("an address"))
            .await
            .body,
        MP4
    );
    // It is not temporary, and what is temporary is not in the library.
    let as_temporary = format!(
        "/cgi-bin/media/get?media_id={}",
        voice["media_id"].as_str().expect("an id")
    );
    assert_eq!(desk.get(&as_temporary).await["errcode"], 40007);
    let temporary = desk
        .upload(&format!("{UPLOAD}image"), "e.png", PNG, &[])
        .await;
    desk.refused(get, json!({ "media_id": temporary["media_id"] }), 40007)
        .await;
    let menu = json!({ "button": [{ "type": "media_id", "name": "照片", "media_id": first["media_id"] }] });
    desk.done("/cgi-bin/menu/create", menu).await;
    let delete = "/cgi-bin/material/del_material";
    desk.refused(delete, json!({ "media_id": first["media_id"] }), 48005)
        .await;
    desk.done(delete, json!({ "media_id": second["media_id"] }))
        .await;
    desk.refused(delete, json!({ "media_id": second["media_id"] }), 40007)
        .await;
    assert_eq!(
        desk.get("/cgi-bin/material/get_materialcount").await["image_count"],
        1
    );
}

#[tokio::test]
async fn posts_from_before_there_were_drafts_are_in_the_library() {
    let desk = Desk::open().await;
    let article = json!([{ "title": "周末开门", "content": "<p>十点</p>" }]);
    let articles = serde_json::from_value(article).expect("articles");
    let media_id = {
        let mut world = desk.world();
        world
            .account_mut(desk.app_id.as_str())
            .expect("the account")
            .add_news(articles, 1_763_500_025)
    };
    let page = desk
        .post(
            "/cgi-bin/material/batchget_material",
            json!({ "type": "news", "offset": 0, "count": 20 }),
        )
        .await;
    assert_eq!(page["item"][0]["media_id"], json!(media_id));
    assert_eq!(
        page["item"][0]["content"]["news_item"][0]["title"],
        "周末开门"
    );
    let got = desk
        .post(
            "/cgi-bin/material/get_material",
            json!({ "media_id": media_id }),
        )
        .await;
    assert_eq!(got["news_item"][0]["content"], "<p>十点</p>");
    desk.done(
        "/cgi-bin/material/del_material",
        json!({ "media_id": media_id }),
    )
    .await;
    assert_eq!(
        desk.get("/cgi-bin/material/get_materialcount").await["news_count"],
        0
    );
}

#[tokio::test]
async fn a_browser_is_shown_files_in_which_nothing_can_run() {
    let desk = Desk::open().await;
    let image = desk
        .upload("/cgi-bin/media/uploadimg", "fish.jpg", JPEG, &[])
        .await;
    let file = desk.fetch(image["url"].as_str().expect("an address")).await;
    assert_eq!(
        (
            file.status,
            file.content_type.as_str(),
            file.body.as_slice()
        ),
        (200, "image/jpeg", JPEG)
    );
    assert_eq!(file.headers["x-content-type-options"], "nosniff");
    let policy = file.headers["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(
        policy.starts_with("sandbox") && policy.contains("default-src 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("allow-scripts"), "{policy}");
    let nothing = desk
        .fetch(&format!("{}/sim/media/{}/nothing", desk.base, desk.app_id))
        .await;
    assert_eq!(nothing.status, 404);
    for (name, bytes, errcode) in [
        ("fish.gif", b"GIF89a".to_vec(), 40005),
        ("fish.jpg", [JPEG, &vec![0; 1024 * 1024]].concat(), 40009),
    ] {
        let answer = desk
            .upload("/cgi-bin/media/uploadimg", name, &bytes, &[])
            .await;
        assert_eq!(answer["errcode"], errcode, "{answer}");
    }
    // A page that says it is a picture, by its name and its first bytes, is not shown as a page.
    let mut page = PNG.to_vec();
    page.extend_from_slice(b"<script>alert(1)</script>");
    let trick = desk
        .upload_as(&format!("{ADD}image"), "fish.png", "text/html", &page)
        .await;
    let shown = desk.fetch(trick["url"].as_str().expect("an address")).await;
    assert_eq!(shown.content_type, "application/octet-stream");
}

#[tokio::test]
async fn pictures_are_seen_by_followers_as_long_as_they_can_be_sent() {
    let desk = Desk::open().await;
    let ming = desk.follower("小明");
    let media_id: MediaId = serde_json::from_value(desk.picture().await).expect("an id");
    desk.replies(Reply::Image(media_id.clone()));
    let say = || {
        desk.simulator
            .act(&desk.app_id, &ming, Action::Say("照片".into()))
    };
    let sent = say().expect("the follower").expect("it has a server");
    sent.shown.await.expect("it does not panic");
    let url = format!("{}/sim/media/{}/{media_id}", desk.base, desk.app_id);
    let picture = Bubble::Image { url: url.clone() };
    assert_eq!(desk.seen(&ming), [Bubble::text("照片"), picture]);
    assert_eq!(desk.fetch(&url).await.body, PNG);
    // One that is temporary, by a customer-service message.
    let uploaded = desk
        .upload(&format!("{UPLOAD}image"), "a.png", PNG, &[])
        .await;
    let image = json!({ "touser": ming, "msgtype": "image", "image": { "media_id": uploaded["media_id"] } });
    desk.done("/cgi-bin/message/custom/send", image.clone())
        .await;
    assert_eq!(desk.seen(&ming).len(), 3);
    desk.simulator.advance(Duration::from_hours(72));
    let desk = desk.renewed().await;
    desk.simulator
        .act(&desk.app_id, &ming, Action::Say("还在吗".into()))
        .expect("the follower");
    desk.refused("/cgi-bin/message/custom/send", image, 40007)
        .await;
}
