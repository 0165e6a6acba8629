//! Numbers that look random and are the same every run.

/// xorshift: the same numbers every run.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// From the beginning.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default random is no random")]
    pub const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `most`.
    pub const fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// A number from 0 up to, but not, 1.
    pub const fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
