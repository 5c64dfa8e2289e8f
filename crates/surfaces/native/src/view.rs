//! A token's view, in the words of the listing.

use docket_event::{Fault, Filter};

use crate::parameters::Parameters;
use crate::query;

/// Most filters of one view.
pub const VIEW_WORDS_MAX: usize = 50;

/// Reads the filters of a view, each `name=value` as `GET /api/v1/events` takes them.
///
/// # Errors
/// The first one that is wrong, by its path below `view`.
pub fn read_view(words: &[String]) -> Result<Filter, Fault> {
    if words.len() > VIEW_WORDS_MAX {
        let reason = format!("has more than {VIEW_WORDS_MAX} filters");
        return Err(Fault::new("view", reason));
    }
    let mut pairs = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let Some((name, value)) = word.split_once('=') else {
            let reason = "is no filter; write one such as type=project.*";
            return Err(Fault::new(format!("view[{index}]"), reason));
        };
        pairs.push((name.to_owned(), value.to_owned()));
    }
    let mut parameters = Parameters::given(pairs);
    let filter = query::filter(&mut parameters);
    match parameters.faults().into_iter().next() {
        None => Ok(filter),
        Some(fault) => Err(Fault::new(format!("view.{}", fault.path), fault.reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_event::{Field, Group, Test};

    fn words(all: &[&str]) -> Vec<String> {
        all.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn views_are_filters_of_the_listing() {
        let view = read_view(&words(&["type=project.*", "not.actor_id=bot=7"])).unwrap();
        let expected = vec![
            Group::any([Test::TypeStartsWith("project.".into())]),
            Group::none([Test::Is(Field::ActorId, "bot=7".into())]),
        ];
        assert_eq!(view.groups, expected);
        assert_eq!(read_view(&[]), Ok(Filter::default()));
    }

    #[test]
    fn what_is_no_filter_is_told_with_its_place() {
        for (wrong, path) in [
            ("type", "view[0]"),
            ("tipe=x", "view.tipe"),
            ("type=", "view.type"),
            ("from=yesterday", "view.from"),
            ("limit=5", "view.limit"),
        ] {
            let fault = read_view(&words(&[wrong])).unwrap_err();
            assert_eq!(fault.path, path, "{wrong}: {fault}");
        }
        let many = vec!["type=a".to_owned(); VIEW_WORDS_MAX + 1];
        assert_eq!(read_view(&many).unwrap_err().path, "view");
    }
}
