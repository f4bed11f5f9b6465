//! Every kind of push is what the platform's documents show: the same fields, read by the project's own parser.

mod common;

use common::token;
use echostr_protocol::{Document, Message};
use echostr_simulator::{
    Accreditation, Authorization, MassSent, Mode, Platform, Published, Push, Xml,
};
use serde_json::{Map, Value};

/// What is read of a document, without what differs from one push to the next.
fn read(document: &[u8]) -> (String, Map<String, Value>) {
    let message = Message::parse(Document::parse(document).expect("a document"));
    let kind = message.kind().into_owned();
    let Ok(Value::Object(mut fields)) = serde_json::to_value(&message) else {
        panic!("a message is an object")
    };
    for own in ["to", "from", "created_at", "msg_id"] {
        // An event's `msg_id` is that of the job that it reports on.
        if own != "msg_id" || message.msg_id().is_some() {
            fields.remove(own);
        }
    }
    (kind, fields)
}

/// The push says what this document of the platform says.
#[track_caller]
fn check(push: &Push, file: &str) {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/vectors/messages"
    );
    let witness = std::fs::read(format!("{folder}/{file}.xml")).expect("a witness");
    let platform = Platform::new("http://127.0.0.1/", token(), Mode::Plain).expect("an address");
    let written = platform.envelope(push).body;
    let (kind, fields) = read(written.as_bytes());
    let (expected_kind, expected) = read(&witness);
    assert_eq!(kind, expected_kind, "{file}");
    assert_eq!(fields, expected, "{file}");
}

#[test]
fn messages_are_as_the_platform_writes_them() {
    check(
        &Push::file(
            "报价单-2025.xlsx",
            "t5O8doJi1ypaTWOQKj71dYz6BKM1x-6VjIwU9n66",
            "351d02a6eb8ca82450f8cdc5e1376a19",
            50_219_757,
        ),
        "file",
    );
    check(
        &Push::mini_program_page(
            "示例标题 Sample#",
            "wx4be09e8e026cabe6",
            "pages/order/detail?id=7&from=mp",
            "http://mmbiz.qpic.example/mmbiz_jpg/JdgPglQrCx",
            "thuIZEabWFvSFxepI3FOEB7lLDnVlBBMgrGsup6ANojlT3Wnxb6HGaGTBnFwYddZ",
        ),
        "miniprogrampage",
    );
    check(
        &Push::text_from_article("请问营业到几点，周末开门吗", "2506635086_1", 1),
        "text-from-article",
    );
}

#[test]
fn what_was_understood_of_a_voice_is_read() {
    let platform = Platform::new("http://127.0.0.1/", token(), Mode::Plain).expect("an address");
    let written = platform.envelope(&Push::recognized_voice("M", "收到")).body;
    let (kind, fields) = read(written.as_bytes());
    assert_eq!(kind, "voice");
    assert_eq!(fields["recognition"], "收到");
}

#[test]
fn ends_of_jobs_are_as_the_platform_writes_them() {
    check(
        &Push::mass_sent(&MassSent {
            job_id: 3_953_257_567,
            status: "send success",
            total_count: 120,
            filter_count: 100,
            sent_count: 98,
            error_count: 2,
            article_urls: &[
                "https://www.shop-sample.example/p/42/m1",
                "https://www.shop-sample.example/p/42/m2",
            ],
        }),
        "event-mass-success",
    );
    check(
        &Push::published(
            5_297_532_499,
            &Published::Done {
                article_id: "iGebiayOtklgBxdjGfcHA_KdGkKJsQv92yaZZcs8x7zI",
                article_urls: &["https://www.shop-sample.example/p/42/m2p"],
            },
        ),
        "event-publish-success",
    );
    check(
        &Push::published(
            8_947_132_889,
            &Published::Failed {
                status: 2,
                fail_idx: &[1, 3],
            },
        ),
        "event-publish-failed",
    );
}

