use echostr::prelude::*;

fn main() {
    let _ = Bot::new().on(async |number: u64| number.to_string());
    let _ = Bot::new().on::<(u64,)>(async |number: u64| number.to_string());
}
