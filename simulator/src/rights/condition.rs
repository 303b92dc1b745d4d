//! Conditions of role assignments (attribute-based access control): the part of the language that delegates the assigning
//! of roles (Microsoft documentation: "Azure role assignment condition format and syntax" and "Examples to delegate Azure
//! role assignment management with conditions"). What cannot be read counts as not fulfilled.

use super::pattern::covers;

/// What a condition looks at: a role assignment that is made or deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    pub(crate) role: &'a str,
    pub(crate) principal: &'a str,
    pub(crate) principal_type: &'a str,
}

/// Whether a condition is fulfilled for an action.
pub(crate) fn is_met(condition: &str, action: &str, attributes: Option<Attributes<'_>>) -> bool {
    let Some(tokens) = tokens(condition) else { return false };
    let mut reader = Reader { tokens: &tokens, action, attributes };
    reader.any().is_some_and(|met| met && reader.tokens.is_empty())
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Not,
    /// A bare word, an attribute with its brackets, or an operator with its colons.
    Word(String),
    /// Texts in quotes or braces.
    Values(Vec<String>),
}

fn tokens(condition: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = condition.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '!' => (Token::Not, 1),
            '{' => {
                let end = rest.find('}')?;
                let texts = rest.get(1..end)?.split(',').map(|text| text.trim().trim_matches('\'').to_owned());
                (Token::Values(texts.collect()), end + 1)
            }
            '\'' => {
                let end = rest.get(1..)?.find('\'')?;
                (Token::Values(vec![rest.get(1..=end)?.to_owned()]), end + 2)
            }
            '@' => {
                let end = rest.find(']')?;
                (Token::Word(rest.get(..=end)?.to_owned()), end + 1)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "(){}'!".contains(c)).unwrap_or(rest.len());
                (Token::Word(rest.get(..end)?.to_owned()), end)
            }
        };
        found.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(found)
}

struct Reader<'a> {
    tokens: &'a [Token],
    action: &'a str,
    attributes: Option<Attributes<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn follows(&mut self, word: &str) -> bool {
        match self.tokens.first() {
            Some(Token::Word(found)) if found.eq_ignore_ascii_case(word) => {
                self.tokens = &self.tokens[1..];
                true
            }
            Some(Token::Word(_) | Token::Open | Token::Close | Token::Not | Token::Values(_)) | None => false,
        }
    }

    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.follows("OR") || self.follows("||") {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.follows("AND") || self.follows("&&") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.follows("NOT") {
            return self.one().map(|met| !met);
        }
        match self.next()? {
            Token::Not => self.one().map(|met| !met),
            Token::Open => {
                let met = self.any()?;
                matches!(self.next()?, Token::Close).then_some(met)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("ActionMatches") => {
                let Token::Values(values) = self.next()? else { return None };
                Some(values.iter().any(|pattern| covers(pattern, self.action)))
            }
            Token::Word(attribute) if attribute.starts_with('@') => self.compared(attribute),
            Token::Word(_) | Token::Close | Token::Values(_) => None,
        }
    }

    fn compared(&mut self, attribute: &str) -> Option<bool> {
        let Token::Word(operator) = self.next()? else { return None };
        let Token::Values(values) = self.next()? else { return None };
        // A call without a role assignment has no such attributes: no comparison of them holds.
        let none = Attributes { role: "", principal: "", principal_type: "" };
        let (attributes, is_there) = (self.attributes.unwrap_or(none), self.attributes.is_some());
        let attribute = attribute.trim_end_matches(']').to_ascii_lowercase();
        let value = match attribute.rsplit(':').next()? {
            "roledefinitionid" => attributes.role,
            "principalid" => attributes.principal,
            "principaltype" => attributes.principal_type,
            _ => return None,
        };
        let is_among = values.iter().any(|one| one.eq_ignore_ascii_case(value));
        let operator = operator.rsplit(':').next()?.to_ascii_lowercase();
        match operator.as_str() {
            "guidequals" | "stringequals" | "stringequalsignorecase" => Some(is_there && is_among),
            "guidnotequals" | "stringnotequals" | "stringnotequalsignorecase" => Some(is_there && !is_among),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "92aaf0da-9dab-42b6-94a3-d43ce8d16293";
    const WRITE: &str = "Microsoft.Authorization/roleAssignments/write";
    const DELEGATING: &str = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
        (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals \
        {92aaf0da-9dab-42b6-94a3-d43ce8d16293, 749f88d5-cbae-40b8-bcfc-e573ddc772fa} AND \
        @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase \
        {'ServicePrincipal'}))";

    fn attributes<'a>(role: &'a str, principal_type: &'a str) -> Option<Attributes<'a>> {
        Some(Attributes { role, principal: "p", principal_type })
    }

    #[test]
    fn the_documented_condition_lets_only_its_roles_through() {
        for (action, attributes, met) in [
            (WRITE, attributes(ROLE, "ServicePrincipal"), true),
            (WRITE, attributes(ROLE, "User"), false),
            (WRITE, attributes("b24988ac-6180-42a0-ab88-20f7382dd24c", "ServicePrincipal"), false),
            ("Microsoft.Authorization/roleAssignments/delete", attributes("x", "User"), true),
            ("Microsoft.Authorization/roleAssignments/read", None, true),
            (WRITE, None, false),
        ] {
            assert_eq!(is_met(DELEGATING, action, attributes), met, "{action} {attributes:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_fulfilled() {
        let role = attributes(ROLE, "ServicePrincipal");
        for condition in [
            "",
            "(",
            "banana",
            "@Request[x:RoleDefinitionId] Banana {a}",
            "@Request[x:Colour] StringEquals 'red'",
            "@Request[x:PrincipalId] GuidEquals {p} banana",
        ] {
            assert!(!is_met(condition, WRITE, role), "{condition}");
        }
        assert!(is_met("@Request[x:PrincipalId] GuidEquals {P}", WRITE, role));
        assert!(is_met("NOT @Request[x:PrincipalId] GuidEquals {q}", WRITE, role));
    }
}
