//! An account with everything that the requests of the platform's documents speak of.

use std::time::Duration;

use echostr_protocol::OpenId;
use echostr_protocol::api::{Auth, Endpoint};
use echostr_simulator::{Action, Asked, Consent};
use serde_json::{Value, json};

use crate::desk::{Desk, MP3};

pub(crate) struct Stage {
    pub(crate) desk: Desk,
    component: String,
    follower: String,
}

const APP_ID: &str = "wx3aea277d7b497b65";
const SECRET: &str = "5f1c3b0e9d7a48c2b6e4f80a1d23c795";
/// The last of them is who most requests are about.
const FOLLOWERS: [&str; 3] = [
    "osZFAyPrKrJBb2E3OA1_00000000",
    "osZFAyPrKrJBb2E3OA1_00000002",
    FOLLOWER,
];
const FOLLOWER: &str = "osZFAyPrKrJBb2E3OA1_00000001";
const DESK: &str = "desk1@gh_shop";

impl Stage {
    pub(crate) async fn open(client: reqwest::Client) -> Self {
        let desk = Desk::open_as(client, APP_ID, SECRET).await;
        for name in FOLLOWERS {
            let open_id = desk.follower("example_wxid");
            {
                let mut world = desk.world();
                let account = world.account_mut(APP_ID).expect("the account");
                let follower = account
                    .follower_mut(open_id.as_str())
                    .expect("the follower");
                follower.open_id = name.into();
            }
            let said = Action::Say("在吗".into());
            let said = desk.simulator.act(&desk.app_id, &OpenId::from(name), said);
            said.expect("the follower");
        }
        Self {
            desk,
            component: String::new(),
            follower: String::new(),
        }
    }

    /// What travels in the query beside the request.
    pub(crate) fn credential(&self, auth: Auth) -> Option<(String, String)> {
        let (name, token) = match auth {
            Auth::Account => ("access_token", self.desk.token()),
            Auth::Component => ("component_access_token", self.component.as_str()),
            Auth::Follower => ("access_token", self.follower.as_str()),
            Auth::None => return None,
        };
        Some((name.to_owned(), token.to_owned()))
    }

    /// Makes what the request needs, and names it in the request.
    pub(crate) async fn set(&mut self, endpoint: &Endpoint, mut request: Value) -> Value {
        match endpoint.chapter {
            "menu" => self.menu(endpoint, &mut request).await,
            "custom_message" | "mass_message" | "media" | "material" => {
                self.files(endpoint, &mut request).await;
            }
            "draft" | "publish" | "comment" => self.articles(endpoint, &mut request).await,
            "kf_account" | "kf_session" => self.desk_account(endpoint).await,
            "template_message" | "subscribe_message" => {
                self.templates(endpoint, &mut request).await;
            }
            "tag" => self.tag(&mut request).await,
            "qrcode" | "short_link" => self.codes(endpoint, &mut request).await,
            "oauth" => self.person(endpoint, &mut request).await,
            "quota" if endpoint.name == "GetRidInfo" => {
                let refused = self.desk.get("/cgi-bin/menu/get").await;
                let errmsg = refused["errmsg"].as_str().expect("a text");
                let (_, rid) = errmsg.rsplit_once("rid: ").expect("a rid");
                request["rid"] = json!(rid);
            }
            _ => {}
        }
        if endpoint.auth == Auth::Component {
            let asked = json!({
                "component_appid": "wx570bc396a51b8ff8",
                "component_appsecret": "invented-component-secret",
                "component_verify_ticket": "ticket@@@invented-component-verify-ticket",
            });
            let told = self
                .desk
                .post("/cgi-bin/component/api_component_token", asked)
                .await;
            self.component = text(&told["component_access_token"]);
        }
        request
    }

