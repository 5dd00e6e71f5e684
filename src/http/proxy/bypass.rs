//! `NO_PROXY`: the servers to reach directly.

use std::net::IpAddr;

/// Whether a list, separated by commas and blanks, names this server, which is in lower case. Invalid entries match
/// nothing.
pub(super) fn is_bypassed(host: &str, port: u16, list: &str) -> bool {
    let host = bare(host);
    let mut entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    entries.any(|entry| is_named(host, port, &entry.to_ascii_lowercase()))
}

fn is_named(host: &str, port: u16, entry: &str) -> bool {
    let (entry, only) = split_port(entry);
    if only.is_some_and(|only| only != port) {
        return false;
    }
    if entry == "*" {
        return true;
    }
    let entry = bare(entry);
    match host.parse::<IpAddr>() {
        Ok(address) => is_in(address.to_canonical(), entry),
        Err(_) => is_below(host, entry),
    }
}

/// The port after an entry. Colons in an address without brackets belong to the address.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let Some((name, port)) = entry.rsplit_once(':') else { return (entry, None) };
    let is_address = name.contains(':') && !name.ends_with(']');
    match port.parse() {
        Ok(port) if !is_address => (name, Some(port)),
        _ => (entry, None),
    }
}

/// Without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').map_or(host, |host| host.trim_end_matches(']'))
}

/// Whether a name is this domain or a subdomain. A domain may start with a dot or `*.`.
fn is_below(host: &str, domain: &str) -> bool {
    let domain = domain.strip_prefix('*').unwrap_or(domain);
    let domain = domain.trim_start_matches('.').trim_end_matches('.');
    let above = host.strip_suffix(domain).filter(|_| !domain.is_empty());
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether an address is this one, or in this network.
fn is_in(address: IpAddr, network: &str) -> bool {
    let (network, length) = network.split_once('/').unwrap_or((network, ""));
    let Ok(network) = network.trim_end_matches(']').parse::<IpAddr>() else { return false };
    let (bits, network_bits, width) = match (address, network.to_canonical()) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let length =
        if length.is_empty() { Some(width) } else { length.parse().ok().filter(|length| *length <= width) };
    let Some(length) = length else { return false };
    // A prefix of 0 bits matches every address, and a shift by the full width is not defined.
    (bits ^ network_bits).checked_shr(width - length).unwrap_or(0) == 0
}
