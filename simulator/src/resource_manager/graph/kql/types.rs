//! Types of columns and expressions. `dynamic` is what JSON holds: it compares with texts, but is no key to group or order
//! by until it is cast.

/// A type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Type {
    Text,
    Long,
    Real,
    Bool,
    Instant,
    Span,
    Dynamic,
}

impl Type {
    /// Its name in errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Type::Text => "string",
            Type::Long => "long",
            Type::Real => "real",
            Type::Bool => "bool",
            Type::Instant => "datetime",
            Type::Span => "timespan",
            Type::Dynamic => "dynamic",
        }
    }

    /// Its name in a result of format `table` (OpenAPI: `ColumnDataType`).
    pub(in super::super) fn on_the_wire(self) -> &'static str {
        match self {
            Type::Text | Type::Span => "string",
            Type::Long => "integer",
            Type::Real => "number",
            Type::Bool => "boolean",
            Type::Instant => "datetime",
            Type::Dynamic => "object",
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Type::Long | Type::Real)
    }
}

/// Columns in their order, with their types. Their names have a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Schema(pub(in super::super) Vec<(String, Type)>);

impl Schema {
    /// The type of a column.
    pub(super) fn get(&self, name: &str) -> Option<Type> {
        self.0.iter().find(|(column, _)| column == name).map(|(_, kind)| *kind)
    }

    /// Whether there is such a column.
    pub(in super::super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}
