//! The handle on a simulated Resource Manager: made from an estate, watched and nudged by demos and tests. Clones share
//! one world behind a mutex that is never held across an await.

use super::{
    Allowance, Drift, GraphLimits, RefusedCall, Regions, Tempo,
    error::ArmError,
    observation::{self, Overlap, RecordView, Target, TaskView, Write},
    paging::PageSizes,
    regions::Placing,
    remediations::Opening,
    task::{Caller, CallerKind, TaskRequest},
    world::World,
};
use crate::{
    estate::{ArmId, ComplianceState, Estate, EventKind, PolicyEvent, RecordKey},
    rights::{Ask, Gate, Verdict},
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use time::OffsetDateTime;
use uuid::Uuid;

type Clock = dyn Fn() -> OffsetDateTime + Send + Sync;

/// A simulated Resource Manager with Microsoft.PolicyInsights and the reading part of Microsoft.Authorization,
/// Microsoft.Resources and Microsoft.Management.
#[derive(Clone)]
pub struct ResourceManager {
    world: Arc<Mutex<World>>,
    clock: Arc<Clock>,
}

impl fmt::Debug for ResourceManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceManager").finish_non_exhaustive()
    }
}

impl ResourceManager {
    /// A Resource Manager on the wall clock.
    pub fn new(estate: Estate, tempo: Tempo) -> Self {
        Self::with_clock(estate, tempo, OffsetDateTime::now_utc)
    }

