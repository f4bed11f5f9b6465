//! The name that was probably meant.

/// The most similar of the known names; nothing when none is alike.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, known)| *distance <= known.len().max(name.len()).div_ceil(3));
    near.min().map(|(_, known)| known)
}

/// Levenshtein's, with two letters swapped as one step; of names as long as ours.
fn distance(left: &str, right: &str) -> usize {
    let letters = |name: &str| -> Vec<char> { name.chars().take(64).collect() };
    let (left, right) = (letters(left), letters(right));
    // The row before the last, the last, the current.
    let mut rows = [vec![], vec![], (0..=right.len()).collect::<Vec<usize>>()];
    for (i, a) in left.iter().enumerate() {
        rows.rotate_left(1);
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = rows[1][j] + usize::from(a != b);
            let mut least = replaced.min(rows[1][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(rows[0][j - 1] + 1);
            }
            row.push(least);
        }
        rows[2] = row;
    }
    rows[2][right.len()]
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
