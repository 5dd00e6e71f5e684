//! Lists, their pages and their items.

use super::*;

#[test]
fn a_list_is_read_with_or_without_an_envelope() {
    for body in [
        r#"[{"id":7}]"#,
        " \n[{\"id\":7}]",
        r#"{"data":[{"id":7}]}"#,
        r#"{"success":true,"data":[{"id":7}]}"#,
        r#"{"data":[{"id":7}],"links":{"next":null},"meta":{"total":1}}"#,
        r#"{"links":{},"data":[{"id":9}],"data":[{"id":7}]}"#,
        r#"{"success":true,"data":{"current_page":1,"data":[{"id":7}]}}"#,
        r#"{"0":{"id":7}}"#,
        r#"{"data":{"3":{"id":7}},"meta":{}}"#,
    ] {
        assert_eq!(list_of::<Thing>(&response(200, &[], body)).expect(body), [Thing { id: 7 }]);
    }
    let numbered = r#"{"2":{"id":3},"0":{"id":1},"1":{"id":9},"1":{"id":2}}"#;
    let ids: Vec<i64> =
        list_of(&response(200, &[], numbered)).unwrap().iter().map(|it: &Thing| it.id).collect();
    assert_eq!(ids, [1, 2, 3]);
    for body in ["[]", r#"{"data":[]}"#, r#"{"data":[],"meta":{}}"#] {
        assert_eq!(list_of::<Thing>(&response(200, &[], body)).expect(body), []);
    }
}

#[test]
fn a_body_that_is_not_a_list_is_an_error() {
    for body in [
        "{}",
        "null",
        r#"{"data":null}"#,
        r#"{"data":{}}"#,
        r#"{"id":7}"#,
        r#"{"data":{"id":7}}"#,
        "7",
        r#""x""#,
        r#"[{"id":7}"#,
        r#"{"success":true}"#,
    ] {
        let error = list_of::<Thing>(&response(200, &[], body)).expect_err(body);
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
    }
    for body in
        [r#"{"success":false,"data":[]}"#, r#"{"success":"false","data":[]}"#, r#"{"success":0,"data":[]}"#]
    {
        let error = list_of::<Thing>(&response(200, &[], body)).expect_err(body);
        assert!(error.to_string().contains("says the call failed"), "{error}");
    }
}

#[test]
fn an_unreadable_item_is_reported_and_the_others_are_kept() {
    let body = r#"[{"id":1},{"id":"s3cret"},null,[3],{"id":"5"},{"name":"s3cret"}]"#;
    let page = page_of::<Thing>(
        &response(200, &[("x-request-id", "r1")], body),
        Listed { page: 1, size: None, before: None },
    );
    let Listing { page, through, .. } = page.unwrap();
    assert_eq!(page.items, [Thing { id: 1 }, Thing { id: 5 }]);
    assert_eq!(through, 6);
    let places: Vec<_> = page.unreadable.iter().map(|item| (item.position(), item.id())).collect();
    assert_eq!(places, [(1, None), (2, None), (3, None), (5, None)]);
    for item in &page.unreadable {
        let error = item.error();
        assert_eq!(
            (error.kind(), error.status(), error.request_id()),
            (ErrorKind::InvalidResponse, Some(200), Some("r1"))
        );
        assert!(error.to_string().contains(&format!("position {}", item.position())), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        assert!(error.unreadable().is_none());
    }
    let list = list_of::<Thing>(&response(200, &[], body)).unwrap();
    assert_eq!(list, [Thing { id: 1 }, Thing { id: 5 }]);
    let error = list_of::<Thing>(&response(200, &[], "[null]")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
}

#[test]
fn the_error_of_an_unreadable_item_names_its_id_and_the_member() {
    let body = r#"[{"id":"2","name":null}]"#;
    let page =
        page_of::<crate::Product>(&response(200, &[], body), Listed { page: 1, size: None, before: None });
    let page = page.unwrap().page;
    assert_eq!(page.unreadable[0].id(), Some(2));
    assert_eq!(
        page.unreadable[0].error().to_string(),
        "the server's response has an item that has no readable `name`, at position 0 (id 2) (200)"
    );
}

#[test]
fn the_position_of_a_page_is_read_from_the_headers() {
    let headers = [("x-page", "2"), ("x-total-count", "120"), ("x-total-pages", "3"), ("x-has-more", "true")];
    let listing =
        page_of::<Thing>(&response(200, &headers, "[]"), Listed { page: 2, size: None, before: None })
            .unwrap();
    let page = listing.page;
    assert_eq!((page.page, page.total, page.total_pages, page.has_more), (2, Some(120), Some(3), true));
}

#[test]
fn a_page_has_more_if_one_header_says_so() {
    let more = |headers: &[(&'static str, &str)], page, size| {
        let response = response(200, headers, r#"[{"id":1},{"id":2}]"#);
        page_of::<Thing>(&response, Listed { page, size, before: None }).unwrap().page.has_more
    };
    for (headers, page, size, expected) in [
        (&[("x-has-more", "True")][..], 1, None, true),
        (&[("x-has-more", "false")], 1, Some(2), false),
        (&[("x-total-pages", "3")], 2, None, true),
        (&[("x-total-pages", "3")], 3, None, false),
        // A server may send fewer items than requested or announced.
        (&[("x-total-count", "5")], 1, Some(500), true),
        (&[("x-total-count", "5"), ("x-per-page", "500")], 1, Some(500), true),
        (&[("x-total-count", "2")], 1, Some(500), false),
        (&[("x-total-count", "5")], 2, Some(2), true),
        (&[("x-total-count", "4")], 2, Some(2), false),
        (&[("x-total-count", "5"), ("x-per-page", "3")], 2, Some(500), false),
        // Only the page size is known, so a full page may have a successor.
        (&[("x-per-page", "2")], 1, None, true),
        (&[("x-per-page", "3")], 1, None, false),
        // A full page may be the last.
        (&[("x-per-page", "2"), ("x-has-more", "false")], 1, None, false),
        // Contradicting headers.
        (&[("x-has-more", "False"), ("x-total-pages", "9")], 1, None, true),
        (&[("x-has-more", "false"), ("x-total-count", "3")], 1, None, true),
        (&[("x-has-more", "true"), ("x-total-pages", "1")], 1, None, true),
        // No headers, or only unreadable ones.
        (&[], 1, Some(3), true),
        (&[("x-has-more", "perhaps"), ("x-total-count", "many")], 1, None, true),
    ] {
        assert_eq!(more(headers, page, size), expected, "{headers:?} {page} {size:?}");
    }
    let empty =
        page_of::<Thing>(&response(200, &[], "[]"), Listed { page: 1, size: None, before: None }).unwrap();
    assert!(!empty.page.has_more);
}
