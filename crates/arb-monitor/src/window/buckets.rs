//! Log-linear buckets over the bits of an `f64`.
//!
//! Every power of two is cut into 32 equal parts, so a bucket is at most 1/32 of its lower edge
//! wide and its middle is at most 1/64 (1.57 %) away from any value in it. The number is cut out of
//! the float's own bits: no logarithm, no search.

/// Sub-buckets of one power of two.
const SUB: u64 = 32;
/// Bits that select the sub-bucket.
const SUB_BITS: u32 = SUB.trailing_zeros();
/// Mantissa bits that do not matter for the bucket.
const SHIFT: u32 = 52 - SUB_BITS;
/// Smallest exponent kept apart from zero: 2^-32, a quarter of a nanosecond in seconds.
const MIN_EXPONENT: i64 = -32;
/// Powers of two of one chunk.
const OCTAVES_PER_CHUNK: usize = 8;
/// Chunks of one sign: 9 × 8 octaves, up to 2^40 (1.1e12).
const CHUNKS_PER_SIGN: usize = 9;
/// The first bucket in terms of shifted bits.
const BASE: u64 = ((1023 + MIN_EXPONENT) as u64) << SUB_BITS;

/// Chunks of both signs.
pub(super) const CHUNKS: usize = 2 * CHUNKS_PER_SIGN;
/// Buckets of one chunk.
pub(super) const CHUNK: usize = OCTAVES_PER_CHUNK * SUB as usize;
/// The id of the bucket for zero and for anything nearer to it than 2^-32.
pub(super) const ZERO: u16 = u16::MAX;

/// The bucket of a finite value.
#[inline]
pub(super) fn bucket_of(value: f64) -> u16 {
    let shifted = value.abs().to_bits() >> SHIFT;
    if shifted < BASE {
        return ZERO;
    }
    let last = (CHUNKS_PER_SIGN * CHUNK - 1) as u64;
    let index = (shifted - BASE).min(last) as u16;
    if value.is_sign_negative() { index + (CHUNKS_PER_SIGN * CHUNK) as u16 } else { index }
}

/// The middle of a bucket.
pub(super) fn middle_of(bucket: u16) -> f64 {
    if bucket == ZERO {
        return 0.0;
    }
    let per_sign = (CHUNKS_PER_SIGN * CHUNK) as u16;
    let (negative, index) =
        if bucket >= per_sign { (true, bucket - per_sign) } else { (false, bucket) };
    let shifted = BASE + u64::from(index);
    let low = f64::from_bits(shifted << SHIFT);
    let high = f64::from_bits((shifted + 1) << SHIFT);
    let middle = low + (high - low) / 2.0;
    if negative { -middle } else { middle }
}

/// Chunk and offset of a bucket other than [`ZERO`].
#[inline]
pub(super) fn place_of(bucket: u16) -> (usize, usize) {
    (usize::from(bucket) / CHUNK, usize::from(bucket) % CHUNK)
}

/// The bucket at a chunk and offset.
pub(super) fn bucket_at(chunk: usize, offset: usize) -> u16 {
    (chunk * CHUNK + offset) as u16
}

/// Chunks of negative values, from the most negative to those near zero.
pub(super) fn negative_chunks() -> impl Iterator<Item = usize> {
    (CHUNKS_PER_SIGN..CHUNKS).rev()
}

/// Chunks of positive values, ascending.
pub(super) fn positive_chunks() -> impl Iterator<Item = usize> {
    0..CHUNKS_PER_SIGN
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zero_and_dust_share_a_bucket() {
        for value in [0.0, -0.0, 1e-11, -1e-11, f64::MIN_POSITIVE] {
            assert_eq!(bucket_of(value), ZERO, "{value}");
        }
        assert_eq!(middle_of(ZERO), 0.0);
    }

    #[test]
    fn huge_values_land_in_the_last_bucket_of_their_sign() {
        assert_eq!(bucket_of(1e300), bucket_of(1.09e12));
        assert_eq!(bucket_of(-1e300), bucket_of(-1.09e12));
        assert_ne!(bucket_of(1e300), bucket_of(-1e300));
    }

    proptest! {
        #[test]
        fn the_middle_is_within_a_sixty_fourth(exponent in -31i32..39, part in 1.0f64..2.0, negative: bool) {
            let magnitude = part * 2f64.powi(exponent);
            let value = if negative { -magnitude } else { magnitude };
            let middle = middle_of(bucket_of(value));
            prop_assert!((middle - value).abs() <= magnitude / 64.0, "{value} -> {middle}");
        }

        #[test]
        fn order_is_kept(a in -1e9f64..1e9, b in -1e9f64..1e9) {
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            prop_assert!(middle_of(bucket_of(low)) <= middle_of(bucket_of(high)));
        }
    }
}
