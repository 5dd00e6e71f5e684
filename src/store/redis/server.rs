//! The address of a Redis server, and the credentials for it.

use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo};
use rustls::pki_types::ServerName;
use zeroize::Zeroizing;

use crate::{Error, Result, Secret};

const EXPECTED: &str = "expected redis://[[user]:password@]host[:port][/database], or rediss:// for TLS. \
                        Several URLs are separated by commas. A comma in a password is written as %2C";

#[derive(Clone)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    /// The name that the certificate must have. `None` without TLS.
    pub(super) tls: Option<ServerName<'static>>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: i64,
}

impl Server {
    pub(super) fn parse_all(urls: &str) -> Result<Vec<Server>> {
        urls.split(',').map(|url| Server::parse(url.trim())).collect()
    }

    fn parse(url: &str) -> Result<Server> {
        // The cause may quote the URL, which may hold a password, so it is dropped.
        let invalid = || Error::configuration(format!("the Redis URL is invalid: {EXPECTED}"));
        if url.contains('#') {
            return Err(Error::configuration(
                "the Redis URL contains a #. A # in a password is written as %23. There is no #insecure: the store always \
                 verifies certificates",
            ));
        }
        // Without its TLS features, which would bring a second TLS setup, the crate reads only the plain scheme.
        let encrypted = url.strip_prefix("rediss://").or_else(|| url.strip_prefix("valkeys://"));
        let plain = encrypted.map(|rest| Zeroizing::new(format!("redis://{rest}")));
        let info: ConnectionInfo =
            plain.as_deref().map_or(url, String::as_str).parse().map_err(|_| invalid())?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else { return Err(invalid()) };
        let tls = match encrypted {
            Some(_) => Some(name(host).ok_or_else(invalid)?),
            None => None,
        };
        let settings = info.redis_settings();
        if settings.username().is_some() && settings.password().is_none() {
            return Err(invalid());
        }
        Ok(Server {
            host: host.clone(),
            port: *port,
            tls,
            user: settings.username().map(str::to_owned),
            password: settings.password().map(Secret::new),
            database: settings.db(),
        })
    }

    /// Returns the server at a `host:port` that this one named, with the same credentials.
    pub(super) fn redirected(&self, address: &str) -> Option<Server> {
        let (host, port) = address.rsplit_once(':')?;
        // A node that does not know its own address leaves the host out.
        let host = if host.is_empty() { &self.host } else { host };
        let tls = match self.tls {
            Some(_) => Some(name(host)?),
            None => None,
        };
        Some(Server { host: host.to_owned(), port: port.parse().ok()?, tls, ..self.clone() })
    }
}

fn name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).ok()
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_url_names_the_server_and_its_credentials() {
        let all = Server::parse_all("redis://u:p%2Cw%40@a:7000/3, rediss://:pw@[::1]").unwrap();
        let [first, second] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((first.to_string().as_str(), first.database), ("a:7000", 3));
        assert_eq!(first.user.as_deref(), Some("u"));
        assert_eq!(first.password.as_ref().unwrap().expose(), "p,w@");
        assert_eq!((second.to_string().as_str(), second.user.as_deref()), ("::1:6379", None));
        assert!(first.tls.is_none() && second.tls.is_some());
        assert!(!format!("{all:?}").contains("p,w"));
    }

    #[test]
    fn an_invalid_url_is_refused_and_not_quoted() {
        for url in [
            "",
            "hunter2",
            "http://:hunter2@a",
            "redis://:hunter2@",
            "redis://:hunter2@a:x",
            "redis://:hunter2@a/hunter2",
            "redis://:hunter2,@a",
            "redis://a,",
            "redis://0.0.0.0",
            "rediss://:hunter2@a/#insecure",
            "rediss://:hunter2@a/#hunter2",
            "rediss://:hunter2@a%20b",
            "unix:///tmp/hunter2",
        ] {
            let error = Server::parse_all(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error:?}");
        }
    }

    #[test]
    fn a_redirection_keeps_the_credentials() {
        let server = Server::parse("rediss://u:pw@first:7000").unwrap();
        let other = server.redirected("10.0.0.9:7001").unwrap();
        assert_eq!((other.to_string().as_str(), other.user.as_deref()), ("10.0.0.9:7001", Some("u")));
        assert_eq!(other.tls, name("10.0.0.9"));
        assert_eq!(server.redirected(":7002").unwrap().to_string(), "first:7002");
        assert!(server.redirected("nonsense").is_none());
        assert!(server.redirected("?:7001").is_none());
    }
}
