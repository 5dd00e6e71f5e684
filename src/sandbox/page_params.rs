//! Pagination: the query parameters and the response headers.

use serde::Serialize;

use super::api_error::ApiError;
use super::server_request::ServerRequest;
use super::server_response::ServerResponse;

pub(super) struct PageParams {
    page: usize,
    size: usize,
}

impl PageParams {
    /// Reads the page number from `page` and the page size from the parameter `size_name`.
    pub(super) fn read(request: &ServerRequest, size_name: &str, max_size: usize) -> Result<Self, ApiError> {
        let number = |name: &str, default: usize| match request.query_number(name)? {
            Some(number) => usize::try_from(number).map_err(|_| ApiError::query()),
            None => Ok(default),
        };
        let params = PageParams { page: number("page", 1)?, size: number(size_name, 50)? };
        if params.size > max_size {
            return Err(ApiError::query());
        }
        Ok(params)
    }

    /// Returns the requested page of `items`. Only the items on that page are converted with `body`.
    pub(super) fn response<T, B: Serialize>(&self, items: &[T], body: impl Fn(&T) -> B) -> ServerResponse {
        let skipped = (self.page - 1).saturating_mul(self.size);
        let bodies: Vec<B> = items.iter().skip(skipped).take(self.size).map(body).collect();
        let pages = items.len().div_ceil(self.size);
        ServerResponse::ok(&bodies)
            .header("x-page", &self.page)
            .header("x-per-page", &self.size)
            .header("x-total-count", &items.len())
            .header("x-total-pages", &pages)
            .header("x-page-size", &bodies.len())
            .header("x-has-more", &(self.page < pages))
    }
}
