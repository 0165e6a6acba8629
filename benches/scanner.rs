//! A scanner written by hand for exactly these frames: the floor for decoding.
//!
//! It finds keys by their quotes at any depth and in any order, reads fixed-point numbers in place and checks next to nothing:
//! no escapes, no UTF-8, no structure. It is no parser to trade with.

/// A key and what follows its colon.
#[derive(Debug, Clone, Copy)]
pub struct Field<'t> {
    /// The key, without quotes.
    pub key: &'t [u8],
    /// A string without its quotes, a number as it stands, or empty where an array or object begins.
    pub value: &'t [u8],
}

/// Walks the fields of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Fields<'t> {
    /// From the start.
    #[must_use]
    #[inline]
    pub const fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    #[inline]
    fn until(&mut self, stop: u8) -> Option<&'t [u8]> {
        let rest = self.text.get(self.at..)?;
        let length = rest.iter().position(|byte| *byte == stop)?;
        self.at += length + 1;
        rest.get(..length)
    }

    /// The strings of an array of strings or of pairs of strings, from here to its end.
    #[inline]
    pub fn string(&mut self) -> Option<&'t [u8]> {
        loop {
            match self.text.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return self.until(b'"');
                }
                b']' if matches!(self.text.get(self.at + 1), Some(b']' | b'}')) => return None,
                b']' if self.text.get(self.at.wrapping_sub(1)) == Some(&b'[') => return None,
                _ => self.at += 1,
            }
        }
    }
}

impl<'t> Iterator for Fields<'t> {
    type Item = Field<'t>;

    #[inline]
    fn next(&mut self) -> Option<Field<'t>> {
        self.until(b'"')?;
        let key = self.until(b'"')?;
        self.at += 1;
        match self.text.get(self.at)? {
            b'"' => {
                self.at += 1;
                Some(Field { key, value: self.until(b'"')? })
            }
            b'{' | b'[' => Some(Field { key, value: &[] }),
            _ => {
                let rest = self.text.get(self.at..)?;
                let length = rest.iter().position(|byte| matches!(byte, b',' | b'}'))?;
                self.at += length;
                Some(Field { key, value: rest.get(..length)? })
            }
        }
    }
}

/// A decimal number in millionths.
#[must_use]
#[inline]
pub fn millionths(text: &[u8]) -> i64 {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let (mut value, mut decimals) = (0_i64, None);
    for byte in digits {
        match byte {
            b'.' => decimals = Some(0_u32),
            _ => {
                value = value * 10 + i64::from(byte - b'0');
                decimals = decimals.map(|count| count + 1);
            }
        }
    }
    for _ in decimals.unwrap_or(0)..6 {
        value *= 10;
    }
    if negative { -value } else { value }
}
