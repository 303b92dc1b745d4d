//! Which hardships a seed has, and how strong. Each seed has a few, so that a failing one stays readable.

use std::sync::OnceLock;
use std::time::Duration;

use remediation::control::ChangeWindow;
use remediation::settings::{GuardRails, Mode, Tuning, settings};

use crate::cloud::role;

/// Shares, from 0 to 1; most are 0 in most seeds.
#[derive(Debug, Clone)]
pub(crate) struct Spices {
    pub(crate) persons_tasks: f64,
    pub(crate) cancels: f64,
    pub(crate) deletes: f64,
    pub(crate) completes: f64,
    pub(crate) odd_words: f64,
    pub(crate) unseen: f64,
    pub(crate) never_evaluated: f64,
    /// There is no natural evaluation.
    pub(crate) unevaluated: f64,
    pub(crate) refused_evaluations: f64,
    pub(crate) drifts: f64,
    pub(crate) gone_assignments: f64,
    pub(crate) gone_resources: f64,
    pub(crate) excluded: f64,
    pub(crate) hopeless: f64,
    pub(crate) thresholds: f64,
    pub(crate) long_tasks: f64,
    pub(crate) lacking_roles: f64,
    pub(crate) grants: f64,
    pub(crate) fixed_by_people: f64,
    pub(crate) whole_scopes: f64,
    pub(crate) small_documents: f64,
    /// The worker stands still.
    pub(crate) stalls: f64,
    /// The clock of the second instance is wrong by this share of `MOST_SKEW`.
    pub(crate) skew: f64,
    /// The mode is changed, with a restart of all instances.
    pub(crate) mode_switches: f64,
    /// A task that is there is not found.
    pub(crate) blips: f64,
    pub(crate) refused_workers: f64,
    pub(crate) unhelped: f64,
    /// Changes may be made at some hours only.
    pub(crate) windows: f64,
    /// An assignment begins small, and goes on slowly.
    pub(crate) limits: f64,
    /// People pause things.
    pub(crate) pauses: f64,
}

impl Spices {
    pub(super) fn new(random: &mut fastrand::Rng) -> Self {
        // What was added later draws by itself, so that a seed without it plays what it played before.
        let mut later = fastrand::Rng::with_seed(random.clone().u64(..));
        let mut added = |seeds: f64, share: f64| if later.f64() < seeds { share } else { 0.0 };
        let (mut windows, mut pauses, mut limits) = (added(0.2, 1.0), added(0.2, 0.004), added(0.25, 1.0));
        // Controls meet each other.
        if later.f64() < 0.1 {
            (windows, pauses, limits) = (1.0, 0.004, 1.0);
        }
        let mut spice = |seeds: f64, share: f64| if random.f64() < seeds { share } else { 0.0 };
        Self {
            persons_tasks: spice(0.3, 1.0),
            cancels: spice(0.25, 0.7),
            deletes: spice(0.15, 0.7),
            completes: spice(0.2, 0.5),
            odd_words: spice(0.2, 0.5),
            unseen: spice(0.25, 0.2),
            never_evaluated: spice(0.15, 0.1),
            drifts: spice(0.3, 0.3),
            gone_assignments: spice(0.3, 0.5),
            gone_resources: spice(0.15, 0.15),
            excluded: spice(0.1, 0.2),
            hopeless: spice(0.15, 0.1),
            thresholds: spice(0.2, 1.0),
            long_tasks: spice(0.05, 0.05),
            lacking_roles: spice(0.15, 0.5),
            grants: spice(0.5, 1.0),
            fixed_by_people: spice(0.2, 0.15),
            whole_scopes: spice(0.25, 1.0),
            small_documents: spice(0.1, 1.0),
            unevaluated: spice(0.2, 0.8),
            refused_evaluations: spice(0.3, 0.8),
            refused_workers: spice(0.1, 1.0),
            unhelped: spice(0.1, 0.15),
            stalls: spice(0.3, 0.01),
            mode_switches: spice(0.2, 0.003),
            blips: spice(0.3, 0.02),
            windows,
            pauses,
            limits,
            skew: spice(0.3, 1.0) * 2.0 * (random.f64() - 0.5),
        }
    }

    /// How much longer it takes until everything is settled, where changes are made at some hours only, or slowly.
    pub(crate) fn longer(&self) -> Duration {
        let days = if self.windows > 0.0 { 15 } else { 0 } + if self.limits > 0.0 { 20 } else { 0 };
        Duration::from_secs(days * 86_400)
    }

    /// The settings that go with them.
    pub(crate) fn tuning(&self, random: &mut fastrand::Rng) -> Tuning {
        static PLAIN: OnceLock<Tuning> = OnceLock::new();
        static EXCLUDING: OnceLock<GuardRails> = OnceLock::new();
        let plain = || PLAIN.get_or_init(Tuning::default).clone();
        let mut tuning = Tuning { mode: Mode::Act, first_steps: Vec::new(), max_per_day: None, ..plain() };
        if self.excluded > 0.0 {
            tuning.guard_rails = EXCLUDING.get_or_init(excluding).clone();
            tuning.keep_tasks_for = Some(Duration::from_secs(86_400));
        }
        if self.thresholds > 0.0 {
            tuning.failure_threshold = [0.0, 0.1, 0.3][random.usize(..3)];
            tuning.parallel_deployments = random.u32(1..5);
        }
        if self.hopeless > 0.0 {
            tuning.max_attempts = [1, 2, 3, 8][random.usize(..4)];
        }
        if self.whole_scopes > 0.0 {
            tuning.escalate_above = 2;
            // So that many fall due together.
            tuning.coalesce_window = Duration::from_secs(3_600);
        }
        // What is not listed is found by its policy state, so it must have one; and what makes room takes its fixes along.
        if self.small_documents > 0.0 && self.unseen + self.never_evaluated + self.drifts + self.unhelped == 0.0 {
            tuning.most_entries = 10;
        }
        if self.grants > 0.0 {
            tuning.grant_roles = vec![role()];
        }
        if self.limits > 0.0 {
            let mut own = fastrand::Rng::with_seed(random.clone().u64(..));
            tuning.first_steps = [vec![], vec![1, 3], vec![2], vec![1, 10, 100]][own.usize(..4)].clone();
            tuning.max_per_hour = [None, Some(2), Some(5)][own.usize(..3)];
            tuning.max_per_day = [None, Some(8), Some(1_000)][own.usize(..3)];
            tuning.verify_steps = own.f64() < 0.4;
        }
        if self.windows > 0.0 {
            let windows = [
                "07:05-07:20; 09:00-09:30; 23:00-01:00",
                "07:00-08:30; Sat,Sun 12:00-18:00; closed 2026-11-22",
                "08:00-07:30",
            ];
            tuning.change_window = ChangeWindow::parse(windows[random.usize(..3)]).expect("a window");
        }
        if self.long_tasks > 0.0 {
            tuning.check_interval_max = Duration::from_secs(1_800);
        }
        tuning
    }
}

/// The guard rails that exclude the resources whose names begin with `x`.
fn excluding() -> GuardRails {
    let values = [
        ("EXCLUDE_SCOPES", "*/storageAccounts/x*"),
        ("ServiceBus__fullyQualifiedNamespace", "bus.servicebus.windows.net"),
        ("STATE_BLOB_ENDPOINT", "https://state.blob.core.windows.net"),
    ];
    settings(values).expect("settings").tuning.guard_rails
}
