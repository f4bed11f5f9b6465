//! The client against the simulated platform, which keeps a state and was not written to please it: what was written is read
//! back, tokens end as they end there, and what goes wrong on the way is told for what it is.

mod common;

use std::time::Duration;

use echostr_client::{
    ApiAccount, Capability, Client, Download, Error, May, TokenSource, with_causes,
};
use echostr_protocol::AppId;
use echostr_protocol::api::custom_message::SendCustomMessage;
use echostr_protocol::api::material::{AddMaterial, GetMaterial};
use echostr_protocol::api::media::{GetMedia, MediaType, UploadTempMedia};
use echostr_protocol::api::quota::ClearQuota;
use echostr_protocol::api::tag::{CreateTag, GetTags, NewTag};
use echostr_protocol::api::{File, Request};
use echostr_simulator::exchange::What;
use echostr_simulator::world::{AccountSettings, Kind};
use echostr_simulator::{Clock, Simulator};

use common::{platform, settings};

/// The platform with one account, and its client.
struct Stage {
    simulator: Simulator,
    app_id: AppId,
    client: Client,
}

impl Stage {
    async fn of(kind: Kind) -> Self {
        Self::with(kind, TokenSource::Stable).await
    }

    async fn with(kind: Kind, source: fn(echostr_protocol::api::Secret) -> TokenSource) -> Self {
        let simulator = Simulator::start(Clock::default()).await.expect("a port");
        let mut account = AccountSettings::new("雯子");
        account.kind = kind;
        let secret = account.app_secret.clone();
        let app_id = simulator.add_account(account).expect("it has no server");
        let account = ApiAccount {
            source: source(secret.clone()),
            base: Some(simulator.base().parse().expect("an address")),
            ..ApiAccount::new(app_id.clone(), secret)
        };
        let client = platform(&settings()).client(account);
        Self {
            simulator,
            app_id,
            client,
        }
    }

    fn fails(&self, rule: &str) {
        let fault = rule.parse().expect("a rule");
        self.simulator.world().faults.0 = vec![fault];
    }

    /// What was called, and how that ended.
    fn calls(&self) -> Vec<(&'static str, i64)> {
        let world = self.simulator.world();
        let calls = world.log.records().filter_map(|record| match &record.what {
            What::Call(call) => Some((
                call.endpoint.map_or("?", |endpoint| endpoint.name),
                call.errcode,
            )),
            What::Push(_) => None,
        });
        calls.collect()
    }
}

const TOKEN: &str = "GetStableAccessToken";

fn tag(name: &str) -> CreateTag {
    CreateTag {
        tag: NewTag { name: name.into() },
    }
}

/// Its name at the platform.
fn name<R: Request>() -> &'static str {
    R::ENDPOINT.name
}

#[tokio::test]
async fn a_token_that_the_platform_ended_is_replaced_and_the_call_made_again() {
    let stage = Stage::of(Kind::VerifiedService).await;
    stage
        .client
        .call(tag("熟客"))
        .await
        .expect("with the first token");
    stage.simulator.advance(Duration::from_secs(7201));
    let tags = stage
        .client
        .call(GetTags {})
        .await
        .expect("with the second one");
    assert!(tags.tags.iter().any(|tag| tag.name == "熟客"), "{tags:?}");
    let expected = [
        (TOKEN, 0),
        ("CreateTag", 0),
        ("GetTags", 42001),
        (TOKEN, 0),
        ("GetTags", 0),
    ];
    assert_eq!(stage.calls(), expected);
}

#[tokio::test]
async fn a_token_that_another_program_replaced_works_five_more_minutes() {
    let stage = Stage::with(Kind::VerifiedService, TokenSource::Plain).await;
    stage
        .client
        .call(GetTags {})
        .await
        .expect("with the first token");
    let theirs = platform(&settings()).client(stage.client.account().clone());
    theirs
        .call(GetTags {})
        .await
        .expect("with a token of its own");
    stage
        .client
        .call(GetTags {})
        .await
        .expect("the first token still works");
    stage.simulator.advance(Duration::from_secs(301));
    stage
        .client
        .call(GetTags {})
        .await
        .expect("with a third token");
    let plain = "GetAccessToken";
    let expected = [
        (plain, 0),
        ("GetTags", 0),
        (plain, 0),
        ("GetTags", 0),
        ("GetTags", 0),
        ("GetTags", 40001),
        (plain, 0),
        ("GetTags", 0),
    ];
    assert_eq!(stage.calls(), expected);
}

#[tokio::test]
async fn an_address_that_is_not_on_the_list_is_named() {
    let stage = Stage::of(Kind::VerifiedService).await;
    {
        let mut world = stage.simulator.world();
        let account = world
            .account_mut(stage.app_id.as_str())
            .expect("it is there");
        account.settings.allowed = vec!["203.0.113.7".parse().expect("an address")];
    }
    let error = stage
        .client
        .call(GetTags {})
        .await
        .expect_err("127.0.0.1 is not on it");
    assert_eq!(error.code(), Some(40164));
    let told = with_causes(&error);
    assert!(told.contains("add 127.0.0.1 to"), "{told}");
}

