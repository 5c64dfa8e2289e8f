//! Counts, histograms, tops and pages further on against the list, with all that postings may tell and with little.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use docket_event::vocabulary::Surface;
use docket_event::{Field, Filter, Query, Recorded, Test, each_value};

use super::Run;
use crate::histogram::{BUCKETS_MAX, Buckets};
use crate::matching::Budget;
use crate::request::QueryError;
use crate::stats::{Stats, StatsQuery};
use crate::terms::TERM_BITS_MAX;
use crate::tops::Top;
use crate::{Count, Log};

impl Run<'_> {
    /// Compares everything that can be counted of what a question wants.
    pub(super) fn count(&mut self, log: &Log, question: &Query, org: &str) {
        let budget = self.budget();
        let widths = [None, Some(1), Some(1_000_000), Some(86_400_000_000)];
        let asked = StatsQuery {
            filter: question.filter.clone(),
            width: self.dice.pick(&widths).copied().flatten(),
            most: 1 + self.dice.below(4),
        };
        let field = self.dice.pick(&Field::ALL).copied().unwrap_or(Field::Type);
        let skip = [0, 1, 3, 20, 60, 150, 5_000];
        let skip = self.dice.pick(&skip).copied().unwrap_or(0);
        let trusted = self.params.term_bits == TERM_BITS_MAX;
        let Some(oracle) = self.oracles.get(org) else {
            return;
        };
        let wanted = oracle.events.iter();
        let wanted: Vec<&Recorded> = wanted
            .filter(|event| question.filter.matches(event))
            .collect();
        let case = format!(
            "seed {}: {question:?}, {field:?}, {skip} skipped, {budget:?}",
            self.seed
        );
        let case = Case { wanted, case };
        let compared = case
            .compare(log, &asked, (budget, trusted))
            .and_then(|complete| {
                let top = log.top_within(&asked.filter, (field, asked.most), budget)?;
                case.check_top(&top, field, asked.most);
                let page = log.query_behind_within(question, skip as u64, budget)?;
                assert_eq!(page, oracle.page_behind(question, skip), "{}", case.case);
                Ok(complete)
            });
        match compared {
            Ok(true) => {
                let trusted = trusted && budget.decoded_first == 0;
                self.coverage.counts += u64::from(trusted && !case.wanted.is_empty());
            }
            Ok(false) => self.coverage.incomplete_counts += 1,
            Err(QueryError::TooBroad(_)) => {
                assert!(
                    budget.searched < Budget::default().searched,
                    "{}",
                    case.case
                );
                self.coverage.too_broad += 1;
            }
            Err(_) => {
                self.coverage.failures += 1;
                self.subject.disarm();
            }
        }
    }

    /// The usual limits, or such as are reached soon.
    fn budget(&mut self) -> Budget {
        let usual = Budget::default();
        let pick = |dice: &mut crate::testing::random::Dice, few: &[u32], usual: u32| {
            dice.pick(few).copied().unwrap_or(usual)
        };
        if self.dice.once_in(4) {
            return usual;
        }
        Budget {
            decoded: pick(&mut self.dice, &[0, 3, 50, usual.decoded], usual.decoded),
            learned: pick(&mut self.dice, &[0, 5, usual.learned], usual.learned),
            opened: pick(
                &mut self.dice,
                &[2, usual.opened, usual.opened],
                usual.opened,
            ),
            searched: match self.dice.below(4) {
                0 => 0,
                1 => 20_000,
                _ => usual.searched,
            },
            postings: pick(&mut self.dice, &[0, 30, usual.postings], usual.postings),
            decoded_first: u64::from(pick(&mut self.dice, &[0, 0, 10], 0)),
            skipped_first: u64::from(pick(&mut self.dice, &[0, 10], 0)),
        }
    }
}

/// Whether postings alone answer a filter when terms tell values apart.
fn told_by_postings(filter: &Filter) -> bool {
    let tests = filter.groups.iter().flat_map(|group| &group.any);
    tests.into_iter().all(|test| match test {
        Test::Is(field, _) => field.indexed(),
        Test::TypeStartsWith(_) | Test::TypeContains(_) => true,
        Test::Unlisted { .. } | Test::Contains(_) => false,
    })
}

/// What a question wants, by the definition.
struct Case<'c> {
    wanted: Vec<&'c Recorded>,
    /// What to say where the log differs.
    case: String,
}

