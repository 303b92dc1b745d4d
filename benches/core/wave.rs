//! One pass over a very large target, from the documents to the wave that is written down.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;

use remediation::control::{Controls, KnownControls};
use remediation::decide::{Answer, Next, Observed, Pass, Question, Transition};
use remediation::document::{
    Claim, Claimed, ControlsDocument, ETag, EntryState, Installation, Rival, SubscriptionDocument, TargetDocument,
    TaskName, Versioned,
};
use remediation::event::ComplianceState;
use remediation::fact::{ActiveTasks, Assignment, Effect, Facts, PolicyState};
use remediation::fixture::{assignment, facts_of};
use remediation::message::WakeUp;
use remediation::settings::Tuning;

use crate::sample::{document, now, observation, resource, tuning};

const WAITING: usize = 10_000;
/// Resources of a task at most.
const WAVE: usize = 100;

/// What `remediate` does for a target with everything still to do: all questions are answered at once, so only the decisions
/// count. The argument is the number of other targets whose tasks have claimed 100 of its resources each.
#[divan::bench(args = [0, 20])]
fn decide_a_wave_over_10000_waiting_resources(bencher: Bencher<'_, '_>, rivals: usize) {
    let document = document(0, WAITING, |_| EntryState::Waiting { due: now() });
    let (claims, tuning) = (claims(&document, rivals), tuning());
    bencher.counter(ItemsCount::new(WAITING)).with_inputs(|| (document.clone(), claims.clone())).bench_values(
        |(document, claims)| {
            let wave = look(document, claims, &tuning);
            assert_eq!(wave.in_task().count(), WAVE);
            wave
        },
    );
}

/// Answers what the pass asks until it writes its wave down.
fn look(document: TargetDocument, claims: SubscriptionDocument, tuning: &Tuning) -> TargetDocument {
    let etag = || Some(ETag("1".to_owned()));
    let mut look = Pass::new(&WakeUp::new(document.target.clone(), document.generation), installation());
    let controls = Arc::new(Controls::Read(ControlsDocument::default()));
    look.observe(Observed::Controls(KnownControls { controls, asked: Duration::from_secs(u64::from(u32::MAX)) }));
    let (mut stored, mut claims) = (Some(document), Some(claims));
    loop {
        let observed = match look.next(tuning, now()) {
            Next::LoadClaims => {
                let document = claims.take().expect("nothing conflicts");
                Observed::Claims(Versioned { document, etag: etag() })
            }
            Next::Load => {
                let document = stored.take().expect("nothing conflicts");
                Observed::Target(Box::new(Versioned { document, etag: etag() }))
            }
            Next::LoadRival(rival) => {
                let task = TaskName::new(&installation().id, &rival, 1);
                Observed::Rival(rival, Rival { active: Some(task), ..Rival::default() })
            }
            Next::Ask(Question::Facts) => Observed::Answer(Answer::Facts(facts())),
            Next::Ask(Question::ActiveTasks) => Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(Vec::new()))),
            Next::Ask(Question::Listed { .. }) => Observed::Answer(Answer::Listed(now(), Vec::new())),
            Next::Ask(Question::States(asked)) => {
                let states = asked.iter().map(|id| state(id.as_str())).collect();
                Observed::Answer(Answer::States(asked, states))
            }
            Next::Save(write) if write.transition == Transition::Opened => return *write.document,
            next => panic!("a wave does not need {next:?}"),
        };
        look.observe(observed);
    }
}

/// Claims of so many other targets, each for 100 resources of this one.
fn claims(document: &TargetDocument, rivals: usize) -> SubscriptionDocument {
    let mut claims = SubscriptionDocument::new(document.target.subscription().clone());
    let claim = |rival: usize| {
        let hash = observation(rival, 0, 0).target().hash();
        let resources: Vec<_> = (0..WAVE).map(|n| resource(rival * WAVE + n)).collect();
        let resources = resources.iter().collect();
        (hash.clone(), Claim { task: TaskName::new(&installation().id, &hash, 1), on: Claimed::Resources(resources) })
    };
    claims.claims = (1..=rivals).map(claim).collect::<BTreeMap<_, _>>();
    claims
}

fn facts() -> Facts {
    let id = observation(0, 0, 0).policy_assignment_id.to_string();
    Facts { read_at: now(), ..facts_of(Assignment { id, ..assignment() }) }
}

fn state(resource: &str) -> PolicyState {
    PolicyState {
        resource: resource.to_owned(),
        state: ComplianceState::NonCompliant,
        at: Some(now()),
        effect: Some(Effect::Remediable),
        location: None,
    }
}

fn installation() -> Installation {
    Installation { id: "benches".parse().expect("a name"), copied: None }
}
