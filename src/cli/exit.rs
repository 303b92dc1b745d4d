//! Exit codes. Wrong usage is `clap`'s, which ends with 2.

/// Everything was done.
pub(super) const DONE: u8 = 0;
/// Something failed.
pub(super) const FAILED: u8 = 1;
/// Something that can be fixed is not, or needs a person's attention.
pub(super) const ATTENTION: u8 = 3;
