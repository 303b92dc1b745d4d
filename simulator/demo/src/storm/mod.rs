//! A storm: many events at once about many resources under many policies, with duplicates and disorder, resources that fail,
//! a policy that lacks roles, and a Resource Manager that is often too busy. All of it follows from its size and its seed.

mod estate;
mod events;
mod failures;
mod weather;

/// The size of a storm, and the seed of all its chances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storm {
    /// Events that are delivered, duplicates included.
    pub events: usize,
    /// Resources that they are about.
    pub resources: usize,
    /// Targets that the resources belong to.
    pub targets: usize,
    /// Subscriptions that hold the targets, at most five in each.
    pub subscriptions: usize,
    /// The seed.
    pub seed: u64,
}

impl Storm {
    /// A storm of so many events: a fifth as many resources, a target for each 250 events, but at least two, and a
    /// subscription for three targets.
    pub fn of(events: usize, seed: u64) -> Self {
        let targets = (events / 250).max(2);
        let subscriptions = targets.div_ceil(3).max(2);
        Self { events, resources: (events / 5).max(targets), targets, subscriptions, seed }
    }

    /// A generator of its own for each part, so that a change of one leaves the others as they are.
    fn random(&self, part: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(part))
    }
}
