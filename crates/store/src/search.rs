//! What can be searched for: the terms of a message, and whether it really says what was asked.
//!
//! What is looked for is a word of letters and digits, one character of a script that is written without blanks, a pair of
//! such characters that stand side by side, or an emoji. A term is a number made of it, so that an index has no text in it that
//! somebody wrote. The index knows sets of terms; what it finds is read again and [compared](Query::matches), because pairs
//! may stand apart.

use std::collections::BTreeSet;

use echostr_protocol::{Document, Reply};
use ring::digest::{SHA256, digest};
use unicode_normalization::UnicodeNormalization as _;

/// How terms are made. A change of what this file makes of a text needs a new number: the index is then made anew, because
/// entries are deleted by the very terms that they were made of.
pub(crate) const VERSION: i64 = 1;

/// So much of a message is looked at, in characters; ordinary ones have some hundred.
const MAX_CHARS: usize = 8192;

/// What is longer is known by its beginning.
const MAX_WORD_CHARS: usize = 40;

/// So many terms of a question are asked of the index; all of it is compared.
const MAX_ASKED: usize = 24;

/// So much of a question is looked at, in characters.
const MAX_QUESTION_CHARS: usize = 256;

/// A term: this many bits of the digest of a word. Two words with the same are told apart when they are compared.
const TERM_BITS: u32 = 40;

/// In PostgreSQL every message has a term for the part of the journal that it stands in, so that the index can be asked part by
/// part, newest first. A part has 2^16 numbers.
pub(crate) const PART_BITS: u32 = 16;

/// Elements of a push in which people write.
const TEXTS: [&str; 7] = [
    "Content",
    "Recognition",
    "Title",
    "Description",
    "Label",
    "Poiname",
    "EventKey",
];

/// What stands together in a text, normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    /// Letters and digits.
    Word(String),
    /// Characters of a script without blanks.
    Chain(Vec<char>),
    /// An emoji.
    Symbol(char),
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query(Vec<Run>);

/// The texts of a message and of its reply, in which can be searched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts(String);

impl Texts {
    /// Of what is kept in the journal. What cannot be read has none.
    pub(crate) fn of(source: &str, reply: Option<&Reply>) -> Self {
        let mut texts = Self::default();
        if let Ok(document) = Document::parse(source.as_bytes()) {
            for field in document.root().children() {
                if TEXTS.contains(&field.name()) {
                    texts.add(field.text());
                }
            }
        }
        if let Some(reply) = reply {
            texts.add_reply(reply);
        }
        texts
    }

    fn add_reply(&mut self, reply: &Reply) {
        match reply {
            Reply::Text(text) => {
                // What stands in tags is not shown.
                let mut rest = text.as_str();
                while let Some(start) = rest.find("<a ").or_else(|| rest.find("</a>")) {
                    let Some(length) = rest[start..].find('>') else {
                        break;
                    };
                    self.0.push_str(&rest[..start]);
                    rest = &rest[start + length + 1..];
                }
                self.add(rest);
            }
            Reply::News(articles) => {
                for article in articles {
                    self.add(&article.title);
                    self.add(&article.description);
                }
            }
            Reply::Video(video) => {
                self.add(&video.title);
                self.add(&video.description);
            }
            Reply::Music(music) => {
                self.add(&music.title);
                self.add(&music.description);
            }
            Reply::Image(_)
            | Reply::Voice(_)
            | Reply::TransferCustomerService(_)
            | Reply::TransferBizAiIvr
            | Reply::Silence => {}
        }
    }

    /// What is added later does not stand beside it.
    fn add(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// The terms of a message of this account and kind, each once.
    pub(crate) fn terms(&self, account: i64, kind: &str) -> Vec<i64> {
        let mut terms: BTreeSet<i64> = self.words().iter().map(|word| term(word)).collect();
        terms.insert(account_term(account));
        terms.extend(kind_term(kind));
        terms.into_iter().collect()
    }

    /// What the terms are made of.
    fn words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        for run in runs(&self.0, MAX_CHARS) {
            if let Run::Chain(characters) = &run {
                words.extend(characters.iter().map(char::to_string));
            }
            run.add_pairs(&mut words);
        }
        words
    }
}

