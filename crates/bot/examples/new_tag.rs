//! Makes a tag (用户标签) of what a follower writes: a handler that calls the platform.

use echostr::prelude::*;
use echostr::protocol::api::tag::{CreateTag, NewTag};

async fn new_tag(text: Text, client: Client) -> Result<String> {
    let tag = NewTag {
        name: text.content.to_string(),
    };
    let made = client.call(CreateTag { tag }).await?;
    Ok(format!("标签 {}", made.tag.id))
}

#[tokio::main]
async fn main() -> Result<()> {
    Bot::from_env()?.on(new_tag).serve("127.0.0.1:8080").await
}
