// SPDX-License-Identifier: MIT OR GPL-2.0

//! The subcommand `xdp`: attaches lvs to devices, in front of the network stack.

pub mod arguments;
pub mod devices;
mod namespaces;
mod program;
mod types;

use std::fmt::Write;
use std::os::fd::AsFd;

use clap::ArgMatches;
use serde_json::json;

use crate::exit::DIFFERENT;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::USAGE;
use crate::netlink::devices::Refusal;
use crate::program::OWN_NAME;
use crate::stdio::complain;
use crate::stdio::print;

use devices::Device;
use devices::Devices;
use devices::Features;
use devices::Mode;
use program::Impossible;

/// Why it isn't attached to a device, or detached from it.
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error("there is no such device")]
    NoDevice,
    #[error("it is a VLAN: attach to {0}, from which frames come with their tags")]
    Vlan(String),
    #[error("it belongs to a bond: attach to that")]
    OfBond,
    #[error("it belongs to a {0}, which takes its frames first")]
    OfUpper(String),
    #[error(
        "its driver has no native XDP that sends frames on, and generic XDP is slower than the \
         normal path"
    )]
    NotNative,
    #[error(
        "it takes VLAN tags off before programs see them: \
         turn that off by \"ethtool -K {0} {1} off\""
    )]
    TagsStripped(String, String),
    #[error("it has another program already, number {0}: see \"bpftool prog show id {0}\"")]
    OtherProgram(u32),
    #[error("lvs isn't attached to it")]
    NotAttached,
    #[error("lvs is attached as {0} XDP, not by this command: detach by \"ip link set\"")]
    NotNatively(&'static str),
    #[error("the kernel refuses: {0}")]
    Kernel(#[from] Refusal),
    #[error("{0}")]
    Impossible(#[from] Impossible),
}

/// Runs it. Gives the exit status.
pub fn run(matches: &ArgMatches) -> u8 {
    let result = match matches.subcommand() {
        Some(("attach", matches)) => attach(&names(matches)),
        Some(("detach", matches)) if matches.get_flag("all") => detach_all(),
        Some(("detach", matches)) => detach(&names(matches)),
        Some(("list", matches)) => list(matches.get_flag("all"), matches.get_flag("json")),
        Some(("check", matches)) => check(&names(matches)),
        _ => Ok(USAGE),
    };
    result.unwrap_or_else(|error| {
        complain!("{OWN_NAME}: {error}");
        REFUSED
    })
}

fn names(matches: &ArgMatches) -> Vec<String> {
    matches
        .get_many("device")
        .unwrap_or_default()
        .cloned()
        .collect()
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Native => "native",
        Mode::Generic => "generic",
        Mode::Offloaded => "offloaded",
        Mode::Several => "several",
    }
}

fn find<'a>(devices: &'a [Device], name: &str) -> Result<&'a Device, Obstacle> {
    let found = devices.iter().find(|device| device.name == name);
    found.ok_or(Obstacle::NoDevice)
}

/// What is to be known of a device before a program is attached.
fn admit(control: &mut Devices, all: &[Device], device: &Device) -> Result<Admitted, Obstacle> {
    if let Some((id, mode)) = device.program {
        return match (program::ours(id)?, mode) {
            (Some(_), Mode::Native) => Ok(Admitted::Already),
            (Some(_), mode) => Err(Obstacle::NotNatively(mode_name(mode))),
            (None, _) => Err(Obstacle::OtherProgram(id)),
        };
    }
    if device.kind == "vlan" {
        let lower = all.iter().find(|lower| Some(lower.index) == device.lower);
        let name = lower.map_or("the device below it", |lower| &lower.name);
        return Err(Obstacle::Vlan(name.to_owned()));
    }
    match device.upper_kind.as_str() {
        "" | "vrf" => {}
        "bond" => return Err(Obstacle::OfBond),
        upper => return Err(Obstacle::OfUpper(upper.to_owned())),
    }
    if device
        .features
        .is_some_and(|features| !features.is_native())
    {
        return Err(Obstacle::NotNative);
    }
    let offloads = control.strips_tags(device);
    if !offloads.is_empty() {
        let words = offloads.join(" off ");
        return Err(Obstacle::TagsStripped(device.name.clone(), words));
    }
    Ok(Admitted::Free)
}

