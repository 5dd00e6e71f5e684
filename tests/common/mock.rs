//! What the tests of several nouns share: a mock server that knows the login, and a session on it.

use std::path::Path;

use anyhow::{Context, Result};
use mockito::{Matcher, Mock, Request, Server, ServerGuard};
use popup_rewards::{Credentials, Session};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The access token that the mock server gives out and expects back.
pub(crate) const TOKEN: &str = "access-token-of-the-mock";

/// A mock server and a session on it.
///
/// Whatever a test did not announce is answered with 501 and the text of what was missing, and counted:
/// [`finish`](Api::finish) fails if there was any.
pub(crate) struct Api {
    server: ServerGuard,
    unexpected: Vec<Mock>,
    login: Mock,
    pub(crate) session: Session,
}

impl Api {
    /// A server that answers the one login that a test may cost.
    pub(crate) fn start() -> Result<Api> {
        Api::start_with(|body| body)
    }

    /// The same, with its response to the login changed.
    pub(crate) fn start_with(change: impl FnOnce(String) -> String) -> Result<Api> {
        let mut server = Server::new();
        let unexpected = ["GET", "POST", "PATCH"].map(|method| catch_all(&mut server, method)).into();
        let login = login(&mut server, change)?;
        let session = Session::new(&server.url(), Credentials::new("the-key", "the-secret"))?;
        Ok(Api { server, unexpected, login, session })
    }

    /// A GET with exactly this path and query, the token and no body.
    pub(crate) fn get(&mut self, target: &str) -> Mock {
        self.mock("GET", target).match_body(Matcher::Exact(String::new()))
    }

    /// A POST with exactly this path, the token and, byte for byte, this body.
    pub(crate) fn post(&mut self, target: &str, body: &str) -> Mock {
        self.mock("POST", target).match_header("content-type", "application/json").match_body(body)
    }

    /// A PATCH with exactly this path, the token and, byte for byte, this body.
    pub(crate) fn patch(&mut self, target: &str, body: &str) -> Mock {
        self.mock("PATCH", target).match_header("content-type", "application/json").match_body(body)
    }

    /// A GET that must not carry the token.
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

    /// Takes back all mocks but the one for the unexpected; the session stays logged in.
    pub(crate) fn forget_mocks(&mut self) -> Result<()> {
        self.server.reset();
        self.unexpected = ["GET", "POST", "PATCH"].map(|method| catch_all(&mut self.server, method)).into();
        self.login = login(&mut self.server, |body| body)?;
        Ok(())
    }

    /// Like [`finish`](Api::finish), for what must not even log in.
    pub(crate) fn finish_without_login(self) {
        self.unexpected.iter().for_each(Mock::assert);
        assert!(!self.login.matched(), "the session logged in");
    }

    /// Fails unless the session logged in once, or if it sent anything that the test did not announce.
    pub(crate) fn finish(self) {
        self.unexpected.iter().for_each(Mock::assert);
        self.login.assert();
    }
}

/// Created before all others and never due, so that it answers only what no other mock is for.
fn catch_all(server: &mut Server, method: &'static str) -> Mock {
    let answer = move |request: &Request| {
        let target = request.path_and_query();
        let body = request.utf8_lossy_body().unwrap_or_default();
        let message = format!("no mock for {method} {target} {body}");
        serde_json::json!({ "error": { "name": "NoMock", "code": "NO_MOCK", "message": message } })
            .to_string()
            .into_bytes()
    };
    server.mock(method, Matcher::Any).with_status(501).with_body_from_request(answer).expect(0).create()
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

/// The text of `tests/fixtures/<name>.json`.
pub(crate) fn fixture(name: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).with_extension("json");
    std::fs::read_to_string(&path).with_context(|| format!("no fixture {name}"))
}

/// A fixture read as the type it stands for.
pub(crate) fn read<T: serde::de::DeserializeOwned>(name: &str) -> Result<T> {
    serde_json::from_str(&fixture(name)?).with_context(|| format!("fixture {name} cannot be read"))
}
