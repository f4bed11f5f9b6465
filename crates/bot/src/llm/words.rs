//! [`WordFilter`]: words that may not be said; [`Screen`] looks for them in a text that comes piece by piece.
//!
//! What counts as the same: upper and lower case, full and half width, composed and decomposed accents, and whether there are
//! invisible characters. After a Chinese, Japanese or Korean character, blanks, signs such as `*`, `.` or `_`, and marks that
//! strike it out do not count either, since they are put into words to hide them; but the marks of a sentence do, or
//! 「今日，本店」 would have 「日本」 in it.
//! A word is found inside a longer one, except that Latin letters (and those of other scripts with blanks) and digits are taken
//! in runs: `sb` is in `加sb好友` and `SB250`, not in `usb`; `89` is not in `1989`.

use std::collections::VecDeque;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::noncontiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Words that may not be said, compiled: how many they are does not matter to who looks for them.
pub(super) struct WordFilter {
    /// Nothing when there are no words.
    compiled: Option<Compiled>,
}

struct Compiled {
    nfa: NFA,
    start: StateID,
    /// For each state, how many bytes at the end of what was read are the beginning of a word.
    depths: Vec<u32>,
}

/// A text on its way to the follower, of which nothing is shown that may belong to a word.
pub(super) struct Screen {
    filter: Arc<WordFilter>,
    reading: Reading,
    /// What is not shown yet.
    held: String,
    /// Its characters: their bytes, and the bytes that they are folded to.
    lengths: VecDeque<(usize, usize)>,
}

/// There is a word in it that may not be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocked;

/// Where a filter is in a text.
#[derive(Default)]
struct Reading {
    fold: Fold,
    place: Place,
}

#[derive(Default)]
struct Place {
    state: StateID,
    /// How many folded bytes were read.
    n_bytes: usize,
    is_found: bool,
}

impl WordFilter {
    /// Blanks around a word are not part of it; words of which folding leaves nothing are left out.
    pub(super) fn new(words: &[String]) -> Self {
        let words: Vec<_> = words.iter().map(|word| folded(word.trim())).collect();
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        Self {
            compiled: (!words.is_empty()).then(|| Compiled::new(&words)),
        }
    }

    /// Whether one of the words is in the text.
    pub(super) fn finds(&self, text: &str) -> bool {
        let Some(compiled) = &self.compiled else {
            return false;
        };
        let mut reading = compiled.reading();
        text.chars()
            .any(|character| compiled.read(&mut reading, character))
            || compiled.finds_at_end(reading)
    }
}

impl Compiled {
    fn new(words: &[String]) -> Self {
        let nfa = NFA::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(words)
            .expect("it fails beyond some 2^31 bytes of words");
        let start = nfa
            .start_state(Anchored::No)
            .expect("such automata can start anywhere");
        let mut depths = vec![0; start.as_usize() + 1];
        for word in words {
            let mut state = start;
            for (depth, byte) in (1..).zip(word.bytes()) {
                // From the start, each byte of a word leads one step deeper.
                state = nfa.next_state(Anchored::No, state, byte);
                depths.resize(depths.len().max(state.as_usize() + 1), 0);
                depths[state.as_usize()] = depth;
            }
        }
        Self { nfa, start, depths }
    }

    fn reading(&self) -> Reading {
        Reading {
            fold: Fold::default(),
            place: Place {
                state: self.start,
                ..Place::default()
            },
        }
    }

    /// Goes on by one character; says whether a word has been read.
    fn read(&self, reading: &mut Reading, character: char) -> bool {
        let Reading { fold, place } = reading;
        fold.next(character, |folded| self.step(place, folded));
        place.is_found
    }

    fn finds_at_end(&self, reading: Reading) -> bool {
        let Reading { fold, mut place } = reading;
        fold.end(|folded| self.step(&mut place, folded));
        place.is_found
    }

    fn step(&self, place: &mut Place, folded: char) {
        for byte in folded.encode_utf8(&mut [0; 4]).bytes() {
            place.state = self.nfa.next_state(Anchored::No, place.state, byte);
            place.is_found |= self.nfa.is_match(place.state);
            place.n_bytes += 1;
        }
    }

    /// How many of the folded bytes that were read last may belong to a word.
    fn depth(&self, reading: &Reading) -> usize {
        self.depths[reading.place.state.as_usize()] as usize
    }
}

impl Screen {
    /// For a text that begins.
    pub(super) fn new(filter: Arc<WordFilter>) -> Self {
        let reading = filter.compiled.as_ref().map(Compiled::reading);
        Self {
            filter,
            reading: reading.unwrap_or_default(),
            held: String::new(),
            lengths: VecDeque::new(),
        }
    }

