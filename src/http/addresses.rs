//! The server's addresses: ureq asks for them before every call, even one that a pooled connection will serve.
//!
//! Its own resolver answers each time with a lookup, in a thread started for that, since a lookup cannot be
//! bounded otherwise. Here an address that is written out needs no lookup, a name that was looked up a moment ago
//! is not looked up again, and a name server that fails costs nothing as long as there is an earlier answer.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use parking_lot::Mutex;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::clock::{Clock, SystemClock};

/// How long an answer is taken for current: long enough for a burst of calls, short enough to follow a server
/// that moves. Connections that are open outlast it anyway.
const CURRENT: Duration = Duration::from_secs(10);

pub(super) struct Addresses {
    lookup: Box<dyn Resolver>,
    clock: Arc<dyn Clock>,
    /// By host and port. There is one server, and one proxy at most. The lock is never held over a lookup.
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    checked: Duration,
    addresses: Vec<SocketAddr>,
}

impl Addresses {
    pub(super) fn new() -> Self {
        Addresses::looked_up_by(DefaultResolver::default(), Arc::new(SystemClock::new()))
    }

    fn looked_up_by(lookup: impl Resolver, clock: Arc<dyn Clock>) -> Self {
        Addresses { lookup: Box::new(lookup), clock, known: Mutex::default() }
    }

    /// The last answer, and whether it is current. If it is not, the caller looks again and the others go on
    /// with the old one meanwhile.
    fn recall(&self, name: &str) -> Option<(Vec<SocketAddr>, bool)> {
        let now = self.clock.monotonic();
        let mut known = self.known.lock();
        let found = known.get_mut(name)?;
        let is_current = now.saturating_sub(found.checked) < CURRENT;
        if !is_current {
            found.checked = now;
        }
        Some((found.addresses.clone(), is_current))
    }

    fn remember(&self, name: String, addresses: Vec<SocketAddr>) {
        let checked = self.clock.monotonic();
        self.known.lock().insert(name, Known { checked, addresses });
    }

    fn answer(&self, addresses: &[SocketAddr]) -> ResolvedSocketAddrs {
        let mut answer = self.lookup.empty();
        for &address in addresses {
            answer.push(address);
        }
        answer
    }
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if let Some(address) = written_out(uri) {
            return Ok(self.answer(&[address]));
        }
        let name = uri.scheme().zip(uri.authority());
        let Some(name) =
            name.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority))
        else {
            return self.lookup.resolve(uri, config, timeout);
        };
        let earlier = self.recall(&name);
        if let Some((addresses, true)) = &earlier {
            return Ok(self.answer(addresses));
        }
        match (self.lookup.resolve(uri, config, timeout), earlier) {
            (Ok(found), _) => {
                self.remember(name, found.to_vec());
                Ok(found)
            }
            (Err(_), Some((addresses, _))) => Ok(self.answer(&addresses)),
            (Err(error), None) => Err(error),
        }
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addresses").finish_non_exhaustive()
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
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::SystemTime;

    use super::*;

    #[derive(Default)]
    struct Hands(Mutex<Duration>);

    impl Clock for Hands {
        fn monotonic(&self) -> Duration {
            *self.0.lock()
        }
        fn wall(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
    }

    /// A name server whose answer changes with every lookup.
    #[derive(Clone, Debug, Default)]
    struct Names {
        lookups: Arc<AtomicU32>,
        fail: Arc<AtomicBool>,
    }

    impl Resolver for Names {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let lookup = self.lookups.fetch_add(1, Ordering::SeqCst) + 1;
            if self.fail.load(Ordering::SeqCst) {
                return Err(ureq::Error::HostNotFound);
            }
            let mut answer = self.empty();
            answer.push(SocketAddr::new(IpAddr::from([10, 0, 0, u8::try_from(lookup).unwrap()]), 443));
            Ok(answer)
        }
    }

    struct Net {
        names: Names,
        hands: Arc<Hands>,
        addresses: Addresses,
    }

    fn net() -> Net {
        let (names, hands) = (Names::default(), Arc::new(Hands::default()));
        Net { addresses: Addresses::looked_up_by(names.clone(), hands.clone()), names, hands }
    }

    impl Net {
        /// What a URL resolves to, after some seconds have passed.
        fn after(&self, seconds: u64, url: &str) -> Option<String> {
            *self.hands.0.lock() += Duration::from_secs(seconds);
            let uri: Uri = url.parse().unwrap();
            let found = self.addresses.resolve(&uri, &Config::default(), NextTimeout::default()).ok()?;
            found.first().map(ToString::to_string)
        }

        fn lookups(&self) -> u32 {
            self.names.lookups.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn an_address_that_is_written_out_is_not_looked_up() {
        let net = net();
        for (url, address) in [
            ("http://127.0.0.1:8080/api/v1/orders", "127.0.0.1:8080"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("https://192.0.2.7", "192.0.2.7:443"),
            ("http://192.0.2.7", "192.0.2.7:80"),
        ] {
            assert_eq!(net.after(0, url).as_deref(), Some(address), "{url}");
        }
        assert_eq!(net.lookups(), 0);
    }

    #[test]
    fn a_name_is_looked_up_once_in_a_while() {
        let net = net();
        let found =
            [0, 9, 0, 1, 9, 1].map(|seconds| net.after(seconds, "https://api.example.com/x").unwrap());
        let expected = [1, 1, 1, 2, 2, 3].map(|lookup| format!("10.0.0.{lookup}:443"));
        assert_eq!(found, expected);
    }

    #[test]
    fn names_and_ports_do_not_mix() {
        let net = net();
        assert_eq!(net.after(0, "https://one.example.com").as_deref(), Some("10.0.0.1:443"));
        assert_eq!(net.after(0, "https://two.example.com").as_deref(), Some("10.0.0.2:443"));
        assert_eq!(net.after(0, "http://one.example.com").as_deref(), Some("10.0.0.3:443"));
        assert_eq!(net.after(0, "https://one.example.com/again").as_deref(), Some("10.0.0.1:443"));
    }

    #[test]
    fn a_name_server_that_fails_costs_nothing_after_an_answer_and_is_left_alone_for_a_while() {
        let net = net();
        net.after(0, "https://api.example.com");
        net.names.fail.store(true, Ordering::SeqCst);
        for seconds in [60, 1, 8] {
            assert_eq!(net.after(seconds, "https://api.example.com").as_deref(), Some("10.0.0.1:443"));
        }
        assert_eq!(net.lookups(), 2);
        net.names.fail.store(false, Ordering::SeqCst);
        assert_eq!(net.after(10, "https://api.example.com").as_deref(), Some("10.0.0.3:443"));
    }

    #[test]
    fn a_name_that_was_never_found_is_an_error_each_time() {
        let net = net();
        net.names.fail.store(true, Ordering::SeqCst);
        assert_eq!(net.after(0, "https://api.example.com"), None);
        assert_eq!(net.after(0, "https://api.example.com"), None);
        assert_eq!(net.lookups(), 2);
    }
}
