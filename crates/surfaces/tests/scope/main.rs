//! Whatever is asked of whichever surface with whichever token: nothing comes back that the token may not see.
//!
//! Organizations, roles, groups, views and tokens are drawn at random, and so are the questions. What a token may see
//! is worked out event by event, from what was granted.

#![cfg(test)]

mod ask;
mod granted;
mod world;

use docket_engine::testing::random::Dice;

use ask::{Asked, QUESTIONS};
use world::World;

/// Worlds that are drawn, unless `DOCKET_SEQUENCES` says otherwise.
const WORLDS: u64 = 40;
/// Questions that each token of a world asks.
const ROUNDS: usize = 6;

fn worlds() -> u64 {
    let told = std::env::var("DOCKET_SEQUENCES").ok();
    told.and_then(|told| told.parse().ok()).unwrap_or(WORLDS)
}

#[test]
fn no_surface_shows_what_a_token_may_not_see() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let (mut shown, mut hidden, mut refused) = (0, 0, 0);
    for seed in 0..worlds() {
        let mut dice = Dice::new(seed);
        let world = World::draw(&mut dice);
        for token in &world.tokens {
            for _ in 0..ROUNDS {
                let question = dice.pick(QUESTIONS).unwrap();
                let asked = runtime.block_on(question(&world, token, &mut dice));
                let Some(Asked {
                    what,
                    found,
                    exactly,
                }) = asked
                else {
                    refused += 1;
                    continue;
                };
                let may: Vec<&str> = world.visible(token);
                for id in &found {
                    assert!(
                        may.contains(&id.as_str()),
                        "seed {seed}: {what}: {token:?} got {id}"
                    );
                }
                if exactly {
                    assert_eq!(found.len(), may.len(), "seed {seed}: {what}: {token:?}");
                }
                shown += found.len();
                hidden += world.events.len() - may.len();
            }
        }
    }
    assert!(
        shown > 1_000 && hidden > 1_000 && refused > 50,
        "{shown} {hidden} {refused}"
    );
}
