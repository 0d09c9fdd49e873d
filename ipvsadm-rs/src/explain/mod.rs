// SPDX-License-Identifier: MIT OR GPL-2.0

//! The subcommand `explain`: which server a client's connection has or would get, and why.

pub mod arguments;
pub mod delivery;
mod front;
mod json;
mod text;

use clap::ArgMatches;
use nix::net::if_::if_indextoname;
use nix::net::if_::if_nametoindex;

use crate::error::Error;
use crate::exit::REFUSED;
use crate::exit::SUCCESS;
use crate::exit::UNSERVED;
use crate::exit::USAGE;
use crate::model::explain::Explanation;
use crate::model::explain::Outcome;
use crate::model::explain::Question;
use crate::netlink;
use crate::netlink::socket::Socket;
use crate::program::OWN_NAME;
use crate::stdio::complain;
use crate::stdio::print;
use crate::sys::names::System;

use delivery::Delivery;
use front::Front;

/// All that is told.
struct Told {
    question: Question,
    /// The device that packets come in by, if that was said.
    device: Option<String>,
    /// What the kernel does with them, if it tells.
    delivery: Option<Delivery>,
    /// What is known of devices with XDP.
    front: Front,
    answer: Explanation,
}

impl Told {
    /// Whether packets get as far as a server.
    fn is_served(&self) -> bool {
        let arrives = matches!(self.delivery, None | Some(Delivery::Here));
        arrives && self.answer.outcome == Outcome::Sent
    }
}

/// Explains. Gives the exit status.
pub fn run(matches: &ArgMatches) -> u8 {
    let question = match arguments::question(matches, &System) {
        Ok(question) => question,
        Err(text) => {
            complain!("{OWN_NAME}: {text}");
            return USAGE;
        }
    };
    let device = matches.get_one::<String>("in").cloned();
    let index = match device.as_deref().map(if_nametoindex).transpose() {
        Ok(index) => index,
        Err(errno) => {
            complain!(
                "{OWN_NAME}: {}: {}",
                device.unwrap_or_default(),
                errno.desc()
            );
            return USAGE;
        }
    };
    let mut socket = match lvs() {
        Ok(socket) => socket,
        Err(error) => {
            complain!("{OWN_NAME}: only lvs explains, and it isn't loaded: {error}");
            return USAGE;
        }
    };
    let told = netlink::explain::explain(&mut socket, &question).map(|answer| Told {
        question,
        front: Front::ask(device.clone()),
        device,
        delivery: delivery::ask(&question, index).ok(),
        answer,
    });
    match told {
        Ok(told) => {
            let text = match matches.get_flag("json") {
                true => json::document(&told, &name_of),
                false => text::page(&told, &name_of),
            };
            match (print(&text), told.is_served()) {
                (SUCCESS, false) => UNSERVED,
                (status, _) => status,
            }
        }
        Err(error) => {
            complain!("{error}");
            REFUSED
        }
    }
}

/// A socket to lvs.
fn lvs() -> Result<Socket, Error> {
    let mut socket = Socket::open()?;
    socket.resolve(lvs_uapi::lvs::FAMILY_NAME)?;
    Ok(socket)
}

/// The name of the device with this number.
fn name_of(device: u32) -> Option<String> {
    if_indextoname(device).ok()?.into_string().ok()
}

#[cfg(test)]
mod sample;