#[tokio::test]
async fn files_come_back_as_they_went_until_they_expire() {
    let stage = Stage::of(Kind::VerifiedService).await;
    let photo = File::named("photo.png", *b"\x89PNG\r\n\x1a\n, and what is in it");
    let kept = stage
        .client
        .call(AddMaterial::image(photo.clone()))
        .await
        .expect("it is kept");
    let uploaded = UploadTempMedia {
        r#type: MediaType::Image,
        media: photo.clone(),
    };
    let uploaded = stage
        .client
        .call(uploaded)
        .await
        .expect("it is kept for three days");
    let temporary = || GetMedia {
        media_id: uploaded.media_id.clone().expect("an id"),
    };
    let permanent = || GetMaterial {
        media_id: kept.media_id.clone(),
    };
    assert_eq!(
        bytes(
            stage
                .client
                .download(temporary())
                .await
                .expect("it is there")
        )
        .await,
        *photo.bytes
    );
    stage.simulator.advance(Duration::from_hours(73));
    let error = stage
        .client
        .download(temporary())
        .await
        .expect_err("it has expired");
    assert_eq!(error.code(), Some(40007));
    assert_eq!(
        bytes(
            stage
                .client
                .download(permanent())
                .await
                .expect("it does not expire")
        )
        .await,
        *photo.bytes
    );
}

async fn bytes<T>(download: Download<T>) -> Vec<u8> {
    let Download::File(mut file) = download else {
        panic!("JSON")
    };
    let mut bytes = Vec::new();
    while let Some(piece) = file.chunk().await.expect("all of it comes") {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

/// What only reads is made again; of what changes something, nobody knows.
#[tokio::test]
async fn a_connection_that_breaks_is_told_for_what_it_is() {
    let stage = Stage::of(Kind::VerifiedService).await;
    stage
        .client
        .call(tag("熟客"))
        .await
        .expect("nothing is wrong");
    let n_before = stage.calls().len();
    for rule in [
        "lost on tags/get once",
        "reset on tags/get once",
        "status 502 on tags/get once",
        "fail -1 on tags/get once",
    ] {
        stage.fails(rule);
        let tags = stage
            .client
            .call(GetTags {})
            .await
            .unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert_eq!(tags.tags.len(), 2, "{rule}: one is the platform's own");
    }
    assert_eq!(stage.calls().len() - n_before, 8);
    stage.fails("lost on tags/create once");
    let error = stage
        .client
        .call(tag("新客"))
        .await
        .expect_err("no answer comes");
    assert!(error.may_have_arrived(), "{error}");
    let tags = stage
        .client
        .call(GetTags {})
        .await
        .expect("nothing is wrong");
    assert_eq!(tags.tags.len(), 3, "it did arrive, once");
}

#[tokio::test]
async fn what_is_used_up_is_not_tried_again_before_it_is_cleared() {
    let stage = Stage::of(Kind::VerifiedService).await;
    stage.fails("fail 45009 on tags/get once");
    let error = stage
        .client
        .call(GetTags {})
        .await
        .expect_err("it is used up");
    assert!(error.is_quota(), "{error}");
    let cleared = ClearQuota {
        appid: stage.app_id.clone(),
    };
    stage
        .client
        .call(cleared)
        .await
        .expect("it may be cleared ten times a month");
    stage
        .client
        .call(GetTags {})
        .await
        .expect("there are calls again");
    let gets = stage
        .calls()
        .iter()
        .filter(|(called, _)| *called == name::<GetTags>())
        .count();
    assert_eq!(gets, 2);
}

#[tokio::test]
async fn what_an_account_may_do_is_found_out_by_its_kind() {
    use Capability as Can;
    let all = Can::ALL.to_vec();
    let expected = [
        (Kind::Subscription, vec![]),
        (Kind::Service, vec![Can::Menu]),
        (Kind::VerifiedService, all),
    ];
    for (kind, may) in expected {
        let stage = Stage::of(kind).await;
        let found = stage
            .client
            .capabilities()
            .await
            .expect("the platform is there");
        let can: Vec<_> = found
            .found
            .iter()
            .filter(|(_, may)| *may == May::Yes)
            .map(|(capability, _)| *capability)
            .collect();
        assert_eq!(can, may, "{kind:?}: {found:?}");
        let refused = found
            .found
            .iter()
            .filter(|(_, may)| *may == May::No(48001))
            .count();
        assert_eq!(
            refused,
            found.found.len() - can.len(),
            "{kind:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_follower_who_does_not_follow_cannot_be_sent_to() {
    let stage = Stage::of(Kind::VerifiedService).await;
    let open_id = stage
        .simulator
        .add_follower(&stage.app_id, "小明")
        .expect("the account");
    let message = SendCustomMessage::text(open_id, "在吗");
    let error = stage
        .client
        .call(message)
        .await
        .expect_err("nobody who follows");
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert_eq!(error.code(), Some(43004), "{error}");
}
