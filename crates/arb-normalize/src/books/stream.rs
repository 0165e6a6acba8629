//! Numbered streams: one for each subscription of each connection.

use super::BookId;

/// The place of a stream in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StreamId(pub(super) u32);

/// What comes over one subscription of one connection.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) connection: u32,
    pub(super) sid: Option<u64>,
    /// The last number taken.
    pub(super) last: Option<u64>,
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
            let stream = Stream { connection, sid, last: None, books: Vec::new() };
            match self.slots.iter().position(Option::is_none) {
                Some(free) => {
                    self.slots[free] = Some(stream);
                    StreamId(free as u32)
                }
                None => {
                    self.slots.push(Some(stream));
                    StreamId(self.slots.len() as u32 - 1)
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
        self.slots.get(id.0 as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        self.slots.get_mut(id.0 as usize)?.as_mut()
    }

    /// Ends a stream.
    pub(super) fn close(&mut self, id: StreamId) -> Option<Stream> {
        self.slots.get_mut(id.0 as usize)?.take()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (StreamId, &Stream)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(slot, stream)| Some((StreamId(slot as u32), stream.as_ref()?)))
    }

    /// The streams of a connection.
    pub(super) fn of_connection(&self, connection: u32) -> Vec<StreamId> {
        self.iter()
            .filter(|(_, stream)| stream.connection == connection)
            .map(|(id, _)| id)
            .collect()
    }
}
