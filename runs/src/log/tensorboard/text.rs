//! Texts of the tab Text, in Markdown.

use tensorboard_proto::summary::Summary_Value;

use super::value::{of_plugin, string};

/// A text.
pub fn text(tag: &str, markdown: String) -> Summary_Value {
    of_plugin(tag, "text", Vec::new(), string(markdown))
}

/// Lines that stand as they are; `language` is that of a code.
pub fn verbatim(tag: &str, language: &str, lines: &str) -> Summary_Value {
    text(tag, format!("```{language}\n{}\n```", lines.trim_end()))
}
