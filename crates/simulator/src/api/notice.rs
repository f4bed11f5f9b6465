//! What a notice says: the lines of a template, with the values of a message.

use super::Refusal;

/// Label and value of each line of `content`, such as `时间：{{time2.DATA}}`, with the values that `value` has for the names.
pub(super) fn lines<'a>(
    content: &str,
    value: impl Fn(&str) -> Option<&'a str>,
) -> Result<Vec<(String, String)>, Refusal> {
    let mut lines = Vec::new();
    for line in content.lines() {
        let Some((label, rest)) = line.split_once("{{") else {
            continue;
        };
        let name = rest.split_once(".DATA}}").map_or(rest, |(name, _)| name);
        let value = value(name).unwrap_or_default();
        check(name, value)?;
        let label = label.trim_end_matches([':', '：', ' ']);
        if !value.is_empty() {
            lines.push((label.to_owned(), value.to_owned()));
        }
    }
    Ok(lines)
}

/// Whether the value is there, and has the form that the parameter's name demands.
fn check(name: &str, value: &str) -> Result<(), Refusal> {
    // The platform does not show these two any more, and does not ask for them.
    if matches!(name, "first" | "remark") {
        return Ok(());
    }
    if value.is_empty() {
        return Err(misfit(name, " is empty"));
    }
    let n_characters = value.chars().count();
    let fits = match name.trim_end_matches(|letter: char| letter.is_ascii_digit()) {
        "thing" => n_characters <= 20,
        "phrase" => n_characters <= 5,
        "character_string" => n_characters <= 32 && value.is_ascii(),
        "number" => n_characters <= 32 && value.parse::<f64>().is_ok(),
        "letter" => n_characters <= 32 && value.chars().all(|letter| letter.is_ascii_alphabetic()),
        _ => true,
    };
    if fits {
        Ok(())
    } else {
        Err(misfit(name, " invalid"))
    }
}

fn misfit(name: &str, what: &str) -> Refusal {
    Refusal::new(47003, format!("argument invalid! data.{name}.value{what}"))
}

/// What a keyword is called in `data`, without its number: the library decides it by what the keyword says.
pub(super) fn form(keyword: &str) -> &'static str {
    const FORMS: &[(&str, &[&str])] = &[
        ("time", &["时间", "日期"]),
        ("amount", &["金额", "价格", "费用"]),
        ("phone_number", &["电话", "手机"]),
        ("character_string", &["单号", "编号", "号码"]),
        ("number", &["数量", "人数"]),
        ("phrase", &["状态", "结果"]),
    ];
    let named = |words: &[&str]| words.iter().any(|word| keyword.contains(word));
    let found = FORMS.iter().find(|(_, words)| named(words));
    found.map_or("thing", |(form, _)| *form)
}

/// A new id of a template that an account has taken: 43 letters.
pub(super) fn template_id() -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letters = (0..43).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]));
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, data: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>) {
        let value = |name: &str| {
            data.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        let lines = lines(content, value).map_err(|refusal| refusal.errmsg);
        let lines = lines.as_ref().map(|lines| {
            let lines = lines
                .iter()
                .map(|(label, value)| (label.as_str(), value.as_str()));
            lines.collect::<Vec<_>>()
        });
        assert_eq!(lines.as_deref().map_err(|errmsg| errmsg.as_str()), expected);
    }

    #[test]
    fn a_notice_has_the_lines_of_its_template() {
        let content = "{{first.DATA}}\n菜品：{{thing1.DATA}}\n时间: {{time2.DATA}}\n";
        let data = [("thing1", "烤鱼"), ("time2", "18:30")];
        check(content, &data, Ok(&[("菜品", "烤鱼"), ("时间", "18:30")]));
        check(
            content,
            &data[..1],
            Err("argument invalid! data.time2.value is empty"),
        );
        let long = [
            ("thing1", "一二三四五六七八九十一二三四五六七八九十多"),
            ("time2", "18:30"),
        ];
        check(
            content,
            &long,
            Err("argument invalid! data.thing1.value invalid"),
        );
    }
}
