//! Lists, their pages and their items.

use super::{first, read, text_of, top, unusable};
use crate::http::CALL_LOG;
use crate::http::Response;
use crate::model::{Elements, Members, Model, ReadError};
use crate::{Page, Result, Unreadable};

/// Which page was requested, to tell whether there is another one when the server does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    pub(crate) page: u32,
    /// The page size, if the request set it.
    pub(crate) size: Option<u32>,
    /// The number of items on the pages before, if it is known.
    pub(crate) before: Option<u64>,
}

/// A list without pages. Unreadable items are left out with a warning; if every item is unreadable, the list is.
pub(crate) fn list_of<T: Model>(response: &Response) -> Result<Vec<T>> {
    let (items, unreadable) = items_of(response)?;
    for item in &unreadable {
        log::warn!(target: CALL_LOG, "left out of a list: {}", item.error());
    }
    match unreadable.into_iter().next() {
        Some(first) if items.is_empty() => Err(first.into_error()),
        _ => Ok(items),
    }
}

/// The readable and the unreadable items of a list.
fn items_of<T: Model>(response: &Response) -> Result<(Vec<T>, Vec<Unreadable>)> {
    let mut items = Vec::new();
    let unreadable = each_item(response, &mut |item| {
        items.push(T::read(item)?);
        Ok(())
    })?;
    Ok((items, unreadable))
}

/// Passes each item of a list to `read`, and returns the unreadable ones. Not generic, so it is compiled once.
fn each_item(
    response: &Response,
    read: &mut dyn FnMut(&Members<'_>) -> Result<(), ReadError>,
) -> Result<Vec<Unreadable>> {
    let text = text_of(response);
    let Elements(elements) = elements(response, &text)?;
    let mut unreadable = Vec::new();
    for (position, raw) in elements.into_iter().enumerate() {
        let members = Members::of(raw.get());
        let Err(problem) = members.as_ref().ok_or(ReadError::NotAnObject).and_then(&mut *read) else {
            continue;
        };
        let id = members.and_then(|members| members.number("id"));
        let named = id.map_or(String::new(), |id: i64| format!(" (id {id})"));
        let error =
            unusable(response, format_args!("has an item that {problem}, at position {position}{named}"));
        unreadable.push(Unreadable::new(position, id, error));
    }
    Ok(unreadable)
}

/// One page of a list, and what its headers say about the list.
pub(crate) struct Listing<T> {
    pub(crate) page: Page<T>,
    /// The page size.
    pub(crate) size: Option<u64>,
    /// The number of items on this page and those before it.
    pub(crate) through: u64,
    /// Whether a header says that there is a next page.
    pub(crate) says_more: bool,
}

/// One page of a list, with the paging headers of the response.
///
/// Headers can disagree, so there is more as soon as one of them says so. Without headers, there may be more after
/// every page that is not empty.
pub(crate) fn page_of<T: Model>(response: &Response, requested: Listed) -> Result<Listing<T>> {
    let (items, unreadable) = items_of(response)?;
    let page = number(response, "x-page").unwrap_or(requested.page);
    let (total, total_pages) = (number(response, "x-total-count"), number(response, "x-total-pages"));
    let count = u64::try_from(items.len() + unreadable.len()).unwrap_or(u64::MAX);
    let given: Option<u64> = number(response, "x-per-page");
    let size = given.or(requested.size.map(u64::from));
    // A page may have fewer items than requested, or than the server says. The number of items received counts.
    let before = requested
        .before
        .unwrap_or_else(|| u64::from(page.saturating_sub(1)).saturating_mul(size.unwrap_or(count)));
    let through = before.saturating_add(count);
    let said = [
        response.header("x-has-more").and_then(|more| more.to_ascii_lowercase().parse().ok()),
        total_pages.map(|pages| page < pages),
        total.map(|total| through < total),
    ];
    let said = said.into_iter().flatten().reduce(|one, other| one || other);
    let has_more = said.unwrap_or(count > 0 && given.is_none_or(|size| count >= size));
    let page = Page { items, page, total, total_pages, has_more, unreadable };
    Ok(Listing { page, size, through, says_more: said == Some(true) })
}

fn number<N: std::str::FromStr>(response: &Response, name: &str) -> Option<N> {
    response.header(name)?.parse().ok()
}

/// The elements of a list, at any depth of `data`.
fn elements<'a>(response: &Response, text: &'a str) -> Result<Elements<'a>> {
    let mut json = first(response, text)?;
    while json.starts_with('{') {
        let top = top(response, json)?;
        let Some(data) = top.get("data") else { break };
        json = data.get();
    }
    let elements: Elements<'a> = read(response, json)?;
    // A missing list must not read as an empty one.
    let is_list = json.starts_with('[') || !elements.0.is_empty();
    if is_list { Ok(elements) } else { Err(unusable(response, "is not a list")) }
}
