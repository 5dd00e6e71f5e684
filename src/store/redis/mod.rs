//! A token store in Redis.

mod connection;
mod failure;
mod server;
mod socket;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, Value, cmd};
use rustls::ClientConfig;

use self::connection::Connection;
use self::server::Server;
use self::socket::TimeLimit;
use super::{Contents, Lease, Slot, StoreKey, TokenStore};
use crate::Result;
use crate::http::tls_config_of;
use crate::token::PerProcess;

/// Plain `EVAL` of this script always works: a server that restarts forgets the scripts that it has cached.
const SCRIPT: &str = include_str!("store.lua");
/// How long Redis keeps an entry that nobody writes. Longer than the life of any refresh token.
const LIFE: Duration = Duration::from_secs(8 * 24 * 60 * 60);
/// The lease that `open` takes to see whether it may.
const PROBE: Duration = Duration::from_secs(1);

/// A token store in a Redis server or a Redis Cluster: one token set for the sessions of many machines.
///
/// ```no_run
/// use popup_rewards::store::{RedisTokenStore, StoreKey};
///
/// # fn key_from_secrets_manager() -> [u8; 32] { [0; 32] }
/// let key = StoreKey::new(key_from_secrets_manager());
/// let store = RedisTokenStore::open("rediss://rewards:password@redis.example.com:6379", key)?;
/// # Ok::<(), popup_rewards::Error>(())
/// ```
///
/// Redis 6 or newer is needed, or a server that is compatible with it, such as Valkey.
///
/// # Guarantees
///
/// Every operation is one script, which Redis runs atomically. So of two processes that saw the same entry, only one
/// can replace it. Redis holds only entries that the session has encrypted. It drops an entry that nobody has written
/// for 8 days.
///
/// A failover, or a restart from a snapshot, may bring back an older entry. The
/// [origin](Contents::origin) then changes, because it consists of the server's `run_id` and `master_replid`.
///
/// # If the server is down
///
/// A call of the store takes at most two seconds, whatever the server does: it may be stopped, silent, slow or
/// unreachable. The call then fails with [`Store`](crate::ErrorKind::Store), and the session goes on without the store.
/// The next call tries again. A connection that broke while it was idle is replaced without an error.
///
/// The store keeps one connection. It has no pool, because a session renews its token on one thread at a time. A forked
/// child opens its own.
///
/// # Cluster
///
/// A Cluster needs no setting: the store follows a redirection to the node that owns its keys, with the same
/// credentials. While the Cluster moves the keys to another node, the store is unavailable. Give the URLs of several
/// nodes, so that the store finds the Cluster when one of them is down:
///
/// ```no_run
/// # use popup_rewards::store::{RedisTokenStore, StoreKey};
/// # let key = StoreKey::new([0; 32]);
/// let nodes = "redis://:password@10.0.0.1:7000,redis://:password@10.0.0.2:7000";
/// let store = RedisTokenStore::open(nodes, key)?;
/// # Ok::<(), popup_rewards::Error>(())
/// ```
///
/// In the same way, give the master and the replicas of a server without a Cluster. The first one that can be written
/// is used.
///
/// # Sentinel
///
/// Sentinel is not supported. Ask a sentinel for the address of the master before you open the store, as in
/// `redis-cli -p 26379 sentinel get-master-addr-by-name mymaster`, and open a new store after a failover. Or give the
/// URLs of all servers, as above.
///
/// # Access control
///
/// The user of the URL needs the following commands and keys. Add `+select` if the URL names a database:
///
/// ```text
/// ACL SETUSER rewards on >password ~popup-rewards:* +eval +info +time +get +set +pttl +del
/// ```
///
/// The keys of a slot are `popup-rewards:{slot}:entry` and `popup-rewards:{slot}:lease`. [`prefix`](Self::prefix)
/// changes their beginning.
pub struct RedisTokenStore {
    servers: Vec<Server>,
    tls: Arc<ClientConfig>,
    prefix: String,
    key: StoreKey,
    /// A forked child must not use the socket of its parent.
    connection: PerProcess<Mutex<Option<Connection>>>,
}

impl RedisTokenStore {
    /// Connects to a server, and checks that the store can work there.
    ///
    /// The URL is `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS. Several URLs are separated
    /// by commas, and tried in turn. A comma in a password is written as `%2C`.
    ///
    /// TLS trusts the public certificate authorities. To trust others, use
    /// [`open_with_roots`](RedisTokenStore::open_with_roots).
    ///
    /// # Errors
    /// - [`Configuration`](crate::ErrorKind::Configuration) if the URL is invalid. The error does not quote it.
    /// - [`Store`](crate::ErrorKind::Store) if no server can be reached or used. The error says what is missing: the
    ///   password, a command, memory, or the right to write. Keys that the ACL refuses are reported by the first call,
    ///   because the store may yet get another [`prefix`](RedisTokenStore::prefix).
    pub fn open(url: &str, key: StoreKey) -> Result<Self> {
        RedisTokenStore::connect(url, key, None)
    }