    async fn menu(&mut self, endpoint: &Endpoint, request: &mut Value) {
        let picture = self.desk.picture().await;
        let (post, now) = (
            serde_json::from_value(json!([{ "title": "周末开门" }])),
            1_763_500_025,
        );
        let post = {
            let mut world = self.desk.world();
            let account = world.account_mut(APP_ID).expect("the account");
            account.add_news(post.expect("a post"), now)
        };
        let (_, article_id) = self.published(&picture).await;
        let tag = self.new_tag().await;
        everywhere(request, &mut |name, value, parent| match name {
            "media_id" if parent == "view_limited" => *value = json!(post),
            "media_id" => *value = picture.clone(),
            "article_id" => *value = json!(article_id),
            "tag_id" => *value = json!(text(&tag)),
            _ => {}
        });
        if endpoint.name == "CreateCustomMenu" {
            return;
        }
        let button = json!([{ "type": "click", "name": "菜谱", "key": "TODAY" }]);
        self.desk
            .done("/cgi-bin/menu/create", json!({ "button": button }))
            .await;
        if endpoint.name == "DeleteConditionalMenu" {
            let menu = json!({ "button": button, "matchrule": { "language": "en" } });
            let added = self.desk.post("/cgi-bin/menu/addconditional", menu).await;
            request["menuid"] = added["menuid"].clone();
        }
    }

    async fn files(&mut self, endpoint: &Endpoint, request: &mut Value) {
        let picture = self.desk.picture().await;
        let draft = self.draft(&picture).await;
        everywhere(request, &mut |name, value, _| match name {
            "media_id" | "thumb_media_id" => *value = picture.clone(),
            "media_ids" => *value = json!([picture]),
            _ => {}
        });
        if request["mpnews"].is_object() {
            request["mpnews"]["media_id"] = draft;
        }
        if request["mpnewsarticle"].is_object() {
            let (_, article_id) = self.published(&picture).await;
            request["mpnewsarticle"]["article_id"] = json!(article_id);
        }
        if request["filter"]["tag_id"].is_i64() {
            let tag = self.new_tag().await;
            let tagged = json!({ "openid_list": [FOLLOWER], "tagid": tag });
            self.desk
                .done("/cgi-bin/tags/members/batchtagging", tagged)
                .await;
            request["filter"]["tag_id"] = tag;
        }
        if request["customservice"].is_object() {
            self.desk_account(endpoint).await;
        }
        match endpoint.name {
            "GetMedia" | "GetHdVoice" => {
                let uploaded =
                    self.desk
                        .upload("/cgi-bin/media/upload?type=voice", "hello.mp3", MP3, &[]);
                request["media_id"] = uploaded.await["media_id"].clone();
            }
            "DeleteMassMsg" | "MassMsgGet" => {
                let draft = self.draft(&picture).await;
                let all = json!({ "filter": { "is_to_all": true }, "msgtype": "mpnews", "mpnews": { "media_id": draft } });
                let sent = self.desk.post("/cgi-bin/message/mass/sendall", all).await;
                self.desk.simulator.advance(Duration::from_mins(1));
                if request["url"].is_string() {
                    let (base, id) = (&self.desk.base, &sent["msg_data_id"]);
                    request["url"] = json!(format!("{base}/s?__biz={APP_ID}&mid={id}&idx=1"));
                } else {
                    request["msg_id"] = sent["msg_id"].clone();
                }
            }
            _ => {}
        }
    }

    async fn draft(&mut self, picture: &Value) -> Value {
        let article = |title: &str| json!({ "title": title, "content": "<p>十点</p>", "thumb_media_id": picture, "need_open_comment": 1 });
        let articles = json!({ "articles": [article("周末开门"), article("新到的茶")] });
        self.desk.post("/cgi-bin/draft/add", articles).await["media_id"].clone()
    }

