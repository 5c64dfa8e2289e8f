//! The one write path and the one read path of a log, over any database that fulfils [`store::Store`].

pub mod batch;
pub mod block;
pub mod codec;
pub mod encode;
pub mod frame;
pub mod seal;
pub mod store;
pub mod terms;
#[cfg(feature = "testing")]
pub mod testing;

mod aging;
mod answer;
mod bits;
mod cache;
mod check;
mod columns;
mod dictionary;
mod encoders;
mod engine;
mod environment;
mod freezing;
mod group;
mod histogram;
mod matching;
mod merging;
mod offset;
mod params;
mod plan;
mod prepare;
mod query;
mod rebuild;
mod replay;
mod request;
mod sealing;
mod search;
mod segment;
mod state;
mod stats;
mod tail;
mod term_filter;
mod threads;
mod tiles;
mod tops;
mod writer;

pub use check::{CheckReport, check};
pub use engine::{Engine, Log, Ticket};
pub use environment::{Clock, Environment, Random, SystemClock, SystemRandom};
pub use histogram::{BUCKETS_MAX, Buckets, Histogram};
pub use matching::{DECODED_MAX, OPENED_MAX};
pub use params::{Params, WhatIsSealed};
pub use request::{AppendError, Appended, QueryError, Request};
pub use search::SEARCHED_BYTES_MAX;
pub use stats::{Count, Stats, StatsQuery, SurfaceCount};
pub use tops::{TOP_MAX, Top};
