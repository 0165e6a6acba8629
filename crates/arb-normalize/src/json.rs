//! A cursor over JSON text that borrows what it reads and checks what it skips.
//!
//! It accepts exactly the JSON grammar (RFC 8259), to a depth of [`MAX_DEPTH`], so a frame it lets pass is a frame any
//! other reader would let pass. Strings with escapes are the rare path: `serde_json` unescapes them one by one.

use std::borrow::Cow;

use crate::{DecodeError, Venue, fixed};

/// How deep values may nest; a deeper one is refused.
pub(crate) const MAX_DEPTH: usize = 64;

/// The longest frame read, the venues' own limit (64 MiB).
pub(crate) const MAX_LENGTH: usize = 64 << 20;

/// A place in a text and the way forward.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    venue: Venue,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string without escapes; the token covers what is between the quotes.
    Plain,
    /// A string with escapes; the token covers what is between the quotes.
    Escaped,
    /// A number.
    Number,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
    /// An object or array, passed over.
    Nested,
}

/// One value, by its place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// First byte.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
    /// What it is.
    pub kind: Kind,
}

type Read<T> = Result<T, DecodeError>;

impl<'a> Cursor<'a> {
    /// A cursor at the start of a frame.
    pub(crate) fn new(venue: Venue, frame: &'a [u8]) -> Read<Self> {
        let syntax = |reason, at| DecodeError::Syntax { venue, reason, at };
        if frame.len() > MAX_LENGTH {
            return Err(syntax("at most 64 MiB expected", MAX_LENGTH));
        }
        let text = std::str::from_utf8(frame)
            .map_err(|error| syntax("UTF-8 expected", error.valid_up_to()))?;
        Ok(Self { text, bytes: frame, at: 0, venue })
    }

    /// A cursor over the same text from `at` on.
    pub(crate) fn seek(&self, at: usize) -> Self {
        Self { at, ..self.clone() }
    }

