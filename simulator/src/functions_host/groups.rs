//! Which instances serve which functions. Together: every instance serves all. Split: as Flex Consumption scales, every function
//! has instances of its own, but for those with HTTP triggers, which share theirs. Source: Microsoft documentation, "Flex
//! Consumption plan hosting", per-function scaling. In which group an Event Grid trigger is does not stand there.

use super::package::{Function, Trigger};

/// The functions of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Group {
    All,
    Http,
    One(String),
}

impl Group {
    /// The groups of a package.
    pub(super) fn of(functions: &[Function], split: bool) -> Vec<Self> {
        if !split {
            return vec![Self::All];
        }
        let mut groups = Vec::new();
        for group in functions.iter().map(Self::of_one) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        // A host without functions runs, too.
        if groups.is_empty() { vec![Self::All] } else { groups }
    }

    /// Whether its instances serve this function.
    pub(super) fn serves(&self, function: &Function) -> bool {
        *self == Self::All || *self == Self::of_one(function)
    }

    fn of_one(function: &Function) -> Self {
        match function.trigger {
            Trigger::Http { .. } => Self::Http,
            Trigger::EventGrid { .. } | Trigger::ServiceBus { .. } | Trigger::Timer { .. } => {
                Self::One(function.name.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, trigger: Trigger) -> Function {
        Function { name: name.to_owned(), binding: "b".to_owned(), trigger }
    }

    #[test]
    fn split_every_function_has_its_own_group_but_those_with_http_triggers() {
        let http = || Trigger::Http {
            route: String::new(),
            methods: Vec::new(),
            response: None,
            only_http: true,
            needs_key: false,
        };
        let event_grid = || Trigger::EventGrid { many: false };
        let functions =
            [function("a", http()), function("b", event_grid()), function("c", http()), function("d", event_grid())];
        assert_eq!(Group::of(&functions, false), [Group::All]);
        let groups = Group::of(&functions, true);
        assert_eq!(groups, [Group::Http, Group::One("b".to_owned()), Group::One("d".to_owned())]);
        let served = |group: &Group| functions.iter().filter(|f| group.serves(f)).map(|f| f.name.as_str()).collect();
        let served: Vec<String> = groups.iter().map(served).collect();
        assert_eq!(served, ["ac", "b", "d"]);
        assert_eq!(Group::of(&[], true), [Group::All]);
    }
}
