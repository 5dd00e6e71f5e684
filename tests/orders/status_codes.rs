//! Orders whose response is none that this API gives, on a plain socket.

use anyhow::Result;
use popup_rewards::ErrorKind;

use crate::common::peer::{Answer, Peer, answer, json};
use crate::common::verticals::{cards, named};

const ORDER: &str = r#"{"id":7,"product_id":3001,"denomination":20,"quantity":1,"status":"DELIVERED","client_reference":"odd"}"#;

/// An order that is answered like this, on a server that knows it or does not.
fn place(response: Vec<u8>, is_there: bool) -> Result<popup_rewards::Result<i64>> {
    let mut answers = vec![Answer::Close(response)];
    if is_there {
        answers.extend([Answer::Keep(json(format!("[{ORDER}]"))), Answer::Keep(json(ORDER))]);
    } else {
        answers.extend((0..3).map(|_| Answer::Keep(json("[]"))));
    }
    let lookups = answers.len() - 1;
    let peer = Peer::start(answers)?;
    let order = peer.session()?.create_order(&cards(3001, 20, 1, named("odd")));
    let calls = peer.calls();
    assert_eq!(calls.len(), 1 + lookups, "{calls:?}");
    assert_eq!(calls.iter().filter(|call| call.line() == "POST /api/v1/orders").count(), 1);
    Ok(order.map(|order| order.id.get()))
}

#[test]
fn an_order_behind_a_status_of_no_use_is_looked_up() -> Result<()> {
    for status in
        ["101 Switching Protocols", "204 No Content", "302 Found", "304 Not Modified", "600 X", "999 X"]
    {
        let headers = "connection: upgrade\r\nupgrade: x\r\nlocation: /elsewhere\r\n";
        assert_eq!(
            place(answer(status, headers, ""), true)?.map_err(|error| error.to_string()),
            Ok(7),
            "{status}"
        );
        let error = place(answer(status, headers, ""), false)?.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{status}");
        assert!(error.may_have_executed(), "{status} {error:?}");
        assert_eq!(error.client_reference(), Some("odd"), "{status}");
    }
    Ok(())
}
