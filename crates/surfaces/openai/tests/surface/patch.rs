//! Differences of random documents.

use docket_event::Value;
use docket_surfaces_kit::lossless::{apply, difference};
use proptest::prelude::*;

use crate::random::json;
use crate::sorted;

fn check(rendered: &Value<'static>, original: &Value<'_>) {
    let patch = difference(rendered, original);
    assert_eq!(patch.is_none(), sorted(rendered) == sorted(original));
    let extra = patch.unwrap_or(Value::Null);
    assert_eq!(
        sorted(&apply(rendered.clone(), &extra)),
        sorted(original),
        "{extra:?}"
    );
    let mut more = Value::object([("id", Value::string("x")), ("recorded_at", Value::Null)]);
    for (name, value) in extra.as_object().unwrap_or_default() {
        more.set(name, value.clone());
    }
    assert_eq!(
        sorted(&apply(rendered.clone(), &more)),
        sorted(original),
        "{extra:?}"
    );
}

proptest! {
    #[test]
    fn a_patch_leads_from_any_document_to_any_other(one in json(), other in json()) {
        check(&one, &other);
        check(&one, &one);
        let around = |value: &Value<'static>| Value::object([("a", value.clone()), ("z", Value::Null)]);
        check(&around(&one), &around(&other));
        check(&around(&one), &other);
    }
}
