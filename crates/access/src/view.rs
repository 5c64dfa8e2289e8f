//! How a token's view is kept: its filter as JSON, fields by their stored numbers.

use docket_event::{Field, Filter, Group, Needle, Span, Test};
use serde::{Deserialize, Serialize};

use crate::principal::View;

/// A view as it stands in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ViewRecord {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cross_vendor: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupRecord>,
    #[serde(default, skip_serializing_if = "SpanRecord::is_open")]
    occurred: SpanRecord,
    #[serde(default, skip_serializing_if = "SpanRecord::is_open")]
    recorded: SpanRecord,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRecord {
    any: Vec<TestRecord>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    negated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TestRecord {
    /// Number of the field, value.
    Is(u8, String),
    TypeStartsWith(String),
    TypeContains(String),
    Contains(String),
    /// Canonical type, vendor's word.
    Unlisted(String, String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpanRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
}

impl ViewRecord {
    pub(crate) fn of(view: &View) -> Self {
        let test = |test: &Test| match test {
            Test::Is(field, value) => TestRecord::Is(field.code(), value.clone()),
            Test::TypeStartsWith(prefix) => TestRecord::TypeStartsWith(prefix.clone()),
            Test::TypeContains(needle) => TestRecord::TypeContains(needle.text().to_owned()),
            Test::Contains(needle) => TestRecord::Contains(needle.text().to_owned()),
            Test::Unlisted { event_type, word } => {
                TestRecord::Unlisted(event_type.clone(), word.clone())
            }
        };
        let group = |group: &Group| GroupRecord {
            any: group.any.iter().map(test).collect(),
            negated: group.negated,
        };
        ViewRecord {
            cross_vendor: view.cross_vendor,
            groups: view.filter.groups.iter().map(group).collect(),
            occurred: SpanRecord::of(view.filter.occurred),
            recorded: SpanRecord::of(view.filter.recorded),
        }
    }

    /// The view; `None` when it names a field that this version does not know: such a token sees nothing,
    /// because a filter that is left out would show too much.
    pub(crate) fn view(&self) -> Option<View> {
        let groups = self
            .groups
            .iter()
            .map(GroupRecord::group)
            .collect::<Option<_>>()?;
        let filter = Filter {
            groups,
            occurred: self.occurred.span(),
            recorded: self.recorded.span(),
        };
        Some(View {
            filter,
            cross_vendor: self.cross_vendor,
        })
    }

    /// Whether it shows less than everything.
    pub(crate) fn narrows(&self) -> bool {
        !self.groups.is_empty() || !self.occurred.is_open() || !self.recorded.is_open()
    }

    pub(crate) fn is_cross_vendor(&self) -> bool {
        self.cross_vendor
    }

    pub(crate) fn is_open(&self) -> bool {
        *self == ViewRecord::default()
    }
}

impl GroupRecord {
    fn group(&self) -> Option<Group> {
        let any = self
            .any
            .iter()
            .map(TestRecord::test)
            .collect::<Option<_>>()?;
        Some(Group {
            any,
            negated: self.negated,
        })
    }
}

impl TestRecord {
    fn test(&self) -> Option<Test> {
        match self {
            TestRecord::Is(code, value) => {
                let field = Field::ALL.into_iter().find(|field| field.code() == *code)?;
                Some(Test::Is(field, value.clone()))
            }
            TestRecord::TypeStartsWith(prefix) => Some(Test::TypeStartsWith(prefix.clone())),
            TestRecord::TypeContains(text) => Needle::new(text).ok().map(Test::TypeContains),
            TestRecord::Contains(text) => Needle::new(text).ok().map(Test::Contains),
            TestRecord::Unlisted(event_type, word) => Some(Test::Unlisted {
                event_type: event_type.clone(),
                word: word.clone(),
            }),
        }
    }
}

impl SpanRecord {
    fn of(span: Span) -> Self {
        SpanRecord {
            from: span.from,
            to: span.to,
        }
    }

    fn span(self) -> Span {
        Span {
            from: self.from,
            to: self.to,
        }
    }

    fn is_open(&self) -> bool {
        *self == SpanRecord::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_come_back() {
        let filter = Filter {
            groups: vec![
                Group::any([
                    Test::Is(Field::Type, "a.b".into()),
                    Test::TypeStartsWith("c.".into()),
                    Test::TypeContains(Needle::new("d").unwrap()),
                    Test::Contains(Needle::new("E f").unwrap()),
                ]),
                Group::none([Test::Is(Field::ShownOn, "openai".into())]),
            ],
            occurred: Span {
                from: Some(1),
                to: None,
            },
            recorded: Span {
                from: None,
                to: Some(2),
            },
        };
        let view = View {
            filter,
            cross_vendor: true,
        };
        let text = serde_json::to_string(&ViewRecord::of(&view)).unwrap();
        let read: ViewRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(read.view(), Some(view), "{text}");
        assert_eq!(
            serde_json::to_string(&ViewRecord::of(&View::default())).unwrap(),
            "{}"
        );
    }

    #[test]
    fn a_field_of_a_later_version_closes_the_view() {
        let read: ViewRecord =
            serde_json::from_str(r#"{"groups":[{"any":[{"is":[200,"x"]}]}]}"#).unwrap();
        assert_eq!(read.view(), None);
    }
}
