use echostr::prelude::*;

async fn length(text: Text) -> u64 {
    text.content.len() as u64
}

fn main() {
    let _ = Bot::new().on(length);
    let _ = Bot::new().on::<(Text,)>(length);
}
