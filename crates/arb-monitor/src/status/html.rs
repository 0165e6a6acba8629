//! HTML that cannot be broken by what it shows.

use std::fmt::{Display, Write};

/// HTML under construction. Markup comes from literals only; everything else is escaped.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text or an attribute's value, escaped.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        // Writing into a String cannot fail.
        let _ = write!(Escaped(&mut self.0), "{text}");
        self
    }

    /// Adds a cell. Its column's name is shown beside it where the screen is narrow.
    pub(super) fn cell(&mut self, column: &'static str, text: impl Display) -> &mut Self {
        self.open(column).text(text).raw("</td>")
    }

    /// Adds a cell of digits.
    pub(super) fn number(&mut self, column: &'static str, text: impl Display) -> &mut Self {
        self.raw("<td class=\"n\" data-c=\"").raw(column).raw("\">").text(text).raw("</td>")
    }

    /// Begins a cell.
    pub(super) fn open(&mut self, column: &'static str) -> &mut Self {
        self.raw("<td data-c=\"").raw(column).raw("\">")
    }

    /// Begins a table with a caption for those who do not see it and a head row. Columns that begin
    /// with `#` hold digits.
    pub(super) fn table(&mut self, caption: &'static str, columns: &[&'static str]) -> &mut Self {
        self.raw("<table><caption>").raw(caption).raw("</caption><thead><tr>");
        for column in columns {
            match column.strip_prefix('#') {
                Some(digits) => self.raw("<th scope=\"col\" class=\"n\">").raw(digits),
                None => self.raw("<th scope=\"col\">").raw(column),
            };
            self.raw("</th>");
        }
        self.raw("</tr></thead><tbody>")
    }

    /// Adds a short word with a colour and a sign, so that colour is not all there is.
    pub(super) fn badge(&mut self, tone: super::Tone, text: impl Display) -> &mut Self {
        self.raw(match tone {
            super::Tone::Plain => "<span class=\"b\">",
            super::Tone::Good => "<span class=\"b good\"><i aria-hidden=\"true\">●</i> ",
            super::Tone::Warn => "<span class=\"b warn\"><i aria-hidden=\"true\">▲</i> ",
            super::Tone::Bad => "<span class=\"b bad\"><i aria-hidden=\"true\">■</i> ",
        });
        self.text(text).raw("</span>")
    }

    /// The finished text.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Invisible characters that reorder or hide text.
                '\u{0}'..='\u{8}'
                | '\u{b}'..='\u{1f}'
                | '\u{7f}'..='\u{9f}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}' => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_in_text_stays_text() {
        let mut html = Html::default();
        html.raw("<p title=\"").text("\"><script>alert('x')</script>&").raw("\">");
        let expected =
            "<p title=\"&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;\">";
        assert_eq!(html.finish(), expected);
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(text in any::<String>()) {
            let mut html = Html::default();
            html.text(&text);
            let out = html.finish();
            let markup = ['<', '>', '"', '\'', '\u{202e}', '\u{0}'];
            prop_assert!(!out.contains(markup));
        }
    }
}
