//! The auth routes. `session/auth.rs` calls them, because their bodies hold the session's secrets.

use crate::http::{Route, Safety};

pub(crate) const LOGIN: Route = Route::post("/auth/login", Safety::Once).with_secrets().without_token();
pub(crate) const REFRESH: Route = Route::post("/auth/refresh", Safety::Once).with_secrets().without_token();
pub(crate) const LOGOUT: Route = Route::post("/auth/logout", Safety::Idempotent).with_secrets();
