//! Words of a shell's command line.

/// `text` as one word.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `text` as one word, bare where it needs no quotes.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-,=+".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}
