//! What a person does with their phone, and the documents that are pushed: as the platform's pages show them.

mod common;

use common::{Asked, Right, Said, serve, token};
use echostr_protocol::{AppId, OpenId};
use echostr_simulator::conversation::{Bubble, From};
use echostr_simulator::exchange::What;
use echostr_simulator::world::{AccountSettings, ServerConfig};
use echostr_simulator::{Action, Clock, Mode, NotDone, Simulator};
use serde_json::{Value, json};

/// A server that answers `success` to everything, an account with a menu and a code, and somebody who follows it.
struct Stage {
    simulator: Simulator,
    app_id: AppId,
    open_id: OpenId,
    gh_id: String,
    ticket: String,
    access_token: String,
}

impl Stage {
    async fn new() -> Self {
        let right = |asked: Asked| async move {
            if asked.is_push() {
                Said::ok("success")
            } else {
                Right::new(Mode::Plain).answer(&asked)
            }
        };
        let address = serve(right).await;
        let simulator = Simulator::start(Clock::default()).await.expect("a port");
        let settings = AccountSettings {
            server: Some(ServerConfig {
                url: format!("http://{address}/wx"),
                token: token(),
                mode: Mode::Plain,
            }),
            ..AccountSettings::new("雯子")
        };
        let (secret, gh_id) = (settings.app_secret.clone(), settings.gh_id.to_string());
        let app_id = simulator.add_account(settings).expect("an address");
        let open_id = simulator
            .add_follower(&app_id, "小明")
            .expect("it is there");
        let query = format!(
            "grant_type=client_credential&appid={app_id}&secret={}",
            secret.expose()
        );
        let issued = call(
            &format!("{}/cgi-bin/token?{query}", simulator.base()),
            &Value::Null,
        )
        .await;
        let access_token = issued["access_token"].as_str().expect("a token").to_owned();
        let mut stage = Self {
            simulator,
            app_id,
            open_id,
            gh_id,
            ticket: String::new(),
            access_token,
        };
        let code = json!({ "action_name": "QR_LIMIT_STR_SCENE", "action_info": { "scene": { "scene_str": "门口" } } });
        let made = stage.call("/cgi-bin/qrcode/create", &code).await;
        stage.ticket = made["ticket"].as_str().expect("a ticket").to_owned();
        stage.call("/cgi-bin/menu/create", &menu()).await;
        stage
    }

    async fn call(&self, path: &str, body: &Value) -> Value {
        let url = format!(
            "{}{path}?access_token={}",
            self.simulator.base(),
            self.access_token
        );
        call(&url, body).await
    }

    /// Does it, and waits until it is known what the follower sees.
    async fn act(&self, action: Value) -> Result<Vec<String>, NotDone> {
        let action: Action = serde_json::from_value(action).expect("an action");
        let mut documents = Vec::new();
        for sent in self
            .simulator
            .act_all(&self.app_id, &self.open_id, action)?
        {
            sent.shown.await.expect("it does not panic");
            let world = self.simulator.world();
            let What::Push(pushed) = &world.log.record(sent.record).expect("it is kept").what
            else {
                panic!("a push")
            };
            documents.push(pushed.document.clone());
        }
        Ok(documents)
    }

    /// Each expected document has `…` where something is new each time: the ids, the time.
    #[track_caller]
    fn check(&self, documents: &[String], expected: &[&str]) {
        assert_eq!(documents.len(), expected.len(), "{documents:#?}");
        for (document, expected) in documents.iter().zip(expected) {
            let common = format!(
                "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName><CreateTime>…</CreateTime>",
                self.gh_id, self.open_id
            );
            let expected = expected.replace("TICKET", &self.ticket);
            assert_alike(
                &document.replace('\n', ""),
                &format!("{common}{expected}</xml>"),
            );
        }
    }

    fn seen(&self) -> Vec<(From, Bubble)> {
        let world = self.simulator.world();
        let account = world.account(self.app_id.as_str()).expect("it is there");
        let follower = account
            .follower(self.open_id.as_str())
            .expect("they are there");
        let entries = follower.conversation.entries().iter();
        entries
            .map(|entry| (entry.from, entry.bubble.clone()))
            .collect()
    }
}

#[track_caller]
fn assert_alike(found: &str, expected: &str) {
    let mut rest = found;
    for (n, piece) in expected.split('…').enumerate() {
        let at = rest.find(piece).filter(|at| n > 0 || *at == 0);
        let at =
            at.unwrap_or_else(|| panic!("`{piece}` is missing in\n{found}\nexpected\n{expected}"));
        let skipped = &rest[..at];
        assert!(
            !skipped.contains('<'),
            "`{skipped}` stands in the way of `{piece}` in\n{found}"
        );
        rest = &rest[at + piece.len()..];
    }
    assert_eq!(rest, "", "something follows in {found}");
}

