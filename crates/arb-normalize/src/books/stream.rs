//! Numbered streams: one for each subscription of each connection.

use std::num::NonZeroU32;

use super::{BookId, Numbering};

/// The place of a stream in its table, counting from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StreamId(NonZeroU32);

impl StreamId {
    fn at(slot: usize) -> Self {
        // More streams than 32 bits count would need more connections than a computer has.
        Self(u32::try_from(slot + 1).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX))
    }

    const fn slot(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// What comes over one subscription of one connection.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) connection: u32,
    pub(super) sid: Option<u64>,
    pub(super) numbers: Numbering,
    /// The books that follow it.
    pub(super) books: Vec<BookId>,
}

/// The streams that are open.
#[derive(Debug, Default)]
pub(super) struct Streams {
    slots: Vec<Option<Stream>>,
    /// The stream found last: frames come in runs.
    recent: Option<StreamId>,
}

impl Streams {
    /// The stream of that subscription, opened if it is new.
    #[inline]
    pub(super) fn id(&mut self, connection: u32, sid: Option<u64>) -> StreamId {
        let is_it = |stream: &Stream| stream.connection == connection && stream.sid == sid;
        if let Some(recent) = self.recent
            && self.get(recent).is_some_and(is_it)
        {
            return recent;
        }
        let id = self.find(connection, sid).unwrap_or_else(|| {
            let stream =
                Stream { connection, sid, numbers: Numbering::default(), books: Vec::new() };
            match self.slots.iter().position(Option::is_none) {
                Some(free) => {
                    self.slots[free] = Some(stream);
                    StreamId::at(free)
                }
                None => {
                    self.slots.push(Some(stream));
                    StreamId::at(self.slots.len() - 1)
                }
            }
        });
        self.recent = Some(id);
        id
    }

    /// The stream of that subscription, if it is open.
    pub(super) fn find(&self, connection: u32, sid: Option<u64>) -> Option<StreamId> {
        self.iter()
            .find(|(_, stream)| stream.connection == connection && stream.sid == sid)
            .map(|(id, _)| id)
    }

    #[inline]
    pub(super) fn get(&self, id: StreamId) -> Option<&Stream> {
        self.slots.get(id.slot())?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.slots.get_mut(id.slot())?.as_mut()
    }

    /// Ends a stream.
    pub(super) fn close(&mut self, id: StreamId) -> Option<Stream> {
        self.slots.get_mut(id.slot())?.take()
    }

    /// No stream keeps this book up to date any more.
    pub(super) fn drop_book(&mut self, id: BookId) {
        for stream in self.slots.iter_mut().flatten() {
            stream.books.retain(|known| *known != id);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (StreamId, &Stream)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(slot, stream)| Some((StreamId::at(slot), stream.as_ref()?)))
    }

    /// The streams of a connection.
    pub(super) fn of_connection(&self, connection: u32) -> Vec<StreamId> {
        self.iter()
            .filter(|(_, stream)| stream.connection == connection)
            .map(|(id, _)| id)
            .collect()
    }
}
