//! The session: one set of tokens, shared by every clone and thread.

use serde::de::DeserializeOwned;

use crate::http::Request;
use crate::{Error, Page, Result};

/// A logged-in client of the API.
#[derive(Clone, Debug)]
pub struct Session {}

impl Session {
    pub(crate) fn fetch<T: DeserializeOwned>(&self, request: Request) -> Result<T> {
        request.checked()?;
        Err(Error::configuration("unfinished"))
    }

    pub(crate) fn fetch_list<T: DeserializeOwned>(&self, request: Request) -> Result<Vec<T>> {
        request.checked()?;
        Err(Error::configuration("unfinished"))
    }

    pub(crate) fn fetch_page<T: DeserializeOwned>(&self, request: Request) -> Result<Page<T>> {
        request.checked()?;
        Err(Error::configuration("unfinished"))
    }

    pub(crate) fn execute(&self, request: Request) -> Result<()> {
        request.checked()?;
        Err(Error::configuration("unfinished"))
    }
}
