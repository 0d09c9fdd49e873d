// SPDX-License-Identifier: MIT OR GPL-2.0

//! Network devices as XDP sees them, and which program each has.

use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::errno::Errno;
use nix::libc;

use crate::netlink::attr::parse_cstr;
use crate::netlink::devices::attr;
use crate::netlink::devices::attrs;
use crate::netlink::devices::generic;
use crate::netlink::devices::number;
use crate::netlink::devices::Attrs;
use crate::netlink::devices::PlainSocket;
use crate::netlink::devices::Refusal;

/// How a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the driver.
    Native,
    /// By the stack, for any device.
    Generic,
    /// On the card.
    Offloaded,
    /// Several programs, in several ways.
    Several,
}

/// A network device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// What it is made by, as `vlan` or `veth`; empty for a driver's.
    pub kind: String,
    /// What the device above it is made by, as `bond` or `bridge`; empty if there is none.
    pub upper_kind: String,
    /// The device below it.
    pub lower: Option<u32>,
    /// Number of the program that it has, and how.
    pub program: Option<(u32, Mode)>,
    /// What its driver does with XDP; `None` if the kernel doesn't say.
    pub features: Option<Features>,
}

/// What a driver does with XDP, of `enum netdev_xdp_act`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(pub u64);

impl Features {
    /// It runs programs, which may drop, pass and send back.
    const BASIC: u64 = 1;
    /// Programs may send frames by other devices.
    const REDIRECT: u64 = 2;
    /// It sends frames of other devices.
    const TAKES: u64 = 4;

    /// Whether it runs programs that send frames on.
    pub fn is_native(self) -> bool {
        self.0 & (Self::BASIC | Self::REDIRECT) == Self::BASIC | Self::REDIRECT
    }

    /// Whether frames that other devices received may leave by it.
    pub fn takes_frames(self) -> bool {
        self.0 & Self::TAKES != 0
    }
}

impl Device {
    /// Whether frames that other devices received may leave by it, as far as the kernel says.
    pub fn takes_frames(&self) -> bool {
        self.features.is_some_and(Features::takes_frames)
    }
}

/// What is asked about devices, in the network namespace where it was opened.
pub struct Devices {
    route: PlainSocket,
    generic: PlainSocket,
}

/// `struct ifinfomsg` of a request: a device by its number, or any.
fn header(index: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend([0; 8]);
    header
}

const HEADER_LEN: usize = 16;

// Of enum in linux/if_link.h.
const XDP_FD: u16 = 1;
const XDP_ATTACHED: u16 = 2;
const XDP_FLAGS: u16 = 3;
const XDP_PROG_ID: u16 = 4;
const XDP_DRV_PROG_ID: u16 = 5;
const XDP_EXPECTED_FD: u16 = 8;
const FLAG_IF_NONE: u32 = 1;
const FLAG_NATIVE: u32 = 1 << 2;
const FLAG_REPLACE: u32 = 1 << 4;
const INFO_SLAVE_KIND: u16 = 4;

/// What a message about a device says.
fn device(message: &[u8]) -> Option<Device> {
    let index = message.get(4..).and_then(number)?;
    let list = message.get(HEADER_LEN..)?;
    let info = attr(list, libc::IFLA_LINKINFO).unwrap_or_default();
    let text = |list, kind| attr(list, kind).map(parse_cstr).unwrap_or_default();
    Some(Device {
        index,
        name: text(list, libc::IFLA_IFNAME),
        kind: text(info, libc::IFLA_INFO_KIND),
        upper_kind: text(info, INFO_SLAVE_KIND),
        lower: attr(list, libc::IFLA_LINK).and_then(number),
        program: attr(list, libc::IFLA_XDP).and_then(program),
        features: None,
    })
}

fn program(xdp: &[u8]) -> Option<(u32, Mode)> {
    let mode = match attr(xdp, XDP_ATTACHED)?.first()? {
        0 => return None,
        1 => Mode::Native,
        2 => Mode::Generic,
        3 => Mode::Offloaded,
        _ => Mode::Several,
    };
    let kind = if mode == Mode::Several {
        XDP_DRV_PROG_ID
    } else {
        XDP_PROG_ID
    };
    Some((attr(xdp, kind).and_then(number).unwrap_or_default(), mode))
}

impl Devices {
    /// Opens the sockets.
    pub fn open() -> Result<Self, Refusal> {
        Ok(Devices {
            route: PlainSocket::open(NETLINK_ROUTE)?,
            generic: PlainSocket::open(NETLINK_GENERIC)?,
        })
    }

