//! The server's addresses. ureq asks for them before every call, even if a pooled connection will serve it.
//!
//! A lookup cannot be bounded, so it runs on a thread of its own. Only the first lookup of a name makes callers
//! wait: later ones run in the background while the earlier result serves. A name server that hangs or fails
//! therefore costs nothing once there was a result.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::Uri;
use parking_lot::{Condvar, Mutex};
use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::clock::Stamp;

/// How long a result counts as current: long enough for a burst of calls, short enough to follow a server that
/// moves. Open connections outlast it anyway.
const CURRENT: Duration = Duration::from_secs(10);
/// What `ResolvedSocketAddrs` has room for.
const MOST: usize = 16;

type Lookup = dyn Fn(&str) -> Vec<SocketAddr> + Send + Sync;
type Spawn = fn(Box<dyn FnOnce() + Send>) -> io::Result<()>;

/// Results by host and port; clones share them.
#[derive(Clone)]
pub(super) struct CachedResolver(Arc<Shared>);

struct Shared {
    /// Returns no address if the lookup fails.
    lookup: Box<Lookup>,
    spawn: Spawn,
    /// There is one server and one proxy at most. The lock is never held over a lookup.
    names: Mutex<HashMap<String, Name>>,
    /// Notified at the end of each lookup.
    ended: Condvar,
}

#[derive(Default)]
struct Name {
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
        CachedResolver(Arc::new(Shared {
            lookup: Box::new(lookup),
            spawn,
            names: Mutex::default(),
            ended: Condvar::new(),
        }))
    }

    /// Remembers an address that connected.
    pub(super) fn prefer(&self, address: SocketAddr) {
        for name in self.0.names.lock().values_mut().filter(|name| name.addresses.contains(&address)) {
            name.preferred = Some(address);
        }
    }

    /// The addresses of a name. Waits only if there was never a result.
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
                return Ok(name.in_order());
            }
            let left = timeout.after.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(Error::Timeout(timeout.reason));
            }
            self.0.ended.wait_for(&mut names, left);
        }
    }

    /// Starts a lookup, unless there is a current result or a lookup that callers can join.
    fn look_up_if_due(&self, host: &str, name: &mut Name) -> io::Result<()> {
        let is_current = name.looked_up.is_some_and(|at| at.age() < CURRENT) && !name.addresses.is_empty();
        if is_current || name.is_running {
            return Ok(());
        }
        name.looked_up = Some(Stamp::now());
        let (shared, host) = (Arc::clone(&self.0), host.to_owned());
        match (self.0.spawn)(Box::new(move || shared.look_up(host))) {
            Ok(()) => name.is_running = true,
            Err(error) if name.addresses.is_empty() => return Err(error),
            // The earlier result serves on.
            Err(_) => {}
        }
        Ok(())
    }
}

