//! How long the processors worked for this process and for the workers that it has started: nothing can be faster on them.

/// Since then.
pub(crate) struct Used(f64);

impl Used {
    /// By now.
    pub(crate) fn so_far() -> Self {
        Self(seconds())
    }

    /// For how long all processors were busy with it since then, if they share it. Workers count when they have ended.
    pub(crate) fn until_now(self) -> f64 {
        let processors = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
        (seconds() - self.0) / processors
    }
}

/// Seconds that the workers which have ended had a processor, all together; nothing where the system does not tell.
pub(crate) fn of_workers() -> f64 {
    times().skip(2).sum()
}

/// Seconds that this process itself had a processor.
pub(crate) fn of_this() -> f64 {
    times().take(2).sum()
}

/// Seconds of this process and of its children that have ended; nothing where the system does not tell.
fn seconds() -> f64 {
    times().sum()
}

/// Seconds of this process in its own code and in the system's, and of its children that have ended.
fn times() -> impl Iterator<Item = f64> {
    /// Ticks of Linux's clock in a second, everywhere.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold anything; times are the 14th to the 17th field.
    let after_the_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: Vec<_> =
        after_the_name.split(' ').skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).collect();
    ticks.into_iter().map(|ticks| ticks / TICKS)
}
