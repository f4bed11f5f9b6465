//! The compiled set chooses the same rule as a loop over all of them.

use echostr::Rule;
use echostr_simulator::Push;
use proptest::prelude::*;
use serde_json::json;

use crate::asking::{NO_RULE, answer, rule, rules};

/// A pattern in a rule, and whether a folded text fits it.
#[derive(Debug, Clone)]
enum Pattern {
    Equals(String),
    Contains(String),
    StartsWith(String),
    Regex(usize),
}

type Fits = fn(&str) -> bool;

/// What each of these is for folded texts over the letters of [`text`].
const REGEXES: [(&str, Fits); 8] = [
    ("^a", |text| text.starts_with('a')),
    ("b$", |text| text.ends_with('b')),
    (r"\d", |text| text.contains('1')),
    ("(价格|ab)", |text| {
        text.contains("价格") || text.contains("ab")
    }),
    ("格？", |text| text.contains("格?")),
    ("a.*1", |text| {
        text.find('a').is_some_and(|at| text[at..].contains('1'))
    }),
    ("(?:ab)+格", |text| text.contains("ab格")),
    ("价|$", |_| true),
];

fn text(most: usize) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec![
        'a', 'A', 'Ａ', 'b', 'Ｂ', '价', '格', '1', '１', '？', '?', ' ',
    ]);
    prop::collection::vec(letter, 0..=most).prop_map(String::from_iter)
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let word = || text(3).prop_filter("a word", |word| !word.trim().is_empty());
    prop_oneof![
        word().prop_map(Pattern::Equals),
        word().prop_map(Pattern::Contains),
        word().prop_map(Pattern::StartsWith),
        (0..REGEXES.len()).prop_map(Pattern::Regex),
    ]
}

#[derive(Debug, Clone)]
struct Given {
    priority: i32,
    is_own: bool,
    is_for_images: bool,
    patterns: Vec<Pattern>,
}

fn given() -> impl Strategy<Value = Given> {
    let patterns = prop::collection::vec(pattern(), 0..4);
    (-1..=1, any::<bool>(), prop::bool::weighted(0.1), patterns).prop_map(
        |(priority, is_own, is_for_images, patterns)| Given {
            priority,
            is_own,
            is_for_images: is_for_images && patterns.is_empty(),
            patterns,
        },
    )
}

/// As the documents say it, for the letters of [`text`].
fn folded(text: &str) -> String {
    let fold = |letter| match letter {
        'A' | 'Ａ' => 'a',
        'Ｂ' => 'b',
        '１' => '1',
        '？' => '?',
        other => other,
    };
    text.chars().map(fold).collect()
}

impl Given {
    fn fits(&self, text: &str) -> bool {
        let text = folded(text);
        if self.is_for_images {
            return false;
        }
        self.patterns.is_empty()
            || self.patterns.iter().any(|pattern| match pattern {
                Pattern::Equals(word) => folded(word).trim() == text.trim(),
                Pattern::Contains(word) => text.contains(&folded(word)),
                Pattern::StartsWith(word) => text.starts_with(&folded(word)),
                Pattern::Regex(number) => (REGEXES[*number].1)(&text),
            })
    }

    fn rule(&self, number: usize) -> Rule {
        let mut when =
            json!({ "equals": [], "contains": [], "starts_with": [], "regex": [], "kind": [] });
        if self.is_for_images {
            when["kind"] = json!(["image"]);
        }
        for pattern in &self.patterns {
            let (field, value) = match pattern {
                Pattern::Equals(word) => ("equals", word.as_str()),
                Pattern::Contains(word) => ("contains", word.as_str()),
                Pattern::StartsWith(word) => ("starts_with", word.as_str()),
                Pattern::Regex(number) => ("regex", REGEXES[*number].0),
            };
            when[field]
                .as_array_mut()
                .expect("a list")
                .push(value.into());
        }
        let account = self.is_own.then_some("shop");
        let id = format!("r{number:02}");
        rule(json!({
            "id": id, "account": account, "priority": self.priority, "when": when, "reply": { "text": id }
        }))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_same_rule_is_chosen(all in prop::collection::vec(given(), 0..12), texts in prop::collection::vec(text(12), 1..8)) {
        let compiled = rules(all.iter().enumerate().map(|(number, given)| given.rule(number)));
        let mut in_order: Vec<_> = all.iter().enumerate().collect();
        in_order.sort_by_key(|(number, given)| (-given.priority, !given.is_own, *number));
        for text in texts {
            let first = in_order.iter().find(|(_, given)| given.fits(&text));
            let expected = first.map_or(NO_RULE.into(), |(number, _)| format!("r{number:02}"));
            prop_assert_eq!(answer(&compiled, &Push::text(&text)), expected.into(), "{:?}", text);
        }
    }
}
