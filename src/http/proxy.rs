//! Which proxy to use: pure decisions about text.
//!
//! ureq would read the environment itself, in another order, with other rules, and would silently ignore an invalid
//! value. So it always gets the decision made here.

mod bypass;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use http::Uri;
use http::uri::Authority;
use ureq::Proxy;

use self::bypass::is_bypassed;
use super::BaseUrl;
use super::base_url::is_loopback;
use crate::credentials::is_blank;
use crate::{Error, Result};

const FORM: &str = "write it as http://host:port or socks5://host:port, with user:password@ where needed";

/// The proxy with this URL or, without one, the proxy that the environment names for this server.
pub(crate) fn proxy(url: Option<&str>, server: &BaseUrl) -> Result<Option<Proxy>> {
    let Some(url) = url else {
        return from_environment(server.is_https(), server.authority(), |name| std::env::var_os(name));
    };
    explicit(url).map(Some)
}

fn explicit(url: &str) -> Result<Proxy> {
    read(url).ok_or_else(|| Error::configuration(format!("the proxy URL is not valid; {FORM}")))
}

/// The proxy that the environment names for this server. `variable` returns the value of an environment variable.
pub(super) fn from_environment(
    is_https: bool,
    server: &Authority,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Proxy>> {
    let host = server.host().trim_end_matches('.').to_ascii_lowercase();
    if is_loopback(&host) {
        return Ok(None);
    }
    let names: &[&str] = match is_https {
        true => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        // In a CGI program this variable holds the `Proxy` header of the request, which any client can set.
        false if variable("REQUEST_METHOD").is_some() => &["http_proxy", "all_proxy", "ALL_PROXY"],
        false => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
    };
    let Some((name, url)) = first(names, &variable)? else { return Ok(None) };
    if let Some((name, list)) = first(&["no_proxy", "NO_PROXY"], &variable)? {
        let is_quoted = list.contains(['"', '\'', '`']);
        if is_quoted {
            return Err(unreadable(name, "names separated by commas, without quotation marks"));
        }
        let port = server.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        if is_bypassed(&host, port, &list) {
            return Ok(None);
        }
    }
    read(&url).map(Some).ok_or_else(|| unreadable(name, FORM))
}

/// The first of these variables that is not blank.
fn first<'a>(
    names: &[&'a str],
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(&'a str, String)>> {
    for name in names {
        let Some(value) = variable(name) else { continue };
        let value = value.into_string().map_err(|_| unreadable(name, "it is not valid Unicode"))?;
        if !value.trim_matches(is_blank).is_empty() {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// The message does not quote the value, which may hold a password.
fn unreadable(name: &str, form: &str) -> Error {
    Error::configuration(format!("the environment variable {name} cannot be read as a proxy setting; {form}"))
}

/// Parses a proxy such as `http://user:password@host:port`. The scheme defaults to `http`.
fn read(url: &str) -> Option<Proxy> {
    let url = url.trim_matches(is_blank);
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    // A proxy URL has nothing after the host. If it does, an unescaped character of the password cut the host off.
    if url.contains(['?', '#']) {
        return None;
    }
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    let host = authority.host();
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let is_address = host.starts_with('[') && host.ends_with(']');
    let address = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, address)| address);
    // ureq would replace an invalid port by the default one.
    let has_good_port = address == host || authority.port_u16().is_some_and(|port| port > 0);
    if host.is_empty() || !(is_name || is_address) || !has_good_port || !matches!(uri.path(), "" | "/") {
        return None;
    }
    Proxy::new(&url).ok()
}
