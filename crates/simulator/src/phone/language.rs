//! [`Language`]: in which the page speaks. The two texts stand beside each other where they are used.

/// The page's language; what followers and accounts write is theirs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// `zh` or `en`, as it stands in the query and the cookie.
    pub(super) fn by_word(word: &str) -> Option<Self> {
        match word {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The one of the page's cookie.
    pub(super) fn of_cookies(cookies: &str) -> Option<Self> {
        let mut cookies = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='));
        let (_, word) = cookies.find(|(name, _)| *name == "language")?;
        Self::by_word(word)
    }

    /// The first that a browser asks for, if it is one of ours.
    pub(super) fn of_accept(accepted: &str) -> Option<Self> {
        let first = accepted.split([',', ';']).next()?.trim();
        Self::by_word(first.split('-').next()?)
    }

    /// For `lang` in HTML.
    pub(super) fn tag(self) -> &'static str {
        self.t("zh-CN", "en")
    }

    /// As it stands in the query and the cookie.
    pub(super) fn word(self) -> &'static str {
        self.t("zh", "en")
    }

    /// The one that is not spoken.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// The text in this language.
    pub(super) fn t<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_read_from_cookies_and_from_what_a_browser_asks_for() {
        assert_eq!(
            Language::of_cookies("a=b; language=en"),
            Some(Language::English)
        );
        assert_eq!(Language::of_cookies("language=fr"), None);
        assert_eq!(
            Language::of_accept("en-GB,en;q=0.9"),
            Some(Language::English)
        );
        assert_eq!(
            Language::of_accept("zh-CN,zh;q=0.9"),
            Some(Language::Chinese)
        );
        assert_eq!(Language::of_accept("de"), None);
    }
}