    /// What can be shown now that this has come, too; it may be nothing.
    ///
    /// # Errors
    /// When a word is in it: what was held back is not to be shown either.
    pub(super) fn push(&mut self, piece: &str) -> Result<String, Blocked> {
        let Some(compiled) = &self.filter.compiled else {
            return Ok(piece.to_owned());
        };
        for character in piece.chars() {
            let n_before = self.reading.place.n_bytes;
            if compiled.read(&mut self.reading, character) {
                return Err(Blocked);
            }
            self.held.push(character);
            let n_folded = self.reading.place.n_bytes - n_before;
            self.lengths.push_back((character.len_utf8(), n_folded));
        }
        let depth = compiled.depth(&self.reading);
        let n_kept = self.n_kept(depth);
        let kept = self.held.split_off(self.held.len() - n_kept);
        Ok(std::mem::replace(&mut self.held, kept))
    }

    /// What was held back, at the end of the text.
    ///
    /// # Errors
    /// When it ends with a word.
    pub(super) fn finish(self) -> Result<String, Blocked> {
        match &self.filter.compiled {
            Some(compiled) if compiled.finds_at_end(self.reading) => Err(Blocked),
            _ => Ok(self.held),
        }
    }

    /// How many bytes of what is held the last `depth` folded bytes stand for; the characters before them are forgotten.
    fn n_kept(&mut self, depth: usize) -> usize {
        let (mut n_bytes, mut n_folded, mut n_characters) = (0, 0, 0);
        for (own, folded) in self.lengths.iter().rev() {
            if n_folded >= depth {
                break;
            }
            n_bytes += own;
            n_folded += folded;
            n_characters += 1;
        }
        self.lengths.drain(..self.lengths.len() - n_characters);
        n_bytes
    }
}

/// Stands where a run of letters or of digits begins or ends.
const BORDER: char = '\u{1}';

fn folded(word: &str) -> String {
    let mut fold = Fold::default();
    let mut folded = String::new();
    for character in word.chars() {
        fold.next(character, |character| folded.push(character));
    }
    fold.end(|character| folded.push(character));
    folded
}

/// Folds character by character, so that a text in pieces is folded as the whole is: hence decomposed (NFKD), not composed.
#[derive(Default)]
struct Fold {
    /// The last that is no mark, no filler and not invisible.
    last: char,
    run: Run,
}

/// What the last character belongs to.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Run {
    #[default]
    None,
    Letters,
    Digits,
}

impl Fold {
    fn next(&mut self, character: char, mut each: impl FnMut(char)) {
        if is_invisible(character) || (is_cjk(self.last) && is_filler(character)) {
            return;
        }
        let decomposed = std::iter::once(character).nfkd();
        for folded in decomposed.flat_map(char::to_lowercase) {
            // An accent belongs to what stands before it.
            if is_combining_mark(folded) {
                if is_cjk(self.last) && !is_voicing(self.last, folded) {
                    continue;
                }
            } else {
                let run = Run::of(folded);
                if run != self.run {
                    each(BORDER);
                }
                self.run = run;
                self.last = folded;
            }
            each(folded);
        }
    }

    fn end(self, mut each: impl FnMut(char)) {
        if self.run != Run::None {
            each(BORDER);
        }
    }
}

impl Run {
    fn of(character: char) -> Self {
        if is_cjk(character) || !character.is_alphanumeric() {
            Self::None
        } else if character.is_numeric() {
            Self::Digits
        } else {
            Self::Letters
        }
    }
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Whether the mark makes another kana of this one, as が is made of か.
fn is_voicing(last: char, mark: char) -> bool {
    matches!(mark, '\u{3099}' | '\u{309a}') && matches!(last, '\u{3040}'..='\u{30ff}')
}

/// What may stand inside a word to hide it, and does not end a part of a sentence.
fn is_filler(character: char) -> bool {
    const MARKS: &str =
        "\n\r\u{2028}\u{2029},!?;:()[]{}<>\"'，。！？；：、（）【】《》〈〉「」『』“”‘’…—";
    !character.is_alphanumeric() && !is_combining_mark(character) && !MARKS.contains(character)
}

/// Chinese characters, kana, hangul (also as they are when decomposed).
fn is_cjk(character: char) -> bool {
    matches!(
        character,
        '々' | '〇' | '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(words: &str) -> Arc<WordFilter> {
        let words: Vec<_> = words.split('|').map(str::to_owned).collect();
        Arc::new(WordFilter::new(&words))
    }

    /// In the whole text, and in the text that comes character by character.
    #[track_caller]
    fn check(words: &str, text: &str, expected: bool) {
        let filter = filter(words);
        assert_eq!(filter.finds(text), expected, "`{words}` in `{text}`");
        let pieces: Vec<_> = text.chars().map(String::from).collect();
        let (shown, is_blocked) = screened(&filter, pieces.iter().map(String::as_str));
        assert_eq!(is_blocked, expected, "`{words}` in the pieces of `{text}`");
        let shown = shown.concat();
        assert!(is_blocked || shown == text, "`{text}` became `{shown}`");
    }

    /// What is shown after each piece, and at the end; and whether it was blocked.
    fn screened<'a>(
        filter: &Arc<WordFilter>,
        pieces: impl Iterator<Item = &'a str>,
    ) -> (Vec<String>, bool) {
        let mut screen = Screen::new(Arc::clone(filter));
        let mut shown = Vec::new();
        for piece in pieces {
            match screen.push(piece) {
                Ok(piece) => shown.push(piece),
                Err(Blocked) => return (shown, true),
            }
        }
        match screen.finish() {
            Ok(rest) => shown.push(rest),
            Err(Blocked) => return (shown, true),
        }
        (shown, false)
    }

