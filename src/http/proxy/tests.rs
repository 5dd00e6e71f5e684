use super::*;
use crate::ErrorKind;

/// Names and values of environment variables.
type Variables<'a> = &'a [(&'a str, &'a str)];

fn decide(is_https: bool, server: &str, variables: Variables<'_>) -> Result<Option<Proxy>> {
    let server = server.parse().unwrap();
    from_environment(is_https, &server, |name| {
        variables.iter().find(|(found, _)| *found == name).map(|(_, value)| OsString::from(value))
    })
}

/// Returns the host of the proxy, `direct`, or the error.
fn via(is_https: bool, server: &str, variables: Variables<'_>) -> String {
    match decide(is_https, server, variables) {
        Ok(Some(proxy)) => proxy.host().to_owned(),
        Ok(None) => "direct".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_proxy_variables_have_a_fixed_precedence() {
    let (lower, upper) = (("https_proxy", "http://lower"), ("HTTPS_PROXY", "http://upper"));
    let (all, all_upper) = (("all_proxy", "http://all"), ("ALL_PROXY", "http://all-upper"));
    let (plain, plain_upper) = (("http_proxy", "http://plain"), ("HTTP_PROXY", "http://plain-upper"));
    let cgi = ("REQUEST_METHOD", "GET");
    for (is_https, variables, expected) in [
        (true, &[][..], "direct"),
        (true, &[lower, upper, all, all_upper], "lower"),
        (true, &[upper, all, all_upper], "upper"),
        (true, &[all, all_upper], "all"),
        (true, &[all_upper], "all-upper"),
        (true, &[plain, plain_upper], "direct"),
        (true, &[("https_proxy", ""), upper], "upper"),
        (true, &[("https_proxy", " \n"), ("HTTPS_PROXY", "\t"), all], "all"),
        (true, &[cgi, upper], "upper"),
        (false, &[plain, plain_upper, all], "plain"),
        (false, &[plain_upper, all], "plain-upper"),
        (false, &[lower, upper, all], "all"),
        (false, &[cgi, plain_upper], "direct"),
        (false, &[cgi, plain_upper, all], "all"),
        (false, &[cgi, plain, plain_upper], "plain"),
    ] {
        assert_eq!(via(is_https, "api.test", variables), expected, "{is_https} {variables:?}");
    }
}

#[test]
fn a_loopback_server_is_reached_without_a_proxy() {
    let variables = &[("https_proxy", "\"unreadable"), ("http_proxy", "\"unreadable")];
    for server in [
        "localhost",
        "LocalHost:8080",
        "localhost.",
        "127.0.0.1",
        "127.9.9.9:1",
        "[::1]:9",
        "[::ffff:127.0.0.1]",
    ] {
        assert_eq!(via(true, server, variables), "direct", "{server}");
        assert_eq!(via(false, server, variables), "direct", "{server}");
    }
}

#[test]
fn a_proxy_url_is_parsed_in_every_usual_form() {
    for (value, host, port, user) in [
        ("http://proxy.corp:3128", "proxy.corp", 3128, None),
        (" http://proxy.corp:3128\r\n", "proxy.corp", 3128, None),
        ("\u{feff}http://proxy.corp:3128/", "proxy.corp", 3128, None),
        ("HTTP://proxy.corp", "proxy.corp", 80, None),
        ("https://proxy.corp", "proxy.corp", 443, None),
        ("proxy.corp:3128", "proxy.corp", 3128, None),
        ("proxy", "proxy", 80, None),
        ("user:p%40ss@proxy_1:8080", "proxy_1", 8080, Some(("user", "p@ss"))),
        ("http://user:p'ss@proxy:8080", "proxy", 8080, Some(("user", "p'ss"))),
        ("http://user:p@ss@proxy:8080", "proxy", 8080, Some(("user", "p@ss"))),
        ("socks5h://10.0.0.9", "10.0.0.9", 1080, None),
        ("SOCKS5://proxy:9050", "proxy", 9050, None),
        ("http://[2001:db8::9]:3128", "[2001:db8::9]", 3128, None),
    ] {
        let proxy = decide(true, "api.test", &[("https_proxy", value)]).unwrap().unwrap();
        assert_eq!((proxy.host(), proxy.port()), (host, port), "{value}");
        assert_eq!(proxy.username().zip(proxy.password()), user, "{value}");
        assert_eq!(explicit(value).unwrap(), proxy, "{value}");
    }
}

#[test]
fn the_error_of_a_malformed_value_names_only_the_variable() {
    for value in [
        "\"http://s3cret:3128\"",
        "'http://s3cret:3128'",
        "'s3cret:3128'",
        "http://s3cret:3128'",
        "http://s3cret\n:3128",
        "http://a:3128 http://s3cret:3128",
        "htp://s3cret:3128",
        "ftp://s3cret",
        "http//s3cret:3128",
        "http:/s3cret:3128",
        "http:s3cret:3128",
        "http:\\\\s3cret:3128",
        "//s3cret:3128",
        "http://",
        "http://:3128",
        "http://s3cret:",
        "http://s3cret:0",
        "http://s3cret:99999",
        "http://s3cret:port",
        "http://user:s3/cret@proxy:3128",
        "http://user:12/s3cret@proxy:3128",
        "http://user:12#s3cret@proxy:3128",
        "http://user:12?s3cret@proxy:3128",
        "http://user:s3cret%ff@proxy:3128",
        "http://s3crét",
        "s3cret;api.test",
    ] {
        for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            let error = decide(true, "api.test", &[(name, value)]).expect_err(value);
            assert_eq!(error.kind(), ErrorKind::Configuration, "{value}");
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(name) && !shown.contains("s3"), "{value}: {shown}");
        }
        let error = explicit(value).expect_err(value);
        assert!(error.to_string().contains("proxy URL is not valid"), "{value}: {error}");
        assert!(!format!("{error} {error:?}").contains("s3"), "{value}: {error:?}");
    }
    // A variable of lower precedence is not read.
    assert_eq!(via(true, "api.test", &[("https_proxy", "a"), ("ALL_PROXY", "\"")]), "a");
}