fn menu() -> Value {
    json!({ "button": [
        { "type": "click", "name": "点", "key": "K1" },
        { "name": "更多", "sub_button": [
            { "type": "view", "name": "页", "url": "https://example.com/a?b=1&c=2" },
            { "type": "scancode_push", "name": "扫", "key": "K2" },
            { "type": "scancode_waitmsg", "name": "等", "key": "K3" },
            { "type": "pic_photo_or_album", "name": "拍", "key": "K4" },
            { "type": "location_select", "name": "位", "key": "K5" },
        ] },
    ] })
}

async fn call(url: &str, body: &Value) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("it has what it needs");
    let request = match body {
        Value::Null => client.get(url),
        body => client.post(url).body(body.to_string()),
    };
    let response = request.send().await.expect("it answers");
    let answer: Value =
        serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
    assert!(
        answer.get("errcode").is_none_or(|code| code == 0),
        "{url}: {answer}"
    );
    answer
}

fn event(name: &str, children: &str) -> String {
    format!("<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{children}")
}

fn message(kind: &str, children: &str) -> String {
    format!("<MsgType><![CDATA[{kind}]]></MsgType>{children}<MsgId>…</MsgId>")
}

#[tokio::test]
async fn each_action_is_pushed_as_the_platform_pushes_it() {
    let stage = Stage::new().await;
    let place = "<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale><Label><![CDATA[位置]]></Label>";
    let selected = "<SendLocationInfo><Location_X><![CDATA[23]]></Location_X><Location_Y><![CDATA[113.5]]></Location_Y><Scale><![CDATA[15]]></Scale><Label><![CDATA[ 广州]]></Label><Poiname><![CDATA[]]></Poiname></SendLocationInfo>";
    let cases: Vec<(Value, Vec<String>)> = vec![
        (
            json!("follow"),
            vec![event("subscribe", "<EventKey><![CDATA[]]></EventKey>")],
        ),
        (json!("follow"), vec![]),
        (
            json!({ "say": "a]]>b" }),
            vec![message(
                "text",
                "<Content><![CDATA[a]]]]><![CDATA[>b]]></Content>",
            )],
        ),
        (
            json!({ "tap": { "content": "继续", "id": "7" } }),
            vec![message(
                "text",
                "<Content><![CDATA[继续]]></Content><bizmsgmenuid><![CDATA[7]]></bizmsgmenuid>",
            )],
        ),
        (
            json!({ "picture": {} }),
            vec![message(
                "image",
                "<PicUrl><![CDATA[…]]></PicUrl><MediaId><![CDATA[…]]></MediaId>",
            )],
        ),
        (
            json!({ "voice": {} }),
            vec![message(
                "voice",
                "<MediaId><![CDATA[…]]></MediaId><Format><![CDATA[amr]]></Format>",
            )],
        ),
        (
            json!({ "video": {} }),
            vec![message(
                "video",
                "<MediaId><![CDATA[…]]></MediaId><ThumbMediaId><![CDATA[…]]></ThumbMediaId>",
            )],
        ),
        (
            json!({ "short_video": {} }),
            vec![message(
                "shortvideo",
                "<MediaId><![CDATA[…]]></MediaId><ThumbMediaId><![CDATA[…]]></ThumbMediaId>",
            )],
        ),
        (
            json!({ "location": { "latitude": 23.134_521, "longitude": 113.358_803, "scale": 20, "label": "位置" } }),
            vec![message("location", place)],
        ),
        (
            json!({ "link": { "title": "题", "description": "述", "url": "https://example.com/" } }),
            vec![message(
                "link",
                "<Title><![CDATA[题]]></Title><Description><![CDATA[述]]></Description><Url><![CDATA[https://example.com/]]></Url>",
            )],
        ),
        (
            json!({ "file": { "name": "表.txt", "data": "YWJj" } }),
            vec![message(
                "file",
                "<Title><![CDATA[表.txt]]></Title><Description><![CDATA[]]></Description><FileKey><![CDATA[…]]></FileKey><FileMd5><![CDATA[900150983cd24fb0d6963f7d28e17f72]]></FileMd5><FileTotalLen>3</FileTotalLen>",
            )],
        ),
        (
            json!("sticker"),
            vec![message(
                "text",
                "<Content><![CDATA[【收到不支持的消息类型，暂无法显示】]]></Content>",
            )],
        ),
        (
            json!({ "mini_program": { "title": "题", "app_id": "wx1", "path": "pages/a" } }),
            vec![message(
                "miniprogrampage",
                "<Title><![CDATA[题]]></Title><AppId><![CDATA[wx1]]></AppId><PagePath><![CDATA[pages/a]]></PagePath><ThumbUrl><![CDATA[…]]></ThumbUrl><ThumbMediaId><![CDATA[…]]></ThumbMediaId>",
            )],
        ),
        (
            json!({ "scan": stage.ticket }),
            vec![event(
                "SCAN",
                "<EventKey><![CDATA[门口]]></EventKey><Ticket><![CDATA[TICKET]]></Ticket>",
            )],
        ),
        (
            json!({ "report_location": { "latitude": 23.1, "longitude": 113.3, "precision": 30.0 } }),
            vec![event(
                "LOCATION",
                "<Latitude>23.1</Latitude><Longitude>113.3</Longitude><Precision>30</Precision>",
            )],
        ),
        (
            json!({ "subscription": { "template_id": "T1", "accepts": true } }),
            vec![event(
                "subscribe_msg_popup_event",
                "<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[T1]]></TemplateId><SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString><PopupScene>1</PopupScene></List></SubscribeMsgPopupEvent>",
            )],
        ),
        (
            json!({ "menu": { "button": [0] } }),
            vec![event("CLICK", "<EventKey><![CDATA[K1]]></EventKey>")],
        ),
        // A sub-menu opens, and nobody is told.
        (json!({ "menu": { "button": [1] } }), vec![]),
        (
            json!({ "menu": { "button": [1, 0] } }),
            vec![event(
                "VIEW",
                "<EventKey><![CDATA[https://example.com/a?b=1&c=2]]></EventKey><MenuId>…</MenuId>",
            )],
        ),
        (
            json!({ "menu": { "button": [1, 1], "scanned": "1" } }),
            vec![event(
                "scancode_push",
                "<EventKey><![CDATA[K2]]></EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[1]]></ScanResult></ScanCodeInfo>",
            )],
        ),
        (
            json!({ "menu": { "button": [1, 2], "scanned": "EAN_13,6901234567892" } }),
            vec![event(
                "scancode_waitmsg",
                "<EventKey><![CDATA[K3]]></EventKey><ScanCodeInfo><ScanType><![CDATA[barcode]]></ScanType><ScanResult><![CDATA[EAN_13,6901234567892]]></ScanResult></ScanCodeInfo>",
            )],
        ),
        (
            json!({ "menu": { "button": [1, 3], "pictures": [{ "name": "a.jpg", "data": "YWJj" }, { "name": "b.jpg", "data": "YWJj" }] } }),
            vec![
                event(
                    "pic_photo_or_album",
                    "<EventKey><![CDATA[K4]]></EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum><![CDATA[900150983cd24fb0d6963f7d28e17f72]]></PicMd5Sum></item><item><PicMd5Sum><![CDATA[900150983cd24fb0d6963f7d28e17f72]]></PicMd5Sum></item></PicList></SendPicsInfo>",
                ),
                message(
                    "image",
                    "<PicUrl><![CDATA[…]]></PicUrl><MediaId><![CDATA[…]]></MediaId>",
                ),
                message(
                    "image",
                    "<PicUrl><![CDATA[…]]></PicUrl><MediaId><![CDATA[…]]></MediaId>",
                ),
            ],
        ),
        (
            json!({ "menu": { "button": [1, 4], "place": { "latitude": 23.0, "longitude": 113.5, "scale": 15, "label": " 广州" } } }),
            vec![
                event(
                    "location_select",
                    &format!("<EventKey><![CDATA[K5]]></EventKey>{selected}"),
                ),
                message(
                    "location",
                    "<Location_X>23</Location_X><Location_Y>113.5</Location_Y><Scale>15</Scale><Label><![CDATA[ 广州]]></Label>",
                ),
            ],
        ),
        (json!("enter"), vec![event("ENTER", "")]),
        (
            json!("unfollow"),
            vec![event("unsubscribe", "<EventKey><![CDATA[]]></EventKey>")],
        ),
        (
            json!({ "scan": stage.ticket }),
            vec![event(
                "subscribe",
                "<EventKey><![CDATA[qrscene_门口]]></EventKey><Ticket><![CDATA[TICKET]]></Ticket>",
            )],
        ),
    ];
    for (action, expected) in cases {
        let documents = stage.act(action).await.expect("it can be done");
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        stage.check(&documents, &expected);
    }
}