#[test]
fn subscription_notices_are_as_the_platform_writes_them() {
    check(
        &Push::subscribe_msg_popup(
            &[
                ("pcdAZ-QTG23L0iIrFYyOUhINnKbYWip6kaBuG_8q2Ju", true),
                ("kY5cT161Wc-8wbH5JUm3SO6ZntwD8HrlMgyiCpkd9eA", false),
            ],
            2,
        ),
        "event-notice-popup-two",
    );
    check(
        &Push::subscribe_msg_change(&["F7w0EEgz7WFGkQpztJnPM89c7Lx1oz8vikFj3f2Ax4M"]),
        "event-notice-change",
    );
    check(
        &Push::subscribe_msg_sent(
            "o38pxlVtOiualTKUtjkmzY8pRzPQUaOnqmKPhrAkyiD",
            7_944_553_665_408_744_777,
            0,
            "success",
        ),
        "event-notice-sent",
    );
}

#[test]
fn sessions_of_the_desk_are_as_the_platform_writes_them() {
    check(
        &Push::kf_create_session("service1@demo_account"),
        "event-kf-create",
    );
    check(
        &Push::kf_close_session("service1@demo_account"),
        "event-kf-close",
    );
    check(
        &Push::kf_switch_session("service1@demo_account", "service2@demo_account"),
        "event-kf-switch",
    );
}

/// The number in this element of a document of the platform.
fn number(file: &str, name: &str) -> i64 {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/vectors/messages"
    );
    let text = std::fs::read(format!("{folder}/{file}.xml")).expect("a witness");
    let document = Document::parse(&text).expect("a document");
    let element = document.root().child(name).expect("it has it");
    element.text().parse().expect("a number")
}

#[test]
fn reports_of_the_verification_are_as_the_platform_writes_them() {
    type Until = fn(i64) -> Accreditation<'static>;
    let until: [(Until, &str); 4] = [
        (
            Accreditation::QualificationVerified,
            "event-qualification-verify-success",
        ),
        (Accreditation::NameVerified, "event-naming-verify-success"),
        (Accreditation::RenewalDue, "event-annual-renew"),
        (Accreditation::Expired, "event-verify-expired"),
    ];
    for (report, file) in until {
        let time = number(file, "ExpiredTime");
        check(&Push::accreditation(report(time)), file);
    }
    check(
        &Push::accreditation(Accreditation::QualificationRefused(
            1_761_101_473,
            "资料不清晰，请重新提交",
        )),
        "event-qualification-verify-fail",
    );
    let file = "event-naming-verify-fail";
    let refused = Accreditation::NameRefused(number(file, "FailTime"), "资料不清晰，请重新提交");
    check(&Push::accreditation(refused), file);
}

#[test]
fn changes_of_what_people_share_are_as_the_platform_writes_them() {
    check(
        &Push::authorization(
            Authorization::Revoked,
            "ouWIB0T8M8d9KABqZ9TmYSKwQEVB",
            "wxd70b055d9285080d",
            "205",
        ),
        "event-user-authorization-revoke",
    );
    for (change, kind) in [
        (Authorization::Modified, "user_info_modified"),
        (Authorization::Cancelled, "user_authorization_cancellation"),
    ] {
        let platform =
            Platform::new("http://127.0.0.1/", token(), Mode::Plain).expect("an address");
        let push = Push::authorization(change, "oPerson", "wx1", "1");
        let (read_as, fields) = read(platform.envelope(&push).body.as_bytes());
        assert_eq!(read_as, kind);
        assert_eq!(fields["open_id"], "oPerson");
    }
}

#[test]
fn legacy_kinds_can_be_written_as_they_are() {
    let push = Push::event(
        "user_del_card",
        [
            Xml::text("CardId", "p1"),
            Xml::text("UserCardCode", "12312312"),
        ],
    );
    let platform = Platform::new("http://127.0.0.1/", token(), Mode::Plain).expect("an address");
    let (kind, fields) = read(platform.envelope(&push).body.as_bytes());
    assert_eq!(kind, "user_del_card");
    assert_eq!(fields["user_card_code"], "12312312");
}
