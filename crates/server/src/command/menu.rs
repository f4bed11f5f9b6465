//! `echostr menu`: the menu of an account (自定义菜单) as a file that can be edited and put back.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::call::{call, printed, text_of};
use super::client::{Client, Failure, Where, run as ask, say};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 取下菜单，写成 push 能用的 JSON · the menu as JSON that `push` takes
    Pull(Pull),
    /// 用文件里的菜单换掉现在的 · the menu of a file in place of the one that is there
    Push(Push),
}

/// Where the menu goes.
#[derive(Args)]
pub struct Pull {
    /// 公众号的 id · the account's id
    account: String,
    /// 写进这个文件；不写就打印 · into this file; without it, it is printed
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Where the menu comes from.
#[derive(Args)]
pub struct Push {
    /// 公众号的 id · the account's id
    account: String,
    /// JSON 文件，写法与 pull 的输出或平台的文档相同；- 是标准输入 · JSON as `pull` or the platform's documents write it; `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    place: Where,
}

/// The platform's code when there is no menu.
const NO_MENU: i64 = 46003;

/// Does it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::Pull(Pull {
            account,
            file,
            place,
        }) => ask(place, async move |client| {
            let Some(answer) = menu(client, &account).await? else {
                eprintln!(
                    "还没有用接口设置过菜单 · no menu was set by the API; one that was made on the platform's page: \
                     echostr call {account} getCurrentSelfMenuInfo"
                );
                return Ok(ExitCode::FAILURE);
            };
            let pulled = printed(&pulled(answer), true);
            match file {
                None => say(&pulled),
                Some(file) => {
                    std::fs::write(&file, pulled).map_err(|error| {
                        Failure::Trouble(format!("cannot write {}: {error}", file.display()))
                    })?;
                    eprintln!("已写入 · written to {}", file.display());
                    Ok(ExitCode::SUCCESS)
                }
            }
        }),
        Action::Push(Push {
            account,
            file,
            place,
        }) => ask(place, async move |client| {
            push(client, &account, &file).await
        }),
    }
}

/// What is there; nothing when there is no menu.
async fn menu(client: &Client, account: &str) -> Result<Option<Value>, Failure> {
    match call(client, account, "getMenu", &json!({})).await {
        Ok(answer) => Ok(Some(answer)),
        Err(Failure::Refused(problem)) if problem.errcode == Some(NO_MENU) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// What the platform answers, as it takes it.
fn pulled(mut answer: Value) -> Value {
    let mut menu = json!({ "button": answer["menu"]["button"].take() });
    if let Value::Array(conditional) = answer["conditionalmenu"].take() {
        let conditional = conditional.into_iter().map(|mut menu| {
            let rule = new_rule(&menu["matchrule"]);
            json!({ "button": menu["button"].take(), "matchrule": rule })
        });
        menu["conditionalmenu"] = conditional.collect();
    }
    without_empty(&mut menu);
    menu
}

/// The rule as one for a new menu: numbers are texts there, and groups became tags.
fn new_rule(rule: &Value) -> Value {
    let word = |value: &Value| match value {
        Value::Null => Value::Null,
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    };
    let mut new = Map::new();
    for (name, olds) in [
        ("tag_id", &["tag_id", "group_id"][..]),
        ("client_platform_type", &["client_platform_type"]),
        ("language", &["language"]),
    ] {
        let found = olds.iter().map(|old| word(&rule[*old]));
        let found = found
            .into_iter()
            .find(|value| value.as_str().is_some_and(|text| !text.is_empty()));
        new.extend(found.map(|value| (name.to_owned(), value)));
    }
    new.into()
}

/// A button that opens no sub-menu has an empty one in the answer.
fn without_empty(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(without_empty),
        Value::Object(fields) => {
            fields.retain(|name, value| {
                name != "sub_button" || value.as_array().is_none_or(|list| !list.is_empty())
            });
            fields.values_mut().for_each(without_empty);
        }
        _ => {}
    }
}

async fn push(client: &Client, account: &str, file: &std::path::Path) -> Result<ExitCode, Failure> {
    let given = match file.to_str() {
        Some("-") => text_of("-")?,
        _ => text_of(&format!("@{}", file.display()))?,
    };
    let given: Value = serde_json::from_str(&given).map_err(|error| {
        Failure::Usage(format!(
            "{} is no JSON: error in line {}, column {}",
            file.display(),
            error.line(),
            error.column()
        ))
    })?;
    // As the platform answers it, too.
    let given = if given["menu"].is_object() {
        pulled(given)
    } else {
        given
    };
    let request = json!({ "button": given["button"] });
    call(client, account, "createCustomMenu", &request).await?;
    let Some(conditional) = given["conditionalmenu"].as_array() else {
        return say(
            "菜单已换，关注者约 5 分钟内看到 · the menu is set; followers see it within about 5 minutes\n",
        );
    };
    // None of them can be changed: those that are there make room.
    let before = menu(client, account).await?.unwrap_or_default();
    for menu in before["conditionalmenu"].as_array().into_iter().flatten() {
        let id = match &menu["menuid"] {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        };
        let request = json!({ "menuid": id });
        call(client, account, "deleteConditionalMenu", &request).await?;
    }
    // The newest comes first, and is looked at first.
    for menu in conditional.iter().rev() {
        call(client, account, "addConditionalMenu", menu).await?;
    }
    let n_menus = conditional.len();
    say(&format!(
        "菜单已换，还有 {n_menus} 个个性化菜单，关注者约 5 分钟内看到 · \
         the menu is set, with {n_menus} for some followers only; they see it within about 5 minutes\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pulled_can_be_pushed() {
        let answer = json!({
            "menu": { "button": [
                { "type": "click", "name": "今日菜谱", "key": "today", "sub_button": [] },
                { "name": "更多", "sub_button": [{ "type": "view", "name": "官网", "url": "https://example.com/", "sub_button": [] }] },
            ], "menuid": 20 },
            "conditionalmenu": [{
                "button": [{ "type": "click", "name": "会员", "key": "member", "sub_button": [] }],
                "matchrule": { "group_id": 2, "sex": 1, "client_platform_type": "2", "language": "" },
                "menuid": 21
            }]
        });
        let expected = json!({
            "button": [
                { "type": "click", "name": "今日菜谱", "key": "today" },
                { "name": "更多", "sub_button": [{ "type": "view", "name": "官网", "url": "https://example.com/" }] },
            ],
            "conditionalmenu": [{
                "button": [{ "type": "click", "name": "会员", "key": "member" }],
                "matchrule": { "tag_id": "2", "client_platform_type": "2" },
            }]
        });
        assert_eq!(pulled(answer), expected);
    }
}
