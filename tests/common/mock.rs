//! A mock server that handles the login, and a session that uses it.

use std::path::Path;

use anyhow::{Context, Result};
use mockito::{Matcher, Mock, Request, Server, ServerGuard};
use popup_rewards::{Credentials, Session};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The access token that the mock server issues and expects.
pub(crate) const TOKEN: &str = "access-token-of-the-mock";

/// A mock server and a session that uses it.
///
/// The server responds to a request without a mock with a 501 that names it. [`finish`](Api::finish) fails if there was
/// one.
pub(crate) struct Api {
    server: ServerGuard,
    unexpected: Vec<Mock>,
    login: Mock,
    pub(crate) session: Session,
}

impl Api {
    /// Starts a server that expects a single login.
    pub(crate) fn start() -> Result<Api> {
        Api::start_with(|body| body)
    }

    /// Like [`start`](Api::start), but changes the response to the login.
    pub(crate) fn start_with(change: impl FnOnce(String) -> String) -> Result<Api> {
        let mut server = Server::new();
        let unexpected = ["GET", "POST", "PATCH"].map(|method| catch_all(&mut server, method)).into();
        let login = login(&mut server, change)?;
        let session = Session::new(&server.url(), Credentials::new("the-key", "the-secret"))?;
        Ok(Api { server, unexpected, login, session })
    }

    /// Expects a GET with exactly this path and query, the token and no body.
    pub(crate) fn get(&mut self, target: &str) -> Mock {
        self.mock("GET", target).match_body(Matcher::Exact(String::new()))
    }

    /// Expects a POST with exactly this path and body, and the token.
    pub(crate) fn post(&mut self, target: &str, body: &str) -> Mock {
        self.mock("POST", target).match_header("content-type", "application/json").match_body(body)
    }

    /// Expects a PATCH with exactly this path and body, and the token.
    pub(crate) fn patch(&mut self, target: &str, body: &str) -> Mock {
        self.mock("PATCH", target).match_header("content-type", "application/json").match_body(body)
    }

    /// Expects a GET that does not carry the token.
    pub(crate) fn get_without_token(&mut self, target: &str) -> Mock {
        self.server.mock("GET", target).match_header("authorization", Matcher::Missing)
    }

    fn mock(&mut self, method: &str, target: &str) -> Mock {
        self.server
            .mock(method, target)
            .match_header("authorization", format!("Bearer {TOKEN}").as_str())
            .with_header("content-type", "application/json")
            .with_header("x-request-id", "req-1")
    }

    /// Removes all mocks except those for the login and for unexpected requests. The session stays logged in.
    pub(crate) fn forget_mocks(&mut self) -> Result<()> {
        self.server.reset();
        self.unexpected = ["GET", "POST", "PATCH"].map(|method| catch_all(&mut self.server, method)).into();
        self.login = login(&mut self.server, |body| body)?;
        Ok(())
    }

    /// Like [`finish`](Api::finish), but fails if the session logged in.
    pub(crate) fn finish_without_login(self) {
        self.unexpected.iter().for_each(Mock::assert);
        assert!(!self.login.matched(), "the session logged in");
    }

    /// Fails unless the session logged in exactly once and sent nothing without a mock.
    pub(crate) fn finish(self) {
        self.unexpected.iter().for_each(Mock::assert);
        self.login.assert();
    }
}

/// Must be created first: mockito prefers a mock that still expects a request, and then the one created last.
fn catch_all(server: &mut Server, method: &'static str) -> Mock {
    let respond = move |request: &Request| {
        let target = request.path_and_query();
        let body = request.utf8_lossy_body().unwrap_or_default();
        let message = format!("no mock for {method} {target} {body}");
        serde_json::json!({ "error": { "name": "NoMock", "code": "NO_MOCK", "message": message } })
            .to_string()
            .into_bytes()
    };
    server.mock(method, Matcher::Any).with_status(501).with_body_from_request(respond).expect(0).create()
}

fn login(server: &mut Server, change: impl FnOnce(String) -> String) -> Result<Mock> {
    let expires = (OffsetDateTime::now_utc() + Duration::hours(1)).format(&Rfc3339)?;
    let body = format!(
        r#"{{"success":true,"data":{{"access_token":"{TOKEN}","refresh_token":"refresh-token-of-the-mock",
            "access_expires_at":"{expires}","refresh_expires_at":"{expires}","client_id":77}}}}"#
    );
    let login = server
        .mock("POST", "/auth/login")
        .match_header("authorization", Matcher::Missing)
        .match_body(Matcher::JsonString(r#"{"username":"the-key","password":"the-secret"}"#.to_owned()))
        .with_header("content-type", "application/json")
        .with_body(change(body))
        .expect(1)
        .create();
    Ok(login)
}

/// Reads `tests/fixtures/<name>.json`.
pub(crate) fn fixture(name: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).with_extension("json");
    std::fs::read_to_string(&path).with_context(|| format!("cannot read the fixture {name}"))
}

/// Parses a fixture.
pub(crate) fn read<T: serde::de::DeserializeOwned>(name: &str) -> Result<T> {
    serde_json::from_str(&fixture(name)?).with_context(|| format!("cannot parse the fixture {name}"))
}
