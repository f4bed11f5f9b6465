//! The name that was probably meant.

/// The most similar of the known names; nothing when none is alike.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, known)| *distance <= known.len().max(name.len()).div_ceil(3));
    near.min().map(|(_, known)| known)
}

/// How many letters differ; two that have changed places are one.
fn distance(left: &str, right: &str) -> usize {
    let letters = |name: &str| -> String { name.chars().take(64).collect() };
    strsim::osa_distance(&letters(left), &letters(right))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_mistake_is_recognized() {
        let known = ["says", "expect", "within", "token"];
        assert_eq!(nearest("expects", &known), Some("expect"));
        assert_eq!(nearest("sais", &known), Some("says"));
        assert_eq!(nearest("tokn", &known), Some("token"));
        assert_eq!(nearest("ulr", &["url"]), Some("url"));
        assert_eq!(nearest("colour", &known), None);
    }
}
