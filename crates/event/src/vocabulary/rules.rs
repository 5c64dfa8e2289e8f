//! Rules by which targets and payload members travel between an event and a vendor entry.

use serde::Deserialize;

/// Where a target of one kind stands in the vendors' entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRule {
    /// Target kind, a name of the kind list.
    pub kind: String,
    /// Payload path of the id: members joined by dots, `[]` behind a list.
    pub openai: Option<String>,
    /// Payload path of the name.
    pub openai_name: Option<String>,
    /// When the id at `openai` means this kind; always, if absent.
    pub openai_when: Option<When>,
    /// Target kind of that vendor.
    pub clarifai: Option<String>,
    /// Subject field of that vendor.
    pub calypsoai: Option<String>,
    /// Whether the vendor's schema requires the subject field; true without a field.
    #[serde(default = "yes")]
    pub calypsoai_required: bool,
}

const fn yes() -> bool {
    true
}

/// When the id at a payload path is a target of the rule's kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum When {
    /// A sibling member has this value.
    MemberIs {
        /// Name of the sibling member.
        member: String,
        /// Its value.
        value: String,
    },
    /// A sibling member has a value with this end.
    MemberEndsIn {
        /// Name of the sibling member.
        member: String,
        /// End of its value.
        ending: String,
    },
    /// A sibling member ends in nothing that the other rules of the type name, or is absent.
    AnyOther {
        /// Name of the sibling member.
        member: String,
        /// What the other rules of the type name.
        endings: Vec<String>,
    },
    /// The id is not the value of that sibling member.
    DiffersFrom {
        /// Name of the sibling member.
        member: String,
    },
}

impl When {
    /// Whether `id` is a target of the rule's kind; `sibling` reads a payload member by name.
    pub fn holds<'a>(&self, id: &str, sibling: impl Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Self::MemberIs { member, value } => sibling(member) == Some(value),
            Self::MemberEndsIn { member, ending } => {
                sibling(member).is_some_and(|found| found.ends_with(ending))
            }
            Self::AnyOther { member, endings } => {
                let found = sibling(member).unwrap_or_default();
                !endings.iter().any(|ending| found.ends_with(ending))
            }
            Self::DiffersFrom { member } => sibling(member) != Some(id),
        }
    }
}

/// A rule text that this version does not understand.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} rule: {text:?}")]
pub struct UnknownRule {
    what: &'static str,
    text: String,
}

impl TryFrom<String> for When {
    type Error = UnknownRule;

    fn try_from(text: String) -> Result<Self, UnknownRule> {
        let rule = if let Some((member, ending)) = text.split_once(" ends in ") {
            Self::MemberEndsIn {
                member: member.into(),
                ending: ending.into(),
            }
        } else if let Some((member, value)) = text.split_once(" = ") {
            Self::MemberIs {
                member: member.into(),
                value: value.into(),
            }
        } else if let Some(member) = text.strip_prefix("any other ") {
            Self::AnyOther {
                member: member.into(),
                endings: Vec::new(),
            }
        } else if let Some(member) = text.strip_prefix("it differs from ") {
            Self::DiffersFrom {
                member: member.into(),
            }
        } else {
            return Err(UnknownRule {
                what: "target",
                text,
            });
        };
        Ok(rule)
    }
}

/// Gives each `AnyOther` the endings that the other rules of its type name.
pub(super) fn resolve_others(rules: &mut [TargetRule]) {
    let named: Vec<(String, String)> = rules
        .iter()
        .filter_map(|rule| match &rule.openai_when {
            Some(When::MemberEndsIn { member, ending }) => Some((member.clone(), ending.clone())),
            Some(When::MemberIs { .. } | When::AnyOther { .. } | When::DiffersFrom { .. })
            | None => None,
        })
        .collect();
    for rule in rules {
        if let Some(When::AnyOther { member, endings }) = &mut rule.openai_when {
            let same = named.iter().filter(|(other, _)| other == member);
            endings.extend(same.map(|(_, ending)| ending.clone()));
        }
    }
}

/// What fills a payload member when the event came from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    /// All of `data.after`.
    After,
    /// One member of `data.after`.
    AfterMember(String),
    /// One member of `data.before`.
    BeforeMember(String),
    /// A part of `error`.
    Error(ErrorPart),
    /// Name, or else id, of the first target of kind role.
    TargetRole,
    /// Plain kind of the one who got or lost the role: user, group, service account.
    TargetPrincipalKind,
    /// Plain kind of what limits the role: project, organization, resource.
    TargetScopeKind,
    /// Id of the first target of kind resource.
    TargetResourceId,
}

/// A member of an event's `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorPart {
    /// `error.code`
    Code,
    /// `error.message`
    Message,
}

impl TryFrom<String> for Source {
    type Error = UnknownRule;

    fn try_from(text: String) -> Result<Self, UnknownRule> {
        Ok(match text.as_str() {
            "after" => Self::After,
            "error.code" => Self::Error(ErrorPart::Code),
            "error.message" => Self::Error(ErrorPart::Message),
            "target.role" => Self::TargetRole,
            "target.principal.kind" => Self::TargetPrincipalKind,
            "target.scope.kind" => Self::TargetScopeKind,
            "target.resource.id" => Self::TargetResourceId,
            other => {
                if let Some(member) = other.strip_prefix("after.") {
                    Self::AfterMember(member.to_owned())
                } else if let Some(member) = other.strip_prefix("before.") {
                    Self::BeforeMember(member.to_owned())
                } else {
                    return Err(UnknownRule {
                        what: "payload",
                        text,
                    });
                }
            }
        })
    }
}
