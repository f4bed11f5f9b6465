//! Folding: what is the same for all patterns, upper and lower case, full and half width.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// The text in the width that is usual (NFKC), with its upper and lower case.
pub(super) fn narrow(text: &str) -> Cow<'_, str> {
    let is_narrow = |character| simple(character) == Some(character);
    let Some(first) = text.find(|character| !is_narrow(character)) else {
        return text.into();
    };
    let mut narrow = String::with_capacity(text.len());
    narrow.push_str(&text[..first]);
    for character in text[first..].chars() {
        match simple(character) {
            Some(character) => narrow.push(character),
            // It may join with the one before it.
            None => return text.nfkc().collect::<String>().into(),
        }
    }
    narrow.into()
}

/// The text as it is compared: narrow and in lower case.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    match narrow(text) {
        Cow::Borrowed(text) => lowered(text),
        Cow::Owned(text) => match lowered(&text) {
            Cow::Borrowed(_) => text.into(),
            Cow::Owned(lowered) => lowered.into(),
        },
    }
}

/// The text in lower case, each character for itself: the end of a word makes no difference, as it would for `Σ`.
pub(super) fn lowered(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(|character| !is_low(character)) else {
        return text.into();
    };
    let mut low = String::with_capacity(text.len() + 2);
    low.push_str(&text[..first]);
    for character in text[first..].chars() {
        if character.is_ascii() {
            low.push(character.to_ascii_lowercase());
        } else if is_caseless(character) {
            low.push(character);
        } else if character == 'ς' {
            low.push('σ');
        } else {
            low.extend(character.to_lowercase());
        }
    }
    low.into()
}

/// A regular expression that matches narrow text where the one that is given matches the text as it was written.
pub(super) fn narrow_pattern(pattern: &str) -> Cow<'_, str> {
    if pattern.is_ascii() {
        return pattern.into();
    }
    let mut narrow_pattern = String::with_capacity(pattern.len());
    let (mut is_class, mut is_escaped) = (false, false);
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let (cluster, after) = rest.split_at(cluster_length(rest));
        rest = after;
        let is_sign = character.is_ascii() && !character.is_ascii_alphanumeric();
        if is_escaped || is_sign || cluster.len() == 1 {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '[' => is_class = true,
                ']' => is_class = false,
                _ => {}
            }
            narrow_pattern.push_str(cluster);
        } else {
            push_literal(&mut narrow_pattern, &narrow(cluster), is_class);
        }
    }
    narrow_pattern.into()
}

/// What `…` and `？` become are signs of their own in a regular expression.
fn push_literal(pattern: &mut String, literal: &str, is_class: bool) {
    let is_group = !is_class && literal.chars().nth(1).is_some();
    if is_group {
        pattern.push_str("(?:");
    }
    for character in literal.chars() {
        if character.is_ascii() && !character.is_ascii_alphanumeric() {
            pattern.push_str(&regex_escape(character));
        } else {
            pattern.push(character);
        }
    }
    if is_group {
        pattern.push(')');
    }
}

fn regex_escape(character: char) -> String {
    format!("\\x{{{:x}}}", u32::from(character))
}

/// How many bytes the first character has with the marks that join it.
fn cluster_length(text: &str) -> usize {
    let is_mark = |character: char| {
        matches!(character, '\u{ff9e}' | '\u{ff9f}')
            || unicode_normalization::char::is_combining_mark(character)
    };
    let mut characters = text.char_indices().skip(1);
    let end = characters.find(|(_, character)| !is_mark(*character));
    end.map_or(text.len(), |(place, _)| place)
}

/// What becomes of a character whatever stands beside it; nothing when that needs a look at the tables.
fn simple(character: char) -> Option<char> {
    match character {
        '\0'..='\u{7f}' | 'À'..='ÿ' => Some(character),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0),
        '\u{3000}' => Some(' '),
        _ => is_caseless(character).then_some(character),
    }
}

/// Characters that are narrow, low and never joined, the everyday ones first.
fn is_caseless(character: char) -> bool {
    matches!(
        character,
        '\u{4e00}'..='\u{9fff}'
            | '\u{3001}'..='\u{3002}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30fe}'
            | '\u{3005}'..='\u{3011}'
            | '\u{2018}'..='\u{201f}'
            | '\u{2013}'..='\u{2015}'
            | '\u{1f300}'..='\u{1faff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{20000}'..='\u{2a6df}'
            | '\u{200d}'
            | '\u{fe0f}'
    )
}

fn is_low(character: char) -> bool {
    if character.is_ascii() {
        !character.is_ascii_uppercase()
    } else {
        is_caseless(character) || (character != 'ς' && character.to_lowercase().eq([character]))
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::{IsNormalized, is_nfkc_quick};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(folded(text), expected);
    }

    #[test]
    fn width_and_case_are_folded() {
        check("price 价格", "price 价格");
        check("ＰＲＩＣＥ　价格？", "price 价格?");
        check("ｶﾞｷﾞ", "ガギ");
        check("İ", "i\u{307}");
        check("Straße ẞ", "straße ß");
        check("ΟΔΟΣ ὁδός", "οδοσ ὁδόσ");
        check("e\u{301}É", "éé");
        check("👨‍👩‍👧 ❤️", "👨‍👩‍👧 ❤️");
        check("①②㎏…", "12kg...");
        check("", "");
    }

    #[test]
    fn the_fast_path_says_what_the_tables_say() {
        for character in '\0'..=char::MAX {
            let Some(simple) = simple(character) else {
                continue;
            };
            let text = character.to_string();
            assert_eq!(
                text.nfkc().collect::<String>(),
                simple.to_string(),
                "{text:?}"
            );
            assert_eq!(
                is_nfkc_quick([simple].into_iter()),
                IsNormalized::Yes,
                "{text:?}"
            );
            if is_caseless(character) {
                assert!(character.to_lowercase().eq([character]), "{text:?}");
            }
        }
    }

    #[test]
    fn patterns_match_narrow_text() {
        let check = |pattern: &str, expected: &str| assert_eq!(narrow_pattern(pattern), expected);
        check(r"^price\d+$", r"^price\d+$");
        check("多少钱？", r"多少钱\x{3f}");
        check("[？！]", r"[\x{3f}\x{21}]");
        check("等等…+", r"等等(?:\x{2e}\x{2e}\x{2e})+");
        check("Ａ+", "A+");
        check("ｶﾞ+", "ガ+");
        check(r"\？", r"\？");
    }
}
