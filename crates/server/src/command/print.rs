//! Tables for people: columns, times of China, and nothing in what followers wrote that could steer a terminal.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// A table whose first row is its head. The last column is not filled up.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..n_columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width(cell)).max().unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width_of_column) in row.iter().zip(&widths) {
            let blanks = width_of_column - width(cell);
            let _ = write!(line, "{cell}{:blanks$}  ", "");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `2026-11-22 20:15:03`, in China's time, which has no summer time.
pub(super) fn time(unix_ms: i64) -> String {
    let secs = unix_ms.div_euclid(1000) + 8 * 60 * 60;
    let (days, in_day) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        in_day / 3600,
        in_day / 60 % 60,
        in_day % 60
    )
}

/// How long ago that was: `3 分钟前`.
pub(super) fn ago(now_ms: i64, then_ms: i64) -> String {
    let secs = now_ms.saturating_sub(then_ms).max(0) / 1000;
    match secs {
        0..5 => "刚刚".into(),
        5..60 => format!("{secs} 秒前"),
        60..3600 => format!("{} 分钟前", secs / 60),
        3600..86_400 => format!("{} 小时前", secs / 3600),
        _ => format!("{} 天前", secs / 86_400),
    }
}

/// Facts, one on each line, their names before them; those without a value are left out.
pub(super) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let rows: Vec<_> = facts
        .map(|(name, value)| vec![format!("  {name}"), value])
        .collect();
    table(&rows)
}

/// A table with this head.
pub(super) fn headed<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let head = [head.map(str::to_owned).to_vec()];
    let rows = rows.into_iter().map(|row| row.to_vec());
    table(&head.into_iter().chain(rows).collect::<Vec<_>>())
}

/// A text of the API; empty when there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Unix milliseconds, by the clock of this machine.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// The Gregorian date so many days after 1970-01-01: eras of 400 years, years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Seconds with three decimals, from milliseconds.
pub(super) fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03} s", ms / 1000, ms % 1000)
}

/// One line of at most so many columns.
pub(super) fn short(text: &str, columns: usize) -> String {
    let line = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if width(&line) <= columns {
        return line;
    }
    let mut short = String::new();
    let mut used = 0;
    for character in line.chars() {
        used += width_of(character);
        if used >= columns {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// Without what steers a terminal or turns the direction of the text; line ends stay.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .filter(|character| matches!(character, '\n' | '\t') || !steers(*character))
        .collect()
}

/// JSON with escapes for what steers a terminal or turns the direction of the text: in JSON that stands in strings only, and
/// line ends stand between them.
pub(super) fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character != '\n' && steers(character) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn steers(character: char) -> bool {
    match character {
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        other => other.is_control(),
    }
}

fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// Columns on a terminal: two for what East Asia writes, and for emoji.
fn width_of(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_china() {
        for (unix_ms, expected) in [
            (0, "1970-01-01 08:00:00"),
            (951_753_600_000, "2000-02-29 00:00:00"),
            (1_761_069_225_999, "2025-10-22 01:53:45"),
            (1_798_732_799_000, "2026-12-31 23:59:59"),
            (-1, "1970-01-01 07:59:59"),
        ] {
            assert_eq!(time(unix_ms), expected, "{unix_ms}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_the_column() {
        for (text, expected) in [
            ("短", "短"),
            ("一二三四五", "一二三四五"),
            ("一二三四五六", "一二三四…"),
            ("one\r\n two", "one two"),
            ("abcdefghijklmn", "abcdefghi…"),
        ] {
            assert_eq!(short(text, 10), expected);
        }
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(clean("\u{1b}[31mred\u{7}\u{9b}2J"), "[31mred2J");
        assert_eq!(clean("a\u{202e}cba\u{61c}"), "acba");
    }

    #[test]
    fn nothing_in_json_steers_the_terminal() {
        let text = "多少\u{9b}2J\u{7f}\u{61c}\u{202e}钱\u{1b}\n";
        let json = escaped(&format!("\n{}", serde_json::json!({ "text": text })));
        assert_eq!(
            json,
            "\n{\"text\":\"多少\\u009b2J\\u007f\\u061c\\u202e钱\\u001b\\n\"}"
        );
        let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(read["text"], text);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["编号", "文"], ["1", "二"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "编号  文\n1     二\n");
    }

    #[test]
    fn how_long_ago_it_was_is_said_in_its_largest_unit() {
        for (secs, expected) in [
            (-3, "刚刚"),
            (4, "刚刚"),
            (59, "59 秒前"),
            (60, "1 分钟前"),
            (3599, "59 分钟前"),
            (86_399, "23 小时前"),
            (86_400, "1 天前"),
        ] {
            assert_eq!(
                ago(1_761_069_225_000 + secs * 1000, 1_761_069_225_000),
                expected
            );
        }
    }

    #[test]
    fn milliseconds_are_written_as_seconds() {
        assert_eq!(seconds(0), "0.000 s");
        assert_eq!(seconds(12_345), "12.345 s");
        assert_eq!(seconds(-5), "-0.005 s");
    }
}
