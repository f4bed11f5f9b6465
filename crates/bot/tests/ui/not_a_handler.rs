use echostr::prelude::*;

fn main() {
    let _ = Bot::new().on("hello");
}
