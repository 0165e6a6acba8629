//! The numbers of one subscription: which message is next, which came before, and where some are missing.

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
/// // A wild number: the messages go on where they were, which the second of them tells.
/// assert_eq!(take(9), Numbered::Again);
/// assert_eq!(take(10), Numbered::Restarted);
/// assert_eq!(take(11), Numbered::Next);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbering {
    /// The last number taken.
    last: Option<u64>,
    /// The number from which on none was missing up to the last.
    first: u64,
    /// The number of the last message that seemed to have come before, if nothing was taken since.
    stray: Option<u64>,
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
    /// It was not.
    New,
    /// Nothing.
    Untold,
}

impl Numbering {
    /// Takes the number of a message.
    ///
    /// A number at or below the last is passed over, but not where the message is new, and not twice running where nothing
    /// is known of it: a numbering that went wrong would else have every message passed over, without end. `repeated` is asked
    /// for such a number only.
    ///
    /// A snapshot states its book whatever its number. With one from before the last gap it also says where the numbers are.
    #[inline]
    pub fn take(&mut self, number: u64, repeated: impl FnOnce() -> Repeated) -> Numbered {
        match self.last {
            Some(last) if last.checked_add(1) == Some(number) => {
                self.last = Some(number);
                self.stray = None;
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
        let goes_on = self.stray.is_some_and(|stray| stray.checked_add(1) == Some(number));
        let numbered = match repeated {
            Repeated::Snapshot if number == 1 => Numbered::Begun,
            Repeated::Snapshot if number < self.first => Numbered::Restarted,
            Repeated::Snapshot => return Numbered::Again,
            Repeated::Old => {
                self.stray = None;
                return Numbered::Again;
            }
            Repeated::Untold if !goes_on => {
                self.stray = Some(number);
                return Numbered::Again;
            }
            Repeated::Untold | Repeated::New => Numbered::Restarted,
        };
        self.begin_at(number);
        numbered
    }

    const fn begin_at(&mut self, number: u64) {
        *self = Self { last: Some(number), first: number, stray: None };
    }
}
