//! A bot mounted in an axum application: `Bot` is a `tower::Service`, so any path will do.
//!
//! `ECHOSTR_TOKEN=hello123 cargo run -p echostr --example mounted`; the bot's address is `/wechat`.

use axum::Router;
use axum::routing::get;
use echostr::prelude::*;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_env_filter("info").init();
    let bot = Bot::from_env()?.on(async |text: Text| format!("你说：{}", text.content));
    bot.check()?;

    let app = Router::new()
        .route("/", get(async || "my application\n"))
        .route_service("/wechat", bot);

    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
