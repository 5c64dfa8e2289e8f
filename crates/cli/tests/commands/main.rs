//! The command as its users run it.

#[cfg(test)]
mod access;
#[cfg(test)]
mod access_page;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod database;
#[cfg(test)]
mod export;
#[cfg(test)]
mod import;
#[cfg(test)]
mod place;
#[cfg(test)]
mod server;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod verbs;
