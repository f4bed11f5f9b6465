//! `echostr account import`: the replies and the menu of the platform's website become rules and a menu of ours.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use crate::command::call::printed;
use crate::command::client::{Client, Content, Failure, Where, path, run as ask, say};
use crate::command::print::{clean, escaped, short, table, text};
use crate::command::rule::{reply, when};

/// What to import.
#[derive(Args)]
pub struct Import {
    /// 公众号的 id · the account's id
    id: String,
    /// 只看会导入什么 · only say what would be imported
    #[arg(long)]
    dry_run: bool,
    /// 把要重新建的菜单写进这个文件，给 echostr menu push 用 · the menu to make anew into this file, for `echostr menu push`
    #[arg(long, value_name = "FILE")]
    menu: Option<PathBuf>,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Does it.
pub(super) fn run(import: Import) -> ExitCode {
    let Import {
        id,
        dry_run,
        menu,
        json,
        place,
    } = import;
    ask(place, async move |client| {
        let imported = imported(client, &id, dry_run).await?;
        if let Some(file) = &menu
            && imported["menu"].is_null()
        {
            eprintln!(
                "没有要重新建的菜单，没有写 {0}，也不用 echostr menu push · there is no menu to make anew, so {0} was not written and there is \
                 nothing to push",
                file.display()
            );
        } else if let Some(file) = &menu {
            let text = printed(&imported["menu"], true);
            std::fs::write(file, text).map_err(|error| {
                Failure::Trouble(format!("cannot write {}: {error}", file.display()))
            })?;
            eprintln!(
                "菜单已写入 {0}；换上：echostr menu push {1} {0} · the menu is in {0}; set it: echostr menu push {1} {0}",
                file.display(),
                clean(&id)
            );
        }
        if json {
            return say(&(escaped(&imported.to_string()) + "\n"));
        }
        say(&page(&imported, &client.since()))
    })
}

async fn imported(client: &Client, id: &str, dry_run: bool) -> Result<Value, Failure> {
    let query = [("dry_run", dry_run.then(|| "true".to_owned()))];
    let address = path(&["accounts", id, "import"], &query);
    let imported = client.post(&address, Content::None).await;
    if let Err(Failure::Refused(problem)) = &imported
        && ["platform_refused", "no_app_secret"].contains(&&*problem.code)
    {
        eprintln!(
            "读不到公众平台网页上的设置；请照 docs/rules.md 手工搬过来 · \
             the website's settings cannot be read; copy them by hand, docs/rules.md shows how"
        );
    }
    imported
}

fn page(imported: &Value, [since, in_english]: &[String; 2]) -> String {
    let mut said = String::new();
    let rules = imported["rules"].as_array().map_or(&[][..], Vec::as_slice);
    if rules.is_empty() {
        said += "网页上没有设置自动回复 · no replies were set up on the website\n";
    }
    let mut rows = Vec::new();
    for rule in rules {
        let action = match text(&rule["action"]) {
            "create" => "+ 新建 create",
            "change" => "~ 修改 change",
            _ => "= 不变 unchanged",
        };
        let state = if rule["enabled"] == true {
            "启用 on"
        } else {
            "停用 disabled"
        };
        rows.push(vec![
            action.to_owned(),
            clean(text(&rule["id"])),
            short(&when(&rule["when"]), 40),
            short(&reply(&rule["reply"]), 40),
            state.to_owned(),
        ]);
    }
    said += &table(&rows);
    let remarks = rules.iter().flat_map(|rule| {
        let remarks = rule["remarks"].as_array().into_iter().flatten();
        remarks.map(|remark| format!("  {}: {}", text(&rule["id"]), text(remark)))
    });
    let notes = imported["notes"].as_array().into_iter().flatten();
    let notes = notes.map(|note| format!("  {}", text(note)));
    let all: Vec<_> = remarks.chain(notes).collect();
    if !all.is_empty() {
        let _ = write!(said, "\n注意 · to know:\n{}\n", clean(&all.join("\n")));
    }
    if !imported["menu"].is_null() {
        let menu = printed(&imported["menu"], true);
        let _ = write!(said, "\n菜单 · the menu:\n{menu}");
    }
    let is_unchanged = |rule: &Value| text(&rule["action"]) == "unchanged";
    if rules.iter().all(is_unchanged) {
        said += "\n没有新的规则要导入，什么也没有改 · there are no new rules to import; nothing was changed\n";
    } else if imported["done"] == true {
        let _ = writeln!(said, "\n已导入，{since} · imported, {in_english}");
    } else {
        said += "\n还没有导入：去掉 --dry-run 就执行 · nothing was imported yet: do it without `--dry-run`\n";
    }
    said
}
