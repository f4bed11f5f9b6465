use echostr::prelude::*;

fn main() {
    let _ = Bot::new().on(|text: Text| text.content.to_string());
}
