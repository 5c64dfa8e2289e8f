//! Pruning against the list: what is gone is gone from every read, and the tree is what it was.

use docket_event::Recorded;
use docket_merkle::{Hash, Head, LeafIndex, verify_consistency, verify_inclusion};

use super::{ORGS, Run};
use crate::{Log, Pruned};

/// An event that was pruned.
pub(super) struct Gone {
    org: &'static str,
    event: Recorded,
    leaf: Hash,
}

impl Run<'_> {
    /// Prunes some of the oldest events of a log.
    pub(super) fn prune(&mut self) {
        let org = self.dice.pick(&ORGS).copied().unwrap_or("acme");
        let log = self.log(org);
        let Some(oracle) = self.oracles.get(org) else {
            return;
        };
        let (first, size) = (oracle.pruned, oracle.size());
        let part = [2, 4, 4, 8].get(self.dice.below(4)).copied().unwrap_or(4);
        let most = usize::try_from((size - first) / part).unwrap_or(0);
        // Sometimes everything, and more than there is.
        let up_to = match self.dice.once_in(12) {
            true => size + 5,
            false => first + self.dice.below(most + 2) as u64,
        };
        let expected = up_to.clamp(first, size);
        let going: Vec<Recorded> = oracle
            .events
            .iter()
            .take_while(|event| event.position < expected)
            .cloned()
            .collect();
        // Faults are for the pruning itself.
        let leaves: Vec<Hash> = match going.iter().map(|event| self.leaf(&log, event)).collect() {
            Some(leaves) => leaves,
            None => return,
        };
        let now_first = match log.prune(up_to) {
            Ok(Pruned { first: now, events }) => {
                assert_eq!(
                    (now, events),
                    (expected, expected - first),
                    "seed {}",
                    self.seed
                );
                now
            }
            Err(error) => {
                self.coverage.failures += 1;
                self.restart();
                let now = self.log(org).first().expect("the store reads");
                assert!(
                    (first..=expected).contains(&now),
                    "seed {}: {error}",
                    self.seed
                );
                now
            }
        };
        let oracle = self.oracles.entry(org).or_default();
        let gone = oracle.prune(now_first);
        assert_eq!(oracle.pruned, now_first, "seed {}", self.seed);
        self.coverage.pruned += gone.len() as u64;
        let gone = gone.into_iter().zip(leaves);
        self.gone
            .extend(gone.map(|(event, leaf)| Gone { org, event, leaf }));
        self.find_the_first(org);
    }

    fn leaf(&mut self, log: &Log, event: &Recorded) -> Option<Hash> {
        match log.leaf(event.position) {
            Ok(leaf) => Some(leaf.expect("the log has it")),
            Err(_) => {
                self.coverage.failures += 1;
                self.subject.disarm();
                None
            }
        }
    }

    /// An age becomes a position, whoever is asked.
    fn find_the_first(&mut self, org: &str) {
        self.take_turns();
        let log = self.log(org);
        let Some(oracle) = self.oracles.get(org) else {
            return;
        };
        let picked = self.dice.pick(&oracle.events);
        let micros = picked.map_or(0, |event| event.recorded_micros);
        for micros in [micros, micros + 1, 0, i64::MAX] {
            let mut events = oracle.events.iter();
            let expected = events.find(|event| event.recorded_micros >= micros);
            let expected = expected.map_or(oracle.size(), |event| event.position);
            if let Ok(found) = log.first_recorded_from(micros) {
                assert_eq!(found, expected, "seed {}: {micros}", self.seed);
            }
        }
    }

    /// No read knows of what was pruned, and all that was ever there can be proved.
    pub(super) fn look_for_gone(&mut self) {
        for gone in &self.gone {
            let log = self.log(gone.org);
            let found = log.by_id(gone.event.id).expect("the store reads");
            assert_eq!(found, None, "seed {}: by id", self.seed);
            let found = log.get(gone.event.position).expect("the store reads");
            assert_eq!(found, None, "seed {}: by position", self.seed);
        }
        for org in ORGS {
            self.prove(org);
        }
    }

    fn prove(&mut self, org: &str) {
        let log = self.log(org);
        let head = log.head();
        let gone = self.gone.iter().filter(|gone| gone.org == org);
        let gone: Vec<(u64, Hash)> = gone.map(|gone| (gone.event.position, gone.leaf)).collect();
        for (position, leaf) in &gone {
            self.prove_leaf(&log, (*position, *leaf), head);
            let size = position + 1 + self.dice.roll() % (head.size - position);
            let root = log
                .root(size)
                .expect("the store reads")
                .expect("it was so large");
            let old = Head { size, root };
            self.prove_leaf(&log, (*position, *leaf), old);
            let proof = log
                .consistency_proof(size, head.size)
                .expect("the store reads");
            verify_consistency(&old, &head, &proof.expect("it grew")).expect("it only grew");
            self.coverage.proofs += 1;
        }
        for position in (gone.len() as u64..head.size).step_by(11) {
            let leaf = log
                .leaf(position)
                .expect("the store reads")
                .expect("it is there");
            self.prove_leaf(&log, (position, leaf), head);
        }
        let beyond = log
            .inclusion_proof(0, head.size + 1)
            .expect("the store reads");
        assert_eq!(beyond, None);
    }

    fn prove_leaf(&self, log: &Log, (position, leaf): (u64, Hash), head: Head) {
        let proof = log.inclusion_proof(position, head.size);
        let proof = proof.expect("the store reads").expect("it is there");
        let verified = verify_inclusion(leaf, LeafIndex(position), &proof, &head);
        assert_eq!(verified, Ok(()), "seed {}: {position}", self.seed);
    }
}
