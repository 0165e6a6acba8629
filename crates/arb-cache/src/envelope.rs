//! The header in front of every stored value.
//!
//! | bytes | content |
//! |---|---|
//! | 0 | [`MAGIC`] |
//! | 1 | schema version of the payload |
//! | 2 | class |
//! | 3 | origin |
//! | 4..28 | [`Version`], big-endian: epoch (sign flipped), writer, sequence |
//! | 28..36 | receive time, nanoseconds, big-endian |
//! | 36..44 | venue time, nanoseconds, big-endian, 0 = unknown |
//! | 44.. | MessagePack payload |
//!
//! The first 44 bytes keep their places in every schema version: a store compares versions without knowing payloads, so an old
//! program never overwrites the newer value of a new one.

use std::ops::Range;

use arb_normalize::Timestamp;

use crate::{Class, Origin, Stamp, Version};

/// The first byte of every value.
pub const MAGIC: u8 = 0xac;
/// Where the version lies.
pub const VERSION_BYTES: Range<usize> = 4..4 + Version::LEN;
/// Where the payload begins.
pub const HEADER_LEN: usize = 44;

/// The version of an encoded value, `None` where the bytes are not ours.
#[must_use]
pub fn version_of(value: &[u8]) -> Option<[u8; Version::LEN]> {
    if value.first() != Some(&MAGIC) {
        return None;
    }
    value.get(VERSION_BYTES)?.try_into().ok()
}

/// Everything in front of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) stamp: Stamp,
    pub(crate) writer: u64,
}

impl Header {
    pub(crate) const fn version(&self) -> Version {
        Version { epoch: self.stamp.epoch, writer: self.writer, sequence: self.stamp.sequence }
    }

    pub(crate) fn write(&self, class: Class, schema: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(&[MAGIC, schema, class.index() as u8, self.stamp.origin.code()]);
        out.extend_from_slice(&self.version().to_bytes());
        out.extend_from_slice(&self.stamp.received_at.nanos().to_be_bytes());
        out.extend_from_slice(&self.stamp.venue_at.map_or(0, Timestamp::nanos).to_be_bytes());
    }

    /// Splits an envelope of that class and schema into header and payload; otherwise the schema byte found, if any.
    pub(crate) fn read(
        class: Class,
        schema: u8,
        bytes: &[u8],
    ) -> Result<(Self, &[u8]), Option<u8>> {
        let (&[magic, found, code, origin], _) = bytes.split_first_chunk::<4>().ok_or(None)?;
        if magic != MAGIC {
            return Err(None);
        }
        if found != schema || usize::from(code) != class.index() {
            return Err(Some(found));
        }
        let header = Self::read_fields(origin, bytes).ok_or(Some(found))?;
        Ok((header, bytes.get(HEADER_LEN..).unwrap_or_default()))
    }

    fn read_fields(origin: u8, bytes: &[u8]) -> Option<Self> {
        let version = Version::from_bytes(bytes.get(VERSION_BYTES)?.try_into().ok()?)?;
        let nanos = |at: Range<usize>| Some(i64::from_be_bytes(bytes.get(at)?.try_into().ok()?));
        let stamp = Stamp {
            epoch: version.epoch,
            sequence: version.sequence,
            received_at: Timestamp::from_nanos(nanos(28..36)?)?,
            venue_at: Timestamp::from_nanos(nanos(36..44)?),
            origin: Origin::from_code(origin)?,
        };
        Some(Self { stamp, writer: version.writer })
    }
}