/// What a device is that a program may be attached to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Admitted {
    /// It has none.
    Free,
    /// It has ours.
    Already,
}

/// Does something with each of the named devices. Explains what failed, and goes on.
fn each_named(
    names: &[String],
    mut action: impl FnMut(&mut Devices, &[Device], &Device) -> Result<String, Obstacle>,
) -> Result<u8, Obstacle> {
    let mut control = Devices::open()?;
    let all = control.all()?;
    let mut status = SUCCESS;
    for name in names {
        match find(&all, name).and_then(|device| action(&mut control, &all, device)) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => status = status.max(print(&format!("{name}: {text}\n"))),
            Err(obstacle) => {
                complain!("{OWN_NAME}: {name}: {obstacle}");
                status = REFUSED;
            }
        }
    }
    Ok(status)
}

fn attach(names: &[String]) -> Result<u8, Obstacle> {
    let program = program::load()?;
    let status = each_named(names, |control, all, device| {
        if admit(control, all, device)? == Admitted::Already {
            return Ok("attached already".to_owned());
        }
        control.attach(device, &program)?;
        Ok("attached".to_owned())
    })?;
    // Asked once all are attached: a veth takes frames only if the other end has a program, too.
    for device in Devices::open()?.all()? {
        if names.contains(&device.name) && device.program.is_some() && !device.takes_frames() {
            complain!(
                "{OWN_NAME}: {}: frames that other devices received can't leave by it: \
                 these take the normal path",
                device.name
            );
        }
    }
    Ok(status)
}

/// Detaches ours from a device.
fn detach_one(control: &mut Devices, device: &Device) -> Result<(), Obstacle> {
    let (id, mode) = device.program.ok_or(Obstacle::NotAttached)?;
    let program = program::ours(id)?.ok_or(Obstacle::NotAttached)?;
    match mode {
        Mode::Native => Ok(control.detach(device, program.as_fd())?),
        mode => Err(Obstacle::NotNatively(mode_name(mode))),
    }
}

fn detach(names: &[String]) -> Result<u8, Obstacle> {
    each_named(names, |control, _, device| {
        detach_one(control, device).map(|()| "detached".to_owned())
    })
}

/// The devices of this thread's network namespace that have ours.
fn attached() -> Result<(Devices, Vec<Device>), Obstacle> {
    let mut control = Devices::open()?;
    let mut attached = Vec::new();
    for device in control.all()? {
        if let Some((id, _)) = device.program {
            if program::ours(id)?.is_some() {
                attached.push(device);
            }
        }
    }
    Ok((control, attached))
}

/// Names of the devices of this network namespace that have ours; `None` if that can't be known.
pub(crate) fn attached_names() -> Option<Vec<String>> {
    let (_, devices) = attached().ok()?;
    Some(devices.into_iter().map(|device| device.name).collect())
}

fn detach_all() -> Result<u8, Obstacle> {
    let mut status = SUCCESS;
    for there in namespaces::each(attached_and_detached) {
        for (name, result) in there? {
            match result {
                Ok(()) => status = status.max(print(&format!("{name}: detached\n"))),
                Err(obstacle) => {
                    complain!("{OWN_NAME}: {name}: {obstacle}");
                    status = REFUSED;
                }
            }
        }
    }
    Ok(status)
}

/// A device's name, and whether it was detached.
type Detached = (String, Result<(), Obstacle>);

