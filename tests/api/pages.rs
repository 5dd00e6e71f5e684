//! Walks over all pages of a list, with correct, missing and contradicting page headers.

use std::time::Duration;

use anyhow::Result;
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{
    ClientReference, ErrorKind, Items, ListOrders, ListProducts, ListWallets, Session, Wallet,
};

use crate::common::clock::TestClock;
use crate::common::mock::Api;

/// The headers and the ids of a page.
type Served<'a> = (&'a [(&'a str, &'a str)], &'a [i64]);

fn body(ids: &[i64]) -> String {
    let wallet = |id: &i64| format!(r#"{{"id":{id},"currency_id":1,"amount":1,"type":"PREPAID"}}"#);
    format!("[{}]", ids.iter().map(wallet).collect::<Vec<_>>().join(","))
}

/// Walks the pages and returns the ids and the kind of the error, if any. Checks that each page is requested once.
fn walk(limit: Option<u32>, first: u32, pages: &[Served<'_>]) -> Result<(Vec<i64>, Option<ErrorKind>)> {
    let mut api = Api::start()?;
    let mut mocks = Vec::new();
    // A walk that starts on a later page uses the server's page size.
    let mut size = limit.or((first == 1).then_some(500)).map(|size| size.to_string());
    for (page, (headers, ids)) in (first..).zip(pages) {
        let query = size.as_ref().map(|size| format!("limit={size}&")).unwrap_or_default();
        let mut mock = api.get(&format!("/api/v1/wallets?{query}page={page}")).with_body(body(ids));
        // The walk adopts a page size that the server announces.
        if let Some((_, given)) = headers.iter().find(|(name, _)| limit.is_none() && *name == "x-per-page") {
            size = Some((*given).to_owned());
        }
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
fn a_walk_without_headers_ends_at_an_empty_page() -> Result<()> {
    assert_eq!(ids(None, 1, &[(&[], &[1, 2]), (&[], &[3]), (&[], &[])])?, [1, 2, 3]);
    assert_eq!(ids(Some(500), 1, &[(&[], &[1, 2]), (&[], &[3, 4]), (&[], &[])])?, [1, 2, 3, 4]);
    assert_eq!(ids(None, 1, &[(&[], &[])])?, [0; 0]);
    Ok(())
}

#[test]
fn one_header_is_enough_to_end_a_walk() -> Result<()> {
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
fn a_walk_continues_to_the_total_if_pages_are_not_full() -> Result<()> {
    let headers = [("x-per-page", "500"), ("x-total-count", "5")];
    let pages: [Served<'_>; 3] = [(&headers, &[1, 2]), (&headers, &[3, 4]), (&headers, &[5])];
    assert_eq!(ids(Some(500), 1, &pages)?, [1, 2, 3, 4, 5]);
    // A walk that starts on a later page counts the earlier pages by the requested size.
    let total = [("x-total-count", "9")];
    let pages: [Served<'_>; 3] = [(&total, &[5, 6]), (&total, &[7, 8]), (&total, &[9])];
    assert_eq!(ids(Some(2), 3, &pages)?, [5, 6, 7, 8, 9]);
    Ok(())
}

#[test]
fn a_walk_continues_if_the_headers_contradict_each_other() -> Result<()> {
    let too_early = [("x-has-more", "false"), ("x-total-count", "3")];
    assert_eq!(ids(None, 1, &[(&too_early, &[1, 2]), (&too_early, &[3])])?, [1, 2, 3]);
    let more = [("x-has-more", "true"), ("x-total-pages", "1"), ("x-total-count", "2")];
    assert_eq!(ids(None, 1, &[(&more, &[1, 2]), (&more, &[3]), (&more, &[])])?, [1, 2, 3]);
    Ok(())
}

#[test]
fn a_row_that_moves_to_the_next_page_is_returned_once() -> Result<()> {
    let pages: [Served<'_>; 4] = [(&[], &[9, 8, 7]), (&[], &[8, 7, 6]), (&[], &[6, 5]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [9, 8, 7, 6, 5]);
    Ok(())
}

#[test]
fn headers_on_only_some_pages_are_enough() -> Result<()> {
    let total = [("x-total-count", "5")];
    let pages: [Served<'_>; 4] = [(&total, &[1, 2]), (&[], &[3, 4]), (&[], &[5]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 3, 4, 5]);
    let pages: [Served<'_>; 3] = [(&[], &[1, 2]), (&[], &[3, 4]), (&total, &[5])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 3, 4, 5]);
    Ok(())
}

#[test]
fn a_list_that_changes_is_walked_as_documented() -> Result<()> {
    // More rows than a page are added in front: 2 is returned twice.
    let pages: [Served<'_>; 4] = [(&[], &[1, 2]), (&[], &[7, 1]), (&[], &[2, 3]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 7, 2, 3]);
    // 1 is removed after its page was read: 3 is missed.
    let pages: [Served<'_>; 3] = [(&[], &[1, 2]), (&[], &[4]), (&[], &[])];
    assert_eq!(ids(None, 1, &pages)?, [1, 2, 4]);
    Ok(())
}

#[test]
fn a_repeated_page_ends_the_walk() -> Result<()> {
    // A page that is not full holds the complete list of a server that ignores the page number.
    for headers in [&[][..], &[("x-per-page", "50"), ("x-has-more", "true")]] {
        assert_eq!(ids(None, 1, &[(headers, &[1, 2]), (headers, &[1, 2])])?, [1, 2]);
    }
    let more = [("x-has-more", "true")];
    assert_eq!(ids(Some(3), 1, &[(&more, &[1, 2]), (&more, &[1, 2])])?, [1, 2]);
    // A full page may not be the complete list.
    for (limit, headers) in
        [(Some(2), &[][..]), (None, &more), (None, &[("x-per-page", "2"), ("x-has-more", "true")])]
    {
        let (ids, kind) = walk(limit, 1, &[(headers, &[1, 2]), (headers, &[1, 2])])?;
        assert_eq!((ids.as_slice(), kind), (&[1, 2][..], Some(ErrorKind::InvalidResponse)), "{limit:?}");
    }
    Ok(())
}

#[test]
fn a_page_with_another_number_is_an_error() -> Result<()> {
    let (ids, kind) = walk(None, 1, &[(&[], &[1, 2]), (&[("x-page", "7")], &[3])])?;
    assert_eq!((ids.as_slice(), kind), (&[1, 2][..], Some(ErrorKind::InvalidResponse)));
    Ok(())
}

#[test]
fn a_cycle_of_pages_is_an_error() -> Result<()> {
    let more = &[("x-has-more", "true")][..];
    let (found, kind) = walk(None, 1, &[(more, &[1, 2]), (more, &[3, 4]), (more, &[1, 2])])?;
    assert_eq!((found, kind), (vec![1, 2, 3, 4], Some(ErrorKind::InvalidResponse)));
    let (one, two, three) = (&[1][..], &[2][..], &[3][..]);
    let pages = [one, two, three, one, two, three].map(|ids| (more, ids));
    let (_, kind) = walk(None, 1, &pages)?;
    assert_eq!(kind, Some(ErrorKind::InvalidResponse));
    Ok(())
}

const REFUSED: &str =
    r#"{"success":false,"error":{"code":"VALIDATION_FAILURE","message":"limit must be between 1 and 100"}}"#;

/// Returns the number of readable items and the error that ends the walk.
fn counted(walk: Items<'_, Wallet>) -> (usize, Option<ErrorKind>) {
    let (found, errors): (Vec<_>, Vec<_>) = walk.partition(Result::is_ok);
    (found.len(), errors.into_iter().find_map(Result::err).map(|error| error.kind()))
}

#[test]
fn a_refused_page_size_is_replaced_by_the_default_and_remembered() -> Result<()> {
    for status in [400, 406, 413, 422, 200] {
        let mut api = Api::start()?;
        let own = [("x-per-page", "2"), ("x-total-count", "5")];
        let large = api.get("/api/v1/wallets?limit=500&page=1").with_status(status).with_body(REFUSED);
        let large = large.expect(1).create();
        let pages = [(1, &[1, 2][..]), (2, &[3, 4]), (3, &[5])].map(|(page, ids)| {
            let mut call = api.get(&format!("/api/v1/wallets?page={page}")).with_body(body(ids)).expect(2);
            for (name, value) in own {
                call = call.with_header(name, value);
            }
            call.create()
        });
        for _ in 0..2 {
            assert_eq!(counted(api.session.wallets(&ListWallets::new())), (5, None));
        }
        large.assert();
        pages.iter().for_each(mockito::Mock::assert);
        // Other lists still use large pages.
        let other = api.get("/api/v1/orders?limit=500&page=1").with_body("[]").create();
        assert_eq!(api.session.orders(&ListOrders::new()).count(), 0);
        other.assert();
        api.finish();
    }
    Ok(())
}

#[test]
fn a_refusal_not_caused_by_the_page_size_is_an_error() -> Result<()> {
    let mut api = Api::start()?;
    let calls = ["limit=500&", ""].map(|size| {
        let call = api.get(&format!("/api/v1/wallets?{size}name=x&page=1"));
        call.with_status(400).with_body(REFUSED).expect(1).create()
    });
    let walk = api.session.wallets(&ListWallets::new().name("x"));
    assert_eq!(counted(walk), (0, Some(ErrorKind::InvalidRequest)));
    calls.iter().for_each(mockito::Mock::assert);
    let later = api.get("/api/v1/wallets?limit=500&page=1").with_header("x-total-count", "1");
    let later = later.with_body(body(&[1])).create();
    assert_eq!(counted(api.session.wallets(&ListWallets::new())), (1, None));
    later.assert();
    // There is no second request if the caller set the size or the page, or for other failures.
    for (target, filter, status) in [
        ("/api/v1/wallets?limit=7&page=1", ListWallets::new().limit(7), 400),
        ("/api/v1/wallets?page=2", ListWallets::new().page(2), 400),
        ("/api/v1/wallets?limit=500&page=1", ListWallets::new(), 403),
        ("/api/v1/wallets?limit=500&page=1", ListWallets::new(), 404),
    ] {
        api.forget_mocks()?;
        let call = api.get(target).with_status(status.into()).expect(1).create();
        let errors: Vec<_> = api.session.wallets(&filter).filter_map(Result::err).collect();
        let statuses: Vec<_> = errors.iter().map(popup_rewards::Error::status).collect();
        assert_eq!(statuses, [Some(status)], "{target}");
        call.assert();
    }
    Ok(())
}

#[test]
fn find_order_succeeds_if_the_server_refuses_large_pages() -> Result<()> {
    let mut api = Api::start()?;
    let order = r#"{"id":4,"status":"DELIVERED","client_reference":"mine"}"#;
    let calls = [
        api.get("/api/v1/orders?client_reference=mine&limit=500&page=1").with_status(400).with_body(REFUSED),
        api.get("/api/v1/orders?client_reference=mine&page=1").with_body(format!("[{order}]")),
        api.get("/api/v1/orders/4").with_body(order),
    ]
    .map(mockito::Mock::create);
    let found = api.session.find_order(&ClientReference::new("mine")?)?;
    assert_eq!(found.map(|order| order.id.get()), Some(4));
    calls.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok(())
}

#[test]
fn a_page_size_of_zero_in_a_header_is_ignored() -> Result<()> {
    let mut api = Api::start()?;
    for page in [1, 2] {
        let call = api.get(&format!("/api/v1/wallets?limit=500&page={page}"));
        call.with_header("x-per-page", "0")
            .with_header("x-total-count", "2")
            .with_body(body(&[page]))
            .create();
    }
    assert_eq!(counted(api.session.wallets(&ListWallets::new())), (2, None));
    api.finish();
    Ok(())
}

#[test]
fn a_walk_over_smaller_pages_than_requested_reads_all_items() -> Result<()> {
    let capped = [("x-per-page", "2"), ("x-has-more", "true")];
    let end = [("x-per-page", "2"), ("x-has-more", "false")];
    for (more, last) in [(&[][..], &[][..]), (&capped, &end)] {
        let mut pages: Vec<Served<'_>> = vec![(more, &[1, 2]), (more, &[3, 4]), (last, &[5])];
        if last.is_empty() {
            pages.push((last, &[]));
        }
        assert_eq!(ids(None, 1, &pages)?, [1, 2, 3, 4, 5]);
    }
    Ok(())
}

#[test]
fn the_total_is_known_after_the_first_page_and_follows_the_list() -> Result<()> {
    let mut api = Api::start()?;
    for (page, total, ids) in [(1, "3", &[1, 2][..]), (2, "4", &[3, 4])] {
        let call = api.get(&format!("/api/v1/wallets?limit=500&page={page}"));
        call.with_header("x-total-count", total).with_body(body(ids)).create();
    }
    let mut walk = api.session.wallets(&ListWallets::new());
    assert_eq!((walk.total(), walk.size_hint()), (None, (0, None)));
    let mut seen = Vec::new();
    while let Some(wallet) = walk.next() {
        seen.push((wallet?.id.get(), walk.total(), walk.size_hint().0));
    }
    assert_eq!(seen, [(1, Some(3), 1), (2, Some(3), 0), (3, Some(4), 1), (4, Some(4), 0)]);
    assert_eq!((walk.total(), walk.size_hint()), (Some(4), (0, None)));
    // It keeps its value if a later page has no total, and is `None` if no page has one.
    api.forget_mocks()?;
    let first = api.get("/api/v1/wallets?limit=500&page=1");
    first.with_header("x-total-count", "9").with_body(body(&[1])).create();
    api.get("/api/v1/wallets?limit=500&page=2").with_body("[]").create();
    api.get("/api/v1/orders?limit=500&page=1").with_body("[]").create();
    let mut walk = api.session.wallets(&ListWallets::new());
    assert_eq!((walk.by_ref().count(), walk.total()), (1, Some(9)));
    let mut orders = api.session.orders(&ListOrders::new());
    assert!(orders.next().is_none() && orders.total().is_none());
    Ok(())
}

#[test]
fn a_repeated_full_large_page_is_an_error() -> Result<()> {
    let mut api = Api::start()?;
    let ids: Vec<i64> = (1..=500).collect();
    let orders = body(&ids).replace(r#""currency_id":1"#, r#""client_reference":"other""#);
    let mut calls = Vec::new();
    for page in [1, 2] {
        let wallets = api.get(&format!("/api/v1/wallets?limit=500&page={page}"));
        calls.push(wallets.with_body(body(&ids)).create());
        let found = api.get(&format!("/api/v1/orders?client_reference=mine&limit=500&page={page}"));
        calls.push(found.with_body(&orders).create());
    }
    let walk = api.session.wallets(&ListWallets::new());
    assert_eq!(counted(walk), (500, Some(ErrorKind::InvalidResponse)));
    let error = api.session.find_order(&ClientReference::new("mine")?).unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::InvalidResponse, true));
    calls.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok(())
}

#[test]
fn a_catalogue_of_1200_products_takes_three_requests() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = sandbox.session();
    let mut products = session.products(&ListProducts::new());
    assert_eq!(products.by_ref().flatten().count(), 1200);
    assert_eq!((products.total(), sandbox.calls("GET /api/v1/products")), (Some(1200), 3));
    Ok(())
}

#[test]
fn a_walk_keeps_a_retry_delay_unless_it_exceeds_the_deadline() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let clock = TestClock::of(&sandbox);
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .clock(clock.clone())
        .deadline(Duration::from_secs(60))
        .build()?;
    let mut products = session.products(&ListProducts::new());
    assert!(products.next().is_some_and(|product| product.is_ok()));
    sandbox.fault("GET /api/v1/products", Fault::RateLimited(7).times(2));
    assert_eq!(products.by_ref().flatten().count(), 1199);
    assert_eq!(clock.pauses(), [Duration::from_secs(7); 2]);

    let mut products = session.products(&ListProducts::new());
    assert!(products.next().is_some_and(|product| product.is_ok()));
    sandbox.fault("GET /api/v1/products", Fault::RateLimited(61));
    let rest: Vec<_> = products.collect();
    let error = rest.last().and_then(|last| last.as_ref().err());
    assert_eq!(error.map(popup_rewards::Error::kind), Some(ErrorKind::RateLimited));
    assert_eq!(error.and_then(popup_rewards::Error::retry_after), Some(Duration::from_secs(61)));
    // The items of the first page were returned, and there was no further pause.
    assert_eq!((rest.len(), clock.pauses().len()), (500, 2));
    Ok(())
}
