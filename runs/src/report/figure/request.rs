//! What a reader may ask of figures.

/// What a reader asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// A key of the config that returns are drawn over.
    pub x: Option<String>,
    /// The key that tells lines apart, or `method`.
    pub by: String,
    /// Whether policies are filmed.
    pub film: bool,
}

impl Default for Request {
    /// All that stands by itself.
    fn default() -> Self {
        Self { x: None, by: "method".to_owned(), film: true }
    }
}
