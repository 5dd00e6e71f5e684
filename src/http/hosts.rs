//! The names of the server and its proxy, as errors show them: host and port, and nothing else of a URL.

use ureq::Proxy;

use super::BaseUrl;

pub(super) struct Hosts {
    pub(super) server: String,
    pub(super) proxy: Option<String>,
}

impl Hosts {
    pub(super) fn new(base: &BaseUrl, proxy: Option<&Proxy>) -> Self {
        let server = base.authority();
        let port = server.port_u16().unwrap_or(if base.is_https() { 443 } else { 80 });
        Hosts {
            server: format!("the server {}:{port}", server.host()),
            proxy: proxy.map(|proxy| format!("the proxy {}:{}", proxy.host(), proxy.port())),
        }
    }

    /// The peer that a connection was being made to: the proxy, or the server, perhaps through the proxy.
    pub(super) fn peer(&self, is_proxy: bool) -> String {
        match &self.proxy {
            Some(proxy) if is_proxy => proxy.clone(),
            Some(proxy) => format!("{} through {proxy}", self.server),
            None => self.server.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(base: &str, proxy: Option<&str>, is_proxy: bool) -> String {
        let base = BaseUrl::parse(base).unwrap();
        let proxy = proxy.map(|url| Proxy::new(url).unwrap());
        Hosts::new(&base, proxy.as_ref()).peer(is_proxy)
    }

    #[test]
    fn hosts_are_shown_with_their_ports() {
        for (base, expected) in [
            ("https://api.example.com", "the server api.example.com:443"),
            ("https://api.example.com:8443", "the server api.example.com:8443"),
            ("http://localhost", "the server localhost:80"),
            ("http://[::1]:8080", "the server [::1]:8080"),
        ] {
            assert_eq!(peer(base, None, false), expected);
        }
    }

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        for (proxy, expected) in [
            ("http://user:s3cret@proxy.example.com", "proxy.example.com:80"),
            ("http://user:s3cret@[::1]:3128", "[::1]:3128"),
            ("socks5://user:s3cret@10.0.0.7", "10.0.0.7:1080"),
        ] {
            let base = "https://api.example.com";
            assert_eq!(peer(base, Some(proxy), true), format!("the proxy {expected}"));
            let through = format!("the server api.example.com:443 through the proxy {expected}");
            assert_eq!(peer(base, Some(proxy), false), through);
        }
    }
}