#[cfg(unix)]
#[test]
fn the_error_of_a_value_that_is_not_unicode_names_the_variable() {
    use std::os::unix::ffi::OsStringExt;
    for malformed in ["HTTPS_PROXY", "no_proxy"] {
        let error = from_environment(true, &"api.test".parse().unwrap(), |name| match name {
            _ if name == malformed => Some(OsString::from_vec(b"http://s3cret\xff".to_vec())),
            "all_proxy" => Some("http://proxy".into()),
            _ => None,
        })
        .unwrap_err();
        assert!(error.to_string().contains(malformed) && !error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn no_proxy_matches_domains_addresses_networks_and_ports() {
    for (server, list, is_direct) in [
        ("api.test", "api.test", true),
        ("API.Test", "api.test", true),
        ("api.test", "API.TEST", true),
        ("api.test.", "api.test", true),
        ("api.test", "api.test.", true),
        ("sub.api.test", "api.test", true),
        ("a.b.api.test", ".api.test", true),
        ("sub.api.test", "*.api.test", true),
        ("api.test", ".api.test", true),
        ("notapi.test", "api.test", false),
        ("api.test", "sub.api.test", false),
        ("api.test.evil", "api.test", false),
        ("api.test", "test", true),
        ("api.test", ".", false),
        ("api.test", "", false),
        ("api.test", ", ,", false),
        ("api.test", "*", true),
        ("10.1.2.3", "*", true),
        ("api.test", "other.test,api.test", true),
        ("api.test", "other.test , api.test ", true),
        ("api.test", "other.test api.test", true),
        ("api.test", "other.test\tapi.test\nlast.test", true),
        ("api.test", "api.test:443", true),
        ("api.test", "api.test:8443", false),
        ("sub.api.test:8443", ".api.test:8443", true),
        ("api.test:8443", "api.test", true),
        ("api.test", "*:8443", false),
        ("api.test", "api.test:https", false),
        ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.3:443", true),
        ("10.1.2.3", "10.1.2.3:80", false),
        ("10.1.2.3", "10.0.0.0/8", true),
        ("10.1.2.3", "10.0.0.0/15", true),
        ("10.2.2.3", "10.0.0.0/15", false),
        ("10.1.2.3", "10.1.2.3/32", true),
        ("10.1.2.3", "0.0.0.0/0", true),
        ("10.1.2.3", "10.0.0.0/33", false),
        ("10.1.2.3", "10.0.0.0/x", false),
        ("10.1.2.3", "::/0", false),
        ("10.1.2.3", "2.3", false),
        ("10.1.2.3", ".3", false),
        ("[2001:db8::7]", "2001:db8::7", true),
        ("[2001:db8::7]", "2001:DB8:0:0::7", true),
        ("[2001:db8::7]", "[2001:db8::7]", true),
        ("[2001:db8::7]:8443", "[2001:db8::7]:8443", true),
        ("[2001:db8::7]", "[2001:db8::7]:8443", false),
        ("[2001:db8::7]", "2001:db8::8", false),
        ("[2001:db8::7]", "2001:db8::/32", true),
        ("[2001:db8::7]", "[2001:db8::]/32", true),
        ("[2001:db9::7]", "2001:db8::/32", false),
        ("[2001:db9::7]", "::/0", true),
        ("[2001:db9::7]", "2001:db8::/129", false),
        ("[::ffff:10.1.2.3]", "10.0.0.0/8", true),
        ("api.test", "10.0.0.0/8", false),
    ] {
        let variables = &[("https_proxy", "http://proxy"), ("no_proxy", list)];
        let expected = if is_direct { "direct" } else { "proxy" };
        assert_eq!(via(true, server, variables), expected, "{server} {list:?}");
    }
}

#[test]
fn no_proxy_is_read_in_lower_case_first_with_the_port_of_the_scheme() {
    let proxy = ("all_proxy", "http://proxy");
    for (is_https, variables, expected) in [
        (true, &[proxy, ("no_proxy", "other.test"), ("NO_PROXY", "api.test")][..], "proxy"),
        (true, &[proxy, ("no_proxy", " "), ("NO_PROXY", "api.test")], "direct"),
        (false, &[proxy, ("NO_PROXY", "api.test:80")], "direct"),
        (false, &[proxy, ("NO_PROXY", "api.test:443")], "proxy"),
        // The proxy variable is not read if the server needs none.
        (true, &[("all_proxy", "htp://proxy"), ("NO_PROXY", "api.test")], "direct"),
    ] {
        assert_eq!(via(is_https, "api.test", variables), expected, "{variables:?}");
    }
    let quoted = via(true, "api.test", &[proxy, ("NO_PROXY", "\"other.test,api.test\"")]);
    assert!(quoted.contains("NO_PROXY") && quoted.contains("quotation marks"), "{quoted}");
}