impl Query {
    /// Every run of `text` is searched for, wherever it stands. Nothing when there is none, such as in `？！`: no message
    /// has that.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut query = Vec::new();
        for run in runs(text, MAX_QUESTION_CHARS) {
            if !query.contains(&run) {
                query.push(run);
            }
        }
        (!query.is_empty()).then_some(Self(query))
    }

    /// What the index is asked: a message that matches has all of them.
    pub(crate) fn terms(&self) -> Vec<i64> {
        let words = self.words();
        words
            .iter()
            .take(MAX_ASKED)
            .map(|word| term(word))
            .collect()
    }

    fn words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        for run in &self.0 {
            run.add_pairs(&mut words);
        }
        words
    }

    /// Whether every run stands in the texts as it was asked.
    pub(crate) fn matches(&self, texts: &Texts) -> bool {
        let runs = runs(&texts.0, MAX_CHARS);
        self.0.iter().all(|asked| {
            runs.iter().any(|run| match (asked, run) {
                (Run::Chain(asked), Run::Chain(run)) => {
                    run.windows(asked.len()).any(|window| window == asked)
                }
                (asked, run) => asked == run,
            })
        })
    }
}

impl Run {
    /// The word, the emoji, the pairs; a character that stands alone.
    fn add_pairs(&self, words: &mut BTreeSet<String>) {
        match self {
            Self::Word(word) => {
                words.insert(word.clone());
            }
            Self::Symbol(symbol) => {
                words.insert(symbol.to_string());
            }
            Self::Chain(alone) if alone.len() == 1 => {
                words.insert(alone[0].to_string());
            }
            Self::Chain(characters) => {
                words.extend(characters.windows(2).map(|pair| pair.iter().collect()));
            }
        }
    }
}

/// In which part of the journal a message stands.
pub(crate) fn part_of(id: i64) -> i64 {
    id >> PART_BITS
}

/// The term of that part: above those of words.
pub(crate) fn part_term(part: i64) -> i64 {
    (1 << TERM_BITS) | part
}

/// The term of an account: above those of parts.
pub(crate) fn account_term(account: i64) -> i64 {
    (2 << TERM_BITS) | account
}

/// The term of a kind. Text is no selection: nearly everything is.
pub(crate) fn kind_term(kind: &str) -> Option<i64> {
    // No word has a blank in it.
    (kind != "text").then(|| term(&format!("kind {kind}")))
}

fn term(word: &str) -> i64 {
    let digest = digest(&SHA256, word.as_bytes());
    let bytes = digest.as_ref().iter().take(TERM_BITS as usize / 8);
    bytes.fold(0, |term, byte| (term << 8) | i64::from(*byte))
}

/// The terms as FTS5 has them: words with blanks between them.
pub(crate) fn as_text(terms: &[i64]) -> String {
    let words: Vec<_> = terms.iter().map(|term| format!("{term:x}")).collect();
    words.join(" ")
}

/// The text in FTS5's language that finds messages with all these terms.
pub(crate) fn fts5(terms: &[i64]) -> String {
    let quoted: Vec<_> = terms.iter().map(|term| format!("\"{term:x}\"")).collect();
    quoted.join(" AND ")
}

/// What stands together: compatibility forms made alike (`Ａ` → `a`, `ｱ` → `ア`, `㎏` → `kg`), in lower case.
fn runs(text: &str, max_chars: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_apart = true;
    let characters = text.nfkc().flat_map(char::to_lowercase);
    for character in characters.take(max_chars) {
        let kind = Kind::of(character);
        match (kind, runs.last_mut()) {
            (Kind::Nothing, _) => {}
            (Kind::Mark, Some(Run::Word(word))) if !is_apart => push(word, character),
            (Kind::Mark, Some(Run::Chain(chain))) if !is_apart => chain.push(character),
            (Kind::Mark | Kind::Gap, _) => is_apart = true,
            (Kind::Letter, Some(Run::Word(word))) if !is_apart => push(word, character),
            (Kind::Letter, _) => runs.push(Run::Word(character.into())),
            (Kind::Chained, Some(Run::Chain(chain))) if !is_apart => chain.push(character),
            (Kind::Chained, _) => runs.push(Run::Chain(vec![character])),
            (Kind::Symbol, _) => runs.push(Run::Symbol(character)),
        }
        if matches!(kind, Kind::Letter | Kind::Chained | Kind::Symbol) {
            is_apart = false;
        }
    }
    runs
}

