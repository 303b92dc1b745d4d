//! What an assignment says of itself, in the member `policyRemediator` of its metadata. It only narrows what the settings allow, and
//! what of it cannot be read is taken for the narrower: nothing of the assignment is changed then.

use serde_json::{Map, Value};

use crate::settings::Mode;

use super::window::ChangeWindow;

const NAME: &str = "policyRemediator";
const MEMBERS: [&str; 5] = ["mode", "window", "maxPerHour", "maxPerDay", "owner"];
const MODES: [(&str, AssignedMode); 4] = [
    ("off", AssignedMode::Off),
    ("plan", AssignedMode::Only(Mode::Plan)),
    ("approve", AssignedMode::Only(Mode::Approve)),
    ("act", AssignedMode::Only(Mode::Act)),
];
/// A name that differs by so much is taken for misspelt.
const NEAR: usize = 2;
/// Longest owner that is shown.
const LONGEST: usize = 100;

/// How far an assignment lets the worker go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignedMode {
    /// Not even a plan is made.
    Off,
    /// At most this.
    Only(Mode),
}

/// What an assignment says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssignedControls {
    /// How far the worker may go.
    pub mode: Option<AssignedMode>,
    /// When changes may be made.
    pub window: Option<ChangeWindow>,
    /// Most resources in an hour.
    pub max_per_hour: Option<u32>,
    /// Most resources in a day.
    pub max_per_day: Option<u32>,
    /// Whose it is.
    pub owner: Option<Box<str>>,
    /// What cannot be read, in words.
    pub unread: Vec<String>,
}

impl AssignedControls {
    /// Reads the metadata of an assignment. None where it says nothing.
    #[must_use]
    pub fn read(metadata: &Value) -> Option<Self> {
        let all = metadata.as_object()?;
        let mut read = Self::default();
        for (name, given) in all.iter().filter(|(_, given)| !given.is_null()) {
            if name.eq_ignore_ascii_case(NAME) {
                match given.as_object() {
                    Some(members) => read.take(members),
                    None => read.unread.push(format!("{NAME} is no object")),
                }
            } else if strsim::levenshtein(&name.to_lowercase(), &NAME.to_lowercase()) <= NEAR {
                read.unread.push(format!("{name:?} is nearly {NAME}, and nothing is read of it"));
            }
        }
        (read != Self::default()).then_some(read)
    }

    fn take(&mut self, members: &Map<String, Value>) {
        for (name, given) in members.iter().filter(|(_, given)| !given.is_null()) {
            let known = MEMBERS.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
            let read = match known {
                Some("mode") => mode(given).map(|mode| self.mode = Some(mode)),
                Some("window") => window(given).map(|window| self.window = Some(window)),
                Some("maxPerHour") => count(given).map(|count| self.max_per_hour = Some(count)),
                Some("maxPerDay") => count(given).map(|count| self.max_per_day = Some(count)),
                Some("owner") => {
                    // Whose it is holds nothing back.
                    self.owner =
                        given.as_str().map(|owner| owner.trim().chars().take(LONGEST).collect::<String>().into());
                    Ok(())
                }
                Some(_) | None => Err(format!("there is no such member; there are {}", MEMBERS.join(", "))),
            };
            if let Err(words) = read {
                self.unread.push(format!("{NAME}.{name}: {words}"));
            }
        }
    }

    /// How far the worker may go; none where nothing is said.
    #[must_use]
    pub fn most(&self) -> Option<Mode> {
        let said = self.mode.map(|mode| match mode {
            AssignedMode::Off => Mode::Plan,
            AssignedMode::Only(mode) => mode,
        });
        if self.unread.is_empty() { said } else { Some(Mode::Plan) }
    }

    /// Whether not even a plan is to be made.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.mode == Some(AssignedMode::Off)
    }
}

fn mode(given: &Value) -> Result<AssignedMode, String> {
    let word = given.as_str().map(str::trim).unwrap_or_default();
    let known = MODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    known.map(|(_, mode)| *mode).ok_or_else(|| "it is none of off, plan, approve, act".to_owned())
}

fn window(given: &Value) -> Result<ChangeWindow, String> {
    ChangeWindow::parse(given.as_str().ok_or("it is no text")?)
}

fn count(given: &Value) -> Result<u32, String> {
    let number = given.as_u64().or_else(|| given.as_str()?.trim().parse().ok());
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| "it is no whole number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn most(of: Value) -> Option<Mode> {
        AssignedControls::read(&json!({ "policyRemediator": of })).and_then(|read| read.most())
    }

    #[test]
    fn what_is_said_is_read_in_any_case_and_without_null() {
        let metadata = json!({
            "category": "Tags", "PolicyRemediator":
            { "Mode": "Approve", "window": "Sat,Sun Europe/Berlin", "maxPerHour": 5, "maxPerDay": "50", "owner": " team-x ", "x": null },
        });
        let read = AssignedControls::read(&metadata).unwrap();
        assert_eq!((read.mode, read.most()), (Some(AssignedMode::Only(Mode::Approve)), Some(Mode::Approve)));
        assert_eq!(read.window, Some(ChangeWindow::parse("Sat,Sun Europe/Berlin").unwrap()));
        assert_eq!((read.max_per_hour, read.max_per_day, read.owner.as_deref()), (Some(5), Some(50), Some("team-x")));
        assert_eq!(read.unread, Vec::<String>::new());
        for silent in [json!({}), json!({ "category": "Tags" }), json!({ "policyRemediator": null }), json!(null)] {
            assert_eq!(AssignedControls::read(&silent), None, "{silent}");
        }
    }

    #[test]
    fn what_cannot_be_read_lets_nothing_act() {
        for odd in [
            json!("act"),
            json!(["act"]),
            json!({ "mode": "on" }),
            json!({ "mode": true }),
            json!({ "mode": "act", "window": "20-06" }),
            json!({ "mode": "act", "window": 5 }),
            json!({ "mode": "act", "maxPerHour": -1 }),
            json!({ "mode": "act", "maxPerDay": 1.5 }),
            json!({ "mode": "act", "maxPerDay": "many" }),
            json!({ "mode": "act", "windows": "Sat" }),
        ] {
            assert_eq!(most(odd.clone()), Some(Mode::Plan), "{odd}");
        }
        assert_eq!(most(json!({ "mode": "act", "owner": 5 })), Some(Mode::Act), "an owner holds nothing back");
        let near = json!({ "policyRemediater": { "mode": "off" } });
        assert_eq!(AssignedControls::read(&near).unwrap().most(), Some(Mode::Plan));
        assert!(AssignedControls::read(&json!({ "policyRemediator": { "mode": "off" } })).unwrap().is_off());
    }
}