#[tokio::test]
async fn what_is_sent_is_seen_on_the_right() {
    let stage = Stage::new().await;
    for action in [
        json!("follow"),
        json!({ "say": "你好" }),
        json!({ "picture": {} }),
        json!("sticker"),
    ] {
        stage.act(action).await.expect("it can be done");
    }
    let seen = stage.seen();
    assert_eq!(seen[0], (From::Follower, Bubble::text("你好")));
    let (From::Follower, Bubble::Image { url }) = &seen[1] else {
        panic!("{seen:?}")
    };
    assert!(
        url.starts_with(&format!("{}/sim/media/", stage.simulator.base())),
        "{url}"
    );
    assert_eq!(
        seen[2],
        (
            From::Follower,
            Bubble::Unsupported {
                what: "动画表情".into()
            }
        )
    );
    assert_eq!(seen.len(), 3, "`success` shows nothing: {seen:?}");
}

#[tokio::test]
async fn a_person_is_told_what_cannot_be_done() {
    let stage = Stage::new().await;
    let not_following = stage.act(json!({ "say": "在吗" })).await;
    assert_eq!(not_following, Err(NotDone::NotFollowing));
    stage.act(json!("follow")).await.expect("it can be done");
    let no_button = stage
        .act(json!({ "menu": { "button": [2] } }))
        .await
        .expect_err("there are two");
    assert!(
        no_button.to_string().contains("[0] 点, [1,0] 页"),
        "{no_button}"
    );
    let no_code = stage.act(json!({ "scan": "gQ" })).await;
    assert_eq!(no_code, Err(NotDone::NotACode("gQ".into())));
    assert_eq!(stage.seen(), []);
}

