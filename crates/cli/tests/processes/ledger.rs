//! What was acknowledged in one organization, by position.

/// An event as clients know it: its id, and the number in its request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: u128,
    pub request: u64,
}

#[derive(Debug, Default)]
pub struct Ledger {
    events: Vec<Option<Known>>,
    count: u64,
}

impl Ledger {
    /// Notes an acknowledged event. No position is given twice.
    pub fn add(&mut self, position: usize, known: Known) {
        if self.events.len() <= position {
            self.events.resize(position + 1, None);
        }
        let taken = self.events[position].replace(known);
        assert_eq!(
            taken, None,
            "position {position} was given twice, now to {known:?}"
        );
        self.count += 1;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// Positions that a log of all these events has at least.
    pub fn size(&self) -> usize {
        self.events.len()
    }

    pub fn at(&self, position: usize) -> Option<Known> {
        self.events.get(position).copied().flatten()
    }

    pub fn ids(&self) -> Vec<u128> {
        self.events.iter().flatten().map(|known| known.id).collect()
    }
}

/// The number that an event's id is.
pub fn id(text: &str) -> u128 {
    u128::from_str_radix(&text.replace('-', ""), 16).unwrap()
}

/// The number in a request id of ours.
pub fn request(text: &str) -> Option<u64> {
    text.strip_prefix('r')?.parse().ok()
}
