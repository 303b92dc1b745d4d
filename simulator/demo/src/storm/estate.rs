//! The estate of a storm: single policies at subscription, resource group and management group and an initiative of two
//! policies, in turn; targets of uneven size; some resources under two policies, so that tasks must wait for one another.

use time::{Duration, OffsetDateTime};

use super::Storm;
use super::failures::Place;
use simulator::estate::{Assignment, ComplianceRecord, Definition, Estate, Initiative, RecordKey};

const TENANT: &str = "4bee2b8a-1bee-47c2-90e9-404241551135";
const PRINCIPAL: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
const GROUP: &str = "/providers/Microsoft.Management/managementGroups/contoso";

/// How the policies of a subscription are assigned, a target each.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    AtSubscription,
    AtGroup,
    AtManagementGroup,
    FirstOfInitiative,
    SecondOfInitiative,
}

const FORMS: [Form; 5] =
    [Form::AtSubscription, Form::AtGroup, Form::AtManagementGroup, Form::FirstOfInitiative, Form::SecondOfInitiative];

struct Target {
    subscription: usize,
    form: Form,
    assignment: String,
    reference: Option<&'static str>,
    size: usize,
}

impl Storm {
    /// The estate, evaluated within the second before `now`.
    pub fn estate(&self, now: OffsetDateTime) -> Estate {
        let targets = self.targets();
        let mut estate = self.land(&targets);
        let mut random = self.random(1);
        let mut places: Vec<Place> = Vec::new();
        let mut own: Vec<Vec<String>> = Vec::new();
        for (place, target) in targets.iter().enumerate() {
            let subscription = subscription(target.subscription);
            let mut resources: Vec<String> = (0..target.size)
                .map(|number| {
                    format!("/subscriptions/{subscription}/resourceGroups/App-{place}/providers/Microsoft.Storage/storageAccounts/st{place:02}x{number:04}")
                })
                .collect();
            own.push(resources.clone());
            // Every fourth target has some resources of an earlier one of its subscription as well.
            let earlier = place.checked_sub(self.subscriptions).filter(|_| place % 4 == 3);
            if let Some(earlier) = earlier.filter(|_| target.form != Form::AtGroup) {
                let shared = (target.size / 10).max(1);
                resources.extend(own[earlier].iter().take(shared).cloned());
            }
            let is_modify = matches!(target.form, Form::AtSubscription | Form::SecondOfInitiative);
            let key = |resource: String| RecordKey::new(resource, target.assignment.as_str(), target.reference);
            places.extend(resources.into_iter().map(|resource| Place { target: place, key: key(resource), is_modify }));
        }
        let begun: Vec<Duration> =
            targets.iter().map(|_| Duration::microseconds(random.i64(100_000..900_000))).collect();
        let scripts = self.scripts(&places);
        for (Place { target, key, .. }, script) in places.into_iter().zip(scripts) {
            let at = now - begun[target] + Duration::microseconds(random.i64(0..50_000));
            estate = estate.with_record(ComplianceRecord::non_compliant(key, at).with_script(script));
        }
        estate
    }

    fn targets(&self) -> Vec<Target> {
        let mut random = self.random(2);
        let weights: Vec<usize> =
            (0..self.targets).map(|place| random.usize(2..=6) * if place % 8 == 5 { 4 } else { 1 }).collect();
        let all: usize = weights.iter().sum();
        let mut sizes: Vec<usize> = weights.iter().map(|weight| (self.resources * weight / all).max(1)).collect();
        // What rounding left over goes to the first; what it added is taken from the largest.
        let (sum, largest) = (sizes.iter().sum::<usize>(), (0..sizes.len()).max_by_key(|place| sizes[*place]));
        sizes[0] += self.resources.saturating_sub(sum);
        if let Some(largest) = largest {
            sizes[largest] -= sum.saturating_sub(self.resources).min(sizes[largest] - 1);
        }
        let target = |(place, size)| {
            let number = place % self.subscriptions;
            let form = FORMS[(place / self.subscriptions + number) % FORMS.len()];
            let scope = format!("/subscriptions/{}", subscription(number));
            let assigned =
                |scope: &str, name: &str| format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}");
            let (assignment, reference) = match form {
                Form::AtSubscription => (assigned(&scope, "Inherit-Tag"), None),
                Form::AtGroup => (assigned(&format!("{scope}/resourceGroups/App-{place}"), "Diagnostics"), None),
                Form::AtManagementGroup => (assigned(GROUP, "Encryption"), None),
                Form::FirstOfInitiative => (assigned(&scope, "Baseline"), Some("Deploy_Agent")),
                Form::SecondOfInitiative => (assigned(&scope, "Baseline"), Some("Enforce_TLS")),
            };
            Target { subscription: number, form, assignment, reference, size }
        };
        sizes.into_iter().enumerate().map(target).collect()
    }

    /// Subscriptions, definitions and assignments.
    fn land(&self, targets: &[Target]) -> Estate {
        let definition = |name: &str| format!("{GROUP}/providers/Microsoft.Authorization/policyDefinitions/{name}");
        let baseline = format!("{GROUP}/providers/Microsoft.Authorization/policySetDefinitions/Baseline");
        let mut estate = Estate::new(TENANT).with_management_group("contoso", None);
        for number in 0..self.subscriptions {
            estate = estate.with_subscription(&subscription(number), &format!("Number {number}"), Some("contoso"));
        }
        for (name, effect) in [
            ("Inherit-Tag", "Modify"),
            ("Enforce-TLS", "Modify"),
            ("Diagnostics", "DeployIfNotExists"),
            ("Encryption", "DeployIfNotExists"),
            ("Deploy-Agent", "DeployIfNotExists"),
        ] {
            estate = estate.with_definition(Definition::new(definition(name), effect).with_role(CONTRIBUTOR));
        }
        estate = estate.with_initiative(
            Initiative::new(baseline.as_str())
                .with_member("Deploy_Agent", definition("Deploy-Agent"))
                .with_member("Enforce_TLS", definition("Enforce-TLS")),
        );
        let mut known: Vec<&str> = Vec::new();
        for target in targets {
            if known.contains(&target.assignment.as_str()) {
                continue;
            }
            known.push(&target.assignment);
            let scope = target.assignment.rsplit_once("/providers/").map_or("", |(scope, _)| scope);
            let name = target.assignment.rsplit('/').next().unwrap_or_default();
            let policy = if target.reference.is_some() { baseline.clone() } else { definition(name) };
            let assignment = Assignment::new(scope, name, policy.as_str());
            estate = estate.with_assignment(assignment.with_system_identity(PRINCIPAL, TENANT, "westeurope"));
        }
        estate
    }
}

/// The id of the subscription with this number.
fn subscription(number: usize) -> String {
    format!("291bba3f-e0a5-47bc-a099-{number:012}")
}
