//! Logs in, lists the catalogue, and logs out.
//!
//! If `API_BASE_URL`, `API_KEY` and `API_SECRET` are set, it uses that server, and a local sandbox otherwise.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{ListProducts, Session};

fn main() -> anyhow::Result<()> {
    let (session, sandbox) = connect()?;
    if let Some(sandbox) = &sandbox {
        println!("API_BASE_URL is not set: using a local sandbox at {}", sandbox.url());
    }

    session.login()?;
    println!("logged in, the token is valid for {} minutes", session.status().remaining.as_secs() / 60);

    let page = session.list_products(&ListProducts::new().limit(1))?;
    println!("the catalogue has {} products, for example:", page.total.unwrap_or_default());
    for product in session.products(&ListProducts::new().search("play").limit(5)).take(5) {
        let product = product?;
        println!("  {:>6}  {} ({})", product.id, product.name, product.currency_code.unwrap_or_default());
    }

    session.logout()?;
    println!("logged out after {} calls and {} login", session.stats().calls, session.stats().logins);
    Ok(())
}

fn connect() -> anyhow::Result<(Session, Option<Sandbox>)> {
    if std::env::var_os("API_BASE_URL").is_some() {
        return Ok((Session::from_env()?, None));
    }
    let sandbox = Sandbox::start()?;
    Ok((sandbox.session(), Some(sandbox)))
}