fn push(word: &mut String, character: char) {
    if word.chars().count() < MAX_WORD_CHARS {
        word.push(character);
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Letter,
    Chained,
    Symbol,
    /// Belongs to the character before it.
    Mark,
    /// Changes how a character looks; passed over.
    Nothing,
    Gap,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            '0'..='9' | 'a'..='z' => Self::Letter,
            '\0'..='\u{7f}' => Self::Gap,
            // Joiners, variation selectors, skin tones.
            '\u{200b}'..='\u{200d}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0100}'..='\u{e01ef}' => Self::Nothing,
            // Thai, Lao, Myanmar, Jamo, Khmer; radicals, 々〇, kana, bopomofo, 漢字, Hangul.
            '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3021}'..='\u{3029}'
            | '\u{3031}'..='\u{3035}'
            | '\u{3038}'..='\u{303c}'
            | '\u{3041}'..='\u{3096}'
            | '\u{309d}'..='\u{309f}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{30fc}'..='\u{30ff}'
            | '\u{3105}'..='\u{312f}'
            | '\u{3131}'..='\u{318e}'
            | '\u{31a0}'..='\u{31bf}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{1aff0}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3fffd}' => Self::Chained,
            // Arrows and pictures.
            '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' => {
                Self::Symbol
            }
            '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => Self::Symbol,
            _ if unicode_normalization::char::is_combining_mark(character) => Self::Mark,
            _ if character.is_alphanumeric() => Self::Letter,
            _ => Self::Gap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let expected: BTreeSet<_> = expected.split_whitespace().map(str::to_owned).collect();
        assert_eq!(Texts(text.into()).words(), expected, "{text}");
    }

    #[test]
    fn a_text_has_these_words() {
        check("", "");
        check("？！…。 -- <>", "");
        check("多少钱", "多 少 钱 多少 少钱");
        check("好", "好");
        check("好，好", "好");
        check("你好。世界", "你 好 世 界 你好 世界");
        check("Hello, World", "hello world");
        check("don't", "don t");
        check("iPhone15手机多少", "iphone15 手 机 多 少 手机 机多 多少");
        check("ＷｅＣｈａｔ　１２３", "wechat 123");
        check("订单号20261122-001", "订 单 号 订单 单号 20261122 001");
        check("㎏ ﬁ ①", "kg fi 1");
        check("谢谢😂😂👍🏽", "谢 谢谢 😂 👍");
        check("❤️ ❤", "❤");
        check("👨‍👩‍👧", "👨 👩 👧");
        check("東京タワー", "東 京 タ ワ ー 東京 京タ タワ ワー");
        check("ｱｲｽ がぎ", "ア イ ス アイ イス が ぎ がぎ");
        check("안녕 하세요", "안 녕 안녕 하 세 요 하세 세요");
        check("Привет МИР", "привет мир");
        check("café cafe\u{301}", "café");
        check("हिन्दी", "हिन्दी");
        check("สวัสดี", "ส ว ั ด ี สว วั ัส สด ดี");
        check("𠮷野家", "𠮷 野 家 𠮷野 野家");
        check("/::) [微笑]", "微 笑 微笑");
        check("a\u{e000}b", "a b");
        check(&"长".repeat(MAX_CHARS * 2), "长 长长");
        check(&"x".repeat(100), &"x".repeat(MAX_WORD_CHARS));
    }

    #[track_caller]
    fn asked(text: &str, expected: &str) {
        let words = Query::new(text).map(|query| query.words());
        let words: Vec<_> = words.unwrap_or_default().into_iter().collect();
        assert_eq!(words.join(" "), expected, "{text}");
    }

    #[test]
    fn a_question_asks_for_these_words() {
        asked("", "");
        asked("？", "");
        asked("钱", "钱");
        asked("多少钱", "多少 少钱");
        asked("多少钱 iPhone", "iphone 多少 少钱");
        asked("ＡＢ ab", "ab");
        asked("😂", "😂");
        asked("\" OR * NEAR(", "near or");
    }

    #[track_caller]
    fn finds(question: &str, text: &str, expected: bool) {
        let texts = Texts::of(
            &serde_json::json!({ "MsgType": "text", "Content": text }).to_string(),
            Some(&Reply::from(
                "答：<a href=\"https://example.com/q\">继续</a>",
            )),
        );
        let query = Query::new(question).expect("a question");
        assert_eq!(query.matches(&texts), expected, "{question} in {text}");
        // What matches is always found by the index.
        let terms = texts.terms(1, "text");
        let has_all = query.terms().iter().all(|term| terms.contains(term));
        assert!(!expected || has_all, "{question} in {text}");
    }

    #[test]
    fn every_run_of_a_question_must_stand_there() {
        finds("多少钱", "这个多少钱？", true);
        finds("多少钱", "多少？少钱", false);
        finds("钱多少", "多少钱", false);
        finds("钱 这个", "这个多少钱？", true);
        finds("钱 那个", "这个多少钱？", false);
        finds("钱", "多少钱", true);
        finds("IPHONE", "一台iPhone", true);
        finds("phone", "一台iPhone", false);
        finds("继续", "无", true);
        finds("答 无", "无", true);
        // It stands in a tag.
        finds("example", "无", false);
        // The message ends before the reply begins.
        finds("无答", "无", false);
        finds("👍", "好👍🏽的", true);
        finds("ｶﾞ", "ガ", true);
    }

    #[test]
    fn terms_stay_what_they_are() {
        // Entries are deleted by them: another number needs another `VERSION`.
        assert_eq!(VERSION, 1);
        assert_eq!(
            as_text(&Texts("好".into()).terms(7, "text")),
            "f867f34178 20000000007"
        );
    }
}