impl Shared {
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

impl Name {
    /// The address that connected last in front, the others as the name server ordered them.
    fn in_order(&self) -> Vec<SocketAddr> {
        let (mut first, others): (Vec<_>, Vec<_>) =
            self.addresses.iter().partition(|&address| Some(*address) == self.preferred);
        first.extend(others);
        first
    }
}

fn spawn(work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().name("popup-rewards-lookup".to_owned()).spawn(work).map(drop)
}

impl Resolver for CachedResolver {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let addresses = if let Some(address) = written_out(uri) {
            vec![address]
        } else {
            let (scheme, authority) = uri.scheme().zip(uri.authority()).ok_or(Error::HostNotFound)?;
            let host = DefaultResolver::host_and_port(scheme, authority).ok_or(Error::HostNotFound)?;
            self.addresses(&host, timeout)?
        };
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

/// The address in a URL that holds one in place of a name.
fn written_out(uri: &Uri) -> Option<SocketAddr> {
    let authority = uri.authority()?;
    let host = authority.host();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address: IpAddr = host.parse().ok()?;
    let port = authority.port_u16().or_else(|| match uri.scheme_str()? {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    })?;
    Some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A name server that answers each lookup with two addresses, once the test lets it.
    struct Names {
        resolver: CachedResolver,
        lookups: Arc<AtomicU8>,
        fails: Arc<AtomicBool>,
    }

    fn names_held_by(hold: Option<Receiver<()>>, spawn: Spawn) -> Names {
        let (lookups, fails) = (Arc::<AtomicU8>::default(), Arc::<AtomicBool>::default());
        let (count, failing) = (Arc::clone(&lookups), Arc::clone(&fails));
        let hold = Mutex::new(hold);
        let resolver = CachedResolver::with(
            move |_| {
                let lookup = count.fetch_add(1, Ordering::SeqCst) + 1;
                if let Some(hold) = &*hold.lock() {
                    hold.recv().ok();
                }
                if failing.load(Ordering::SeqCst) {
                    return Vec::new();
                }
                [0, 100].map(|more| SocketAddr::from(([10, 0, 0, lookup + more], 443))).to_vec()
            },
            spawn,
        );
        Names { resolver, lookups, fails }
    }

    fn names() -> Names {
        names_held_by(None, spawn)
    }

    /// A name server that answers when the test sends something.
    fn held_names() -> (Names, Sender<()>) {
        let (release, hold) = channel();
        (names_held_by(Some(hold), spawn), release)
    }

    const URL: &str = "https://api.example.com/x";

    impl Names {
        fn resolve(&self, url: &str, timeout: Duration) -> Result<Vec<String>, Error> {
            let timeout = NextTimeout { after: timeout.into(), ..NextTimeout::default() };
            let resolved = self.resolver.resolve(&url.parse().unwrap(), &Config::default(), timeout)?;
            Ok(resolved.iter().map(ToString::to_string).collect())
        }

        /// The first address, without any time to wait for it.
        fn at_once(&self) -> String {
            self.resolve(URL, Duration::ZERO).unwrap().remove(0)
        }

        fn first(&self, url: &str) -> String {
            self.resolve(url, Duration::from_secs(20)).unwrap().remove(0)
        }

        fn lookups(&self) -> u8 {
            self.lookups.load(Ordering::SeqCst)
        }

        /// Lets results grow older.
        fn after(&self, seconds: u64) {
            let time = Duration::from_secs(seconds);
            for name in self.resolver.0.names.lock().values_mut() {
                name.looked_up = name.looked_up.map(|at| at.back(time, time));
            }
        }

        /// Waits until no lookup is running.
        fn settle(&self) {
            let shared = &self.resolver.0;
            let mut names = shared.names.lock();
            while names.values().any(|name| name.is_running) {
                shared.ended.wait(&mut names);
            }
        }
    }

    #[test]
    fn an_address_that_is_written_out_is_not_looked_up() {
        let names = names();
        for (url, address) in [
            ("http://127.0.0.1:8080/api/v1/orders", "127.0.0.1:8080"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("https://192.0.2.7", "192.0.2.7:443"),
            ("http://192.0.2.7", "192.0.2.7:80"),
        ] {
            assert_eq!(names.resolve(url, Duration::ZERO).unwrap(), [address]);
        }
        assert_eq!(names.lookups(), 0);
    }

    #[test]
    fn a_result_is_current_for_ten_seconds_and_then_replaced_in_the_background() {
        let (names, release) = held_names();
        release.send(()).unwrap();
        assert_eq!(names.first(URL), "10.0.0.1:443");
        names.after(9);
        assert_eq!((names.at_once(), names.lookups()), ("10.0.0.1:443".to_owned(), 1));
        names.after(1);
        // The second lookup is held: callers are served from the first, and none of them starts a third.
        for _ in 0..3 {
            assert_eq!(names.at_once(), "10.0.0.1:443");
            names.after(60);
        }
        release.send(()).unwrap();
        names.settle();
        assert_eq!(names.lookups(), 2);
        assert_eq!(
            names.resolver.0.names.lock()["api.example.com:443"].addresses[0].to_string(),
            "10.0.0.2:443"
        );
    }

    #[test]
    fn a_name_server_that_fails_costs_nothing_after_a_result_and_is_left_alone_for_a_while() {
        let names = names();
        names.first(URL);
        names.fails.store(true, Ordering::SeqCst);
        for seconds in [60, 1, 8] {
            names.after(seconds);
            assert_eq!(names.at_once(), "10.0.0.1:443");
            names.settle();
        }
        assert_eq!(names.lookups(), 2);
    }

    #[test]
    fn callers_join_one_lookup() {
        let (names, release) = held_names();
        thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(|| names.first(URL))).collect();
            while names.lookups() == 0 {
                thread::yield_now();
            }
            release.send(()).unwrap();
            for caller in callers {
                assert_eq!(caller.join().unwrap(), "10.0.0.1:443");
            }
        });
        assert_eq!(names.lookups(), 1);
    }

    #[test]
    fn the_first_lookup_is_waited_for_within_the_time_limit() {
        let (names, release) = held_names();
        let error = names.resolve(URL, Duration::from_millis(1)).unwrap_err();
        assert!(matches!(error, Error::Timeout(_)), "{error:?}");
        release.send(()).unwrap();
        names.settle();
        assert_eq!((names.at_once(), names.lookups()), ("10.0.0.1:443".to_owned(), 1));
    }

    #[test]
    fn a_name_that_was_never_found_is_looked_up_each_time() {
        let names = names();
        names.fails.store(true, Ordering::SeqCst);
        for lookups in 1..3 {
            let error = names.resolve(URL, Duration::from_secs(20)).unwrap_err();
            assert!(matches!(error, Error::HostNotFound), "{error:?}");
            assert_eq!(names.lookups(), lookups);
        }
    }

    #[test]
    fn without_a_thread_the_first_lookup_is_an_error_and_a_later_one_goes_unnoticed() {
        let names = names_held_by(None, |_| Err(io::ErrorKind::WouldBlock.into()));
        for _ in 0..2 {
            let error = names.resolve(URL, Duration::from_secs(20)).unwrap_err();
            assert!(matches!(error, Error::Io(_)), "{error:?}");
        }
        let address = SocketAddr::from(([10, 0, 0, 1], 443));
        names.resolver.0.names.lock().get_mut("api.example.com:443").unwrap().addresses = vec![address];
        names.after(60);
        assert_eq!(names.at_once(), "10.0.0.1:443");
    }

    #[test]
    fn names_and_ports_do_not_mix() {
        let names = names();
        assert_eq!(names.first("https://one.example.com"), "10.0.0.1:443");
        assert_eq!(names.first("https://two.example.com"), "10.0.0.2:443");
        assert_eq!(names.first("http://one.example.com"), "10.0.0.3:443");
        assert_eq!(names.first("https://one.example.com/again"), "10.0.0.1:443");
    }

    #[test]
    fn the_address_that_connected_last_comes_first() {
        let names = names();
        assert_eq!(names.first(URL), "10.0.0.1:443");
        names.resolver.prefer(SocketAddr::from(([10, 0, 0, 101], 443)));
        names.resolver.prefer(SocketAddr::from(([192, 0, 2, 1], 443)));
        assert_eq!(names.resolve(URL, Duration::ZERO).unwrap(), ["10.0.0.101:443", "10.0.0.1:443"]);
    }
}
