//! JSON objects whose members keep the order they are written in, as the venues' frames do.

use std::fmt::Write as _;

use serde::Serialize;

/// An object under construction.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(256))
    }

    fn key(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    /// A member of any type; what cannot be written is null.
    pub(crate) fn field(mut self, name: &str, value: impl Serialize) -> Self {
        self.key(name);
        self.0.push_str(&serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned()));
        self
    }

    /// A string member whose text needs no escapes: numbers, ids, hashes.
    pub(crate) fn plain(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.key(name);
        // Writing to a string cannot fail.
        let _ = write!(self.0, "\"{value}\"");
        self
    }

    /// A member that is JSON already.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        self.key(name);
        self.0.push_str(json);
        self
    }

    pub(crate) fn end(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

/// JSON values in an array.
pub(crate) fn array(entries: impl IntoIterator<Item = String>) -> String {
    let mut text = String::from("[");
    for entry in entries {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&entry);
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let inner = Object::new().plain("b", 1).end();
        let text = Object::new()
            .field("type", "a \"b\"")
            .raw("msg", &inner)
            .raw("list", &array(["1".to_owned(), "2".to_owned()]))
            .field("none", None::<u8>)
            .end();
        assert_eq!(text, r#"{"type":"a \"b\"","msg":{"b":"1"},"list":[1,2],"none":null}"#);
        assert_eq!(Object::new().end(), "{}");
        assert_eq!(array([]), "[]");
    }
}
