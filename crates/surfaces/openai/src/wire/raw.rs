//! One parameter after the other: which it is, in which of its spellings, and what its value means.

use super::{
    AFTER, BEFORE, EFFECTIVE_AT, EVENT_TYPES, LIMIT, LIMIT_MAX, ListOrder, ORDER, Range,
    TENANT_ONLY,
};
use crate::error::{ApiError, shown};
use crate::seconds::Seconds;

const LISTS: [&str; 5] = [
    "project_ids",
    EVENT_TYPES,
    "actor_ids",
    "actor_emails",
    "resource_ids",
];
const SCALARS: [&str; 5] = [TENANT_ONLY, LIMIT, AFTER, BEFORE, ORDER];

/// The parameters as far as they have been read.
#[derive(Default)]
pub struct Raw {
    pub lists: [Vec<String>; 5],
    pub effective_at: Range,
    pub tenant_only: Option<bool>,
    pub limit: Option<usize>,
    pub after: Option<String>,
    pub before: Option<String>,
    pub order: Option<ListOrder>,
}

impl Raw {
    pub fn take(&mut self, name: &str, value: String) -> Result<(), ApiError> {
        let (base, brackets) = match name.find('[') {
            Some(at) => name.split_at(at),
            None => (name, ""),
        };
        if let Some(list) = LISTS
            .iter()
            .zip(&mut self.lists)
            .find(|(known, _)| **known == base)
        {
            if !list_brackets(brackets) {
                return Err(bad_name(list.0, name));
            }
            list.1.push(value);
        } else if base == EFFECTIVE_AT {
            match brackets {
                "" => self.pairs(&value)?,
                _ => self.bound(inside(brackets).unwrap_or(brackets), &value)?,
            }
        } else if let Some(scalar) = SCALARS.into_iter().find(|known| *known == base) {
            if !brackets.is_empty() {
                return Err(bad_name(scalar, name));
            }
            self.scalar(scalar, value)?;
        }
        Ok(())
    }

    fn scalar(&mut self, name: &'static str, value: String) -> Result<(), ApiError> {
        match name {
            TENANT_ONLY => once(&mut self.tenant_only, boolean(&value)?, name),
            LIMIT => once(&mut self.limit, limit(&value)?, name),
            ORDER => once(&mut self.order, order(&value)?, name),
            AFTER => once(&mut self.after, value, name),
            _ => once(&mut self.before, value, name),
        }
    }

    /// `gte,1,lt,9`
    fn pairs(&mut self, value: &str) -> Result<(), ApiError> {
        let parts: Vec<&str> = value.split(',').collect();
        for pair in parts.chunks(2) {
            match pair {
                [op, number] => self.bound(op, number)?,
                _ => {
                    let message = format!(
                        "Invalid '{EFFECTIVE_AT}': expected effective_at[gte]=SECONDS, but got '{}' instead.",
                        shown(value)
                    );
                    return Err(ApiError::value(EFFECTIVE_AT, message));
                }
            }
        }
        Ok(())
    }

    fn bound(&mut self, op: &str, number: &str) -> Result<(), ApiError> {
        let range = &mut self.effective_at;
        let (bound, first): (_, fn(Seconds) -> i64) = match op {
            "gt" => (&mut range.gt, Seconds::greater),
            "gte" => (&mut range.gte, Seconds::at_least),
            "lt" => (&mut range.lt, Seconds::at_least),
            "lte" => (&mut range.lte, Seconds::greater),
            other => {
                let message = format!(
                    "Invalid '{EFFECTIVE_AT}': expected one of gt, gte, lt and lte, but got '{}' instead.",
                    shown(other)
                );
                return Err(ApiError::value(EFFECTIVE_AT, message));
            }
        };
        let seconds = Seconds::parse(number).ok_or_else(|| {
            let message = format!(
                "Invalid '{EFFECTIVE_AT}[{op}]': expected Unix seconds, but got '{}' instead.",
                shown(number)
            );
            ApiError::value(EFFECTIVE_AT, message)
        })?;
        once(bound, first(seconds), EFFECTIVE_AT)
    }
}

/// Nothing, `[]`, `[0]`.
fn list_brackets(brackets: &str) -> bool {
    brackets.is_empty()
        || inside(brackets).is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stands in one pair of brackets.
fn inside(brackets: &str) -> Option<&str> {
    brackets.strip_prefix('[')?.strip_suffix(']')
}

fn bad_name(param: &'static str, name: &str) -> ApiError {
    ApiError::value(
        param,
        format!("Invalid parameter name: '{}'. Use '{param}'.", shown(name)),
    )
}

fn once<T: PartialEq>(slot: &mut Option<T>, value: T, name: &'static str) -> Result<(), ApiError> {
    match slot {
        Some(first) if *first != value => Err(ApiError::value(
            name,
            format!("Invalid '{name}': given twice with different values."),
        )),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn boolean(value: &str) -> Result<bool, ApiError> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(ApiError::wrong_type(TENANT_ONLY, "a boolean", "a string")),
    }
}

fn limit(value: &str) -> Result<usize, ApiError> {
    let (negative, digits) = match value.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = Seconds::parse(value).is_some();
        let got = if number {
            "a decimal number"
        } else {
            "a string"
        };
        return Err(ApiError::wrong_type(LIMIT, "an integer", got));
    }
    // What overflows is above every bound.
    match digits.parse().unwrap_or(usize::MAX) {
        _ if negative => Err(ApiError::below(LIMIT, 1, value)),
        0 => Err(ApiError::below(LIMIT, 1, value)),
        number if number > LIMIT_MAX => Err(ApiError::above(LIMIT, LIMIT_MAX, value)),
        number => Ok(number),
    }
}

fn order(value: &str) -> Result<ListOrder, ApiError> {
    match value {
        "desc" => Ok(ListOrder::Desc),
        "asc" => Ok(ListOrder::Asc),
        other => {
            let message = format!(
                "Invalid '{ORDER}': expected asc or desc, but got '{}' instead.",
                shown(other)
            );
            Err(ApiError::value(ORDER, message))
        }
    }
}
