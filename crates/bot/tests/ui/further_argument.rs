use echostr::prelude::*;

#[derive(Clone)]
struct Shop;

fn main() {
    let bot = Bot::new().state(Shop);
    let _ = bot.clone().on(async |_: Text, _: Shop| "hello");
    let _ = bot.on::<(Text, Shop)>(async |_: Text, _: Shop| "hello");
}
