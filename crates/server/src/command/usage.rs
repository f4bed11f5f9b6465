//! `echostr usage`: what language models have used and cost.

use std::process::ExitCode;

use clap::Args;
use echostr::{LocalTime, day_of};
use serde_json::Value;

use super::client::{Client, Failure, Where, path, run as ask, say};
use super::print::{clean, escaped, headed, text};

/// Of which account, and when.
#[derive(Args)]
pub struct Options {
    /// 公众号的 id，不写就是全部 · the account's id; all of them unless given
    id: Option<String>,
    /// 哪个月，例如 2026-12，不写就是本月 · which month, like 2026-12; this one unless given
    #[arg(long, value_name = "MONTH", value_parser = month)]
    month: Option<Month>,
    /// 打印 JSON，每个公众号一行 · print JSON, one line for each account
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Its first and its last day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Month {
    from: String,
    to: String,
}

fn month(given: &str) -> Result<Month, String> {
    let from = format!("{given}-01");
    let first = day_of(&from).ok_or("it needs four digits, `-` and two digits, like 2026-12")?;
    let at = |day| LocalTime { day, minute: 0 };
    // No month has more than 31 days: that is a day of the next one.
    let next = at(first + 31).month_begin();
    let to = at(next - 1).date();
    Ok(Month { from, to })
}

/// Prints it.
pub fn run(options: Options) -> ExitCode {
    let Options {
        id,
        month,
        json,
        place,
    } = options;
    ask(place, async move |client| {
        let ids = match id {
            Some(id) => vec![id],
            None => all(client).await?,
        };
        let mut said = String::new();
        for id in ids {
            let query = month
                .as_ref()
                .map_or([("from", None), ("to", None)], |month| {
                    [
                        ("from", Some(month.from.clone())),
                        ("to", Some(month.to.clone())),
                    ]
                });
            let mut usage = client
                .get(&path(&["accounts", &id, "usage"], &query))
                .await?;
            if json {
                usage["account"] = id.into();
                said.push_str(&(escaped(&usage.to_string()) + "\n"));
            } else {
                said.push_str(&page(&id, &usage));
            }
        }
        say(&said)
    })
}

async fn all(client: &mut Client) -> Result<Vec<String>, Failure> {
    let accounts = client.all(&["accounts"], &[], usize::MAX).await?.items;
    let ids = accounts
        .iter()
        .map(|account| text(&account["id"]).to_owned());
    Ok(ids.collect())
}

fn page(id: &str, usage: &Value) -> String {
    let (id, from, to) = (clean(id), text(&usage["from"]), text(&usage["to"]));
    let items = usage["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if items.is_empty() {
        return format!(
            "公众号 {id}，{from} 至 {to}：没有用过大模型 · no language model was asked\n\n"
        );
    }
    let head = [
        "日期 day",
        "模型 model",
        "问题 turns",
        "调用 calls",
        "输入 in",
        "输出 out",
        "花费 cost",
        "👍",
        "👎",
    ];
    let rows = items.iter().map(|item| {
        let model = match text(&item["model"]) {
            "" => "（没有问模型 · none was asked）".into(),
            model => clean(model),
        };
        row(text(&item["day"]).to_owned(), model, item)
    });
    let total = row("合计 total".into(), String::new(), &usage["total"]);
    let table = headed(head, rows.chain([total]));
    let is_guessed = usage["total"]["guessed"].as_u64() > Some(0);
    let note = if is_guessed {
        "~ 有估算的，接口没有说用了多少 · partly a guess: the endpoint did not tell\n"
    } else {
        ""
    };
    format!("公众号 account {id}，{from} – {to}\n{table}{note}\n")
}

fn row(day: String, model: String, used: &Value) -> [String; 9] {
    let mark = if used["guessed"].as_u64() > Some(0) {
        "~"
    } else {
        ""
    };
    let count = |name: &str| used[name].as_u64().unwrap_or_default().to_string();
    [
        day,
        model,
        count("turns"),
        count("calls"),
        format!("{mark}{}", count("tokens_in")),
        format!("{mark}{}", count("tokens_out")),
        cost(used["cost_micros"].as_i64().unwrap_or_default()),
        count("good"),
        count("bad"),
    ]
}

/// Four decimals; what costs anything is never 0.
fn cost(micros: i64) -> String {
    let hundreds = micros.unsigned_abs().div_ceil(100);
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}.{:04}", hundreds / 10_000, hundreds % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, from: &str, to: &str) {
        let (from, to) = (from.into(), to.into());
        assert_eq!(month(given), Ok(Month { from, to }));
    }

    #[test]
    fn a_month_has_a_first_and_a_last_day() {
        check("2026-12", "2026-12-01", "2026-12-31");
        check("2026-11", "2026-11-01", "2026-11-30");
        check("2028-02", "2028-02-01", "2028-02-29");
        assert!(month("2026-13").is_err() && month("12-2026").is_err());
    }

    #[test]
    fn what_costs_little_is_not_free() {
        assert_eq!(
            [0, 1, 100, 123_456, 12_000_000].map(cost),
            ["0.0000", "0.0001", "0.0001", "0.1235", "12.0000"]
        );
    }
}
