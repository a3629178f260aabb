//! Foreign text as a page and a shell take it.

/// `text` for HTML, SVG and attributes: nothing in it is markup, and no character is forbidden in XML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// `word` as a shell takes it for one word.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_foreign_text_is_text() {
        assert_eq!(
            escape("</script><b a='\"&\u{1}\u{1b}\n"),
            "&lt;/script&gt;&lt;b a=&#39;&quot;&amp;\u{fffd}\u{fffd}\n"
        );
    }

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(shell("--n"), "--n");
        assert_eq!(shell("a b"), "'a b'");
        assert_eq!(shell("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(shell(""), "''");
    }
}
