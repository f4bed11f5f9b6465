//! What a follower writes to the bot itself: to forget, to tell what was spent, to help.

use super::CommandSettings;
use crate::Language;
use crate::journal::Spent;
use crate::rule::fold::folded;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Clear,
    Usage,
    Help,
}

/// The words for each.
pub(super) struct Commands(Vec<(String, Command)>);

impl Commands {
    pub(super) fn new(settings: &CommandSettings) -> Self {
        let CommandSettings { clear, usage, help } = settings;
        let of = [
            (clear, Command::Clear),
            (usage, Command::Usage),
            (help, Command::Help),
        ];
        let words = of
            .into_iter()
            .flat_map(|(words, command)| words.iter().map(move |word| (whole(word), command)));
        Self(words.filter(|(word, _)| !word.is_empty()).collect())
    }

    /// What a whole text wants, if it is a command.
    pub(super) fn find(&self, text: &str) -> Option<Command> {
        let text = whole(text);
        let mut words = self.0.iter();
        words
            .find(|(word, _)| *word == text)
            .map(|(_, command)| *command)
    }
}

/// Case, width, and white space around it do not count.
fn whole(text: &str) -> String {
    folded(text.trim()).into_owned()
}

/// What was spent today, and how much may be: 0 is no limit.
pub(super) fn usage(spent: Spent, most: Spent, language: Language) -> String {
    let of = |spent: u64, most: u64| match most {
        0 => spent.to_string(),
        most => format!("{} / {most}", spent.min(most)),
    };
    let messages = of(spent.messages, most.messages);
    let tokens = of(spent.tokens, most.tokens);
    match language {
        Language::Chinese => format!("今天已提问 {messages} 次，用量 {tokens} token。"),
        Language::English => format!("Today: {messages} questions, {tokens} tokens."),
    }
}