    /// Connects like [`open`](RedisTokenStore::open), but TLS trusts *only* the given certificate authorities, in PEM.
    ///
    /// # Errors
    /// Those of [`open`](RedisTokenStore::open), and [`Configuration`](crate::ErrorKind::Configuration) if the PEM text
    /// holds no certificate, or an invalid one.
    pub fn open_with_roots(url: &str, key: StoreKey, pem: &[u8]) -> Result<Self> {
        RedisTokenStore::connect(url, key, Some(pem))
    }

    /// Sets the beginning of the keys in Redis, `popup-rewards` by default. All sessions that share a token set need
    /// the same one.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        RedisTokenStore { prefix: prefix.to_owned(), ..self }
    }

    fn connect(url: &str, key: StoreKey, pem: Option<&[u8]>) -> Result<Self> {
        let store = RedisTokenStore {
            servers: Server::parse_all(url)?,
            // The connection carries no token, only encrypted entries.
            tls: tls_config_of(rustls::crypto::ring::default_provider().into(), pem)?,
            prefix: "popup-rewards".to_owned(),
            key,
            connection: PerProcess::new(Mutex::default()),
        };
        store.probe()?;
        Ok(store)
    }

    /// Runs every command that the script uses.
    fn probe(&self) -> Result<()> {
        let slot = Slot::random();
        match self.acquire(&slot, "probe", PROBE) {
            // The keys of another prefix may be allowed.
            Err(error) if failure::is_about_keys(&error) => return Ok(()),
            result => result?,
        };
        self.acquire(&slot, "other", PROBE)?;
        self.release(&slot, "probe")
    }

    /// Runs an operation of the script. If a connection from an earlier call turns out to be broken, opens a new one.
    ///
    /// `arguments` adds the arguments to the command. It gets whether an earlier attempt may have taken effect.
    fn run<T>(
        &self,
        slot: &Slot,
        arguments: impl Fn(&mut Cmd, bool),
        read: impl Fn(Value) -> Option<T>,
    ) -> Result<T> {
        let limit = TimeLimit::start();
        let connection = self.connection.get(|_| Mutex::default());
        let mut connection = connection.try_lock_for(limit.left()).ok_or_else(failure::busy)?;
        let kept = connection.take().map(Ok);
        let opened = self.servers.iter().map(|server| Connection::open(server, &self.tls, limit));
        let mut failure = None;
        for opened in kept.into_iter().chain(opened) {
            let mut command = cmd("EVAL");
            command.arg(SCRIPT).arg(2);
            command.arg(format!("{}:{{{slot}}}:entry", self.prefix));
            command.arg(format!("{}:{{{slot}}}:lease", self.prefix));
            arguments(&mut command, failure.is_some());
            match opened.and_then(|opened| opened.call(&command, &self.tls, limit, &read)) {
                Ok((opened, result)) => {
                    *connection = Some(opened);
                    return Ok(result);
                }
                // Attempts without time left say nothing about their server.
                Err(error) if failure.is_none() || !limit.left().is_zero() => failure = Some(error),
                Err(_) => break,
            }
        }
        Err(failure.unwrap_or_else(failure::busy))
    }
}

impl TokenStore for RedisTokenStore {
    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn load(&self, slot: &Slot) -> Result<Contents> {
        let arguments = |command: &mut Cmd, _| {
            command.arg("load");
        };
        self.run(slot, arguments, contents)
    }

    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease> {
        let arguments = |command: &mut Cmd, _| {
            command.arg("acquire").arg(owner).arg(milliseconds(length));
        };
        self.run(slot, arguments, lease)
    }

    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool> {
        let arguments = |command: &mut Cmd, repeated| {
            let held = seen.entry();
            command.arg("swap").arg(seen.origin()).arg(i32::from(held.is_some()));
            command.arg(held.unwrap_or_default()).arg(entry);
            command.arg(milliseconds(LIFE)).arg(i32::from(repeated));
        };
        self.run(slot, arguments, |reply| match reply {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        })
    }

    fn release(&self, slot: &Slot, owner: &str) -> Result<()> {
        let arguments = |command: &mut Cmd, _| {
            command.arg("release").arg(owner);
        };
        self.run(slot, arguments, |reply| (reply == Value::Int(1)).then_some(()))
    }
}

fn lease(reply: Value) -> Option<Lease> {
    let Value::Array(parts) = reply else { return None };
    match <[Value; 2]>::try_from(parts).ok()? {
        [Value::Int(0), Value::Int(left)] => Some(Lease::Held(Duration::from_millis(left.try_into().ok()?))),
        [Value::Int(1), held] => contents(held).map(Lease::Acquired),
        _ => None,
    }
}

fn contents(reply: Value) -> Option<Contents> {
    let Value::Array(parts) = reply else { return None };
    let [Value::BulkString(origin), entry, Value::Int(age)] = <[Value; 3]>::try_from(parts).ok()? else {
        return None;
    };
    let origin = String::from_utf8(origin).ok()?;
    let entry = match entry {
        Value::Nil => return Some(Contents::empty(origin)),
        Value::BulkString(entry) => Contents::new(origin, entry),
        _ => return None,
    };
    // A negative age is unknown.
    Some(match age.try_into() {
        Ok(age) => entry.aged(Duration::from_millis(age)),
        Err(_) => entry,
    })
}

/// Returns whole milliseconds, at least one: Redis refuses a life of zero.
fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl fmt::Debug for RedisTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTokenStore")
            .field("servers", &self.servers)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
