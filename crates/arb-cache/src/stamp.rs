//! What a value says about itself: which version it is, when and how it was learned.

use arb_normalize::Timestamp;

/// How a value was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Origin {
    /// Pushed by the venue.
    #[default]
    Stream,
    /// Asked for.
    Poll,
    /// Computed by us.
    Computed,
}

impl Origin {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Stream => 0,
            Self::Poll => 1,
            Self::Computed => 2,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Stream),
            1 => Some(Self::Poll),
            2 => Some(Self::Computed),
            _ => None,
        }
    }
}

/// What the writer of a value knows about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the continuity began in which the value was learned: the receive time of the snapshot or connection.
    /// A restart begins a later one and therefore wins.
    pub epoch: Timestamp,
    /// The position within the epoch.
    pub sequence: u64,
    /// When the last frame arrived that vouches for the value. Ages count from here.
    pub received_at: Timestamp,
    /// When the venue made it, where it says so.
    pub venue_at: Option<Timestamp>,
    /// How it was learned.
    pub origin: Origin,
}

impl Stamp {
    /// A value seen once, at `received_at`, without a sequence of its own: markets, similarities.
    #[must_use]
    pub const fn observed(received_at: Timestamp, origin: Origin) -> Self {
        Self { epoch: received_at, sequence: 0, received_at, venue_at: None, origin }
    }
}

/// The order of writes to one key: by epoch, then by writer, then by sequence.
///
/// A write whose version is below the one held is refused, an equal one is stored again (a repeated write changes nothing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// When the writer's continuity began.
    pub epoch: Timestamp,
    /// Who wrote; decides between equal epochs.
    pub writer: u64,
    /// The position within the epoch.
    pub sequence: u64,
}

impl Version {
    /// Bytes of the encoded form.
    pub const LEN: usize = 24;

    /// Big-endian, so that comparing bytes compares versions.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        // With its sign bit flipped a signed number sorts as bytes.
        out[..8].copy_from_slice(&(self.epoch.nanos() ^ i64::MIN).to_be_bytes());
        out[8..16].copy_from_slice(&self.writer.to_be_bytes());
        out[16..].copy_from_slice(&self.sequence.to_be_bytes());
        out
    }

    /// Reads the encoded form, `None` where the epoch is no instant.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(word)
        };
        Some(Self {
            epoch: Timestamp::from_nanos(word(0).cast_signed() ^ i64::MIN)?,
            writer: word(8),
            sequence: word(16),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version() -> impl Strategy<Value = Version> {
        let near = prop_oneof![-3_i64..=3, any::<i64>()];
        (near, prop_oneof![0_u64..3, any::<u64>()], prop_oneof![0_u64..300, any::<u64>()])
            .prop_filter_map("an epoch is never zero", |(epoch, writer, sequence)| {
                Some(Version { epoch: Timestamp::from_nanos(epoch)?, writer, sequence })
            })
    }

    proptest! {
        #[test]
        fn the_order_of_versions_is_the_order_of_their_bytes(a in version(), b in version()) {
            prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
            prop_assert_eq!(Version::from_bytes(a.to_bytes()), Some(a));
        }
    }
}
