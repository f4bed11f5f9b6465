//! What the platform makes of the HTML of an article: scripts go, and pictures that are not its own.

/// Where pictures may be, beside the simulator itself: pictures that were uploaded to the real platform.
const PICTURES: &str = "://mmbiz.qpic.cn/";

/// The HTML as the platform keeps it. `base`: where the simulator is.
pub(super) fn cleaned(html: &str, base: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((text, from_tag)) = split_before(rest, '<') {
        kept.push_str(text);
        let end = from_tag.find('>').map_or(from_tag.len(), |end| end + 1);
        let (tag, behind) = from_tag.split_at(end);
        rest = behind;
        if is(tag, "script") {
            let end = behind.to_ascii_lowercase().find("</script>");
            rest = end.map_or("", |end| &behind[end + "</script>".len()..]);
        } else if !is(tag, "img") || is_own(tag, base) {
            kept.push_str(tag);
        }
    }
    kept.push_str(rest);
    kept
}

fn split_before(text: &str, character: char) -> Option<(&str, &str)> {
    text.find(character).map(|place| text.split_at(place))
}

/// Whether this is the begin of such an element.
fn is(tag: &str, name: &str) -> bool {
    let rest = tag[1..].get(..name.len());
    let behind = tag[1..].get(name.len()..).unwrap_or_default();
    rest.is_some_and(|found| found.eq_ignore_ascii_case(name))
        && behind.starts_with([' ', '\t', '\n', '\r', '/', '>'])
}

fn is_own(img: &str, base: &str) -> bool {
    let source = img.split_once("src=").map_or("", |(_, source)| source);
    let source = source.trim_start_matches(['"', '\'']);
    let behind = source
        .trim_start_matches("https")
        .trim_start_matches("http");
    source.starts_with(&format!("{base}/sim/media/")) || behind.starts_with(PICTURES)
}

/// What stands in HTML, without its elements.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, from_tag)) = split_before(rest, '<') {
        text.push_str(before);
        rest = from_tag.split_once('>').map_or("", |(_, behind)| behind);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(cleaned(html, "http://127.0.0.1:8090"), expected);
    }

    #[test]
    fn scripts_and_the_pictures_of_others_are_left_out() {
        check("<p>十点</p>", "<p>十点</p>");
        check("一<script>alert(1)</script>二", "一二");
        check("一<SCRIPT src='a'>", "一");
        check("<scripture>", "<scripture>");
        check("<p><img src=\"https://example.com/a.png\"></p>", "<p></p>");
        let own = "<img src=\"http://127.0.0.1:8090/sim/media/wx1/abc\">";
        check(own, own);
        let own = "<img class='a' src='https://mmbiz.qpic.cn/mmbiz_jpg/a/0'/>";
        check(own, own);
        check("1 < 2", "1 < 2");
    }

    #[test]
    fn a_summary_is_what_stands_between_the_elements() {
        assert_eq!(plain("<p>十点<b>开门</b></p>"), "十点开门");
        assert_eq!(plain("一<img"), "一");
    }
}
