//! [`Mix`]: which kinds of messages a load is made of: `text=80,image=10,event=10`.

use std::fmt;
use std::str::FromStr;

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text, different each time.
    Text,
    /// A picture.
    Image,
    /// A voice message.
    Voice,
    /// A tap on a menu button (`CLICK`).
    Event,
    /// Somebody follows, by a code with a scene (each another one).
    Subscribe,
}

impl Kind {
    const ALL: [(&str, Self); 5] = [
        ("text", Self::Text),
        ("image", Self::Image),
        ("voice", Self::Voice),
        ("event", Self::Event),
        ("subscribe", Self::Subscribe),
    ];

    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(name, _)| name)
    }
}

/// Kinds, each with its weight. By default all are texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(Vec<(Kind, u32)>);

impl Default for Mix {
    fn default() -> Self {
        Self(vec![(Kind::Text, 1)])
    }
}

impl Mix {
    /// The kind of the message with this number: evenly spread, the same in every run.
    pub(super) fn kind(&self, number: u64) -> Kind {
        let total: u64 = self.0.iter().map(|(_, weight)| u64::from(*weight)).sum();
        // Steps that reach every place, so that kinds alternate instead of coming in blocks.
        let from = total * 5 / 8 + 1;
        let step = (from..from + total).find(|step| gcd(*step, total) == 1);
        let mut place = number % total * step.unwrap_or(1) % total;
        for (kind, weight) in &self.0 {
            match place.checked_sub(u64::from(*weight)) {
                None => return *kind,
                Some(rest) => place = rest,
            }
        }
        Kind::Text
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// It is no mix; what one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` 不是种类的比例，可以写 · is no mix of kinds; write for example `text=80,image=10,event=10` \
     (`text`, `image`, `voice`, `event`, `subscribe`; weights up to 10000)"
)]
pub struct NotAMix(String);

impl FromStr for Mix {
    type Err = NotAMix;

    fn from_str(text: &str) -> Result<Self, NotAMix> {
        let wrong = || NotAMix(text.to_owned());
        let mut mix = Vec::new();
        for part in text.split(',') {
            let (name, weight) = part.split_once('=').ok_or_else(wrong)?;
            let known = Kind::ALL.iter().find(|(known, _)| *known == name.trim());
            let (_, kind) = known.ok_or_else(wrong)?;
            let weight: u32 = weight.trim().parse().map_err(|_| wrong())?;
            if weight > 10_000 || mix.iter().any(|(other, _)| other == kind) {
                return Err(wrong());
            }
            mix.push((*kind, weight));
        }
        if mix.iter().all(|(_, weight)| *weight == 0) {
            return Err(wrong());
        }
        Ok(Self(mix))
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (kind, weight)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{}={weight}", kind.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_by_their_weights() {
        let mix: Mix = "text=80, image=10,event=10".parse().expect("a mix");
        let count = |kind| (0..1000).filter(|n| mix.kind(*n) == kind).count();
        assert_eq!(count(Kind::Text), 800);
        assert_eq!(count(Kind::Image), 100);
        assert_eq!(count(Kind::Event), 100);
        // No long block of one kind.
        assert!((0..20).any(|n| mix.kind(n) != Kind::Text));
        assert_eq!(mix.to_string(), "text=80,image=10,event=10");
        let only: Mix = "voice=1".parse().expect("a mix");
        assert_eq!(only.kind(7), Kind::Voice);
    }

    #[test]
    fn what_is_no_mix_is_refused() {
        for wrong in [
            "",
            "text",
            "text=x",
            "txt=1",
            "text=0",
            "text=1,text=2",
            "text=99999",
        ] {
            wrong.parse::<Mix>().expect_err(wrong);
        }
    }
}
