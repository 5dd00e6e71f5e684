//! A minimal server: TLS, a login, one country, and 1,237 products in pages.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(crate) const PRODUCTS: usize = 1_237;
/// The default and the largest page size.
const USUAL: usize = 50;
const MOST: usize = 10_000;

const LOGIN: &str = r#"{"success":true,"data":{"access_token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3NyJ9.c2lnbmF0dXJl",
    "refresh_token":"ddd.eee.fff","access_expires_at":"2131-03-02T11:00:00Z",
    "refresh_expires_at":"2131-03-09T10:00:00Z","client_id":77}}"#;
const COUNTRY: &str = r#"{"id":1,"name":"United States","official_name":"United States of America","alpha_2":"US",
    "alpha_3":"USA","numeric_code":"840","dialing_prefix":"+1"}"#;
const PRODUCT: &str = r#""name":"Acme Play US","category":"Gaming","sub_category":"Console",
    "country_code":"USA","currency_code":"USD","image_url":null,"delivery_mode":"Digital","delivery_time":"Instant",
    "validity":"12 months","available_denominations":[{"min_value":20.0,"max_value":20.0,"discount":2.5},
    {"min_value":25.0,"max_value":200.0,"discount":3.0}]"#;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
}

impl Server {
    /// Starts a server that runs until the process ends.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let certificate = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)?;
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                thread::spawn(move || converse(socket, config));
            }
        });
        Ok(Server { address, certificate, pem: made.cert.pem() })
    }
}

/// Responds to requests until the client disconnects.
fn converse(socket: TcpStream, config: Arc<ServerConfig>) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let mut stream = BufReader::new(StreamOwned::new(ServerConnection::new(config)?, socket));
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
        let length = length.map_or(Ok(0), |length| length.trim().parse())?;
        std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink())?;
        let target = head.split(' ').nth(1).unwrap_or_default();
        let (headers, body) = match target.split_once('?').unwrap_or((target, "")) {
            ("/auth/login", _) => (String::new(), LOGIN.to_owned()),
            ("/api/v1/products", query) => products(query),
            ("/api/v1/countries/1", _) => (String::new(), COUNTRY.to_owned()),
            _ => (String::new(), "{}".to_owned()),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all((head + &body).as_bytes())?;
    }
}

/// The headers and the body of one page.
fn products(query: &str) -> (String, String) {
    let number = |name| {
        let value =
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name);
        value.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let (page, size) = (number("page").unwrap_or(1), number("limit").unwrap_or(USUAL).min(MOST));
    let (first, last) = (PRODUCTS.min((page - 1) * size), PRODUCTS.min(page * size));
    let mut body = String::new();
    for id in first..last {
        write!(body, r#"{}{{"id":{},{PRODUCT}}}"#, if id == first { "[" } else { "," }, id + 1).ok();
    }
    body.push_str(if first == last { "[]" } else { "]" });
    let headers = format!(
        "X-Page: {page}\r\nX-Per-Page: {size}\r\nX-Total-Count: {PRODUCTS}\r\nX-Total-Pages: {}\r\nX-Has-More: {}\r\n",
        PRODUCTS.div_ceil(size),
        last < PRODUCTS
    );
    (headers, body)
}