impl Case<'_> {
    /// Compares statistics with what the events say; whether they claimed to be complete.
    fn compare(
        &self,
        log: &Log,
        asked: &StatsQuery,
        (budget, trusted): (Budget, bool),
    ) -> Result<bool, QueryError> {
        let stats = log.stats_within(asked, budget)?;
        self.check_count(stats.count);
        let usual = Budget::default();
        let told = trusted && told_by_postings(&asked.filter);
        let enough = budget.opened == usual.opened && budget.searched == usual.searched;
        if enough && (told || budget.decoded == usual.decoded) {
            assert!(stats.count.complete, "why not? {}", self.case);
            let limited = stats.histogram.buckets.count > BUCKETS_MAX;
            assert!(
                limited || stats.histogram.complete,
                "why not? {}",
                self.case
            );
            let surfaces = trusted || budget.decoded == usual.decoded;
            assert!(!surfaces || stats.surfaces.iter().all(|surface| surface.complete));
            assert_eq!(log.count(&asked.filter)?, stats.count, "{}", self.case);
        }
        if stats.histogram.complete {
            self.check_histogram(log, asked, &stats)?;
        } else {
            let sum: u64 = stats.histogram.counts.iter().sum();
            assert!(sum <= self.wanted.len() as u64, "{}", self.case);
        }
        let tops = [
            (&stats.types, Field::Type),
            (&stats.actors, Field::ActorId),
            (&stats.projects, Field::ProjectId),
        ];
        for (top, field) in tops {
            self.check_top(top, field, asked.most);
        }
        self.check_surfaces(&stats);
        Ok(stats.count.complete && tops.iter().all(|(top, _)| top.complete))
    }

    fn check_count(&self, count: Count) {
        let expected = self.wanted.len() as u64;
        if count.complete {
            assert_eq!(count.events, expected, "{}", self.case);
        } else {
            assert!(count.events <= expected, "{}", self.case);
        }
    }

    /// Each interval has the events whose time, cut to a multiple of the width, is its start.
    fn check_histogram(
        &self,
        log: &Log,
        asked: &StatsQuery,
        stats: &Stats,
    ) -> Result<(), QueryError> {
        let Buckets { from, width, count } = stats.histogram.buckets;
        let mut expected: BTreeMap<i64, u64> = BTreeMap::new();
        for event in &self.wanted {
            let start = event.micros().div_euclid(width.max(1)) * width;
            *expected.entry(start).or_default() += 1;
        }
        let ends = expected.keys().next().zip(expected.keys().next_back());
        let Some((first, last)) = ends else {
            assert!(stats.histogram.counts.is_empty(), "{}", self.case);
            return Ok(());
        };
        assert!(asked.width.is_none_or(|asked| asked == width));
        assert!(asked.width.is_some() || count <= 100, "{}", self.case);
        assert_eq!(from.rem_euclid(width), 0, "{}", self.case);
        let start = |index: u64| from + width * i64::try_from(index).unwrap_or(0);
        assert!(from <= *first && start(count) > *last, "{}", self.case);
        if asked.filter.occurred.from.is_none() {
            assert_eq!(
                from, *first,
                "it begins with the first event: {}",
                self.case
            );
        }
        assert_eq!(stats.histogram.counts.len() as u64, count, "{}", self.case);
        let found = (0_u64..)
            .map(start)
            .zip(stats.histogram.counts.iter().copied());
        let found: BTreeMap<i64, u64> = found.filter(|(_, count)| *count > 0).collect();
        assert_eq!(found, expected, "{}", self.case);
        let alone = log.histogram(&asked.filter, &stats.histogram.buckets)?;
        assert_eq!(alone, stats.histogram, "{}", self.case);
        Ok(())
    }

    fn check_top(&self, top: &Top, field: Field, most: usize) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for event in &self.wanted {
            let mut values = Vec::new();
            each_value(&event.event, field, |value| values.push(value.to_owned()));
            values.sort_unstable();
            values.dedup();
            for value in values {
                *counts.entry(value).or_default() += 1;
            }
        }
        if top.complete {
            let mut expected: Vec<(String, u64)> = counts.into_iter().collect();
            expected.sort_by_key(|(_, count)| Reverse(*count));
            expected.truncate(most);
            assert_eq!(top.values, expected, "{field:?}, {}", self.case);
        } else {
            assert!(top.values.len() <= most, "{field:?}, {}", self.case);
            for (value, count) in &top.values {
                let enough = counts.get(value).is_some_and(|all| count <= all);
                assert!(enough, "{value} of {field:?}, {}", self.case);
            }
        }
    }

    fn check_surfaces(&self, stats: &Stats) {
        assert_eq!(stats.surfaces.len(), Surface::ALL.len());
        for found in &stats.surfaces {
            let (mut everyone, mut crossing) = (0, 0);
            for event in &self.wanted {
                each_value(&event.event, Field::ShownOn, |value| {
                    everyone += u64::from(value == found.surface.name());
                    crossing += u64::from(value == format!("{}+", found.surface.name()));
                });
            }
            let counted = (found.everyone, found.cross_vendor_only);
            if found.complete {
                assert_eq!(counted, (everyone, crossing), "{}", self.case);
            } else {
                assert!(
                    counted.0 <= everyone && counted.1 <= crossing,
                    "{}",
                    self.case
                );
            }
        }
    }
}
