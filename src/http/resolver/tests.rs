use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// A resolver whose lookups return two addresses each.
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

/// A resolver whose lookups wait until the test sends a message.
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

    /// Returns the first address without waiting.
    fn at_once(&self) -> String {
        self.resolve(URL, Duration::ZERO).unwrap().remove(0)
    }

    fn first(&self, url: &str) -> String {
        self.resolve(url, Duration::from_secs(20)).unwrap().remove(0)
    }

    fn lookups(&self) -> u8 {
        self.lookups.load(Ordering::SeqCst)
    }

    /// Makes the results older.
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
fn an_ip_address_is_not_looked_up() {
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
fn a_result_is_replaced_in_the_background_after_ten_seconds() {
    let (names, release) = held_names();
    release.send(()).unwrap();
    assert_eq!(names.first(URL), "10.0.0.1:443");
    names.after(9);
    assert_eq!((names.at_once(), names.lookups()), ("10.0.0.1:443".to_owned(), 1));
    names.after(1);
    // The second lookup is held. Callers get the first result, and no third lookup starts.
    for _ in 0..3 {
        assert_eq!(names.at_once(), "10.0.0.1:443");
        names.after(60);
    }
    release.send(()).unwrap();
    names.settle();
    assert_eq!(names.lookups(), 2);
    assert_eq!(names.resolver.0.names.lock()["api.example.com:443"].addresses[0].to_string(), "10.0.0.2:443");
}

#[test]
fn a_failed_lookup_keeps_the_last_result_and_is_not_retried_at_once() {
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
fn concurrent_callers_share_one_lookup() {
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
fn the_first_lookup_fails_at_its_timeout() {
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
fn only_the_first_lookup_is_an_error_if_no_thread_can_start() {
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
fn each_name_and_port_has_its_own_addresses() {
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
