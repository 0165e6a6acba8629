//! The sliding window over which rates are taken.
//!
//! Every outcome of a generation has a *position*, counted from 0. Successes only take a position;
//! the window learns of bad outcomes alone and of how many positions were taken in between. That
//! is why a success costs one counter and nothing else, and still leaves the window when its turn
//! comes.

use std::time::Duration;

use crate::config::Window;
use crate::moment::nanos;

/// How one outcome was bad; at least one of the two holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) failed: bool,
    pub(crate) slow: bool,
}

/// What the window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct InWindow {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
}

/// A window by count or by time.
#[derive(Debug)]
pub(crate) enum SlidingWindow {
    Count(CountWindow),
    Time(TimeWindow),
}

impl SlidingWindow {
    pub(crate) fn new(window: Window) -> Self {
        match window {
            Window::Count(size) => Self::Count(CountWindow::new(size)),
            Window::Time { span, buckets } => Self::Time(TimeWindow::new(span, buckets)),
        }
    }

    /// Forgets everything; positions start at 0 again.
    pub(crate) fn reset(&mut self) {
        match self {
            Self::Count(window) => window.reset(),
            Self::Time(window) => window.reset(),
        }
    }

    /// Slides to `at`, a time since the origin, when `taken` positions had been taken. Returns the
    /// time at which it must be called again before the next success is counted.
    pub(crate) fn slide(&mut self, at: Duration, taken: u64) -> Option<Duration> {
        match self {
            Self::Count(_) => None,
            Self::Time(window) => Some(Duration::from_nanos(window.slide(nanos(at), taken))),
        }
    }

    /// Enters the bad outcome that took `position`.
    pub(crate) fn mark(&mut self, position: u64, mark: Mark) {
        match self {
            Self::Count(window) => window.mark(position, mark),
            Self::Time(window) => window.mark(mark),
        }
    }

    /// What the window holds when `taken` positions have been taken.
    pub(crate) fn contents(&mut self, taken: u64) -> InWindow {
        match self {
            Self::Count(window) => window.contents(taken),
            Self::Time(window) => window.contents(taken),
        }
    }
}

/// The last `size` positions, a bit for each.
#[derive(Debug)]
pub(crate) struct CountWindow {
    size: u64,
    failures: Bits,
    slow: Bits,
    /// The first position that is not entered yet.
    next: u64,
}

impl CountWindow {
    fn new(size: u32) -> Self {
        let size = u64::from(size);
        Self { size, failures: Bits::new(size), slow: Bits::new(size), next: 0 }
    }

    fn reset(&mut self) {
        self.clear(0, self.size);
        self.next = 0;
    }

    /// Enters the positions up to `taken` as good ones, which pushes older ones out.
    fn enter_good(&mut self, taken: u64) {
        if taken - self.next >= self.size {
            self.clear(0, self.size);
        } else {
            let (from, to) = (self.next % self.size, taken % self.size);
            if from <= to {
                self.clear(from, to);
            } else {
                self.clear(from, self.size);
                self.clear(0, to);
            }
        }
        self.next = taken;
    }

    fn clear(&mut self, from: u64, to: u64) {
        self.failures.clear(from, to);
        self.slow.clear(from, to);
    }

    fn mark(&mut self, position: u64, mark: Mark) {
        // One more than the position: the bit it takes must leave the window first.
        self.enter_good(position + 1);
        let slot = position % self.size;
        if mark.failed {
            self.failures.set(slot);
        }
        if mark.slow {
            self.slow.set(slot);
        }
    }

    fn contents(&mut self, taken: u64) -> InWindow {
        self.enter_good(taken);
        InWindow {
            calls: taken.min(self.size),
            failures: self.failures.count,
            slow: self.slow.count,
        }
    }
}

/// A fixed set of bits that knows how many are set.
#[derive(Debug)]
struct Bits {
    words: Box<[u64]>,
    count: u64,
}

impl Bits {
    fn new(bits: u64) -> Self {
        Self { words: vec![0; bits.div_ceil(64) as usize].into_boxed_slice(), count: 0 }
    }

    /// Sets a bit that is clear.
    fn set(&mut self, bit: u64) {
        if let Some(word) = self.words.get_mut((bit / 64) as usize) {
            *word |= 1 << (bit % 64);
            self.count += 1;
        }
    }

    /// Clears the bits from `from` up to, and without, `to`.
    fn clear(&mut self, from: u64, to: u64) {
        if self.count == 0 || from >= to {
            return;
        }
        let (first, last) = (from / 64, (to - 1) / 64);
        for (index, word) in (first..=last).zip(self.words.iter_mut().skip(first as usize)) {
            let mut mask = u64::MAX;
            if index == first {
                mask &= u64::MAX << (from % 64);
            }
            if index == last {
                mask &= u64::MAX >> (63 - (to - 1) % 64);
            }
            self.count -= u64::from((*word & mask).count_ones());
            *word &= !mask;
        }
    }
}

/// The positions taken in the last so many buckets of time.
#[derive(Debug)]
pub(crate) struct TimeWindow {
    /// Nanoseconds a bucket.
    width: u64,
    buckets: Box<[Bucket]>,
    /// The bucket in progress, counted from the origin.
    current: u64,
    failures: u64,
    slow: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// The positions taken before this bucket began.
    taken_before: u64,
    failures: u64,
    slow: u64,
}

impl TimeWindow {
    fn new(span: Duration, buckets: u32) -> Self {
        let width = nanos(span) / u64::from(buckets.max(1));
        Self {
            width: width.max(1),
            buckets: vec![Bucket::default(); buckets.max(1) as usize].into_boxed_slice(),
            current: 0,
            failures: 0,
            slow: 0,
        }
    }

    fn reset(&mut self) {
        self.buckets.fill(Bucket::default());
        self.failures = 0;
        self.slow = 0;
    }

    fn len(&self) -> u64 {
        self.buckets.len() as u64
    }

    fn bucket(&mut self, index: u64) -> Option<&mut Bucket> {
        let slot = index % self.len();
        self.buckets.get_mut(slot as usize)
    }

    fn slide(&mut self, at: u64, taken: u64) -> u64 {
        let now = at / self.width;
        if now > self.current {
            // After a pause longer than the window every bucket is replaced, once.
            let first = (self.current + 1).max((now + 1).saturating_sub(self.len()));
            for index in first..=now {
                let Some(bucket) = self.bucket(index) else { break };
                let old = *bucket;
                *bucket = Bucket { taken_before: taken, failures: 0, slow: 0 };
                self.failures -= old.failures;
                self.slow -= old.slow;
            }
            self.current = now;
        }
        (self.current + 1).saturating_mul(self.width)
    }

    fn mark(&mut self, mark: Mark) {
        let (failed, slow) = (u64::from(mark.failed), u64::from(mark.slow));
        self.failures += failed;
        self.slow += slow;
        let current = self.current;
        if let Some(bucket) = self.bucket(current) {
            bucket.failures += failed;
            bucket.slow += slow;
        }
    }

    fn contents(&mut self, taken: u64) -> InWindow {
        // The bucket after the current one in the ring is the oldest.
        let oldest = self.current + 1;
        let taken_before = self.bucket(oldest).map_or(0, |bucket| bucket.taken_before);
        InWindow {
            calls: taken.saturating_sub(taken_before),
            failures: self.failures,
            slow: self.slow,
        }
    }
}
