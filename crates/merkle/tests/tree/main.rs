//! Roots, frontiers, proofs and tiles against published vectors, a naive tree and other libraries.

mod naive;
mod oracle;
mod properties;
mod tiles;
mod vectors;