    /// What publishing a draft of two articles answered, and the id of the publication.
    async fn published(&mut self, picture: &Value) -> (Value, String) {
        let media_id = self.draft(picture).await;
        let submit = "/cgi-bin/freepublish/submit";
        let submitted = self
            .desk
            .post(submit, json!({ "media_id": media_id }))
            .await;
        // The platform needs a moment.
        self.desk.simulator.advance(Duration::from_secs(1));
        let job = json!({ "publish_id": submitted["publish_id"] });
        let state = self.desk.post("/cgi-bin/freepublish/get", job).await;
        (submitted, text(&state["article_id"]))
    }

    async fn articles(&mut self, endpoint: &Endpoint, request: &mut Value) {
        let picture = self.desk.picture().await;
        let (submitted, article_id) = self.published(&picture).await;
        everywhere(request, &mut |name, value, _| match name {
            "thumb_media_id" | "image_media_id" => *value = picture.clone(),
            "publish_id" | "msg_data_id" => *value = submitted[name].clone(),
            "article_id" => *value = json!(article_id),
            _ => {}
        });
        if request["media_id"].is_string() {
            request["media_id"] = self.draft(&picture).await;
        }
        if endpoint.chapter == "comment" {
            let id = {
                let mut world = self.desk.world();
                let account = world.account_mut(APP_ID).expect("the account");
                let msg_data_id = submitted["msg_data_id"].as_i64().expect("a number");
                account.comment(msg_data_id, 1, &FOLLOWER.into(), "开门吗", 1_763_603_628)
            };
            let comment = json!({
                "msg_data_id": submitted["msg_data_id"], "index": 1, "user_comment_id": id, "content": "开",
            });
            if request["user_comment_id"].is_i64() {
                request["user_comment_id"] = json!(id);
            }
            if endpoint.name == "DelReplyComment" {
                self.desk.done("/cgi-bin/comment/reply/add", comment).await;
            }
        }
    }

    async fn desk_account(&mut self, endpoint: &Endpoint) {
        let account = json!({ "kf_account": DESK, "nickname": "小文", "kf_wx": "xiaowen_2024" });
        if endpoint.name == "AddKfAccount" {
            return;
        }
        self.desk
            .done("/customservice/kfaccount/add", account)
            .await;
        if endpoint.chapter == "kf_session" {
            let worker = json!({ "kf_account": DESK, "invite_wx": "xiaowen_2024" });
            let invite = "/customservice/kfaccount/inviteworker";
            self.desk.done(invite, worker).await;
        }
        if endpoint.name == "CloseSession" {
            let session = json!({ "kf_account": DESK, "openid": FOLLOWER });
            let create = "/customservice/kfsession/create";
            self.desk.done(create, session).await;
        }
    }

    async fn templates(&mut self, endpoint: &Endpoint, request: &mut Value) {
        match endpoint.name {
            "SendTemplateMessage" | "DeleteTemplate" => {
                let template = json!({ "template_id_short": "43216", "keyword_name_list": ["预约项目", "预约时间"] });
                let added = self
                    .desk
                    .post("/cgi-bin/template/api_add_template", template)
                    .await;
                request["template_id"] = added["template_id"].clone();
            }
            "SendNewSubscribeMsg" | "DelWxaNewTemplate" => {
                let template =
                    json!({ "tid": "401", "kidList": [1, 3], "sceneDesc": "取餐时提醒" });
                let added = self
                    .desk
                    .post("/wxaapi/newtmpl/addtemplate", template)
                    .await;
                let id = text(&added["priTmplId"]);
                let consent = Consent {
                    template_id: id.clone(),
                    is_given: true,
                };
                let (simulator, app_id) = (&self.desk.simulator, &self.desk.app_id);
                let given = simulator.consent(app_id, &FOLLOWER.into(), Asked::Page, &[consent]);
                given.expect("the follower");
                let name = if endpoint.name == "DelWxaNewTemplate" {
                    "priTmplId"
                } else {
                    "template_id"
                };
                request[name] = json!(id);
            }
            "TemplateSubscribe" => {
                let id = text(&request["template_id"]);
                let query = format!(
                    "action=get_confirm&appid={APP_ID}&scene=1000&template_id={id}&redirect_url=https%3A%2F%2Fexample.com%2F"
                );
                let page = format!(
                    "{}/mp/subscribemsg?{query}&follower={FOLLOWER}&agreed=1",
                    self.desk.base
                );
                self.desk.fetch(&page).await;
            }
            _ => {}
        }
    }

