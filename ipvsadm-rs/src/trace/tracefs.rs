// SPDX-License-Identifier: MIT OR GPL-2.0

//! An instance of the kernel's tracing of our own: what it traces nobody else sees, and what others
//! trace it doesn't disturb. It goes with this value; what a killed program left behind goes with
//! the next one that begins.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process;

use nix::errno::Errno;
use nix::poll::poll;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;
use nix::time::clock_gettime;
use nix::time::ClockId;

use super::filter::Filter;

const ROOT: &str = "/sys/kernel/tracing";

/// What names of our instances begin with; the rest is the process.
const PREFIX: &str = "ipvsadm-rs-";

/// How long one waits for events, in milliseconds, before something else is looked at.
const PATIENCE: u16 = 200;

/// Why nothing is traced.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("tracing is for root alone, since it shows what happens on the whole machine")]
    Privilege,
    #[error("tracefs isn't mounted: mount -t tracefs tracefs {ROOT}")]
    Unmounted,
    #[error("this kernel has no trace events")]
    Unsupported,
    #[error("ip_vs is loaded, which has no trace events: only lvs has")]
    Stock,
    #[error("lvs isn't loaded")]
    Unloaded,
    #[error("this lvs has no trace events: it is older than this program")]
    Older,
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
}

/// The instance.
pub(super) struct Instance {
    path: PathBuf,
    pipe: Option<File>,
    /// What was read of a line that isn't complete.
    rest: Vec<u8>,
    /// Microseconds since 1970 when the clock of events was 0.
    epoch: u64,
}

impl Instance {
    /// Traces what is wanted from now on.
    pub(super) fn new(filter: &Filter) -> Result<Self, Failure> {
        look()?;
        let instances = Path::new(ROOT).join("instances");
        remove_left_behind(&instances);
        let path = instances.join(format!("{PREFIX}{}", process::id()));
        fs::create_dir(&path).map_err(|error| failed(&path, error))?;
        let mut instance = Instance {
            path,
            pipe: None,
            rest: Vec::new(),
            epoch: epoch(),
        };
        instance.begin(filter)?;
        Ok(instance)
    }

    fn begin(&mut self, filter: &Filter) -> Result<(), Failure> {
        self.write("trace_clock", "mono")?;
        for kind in &filter.kinds {
            let event = format!("events/lvs/{}", kind.name());
            if let Some(condition) = filter.condition(*kind) {
                self.write(&format!("{event}/filter"), &condition)?;
            }
        }
        let path = self.path.join("trace_pipe");
        let pipe = OpenOptions::new()
            .read(true)
            .custom_flags(nix::libc::O_NONBLOCK)
            .open(&path)
            .map_err(|error| failed(&path, error))?;
        self.pipe = Some(pipe);
        for kind in &filter.kinds {
            self.write(&format!("events/lvs/{}/enable", kind.name()), "1")?;
        }
        Ok(())
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        fs::write(&path, text).map_err(|error| failed(&path, error))
    }

    /// What came, if anything came soon: whole lines.
    pub(super) fn read(&mut self) -> Result<Vec<String>, Failure> {
        let path = self.path.join("trace_pipe");
        let Some(pipe) = &mut self.pipe else {
            return Ok(Vec::new());
        };
        let mut waiting = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::from(PATIENCE)) {
            Ok(0) | Err(Errno::EINTR) => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) => return Err(failed(&path, error.into())),
        }
        let mut buffer = [0; 65536];
        match pipe.read(&mut buffer) {
            Ok(count) => self.rest.extend(buffer.get(..count).unwrap_or_default()),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {}
                _ => return Err(failed(&path, error)),
            },
        }
        let end = self.rest.iter().rposition(|byte| *byte == b'\n');
        let rest = self.rest.split_off(end.map_or(0, |end| end + 1));
        let whole = std::mem::replace(&mut self.rest, rest);
        let text = String::from_utf8_lossy(&whole);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Whether lvs is there still.
    pub(super) fn has_events(&self) -> bool {
        self.path.join("events/lvs").exists()
    }

    /// Milliseconds since 1970 began, of an event's time.
    pub(super) fn milliseconds(&self, time: u64) -> u64 {
        self.epoch.saturating_add(time) / 1000
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.pipe = None;
        remove(&self.path);
    }
}

fn failed(path: &Path, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::Privilege,
        _ => Failure::File(path.to_owned(), error),
    }
}

/// Looks whether lvs can be traced, and says why not.
fn look() -> Result<(), Failure> {
    let systems = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !systems.lines().any(|line| line.ends_with("\ttracefs")) {
        return Err(Failure::Unsupported);
    }
    match fs::metadata(Path::new(ROOT).join("instances")) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(Failure::Privilege)
        }
        Err(_) => return Err(Failure::Unmounted),
    }
    let is_loaded = |name: &str| Path::new("/sys/module").join(name).exists();
    match fs::metadata(Path::new(ROOT).join("events/lvs")) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Failure::Privilege),
        Err(_) if is_loaded("lvs") => Err(Failure::Older),
        Err(_) if is_loaded("ip_vs") => Err(Failure::Stock),
        Err(_) => Err(Failure::Unloaded),
    }
}

/// Removes an instance. It can't be removed while somebody reads it.
fn remove(path: &Path) {
    // Where this fails nothing is traced by it, or it is gone.
    let _ = fs::write(path.join("events/enable"), "0");
    let _ = fs::remove_dir(path);
}

/// Removes instances whose process is gone.
fn remove_left_behind(instances: &Path) {
    for entry in fs::read_dir(instances).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let process = process.and_then(|process| process.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            remove(&entry.path());
        }
    }
}

/// Microseconds since 1970 when the clock of events was 0.
fn epoch() -> u64 {
    let now = |clock| {
        let time = clock_gettime(clock).ok()?;
        let seconds = u64::try_from(time.tv_sec()).ok()?;
        let nanoseconds = u64::try_from(time.tv_nsec()).ok()?;
        Some(
            seconds
                .saturating_mul(1_000_000)
                .saturating_add(nanoseconds / 1000),
        )
    };
    let real = now(ClockId::CLOCK_REALTIME).unwrap_or_default();
    real.saturating_sub(now(ClockId::CLOCK_MONOTONIC).unwrap_or_default())
}
