//! Ports for what listens here and for the worker. Those that a system gives out by itself (from 32768 on, or from 49152) may go
//! to any connection of any process as soon as nobody listens on them; these it leaves alone.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU32, Ordering},
};

const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// A port of 127.0.0.1 on which nobody listens, for a moment at least.
pub(crate) fn free() -> io::Result<u16> {
    listen().and_then(|listener| Ok(listener.local_addr()?.port()))
}

/// Listens on this port of 127.0.0.1, or on any where none is asked for.
pub(crate) fn listen_on(port: Option<u16>) -> io::Result<TcpListener> {
    match port {
        Some(port) => TcpListener::bind((Ipv4Addr::LOCALHOST, port)),
        None => listen(),
    }
}

/// Listens on a port of 127.0.0.1. Each of this process is another one until all have been given, and another process begins
/// elsewhere.
pub(crate) fn listen() -> io::Result<TcpListener> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let start = std::process::id().wrapping_mul(997);
        let place = start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + place).map_err(io::Error::other)?;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            other => return other,
        }
    }
    Err(io::Error::from(io::ErrorKind::AddrInUse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_below_those_of_the_system_and_given_once() {
        let held = listen().unwrap();
        let taken = held.local_addr().unwrap().port();
        let ports: std::collections::BTreeSet<u16> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(ports.len(), 50);
        assert!(ports.iter().all(|port| *port != taken && (10_000..32_000).contains(port)), "{ports:?}");
    }
}
