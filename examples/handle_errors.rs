//! What each kind of error means. A local sandbox provokes a few of them.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{
    ClientReference, Credentials, Decimal, Error, ErrorKind, NewOrder, ProductId, RetryPolicy, Session,
    WalletId,
};

fn main() -> anyhow::Result<()> {
    let sandbox = Sandbox::start()?;
    let url = sandbox.url();
    let session = Session::builder(&url, sandbox.credentials())
        .retry(RetryPolicy::new().first_pause(Duration::from_millis(10)))
        .build()?;
    let place = |quantity, reference| order(&session, quantity, reference);

    show("no scheme in the address", &Session::new("api.example.com", sandbox.credentials()));
    show("a wrong secret", &Session::new(&url, Credentials::new("key", "wrong"))?.login());
    show("an id that does not exist", &session.get_product(ProductId::from(1)));
    show("no gift cards at all", &place(0, "none"));

    sandbox.fault("GET /api/v1/countries", Fault::Status(503).always());
    show("a server that is down", &session.countries());
    sandbox.fault("GET /api/v1/categories", Fault::RateLimited(3_600));
    show("too many calls", &session.categories());

    place(1, "gift-1")?;
    show("a reference used for something else", &place(2, "gift-1"));

    sandbox.fault("POST /api/v1/orders", Fault::CloseAfter.always());
    sandbox.fault("GET /api/v1/orders", Fault::Status(503).always());
    show("an order whose response was lost", &place(1, "gift-2"));
    sandbox.clear_faults();
    println!("  the same order again, with the same reference: order {}", place(1, "gift-2")?.id);

    sandbox.set_balance(WalletId::from(9), Decimal::ONE);
    show("an empty wallet", &place(1, "gift-3"));
    session.logout()?;
    show("a call after the logout", &session.countries());
    Ok(())
}

fn order(session: &Session, quantity: u32, reference: &str) -> popup_rewards::Result<popup_rewards::Order> {
    let reference = ClientReference::new(reference)?;
    session.create_order(&NewOrder::new(ProductId::from(3001), Decimal::from(20), quantity, reference))
}

fn show<T>(what: &str, result: &popup_rewards::Result<T>) {
    if let Err(error) = result {
        println!("{what}\n  {error}\n  -> {}", advice(error));
    }
}

/// What to do about an error. Its text is for people; programs match its kind.
fn advice(error: &Error) -> &'static str {
    // Check this first, whatever the kind: money may have moved.
    if error.may_have_executed() {
        return match error.kind() {
            ErrorKind::DuplicateReference => {
                "look the reference up: another order has it, or an earlier call's"
            }
            _ => "look the reference up later, and place the order again with it only if there is none",
        };
    }
    match error.kind() {
        ErrorKind::Configuration => "fix the settings of this program; nothing was sent",
        ErrorKind::InvalidCredentials => {
            "get the right key and secret; more attempts are refused without a call"
        }
        ErrorKind::Unauthorized => "call again: the next call logs in anew",
        ErrorKind::Forbidden => {
            "have this machine's address put on the allow-list, or the feature switched on"
        }
        ErrorKind::LoggedOut => "call login() if this program is to go on",
        ErrorKind::NotFound => "check the id; it can also belong to another client",
        ErrorKind::InvalidRequest => "fix the request: the same one fails again",
        ErrorKind::InsufficientFunds => "fill the wallet up, then place the order with the same reference",
        ErrorKind::RateLimited => "wait for retry_after(), then call again",
        ErrorKind::Server | ErrorKind::Network | ErrorKind::Timeout => {
            "call again later; retries did not help"
        }
        ErrorKind::InvalidResponse => "look for a newer version of this crate, or a gateway in between",
        ErrorKind::Store => "look at the token store",
        _ => "read the text of the error",
    }
}
