//! `split.json`: cutting long text into parts.

mod common;

use common::{Verdict, same};
use echostr_protocol::split;
use serde::Deserialize;
use serde::de::IgnoredAny;
use unicode_segmentation::UnicodeSegmentation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[serde(rename = "rules")]
    _rules: IgnoredAny,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    pieces: Vec<Piece>,
    limit_bytes: usize,
    total_bytes: usize,
    min_parts: usize,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece {
    text: String,
    repeat: usize,
}

#[test]
fn the_texts_of_the_vectors_are_cut_by_their_rules() {
    let vectors: Vectors = common::load("split.json", "wechat-split-vectors/1");
    common::run("split.json", &vectors.cases, |case| &case.id, check);
}

fn check(case: &Case) -> Verdict {
    let text: String = case
        .pieces
        .iter()
        .map(|piece| piece.text.repeat(piece.repeat))
        .collect();
    same("the length", &text.len(), &case.total_bytes)?;
    let parts = split(&text, case.limit_bytes);
    same("the text of the parts", &parts.concat(), &*text)?;
    for part in &parts {
        if part.is_empty() || part.len() > case.limit_bytes {
            return Err(format!(
                "a part has {} bytes, 1 to {} are allowed",
                part.len(),
                case.limit_bytes
            ));
        }
    }
    if parts.len() < case.min_parts {
        return Err(format!(
            "there are {} parts, at least {} are needed",
            parts.len(),
            case.min_parts
        ));
    }
    if text.len() <= case.limit_bytes {
        same(
            "the number of parts",
            &parts.len(),
            &usize::from(!text.is_empty()),
        )?;
    }
    let cuts = cuts_of(&parts);
    let clusters = text
        .grapheme_indices(true)
        .map(|(start, cluster)| (start, cluster.len()));
    no_cut_within(&cuts, clusters, case.limit_bytes, "grapheme cluster")?;
    let links = text.match_indices("<a ").map(|(start, _)| {
        let length = text[start..]
            .find("</a>")
            .map_or(0, |length| length + "</a>".len());
        (start, length)
    });
    no_cut_within(&cuts, links, case.limit_bytes, "link")?;
    if case.id == "mixed-paragraphs" && cuts.iter().any(|cut| !text[..*cut].ends_with('\n')) {
        return Err("a cut is not at a line's end".into());
    }
    Ok(())
}

/// Where the text was cut.
fn cuts_of(parts: &[&str]) -> Vec<usize> {
    let ends = parts.iter().scan(0, |end, part| {
        *end += part.len();
        Some(*end)
    });
    let mut cuts: Vec<usize> = ends.collect();
    cuts.pop();
    cuts
}

/// What begins at a position and has a length is whole in one part, if it fits into one.
fn no_cut_within(
    cuts: &[usize],
    wholes: impl Iterator<Item = (usize, usize)>,
    limit_bytes: usize,
    what: &str,
) -> Verdict {
    for (start, length) in wholes.filter(|(_, length)| *length <= limit_bytes) {
        if let Some(cut) = cuts
            .iter()
            .find(|cut| (start + 1..start + length).contains(cut))
        {
            return Err(format!(
                "the {what} of {length} bytes at {start} is cut at {cut}"
            ));
        }
    }
    Ok(())
}
