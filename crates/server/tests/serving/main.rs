//! The true server on a free port, over a store in memory.

#[cfg(test)]
mod connections;
#[cfg(test)]
mod jwts;
#[cfg(test)]
mod life;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod site;
#[cfg(test)]
mod tls;
