//! Patterns of policy assignments outside of the settings, read as those of `INCLUDE_ASSIGNMENTS` are.

use crate::id::AssignmentId;

use super::guard_rails::Patterns;
use super::pattern_list::Of;

/// Patterns of assignments, with the texts that they were read from.
#[derive(Debug, Clone, Default)]
pub struct AssignmentPatterns {
    texts: Vec<String>,
    patterns: Patterns,
}

// The texts are all that the patterns are made of.
impl PartialEq for AssignmentPatterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for AssignmentPatterns {}

impl AssignmentPatterns {
    /// The patterns of these texts.
    ///
    /// # Errors
    /// Which of them cannot be read, or can never match, and why.
    pub fn of(texts: Vec<String>) -> Result<Self, String> {
        if let Some(place) = texts.iter().position(|text| text.trim().is_empty()) {
            return Err(format!("the pattern at place {place} is blank"));
        }
        let patterns = Patterns::parse(&texts.join("\n"), Of::Assignments)?;
        Ok(Self { texts, patterns })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether one of them matches the assignment's name or id.
    #[must_use]
    pub fn match_id(&self, assignment: &AssignmentId) -> bool {
        self.patterns.match_id_or_name(assignment.as_str())
    }

    /// The texts that they were read from.
    #[must_use]
    pub fn into_texts(self) -> Vec<String> {
        self.texts
    }
}
