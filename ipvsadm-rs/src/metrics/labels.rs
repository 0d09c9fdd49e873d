// SPDX-License-Identifier: MIT OR GPL-2.0

//! Labels: those that node_exporter's collector `ipvs` has, with the same values.
//!
//! A label that would be empty is left out, which means the same. A mark may name a service of each
//! family, so `family` tells that of IPv6 from the other.

use std::fmt::Write as _;

use crate::model::Dest;
use crate::model::Family;
use crate::model::ServiceId;

/// Labels of a series, as they stand between braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(String);

impl Labels {
    /// One more label.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(name);
        self.0.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                _ => self.0.push(c),
            }
        }
        self.0.push('"');
        self
    }

    /// One more label, whose value is a number.
    fn number(mut self, name: &str, value: u16) -> Self {
        // Writing to a `String` doesn't fail.
        let _ = write!(self.0, ",{name}=\"{value}\"");
        self
    }

    /// Those of a service.
    pub fn of_service(id: &ServiceId) -> Self {
        match *id {
            ServiceId::Address {
                protocol,
                addr,
                port,
            } => Labels::default()
                .with("local_address", &addr.to_string())
                .number("local_port", port)
                .with("proto", protocol.name()),
            ServiceId::Mark { mark, family } => {
                let labels = match family {
                    Family::V4 => Labels::default(),
                    Family::V6 => Labels::default().with("family", "ipv6"),
                };
                labels
                    .with("local_mark", &format!("{mark:08X}"))
                    .number("local_port", 0)
                    .with("proto", "FWM")
            }
        }
    }

    /// Those of a server of the service that these are of.
    pub fn of_server(&self, dest: &Dest) -> Self {
        self.clone()
            .with("remote_address", &dest.addr.to_string())
            .number("remote_port", dest.port)
    }

    /// The text between braces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;
    use crate::render::list::tests::dest;

    #[test]
    fn values_are_escaped() {
        let labels = Labels::default().with("a", "x\\y\"z\n").with("b", "ä");
        assert_eq!(labels.as_str(), r#"a="x\\y\"z\n",b="ä""#);
    }

    #[test]
    fn a_server_has_its_services_labels_too() {
        let id = ServiceId::Address {
            protocol: Protocol::UDP,
            addr: "2001:db8::1".parse().expect("an address"),
            port: 53,
        };
        assert_eq!(
            Labels::of_service(&id)
                .of_server(&dest("10.0.0.2:0"))
                .as_str(),
            "local_address=\"2001:db8::1\",local_port=\"53\",proto=\"UDP\",\
             remote_address=\"10.0.0.2\",remote_port=\"0\""
        );
    }

    #[test]
    fn a_mark_names_a_service_of_each_family() {
        let labels = |family| Labels::of_service(&ServiceId::Mark { mark: 10, family });
        assert_eq!(
            labels(Family::V4).as_str(),
            "local_mark=\"0000000A\",local_port=\"0\",proto=\"FWM\""
        );
        assert_eq!(
            labels(Family::V6).as_str(),
            "family=\"ipv6\",local_mark=\"0000000A\",local_port=\"0\",proto=\"FWM\""
        );
    }
}
