//! The numbers of one subscription: which message is next, which came before, and where some are missing.

/// So many messages one after the other whose numbers continue each other, and are all at or below the last one taken, are no messages that
/// came before: the numbers go on from another place.
const RUN: u8 = 8;

/// Follows the numbers of one subscription, as Kalshi counts them over all its markets and acknowledgements.
///
/// ```
/// use arb_normalize::books::{Numbered, Numbering, Repeated};
///
/// let mut numbers = Numbering::default();
/// let mut take = |number| numbers.take(number, || Repeated::Untold);
/// assert_eq!(take(7), Numbered::Next); // The first is the base.
/// assert_eq!(take(8), Numbered::Next);
/// assert_eq!(take(8), Numbered::Again);
/// assert_eq!(take(900), Numbered::Gap);
/// // A wild number: the messages go on where they were, which the eighth of them tells.
/// for number in 9..16 {
///     assert_eq!(take(number), Numbered::Again);
/// }
/// assert_eq!(take(16), Numbered::Restarted);
/// assert_eq!(take(17), Numbered::Next);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbering {
    /// The last number taken.
    last: Option<u64>,
    /// The number of the last message that seemed to have come before, if nothing was taken since.
    stray: u64,
    /// How many such messages continued each other up to that one.
    run: u8,
}

/// What a number says of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// It is the first, or follows the last one.
    Next,
    /// It came before. A snapshot is good all the same.
    Again,
    /// Messages before it are missing.
    Gap,
    /// The numbers go on from another place: what was missed meanwhile, nobody knows.
    Restarted,
    /// A snapshot with the number 1: the subscription began again, and each of its books gets a snapshot.
    Begun,
}

/// What is known otherwise of a message whose number is not above the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// It states a whole book.
    Snapshot,
    /// It was taken before.
    Old,
    /// Nothing.
    Untold,
}

impl Numbering {
    /// Takes the number of a message.
    ///
    /// A number at or below the last is passed over, but not in the eighth message running that continues the one before it and is not
    /// known to be old: a numbering that went wrong would else have every message passed over, without end. `repeated` is asked
    /// for such a number only.
    ///
    /// A snapshot states its book whatever its number, and leaves what is expected next as it is.
    #[inline]
    pub fn take(&mut self, number: u64, repeated: impl FnOnce() -> Repeated) -> Numbered {
        match self.last {
            Some(last) if last.checked_add(1) == Some(number) => {
                self.begin_at(number);
                Numbered::Next
            }
            None => {
                self.begin_at(number);
                Numbered::Next
            }
            Some(last) if number > last => {
                self.begin_at(number);
                Numbered::Gap
            }
            Some(_) => self.take_again(number, repeated()),
        }
    }

    #[cold]
    fn take_again(&mut self, number: u64, repeated: Repeated) -> Numbered {
        if repeated == Repeated::Old {
            self.run = 0;
            return Numbered::Again;
        }
        let goes_on = self.run > 0 && self.stray.checked_add(1) == Some(number);
        self.run = if goes_on { self.run.saturating_add(1) } else { 1 };
        self.stray = number;
        let numbered = match repeated {
            Repeated::Snapshot if number == 1 => Numbered::Begun,
            Repeated::Untold if self.run >= RUN => Numbered::Restarted,
            _ => return Numbered::Again,
        };
        self.begin_at(number);
        numbered
    }

    #[inline]
    const fn begin_at(&mut self, number: u64) {
        *self = Self { last: Some(number), stray: 0, run: 0 };
    }
}
