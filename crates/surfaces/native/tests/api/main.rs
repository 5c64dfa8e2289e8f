//! The native API as its callers see it, over a store in memory.

#[cfg(test)]
mod access;
#[cfg(test)]
mod bad_bodies;
#[cfg(test)]
mod bad_heads;
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod world;