    /// All devices, by number.
    pub fn all(&mut self) -> Result<Vec<Device>, Refusal> {
        let messages = self
            .route
            .list(libc::RTM_GETLINK, &header(0), Attrs::default())?;
        let mut devices: Vec<Device> = messages.iter().filter_map(|m| device(m)).collect();
        let features = self.features();
        for device in &mut devices {
            let known = features.iter().find(|(index, _)| *index == device.index);
            device.features = known.map(|&(_, features)| features);
        }
        Ok(devices)
    }

    /// What drivers do with XDP, by their devices' numbers; nothing if the kernel doesn't say.
    fn features(&mut self) -> Vec<(u32, Features)> {
        // Of netdev.h.
        const DEV_GET: u8 = 1;
        const INDEX: u16 = 1;
        const XDP: u16 = 3;
        let Some(family) = self.generic.family("netdev") else {
            return Vec::new();
        };
        let replies = self
            .generic
            .list(family, &[DEV_GET, 1, 0, 0], Attrs::default());
        let one = |message: &Vec<u8>| {
            let list = generic(message)?;
            let bits = attr(list, XDP)?.first_chunk()?;
            Some((
                attr(list, INDEX).and_then(number)?,
                Features(u64::from_ne_bytes(*bits)),
            ))
        };
        replies.unwrap_or_default().iter().filter_map(one).collect()
    }

    /// Names of the offloads by which the device takes VLAN tags off frames before programs see
    /// them.
    pub fn strips_tags(&mut self, device: &Device) -> Vec<String> {
        let mut names = self.active_features(device);
        names.retain(|name| matches!(name.as_str(), "rx-vlan-hw-parse" | "rx-vlan-stag-hw-parse"));
        names
    }

    /// Names of the offloads that are on; none if the kernel doesn't say.
    fn active_features(&mut self, device: &Device) -> Vec<String> {
        // Of ethtool_netlink.h.
        const FEATURES_GET: u8 = 11;
        const HEADER: u16 = 1;
        const HEADER_INDEX: u16 = 1;
        const ACTIVE: u16 = 4;
        const BITS: u16 = 3;
        const BIT_NAME: u16 = 2;
        let Some(family) = self.generic.family("ethtool") else {
            return Vec::new();
        };
        let which = Attrs::default().with(HEADER_INDEX, &device.index.to_ne_bytes());
        let attrs_of = Attrs::default().with_nested(HEADER, which);
        let replies = self.generic.ask(family, &[FEATURES_GET, 1, 0, 0], attrs_of);
        let replies = replies.unwrap_or_default();
        let bits = replies
            .first()
            .and_then(|message| attr(generic(message)?, ACTIVE))
            .and_then(|set| attr(set, BITS));
        attrs(bits.unwrap_or_default())
            .iter()
            .filter_map(|(_, bit)| attr(bit, BIT_NAME).map(parse_cstr))
            .collect()
    }

    /// Attaches a program natively, if the device has none.
    pub fn attach(&mut self, device: &Device, program: &OwnedFd) -> Result<(), Refusal> {
        let xdp = Attrs::default()
            .with(XDP_FD, &program.as_raw_fd().to_ne_bytes())
            .with(XDP_FLAGS, &(FLAG_IF_NONE | FLAG_NATIVE).to_ne_bytes());
        self.set(device, xdp)
    }

    /// Detaches the program, if the device has that and no other.
    pub fn detach(&mut self, device: &Device, program: BorrowedFd<'_>) -> Result<(), Refusal> {
        let xdp = Attrs::default()
            .with(XDP_FD, &(-1_i32).to_ne_bytes())
            .with(XDP_FLAGS, &(FLAG_REPLACE | FLAG_NATIVE).to_ne_bytes())
            .with(XDP_EXPECTED_FD, &program.as_raw_fd().to_ne_bytes());
        self.set(device, xdp)
    }

    fn set(&mut self, device: &Device, xdp: Attrs) -> Result<(), Refusal> {
        let attrs = Attrs::default().with_nested(libc::IFLA_XDP, xdp);
        let done = self
            .route
            .ask(libc::RTM_SETLINK, &header(device.index), attrs);
        done.map(drop).map_err(|refusal| match refusal.errno {
            // It has another program by now.
            Errno::EEXIST => Errno::EBUSY.into(),
            _ => refusal,
        })
    }
}
