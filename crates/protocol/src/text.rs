//! Cutting a long text into parts that the platform accepts.

use unicode_segmentation::GraphemeCursor;

/// The longest text of one reply, in bytes of UTF-8 (not characters: 682 Chinese ones).
pub const MAX_TEXT_BYTES: usize = 2048;

/// The room when a text is cut: links and suffix have to fit as well.
pub const TEXT_BUDGET_BYTES: usize = 2000;

/// Cuts `text` into parts of at most `limit_bytes`, which together are the text. No part is empty.
///
/// # Panics
/// When `limit_bytes` is less than 4: a character may need as much.
pub fn split(text: &str, limit_bytes: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(cut(rest, limit_bytes));
        parts.push(part);
        rest = after;
    }
    parts
}

/// Where the first part of `text` ends: a byte position of at most `limit_bytes`, more than 0 unless the text is empty.
///
/// A text within the limit is not cut. Otherwise the cut is made after a paragraph, else after a line, a sentence, a
/// clause or a word, if that leaves at least a third of the room filled, else between two graphemes. An `<a>` element or
/// a grapheme is cut only when it alone exceeds the limit.
///
/// # Panics
/// When `limit_bytes` is less than 4: a character may need as much.
pub fn cut(text: &str, limit_bytes: usize) -> usize {
    assert!(
        limit_bytes >= 4,
        "a part needs room for one character, 4 bytes"
    );
    if text.len() <= limit_bytes {
        return text.len();
    }
    let end = last_boundary(text, limit_bytes);
    let links = links_in(text, end, limit_bytes);
    let is_whole = |position| {
        !links
            .iter()
            .any(|(start, end)| *start < position && position < *end)
    };
    let enough = end / 3;
    for ends_here in [
        ends_paragraph,
        ends_line,
        ends_sentence,
        ends_clause,
        ends_word,
    ] {
        let positions = text[..end]
            .char_indices()
            .rev()
            .map(|(start, character)| start + character.len_utf8());
        let mut candidates = positions.take_while(|position| *position > enough);
        let is_good = |position: &usize| {
            ends_here(text, *position) && is_boundary(text, *position) && is_whole(*position)
        };
        if let Some(position) = candidates.find(is_good) {
            return position;
        }
    }
    // No good place: before the link that stands across the end, unless the text begins with it.
    let across = links
        .iter()
        .find(|(start, link_end)| (1..end).contains(start) && end < *link_end);
    across.map_or(end, |(start, _)| last_boundary(text, *start))
}

/// The last grapheme boundary at or before `limit`, or a character boundary when the first grapheme is longer.
fn last_boundary(text: &str, limit: usize) -> usize {
    let limit = text.floor_char_boundary(limit);
    if is_boundary(text, limit) {
        return limit;
    }
    match GraphemeCursor::new(limit, text.len(), true).prev_boundary(text, 0) {
        Ok(Some(boundary)) if boundary > 0 => boundary,
        _ => limit,
    }
}

/// Whether a grapheme ends at this character boundary.
fn is_boundary(text: &str, position: usize) -> bool {
    GraphemeCursor::new(position, text.len(), true)
        .is_boundary(text, 0)
        .unwrap_or(true)
}

/// The `<a …>…</a>` elements that begin before `end`, without those above the limit: they have to be cut anyway, and
/// looking for their ends would read the whole text once per part.
fn links_in(text: &str, end: usize, limit_bytes: usize) -> Vec<(usize, usize)> {
    let mut links = Vec::new();
    let mut from = 0;
    // A tag may begin before `end` and go on behind it.
    let window = text.floor_char_boundary(end + "<a ".len() - 1);
    while let Some(start) = text[from..window].find("<a ").map(|offset| from + offset) {
        let reach = text.floor_char_boundary(start + limit_bytes);
        if let Some(length) = text[start..reach].find("</a>") {
            from = start + length + "</a>".len();
            links.push((start, from));
        } else {
            from = start + "<a ".len();
        }
        if from >= window {
            break;
        }
    }
    links
}

fn ends_paragraph(text: &str, position: usize) -> bool {
    text[..position].ends_with("\n\n") && !text[position..].starts_with('\n')
}

fn ends_line(text: &str, position: usize) -> bool {
    text[..position].ends_with('\n')
}

fn ends_sentence(text: &str, position: usize) -> bool {
    let (before, after) = text.split_at(position);
    let closing = ['”', '’', '」', '』', '）', ')', '"', '\''];
    if after.starts_with(closing) {
        return false;
    }
    let before = before.trim_end_matches(closing);
    before.ends_with(['。', '！', '？', '…', '；'])
        || (before.ends_with(['.', '!', '?', ';']) && after.starts_with(' '))
}

fn ends_clause(text: &str, position: usize) -> bool {
    let before = &text[..position];
    before.ends_with(['，', '、', '：'])
        || (before.ends_with([',', ':']) && text[position..].starts_with(' '))
}

fn ends_word(text: &str, position: usize) -> bool {
    text[..position].ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grapheme_with_a_space_in_it_was_cut_there() {
        // An Arabic number sign takes what follows into its grapheme.
        let cluster = "\u{600}".repeat(400) + " \u{301}";
        let text = cluster.clone() + &"a".repeat(3000);
        assert!(cut(&text, 2000) >= cluster.len());
    }

    #[test]
    fn a_link_behind_one_that_is_not_closed_was_cut() {
        let before = "<a ".to_owned() + &"x".repeat(80);
        let text = before.clone() + "<a href=\"https://example.com/\">示例</a>" + &"x".repeat(100);
        assert_eq!(cut(&text, 100), before.len());
    }
}
