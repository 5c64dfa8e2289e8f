//! What the random sequences have met.

/// What a run of sequences must have met for its silence to mean anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage {
    /// Blocks that were sealed.
    pub seals: u64,
    /// Blocks that stand where others were merged, or some of them.
    pub merges: u64,
    /// Blocks whose events came out of order.
    pub perms: u64,
    /// Neighbouring blocks that overlap in time.
    pub overlaps: u64,
    /// Different values with the same term.
    pub collisions: u64,
    /// Questions that were compared.
    pub questions: u64,
    /// Statistics that were compared and claimed to be complete, although postings had to tell them.
    pub counts: u64,
    /// Statistics that claimed to be incomplete.
    pub incomplete_counts: u64,
    /// Questions with a text search that found events, and had some to pass over.
    pub searches: u64,
    /// Questions that would have looked through too much.
    pub too_broad: u64,
    /// Requests that failed, by a fault or by a conflict.
    pub failures: u64,
    /// Restarts.
    pub restarts: u64,
    /// Events found to be there already.
    pub duplicates: u64,
    /// Events that were pruned.
    pub pruned: u64,
    /// Proofs of leaves whose events were pruned.
    pub proofs: u64,
}

impl Coverage {
    /// Adds what another run met.
    pub fn add(&mut self, other: &Coverage) {
        self.seals += other.seals;
        self.merges += other.merges;
        self.perms += other.perms;
        self.overlaps += other.overlaps;
        self.collisions += other.collisions;
        self.questions += other.questions;
        self.counts += other.counts;
        self.incomplete_counts += other.incomplete_counts;
        self.searches += other.searches;
        self.too_broad += other.too_broad;
        self.failures += other.failures;
        self.restarts += other.restarts;
        self.duplicates += other.duplicates;
        self.pruned += other.pruned;
        self.proofs += other.proofs;
    }

    /// Whether everything happened that the sequences are for.
    pub fn complete(&self) -> bool {
        [
            self.seals,
            self.merges,
            self.perms,
            self.overlaps,
            self.collisions,
            self.questions,
            self.counts,
            self.incomplete_counts,
            self.searches,
            self.too_broad,
            self.restarts,
            self.duplicates,
            self.pruned,
            self.proofs,
        ]
        .iter()
        .all(|count| *count > 0)
    }
}
