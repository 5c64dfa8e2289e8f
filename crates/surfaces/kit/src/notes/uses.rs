//! Which tokens were used lately: each is written down once a step, not at every request.

use std::collections::HashMap;

use docket_access::LAST_USED_STEP_MICROS;
use parking_lot::Mutex;

/// Tokens that are remembered as written down. Beyond it those whose step is over are forgotten; if there are none, all
/// are, which costs one question to the store for each that is used again.
pub const USES_MAX: usize = 65_536;

/// When each token's use was last written down by this process.
#[derive(Debug, Default)]
pub(super) struct Uses {
    noted: Mutex<HashMap<(String, String), i64>>,
}

impl Uses {
    /// Whether it is time to write down that this token is used; the next time is a step later.
    pub fn is_due(&self, org: &str, token_id: &str, now_micros: i64) -> bool {
        let fresh = |at: &i64| (0..LAST_USED_STEP_MICROS).contains(&now_micros.saturating_sub(*at));
        let key = (org.to_owned(), token_id.to_owned());
        let mut noted = self.noted.lock();
        if noted.get(&key).is_some_and(fresh) {
            return false;
        }
        if noted.len() >= USES_MAX {
            noted.retain(|_, at| fresh(at));
        }
        if noted.len() >= USES_MAX {
            noted.clear();
        }
        noted.insert(key, now_micros);
        true
    }

    /// It could not be written down.
    pub fn forget(&self, org: &str, token_id: &str) {
        let key = (org.to_owned(), token_id.to_owned());
        self.noted.lock().remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_due_once_a_step() {
        let uses = Uses::default();
        let due = |token: &str, at: i64| uses.is_due("acme", token, at);
        assert!(due("a", 0) && !due("a", LAST_USED_STEP_MICROS - 1));
        assert!(due("a", LAST_USED_STEP_MICROS) && due("b", 0));
        assert!(due("a", 0), "a clock that was put back");
        uses.forget("acme", "a");
        assert!(due("a", 0));
        for number in 0..USES_MAX {
            assert!(due(&number.to_string(), 0));
        }
        assert!(uses.noted.lock().len() <= USES_MAX);
    }
}
