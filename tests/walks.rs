//! Walks over all pages of a list, on servers that say what they like about their pages.

mod common;

use anyhow::Result;
use common::Api;
use popup_rewards::{ErrorKind, ListWallets};

/// The headers and the ids of a page.
type Served<'a> = (&'a [(&'a str, &'a str)], &'a [i64]);

fn body(ids: &[i64]) -> String {
    let wallet = |id: &i64| format!(r#"{{"id":{id},"currency_id":1,"amount":1,"type":"PREPAID"}}"#);
    format!("[{}]", ids.iter().map(wallet).collect::<Vec<_>>().join(","))
}

/// Walks the pages and returns the ids, up to the first error. Each page is requested once, and no other.
fn walk(limit: Option<u32>, first: u32, pages: &[Served<'_>]) -> Result<(Vec<i64>, Option<ErrorKind>)> {
    let mut api = Api::start()?;
    let mut mocks = Vec::new();
    for (page, (headers, ids)) in (first..).zip(pages) {
        let limit = limit.map(|limit| format!("limit={limit}&")).unwrap_or_default();
        let mut mock = api.get(&format!("/api/v1/wallets?{limit}page={page}")).with_body(body(ids));
        for (name, value) in *headers {
            mock = mock.with_header(*name, value);
        }
        mocks.push(mock.create());
    }
    let filter = ListWallets::new().page(first);
    let filter = limit.map_or(filter.clone(), |limit| filter.limit(limit));
    let mut walk = api.session.wallets(&filter);
    let (mut ids, mut kind) = (Vec::new(), None);
    for wallet in &mut walk {
        match wallet {
            Ok(wallet) => ids.push(wallet.id.get()),
            Err(error) => kind = Some(error.kind()),
        }
    }
    assert!(walk.next().is_none());
    drop(walk);
    mocks.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok((ids, kind))
}

fn ids(limit: Option<u32>, first: u32, pages: &[Served<'_>]) -> Result<Vec<i64>> {
    let (ids, kind) = walk(limit, first, pages)?;
    assert_eq!(kind, None, "{pages:?}");
    Ok(ids)
}

#[test]
fn without_headers_a_walk_goes_on_until_an_empty_page() -> Result<()> {
    assert_eq!(ids(None, 1, &[(&[], &[1, 2]), (&[], &[3]), (&[], &[])])?, [1, 2, 3]);
    assert_eq!(ids(Some(500), 1, &[(&[], &[1, 2]), (&[], &[3, 4]), (&[], &[])])?, [1, 2, 3, 4]);
    assert_eq!(ids(None, 1, &[(&[], &[])])?, [0; 0]);
    Ok(())
}

#[test]
fn one_header_is_enough_to_know_the_end() -> Result<()> {
    for (first, last) in [
        (("x-has-more", "true"), ("x-has-more", "false")),
        (("x-total-count", "3"), ("x-total-count", "3")),
        (("x-total-pages", "2"), ("x-total-pages", "2")),
        (("x-per-page", "2"), ("x-per-page", "2")),
    ] {
        for limit in [None, Some(2), Some(500)] {
            let pages: [Served<'_>; 2] = [(&[first], &[1, 2]), (&[last], &[3])];
            assert_eq!(ids(limit, 1, &pages)?, [1, 2, 3], "{first:?} {limit:?}");
        }
    }
    Ok(())
}

#[test]
fn a_server_that_gives_fewer_items_than_it_says_is_walked_to_its_total() -> Result<()> {
    let headers = [("x-per-page", "500"), ("x-total-count", "5")];
    let pages: [Served<'_>; 3] = [(&headers, &[1, 2]), (&headers, &[3, 4]), (&headers, &[5])];
    assert_eq!(ids(Some(500), 1, &pages)?, [1, 2, 3, 4, 5]);
    // A walk that begins further on counts the pages before it by the size that was set.
    let total = [("x-total-count", "9")];
    let pages: [Served<'_>; 3] = [(&total, &[5, 6]), (&total, &[7, 8]), (&total, &[9])];
    assert_eq!(ids(Some(2), 3, &pages)?, [5, 6, 7, 8, 9]);
    Ok(())
}

#[test]
fn headers_that_contradict_each_other_do_not_end_a_walk() -> Result<()> {
    let too_early = [("x-has-more", "false"), ("x-total-count", "3")];
    assert_eq!(ids(None, 1, &[(&too_early, &[1, 2]), (&too_early, &[3])])?, [1, 2, 3]);
    let more = [("x-has-more", "true"), ("x-total-pages", "1"), ("x-total-count", "2")];
    assert_eq!(ids(None, 1, &[(&more, &[1, 2]), (&more, &[3]), (&more, &[])])?, [1, 2, 3]);
    Ok(())
}

#[test]
fn rows_that_move_to_the_next_page_come_once() -> Result<()> {
    let pages: [Served<'_>; 4] = [(&[], &[9, 8, 7]), (&[], &[8, 7, 6]), (&[], &[6, 5]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [9, 8, 7, 6, 5]);
    Ok(())
}

#[test]
fn headers_that_come_on_some_pages_only_are_enough() -> Result<()> {
    let total = [("x-total-count", "5")];
    let pages: [Served<'_>; 4] = [(&total, &[1, 2]), (&[], &[3, 4]), (&[], &[5]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 3, 4, 5]);
    let pages: [Served<'_>; 3] = [(&[], &[1, 2]), (&[], &[3, 4]), (&total, &[5])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 3, 4, 5]);
    Ok(())
}

#[test]
fn what_the_docs_say_of_a_list_that_changes_is_so() -> Result<()> {
    // More than a page is added in front: 2 comes twice.
    let pages: [Served<'_>; 4] = [(&[], &[1, 2]), (&[], &[7, 1]), (&[], &[2, 3]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 7, 2, 3]);
    // 1 is removed after its page was read: 3 falls between two pages.
    let pages: [Served<'_>; 3] = [(&[], &[1, 2]), (&[], &[4]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 4]);
    Ok(())
}

#[test]
fn a_page_that_is_repeated_ends_the_walk() -> Result<()> {
    // A server that ignores the page gives all it has, which is less than a page.
    for headers in [&[][..], &[("x-per-page", "50"), ("x-has-more", "true")]] {
        assert_eq!(ids(None, 1, &[(headers, &[1, 2]), (headers, &[1, 2])])?, [1, 2]);
    }
    let more = [("x-has-more", "true")];
    assert_eq!(ids(Some(3), 1, &[(&more, &[1, 2]), (&more, &[1, 2])])?, [1, 2]);
    // A full page is hardly all.
    for (limit, headers) in
        [(Some(2), &[][..]), (None, &more), (None, &[("x-per-page", "2"), ("x-has-more", "true")])]
    {
        let (ids, kind) = walk(limit, 1, &[(headers, &[1, 2]), (headers, &[1, 2])])?;
        assert_eq!((ids.as_slice(), kind), (&[1, 2][..], Some(ErrorKind::InvalidResponse)), "{limit:?}");
    }
    Ok(())
}

#[test]
fn a_page_of_another_number_ends_the_walk_with_an_error() -> Result<()> {
    let (ids, kind) = walk(None, 1, &[(&[], &[1, 2]), (&[("x-page", "7")], &[3])])?;
    assert_eq!((ids.as_slice(), kind), (&[1, 2][..], Some(ErrorKind::InvalidResponse)));
    Ok(())
}

#[test]
fn pages_that_come_again_and_again_end_the_walk_with_an_error() -> Result<()> {
    let more = &[("x-has-more", "true")][..];
    let (found, kind) = walk(None, 1, &[(more, &[1, 2]), (more, &[3, 4]), (more, &[1, 2])])?;
    assert_eq!((found, kind), (vec![1, 2, 3, 4], Some(ErrorKind::InvalidResponse)));
    let (one, two, three) = (&[1][..], &[2][..], &[3][..]);
    let pages = [one, two, three, one, two, three].map(|ids| (more, ids));
    let (_, kind) = walk(None, 1, &pages)?;
    assert_eq!(kind, Some(ErrorKind::InvalidResponse));
    Ok(())
}
