//! What is written down about requests: denied ones, reads, uses of tokens; and what too many of them are answered.

#![cfg(test)]

mod denied;
mod rates;
mod reads;
mod world;
