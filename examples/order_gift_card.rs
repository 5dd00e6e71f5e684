//! Orders two gift cards exactly once, even if it is killed and started again.
//!
//! Run `cargo run --example order_gift_card`, with `-- --reveal` to show the codes. If `API_BASE_URL`, `API_KEY` and
//! `API_SECRET` are set, it **spends money** on that server. Otherwise it uses a local sandbox.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, bail};
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{
    Charges, ClientReference, Decimal, ListProducts, ListWallets, NewOrder, NewQuote, Order, Product, Session,
};

const QUANTITY: u32 = 2;

fn main() -> anyhow::Result<()> {
    let reveal = env::args().any(|argument| argument == "--reveal");
    let (session, sandbox) = connect()?;
    let file = env::temp_dir().join(if sandbox.is_some() { "gift-card-sandbox" } else { "gift-card-order" });

    // Finish an earlier order before a new one: it may be paid already.
    let order = match read(&file)? {
        Some(plan) => {
            println!("resuming the order in {}", file.display());
            resume(&session, &plan).context("the order may exist: run this again to find out")?
        }
        None => begin(&session, &file)?,
    };
    let order = session.wait_for_order(order.id, Duration::from_secs(120))?;
    show(&order, reveal);
    // From here on, nothing can be lost.
    fs::remove_file(&file)?;
    session.logout()?;
    Ok(())
}

/// Places an order that no earlier run has placed. Its errors can mean that nothing was ordered.
fn begin(session: &Session, file: &Path) -> anyhow::Result<Order> {
    let plan = plan(session)?;
    keep(&plan, file)?;
    match session.create_order(&plan) {
        Err(error) if !error.may_have_executed() => {
            fs::remove_file(file)?;
            Err(error).context("nothing was ordered")
        }
        result => result.context("the order may exist: run this again to find out"),
    }
}

/// Finishes the order of an earlier run, which may have placed it, so it calls `find_order` first. An error describes
/// its own call only, so here no error means that nothing was ordered.
fn resume(session: &Session, plan: &NewOrder) -> popup_rewards::Result<Order> {
    match session.find_order(plan.reference())? {
        Some(order) => Ok(order),
        None => session.create_order(plan),
    }
}

/// Chooses a card, fetches its price, and checks that the wallet covers it.
fn plan(session: &Session) -> anyhow::Result<NewOrder> {
    let page = session.list_products(&ListProducts::new().limit(50))?;
    let (product, denomination) = page.iter().find_map(cheapest).context("no card with a fixed value")?;
    println!("{QUANTITY} cards of {denomination} {}: {}", currency(product), product.name);

    let charges = session.quote_order(product.id, &NewQuote::new(denomination, QUANTITY))?;
    check_wallet(session, &charges, currency(product))?;
    Ok(NewOrder::new(product.id, denomination, QUANTITY, ClientReference::generate()))
}

/// Stores the order before anything is sent. From then on, no crash can lead to a second order.
fn keep(plan: &NewOrder, file: &Path) -> anyhow::Result<()> {
    let unfinished = file.with_extension("new");
    let mut writer = fs::File::create(&unfinished)?;
    writer.write_all(&serde_json::to_vec(plan)?)?;
    writer.sync_all()?;
    fs::rename(&unfinished, file)?;
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Option<NewOrder>> {
    if !file.exists() {
        return Ok(None);
    }
    let plan = serde_json::from_slice(&fs::read(file)?);
    plan.map(Some).with_context(|| format!("{} is no order", file.display()))
}

/// The smallest fixed denomination of a card.
fn cheapest(product: &Product) -> Option<(&Product, Decimal)> {
    let fixed = product.available_denominations.iter().filter(|it| it.is_fixed());
    fixed.filter_map(|it| it.min_value).min().map(|value| (product, value))
}

fn currency(product: &Product) -> &str {
    product.currency_code.as_deref().unwrap_or_default()
}

/// Fetches the balance when it is needed, because other programs spend from the same wallet.
fn check_wallet(session: &Session, charges: &Charges, product_currency: &str) -> anyhow::Result<()> {
    let details = charges.details.as_ref();
    let code = details.and_then(|it| it.destination_currency.as_deref()).unwrap_or(product_currency);
    let currencies = session.currencies()?;
    let currency = currencies.iter().find(|it| it.currency == code).with_context(|| format!("no {code}"))?;
    for wallet in session.wallets(&ListWallets::new()) {
        let wallet = wallet?;
        if wallet.currency_id != currency.id {
            continue;
        }
        if wallet.amount < charges.total_payable {
            bail!("the wallet holds {} {code}, the cards cost {}", wallet.amount, charges.total_payable);
        }
        println!("total {} {code}, wallet balance {} {code}", charges.total_payable, wallet.amount);
        return Ok(());
    }
    bail!("there is no wallet in {code}")
}

/// Codes are money, so they are printed only with `--reveal`.
fn show(order: &Order, reveal: bool) {
    println!("order {} is {}", order.id, order.status);
    for voucher in &order.vouchers {
        let code = voucher.card_number.as_ref().or(voucher.claim_url.as_ref());
        match code {
            Some(code) if reveal => println!("  {}", code.expose()),
            _ => println!("  a code (run with --reveal to print it)"),
        }
    }
}

fn connect() -> anyhow::Result<(Session, Option<Sandbox>)> {
    if env::var_os("API_BASE_URL").is_some() {
        return Ok((Session::from_env()?, None));
    }
    let sandbox = Sandbox::start()?;
    Ok((sandbox.session(), Some(sandbox)))
}
