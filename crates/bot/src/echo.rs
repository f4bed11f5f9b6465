//! The default bot: 回音, what a follower sends comes back.

use std::sync::Arc;

use echostr_protocol::{Event, Message, Reply};

use crate::Account;

/// Texts, pictures and voices come back; other messages and a new follower get the welcome text; other events and what is
/// not known are answered with `success`.
pub async fn echo(message: Message, account: Arc<Account>) -> Reply {
    match message {
        Message::Text(text) => Reply::from(&*text.content),
        Message::Image(image) => Reply::Image(image.media_id),
        Message::Voice(voice) => Reply::Voice(voice.media_id),
        Message::Event(Event::Subscribe(_)) => Reply::from(&*account.welcome),
        message if message.is_ordinary() => Reply::from(&*account.welcome),
        _ => Reply::Silence,
    }
}
