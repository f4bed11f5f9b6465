//! What is secret in an exchange, and is shown as `***`.

const SECRETS: [&str; 8] = [
    "access_token",
    "secret",
    "appsecret",
    "refresh_token",
    "component_access_token",
    "authorizer_access_token",
    "authorizer_refresh_token",
    "component_appsecret",
];

/// The text of a request or response without its secrets; what is not UTF-8 is replaced.
pub(crate) fn masked(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::with_capacity(text.len());
    // Up to where it was written, and up to where it was looked at.
    let (mut written, mut at) = (0, 0);
    while let Some(word) = next_word(&text, at) {
        at = word.1;
        if let Some((from, to)) = value(&text, word) {
            shown.push_str(&text[written..from]);
            shown.push_str("***");
            (written, at) = (to, to);
        }
    }
    shown.push_str(&text[written..]);
    shown
}

/// From where to where the next word goes that may be a name; in a query it may be percent-encoded.
fn next_word(text: &str, at: usize) -> Option<(usize, usize)> {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%');
    let rest = &text.as_bytes()[at..];
    let from = at + rest.iter().position(is_of_word)?;
    let rest = &text.as_bytes()[from..];
    let len = rest.iter().position(|byte| !is_of_word(byte));
    Some((from, from + len.unwrap_or(rest.len())))
}

/// From where to where the value goes of the field that this word names, if it is secret: `name=value`, or `"name": "value"`
/// with as many backslashes before each quote as JSON within JSON has.
fn value(text: &str, (from, to): (usize, usize)) -> Option<(usize, usize)> {
    if !is_secret(&text[from..to]) {
        return None;
    }
    let after = &text[to..];
    let (from, len) = if let Some(value) = after.strip_prefix('=') {
        let end = value.find(['&', ' ', '\r', '\n', '#']);
        (to + 1, end.unwrap_or(value.len()))
    } else {
        let (_, after) = quote(after)?;
        let after = after.trim_start().strip_prefix(':')?.trim_start();
        let (depth, value) = quote(after)?;
        (text.len() - value.len(), quoted_len(value, depth))
    };
    (len > 0).then_some((from, from + len))
}

/// Whether this names a secret, encoded or not. What is encoded may hold the end of a field before.
fn is_secret(word: &str) -> bool {
    if !word.contains('%') {
        return SECRETS.contains(&word);
    }
    let pair = format!("{word}=");
    let decoded = form_urlencoded::parse(pair.as_bytes()).next();
    decoded.is_some_and(|(name, _)| {
        let last = name.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        last.take(1).any(|name| SECRETS.contains(&name))
    })
}

/// How many backslashes stand before the quote that this begins with, and what follows.
fn quote(text: &str) -> Option<(usize, &str)> {
    let after = text.trim_start_matches('\\');
    Some((text.len() - after.len(), after.strip_prefix('"')?))
}

/// How long a value is whose quotes have so many backslashes: 0, in JSON within JSON 1, and then 3.
fn quoted_len(value: &str, depth: usize) -> usize {
    let mut backslashes = 0;
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'\\' => backslashes += 1,
            b'"' if backslashes % (2 * (depth + 1)) == depth => return at - depth,
            // It closes the text around this one.
            b'"' if backslashes % 2 == 0 => return at,
            _ => backslashes = 0,
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let cases = [
            (
                "GET /cgi-bin/token?appid=wx1&secret=abc&x=1 HTTP/1.1",
                "GET /cgi-bin/token?appid=wx1&secret=***&x=1 HTTP/1.1",
            ),
            (
                "POST /a?access_token=T HTTP/1.1\r\n\r\n{}",
                "POST /a?access_token=*** HTTP/1.1\r\n\r\n{}",
            ),
            (
                r#"{"access_token":"T","expires_in":7200}"#,
                r#"{"access_token":"***","expires_in":7200}"#,
            ),
            (
                r#"{"secret" : "s", "no_secret":"n"}"#,
                r#"{"secret" : "***", "no_secret":"n"}"#,
            ),
            ("我的 secret 是什么", "我的 secret 是什么"),
            // JSON within JSON, once and twice.
            (
                r#"{"request_body":"{\"secret\":\"S\",\"appid\":\"wx1\"}"}"#,
                r#"{"request_body":"{\"secret\":\"***\",\"appid\":\"wx1\"}"}"#,
            ),
            (
                r#"{"a":"{\"b\":\"{\\\"secret\\\": \\\"S\\\"}\"}"}"#,
                r#"{"a":"{\"b\":\"{\\\"secret\\\": \\\"***\\\"}\"}"}"#,
            ),
            (
                "GET /a?access%5Ftoken=T&%73ecret=S&b%26secret=S HTTP/1.1",
                "GET /a?access%5Ftoken=***&%73ecret=***&b%26secret=*** HTTP/1.1",
            ),
            // Quotes and backslashes within a value.
            (
                r#"{"secret":"a\"b\\","appid":"wx1"}"#,
                r#"{"secret":"***","appid":"wx1"}"#,
            ),
            (
                r#"{"a":"{\"secret\":\"x\\\"y\",\"b\":\"c\"}"}"#,
                r#"{"a":"{\"secret\":\"***\",\"b\":\"c\"}"}"#,
            ),
            (r#"{"secret":"#, r#"{"secret":"#),
            (r#"{"secret":"cut off"#, r#"{"secret":"***"#),
            (r#"{"secret":""}"#, r#"{"secret":""}"#),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn many_names_are_looked_at_once() {
        let text = "secret ".repeat(200_000);
        assert_eq!(masked(text.as_bytes()), text);
    }
}