    async fn new_tag(&mut self) -> Value {
        let tag = json!({ "tag": { "name": "熟客" } });
        self.desk.post("/cgi-bin/tags/create", tag).await["tag"]["id"].clone()
    }

    async fn tag(&mut self, request: &mut Value) {
        let tag = self.new_tag().await;
        everywhere(request, &mut |name, value, _| match name {
            "tagid" | "id" => *value = tag.clone(),
            "name" => *value = json!("另一个名字"),
            _ => {}
        });
    }

    async fn codes(&mut self, endpoint: &Endpoint, request: &mut Value) {
        match endpoint.name {
            "ShowQrCode" => {
                let code = json!({ "action_name": "QR_SCENE", "action_info": { "scene": { "scene_id": 7 } } });
                let made = self.desk.post("/cgi-bin/qrcode/create", code).await;
                request["ticket"] = made["ticket"].clone();
            }
            "FetchShorten" => {
                let kept = json!({ "long_data": "from=门店-3", "expire_seconds": 86_400 });
                let made = self.desk.post("/cgi-bin/shorten/gen", kept).await;
                request["short_key"] = made["short_key"].clone();
            }
            "QrCodeJumpPublish" | "QrCodeJumpDelete" | "QrCodeJumpAdd"
                if request["is_edit"] != json!(0) =>
            {
                let rule = json!({ "prefix": request["prefix"], "path": "pages/index/index", "is_edit": 0 });
                self.desk.done("/cgi-bin/wxopen/qrcodejumpadd", rule).await;
            }
            _ => {}
        }
    }

    /// Somebody who agrees on a web page.
    async fn person(&mut self, endpoint: &Endpoint, request: &mut Value) {
        if endpoint.name == "WebsiteLoginUrl" {
            request["appid"] = json!(APP_ID);
        }
        if matches!(endpoint.name, "OauthAuthorizeUrl" | "WebsiteLoginUrl") {
            return;
        }
        let query = format!(
            "appid={APP_ID}&redirect_uri=https%3A%2F%2Fexample.com%2F&response_type=code&scope=snsapi_userinfo"
        );
        let page = format!(
            "{}/connect/oauth2/authorize?{query}&follower={FOLLOWER}&agreed=1",
            self.desk.base
        );
        let page = self.desk.fetch(&page).await;
        let back = page.headers["location"].to_str().expect("text").to_owned();
        let (_, query) = back.split_once('?').expect("a query");
        let mut query = form_urlencoded::parse(query.as_bytes());
        let (_, code) = query.find(|(name, _)| name == "code").expect("a code");
        if endpoint.name == "SnsAccessToken" {
            request["secret"] = json!(SECRET);
            request["code"] = json!(code);
            return;
        }
        let query =
            format!("appid={APP_ID}&secret={SECRET}&code={code}&grant_type=authorization_code");
        let granted = self
            .desk
            .get(&format!("/sns/oauth2/access_token?{query}"))
            .await;
        self.follower = text(&granted["access_token"]);
        if endpoint.name == "SnsRefreshToken" {
            request["refresh_token"] = granted["refresh_token"].clone();
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every named value, with the `type` of what it stands in.
fn everywhere(value: &mut Value, change: &mut dyn FnMut(&str, &mut Value, &str)) {
    match value {
        Value::Object(fields) => {
            let kind = fields
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            for (name, value) in fields {
                change(name, value, &kind);
                everywhere(value, change);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| everywhere(item, change)),
        _ => {}
    }
}
