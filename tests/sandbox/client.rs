//! An HTTP client with a token.

use std::time::Duration;

use anyhow::{Context, Result};
use popup_rewards::sandbox::Sandbox;
use serde_json::{Value, json};
use ureq::http::{HeaderMap, Method, Request};

pub(crate) struct Client {
    agent: ureq::Agent,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

pub(crate) struct ClientResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl ClientResponse {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("not JSON: {}", self.text))
    }

    pub(crate) fn data(&self) -> Result<Value> {
        Ok(self.json()?["data"].take())
    }

    /// Returns the status and the error code.
    pub(crate) fn refusal(&self) -> Result<(u16, String)> {
        let code = self.json()?["error"]["code"].as_str().context("no error code")?.to_owned();
        Ok((self.status, code))
    }

    pub(crate) fn message(&self) -> Result<String> {
        Ok(self.json()?["error"]["message"].as_str().context("no message")?.to_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn items(&self) -> Result<Vec<Value>> {
        self.json()?.as_array().cloned().with_context(|| format!("not a list: {}", self.text))
    }
}

impl Client {
    pub(crate) fn new(sandbox: &Sandbox) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Client { agent: config.into(), url: sandbox.url(), token: None }
    }

    /// Returns a client with a new token.
    pub(crate) fn logged_in(sandbox: &Sandbox) -> Result<Client> {
        let mut client = Client::new(sandbox);
        let tokens = client.login(sandbox)?.data()?;
        client.token = tokens["access_token"].as_str().map(str::to_owned);
        client.token.as_ref().context("no token")?;
        Ok(client)
    }

    pub(crate) fn login(&self, sandbox: &Sandbox) -> Result<ClientResponse> {
        let (username, password) = (sandbox.username(), sandbox.password());
        self.post("/auth/login", &json!({ "username": username.expose(), "password": password.expose() }))
    }

    pub(crate) fn refresh(&self, tokens: &Value) -> Result<ClientResponse> {
        self.post("/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] }))
    }

    pub(crate) fn get(&self, path: &str) -> Result<ClientResponse> {
        self.send(Method::GET, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<ClientResponse> {
        self.send(Method::POST, path, Some(&body.to_string()))
    }

    pub(crate) fn send(&self, method: Method, path: &str, body: Option<&str>) -> Result<ClientResponse> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = match body {
            Some(body) => {
                self.agent.run(request.header("content-type", "application/json").body(body.to_owned())?)?
            }
            None => self.agent.run(request.body(())?)?,
        };
        let text = response.body_mut().read_to_string()?;
        Ok(ClientResponse { status: response.status().as_u16(), headers: response.headers().clone(), text })
    }

    /// Whether the sandbox accepts an access token.
    pub(crate) fn accepts(&self, tokens: &Value) -> Result<bool> {
        let token = tokens["access_token"].as_str().context("no token")?.to_owned();
        let client = Client { agent: self.agent.clone(), url: self.url.clone(), token: Some(token) };
        Ok(client.get("/api/v1/currencies")?.status == 200)
    }
}
