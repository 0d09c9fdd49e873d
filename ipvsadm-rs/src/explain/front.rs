// SPDX-License-Identifier: MIT OR GPL-2.0

//! Which devices have lvs's program for XDP: whether frames leave by it also depends on the device
//! that they come in by.

use crate::model::explain::Early;
use crate::model::explain::Way;
use crate::xdp;

/// What is known of the devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Front {
    /// Those that have it; none if that can't be known, for which it takes `CAP_SYS_ADMIN`.
    pub attached: Option<Vec<String>>,
    /// The device that packets come in by, if that was said.
    pub device: Option<String>,
}

/// What XDP does with packets of an established connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It isn't known where it is attached.
    Unknown,
    /// Not to the device that packets come in by, or to none.
    NotAttached,
    /// Frames leave by it, or why they don't.
    Attached(Early),
}

impl Front {
    /// Asks the kernel.
    pub(super) fn ask(device: Option<String>) -> Self {
        Front {
            attached: xdp::attached_names(),
            device,
        }
    }

    /// What becomes of packets that go this way.
    pub(super) fn verdict(&self, way: &Way) -> Verdict {
        let Some(attached) = &self.attached else {
            return Verdict::Unknown;
        };
        let is_attached = match &self.device {
            Some(device) => attached.contains(device),
            None => !attached.is_empty(),
        };
        match (is_attached, way.xdp) {
            (true, Some(early)) => Verdict::Attached(early),
            (true, None) => Verdict::Unknown,
            (false, _) => Verdict::NotAttached,
        }
    }

    /// For people.
    pub(super) fn text(&self, way: &Way) -> String {
        let devices = match (&self.device, &self.attached) {
            (Some(device), _) => device.clone(),
            (None, Some(attached)) => attached.join(", "),
            (None, None) => String::new(),
        };
        match self.verdict(way) {
            Verdict::Unknown => "not known".to_owned(),
            Verdict::NotAttached if self.device.is_none() => "attached to no device".to_owned(),
            Verdict::NotAttached => format!("not attached to {devices}"),
            Verdict::Attached(Early::Taken) => format!("taken, from {devices}"),
            Verdict::Attached(reason) => reason.text().to_owned(),
        }
    }
}

impl Verdict {
    /// For programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Verdict::Unknown => "unknown",
            Verdict::NotAttached => "not-attached",
            Verdict::Attached(early) => early.word(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn devices_and_ways_decide_together() {
        let told = sample::told();
        let mut way = told.answer.way.expect("a way");
        let mut front = Front {
            attached: Some(vec!["eth0".to_owned(), "eth1".to_owned()]),
            device: Some("eth0".to_owned()),
        };
        way.xdp = Some(Early::Taken);
        assert_eq!(front.text(&way), "taken, from eth0");
        way.xdp = Some(Early::Method);
        assert_eq!(front.text(&way), "not by this forwarding method");
        assert_eq!(front.verdict(&way).word(), "method");
        front.device = Some("eth7".to_owned());
        assert_eq!(front.text(&way), "not attached to eth7");
        assert_eq!(front.verdict(&way).word(), "not-attached");
        front.device = None;
        way.xdp = Some(Early::Taken);
        assert_eq!(front.text(&way), "taken, from eth0, eth1");
        front.attached = Some(Vec::new());
        assert_eq!(front.text(&way), "attached to no device");
        front.attached = None;
        assert_eq!(front.text(&way), "not known");
    }
}
