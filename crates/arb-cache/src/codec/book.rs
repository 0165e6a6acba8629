//! Books in columns of integers.
//!
//! `[price shift, size shift, bid prices, bid sizes, ask prices, ask sizes]`: each column is a MessagePack array, best level
//! first. All prices are divided by 10^(price shift) millionths of a dollar, all sizes by 10^(size shift) millionths of a
//! contract, the largest powers of ten that divide them all, so nothing is rounded. The first price of a side stands as it is, each
//! further one as its distance from the one before. Every price and size of the vocabulary fits.

use arb_normalize::{Book, Level};

use super::{CodecError, malformed, price, quantity};

const POWERS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// Appends the columns of `book` to `out`.
pub fn encode_book(book: &Book, out: &mut Vec<u8>) {
    let levels: Vec<Level> = book.bids().chain(book.asks()).collect();
    let (bids, asks) = levels.split_at(book.bids().len());
    let price_shift = common_shift(&levels, |level| u64::from(level.price.micros()));
    let size_shift = common_shift(&levels, |level| level.size.micros());

    let mut writer = Writer::new(out, 2 * levels.len() + 7);
    writer.byte(0x96); // an array of six
    writer.uint(price_shift as u64);
    writer.uint(size_shift as u64);
    for side in [bids, asks] {
        writer.array_len(side.len());
        writer.prices(side, price_shift);
        writer.array_len(side.len());
        writer.sizes(side, size_shift);
    }
    writer.finish();
}

/// Bytes of the longest number: a marker and eight.
const LONGEST: usize = 9;

/// Writes MessagePack over room made before: every number as if it were the longest, of which the next one covers what is too much.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    at: usize,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut Vec<u8>, numbers: usize) -> Self {
        let at = out.len();
        out.resize(at + LONGEST * numbers, 0);
        Self { out, at }
    }

    fn finish(self) {
        self.out.truncate(self.at);
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.out.get_mut(self.at) {
            *place = byte;
            self.at += 1;
        }
    }

    /// A marker and the last `width` bytes of a number.
    #[inline]
    fn marked(&mut self, marker: u8, number: u64, width: usize) {
        let room = self.out.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut);
        let Some([first, bytes @ ..]): Option<&mut [u8; LONGEST]> = room else { return };
        *first = marker;
        *bytes = (number << (64 - 8 * width)).to_be_bytes();
        self.at += 1 + width;
    }

    /// The shortest of MessagePack's unsigned forms.
    #[inline]
    fn uint(&mut self, number: u64) {
        match number {
            0..=0x7f => self.byte(number as u8),
            0x80..=0xff => self.marked(0xcc, number, 1),
            0x100..=0xffff => self.marked(0xcd, number, 2),
            0x1_0000..=0xffff_ffff => self.marked(0xce, number, 4),
            _ => self.marked(0xcf, number, 8),
        }
    }

    fn array_len(&mut self, len: usize) {
        match len {
            0..=15 => self.byte(0x90 | len as u8),
            16..=0xffff => self.marked(0xdc, len as u64, 2),
            // A book has at most a million price levels a side.
            _ => self.marked(0xdd, len as u64, 4),
        }
    }

    fn prices(&mut self, side: &[Level], shift: usize) {
        let mut previous = 0_u64;
        for level in side {
            let price = shifted(u64::from(level.price.micros()), shift);
            self.uint(price.abs_diff(previous));
            previous = price;
        }
    }

    fn sizes(&mut self, side: &[Level], shift: usize) {
        for level in side {
            self.uint(shifted(level.size.micros(), shift));
        }
    }
}

/// The largest power of ten, at most six, that divides every number.
fn common_shift(levels: &[Level], number: impl Fn(&Level) -> u64) -> usize {
    let mut shift = 6;
    for number in levels.iter().map(number) {
        while !divides(shift, number) {
            shift -= 1;
        }
    }
    shift
}

/// With constant divisors, which the compiler turns into multiplications.
#[inline]
const fn shifted(number: u64, shift: usize) -> u64 {
    match shift {
        6 => number / 1_000_000,
        5 => number / 100_000,
        4 => number / 10_000,
        3 => number / 1_000,
        2 => number / 100,
        1 => number / 10,
        _ => number,
    }
}

/// Whether a power of ten divides a number.
#[inline]
const fn divides(shift: usize, number: u64) -> bool {
    match shift {
        6 => number.is_multiple_of(1_000_000),
        5 => number.is_multiple_of(100_000),
        4 => number.is_multiple_of(10_000),
        3 => number.is_multiple_of(1_000),
        2 => number.is_multiple_of(100),
        1 => number.is_multiple_of(10),
        _ => true,
    }
}

