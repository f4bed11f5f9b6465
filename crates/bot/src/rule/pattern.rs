//! Regular expressions for narrow text, and which words must be in a text for one to match.

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind};

use super::fold::{lowered, narrow_pattern};

/// How large one may become in memory, in bytes: `\w{1,20}` takes nearly as much, since `\w` has the letters of all scripts.
const MAX_BYTES: usize = 1 << 20;
/// Larger ones are large: few are, so a rule may have few of them.
pub(super) const LARGE_BYTES: usize = 1 << 18;
/// How large the parts of one may become that are made while it is used, in bytes.
const MAX_CACHE_BYTES: usize = 1 << 18;
/// How many words are looked for instead of one regular expression.
const MAX_WORDS: usize = 64;
/// Shorter words, in bytes, stand in too many texts to be worth a look.
const MIN_WORD_BYTES: usize = 2;
/// So many parts that stand one after another are looked at together.
const WINDOW: usize = 8;

/// Compiles a pattern as a rule has it.
///
/// # Errors
/// The rest of a sentence about it.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    built(pattern, MAX_BYTES).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => format!(
            "needs more than the {limit} bytes of memory that are allowed; a number in braces repeats its part as often"
        ),
        error => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            format!("is no regular expression: {}", reason.trim_start_matches("error: "))
        }
    })
}

/// Whether a pattern that can be compiled needs more than [`LARGE_BYTES`].
pub(super) fn is_large(pattern: &str) -> bool {
    built(pattern, LARGE_BYTES).is_err()
}

fn built(pattern: &str, max_bytes: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&narrow_pattern(pattern))
        .case_insensitive(true)
        .size_limit(max_bytes)
        .dfa_size_limit(MAX_CACHE_BYTES)
        .build()
}

/// Words in lower case of which one stands in every text that the pattern matches; nothing when that cannot be said.
pub(super) fn words(pattern: &str) -> Option<Vec<String>> {
    let mut parser = regex_syntax::ParserBuilder::new()
        .case_insensitive(true)
        .build();
    let hir = parser.parse(&narrow_pattern(pattern)).ok()?;
    needed(&hir).filter(|words| is_useful(words))
}

fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Concat(parts) => {
            let tails = (0..parts.len()).filter_map(|begin| {
                let end = parts.len().min(begin + WINDOW);
                beginnings(&Hir::concat(parts[begin..end].to_vec()))
            });
            let inner = parts.iter().filter_map(needed);
            tails.chain(inner).max_by_key(|words| worth(words))
        }
        HirKind::Alternation(parts) => {
            let words: Option<Vec<_>> = parts.iter().map(needed).collect();
            words.map(|words| distinct(words.into_iter().flatten()))
        }
        _ => beginnings(hir),
    }
}

/// What every match begins with.
fn beginnings(hir: &Hir) -> Option<Vec<String>> {
    let sequence = Extractor::new().extract(hir);
    let words = sequence.literals()?.iter().map(|literal| {
        let bytes = literal.as_bytes();
        let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        lowered(valid).into_owned()
    });
    Some(distinct(words))
}

fn distinct(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<_> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn is_useful(words: &[String]) -> bool {
    // No word at all: it never matches.
    words.len() <= MAX_WORDS && words.iter().all(|word| word.len() >= MIN_WORD_BYTES)
}

/// Long words first, of these few.
fn worth(words: &[String]) -> (bool, usize, usize) {
    let shortest = words.iter().map(String::len).min().unwrap_or_default();
    (is_useful(words), shortest, usize::MAX - words.len())
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(pattern: &str, expected: Option<&[&str]>) {
        let words = super::words(pattern);
        let words = words
            .as_ref()
            .map(|words| words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(words.as_deref(), expected);
    }

    #[test]
    fn a_word_that_must_be_there_is_found() {
        check("订单", Some(&["订单"]));
        check(r"^\s*订单\s*(\d+)$", Some(&["订单"]));
        check(r"(\d+)\s*元", Some(&["元"]));
        check("(价格|多少钱)", Some(&["价格", "多少钱"]));
        check("hello", Some(&["hello"]));
        check("ＨＥＬＬＯ.*you", Some(&["hello"]));
        check("(?:ab)+c", Some(&["ab"]));
        check("退款|", None);
        check(r"^\d+$", None);
        check(".*", None);
        check("a|退款", None);
    }
}