#[tokio::test]
async fn what_a_blocked_follower_writes_is_not_pushed() {
    let stage = Stage::new().await;
    stage.act(json!("follow")).await.expect("it can be done");
    let blocked = json!({ "openid_list": [stage.open_id] });
    stage
        .call("/cgi-bin/tags/members/batchblacklist", &blocked)
        .await;
    let documents = stage
        .act(json!({ "say": "在吗" }))
        .await
        .expect("it can be done");
    assert!(documents.is_empty());
    assert_eq!(stage.seen(), [(From::Follower, Bubble::text("在吗"))]);
}

#[tokio::test]
async fn pictures_by_a_menu_button_let_the_account_answer() {
    let stage = Stage::new().await;
    let buttons = json!({ "button": [{ "type": "pic_sysphoto", "name": "拍", "key": "P" }] });
    stage.call("/cgi-bin/menu/create", &buttons).await;
    stage.act(json!("follow")).await.expect("it can be done");
    stage.simulator.advance(std::time::Duration::from_hours(1));
    let message =
        json!({ "touser": stage.open_id, "msgtype": "text", "text": { "content": "好" } });
    // Following allowed it for a minute only.
    stage
        .act(json!({ "menu": { "button": [0] } }))
        .await
        .expect("it can be done");
    let answer = stage.call("/cgi-bin/message/custom/send", &message).await;
    assert_eq!(answer["errcode"], 0);
}

/// The first cells of the rows below this head that are JSON.
fn documented(half: &str, head: &str) -> Vec<Value> {
    let (_, table) = half.split_once(head).expect("the table has this head");
    let rows = table.lines().skip(2);
    let rows = rows.map_while(|row| row.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(body, _)| serde_json::from_str(body).expect("JSON"))
        .collect()
}

#[test]
fn the_document_has_every_action_as_it_is_taken() {
    let document = include_str!("../../../docs/simulate.md");
    let (chinese, english) = document.split_once("\n## English\n").expect("two halves");
    let actions = documented(chinese, "| 正文 | 做什么 |");
    assert_eq!(actions, documented(english, "| body | does |"));
    let mut names: Vec<_> = actions
        .iter()
        .map(|action| match action {
            Value::String(word) => word.as_str(),
            action => action
                .as_object()
                .expect("an object")
                .keys()
                .next()
                .expect("a member"),
        })
        .collect();
    for action in &actions {
        let taken = serde_json::from_value::<Action>(action.clone());
        assert!(taken.is_ok(), "{action}: {taken:?}");
    }
    // Of what is none, serde says what there is.
    let refused = serde_json::from_value::<Action>(json!("none")).expect_err("there is no such");
    let refused = refused.to_string();
    let mut known: Vec<_> = refused.split('`').skip(3).step_by(2).collect();
    known.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, known);
}
