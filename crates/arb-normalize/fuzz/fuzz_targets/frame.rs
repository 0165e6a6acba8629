//! What must hold for any bytes taken as a frame.

use std::cell::RefCell;

use arb_normalize::books::{BookState, Books, FrameReport};
use arb_normalize::decode::{Decode, MEMORY_PER_BYTE, decoder};
use arb_normalize::{MarketEvent, Venue};

thread_local! {
    static KEPT: RefCell<Option<(Box<dyn Decode>, Books, FrameReport)>> = const { RefCell::new(None) };
}

/// No panic; memory within the stated bound; a refused frame changes nothing; what is accepted is JSON (or a keep-alive);
/// books never show more than they may.
pub fn check(venue: Venue, bytes: &[u8]) {
    let mut fresh = decoder(venue);
    let mut accepted = false;
    let memory = allocation_counter::measure(|| accepted = fresh.decode(bytes).is_ok());
    let (used, bound) = (memory.bytes_max, MEMORY_PER_BYTE * bytes.len() + 4096);
    assert!(used <= bound as u64, "{used} bytes for a frame of {}", bytes.len());
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    assert!(
        !accepted || is_json || matches!(bytes.trim_ascii(), b"PING" | b"PONG"),
        "accepted what is no JSON"
    );
    KEPT.with_borrow_mut(|kept| {
        let (decoder, books, report) = kept.get_or_insert_with(|| {
            (decoder(venue), Books::new(venue), FrameReport::default())
        });
        // Memory of the frames before must not change what this one means.
        let again = decoder.decode(bytes);
        assert_eq!(again.is_ok(), accepted);
        let (Ok(again), Ok(first)) = (again, fresh.decode(bytes)) else { return };
        assert!(first.events().eq(again.events()), "scratch memory shows");
        for event in again.events() {
            if let MarketEvent::Snapshot(snapshot) = event {
                assert!(!snapshot.market.is_empty());
            }
        }
        books.apply(0, None, &again, report);
        for id in &report.touched {
            let book = books.get(*id);
            assert!(!book.is_priceable() || (book.state() == BookState::Live && !book.book().is_crossed()));
        }
        if books.len() > 4096 {
            *kept = None;
        }
    });
}
