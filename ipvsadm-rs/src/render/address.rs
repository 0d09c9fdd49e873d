// SPDX-License-Identifier: MIT OR GPL-2.0

//! Addresses with ports.

use std::net::IpAddr;

use crate::model::Family;
use crate::model::Protocol;
use crate::model::ServiceId;

use super::Names;

/// An address with its port, by name where there is one. IPv6 stands in brackets. Without a
/// protocol ports have no names.
pub fn host_port(names: &dyn Names, addr: IpAddr, port: u16, protocol: Option<Protocol>) -> String {
    let host = names.host(addr).unwrap_or_else(|| addr.to_string());
    let port = protocol
        .and_then(|protocol| names.port(port, protocol))
        .unwrap_or_else(|| port.to_string());
    match addr {
        IpAddr::V4(_) => format!("{host}:{port}"),
        IpAddr::V6(_) => format!("[{host}]:{port}"),
    }
}

/// Address and port of a service, or its mark.
pub fn service_name(names: &dyn Names, id: &ServiceId) -> String {
    match *id {
        ServiceId::Address {
            protocol,
            addr,
            port,
        } => host_port(names, addr, port, Some(protocol)),
        ServiceId::Mark { mark, .. } => mark.to_string(),
    }
}

/// Protocol, then address and port of a service, or its mark, as listings show them.
pub fn service(names: &dyn Names, id: &ServiceId) -> (&'static str, String) {
    let name = service_name(names, id);
    match *id {
        ServiceId::Address { protocol, .. } => (protocol.name(), name),
        ServiceId::Mark { family, .. } => match family {
            Family::V4 => ("FWM", name),
            Family::V6 => ("FWM", format!("{name} IPv6")),
        },
    }
}

/// Cuts IPv4 text to its column; IPv6 text may stick out.
pub fn cut(text: &mut String, addr: IpAddr, width: usize) {
    if addr.is_ipv4() {
        if let Some((end, _)) = text.char_indices().nth(width) {
            text.truncate(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Numeric;
    use super::*;

    #[test]
    fn ipv6_stands_in_brackets() {
        let v6: IpAddr = "2001:db8::1".parse().expect("an address");
        assert_eq!(
            host_port(&Numeric, v6, 80, Some(Protocol::TCP)),
            "[2001:db8::1]:80"
        );
        let v4 = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(host_port(&Numeric, v4, 0, None), "10.0.0.1:0");
    }

    #[test]
    fn only_ipv4_is_cut() {
        let mut text = "0123456789".to_owned();
        cut(&mut text, IpAddr::from([0; 16]), 4);
        assert_eq!(text, "0123456789");
        cut(&mut text, IpAddr::from([0; 4]), 4);
        assert_eq!(text, "0123");
    }
}
