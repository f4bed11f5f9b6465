//! How many checked messages a second a load pushes, at a small echo server on a thread of its own.
//!
//! The server does as little as can be done, so that the pushing side is what is measured: `cargo bench -p echostr-simulator
//! --bench load`. Two cores are needed. CPU time is what the kernel counted for the pushing thread (Linux).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use echostr_protocol::{EncodingAesKey, Query, Token, encrypted_part, open, seal};
use echostr_simulator::load::{Expect, Load};
use echostr_simulator::{Mode, Platform, Sealing};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const TOKEN: &str = "S1qJ0JoQmYfy";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const APP_ID: &str = "wx0123456789abcdef";

fn main() {
    let token: Token = TOKEN.parse().expect("a token");
    let sealing = Sealing {
        key: KEY.parse().expect("a key"),
        app_id: APP_ID.into(),
    };
    for mode in [
        Mode::Plain,
        Mode::Compatible(sealing.clone()),
        Mode::Safe(sealing),
    ] {
        let address = serve(token.clone(), mode.clone());
        let url = format!("http://{address}/wx");
        for rate in [None, Some(5_000)] {
            let platform = Platform::new(&url, token.clone(), mode.clone()).expect("an address");
            let load = Load {
                rate,
                duration: Duration::from_secs(5),
                expect: Expect::Echo,
                ..Load::new(platform)
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let cpu = cpu_secs();
            let report = runtime.block_on(load.run(std::future::pending(), |_| {}));
            let cpu = cpu_secs() - cpu;
            let report = report.expect("it can be loaded");
            println!("== {}, rate {rate:?}\n{report}", mode.name());
            #[expect(clippy::cast_precision_loss, reason = "it is shown as a whole number")]
            let per_cpu_second = report.right as f64 / cpu;
            println!("{per_cpu_second:.0} messages per CPU-second of the pushing thread\n");
            assert!(report.passed(), "every answer is right");
        }
    }
}

/// CPU time of this thread, in steps of 10 ms.
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks = |place: usize| -> f64 {
        let field = fields.get(place).and_then(|field| field.parse().ok());
        field.unwrap_or_default()
    };
    (ticks(12) + ticks(13)) / 100.0
}

/// An echo server on a thread of its own, until the process ends.
fn serve(token: Token, mode: Mode) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a socket");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("a socket");
                let (token, mode) = (token.clone(), mode.clone());
                let service = hyper::service::service_fn(move |request| {
                    let (token, mode) = (token.clone(), mode.clone());
                    async move { Ok::<_, Infallible>(answer(request, &token, &mode).await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
    });
    address
}

async fn answer(request: Request<Incoming>, token: &Token, mode: &Mode) -> Response<String> {
    let (head, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) =
        std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await
    {
        let data: Bytes = frame.expect("a body").into_data().expect("data");
        bytes.extend_from_slice(&data);
    }
    let query = Query::parse(head.uri.query().unwrap_or_default());
    token.verify(&query).expect("rightly signed");
    let Some(Sealing { key, app_id }) = mode.sealing() else {
        return Response::new(reply(std::str::from_utf8(&bytes).expect("text")));
    };
    let encrypt = encrypted_part(&bytes).expect("it is sealed");
    token.verify_msg(&query, &encrypt).expect("rightly signed");
    let keys: [&EncodingAesKey; 1] = [key];
    let (document, _) = open(&keys, &encrypt, app_id).expect("it can be opened");
    let reply = reply(&document);
    let sealed = seal(key, token, app_id, &reply, [7; 16], 1_761_069_226, "7");
    Response::new(sealed)
}

/// Says what was said.
fn reply(document: &str) -> String {
    let text = |name: &str| {
        let start = format!("<{name}><![CDATA[");
        let (_, rest) = document.split_once(&start).expect("it is there");
        rest.split_once("]]>").expect("it ends").0
    };
    format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName>\
         <CreateTime>1761069226</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{}]]></Content></xml>",
        text("FromUserName"),
        text("ToUserName"),
        text("Content")
    )
}
