//! [`Index`]: which rules a message fits, found without looking at the others.
//!
//! Each word, key, scene and kind leads to a list of the rules that have it, in the order in which rules are asked. The lists
//! that a message leads to are merged as they are read: the first rule that answers ends it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::Regex;

use super::fold::folded;
use super::kind::Word;
use super::question::{Question, Text};
use super::when::Scene;
use super::{When, pattern};

/// A compiled index.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// All lists, one after the other.
    lists: Vec<Use>,
    equals: HashMap<Box<str>, List>,
    longest_equals: usize,
    words: Option<AhoCorasick>,
    /// By the number of the word.
    word_lists: Vec<WordLists>,
    /// Regular expressions that are tried with every text.
    unprompted: List,
    regexes: Vec<Regex>,
    keys: HashMap<Box<str>, List>,
    scenes: HashMap<Box<str>, List>,
    scene_beginnings: HashMap<Box<str>, List>,
    longest_beginning: usize,
    kinds: Vec<(Word, List)>,
}

/// Of the lists, from and up to.
#[derive(Debug, Clone, Copy, Default)]
struct List {
    begin: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct WordLists {
    anywhere: List,
    at_begin: List,
}

/// A rule, and what must still match.
#[derive(Debug, Clone, Copy)]
struct Use {
    rule: u32,
    regex: Option<u32>,
}

/// The rules that a message fits, by their number, in ascending order.
#[derive(Default)]
pub(super) struct Hits(BinaryHeap<Reverse<Hit>>);

/// What is left of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    /// The rule at its head.
    rule: u32,
    next: u32,
    end: u32,
}

/// An index that is being made: rules are added in the order in which they are asked.
#[derive(Default)]
pub(super) struct Draft {
    equals: BTreeMap<Box<str>, Vec<Use>>,
    /// Anywhere, and at the beginning.
    words: BTreeMap<Box<str>, [Vec<Use>; 2]>,
    unprompted: Vec<Use>,
    regexes: Vec<Regex>,
    keys: BTreeMap<Box<str>, Vec<Use>>,
    scenes: BTreeMap<Box<str>, Vec<Use>>,
    scene_beginnings: BTreeMap<Box<str>, Vec<Use>>,
    kinds: Vec<(Word, Vec<Use>)>,
}

const ANYWHERE: usize = 0;
const AT_BEGIN: usize = 1;
/// From so many hits on, those are looked for that are the same.
const MANY: usize = 64;

impl Draft {
    /// Adds what a rule is found by; answers its regular expressions, by number.
    pub(super) fn add(&mut self, rule: u32, when: &When, kinds: &[Word]) -> Range<u32> {
        let it = Use { rule, regex: None };
        for word in &when.equals {
            add(&mut self.equals, folded(word).trim(), it);
        }
        for (words, place) in [(&when.contains, ANYWHERE), (&when.starts_with, AT_BEGIN)] {
            for word in words {
                self.add_word(&folded(word), place, it);
            }
        }
        let first = number(self.regexes.len());
        for pattern in &when.regex {
            self.add_regex(rule, pattern);
        }
        if when.has_text() {
            return first..number(self.regexes.len());
        }
        for key in &when.key {
            add(&mut self.keys, key, it);
        }
        if !when.key.is_empty() {
            return first..first;
        }
        for scene in &when.scene {
            match Scene::parse(scene) {
                Scene::Is(scene) => add(&mut self.scenes, &scene, it),
                Scene::Begins(begin) => add(&mut self.scene_beginnings, &begin, it),
            }
        }
        if when.scene.is_empty() {
            for kind in kinds {
                self.add_kind(*kind, it);
            }
        }
        first..first
    }

    fn add_word(&mut self, word: &str, place: usize, it: Use) {
        if word.is_empty() {
            return;
        }
        if let Some(uses) = self.words.get_mut(word) {
            uses[place].push(it);
        } else {
            let mut uses = [Vec::new(), Vec::new()];
            uses[place].push(it);
            self.words.insert(word.into(), uses);
        }
    }

    fn add_regex(&mut self, rule: u32, pattern: &str) {
        let Ok(compiled) = pattern::compile(pattern) else {
            return;
        };
        let it = Use {
            rule,
            regex: Some(number(self.regexes.len())),
        };
        self.regexes.push(compiled);
        match pattern::words(pattern) {
            Some(words) => {
                for word in words {
                    self.add_word(&word, ANYWHERE, it);
                }
            }
            None => self.unprompted.push(it),
        }
    }

