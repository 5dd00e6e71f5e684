//! The settings of a session.

use std::sync::Arc;
use std::time::Duration;

use super::event::Observer;
use super::source::SessionSource;
use super::{Event, Owner, Session, SessionInner};
use crate::http::{self, BaseUrl, ConnectionSettings, Limiter, RateLimits, RetryPolicy};
use crate::store::TokenStore;
use crate::token::Cache;
use crate::{Clock, Credentials, Error, Result, SystemClock};

/// The settings that the session itself uses. Those of its connections are in `http/settings.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) refresh_margin: Duration,
    pub(super) timeout: Duration,
    pub(super) order_timeout: Duration,
    pub(super) deadline: Duration,
    pub(super) order_deadline: Duration,
    pub(super) retry: RetryPolicy,
    pub(super) logout_on_drop: bool,
}

/// Sets up a [`Session`]. Every setting has a default that suits production.
///
/// ```
/// use std::time::Duration;
/// use popup_rewards::{Credentials, RetryPolicy, Session};
///
/// let session = Session::builder("https://sandbox-api.example.com", Credentials::new("key", "secret"))
///     .timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::new().retries(5))
///     .observer(|event| eprintln!("{event:?}"))
///     .build()?;
/// # drop(session);
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[must_use = "a builder does nothing until build() is called"]
pub struct SessionBuilder {
    base_url: String,
    credentials: Credentials,
    settings: Settings,
    connect_timeout: Duration,
    rate_limits: RateLimits,
    user_agent: String,
    root_certificates: Option<Vec<u8>>,
    proxy: Option<String>,
    clock: Box<dyn Clock>,
    store: Option<Box<dyn TokenStore>>,
    observer: Option<Observer>,
}

/// The longest time limit. Adding a longer one to the present could panic.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

impl SessionBuilder {
    pub(super) fn new(base_url: &str, credentials: Credentials) -> Self {
        SessionBuilder {
            base_url: base_url.to_owned(),
            credentials,
            settings: Settings {
                refresh_margin: Duration::from_secs(300),
                timeout: Duration::from_secs(30),
                order_timeout: Duration::from_secs(90),
                deadline: Duration::from_secs(120),
                order_deadline: Duration::from_secs(180),
                retry: RetryPolicy::new(),
                logout_on_drop: false,
            },
            connect_timeout: Duration::from_secs(10),
            rate_limits: RateLimits::unlimited(),
            user_agent: concat!("popup-rewards/", env!("CARGO_PKG_VERSION")).to_owned(),
            root_certificates: None,
            proxy: None,
            clock: Box::new(SystemClock::new()),
            store: None,
            observer: None,
        }
    }

    /// Sets how long before its end a token is renewed. Default: 5 minutes.
    ///
    /// Each token draws a random instant between this margin and 5 minutes more, so machines do not renew all at
    /// once. The margin never exceeds a quarter of the token's life.
    pub fn refresh_margin(mut self, margin: Duration) -> Self {
        self.settings.refresh_margin = margin;
        self
    }

