use echostr::prelude::*;

fn main() {
    let _ = Bot::new().keyword("price", 99_u64);
}