    #[test]
    fn a_word_is_found_wherever_it_stands() {
        check("赌博", "赌博", true);
        check("赌博", "不许赌博。", true);
        check("赌博", "赌书", false);
        check("彩票|赌博", "去买彩票", true);
        check("赌赌博", "赌赌赌博", true);
        check("赌博", "", false);
        check("", "赌博", false);
        check("赌博网站|博网", "博网", true);
        check("bad word", "A Bad Word!", true);
    }

    #[test]
    fn case_width_accents_and_invisible_characters_do_not_count() {
        check("Casino", "ＣＡＳＩＮＯ", true);
        check("ｃａｓｉｎｏ", "casino", true);
        check("café", "CAFE\u{301}", true);
        check("cafe\u{301}", "café", true);
        check("cafe", "café", false);
        check("が", "か\u{3099}", true);
        check("한국", "한\u{200b}국", true);
        check("赌博", "赌\u{200b}博", true);
        check("casino", "ca\u{ad}sino", true);
        check("casino", "𝓬𝓪𝓼𝓲𝓷𝓸", true);
        for invisible in ['\u{34f}', '\u{2066}', '\u{2069}', '\u{e0100}', '\u{e01ef}'] {
            check("赌博", &format!("赌{invisible}博"), true);
            check("casino", &format!("ca{invisible}sino"), true);
        }
        check("casino ", "a casino.", true);
        check(" 赌博\u{3000}", "赌博", true);
    }

    #[test]
    fn what_hides_a_chinese_word_does_not_count() {
        check("赌博", "赌 博", true);
        check("赌博", "赌*博", true);
        check("赌博", "**赌**_博_", true);
        check("赌博", "赌.博", true);
        check("赌·博", "赌博", true);
        check("加qq", "加 qq 群", true);
        check("日本", "今日，本店", false);
        check("日本", "今日…本店", false);
        check("日本", "今日\n本店", false);
        check("badword", "bad word", false);
        check("赌博", "赌\u{336}博\u{336}", true);
        check("赌博", "赌 \u{20dd}博", true);
        check("赌博", "赌\u{3099}博", true);
        check("か", "が", true);
        check("かき", "がき", false);
    }

    #[test]
    fn runs_of_letters_and_of_digits_are_whole() {
        check("sb", "usb", false);
        check("sb", "asbestos", false);
        check("av", "I have java", false);
        check("sb", "你是sb吧", true);
        check("SB", "sb", true);
        check("sb", "sb250", true);
        check("qq", "加qq123456", true);
        check("89", "1989", false);
        check("89", "19-89", true);
        check("3p", "3p", true);
        check("3p", "13px", false);
        check("naïve", "naïvely", false);
    }

    #[test]
    fn nothing_is_held_back_that_cannot_belong_to_a_word() {
        #[track_caller]
        fn check(words: &str, pieces: &[&str], expected: &[&str], is_blocked: bool) {
            let shown = screened(&filter(words), pieces.iter().copied());
            let expected: Vec<_> = expected.iter().map(|piece| (*piece).to_owned()).collect();
            assert_eq!(
                shown,
                (expected, is_blocked),
                "`{words}` in the pieces {pieces:?}"
            );
        }
        check(
            "赌博",
            &["不要", "吃", "药"],
            &["不要", "吃", "药", ""],
            false,
        );
        check("赌博", &["不要赌", "气"], &["不要", "赌气", ""], false);
        check("赌博", &["不要赌", "博"], &["不要"], true);
        check(
            "赌博网站",
            &["赌", "博", "赌", "书"],
            &["", "", "赌博", "赌书", ""],
            false,
        );
        check(
            "赌博",
            &["赌", " ", "*", "书"],
            &["", "", "", "赌 *书", ""],
            false,
        );
        check("赌博", &["赌"], &["", "赌"], false);
        check("sb", &["u", "s", "b"], &["u", "s", "b", ""], false);
        check("sb", &["s", "b", "d"], &["", "", "sbd", ""], false);
        check("sb", &["我", "sb"], &["我", ""], true);
        check("赌博", &["你好👨‍👩‍👧", "😀"], &["你好👨‍👩‍👧", "😀", ""], false);
        check("", &["赌", "博"], &["赌", "博", ""], false);
    }

    #[test]
    fn twenty_thousand_words_are_looked_for_at_once() {
        const DIGITS: [char; 12] = [
            '零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '百',
        ];
        let word = |n: usize| (0..4).map(move |place| DIGITS[n / 12_usize.pow(place) % 12]);
        let mut words: Vec<String> = (0..20_000)
            .map(|n| word(n).chain(['号']).collect())
            .collect();
        words.push("长".repeat(64));
        let filter = WordFilter::new(&words);
        assert!(filter.finds("第七一四九号"));
        assert!(!filter.finds("第七一四九"));
        assert!(filter.finds(&"长".repeat(64)));
        assert!(!filter.finds(&"长".repeat(63)));
    }
}
