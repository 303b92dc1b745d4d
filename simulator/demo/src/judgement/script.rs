//! What the script of the estate wants: who is fixed in the end and who is parked, and with how many tasks at least.

use std::collections::{BTreeMap, HashMap, HashSet};

use simulator::estate::{ArmId, Attempt, ComplianceRecord, ComplianceState, Estate, Identity, Nature, RecordKey};
use simulator::resource_manager::TaskView;

/// Most resources that one task names (`filters.resourceIds`, api 2024-10-01).
const MOST: usize = 100;

/// The code of a deployment that another policy forbids: such a park has a reason of its own.
const DISALLOWED: &str = "RequestDisallowedByPolicy";

/// What should be compliant in the end: non-compliant now, remediable, and not failing for ever.
pub fn fixable(estate: &Estate) -> Vec<RecordKey> {
    let keys = remediable(estate).filter(|record| park(estate, record).is_none()).map(|record| record.key.clone());
    keys.collect()
}

/// How a record is parked, in the words of the state documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Park {
    /// Its reason.
    pub reason: &'static str,
    /// The class of the failure that led to it.
    pub class: &'static str,
}

/// What should be parked in the end, and how: remediable, and failing for ever.
pub fn hopeless(estate: &Estate) -> BTreeMap<RecordKey, Park> {
    remediable(estate).filter_map(|record| Some((record.key.clone(), park(estate, record)?))).collect()
}

/// The least number of tasks that fix everything: for each target as many as its most stubborn resource needs attempts, and as
/// many full ones as hold all attempts. What fails for ever needs one, by which that is found out; a target of which everything
/// lacks permission needs one in all. Where its identity has no role, that is read beforehand and needs none; but in a customer's
/// subscription nobody sees all roles, and a resource goes ahead in each of two resource groups before it is believed.
pub fn least_tasks(estate: &Estate) -> usize {
    let mut attempts_of: BTreeMap<Target, (usize, usize)> = BTreeMap::new();
    let mut forbidden: HashSet<Target> = remediable(estate).map(target).collect();
    for record in remediable(estate) {
        if !lacks_permission(estate, record) {
            forbidden.remove(&target(record));
        }
        let needs = attempts(estate, record);
        let (most, all) = attempts_of.entry(target(record)).or_default();
        (*most, *all) = ((*most).max(needs), *all + needs);
    }
    let tasks = |(place, (most, all)): (&Target, &(usize, usize))| match forbidden.contains(place) {
        true => to_find_out(estate, place),
        false => all.div_ceil(MOST).max(*most),
    };
    attempts_of.iter().map(tasks).sum::<usize>()
}

/// How many tasks it takes to find out that nobody may deploy for a target.
fn to_find_out(estate: &Estate, place: &Target) -> usize {
    let (subscription, assignment, _) = place;
    if estate.assignment(assignment).is_none_or(|one| one.has_roles) {
        return 1;
    }
    let known = estate.subscriptions.iter().find(|one| one.id.eq_ignore_ascii_case(subscription));
    if known.is_none_or(|one| one.tenant == estate.home_tenant) {
        return 0;
    }
    let of_target = remediable(estate).filter(|record| target(record) == *place);
    let groups: HashSet<String> =
        of_target.filter_map(|record| Some(record.key.resource.resource_group()?.to_lowercase())).collect();
    groups.len().clamp(1, 2)
}

/// Records that were in more tasks than their script needs, with the number of tasks and that need. `drifted` tells how
/// often a record was set back after a fix, each of which needs one task more.
pub fn troubled_too_often(
    estate: &Estate,
    tasks: &[TaskView],
    drifted: impl Fn(&RecordKey) -> usize,
) -> Vec<(RecordKey, usize, usize)> {
    let mut tasks_of: HashMap<RecordKey, usize> = HashMap::new();
    for task in tasks {
        for resource in task.named.as_ref().unwrap_or(&task.resources) {
            let key = RecordKey::new(resource.clone(), task.assignment.clone(), task.reference.as_deref());
            *tasks_of.entry(key).or_default() += 1;
        }
    }
    let need: HashMap<&RecordKey, usize> =
        remediable(estate).map(|record| (&record.key, attempts(estate, record))).collect();
    let of = |key: &RecordKey| need.get(key).copied().unwrap_or_default() + drifted(key);
    let mut found: Vec<_> = tasks_of
        .into_iter()
        .map(|(key, count)| (count, of(&key), key))
        .filter(|(count, need, _)| count > need)
        .collect();
    found.sort();
    found.into_iter().map(|(count, need, key)| (key, count, need)).collect()
}