    /// Limits one attempt of a call, from connecting to the last byte. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout.min(LONGEST);
        self
    }

    /// Limits one attempt to create an order. Default: 90 seconds.
    ///
    /// The server may take 60 seconds to respond to an order.
    pub fn order_timeout(mut self, timeout: Duration) -> Self {
        self.settings.order_timeout = timeout.min(LONGEST);
        self
    }

    /// Limits any other call, including its retries and the wait for a token. Default: 120 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// Limits placing an order, including its retries, the wait for a token, and the lookup of an order whose
    /// response was lost. Default: 180 seconds.
    ///
    /// The last quarter, at most 30 seconds, is reserved for the lookup.
    pub fn order_deadline(mut self, deadline: Duration) -> Self {
        self.settings.order_deadline = deadline;
        self
    }

    /// Limits connecting, name resolution excluded. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.min(LONGEST);
        self
    }

    /// Sets how often and when failed calls are retried. Default: [`RetryPolicy::new`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Makes callers wait their turn under the server's rate limits. Default: [`RateLimits::unlimited`].
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// Calls `observer` after every login, refresh, failure and logout.
    ///
    /// It runs outside every lock, and it may use the session. After a logout it runs on the thread that logged out.
    /// After a login or refresh it runs on the short-lived thread that made the call, once the waiting callers have
    /// gone on, so it delays nobody. An [`Event`] holds no secret.
    pub fn observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Sets the `User-Agent` header: printable ASCII, not blank. Default: `popup-rewards/` and the version.
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// Trusts these root certificates, in PEM format, instead of the built-in ones.
    pub fn root_certificates(mut self, pem: &[u8]) -> Self {
        self.root_certificates = Some(pem.to_owned());
        self
    }

    /// Connects through a proxy: `http://host:port` or `socks5://host:port`, with `user:password@` where needed.
    ///
    /// Without this, [`build`](SessionBuilder::build) reads the environment, once:
    ///
    /// - `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY` for a server with `https://`: the first that is not
    ///   blank. For one with `http://` the first two are `http_proxy` and `HTTP_PROXY`, the latter not in a CGI
    ///   program (where `REQUEST_METHOD` is set). An invalid value is an error, never a direct connection.
    /// - `no_proxy`, else `NO_PROXY`: the servers to reach directly, separated by commas or blanks. An entry is `*`,
    ///   a domain including its subdomains, an IP address, or a network such as `10.0.0.0/8`; a port may follow.
    ///
    /// A server on a loopback address is reached directly, unless a proxy is set here. Blanks around the variables
    /// and the URL are ignored.
    pub fn proxy(mut self, url: &str) -> Self {
        self.proxy = Some(url.to_owned());
        self
    }

    /// Reads the time from this clock, for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Shares the tokens through a [store](crate::store), with other processes and with later runs of this program.
    ///
    /// End such a program without a logout: [`logout`](Session::logout) ends the session of every process. When the
    /// last clone is dropped while a new token pair is on its way, the drop waits up to 2 seconds to save it.
    pub fn token_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// Logs out when the last clone is dropped, within 2 seconds. Default: off; a drop only wipes.
    ///
    /// A logout revokes the tokens of every process of this client, so [`build`](SessionBuilder::build) refuses this
    /// together with a [`token_store`](SessionBuilder::token_store).
    pub fn logout_on_drop(mut self, on: bool) -> Self {
        self.settings.logout_on_drop = on;
        self
    }

    /// Checks the settings and builds the session. Sends nothing.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a setting is wrong; the message names it and what to do.
    pub fn build(self) -> Result<Session> {
        self.credentials.check()?;
        self.check_times()?;
        if let Some(store) = &self.store {
            store.key().check()?;
        }
        if self.settings.logout_on_drop && self.store.is_some() {
            return Err(Error::configuration(
                "logout_on_drop would end the shared session of every process; leave it out, or the token store",
            ));
        }
        if self.user_agent.trim().is_empty() {
            return Err(Error::configuration(
                "the user agent is empty, and gateways refuse requests without one; leave it out for the default",
            ));
        }
        if !self.user_agent.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::configuration("the user agent is printable ASCII"));
        }
        let base = BaseUrl::parse(&self.base_url)?;
        let connections = ConnectionSettings {
            proxy: http::proxy(self.proxy.as_deref(), &base)?,
            base,
            timeout: self.settings.timeout,
            connect_timeout: self.connect_timeout,
            user_agent: self.user_agent,
            tls: http::tls_config(self.root_certificates.as_deref())?,
        };
        let limiter = Limiter::new(&self.rate_limits);
        let source = SessionSource::new(
            self.settings,
            (connections, limiter),
            self.credentials,
            self.store,
            self.clock,
            self.observer,
        );
        let source = Arc::new(source);
        let cache = Cache::new(source.token_settings(), Arc::clone(&source));
        let inner = SessionInner { cache, source };
        Ok(Session { owner: Arc::new(Owner { inner: Arc::new(inner), process: std::process::id() }) })
    }

    fn check_times(&self) -> Result<()> {
        let Settings { timeout, order_timeout, deadline, order_deadline, .. } = self.settings;
        for (name, time) in [
            ("timeout", timeout),
            ("order_timeout", order_timeout),
            ("deadline", deadline),
            ("order_deadline", order_deadline),
            ("connect_timeout", self.connect_timeout),
        ] {
            if time.is_zero() {
                return Err(Error::configuration(format!("{name} is zero, so that no call could succeed")));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The proxy URL may hold a password, and so may the base URL, until build() refuses it.
        f.debug_struct("SessionBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
