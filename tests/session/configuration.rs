//! Configuration errors, which are returned before anything is sent.

use std::time::Duration;

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{Credentials, ErrorKind, RetryPolicy, Session};

fn credentials() -> Credentials {
    Credentials::new("key", "s3cret-pass")
}

#[track_caller]
fn refused(result: popup_rewards::Result<Session>, says: &str) {
    let error = result.expect_err(says);
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(error.to_string().contains(says), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[test]
fn an_invalid_base_url_is_refused() {
    for (url, says) in [
        ("", "is empty"),
        ("api.example.com", "no scheme"),
        ("https://api.example.com/", "slash"),
        ("https://api.example.com/v1", "path"),
        ("https://api.example.com?key=s3cret", "query"),
        ("http://api.example.com", "clear text"),
        ("http://10.0.0.7", "clear text"),
        ("https://user:s3cret@api.example.com", "password"),
        ("gopher://api.example.com", "scheme"),
        ("\"https://api.example.com\"", "quotation mark"),
        ("'https://api.example.com'", "quotation mark"),
        ("https://api. example.com", "a blank or a line break"),
        ("https://api.example.com\nAPI_KEY=s3cret", "a blank or a line break"),
        (" \n", "is empty"),
    ] {
        refused(Session::new(url, credentials()), says);
    }
}

#[test]
fn plain_http_is_accepted_for_loopback() {
    for url in [
        "http://127.0.0.1:9",
        "http://localhost:9",
        "http://[::1]:9",
        "https://api.example.com:8443",
        " https://api.example.com\r\n",
        "\u{feff}https://api.example.com\t",
    ] {
        assert!(Session::new(url, credentials()).is_ok(), "{url}");
    }
}

#[test]
fn invalid_credentials_are_refused() {
    let url = "https://api.example.com";
    refused(Session::new(url, Credentials::new("", "s3cret")), "the API key is empty");
    refused(Session::new(url, Credentials::new("key", "")), "the API secret is empty");
    refused(Session::new(url, Credentials::new("key", "s3cret\n")), "line break");
    for blank in [" ", " \t ", "\n", "\u{a0}", "\u{feff}"] {
        refused(Session::new(url, Credentials::new(blank, "s3cret")), "the API key is empty");
        refused(Session::new(url, Credentials::new("key", blank)), "the API secret is empty");
    }
    for padded in [" s3cret", "s3cret ", "\u{feff}s3cret", "s3cret\u{a0}"] {
        refused(
            Session::new(url, Credentials::new(padded, "secret")),
            "the API key begins or ends with a blank",
        );
        refused(
            Session::new(url, Credentials::new("key", padded)),
            "the API secret begins or ends with a blank",
        );
    }
    assert!(Session::new(url, Credentials::new("a key", "pass \"word\" '1'")).is_ok());
}

#[test]
fn invalid_settings_are_refused() {
    let builder = || Session::builder("https://api.example.com", credentials());
    refused(builder().proxy("::not a proxy::").build(), "proxy URL is not valid");
    refused(builder().proxy("ftp://proxy.example.com").build(), "proxy URL is not valid");
    refused(builder().timeout(Duration::ZERO).build(), "timeout is zero");
    refused(builder().deadline(Duration::ZERO).build(), "deadline is zero");
    refused(builder().order_deadline(Duration::ZERO).build(), "order_deadline is zero");
    refused(builder().user_agent("two\r\nlines").build(), "user agent");
    refused(builder().user_agent("").build(), "the user agent is empty");
    refused(builder().user_agent("  ").build(), "the user agent is empty");
    refused(builder().root_certificates(b"not a certificate").build(), "certificate");
    let literal = br"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    refused(builder().root_certificates(literal).build(), "root certificate 1 is written with \"\\n\"");
    refused(builder().proxy("\"http://s3cret:1\"").build(), "proxy URL is not valid");
    refused(builder().proxy("").build(), "proxy URL is not valid");
}

#[test]
fn the_longest_durations_are_accepted() {
    let sandbox = Sandbox::start().unwrap();
    let pauses = RetryPolicy::new().retries(u32::MAX).first_pause(Duration::MAX).longest_pause(Duration::MAX);
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .timeout(Duration::MAX)
        .order_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .deadline(Duration::MAX)
        .order_deadline(Duration::MAX)
        .refresh_margin(Duration::MAX)
        .retry(pauses)
        .build()
        .unwrap();
    session.countries().unwrap();
    session.refresh().unwrap();
    session.logout().unwrap();
}

#[test]
fn a_missing_environment_variable_is_named() {
    // Uses a child process, because other tests may read the variables of this one.
    let output = |set: &[(&str, &str)]| {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "session::configuration::child_reads_the_environment", "--nocapture"])
            .env("READS_ENVIRONMENT", "1");
        for name in ["API_BASE_URL", "API_KEY", "API_SECRET"] {
            child.env_remove(name);
        }
        child.envs(set.iter().copied());
        String::from_utf8(child.output().unwrap().stdout).unwrap()
    };
    assert!(output(&[]).contains("the environment variable API_BASE_URL is not set"));
    let url = ("API_BASE_URL", "https://api.example.com");
    assert!(output(&[url]).contains("the environment variable API_KEY is not set"));
    assert!(output(&[url, ("API_KEY", "k")]).contains("the environment variable API_SECRET is not set"));
    assert!(output(&[url, ("API_KEY", "k"), ("API_SECRET", "")]).contains("API_SECRET is empty"));
    let both = [("API_KEY", "k"), ("API_SECRET", "s")];
    for (value, says) in [
        (
            "\"https://api.example.com\"",
            "the environment variable API_BASE_URL: the base URL contains a quotation",
        ),
        (
            "'https://api.example.com'",
            "the environment variable API_BASE_URL: the base URL contains a quotation",
        ),
        ("https://api.example.com x", "the environment variable API_BASE_URL: the base URL contains a blank"),
        (" https://api.example.com \n", "a session"),
    ] {
        let shown = output(&[("API_BASE_URL", value), both[0], both[1]]);
        assert!(shown.contains(says), "{value:?}: {shown}");
    }
    assert!(output(&[url, ("API_KEY", " "), both[1]]).contains("the API key is empty"));
    assert!(output(&[url, ("API_KEY", "k"), ("API_SECRET", "s")]).contains("a session"));
}

#[test]
fn child_reads_the_environment() {
    if std::env::var_os("READS_ENVIRONMENT").is_some() {
        match Session::from_env() {
            Ok(_) => println!("a session"),
            Err(error) => println!("{error}"),
        }
    }
}

#[test]
fn a_wrong_password_is_sent_once_and_later_calls_fail_at_once() {
    let sandbox = Sandbox::start().unwrap();
    let session = Session::new(&sandbox.url(), Credentials::new("nobody", "s3cret-pass")).unwrap();
    for _ in 0..50 {
        let error = session.countries().unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidCredentials, Some(401)));
        assert!(error.request_id().is_some());
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    assert_eq!(sandbox.calls("*"), 1);
}