/// Reads what [`encode_book`] wrote.
///
/// # Errors
/// When the bytes are something else; they may come from anywhere.
pub fn decode_book(bytes: &[u8]) -> Result<Book, CodecError> {
    let mut reader = Reader(bytes);
    if reader.array_len()? != 6 {
        return Err(malformed(Unexpected("not an array of six columns")));
    }
    let price_unit = reader.unit()?;
    let size_unit = reader.unit()?;
    let bids = reader.side(price_unit, size_unit, u64::checked_sub)?;
    let asks = reader.side(price_unit, size_unit, u64::checked_add)?;
    if !reader.0.is_empty() {
        return Err(malformed(Unexpected("bytes after the last column")));
    }
    let mut book = Book::new();
    book.replace(&bids, &asks);
    Ok(book)
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unexpected(&'static str);

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| malformed(Unexpected("payload ends early")))?;
        self.0 = rest;
        Ok(*head)
    }

    fn uint(&mut self) -> Result<u64, CodecError> {
        let [marker] = self.take()?;
        Ok(match marker {
            0..=0x7f => u64::from(marker),
            0xcc => u64::from(u8::from_be_bytes(self.take()?)),
            0xcd => u64::from(u16::from_be_bytes(self.take()?)),
            0xce => u64::from(u32::from_be_bytes(self.take()?)),
            0xcf => u64::from_be_bytes(self.take()?),
            _ => return Err(malformed(Unexpected("not an unsigned integer"))),
        })
    }

    fn array_len(&mut self) -> Result<usize, CodecError> {
        let [marker] = self.take()?;
        Ok(match marker {
            0x90..=0x9f => usize::from(marker & 0x0f),
            0xdc => usize::from(u16::from_be_bytes(self.take()?)),
            0xdd => u32::from_be_bytes(self.take()?) as usize,
            _ => return Err(malformed(Unexpected("not an array"))),
        })
    }

    fn unit(&mut self) -> Result<u64, CodecError> {
        let shift = self.uint()?;
        usize::try_from(shift)
            .ok()
            .and_then(|shift| POWERS.get(shift).copied())
            .ok_or(CodecError::OutOfRange { what: "decimal shift", found: shift })
    }

    /// The levels of a side, worst first, the order in which a book takes them without moving any.
    fn side(
        &mut self,
        price_unit: u64,
        size_unit: u64,
        step: impl Fn(u64, u64) -> Option<u64>,
    ) -> Result<Vec<Level>, CodecError> {
        let count = self.array_len()?;
        // A length is believed only as far as the bytes reach: each number takes at least one.
        let mut levels = Vec::with_capacity(count.min(self.0.len()));
        let mut last: Option<u64> = None;
        for _ in 0..count {
            let number = self.uint()?;
            let units = last.map_or(Some(number), |last| step(last, number));
            let out_of_range = CodecError::OutOfRange { what: "price distance", found: number };
            let micros = units.and_then(|units| u32::try_from(units.checked_mul(price_unit)?).ok());
            levels.push(Level::new(
                price(micros.ok_or(out_of_range)?)?,
                arb_normalize::Quantity::ZERO,
            ));
            last = units;
        }
        if self.array_len()? != count {
            return Err(malformed(Unexpected("as many sizes as prices expected")));
        }
        for level in &mut levels {
            let number = self.uint()?;
            let micros = number.checked_mul(size_unit);
            let out_of_range = CodecError::OutOfRange { what: "size", found: number };
            level.size = quantity(micros.ok_or(out_of_range)?)?;
        }
        levels.reverse();
        Ok(levels)
    }
}

#[cfg(test)]
mod tests {
    use arb_normalize::{Price, Quantity};
    use proptest::prelude::*;

    use super::*;

    fn levels() -> impl Strategy<Value = Vec<Level>> {
        let price = prop_oneof![(0_u32..=100).prop_map(|cents| cents * 10_000), 0_u32..=1_000_000];
        let size = prop_oneof![
            (1_u64..100_000).prop_map(|contracts| contracts * 1_000_000),
            1_u64..1_000_000_000,
            (0_u64..3).prop_map(|below| Quantity::MAX.micros() - below),
        ];
        proptest::collection::vec(
            (price, size).prop_map(|(price, size)| {
                Level::new(Price::from_micros(price).unwrap(), Quantity::from_micros(size).unwrap())
            }),
            0..60,
        )
    }

    proptest! {
        #[test]
        fn every_book_survives(bids in levels(), asks in levels()) {
            let mut book = Book::new();
            book.replace(&bids, &asks);
            let mut out = Vec::new();
            encode_book(&book, &mut out);
            prop_assert_eq!(decode_book(&out).unwrap(), book);
        }

        #[test]
        fn any_bytes_are_an_answer_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_book(&bytes);
        }

        #[test]
        fn a_damaged_book_is_an_answer_never_a_panic(bids in levels(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let mut book = Book::new();
            book.replace(&bids, &[]);
            let mut out = Vec::new();
            encode_book(&book, &mut out);
            let at = at.index(out.len());
            out[at] = to;
            let _ = decode_book(&out);
            out.truncate(at);
            prop_assert!(decode_book(&out).is_err());
        }
    }

    #[test]
    fn the_columns_are_messagepack() {
        let mut book = Book::new();
        let level =
            |price: &str, size: &str| Level::new(price.parse().unwrap(), size.parse().unwrap());
        book.replace(&[level("0.43", "300.5"), level("0.42", "10")], &[level("0.45", "1")]);
        let mut out = Vec::new();
        encode_book(&book, &mut out);
        type Columns = (u8, u8, Vec<u64>, Vec<u64>, Vec<u64>, Vec<u64>);
        let columns: Columns = rmp_serde::from_slice(&out).unwrap();
        // Cents, and tenths of a contract; the second bid is one cent below the first.
        assert_eq!(columns, (4, 5, vec![43, 1], vec![3005, 100], vec![45], vec![10]));
    }
}
