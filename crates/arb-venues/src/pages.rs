//! Turning the pages of a listing, to its end or to an error.

use std::collections::HashSet;

use arb_normalize::Venue;

use crate::error::VenueError;

/// Most pages of one listing: a hundred times a venue's whole catalogue today.
const MAX_PAGES: usize = 5_000;

/// Where a listing that is read page by page stands.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    venue: Venue,
    path: &'a str,
    /// The cursors followed so far, the current one among them.
    followed: HashSet<String>,
    cursor: Option<String>,
}

impl<'a> Pages<'a> {
    /// At the first page.
    pub(crate) fn new(venue: Venue, path: &'a str) -> Self {
        Self { venue, path, followed: HashSet::new(), cursor: None }
    }

    /// The cursor to ask for the current page with; `None` for the first.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Goes on to the page that the current one names; `false` where it was the last.
    ///
    /// # Errors
    /// [`VenueError::Endless`] when the cursor has been followed before, or the pages are too many to be a listing.
    pub(crate) fn turn(&mut self, next: Option<String>) -> Result<bool, VenueError> {
        let Some(next) = next else { return Ok(false) };
        if self.followed.len() + 1 >= MAX_PAGES || !self.followed.insert(next.clone()) {
            return Err(VenueError::Endless {
                venue: self.venue,
                path: self.path.to_owned(),
                pages: self.followed.len() + 1,
            });
        }
        self.cursor = Some(next);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_ends_or_is_refused() {
        let mut pages = Pages::new(Venue::Kalshi, "/events");
        assert_eq!(pages.cursor(), None);
        assert!(pages.turn(Some("b".to_owned())).unwrap());
        assert!(pages.turn(Some("c".to_owned())).unwrap());
        assert_eq!(pages.cursor(), Some("c"));
        assert!(!pages.turn(None).unwrap());
        let error = pages.turn(Some("b".to_owned())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "kalshi /events: the listing does not end: after 3 pages it goes on from a place that was read, or without bound"
        );
        assert!(error.is_retryable());
        let mut pages = Pages::new(Venue::Kalshi, "/events");
        let turned = (0..).take_while(|page| pages.turn(Some(page.to_string())).is_ok()).count();
        assert_eq!(turned, MAX_PAGES - 1);
    }
}
