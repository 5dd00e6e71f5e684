//! The base URL of the server, checked before anything is sent.

use std::borrow::Cow;

use http::Uri;
use http::uri::{Authority, Scheme};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::credentials::is_blank;
use crate::{Error, Result};

/// Everything but the unreserved characters of RFC 3986.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The scheme and authority of the server, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    origin: String,
    authority: Authority,
    https: bool,
}

impl BaseUrl {
    /// Accepts `https://host[:port]`, and `http://` for loopback hosts.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let example = "give it as https://host, for example https://sandbox-api.example.com";
        let refuse = |problem: &str| Error::configuration(format!("the base URL {problem}; {example}"));
        // Values from files and shells often have blanks or line breaks around them.
        let text = text.trim_matches(is_blank);
        if text.is_empty() {
            return Err(refuse("is empty"));
        }
        if text.contains(['"', '\'', '`']) {
            return Err(refuse("contains a quotation mark; leave it out"));
        }
        if text.contains(is_blank) {
            return Err(refuse("contains a blank or a line break; leave it out"));
        }
        if !text.contains("://") {
            return Err(refuse("has no scheme"));
        }
        if text.contains(['?', '#']) {
            return Err(refuse("has a query or a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| refuse("is not a valid URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(refuse("names no host"));
        };
        if authority.as_str().contains('@') {
            return Err(refuse("contains a user name or password"));
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(refuse("names no host"));
        }
        if authority.as_str().len() > host.len() && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(refuse("has a port that is not a number from 1 to 65535"));
        }
        if uri.path() == "/" && text.ends_with('/') {
            return Err(refuse("ends with a slash; leave it out"));
        }
        if uri.path() != "/" {
            return Err(refuse("has a path; the SDK adds the paths itself"));
        }
        if *scheme == Scheme::HTTP && !is_loopback(host) {
            return Err(refuse("is http, which would send the credentials in clear text; use https"));
        }
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return Err(refuse("has a scheme other than https"));
        }
        Ok(BaseUrl {
            origin: format!("{scheme}://{authority}"),
            authority: authority.clone(),
            https: *scheme == Scheme::HTTPS,
        })
    }

    /// Returns the scheme and the authority in lower case.
    pub(crate) fn origin(&self) -> String {
        self.origin.to_ascii_lowercase()
    }

    pub(super) fn is_https(&self) -> bool {
        self.https
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Builds the URI of a request. The query is percent-encoded here and nowhere else.
    pub(super) fn uri(&self, path: &str, query: &[(Cow<'static, str>, String)]) -> Result<Uri> {
        let mut text = String::with_capacity(self.origin.len() + path.len() + 24 * query.len());
        text.push_str(&self.origin);
        text.push_str(path);
        for (index, (name, value)) in query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.extend(utf8_percent_encode(name, QUERY));
            text.push('=');
            text.extend(utf8_percent_encode(value, QUERY));
        }
        Uri::try_from(text)
            .map_err(|_| Error::invalid_request("the path or the query cannot be part of a URL"))
    }
}

/// Whether a host is this machine. An IPv6 address may be in brackets.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_addresses_are_taken() {
        for text in [
            "https://api.example.com",
            "https://api.example.com:8443",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://localhost:1",
            "http://[::1]:9000",
            "http://LOCALHOST:80",
            " https://api.example.com\r\n",
            "\u{feff}https://api.example.com\t",
        ] {
            BaseUrl::parse(text).expect(text);
        }
    }

    #[test]
    fn bad_addresses_are_refused_with_what_to_do() {
        for (text, says) in [
            ("", "empty"),
            (" \n", "empty"),
            ("\"https://api.example.com\"", "quotation mark"),
            ("'https://api.example.com'", "quotation mark"),
            ("https://api.example.com'", "quotation mark"),
            ("https://api.\nexample.com", "a blank or a line break"),
            ("api.example.com", "no scheme"),
            ("https://api.example.com/", "slash"),
            ("https://api.example.com/api/v1", "path"),
            ("https://api.example.com?x=1", "query"),
            ("http://api.example.com", "clear text"),
            ("http://localhost.example.com", "clear text"),
            ("http://127.0.0.1.example.com", "clear text"),
            ("http://127.1", "clear text"),
            ("http://0x7f000001", "clear text"),
            ("http://0.0.0.0", "clear text"),
            ("http://[::ffff:10.0.0.1]", "clear text"),
            ("http://[::1%25eth0]", ""),
            ("http://[[::1]]", ""),
            ("http://localhost.", "clear text"),
            ("http://127.0.0.1@example.com", "password"),
            ("http://127.0.0.1:80@example.com", "password"),
            ("http://127.0.0.1\\.example.com", ""),
            ("http://127.0.0.1%2eexample.com", ""),
            ("http://l\u{f6}calhost", ""),
            ("ftp://127.0.0.1", "scheme"),
            ("https://key:secret@api.example.com", "password"),
            ("https://api.example.com:0", "port"),
            ("https://api.example.com:99999", ""),
            ("https://:443", ""),
            ("https:// api", "a blank"),
        ] {
            let error = BaseUrl::parse(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_query_is_encoded() {
        let base = BaseUrl::parse("https://api.example.com").unwrap();
        let query = [("search".into(), "a b&c=ü/+".to_owned()), ("page".into(), "2".to_owned())];
        let uri = base.uri("/api/v1/products", &query).unwrap();
        assert_eq!(uri, "https://api.example.com/api/v1/products?search=a%20b%26c%3D%C3%BC%2F%2B&page=2");
    }
}
