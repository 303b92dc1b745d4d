//! How much of what lies in a queue one receive hands out. A broker sends messages one after the other, and a receiver of
//! batches takes what has come by the time it looks: a full batch is the exception, however much lies there.

use fastrand::Rng;

/// What a receiver of batches gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batches {
    /// As much as there is and as it asks for.
    #[default]
    Full,
    /// A part of it, one message at least. Which parts follows from the seed.
    Partial {
        /// The same seed and the same receives give the same parts.
        seed: u64,
    },
}

/// The sizes of batches, one after the other.
#[derive(Debug, Default)]
pub(super) struct Sizes(Option<Rng>);

impl Sizes {
    pub(super) fn new(batches: Batches) -> Self {
        match batches {
            Batches::Full => Self(None),
            Batches::Partial { seed } => Self(Some(Rng::with_seed(seed))),
        }
    }

    /// How many messages the next receive hands out at most, of so many that it asks for.
    pub(super) fn next(&mut self, most: usize) -> usize {
        match &mut self.0 {
            Some(random) if most > 1 => random.usize(1..=most),
            Some(_) | None => most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(batches: Batches) -> Vec<usize> {
        let mut sizes = Sizes::new(batches);
        (0..200).map(|_| sizes.next(20)).collect()
    }

    #[test]
    fn parts_follow_from_the_seed_and_full_ones_are_rare_but_there() {
        assert!(sizes(Batches::Full).iter().all(|size| *size == 20));
        let seven = sizes(Batches::Partial { seed: 7 });
        assert_eq!(seven, sizes(Batches::Partial { seed: 7 }));
        assert_ne!(seven, sizes(Batches::Partial { seed: 8 }));
        assert!(seven.iter().all(|size| (1..=20).contains(size)), "{seven:?}");
        assert!((1..50).contains(&seven.iter().filter(|size| **size == 20).count()), "{seven:?}");
    }

    #[test]
    fn who_asks_for_one_gets_one() {
        assert_eq!(Sizes::new(Batches::Partial { seed: 1 }).next(1), 1);
    }
}
