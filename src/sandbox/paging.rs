//! One page of a list, and the headers that say where it lies.

use serde::Serialize;

use super::call::Call;
use super::reply::{Refusal, Reply};

pub(super) struct Paging {
    page: usize,
    size: usize,
}

impl Paging {
    /// Reads `page` and the page size, which is called `limit` or `per_page` and at most `largest`.
    pub(super) fn read(call: &Call, size_name: &str, largest: usize) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| match call.query_number(name)? {
            Some(number) => usize::try_from(number).map_err(|_| Refusal::query()),
            None => Ok(default),
        };
        let paging = Paging { page: number("page", 1)?, size: number(size_name, 50)? };
        if paging.size > largest {
            return Err(Refusal::query());
        }
        Ok(paging)
    }

    /// The page of `items` that was asked for; only its items are turned into bodies.
    pub(super) fn reply<T, B: Serialize>(&self, items: &[T], body: impl Fn(&T) -> B) -> Reply {
        let skipped = (self.page - 1).saturating_mul(self.size);
        let bodies: Vec<B> = items.iter().skip(skipped).take(self.size).map(body).collect();
        let pages = items.len().div_ceil(self.size);
        Reply::ok(&bodies)
            .header("x-page", &self.page)
            .header("x-per-page", &self.size)
            .header("x-total-count", &items.len())
            .header("x-total-pages", &pages)
            .header("x-page-size", &bodies.len())
            .header("x-has-more", &(self.page < pages))
    }
}
