//! The caller's own say on which messages reach the sink.

use crate::event::Meta;

/// Looks at a message before the sink does.
///
/// A refused message is lost on purpose: it is counted under its reason, announced as a gap of
/// its keys, and the keys are resynced. So refuse what must not be applied, not what is merely
/// uninteresting. A panic in it counts as a refusal.
pub trait Validate: Send + Sync {
    /// Whether the message may pass.
    ///
    /// # Errors
    /// The reason it is refused, one of a few fixed words.
    fn check(&self, meta: &Meta, payload: &[u8]) -> Result<(), &'static str>;
}

impl<F> Validate for F
where
    F: Fn(&Meta, &[u8]) -> Result<(), &'static str> + Send + Sync,
{
    fn check(&self, meta: &Meta, payload: &[u8]) -> Result<(), &'static str> {
        self(meta, payload)
    }
}
