//! The server's addresses. ureq needs them before every call, even if a pooled connection will serve it.
//!
//! A lookup has no timeout, so it runs on its own thread. Callers wait only for the first lookup of a name. Later
//! ones run in the background while the earlier result serves, so a name server that hangs or fails then costs
//! nothing.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::Uri;
use parking_lot::{Condvar, Mutex};
use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::exchange::note;
use crate::clock::Stamp;

/// How long a result is current: long enough for a burst of calls, short enough to follow a server that moves. Open
/// connections outlast it.
const CURRENT: Duration = Duration::from_secs(10);
/// The capacity of `ResolvedSocketAddrs`.
const MOST: usize = 16;

type LookupFn = dyn Fn(&str) -> Vec<SocketAddr> + Send + Sync;
type Spawn = fn(Box<dyn FnOnce() + Send>) -> io::Result<()>;

/// Results by host and port; clones share them.
#[derive(Clone)]
pub(super) struct CachedResolver(Arc<ResolverState>);

struct ResolverState {
    /// Returns no address if the lookup fails.
    lookup: Box<LookupFn>,
    spawn: Spawn,
    /// At most one server and one proxy. The lock is never held during a lookup.
    names: Mutex<HashMap<String, HostEntry>>,
    /// Notified at the end of each lookup.
    ended: Condvar,
}

#[derive(Default)]
struct HostEntry {
    addresses: Vec<SocketAddr>,
    /// When the last lookup began.
    looked_up: Option<Stamp>,
    is_running: bool,
    /// The address that connected last.
    preferred: Option<SocketAddr>,
}

impl CachedResolver {
    pub(super) fn new() -> Self {
        CachedResolver::looked_up_by(|name| name.to_socket_addrs().map(Iterator::collect).unwrap_or_default())
    }

    pub(super) fn looked_up_by(lookup: impl Fn(&str) -> Vec<SocketAddr> + Send + Sync + 'static) -> Self {
        CachedResolver::with(lookup, spawn)
    }

    fn with(lookup: impl Fn(&str) -> Vec<SocketAddr> + Send + Sync + 'static, spawn: Spawn) -> Self {
        CachedResolver(Arc::new(ResolverState {
            lookup: Box::new(lookup),
            spawn,
            names: Mutex::default(),
            ended: Condvar::new(),
        }))
    }

    #[cfg(test)]
    pub(super) fn is(&self, other: &CachedResolver) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Remembers that an address connected.
    pub(super) fn prefer(&self, address: SocketAddr) {
        for name in self.0.names.lock().values_mut().filter(|name| name.addresses.contains(&address)) {
            name.preferred = Some(address);
        }
    }

    /// The addresses of a name, beginning with the one that connected last. Waits only if there was never a result.
    fn addresses(&self, host: &str, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
        let started = Stamp::now();
        let mut names = self.0.names.lock();
        self.look_up_if_due(host, names.entry(host.to_owned()).or_default())?;
        loop {
            let Some(name) = names.get(host).filter(|name| name.is_running || !name.addresses.is_empty())
            else {
                return Err(Error::HostNotFound);
            };
            if !name.addresses.is_empty() {
                let mut addresses = name.addresses.clone();
                // Not a sort, which would be the only one in the crate and is slow to compile.
                if let Some(at) = addresses.iter().position(|address| Some(*address) == name.preferred) {
                    let preferred = addresses.remove(at);
                    addresses.insert(0, preferred);
                }
                return Ok(addresses);
            }
            let left = timeout.after.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(Error::Timeout(timeout.reason));
            }
            self.0.ended.wait_for(&mut names, left);
        }
    }

    /// Starts a lookup, unless the result is current or a lookup is running.
    fn look_up_if_due(&self, host: &str, name: &mut HostEntry) -> io::Result<()> {
        let is_current = name.looked_up.is_some_and(|at| at.age() < CURRENT) && !name.addresses.is_empty();
        if is_current || name.is_running {
            return Ok(());
        }
        name.looked_up = Some(Stamp::now());
        let (shared, host) = (Arc::clone(&self.0), host.to_owned());
        match (self.0.spawn)(Box::new(move || shared.look_up(host))) {
            Ok(()) => name.is_running = true,
            Err(error) if name.addresses.is_empty() => return Err(error),
            // The earlier result still serves.
            Err(_) => {}
        }
        Ok(())
    }
}

impl ResolverState {
    fn look_up(&self, host: String) {
        let addresses = (self.lookup)(&host);
        let mut names = self.names.lock();
        let name = names.entry(host).or_default();
        name.is_running = false;
        if !addresses.is_empty() {
            name.addresses = addresses;
        }
        drop(names);
        self.ended.notify_all();
    }
}

fn spawn(work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().name("popup-rewards-lookup".to_owned()).spawn(work).map(drop)
}

impl Resolver for CachedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        // Nothing but a lookup tells that ureq turns to the proxy.
        let to_proxy = config.proxy().is_some_and(|proxy| proxy.uri() == uri);
        note(|exchange| exchange.to_proxy = to_proxy);
        let (scheme, authority) = uri.scheme().zip(uri.authority()).ok_or(Error::HostNotFound)?;
        let host = DefaultResolver::host_and_port(scheme, authority).ok_or(Error::HostNotFound)?;
        // An IP address needs no lookup.
        let addresses =
            host.parse().map_or_else(|_| self.addresses(&host, timeout), |address| Ok(vec![address]))?;
        let mut resolved = self.empty();
        addresses.into_iter().take(MOST).for_each(|address| resolved.push(address));
        Ok(resolved)
    }
}

impl fmt::Debug for CachedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedResolver").finish_non_exhaustive()
    }
}
