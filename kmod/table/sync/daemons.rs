// SPDX-License-Identifier: GPL-2.0

//! Daemons start, stop and are listed, under the rules lock. Their threads never take that.

use kernel::prelude::*;

use lvs_engine::sync::ext::SEAL;
use lvs_engine::sync::wire;

use crate::kernel_ext::compat::errno::ENOPROTOOPT;
use crate::kernel_ext::mem::grow_vec::GrowVec;
use crate::kernel_ext::net::socket::NamedDevice;
use crate::kernel_ext::task::module_hold::ModuleHold;
use crate::table::rules::guard::RulesGuard;

use super::daemon::{
    Daemon,
    DaemonRequest,
    Role, //
};
use super::dirty_places::MOST_THREADS;
use super::link::Socket;
use super::running::Running;
use super::sockets::Options;
use super::thread_setup::{
    Share,
    ThreadSetup, //
};

/// Bytes that a thread's buffer has at least. As in ip_vs a master's message has room for one
/// entry, however short it was asked to be; and for the trailer.
fn least_len(role: Role) -> usize {
    match role {
        Role::Master => wire::HEADER
            .saturating_add(wire::MAX_ENTRY)
            .saturating_add(SEAL),
        Role::Backup => 1,
    }
}

impl RulesGuard<'_> {
    /// Whether a daemon runs: then no server may be of another family than its service, which
    /// messages can't say.
    pub(crate) fn is_synchronised(&self) -> bool {
        self.daemons().run()
    }

    /// The daemon, if it runs.
    pub(crate) fn daemon(&self, role: Role) -> Option<&Daemon> {
        let running = self.daemons().of(role).as_ref();
        running.map(|running| &running.daemon)
    }

    /// Starts the daemon with this number. Fails in this order: `ENOPROTOOPT` when the module or
    /// the namespace goes, `ENOMEM`, `ENODEV` without such a device, `EEXIST`, `EINVAL` for another
    /// number, and with what its sockets fail with.
    pub(crate) fn start_daemon(&mut self, number: u32, request: &DaemonRequest) -> Result {
        let hold = ModuleHold::take()?;
        let state = self.state();
        if state.is_stopped() {
            return Err(ENOPROTOOPT);
        }
        let role = Role::from_number(number);
        if role == Some(Role::Backup) {
            state.make_tables()?;
        }
        let net = state.net();
        let threads = if self.daemons().run() {
            self.daemons().threads
        } else {
            let threads = state.settings().sync_ports().clamp(1, MOST_THREADS as i32) as u16;
            self.daemons_mut().threads = threads;
            threads
        };
        let Some(device) = NamedDevice::find(net, request.device.as_cstr()) else {
            pr_err!("Unknown mcast interface: {}\n", request.device.as_cstr());
            return Err(ENODEV);
        };
        let role = role.ok_or(EINVAL)?;
        if self.daemon(role).is_some() {
            return Err(EEXIST);
        }
        let daemon = Daemon::new(role, request, device.mtu);
        let sync = state.sync();
        let places = sync.make_dirty_places(state.settings().conn_tab_bits())?;
        if role == Role::Master {
            places.set_threads(threads);
        }
        let longest = match role {
            Role::Master => daemon.max_len,
            Role::Backup => daemon.counterpart(Role::Master, device.mtu).max_len,
        };
        sync.knowledge().start(threads, longest.into())?;
        let crew = sync.of(role);
        // The thread that did a part of it for the other daemon.
        crew.dismiss(|_| {});
        let hired = (0..threads).try_for_each(|id| {
            let socket = self.socket(role, &daemon, device, id, true)?;
            self.hire(role, daemon, id, Some(socket), Share::All)
        });
        if let Err(error) = hired {
            crew.dismiss(|_| {});
            self.complete();
            return Err(error);
        }
        *self.daemons_mut().of_mut(role) = Some(Running::new(role, daemon, hold));
        sync.set_running(role, true);
        state.update_passive();
        self.complete();
        Ok(())
    }

    /// Starts what a director with one daemon needs of the other one, unless it is there; stops
    /// what one with none has. A director that has no memory for it can't be asked or filled.
    fn complete(&self) {
        let sync = self.state().sync();
        let daemons = Role::ALL.map(|role| (role, self.daemon(role).copied()));
        let missing = match daemons {
            [(_, Some(_)), (_, Some(_))] => return,
            [(_, Some(daemon)), (role, None)] | [(role, None), (_, Some(daemon))] => {
                Some((role, daemon))
            }
            [(_, None), (_, None)] => None,
        };
        let Some((role, daemon)) = missing else {
            for role in Role::ALL {
                sync.of(role).dismiss(|_| {});
            }
            sync.knowledge().stop();
            return;
        };
        if !sync.of(role).is_empty() {
            return;
        }
        let device = NamedDevice::find(self.state().net(), daemon.device.as_cstr());
        let daemon = daemon.counterpart(role, device.map_or(0, |device| device.mtu));
        let socket = device.and_then(|device| self.socket(role, &daemon, device, 0, false).ok());
        let _ = self.hire(role, daemon, 0, socket, Share::Signals);
    }

    fn socket(
        &self,
        role: Role,
        daemon: &Daemon,
        device: NamedDevice,
        id: u16,
        explains: bool,
    ) -> Result<Socket> {
        let options = Options {
            buffer: self.state().settings().sync_sock_size(),
            explains,
        };
        Socket::open(self.state().net(), role, daemon, id, device, options)
    }

    /// Starts one thread.
    fn hire(
        &self,
        role: Role,
        daemon: Daemon,
        id: u16,
        link: Option<Socket>,
        share: Share,
    ) -> Result {
        let sync = self.state().sync();
        let buffer = GrowVec::filled(usize::from(daemon.max_len).max(least_len(role)), 0)?;
        let setup = ThreadSetup {
            role,
            daemon,
            id,
            share,
            link,
            buffer,
        };
        let (crew, number) = (sync.of(role), sync.number);
        match (share, role) {
            (Share::All, Role::Master) => crew.hire(format_args!("ipvs-m:{number}:{id}"), setup),
            (Share::All, Role::Backup) => crew.hire(format_args!("ipvs-b:{number}:{id}"), setup),
            (Share::Signals, Role::Master) => crew.hire(format_args!("lvs-fill:{number}"), setup),
            (Share::Signals, Role::Backup) => crew.hire(format_args!("lvs-hear:{number}"), setup),
        }
    }

    /// Stops the daemon with this number and waits for its end; what a master knows is sent before.
    /// Fails with `ESRCH` if it doesn't run, `EINVAL` for another number.
    pub(crate) fn stop_daemon(&mut self, number: u32) -> Result {
        let role = Role::from_number(number).ok_or(EINVAL)?;
        let running = self.daemons_mut().of_mut(role).take().ok_or(ESRCH)?;
        let state = self.state();
        state.sync().set_running(role, false);
        state.update_passive();
        let name = match role {
            Role::Master => "master",
            Role::Backup => "backup",
        };
        state
            .sync()
            .of(role)
            .dismiss(|pid| pr_info!("stopping {name} sync thread {pid} ...\n"));
        self.complete();
        drop(running);
        Ok(())
    }

    /// Stops what runs, since the namespace goes.
    pub(crate) fn stop_daemons(&mut self) {
        for role in Role::ALL {
            // Most namespaces have none.
            let _ = self.stop_daemon(role.number());
        }
    }
}
