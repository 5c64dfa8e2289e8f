//! Access over an engine: what a change writes, and whom a secret lets in.

#[cfg(test)]
mod day;
#[cfg(test)]
mod everything;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod jwts;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod members;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod world;