fn remediable(estate: &Estate) -> impl Iterator<Item = &ComplianceRecord> {
    let locations: HashMap<&ArmId, &str> =
        estate.resources.iter().map(|resource| (&resource.id, resource.location.as_str())).collect();
    estate.records.iter().filter(move |record| {
        let reference = record.key.reference.as_deref();
        let location = locations.get(&record.key.resource).copied();
        record.state == ComplianceState::NonCompliant
            && estate
                .assignment(&record.key.assignment)
                .is_some_and(|assignment| estate.is_remediable(assignment, reference, location))
    })
}

/// Subscription (lower case), assignment and reference.
type Target = (String, ArmId, Option<String>);

fn target(record: &ComplianceRecord) -> Target {
    let subscription = record.key.resource.subscription().unwrap_or_default().to_lowercase();
    (subscription, record.key.assignment.clone(), record.key.reference.clone())
}

/// Why the record is parked in the end, if it is: nobody can act for its assignment, or its script says so.
fn park(estate: &Estate, record: &ComplianceRecord) -> Option<Park> {
    if lacks_identity(estate, record) {
        return Some(Park { reason: "noIdentity", class: "" });
    }
    let has_roles = estate.assignment(&record.key.assignment).is_none_or(|one| one.has_roles);
    let nature = if has_roles { record.script.last()?.nature()? } else { Nature::Permission };
    let is_disallowed = matches!(record.script.last(), Some(Attempt::Fail(failure)) if failure.holds(DISALLOWED));
    Some(match nature {
        Nature::Permanent if is_disallowed => Park { reason: "disallowedByPolicy", class: "disallowed" },
        Nature::Permission => Park { reason: "missingPermission", class: "permission" },
        Nature::Permanent => Park { reason: "permanentFailure", class: "permanent" },
        Nature::Stale => Park { reason: "permanentFailure", class: "stale" },
        Nature::Passing => Park { reason: "attemptsUsedUp", class: "transient" },
    })
}

fn lacks_identity(estate: &Estate, record: &ComplianceRecord) -> bool {
    estate.assignment(&record.key.assignment).is_some_and(|one| matches!(one.identity, Identity::None))
}

fn lacks_permission(estate: &Estate, record: &ComplianceRecord) -> bool {
    park(estate, record).is_some_and(|park| park.class == "permission")
}

