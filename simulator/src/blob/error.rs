//! The refusals of Blob Storage. Source of the codes: Microsoft documentation, "Blob service error codes".

/// A refusal, with the service's code and words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// 404.
    #[error("The specified container does not exist.")]
    ContainerNotFound,
    /// 409.
    #[error("The specified container already exists.")]
    ContainerAlreadyExists,
    /// 404.
    #[error("The specified blob does not exist.")]
    BlobNotFound,
    /// 409.
    #[error("The specified blob already exists.")]
    BlobAlreadyExists,
    /// 412.
    #[error("The condition specified using HTTP conditional header(s) is not met.")]
    ConditionNotMet,
    /// 304, without a body.
    #[error("The condition specified using HTTP conditional header(s) is not met.")]
    NotModified,
    /// 416.
    #[error("The range specified is invalid for the current size of the resource.")]
    InvalidRange,
    /// 400.
    #[error("The specified block list is invalid.")]
    InvalidBlockList,
    /// 400, with a code and words of its own.
    #[error("{words}")]
    BadRequest {
        /// The service's code.
        code: &'static str,
        /// What is wrong.
        words: String,
        /// What it is about: elements of the answer and their texts.
        about: Vec<(&'static str, String)>,
    },
    /// 405.
    #[error("The resource doesn't support specified Http Verb.")]
    UnsupportedHttpVerb,
}

impl BlobError {
    pub(super) fn bad(code: &'static str, words: &str) -> Self {
        Self::BadRequest { code, words: words.to_owned(), about: Vec::new() }
    }

    /// A header whose value the service does not take.
    pub(super) fn bad_header(name: &str, value: &str) -> Self {
        Self::BadRequest {
            code: "InvalidHeaderValue",
            words: "The value for one of the HTTP headers is not in the correct format.".to_owned(),
            about: vec![("HeaderName", name.to_owned()), ("HeaderValue", value.to_owned())],
        }
    }

    /// A query parameter whose value the service does not take.
    pub(super) fn bad_parameter(code: &'static str, name: &str, value: &str) -> Self {
        Self::BadRequest {
            code,
            words: "Value for one of the query parameters specified in the request URI is invalid.".to_owned(),
            about: vec![("QueryParameterName", name.to_owned()), ("QueryParameterValue", value.to_owned())],
        }
    }

    /// What it is about: elements of the answer and their texts.
    pub(super) fn about(&self) -> Vec<(&str, &str)> {
        match self {
            Self::BadRequest { about, .. } => about.iter().map(|(name, text)| (*name, text.as_str())).collect(),
            Self::ContainerNotFound
            | Self::ContainerAlreadyExists
            | Self::BlobNotFound
            | Self::BlobAlreadyExists
            | Self::ConditionNotMet
            | Self::NotModified
            | Self::InvalidRange
            | Self::InvalidBlockList
            | Self::UnsupportedHttpVerb => Vec::new(),
        }
    }

    /// The HTTP status and the service's code.
    pub fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            Self::ContainerNotFound => (404, "ContainerNotFound"),
            Self::ContainerAlreadyExists => (409, "ContainerAlreadyExists"),
            Self::BlobNotFound => (404, "BlobNotFound"),
            Self::BlobAlreadyExists => (409, "BlobAlreadyExists"),
            Self::ConditionNotMet => (412, "ConditionNotMet"),
            Self::NotModified => (304, "ConditionNotMet"),
            Self::InvalidRange => (416, "InvalidRange"),
            Self::InvalidBlockList => (400, "InvalidBlockList"),
            Self::BadRequest { code, .. } => (400, code),
            Self::UnsupportedHttpVerb => (405, "UnsupportedHttpVerb"),
        }
    }
}
