//! A filter of your own and a state: `价格 苹果` is answered from a price list, other texts are counted.
//!
//! `ECHOSTR_TOKEN=hello123 cargo run -p echostr --example filter_and_state`

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use echostr::prelude::*;

/// A text that asks for a price. As the first argument of a handler it says *when*.
struct PriceOf(String);

impl Kind for PriceOf {
    fn take(message: &Message) -> Option<Self> {
        let Message::Text(text) = message else {
            return None;
        };
        let goods = text.content.trim().strip_prefix("价格")?.trim();
        (!goods.is_empty()).then(|| Self(goods.to_owned()))
    }
}

/// Cloned for every message, so what is shared stands behind an `Arc`.
#[derive(Clone)]
struct Shop {
    prices: Arc<HashMap<&'static str, u32>>,
    n_texts: Arc<AtomicU64>,
}

async fn price(PriceOf(goods): PriceOf, State(shop): State<Shop>) -> String {
    match shop.prices.get(goods.as_str()) {
        Some(price) => format!("{goods}：{price} 元一斤"),
        None => format!("没有{goods}，有苹果和梨"),
    }
}

async fn count(_: Text, State(shop): State<Shop>) -> String {
    let n_texts = shop.n_texts.fetch_add(1, Ordering::Relaxed) + 1;
    format!("收到第 {n_texts} 条。试试「价格 苹果」")
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_env_filter("info").init();
    Bot::from_env()?
        .state(Shop {
            prices: Arc::new(HashMap::from([("苹果", 6), ("梨", 4)])),
            n_texts: Arc::default(),
        })
        // The first handler that takes a message answers it.
        .on(price)
        .on(count)
        .serve("127.0.0.1:8080")
        .await
}