/// How many tasks a record needs: the failures before its first success and that; when it fails for ever, as many as tell
/// so; none when the assignment itself shows it.
pub fn attempts(estate: &Estate, record: &ComplianceRecord) -> usize {
    match park(estate, record) {
        None => 1 + record.script.iter().take_while(|attempt| **attempt != Attempt::Succeed).count(),
        Some(_) if lacks_identity(estate, record) => 0,
        Some(park) if park.class == "permission" => record.script.len().max(1),
        Some(park) => record.script.len() + usize::from(park.class == "stale"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Storm;
    use simulator::estate::{Failure, sample};
    use time::OffsetDateTime;

    #[test]
    fn the_least_is_counted_by_target_and_attempt() {
        let mut estate = sample(OffsetDateTime::UNIX_EPOCH);
        estate.records.clear();
        let assignment = estate.assignments.iter().find(|one| one.id.name() == "Enforce-TLS").unwrap().id.clone();
        let subscription = assignment.subscription().unwrap().to_owned();
        for number in 0..101 {
            let id = format!(
                "/subscriptions/{subscription}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s{number}"
            );
            let key = RecordKey::new(id, assignment.clone(), None);
            let record = ComplianceRecord::non_compliant(key, OffsetDateTime::UNIX_EPOCH);
            estate = estate.with_record(match number {
                0 => record.failing(2, Failure::service_unavailable()),
                1 => record.failing(1, Failure::service_unavailable()),
                2 => record.always_failing(Failure::invalid_template_deployment()),
                3 | 4 => record.failing(1, Failure::no_evaluation_result()),
                _ => record,
            });
        }
        // 101 resources are two tasks; the second has room for all that failed in the first, and one needs a third.
        assert_eq!(least_tasks(&estate), 3);
        let hopeless = hopeless(&estate);
        assert_eq!((fixable(&estate).len(), hopeless.len()), (100, 1));
        let park = Park { reason: "permanentFailure", class: "permanent" };
        assert_eq!(hopeless.values().next(), Some(&park));
        // If nobody may deploy, one task tells that.
        for record in &mut estate.records {
            record.script = vec![Attempt::Fail(Failure::authorization_failed("p", "s"))];
        }
        assert_eq!(least_tasks(&estate), 1);
        assert!(super::hopeless(&estate).values().all(|park| park.reason == "missingPermission"));
    }

    #[test]
    fn where_nobody_may_deploy_nothing_can_be_fixed_and_roles_that_can_be_read_cost_no_task_to_find_out() {
        let mut estate = sample(OffsetDateTime::UNIX_EPOCH);
        let assignment = estate.assignments.iter().find(|one| one.id.name() == "Enforce-TLS").unwrap().id.clone();
        estate.records.retain(|record| record.key.assignment == assignment);
        let count = remediable(&estate).count();
        assert!(count > 0 && fixable(&estate).len() == count);
        let mut change = |change: fn(&mut simulator::estate::Assignment)| {
            estate.assignments.iter_mut().filter(|one| one.id == assignment).for_each(change);
            let reasons: HashSet<&str> = hopeless(&estate).values().map(|park| park.reason).collect();
            (fixable(&estate).len(), hopeless(&estate).len(), reasons, least_tasks(&estate))
        };
        assert_eq!(change(|one| one.has_roles = false), (0, count, HashSet::from(["missingPermission"]), 0));
        assert_eq!(change(|one| one.identity = Identity::None), (0, count, HashSet::from(["noIdentity"]), 0));
    }

    #[test]
    fn in_a_customers_subscription_a_missing_role_costs_a_task_in_each_of_two_groups() {
        let mut estate = crate::estate(OffsetDateTime::UNIX_EPOCH);
        let is_foreign = |id: &str| {
            let is_of = |one: &simulator::estate::Subscription| one.id.eq_ignore_ascii_case(id);
            estate.subscriptions.iter().any(|one| is_of(one) && one.tenant != estate.home_tenant)
        };
        let is_poor = |record: &&ComplianceRecord| is_foreign(&target(record).0) && lacks_permission(&estate, record);
        let first = estate.records.iter().find(is_poor).unwrap().clone();
        for groups in 1..4 {
            estate.records.clear();
            for group in 0..groups {
                let (before, after) = first.key.resource.as_str().split_once("/resourceGroups/").unwrap();
                let rest = after.split_once('/').unwrap().1;
                let id = format!("{before}/resourceGroups/g{group}/{rest}");
                let key = RecordKey::new(id, first.key.assignment.clone(), first.key.reference.as_deref());
                estate.records.push(ComplianceRecord { key, ..first.clone() });
            }
            assert_eq!(least_tasks(&estate), groups.min(2), "{groups} groups");
        }
    }

    #[test]
    fn a_storm_is_as_large_as_told_and_the_same_for_the_same_seed() {
        let now = OffsetDateTime::now_utc();
        let storm = Storm::of(10_000, 7);
        let estate = storm.estate(now);
        let events = storm.events(&estate);
        let mut distinct: Vec<String> = events.iter().map(ToString::to_string).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!((events.len(), distinct.len()), (10_000, 7_000));
        assert_eq!(estate.resources.len(), 2_000);
        let natures =
            |record: &ComplianceRecord| -> Vec<Nature> { record.script.iter().filter_map(Attempt::nature).collect() };
        let share = |wanted: &dyn Fn(&[Nature]) -> bool| {
            let count = estate.records.iter().filter(|record| wanted(&natures(record))).count();
            (count as f64 / estate.records.len() as f64 * 1000.0).round() / 1000.0
        };
        assert_eq!(share(&|natures| natures == [Nature::Permanent]), 0.02);
        assert_eq!(share(&|natures| natures.contains(&Nature::Stale)), 0.02);
        let passing = share(&|natures| natures.contains(&Nature::Stale) || natures.contains(&Nature::Passing));
        assert_eq!(passing, 0.1, "a tenth fails and passes by itself, or by an evaluation");
        let without_roles: HashSet<Target> =
            estate.records.iter().filter(|one| lacks_permission(&estate, one)).map(target).collect();
        assert_eq!(without_roles.len(), 1);
        let is_of_it = |record: &&ComplianceRecord| without_roles.contains(&target(record));
        assert!(estate.records.iter().filter(is_of_it).all(|one| lacks_permission(&estate, one)), "all of it");
        let targets: HashSet<Target> = estate.records.iter().map(target).collect();
        assert_eq!(targets.len(), 40);
        assert_eq!(events, storm.events(&storm.estate(now)));
        assert_ne!(events, Storm::of(10_000, 8).events(&Storm::of(10_000, 8).estate(now)));
    }
}
