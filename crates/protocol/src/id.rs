//! Text that shares the push's one buffer, and the platform's identifiers.

use std::borrow::Borrow;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A piece of text that shares its buffer with the other pieces of the same push: cloning costs no allocation.
#[derive(Clone, Default)]
pub struct Str {
    buffer: Arc<str>,
    // Byte positions on character boundaries; a document has at most 1 MiB.
    start: u32,
    end: u32,
}

impl Str {
    /// The part `range` of `buffer`; its ends lie on character boundaries.
    pub(crate) fn slice(buffer: &Arc<str>, range: Range<u32>) -> Self {
        Self {
            buffer: Arc::clone(buffer),
            start: range.start,
            end: range.end,
        }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.buffer[self.start as usize..self.end as usize]
    }

    /// The text without `prefix`, if it begins with it.
    pub(crate) fn without_prefix(&self, prefix: &str) -> Option<Self> {
        self.as_str().starts_with(prefix).then(|| {
            let skipped = u32::try_from(prefix.len()).expect("prefixes are short constants");
            Self {
                start: self.start + skipped,
                ..self.clone()
            }
        })
    }
}

impl Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<Arc<str>> for Str {
    /// # Panics
    /// When the text has 4 GiB or more.
    fn from(buffer: Arc<str>) -> Self {
        let end = u32::try_from(buffer.len()).expect("a text of a message has less than 4 GiB");
        Self {
            buffer,
            start: 0,
            end,
        }
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl From<Str> for String {
    fn from(text: Str) -> Self {
        text.as_str().to_owned()
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Str {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Serialize for Str {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Str {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Str);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<Str> for $name {
            fn from(text: Str) -> Self {
                Self(text)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == **other
            }
        }
    )*};
}

identifiers! {
    /// An account's AppID — `wx` and 16 hex digits. In third-party-platform pushes it may be the component's.
    AppId;
    /// An account's original id (原始 ID) — `gh_` and 12 hex digits. Replies carry it as `FromUserName`; the AppID there
    /// shows the follower the failure notice.
    GhId;
    /// A follower's id, unique per account; normally 28 characters that begin with `o`.
    OpenId;
    /// A person's id over all accounts of one open-platform subject.
    UnionId;
    /// A message's id: today 17 digits, above 2^53; kept as text because nothing promises digits.
    MsgId;
    /// The id of a picture, voice or video at the platform. Temporary ones live three days. Allow 512 characters.
    MediaId;
}