    /// A Resource Manager on a clock of one's own, which must not run backwards.
    pub fn with_clock(
        estate: Estate,
        tempo: Tempo,
        clock: impl Fn() -> OffsetDateTime + Send + Sync + 'static,
    ) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(estate, tempo))), clock: Arc::new(clock) }
    }

    /// The same with other page sizes.
    pub fn with_page_sizes(self, pages: PageSizes) -> Self {
        self.locked(|world| world.pages = pages);
        self
    }

    /// The same, with resources that drift back; [`ResourceManager::drifts`] gives their events.
    pub fn with_drift(self, drift: Drift) -> Self {
        self.locked(|world| world.drift = Some(drift));
        self
    }

    /// The same with other limits of Resource Graph.
    pub fn with_graph_limits(self, limits: GraphLimits) -> Self {
        self.locked(|world| world.graph_limits = limits);
        self
    }

    /// The same at another tempo.
    pub fn with_tempo(self, tempo: Tempo) -> Self {
        self.locked(|world| world.tempo = tempo);
        self
    }

    /// The same in several regions, where reads may lag behind writes.
    pub fn with_regions(self, regions: Regions) -> Self {
        self.locked(|world| world.placing = Placing::new(regions));
        self
    }

    /// The same, more or less generous with calls.
    pub fn with_allowance(self, allowance: Allowance) -> Self {
        self.locked(|world| world.quota.allowance = allowance);
        self
    }

    /// What Service Bus and Blob Storage ask for rights of this estate.
    pub fn gate(&self) -> Gate {
        let manager = self.clone();
        Gate::new(move |caller, plane, action, scope| {
            let now = manager.now();
            manager.locked(|world| {
                if !world.estate.access.enforced {
                    return true;
                }
                let verdict = Ask { estate: &world.estate, caller, now }.may(plane, action, scope, None);
                if verdict != Verdict::Allowed {
                    world.note_refusal(caller, action, scope, now);
                }
                verdict == Verdict::Allowed
            })
        })
    }

    /// Calls of any service that were refused for a missing right, in their order.
    pub fn refused_calls(&self) -> Vec<RefusedCall> {
        self.locked(|world| world.refused.clone())
    }

    /// All tasks that ever were, in the order in which they were opened.
    pub fn tasks(&self) -> Vec<TaskView> {
        let now = self.now();
        self.with_world(now, |world| world.tasks.iter().map(|task| TaskView::of(task, now, &world.tempo)).collect())
    }

    /// How many tasks there ever were.
    pub fn task_count(&self) -> usize {
        self.with_world(self.now(), |world| world.tasks.len())
    }

    /// The true state of every compliance record.
    pub fn records(&self) -> Vec<RecordView> {
        let now = self.now();
        self.with_world(now, |world| {
            let view = |record: &super::records::Record| {
                let change = record.at(now);
                RecordView {
                    key: record.key().clone(),
                    state: change.map(|change| change.state),
                    since: change.map(|change| change.at),
                    attempts: record.deployments(),
                    drifted: 0,
                }
            };
            let mut views: Vec<RecordView> = world.records.all.iter().map(view).collect();
            for drifted in world.drifted.iter().filter(|one| one.at <= now) {
                if let Some(view) = views.get_mut(drifted.record) {
                    view.drifted += 1;
                }
            }
            views
        })
    }

    /// The estate as it is now.
    pub fn estate(&self) -> Estate {
        self.locked(|world| world.estate.clone())
    }

    /// Changes tenants, groups, subscriptions, definitions, initiatives and assignments - for instance takes an
    /// assignment away or gives it an identity. Changes to resources and records have no effect. `change` must not call
    /// this handle.
    pub fn amends(&self, change: impl FnOnce(&mut Estate)) {
        self.with_world(self.now(), |world| {
            change(&mut world.estate);
            if world.shows_roles {
                world.estate = std::mem::take(&mut world.estate).with_roles_made_anew();
            }
        });
    }

    /// Opens a task at a scope as a person would, by the same rules.
    ///
    /// # Errors
    /// The service's refusal.
    pub fn person_opens(&self, scope: &str, name: &str, request: TaskRequest) -> Result<TaskView, ArmError> {
        let now = self.now();
        let scope = ArmId::new(scope);
        self.with_world(now, |world| {
            world.check_scope(&scope)?;
            let correlation_id = Uuid::new_v4().to_string();
            let opening = Opening { scope: &scope, name, request, caller: person(), correlation_id };
            world.open_task(opening, now)?;
            let (_, task) = world.find_task(&scope, name)?;
            Ok(TaskView::of(task, now, &world.tempo))
        })
    }

    /// Cancels a task as a person would.
    ///
    /// # Errors
    /// The service's refusal: no such task, or it has ended.
    pub fn person_cancels(&self, scope: &str, name: &str) -> Result<(), ArmError> {
        let now = self.now();
        self.with_world(now, |world| world.cancel_remediation(&ArmId::new(scope), name, &person(), now).map(|_| ()))
    }

    /// Deletes a task as a person would.
    ///
    /// # Errors
    /// The service's refusal: it has not ended.
    pub fn person_deletes(&self, scope: &str, name: &str) -> Result<(), ArmError> {
        let now = self.now();
        self.with_world(now, |world| world.delete_remediation(&ArmId::new(scope), name, now).map(|_| ()))
    }

    /// An evaluation finds a record in another state, because somebody changed the resource. Returns the event that
    /// Azure would send; `None` when there is no such record.
    pub fn evaluation_finds(&self, key: &RecordKey, state: ComplianceState) -> Option<PolicyEvent> {
        let now = self.now();
        self.with_world(now, |world| {
            let index = world.records.index(key)?;
            let record = world.records.all.get_mut(index).filter(|record| record.gone_at.is_none())?;
            record.evaluated(state, String::new(), now, now);
            let key = record.key().clone();
            Some(PolicyEvent::new(&world.estate, &key, state, now, EventKind::Changed))
        })
    }

    /// The event of a record's true state now; `None` when there is no such record or its resource is gone.
    pub fn event(&self, key: &RecordKey, kind: EventKind) -> Option<PolicyEvent> {
        let now = self.now();
        self.with_world(now, |world| {
            let record = world.records.all.get(world.records.index(key)?)?;
            let change = record.at(now)?;
            let event = PolicyEvent::new(&world.estate, record.key(), change.state, change.at, kind);
            Some(event.with_reason(&change.reason))
        })
    }

    /// The events of the drifts since the last call, oldest first.
    pub fn drifts(&self) -> Vec<PolicyEvent> {
        let now = self.now();
        self.with_world(now, |world| world.tell_drifts(now))
    }

    /// The events of the fixes that evaluations have found since the last call, oldest first: they come when policy states show them.
    pub fn fixes(&self) -> Vec<PolicyEvent> {
        let now = self.now();
        self.with_world(now, |world| world.tell_fixes(now))
    }

    /// Whether there are fixes of which no event has been told yet.
    pub fn has_fixes_to_tell(&self) -> bool {
        self.with_world(self.now(), |world| world.has_fixes_to_tell())
    }

    /// Somebody deletes a resource: its records vanish, deployments to it that have not begun fail.
    pub fn person_deletes_resource(&self, resource: &ArmId) {
        let now = self.now();
        self.with_world(now, |world| world.end_resource(resource, now));
    }

    /// Writing calls that the API accepted.
    pub fn accepted_writes(&self) -> Vec<Write> {
        self.locked(|world| world.writes.iter().filter(|write| write.refused.is_none()).cloned().collect())
    }

    /// Writing calls that the API refused.
    pub fn refused_writes(&self) -> Vec<Write> {
        self.locked(|world| world.writes.iter().filter(|write| write.refused.is_some()).cloned().collect())
    }

    /// The most tasks that were active at one time, for each target in each subscription.
    pub fn peak_active_per_target(&self) -> BTreeMap<Target, usize> {
        let now = self.now();
        self.with_world(now, |world| observation::peaks(&world.tasks, now, &world.tempo))
    }

    /// Every pair of tasks that were active at one resource at the same time, of one target or of two.
    pub fn overlaps(&self) -> Vec<Overlap> {
        let now = self.now();
        self.with_world(now, |world| observation::overlaps(&world.tasks, now, &world.tempo))
    }

    /// The clock, in ticks of 100 ns, so that what is written reads back equal.
    pub(crate) fn now(&self) -> OffsetDateTime {
        let now = (self.clock)();
        now.replace_nanosecond(now.nanosecond() / 100 * 100).unwrap_or(now)
    }

    /// Works on the world as it is at `now`.
    pub(crate) fn with_world<T>(&self, now: OffsetDateTime, work: impl FnOnce(&mut World) -> T) -> T {
        self.locked(|world| {
            world.advance(now);
            work(world)
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        // A panic elsewhere leaves data that is still worth showing in a report.
        work(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn person() -> Caller {
    Caller { object_id: "11111111-1111-4111-8111-111111111111".to_owned(), kind: CallerKind::User }
}
