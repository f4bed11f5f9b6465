//! What a model thinks aloud, between `<think>` and `</think>`, is not for the follower.
//!
//! The tag counts where models write it: at the beginning of an answer, and after a blank line. Elsewhere it is a part of the
//! text, for an answer may be about such tags.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Takes thinking out of a text that comes piece by piece.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    // What cannot be judged yet: the beginning of a tag.
    held: String,
    is_inside: bool,
    has_shown: bool,
    // How many line ends were shown since the last character that is no white space.
    n_lines: usize,
}

impl Thinking {
    /// What can be shown now.
    pub(super) fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let mut shown = String::new();
        loop {
            let is_changed = if self.is_inside {
                self.think()
            } else {
                self.speak(&mut shown)
            };
            if !is_changed {
                return shown;
            }
        }
    }

    /// What was held back at the end: the beginning of a tag that never came. Thinking that has no end shows nothing.
    pub(super) fn finish(mut self) -> String {
        let mut shown = String::new();
        if !self.is_inside {
            let held = std::mem::take(&mut self.held);
            self.show(&held, &mut shown);
        }
        shown
    }

    /// Drops what is thought; whether that has ended.
    fn think(&mut self) -> bool {
        if let Some(place) = self.held.find(CLOSE) {
            self.held.drain(..place + CLOSE.len());
            self.is_inside = false;
            return true;
        }
        let n_kept = begun(&self.held, CLOSE);
        self.held.drain(..self.held.len() - n_kept);
        false
    }

    /// Shows what is no thinking; whether that begins.
    fn speak(&mut self, shown: &mut String) -> bool {
        let held = std::mem::take(&mut self.held);
        let mut rest = &*held;
        while let Some(place) = rest.find('<') {
            self.show(&rest[..place], shown);
            rest = &rest[place..];
            let may_begin = !self.has_shown || self.n_lines >= 2;
            if may_begin && rest.starts_with(OPEN) {
                rest[OPEN.len()..].clone_into(&mut self.held);
                self.is_inside = true;
                return true;
            }
            if may_begin && OPEN.starts_with(rest) {
                rest.clone_into(&mut self.held);
                return false;
            }
            self.show("<", shown);
            rest = &rest[1..];
        }
        self.show(rest, shown);
        false
    }

    /// White space at the beginning is not shown: it stands around the thinking.
    fn show(&mut self, text: &str, shown: &mut String) {
        let text = if self.has_shown {
            text
        } else {
            text.trim_start()
        };
        for character in text.chars() {
            match character {
                '\n' => self.n_lines += 1,
                other if other.is_whitespace() => {}
                _ => self.n_lines = 0,
            }
        }
        self.has_shown |= !text.is_empty();
        shown.push_str(text);
    }
}

/// How many bytes at the end of `text` may be the beginning of `tag`.
fn begun(text: &str, tag: &str) -> usize {
    let most = text.len().min(tag.len() - 1);
    let is_begun = |length: &usize| text.as_bytes().ends_with(&tag.as_bytes()[..*length]);
    (1..=most).rev().find(is_begun).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However the text is cut, this is shown.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let characters: Vec<_> = text.chars().collect();
        for size in 1..=characters.len().max(1) {
            let mut thinking = Thinking::default();
            let mut shown = String::new();
            for piece in characters.chunks(size) {
                shown.push_str(&thinking.push(&piece.iter().collect::<String>()));
            }
            shown.push_str(&thinking.finish());
            assert_eq!(shown, expected, "{text:?} in pieces of {size}");
        }
    }

    #[test]
    fn thinking_is_not_shown() {
        check("<think>嗯</think>九点", "九点");
        check("<think>\n嗯 < 1 </thin\n</think>\n\n九点", "九点");
        check("\n <think>嗯</think>\n九点", "九点");
        check("<think></think>九点", "九点");
        check("<think>a</think>\n<think>b</think>c", "c");
        check("先\n\n<think>嗯</think>后", "先\n\n后");
        check("先\n \n<think>嗯</think>后", "先\n \n后");
        check("<think>没有结尾", "");
        check("先\n\n<think>没有结尾", "先\n\n");
        check("<think>嗯</thin", "");
    }

    #[test]
    fn what_only_looks_like_thinking_is_shown() {
        for text in [
            "",
            "九点",
            "<b>九点</b>",
            "<thin",
            "<thinking>嗯</thinking>",
            "用 <think> 标签",
            "先\n<think>嗯</think>后",
            "a </think> b",
            "先\n\n<thing>",
            "<",
        ] {
            check(text, text);
        }
        check("  九点", "九点");
    }

    #[test]
    fn a_character_waits_for_no_tag_that_cannot_begin() {
        let mut thinking = Thinking::default();
        assert_eq!(thinking.push("九点<"), "九点<");
        assert_eq!(thinking.push("\n\n<th"), "\n\n");
        assert_eq!(thinking.push("e"), "<the");
    }
}
