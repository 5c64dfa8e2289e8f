//! The surface in a server without sockets, over both transports.

#![cfg(test)]

mod broken;
mod pages;
mod refused;
mod whose;
mod world;