fn attached_and_detached() -> Result<Vec<Detached>, Obstacle> {
    let (mut control, devices) = attached()?;
    let detach = |device: Device| {
        let result = detach_one(&mut control, &device);
        (device.name, result)
    };
    Ok(devices.into_iter().map(detach).collect())
}

fn list(all: bool, as_json: bool) -> Result<u8, Obstacle> {
    let here = || attached().map(|(_, devices)| devices);
    let mut devices = Vec::new();
    if all {
        for there in namespaces::each(here) {
            devices.extend(there?);
        }
    } else {
        devices = here()?;
    }
    Ok(print(&if as_json {
        shown_json(&devices)
    } else {
        shown(&devices)
    }))
}

fn shown(devices: &[Device]) -> String {
    let mut text = String::new();
    for device in devices {
        let (id, mode) = device.program.unwrap_or((0, Mode::Native));
        let takes = match device.features.map(Features::takes_frames) {
            Some(true) => "",
            Some(false) => ", takes no frames of others",
            None => ", may take frames of others",
        };
        let mode = mode_name(mode);
        // A string takes everything.
        let _ = writeln!(text, "{}: {mode}, program {id}{takes}", device.name);
    }
    text
}

fn shown_json(devices: &[Device]) -> String {
    let rows: Vec<_> = devices
        .iter()
        .map(|device| {
            let (id, mode) = device.program.unwrap_or((0, Mode::Native));
            json!({
                "device": device.name,
                "index": device.index,
                "mode": mode_name(mode),
                "program": id,
                "takes_frames": device.takes_frames(),
            })
        })
        .collect();
    format!("{:#}\n", json!({ "attached": rows }))
}

fn check(names: &[String]) -> Result<u8, Obstacle> {
    let mut control = Devices::open()?;
    let all = control.all()?;
    // That it loads says all that isn't about a device.
    drop(program::load()?);
    let chosen: Vec<String> = match names {
        [] => all
            .iter()
            .map(|device| device.name.clone())
            .filter(|name| name != "lo")
            .collect(),
        names => names.to_vec(),
    };
    let mut text = String::new();
    let mut status = SUCCESS;
    for name in chosen {
        let found =
            find(&all, &name).and_then(|device| Ok((device, admit(&mut control, &all, device)?)));
        let _ = match found {
            Ok((_, Admitted::Already)) => writeln!(text, "{name}: attached"),
            Ok((device, Admitted::Free)) if device.takes_frames() => {
                writeln!(text, "{name}: can be attached")
            }
            Ok(_) => writeln!(
                text,
                "{name}: can be attached, but takes no frames of other devices as it is now"
            ),
            Err(obstacle) => {
                status = DIFFERENT;
                writeln!(text, "{name}: {obstacle}")
            }
        };
    }
    Ok(match print(&text) {
        SUCCESS => status,
        closed => closed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Device {
        Device {
            index: 3,
            name: "eth0".to_owned(),
            kind: String::new(),
            upper_kind: String::new(),
            lower: None,
            program: Some((17, Mode::Native)),
            features: Some(Features(7)),
        }
    }

    #[test]
    fn a_list_says_what_matters() {
        assert_eq!(shown(&[device()]), "eth0: native, program 17\n");
        let json: serde_json::Value = serde_json::from_str(&shown_json(&[device()])).expect("JSON");
        assert_eq!(json["attached"][0]["device"], "eth0");
        assert_eq!(json["attached"][0]["takes_frames"], true);
        let mut veth = device();
        veth.features = Some(Features(3));
        assert!(shown(&[veth]).contains("takes no frames"));
    }

    #[test]
    fn words_are_understood() {
        let parse = |line: &str| arguments::command().try_get_matches_from(line.split(' '));
        for line in [
            "xdp attach eth0 eth1",
            "xdp detach eth0",
            "xdp detach --all",
            "xdp list --all --json",
            "xdp check",
            "xdp check eth0",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "xdp",
            "xdp attach",
            "xdp detach",
            "xdp detach eth0 --all",
            "xdp list eth0",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
