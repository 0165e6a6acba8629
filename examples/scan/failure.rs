//! Why `scan` ends with an error, in one sentence.

/// A message for the person and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// One sentence naming the thing and what to do.
    pub message: String,
    /// 2 for wrong input, 1 for anything else.
    pub code: u8,
}

impl Failure {
    /// Wrong input: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// Something failed while running: exit code 1.
    pub fn run(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// An error and its causes.
    pub fn from_error(context: &str, error: &dyn std::error::Error) -> Self {
        let mut message = format!("{context}: {error}");
        let mut cause = error.source();
        while let Some(source) = cause {
            message.push_str(&format!(": {source}"));
            cause = source.source();
        }
        Self::run(message)
    }
}
