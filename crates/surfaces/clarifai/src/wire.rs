//! The vendor's names on the wire, its fixed texts, and its limits.

use docket_event::Value;

/// The path of the log, in the router's spelling.
pub const SEARCHES: &str = "/v2/users/{user_id}/audit_log/searches";
/// Where a client asks how to sign in; one of the vendor's probes it for TLS.
pub const AUTH_METHODS: &str = "/v2/auth/methods";
/// Every method of the vendor's gRPC service, in the router's spelling.
pub const METHODS: &str = "/clarifai.api.V2/{method}";
/// The one method that is answered.
pub const METHOD: &str = "PostAuditLogSearches";
/// What the vendor's paths begin with.
pub const PREFIXES: &[&str] = &["/v2", "/clarifai.api.V2"];

/// Stands in a path for the owner of the key.
pub const ME: &str = "me";
/// The vendor's name for the permission to read a log.
pub const READ_SCOPE: &str = "AuditLogs_Get";

/// The header in front of whose value the ids of answers stand.
pub const ID_PREFIX_HEADER: &str = "x-clarifai-request-id-prefix";
/// The header that repeats the id of an answer.
pub const ID_HEADER: &str = "x-clarifai-request-id";
/// Most characters of a prefix; longer ones are left out.
pub const ID_PREFIX_CHARS_MAX: usize = 64;

/// Most bytes of a request.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;
/// Most values of one filter.
pub const VALUES_MAX: usize = 1_000;
/// Entries of a page, unless the caller says otherwise.
pub const PER_PAGE_DEFAULT: u32 = 128;
/// Most entries of a page.
pub const PER_PAGE_MAX: u32 = 1_000;

/// The operation that stands for every operation in a filter.
pub const EVERY_OPERATION: i32 = 0;
/// What `origin.id` begins with: an entry has no id of its own, so its hash tells it from others.
pub const HASHED: &str = "sha256:";
/// The member of `origin.extra` that keeps how an entry spelled an operation that no list knows.
pub const SPELLING: &str = "type";
/// The target kind of an application.
pub const APP: &str = "app";
/// Target kinds of which an entry may give the name.
pub const NAMED_KINDS: [&str; 3] = ["role", "team", APP];

/// What an empty member looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// `""`
    Text,
    /// `[]`
    List,
}

impl Empty {
    /// The empty value.
    pub fn value(self) -> Value<'static> {
        match self {
            Empty::Text => Value::string(""),
            Empty::List => Value::Array(Vec::new()),
        }
    }
}

/// The members of a target of that kind that are printed when they are empty, too.
pub fn shown_when_empty(kind: &str) -> &'static [(&'static str, Empty)] {
    match kind {
        "workflow" => &[("use_cases", Empty::List), ("check_consents", Empty::List)],
        "model" => &[
            ("app_id", Empty::Text),
            ("toolkits", Empty::List),
            ("use_cases", Empty::List),
            ("languages", Empty::List),
            ("languages_full", Empty::List),
            ("check_consents", Empty::List),
        ],
        _ => &[],
    }
}

/// The vendor's fixed text for an operation.
pub fn description(operation: u32) -> Option<&'static str> {
    let found = OPERATIONS.binary_search_by_key(&operation, |(code, _)| *code);
    let (_, text) = OPERATIONS.get(found.ok()?)?;
    Some(text)
}

/// Every operation with its text, by code.
pub const OPERATIONS: [(u32, &str); 48] = [
    (100, "Organization members added"),
    (101, "Organization members' roles changed"),
    (102, "Organization members removed"),
    (103, "Organization member invitations created"),
    (104, "Organization member invitations canceled"),
    (105, "Organization member invitations accepted"),
    (106, "Organization member invitations declined"),
    (107, "Organization teams created"),
    (108, "Organization teams updated"),
    (109, "Organization teams deleted"),
    (110, "Organization team members added"),
    (111, "Organization team members removed"),
    (112, "Organization team applications added"),
    (113, "Organization team applications removed"),
    (200, "Modules created"),
    (201, "Modules updated"),
    (202, "Modules deleted"),
    (203, "Module versions created"),
    (204, "Module versions updated"),
    (205, "Module versions deleted"),
    (300, "Models created"),
    (301, "Models updated"),
    (302, "Models deleted"),
    (303, "Model versions created"),
    (304, "Model versions updated"),
    (305, "Model versions deleted"),
    (400, "Workflows created"),
    (401, "Workflows updated"),
    (402, "Workflows deleted"),
    (403, "Workflow versions created"),
    (404, "Workflow versions updated"),
    (405, "Workflow versions deleted"),
    (600, "Applications created"),
    (601, "Applications updated"),
    (602, "Applications deleted"),
    (700, "Collaborators added"),
    (701, "Collaborators updated"),
    (702, "Collaborators removed"),
    (800, "Users updated"),
    (900, "Compute clusters created"),
    (901, "Compute clusters deleted"),
    (902, "Compute clusters updated"),
    (1000, "Nodepools created"),
    (1001, "Nodepools updated"),
    (1002, "Nodepools deleted"),
    (1100, "Deployments created"),
    (1101, "Deployments updated"),
    (1102, "Deployments deleted"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::named_numbers;
    use docket_event::vocabulary::{Surface, vocabulary};

    #[test]
    fn every_operation_has_its_text() {
        assert!(OPERATIONS.is_sorted_by(|(one, _), (next, _)| one < next));
        for (code, text) in OPERATIONS {
            let entry = vocabulary().by_word(Surface::Clarifai, &code.to_string());
            let word = entry.and_then(|entry| entry.own_word(Surface::Clarifai));
            let word = word.unwrap_or_else(|| panic!("{code} is no word"));
            assert_eq!(
                named_numbers("EventType").number(&word.text),
                i32::try_from(code).ok()
            );
            assert_eq!(description(code), Some(text));
        }
        assert_eq!(
            OPERATIONS.len(),
            vocabulary().surface(Surface::Clarifai).words
        );
        assert_eq!((description(0), description(2_000)), (None, None));
    }
}
