//! Orders whose response has a status that this API never sends.

use anyhow::Result;
use popup_rewards::ErrorKind;

use crate::common::peer::{Peer, Step, json, response};
use crate::common::verticals::{gift_cards, named};

const ORDER: &str = r#"{"id":7,"product_id":3001,"denomination":20,"quantity":1,"status":"DELIVERED","client_reference":"status"}"#;

/// Places an order that gets this response. `is_there` says whether the lookup finds the order.
fn place(response: Vec<u8>, is_there: bool) -> Result<popup_rewards::Result<i64>> {
    let mut steps = vec![Step::Close(response)];
    if is_there {
        steps.extend([Step::Keep(json(format!("[{ORDER}]"))), Step::Keep(json(ORDER))]);
    } else {
        steps.extend((0..3).map(|_| Step::Keep(json("[]"))));
    }
    let lookups = steps.len() - 1;
    let peer = Peer::start(steps)?;
    let order = peer.session()?.create_order(&gift_cards(3001, 20, 1, named("status")));
    let calls = peer.calls();
    assert_eq!(calls.len(), 1 + lookups, "{calls:?}");
    assert_eq!(calls.iter().filter(|call| call.line() == "POST /api/v1/orders").count(), 1);
    Ok(order.map(|order| order.id.get()))
}

#[test]
fn an_order_is_looked_up_after_an_unexpected_status() -> Result<()> {
    for status in
        ["101 Switching Protocols", "204 No Content", "302 Found", "304 Not Modified", "600 X", "999 X"]
    {
        let headers = "connection: upgrade\r\nupgrade: x\r\nlocation: /elsewhere\r\n";
        assert_eq!(
            place(response(status, headers, ""), true)?.map_err(|error| error.to_string()),
            Ok(7),
            "{status}"
        );
        let error = place(response(status, headers, ""), false)?.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{status}");
        assert!(error.may_have_executed(), "{status} {error:?}");
        assert_eq!(error.client_reference(), Some("status"), "{status}");
    }
    Ok(())
}