    fn add_kind(&mut self, kind: Word, it: Use) {
        match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, uses)) => uses.push(it),
            None => self.kinds.push((kind, vec![it])),
        }
    }

    /// Regular expressions by their numbers.
    pub(super) fn regexes(&self, numbers: &Range<u32>) -> &[Regex] {
        &self.regexes[numbers.start as usize..numbers.end as usize]
    }

    pub(super) fn finish(self) -> Index {
        let mut lists = Vec::new();
        let mut list = |uses: Vec<Use>| {
            let begin = number(lists.len());
            lists.extend(uses);
            List {
                begin,
                end: number(lists.len()),
            }
        };
        let longest = |map: &BTreeMap<Box<str>, _>| map.keys().map(|key| key.len()).max();
        let longest_equals = longest(&self.equals).unwrap_or_default();
        let longest_beginning = longest(&self.scene_beginnings).unwrap_or_default();
        let words = automaton(&self.words);
        let word_lists = self
            .words
            .into_values()
            .map(|[anywhere, at_begin]| WordLists {
                anywhere: list(anywhere),
                at_begin: list(at_begin),
            });
        let word_lists = word_lists.collect();
        let mut map = |uses: BTreeMap<Box<str>, Vec<Use>>| {
            let lists = uses.into_iter().map(|(key, uses)| (key, list(uses)));
            lists.collect()
        };
        let equals = map(self.equals);
        let keys = map(self.keys);
        let scenes = map(self.scenes);
        let scene_beginnings = map(self.scene_beginnings);
        let kinds = self.kinds.into_iter();
        let kinds = kinds.map(|(kind, uses)| (kind, list(uses))).collect();
        let unprompted = list(self.unprompted);
        lists.shrink_to_fit();
        Index {
            lists,
            equals,
            longest_equals,
            words,
            word_lists,
            unprompted,
            regexes: self.regexes,
            keys,
            scenes,
            scene_beginnings,
            longest_beginning,
            kinds,
        }
    }
}

fn automaton(words: &BTreeMap<Box<str>, [Vec<Use>; 2]>) -> Option<AhoCorasick> {
    if words.is_empty() {
        return None;
    }
    AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(words.keys().map(|word| word.as_bytes()))
        .ok()
}

fn add(map: &mut BTreeMap<Box<str>, Vec<Use>>, key: &str, it: Use) {
    match map.get_mut(key) {
        Some(uses) => uses.push(it),
        None => {
            map.insert(key.into(), vec![it]);
        }
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Index {
    /// The rules that the message may fit.
    pub(super) fn find(&self, question: &Question<'_>) -> Hits {
        let mut found = Found {
            lists: &self.lists,
            hits: Vec::with_capacity(16),
            room: MANY,
        };
        if let Some(text) = &question.text {
            self.find_text(text, &mut found);
        }
        if let Some(key) = question.key {
            found.add_of(self.keys.get(key));
        }
        if let Some(scene) = question.scene {
            found.add_of(self.scenes.get(scene));
            let longest = scene.floor_char_boundary(self.longest_beginning);
            if !self.scene_beginnings.is_empty() {
                for length in (0..=longest).filter(|length| scene.is_char_boundary(*length)) {
                    found.add_of(self.scene_beginnings.get(&scene[..length]));
                }
            }
        }
        for (kind, list) in &self.kinds {
            if question.kind.is_one_of(&[*kind]) {
                found.add(*list);
            }
        }
        Hits(found.hits.into())
    }

    fn find_text(&self, text: &Text<'_>, found: &mut Found<'_>) {
        let whole = text.folded.trim();
        if !self.equals.is_empty() && whole.len() <= self.longest_equals {
            found.add_of(self.equals.get(whole));
        }
        found.add(self.unprompted);
        let Some(words) = &self.words else { return };
        for word in words.find_overlapping_iter(&*text.folded) {
            let lists = &self.word_lists[word.pattern().as_usize()];
            found.add(lists.anywhere);
            if word.start() == 0 {
                found.add(lists.at_begin);
            }
        }
    }

    /// A regular expression by its number.
    pub(super) fn regex(&self, number: u32) -> &Regex {
        &self.regexes[number as usize]
    }
}

/// Hits while they are looked for.
struct Found<'a> {
    lists: &'a [Use],
    hits: Vec<Reverse<Hit>>,
    room: usize,
}

impl Found<'_> {
    fn add(&mut self, List { begin, end }: List) {
        if begin == end {
            return;
        }
        if self.hits.len() >= self.room {
            // A word may stand in a text very often.
            self.hits.sort_unstable();
            self.hits.dedup();
            self.room = MANY.max(self.hits.len() * 2);
        }
        self.hits.push(Reverse(Hit {
            rule: self.lists[begin as usize].rule,
            next: begin,
            end,
        }));
    }

    fn add_of(&mut self, list: Option<&List>) {
        if let Some(list) = list {
            self.add(*list);
        }
    }
}

impl Hits {
    /// The next rule, if [`take`](Self::take) finds that it fits.
    pub(super) fn head(&self) -> Option<u32> {
        self.0.peek().map(|Reverse(hit)| hit.rule)
    }

    /// Takes the next rule; nothing when it does not fit after all.
    pub(super) fn take(&mut self, index: &Index, question: &Question<'_>) -> Option<u32> {
        let mut head = self.0.peek_mut()?;
        let Reverse(hit) = &mut *head;
        let Use { rule, regex } = index.lists[hit.next as usize];
        hit.next += 1;
        if hit.next < hit.end {
            hit.rule = index.lists[hit.next as usize].rule;
            drop(head);
        } else {
            std::collections::binary_heap::PeekMut::pop(head);
        }
        let text = question.text.as_ref();
        let fits = |regex| text.is_some_and(|text| index.regex(regex).is_match(&text.narrow));
        regex.is_none_or(fits).then_some(rule)
    }
}