    /// The whole text.
    pub(crate) const fn text(&self) -> &'a str {
        self.text
    }

    /// Where the cursor stands.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The refusal of what stands here.
    #[cold]
    pub(crate) fn expected<T>(&self, reason: &'static str) -> Read<T> {
        Err(DecodeError::Syntax { venue: self.venue, reason, at: self.at })
    }

    /// The next byte behind white space, not taken.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Some(*byte),
                None => return None,
            }
        }
    }

    /// Takes `literal` if exactly that stands here, white space not passed over.
    #[inline]
    pub(crate) fn take(&mut self, literal: &[u8]) -> bool {
        let found = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(literal));
        if found {
            self.at += literal.len();
        }
        found
    }

    /// Takes one structural byte behind white space.
    #[inline]
    fn take_byte(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Refuses anything but white space up to the end.
    pub(crate) fn end(&mut self) -> Read<()> {
        if self.peek().is_none() { Ok(()) } else { self.expected("end of the frame") }
    }

    /// The value and number of the decimal digits that stand here, not taken; the value wraps beyond 19 digits.
    #[inline]
    pub(crate) fn leading_digits(&self) -> (u64, usize) {
        let (mut value, mut length) = (0_u64, 0);
        for byte in self.bytes.get(self.at..).unwrap_or_default() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            length += 1;
        }
        (value, length)
    }

    /// Takes a plain decimal up to and with its closing quote, in millionths: what [`fixed::parse_usual`] reads. `None` (and
    /// no move) for anything else.
    #[inline]
    pub(crate) fn micros_until_quote(&mut self) -> Option<u64> {
        let rest = self.bytes.get(self.at..)?;
        // 13 digits times 10^6 fit 64 bits; with the point and the quote that is 15 bytes.
        let (mut value, mut point) = (0_u64, usize::MAX);
        for (index, byte) in rest.iter().take(15).enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            } else if *byte == b'.' && point == usize::MAX {
                point = index;
            } else if *byte == b'"' {
                let decimals = if point == usize::MAX { 0 } else { index - point - 1 };
                let digits = index - usize::from(point != usize::MAX);
                if !(1..=13).contains(&digits) || decimals > 6 {
                    return None;
                }
                self.at += index + 1;
                return Some(value * fixed::POWERS[6 - decimals]);
            } else {
                return None;
            }
        }
        None
    }

    /// Whether that byte stands here.
    #[inline]
    pub(crate) fn starts_with(&self, byte: u8) -> bool {
        self.bytes.get(self.at) == Some(&byte)
    }

    /// Goes on by bytes already looked at.
    #[inline]
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Takes the string that stands here without escapes, `None` (and no move) for anything else.
    ///
    /// The opening quote has been taken; the closing quote is taken, too.
    #[inline]
    pub(crate) fn plain_until_quote(&mut self) -> Option<Token> {
        let start = self.at;
        let end = find_special(self.bytes, start);
        if self.bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some(Token { start: start as u32, end: end as u32, kind: Kind::Plain })
    }

    /// Takes a string.
    #[inline]
    fn string(&mut self) -> Read<Token> {
        if !self.take_byte(b'"') {
            return self.expected("a string");
        }
        match self.plain_until_quote() {
            Some(token) => Ok(token),
            None => self.escaped_string(),
        }
    }

    #[cold]
    fn escaped_string(&mut self) -> Read<Token> {
        let start = self.at;
        loop {
            self.at = find_special(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => match self.bytes.get(self.at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u')
                        if self
                            .bytes
                            .get(self.at + 2..self.at + 6)
                            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
                    {
                        self.at += 6;
                    }
                    _ => return self.expected("a valid escape"),
                },
                _ => return self.expected("a closed string without control characters"),
            }
        }
        let token = Token { start: start as u32, end: self.at as u32, kind: Kind::Escaped };
        self.at += 1;
        Ok(token)
    }

    /// Takes a number.
    fn number(&mut self) -> Read<Token> {
        let start = self.at;
        let mut at = start + usize::from(self.bytes.get(start) == Some(&b'-'));
        let digits = |from: usize| {
            from + self.bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let whole = digits(at);
        let leading_zero = self.bytes.get(at) == Some(&b'0');
        if whole == at || (leading_zero && whole > at + 1) {
            return self.expected("a value");
        }
        at = whole;
        if self.bytes.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            if fraction == at + 1 {
                return self.expected("a number with digits behind the point");
            }
            at = fraction;
        }
        if matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits((at + 1 + sign).min(self.bytes.len()));
            if exponent == at + 1 + sign {
                return self.expected("a number with digits in its exponent");
            }
            at = exponent;
        }
        self.at = at;
        Ok(Token { start: start as u32, end: at as u32, kind: Kind::Number })
    }

    /// Takes any value; objects and arrays are passed over whole.
    #[inline]
    pub(crate) fn value(&mut self) -> Read<Token> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.nested(),
            _ => self.bare(),
        }
    }

    fn bare(&mut self) -> Read<Token> {
        let start = self.at;
        let kind = match self.bytes.get(start) {
            Some(b't') if self.take(b"true") => Kind::True,
            Some(b'f') if self.take(b"false") => Kind::False,
            Some(b'n') if self.take(b"null") => Kind::Null,
            _ => return self.number(),
        };
        Ok(Token { start: start as u32, end: self.at as u32, kind })
    }

    /// Passes over an object or array, checking its grammar.
    fn nested(&mut self) -> Read<Token> {
        let start = self.at;
        // One bit a level: 1 inside an object.
        let (mut objects, mut depth) = (0_u64, 0_usize);
        loop {
            // A value is due.
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == MAX_DEPTH {
                        return self.expected("values nested at most 64 deep");
                    }
                    self.at += 1;
                    depth += 1;
                    objects = objects << 1 | u64::from(open == b'{');
                    let close = if open == b'{' { b'}' } else { b']' };
                    if self.take_byte(close) {
                        depth -= 1;
                        objects >>= 1;
                    } else {
                        if open == b'{' {
                            self.key_token()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                _ => {
                    self.bare()?;
                }
            }
            // A value is complete: a comma, or ends.
            loop {
                if depth == 0 {
                    return Ok(Token {
                        start: start as u32,
                        end: self.at as u32,
                        kind: Kind::Nested,
                    });
                }
                let in_object = objects & 1 == 1;
                if self.take_byte(b',') {
                    if in_object {
                        self.key_token()?;
                    }
                    break;
                }
                if !self.take_byte(if in_object { b'}' } else { b']' }) {
                    return self.expected("a comma or the end of an object or array");
                }
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    fn key_token(&mut self) -> Read<Token> {
        let key = self.string()?;
        if !self.take_byte(b':') {
            return self.expected("a colon");
        }
        Ok(key)
    }

    /// Takes an object; `member` is given each key with the cursor before its value and must take the value.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &[u8]) -> Read<()>,
    ) -> Read<()> {
        if !self.take_byte(b'{') {
            return self.expected("an object");
        }
        if self.take_byte(b'}') {
            return Ok(());
        }
        loop {
            let key = self.key_token()?;
            if key.kind == Kind::Plain {
                let bytes = self.bytes;
                member(self, &bytes[key.start as usize..key.end as usize])?;
            } else {
                let key = self.string_of(key)?.into_owned();
                member(self, key.as_bytes())?;
            }
            if self.take_byte(b',') {
                continue;
            }
            if self.take_byte(b'}') {
                return Ok(());
            }
            return self.expected("a comma or the end of an object");
        }
    }

    /// Takes an array; `item` must take one value each time.
    #[inline]
    pub(crate) fn array(&mut self, mut item: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        if !self.take_byte(b'[') {
            return self.expected("an array");
        }
        if self.take_byte(b']') {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take_byte(b',') {
                continue;
            }
            if self.take_byte(b']') {
                return Ok(());
            }
            return self.expected("a comma or the end of an array");
        }
    }

    /// The text of a token as it stands in the frame.
    #[inline]
    pub(crate) fn raw(&self, token: Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// The bytes of a token as they stand in the frame.
    #[inline]
    pub(crate) fn raw_bytes(&self, token: Token) -> &'a [u8] {
        self.bytes.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// The text of a string, unescaped; of any other value as it stands.
    pub(crate) fn string_of(&self, token: Token) -> Read<Cow<'a, str>> {
        if token.kind != Kind::Escaped {
            return Ok(Cow::Borrowed(self.raw(token)));
        }
        let quoted =
            self.text.get(token.start as usize - 1..token.end as usize + 1).unwrap_or_default();
        serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| DecodeError::Syntax {
            venue: self.venue,
            reason: "a string of whole characters expected",
            at: token.start as usize,
        })
    }
}

/// The first place at or behind `at` with a quote, a backslash or a control character; the length if there is none.
#[inline]
fn find_special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        // The usual "has a zero byte" and "has a byte below n"; exact for the lowest hit, which is the one wanted.
        let hit = (quote.wrapping_sub(ONES) & !quote
            | slash.wrapping_sub(ONES) & !slash
            | word.wrapping_sub(ONES * 0x20) & !word)
            & HIGHS;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            return at;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(text: &[u8]) -> bool {
        Cursor::new(Venue::Kalshi, text)
            .and_then(|mut cursor| cursor.value().and_then(|_| cursor.end()))
            .is_ok()
    }

    #[test]
    fn accepts_and_refuses_as_the_grammar_says() {
        for text in [
            "{}",
            "[]",
            " [1 , 2.5e-3,-0, {\"a\":[true,false,null]} ] ",
            "\"\\u00e9\\n\"",
            "0",
            "\"\u{7f}\"",
        ] {
            assert!(accepts(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "01",
            "1.",
            "-",
            "1e",
            "tru",
            "\"a",
            "\"\\x\"",
            "\"\n\"",
            "[1 2]",
            "{}x",
            "{1:2}",
            "\"\\u12g4\"",
            "[}",
            "{\"a\":]}",
        ] {
            assert!(!accepts(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(accepts(nested(MAX_DEPTH).as_bytes()));
        assert!(!accepts(nested(MAX_DEPTH + 1).as_bytes()));
    }

    proptest! {
        #[test]
        fn special_bytes_are_found_where_they_are(bytes in proptest::collection::vec(prop_oneof![40 => 0x23_u8..0x5b, 1 => any::<u8>()], 0..160), from in 0_usize..160) {
            let from = from.min(bytes.len());
            let slow = bytes[from..].iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).map_or(bytes.len(), |p| from + p);
            prop_assert_eq!(find_special(&bytes, from), slow);
        }

        #[test]
        fn agrees_with_another_reader(text in "[\\[\\]{}\",:0-2a\\\\ u.e-]{0,24}") {
            let other = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(accepts(text.as_bytes()), other, "{}", text);
        }
    }
}
