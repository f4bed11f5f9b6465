//! Spans of time as people write them: `5 s`, `300 ms`, `2 h`, `3 d`.

use std::time::Duration;

/// Units, with their length in seconds.
const UNITS: [(&str, f64); 5] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

/// Longer spans help nobody, and would overflow some clock.
const MAX: Duration = Duration::from_hours(100 * 366 * 24);

/// Reads `5 s`; the blank may be left out. Nothing when it is no span of time, or longer than a hundred years.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let amount: f64 = text[..end].parse().ok()?;
    let unit = text[end..].trim();
    let (_, secs) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let span = Duration::try_from_secs_f64(amount * secs).ok()?;
    (span <= MAX).then_some(span)
}

/// Writes it as [`parse`] reads it, in seconds or milliseconds.
pub(crate) fn written(span: Duration) -> String {
    if span.subsec_millis() == 0 {
        format!("{} s", span.as_secs())
    } else {
        format!("{} ms", span.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_they_are_written() {
        let check = |text: &str, millis: Option<u64>| {
            assert_eq!(parse(text), millis.map(Duration::from_millis), "{text}");
        };
        check("5 s", Some(5000));
        check("5s", Some(5000));
        check(" 0.5 s ", Some(500));
        check("300 ms", Some(300));
        check("2 min", Some(120_000));
        check("2 h", Some(7_200_000));
        check("3 d", Some(259_200_000));
        for wrong in [
            "",
            "5",
            "s",
            "-5 s",
            "5 m",
            "5 seconds",
            "1e9 d",
            "99999999 d",
            ". s",
        ] {
            check(wrong, None);
        }
        assert_eq!(written(Duration::from_millis(1500)), "1500 ms");
        assert_eq!(written(Duration::from_secs(2)), "2 s");
    }
}
