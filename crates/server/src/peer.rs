//! Where a request comes from: the other end of the connection or, behind proxies that are trusted, whom they name.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::HeaderMap;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// An address, or a network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u8,
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let wrong = || format!("`{text}` is no address such as 10.0.0.1 or 10.0.0.0/8");
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                let cut = |address: u32| address.checked_shr(shift).unwrap_or_default();
                cut(own.to_bits()) == cut(other.to_bits())
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                let cut = |address: u128| address.checked_shr(shift).unwrap_or_default();
                cut(own.to_bits()) == cut(other.to_bits())
            }
            _ => false,
        }
    }
}

/// Where the request comes from. `X-Forwarded-For` is believed from the right for as long as it is a trusted proxy
/// that speaks: what stands further left anybody may have written.
pub(crate) fn origin(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.has(address));
    let mut origin = peer.to_canonical();
    let named: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for name in named.into_iter().rev() {
        if !is_trusted(origin) {
            break;
        }
        match name.parse::<IpAddr>() {
            Ok(address) => origin = address.to_canonical(),
            Err(_) => break,
        }
    }
    origin
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn from(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        origin(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_say_whom_they_speak_for() {
        let proxies = &["10.0.0.0/8", "fd00::/8"][..];
        assert_eq!(from("192.0.2.1", &["198.51.100.7"], proxies), "192.0.2.1");
        assert_eq!(from("10.1.1.1", &["198.51.100.7"], proxies), "198.51.100.7");
        assert_eq!(from("10.1.1.1", &["198.51.100.7"], &[]), "10.1.1.1");
        // The client wrote the first itself.
        assert_eq!(
            from("10.1.1.1", &["1.1.1.1, 198.51.100.7"], proxies),
            "198.51.100.7"
        );
        assert_eq!(
            from("10.1.1.1", &["1.1.1.1, 198.51.100.7, 10.2.2.2"], proxies),
            "198.51.100.7"
        );
        assert_eq!(
            from("10.1.1.1", &["1.1.1.1", "198.51.100.7"], proxies),
            "198.51.100.7"
        );
        assert_eq!(from("10.1.1.1", &["unknown"], proxies), "10.1.1.1");
        assert_eq!(from("fd00::1", &["2001:db8::1"], proxies), "2001:db8::1");
        assert_eq!(
            from("::ffff:10.1.1.1", &["198.51.100.7"], proxies),
            "198.51.100.7"
        );
        assert_eq!(
            from("203.0.113.9", &["198.51.100.7"], &["0.0.0.0/0"]),
            "198.51.100.7"
        );
        for wrong in ["", "10.0.0", "10.0.0.0/33", "::/129", "a/8", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
