//! What differs between two texts, line by line.

/// Longer texts are shown whole, one after the other.
const MAX_LINES: usize = 400;

/// Lines that begin with two blanks, `- ` (expected only) or `+ ` (found only).
pub(crate) fn difference(expected: &str, found: &str) -> Vec<String> {
    let left: Vec<&str> = expected.split('\n').collect();
    let right: Vec<&str> = found.split('\n').collect();
    let mut lines = Vec::new();
    if left.len() > MAX_LINES || right.len() > MAX_LINES {
        lines.extend(left.iter().map(|line| format!("- {line}")));
        lines.extend(right.iter().map(|line| format!("+ {line}")));
        return lines;
    }
    let common = common(&left, &right);
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        let is_common = i < left.len() && j < right.len() && left[i] == right[j];
        if is_common {
            lines.push(format!("  {}", left[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < left.len() && (j == right.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("- {}", left[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", right[j]));
            j += 1;
        }
    }
    lines
}

/// How many lines the rests from `i` and `j` have in common.
fn common(left: &[&str], right: &[&str]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = if left[i] == right[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn only_what_differs_is_marked() {
        let check = |expected: &str, found: &str, lines: &[&str]| {
            assert_eq!(difference(expected, found), lines);
        };
        check("你好", "你好", &["  你好"]);
        check("你好", "再见", &["- 你好", "+ 再见"]);
        check(
            "一\n二\n三",
            "一\n三\n四",
            &["  一", "- 二", "  三", "+ 四"],
        );
        check("", "a", &["- ", "+ a"]);
    }
}
