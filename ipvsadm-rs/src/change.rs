// SPDX-License-Identifier: MIT OR GPL-2.0

//! Changes as values, so that many can be on their way at once.
//!
//! A new one is a variant here, a request in [`crate::netlink::requests`], a record in
//! [`crate::sockopt::requests`] and a command line in [`crate::render::change`].

use crate::model::Daemon;
use crate::model::Dest;
use crate::model::Role;
use crate::model::Service;
use crate::model::ServiceId;
use crate::model::Timeouts;

/// Defines the changes, and their kinds without what they carry.
macro_rules! changes {
    ($( $(#[$doc:meta])* $name:ident $(($($value:ty),+))?; )+) => {
        /// A request that changes something and answers nothing but success or failure.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Change {
            $( $(#[$doc])* $name $(($($value),+))?, )+
        }

        /// What kind of change a request makes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ChangeKind {
            $( $(#[$doc])* $name, )+
        }

        impl Change {
            /// The kind of the change.
            pub fn kind(&self) -> ChangeKind {
                match self {
                    $( Change::$name { .. } => ChangeKind::$name, )+
                }
            }
        }
    };
}

changes! {
    /// Adds a service.
    AddService(Service);
    /// Changes a service.
    EditService(Service);
    /// Deletes a service.
    DeleteService(ServiceId);
    /// Deletes everything.
    Flush;
    /// Adds a server.
    AddDest(ServiceId, Dest);
    /// Changes a server.
    EditDest(ServiceId, Dest);
    /// Deletes a server.
    DeleteDest(ServiceId, Dest);
    /// Zeroes the counters of one service or of all.
    Zero(Option<ServiceId>);
    /// Sets the timeouts.
    SetTimeouts(Timeouts);
    /// Starts a synchronisation daemon.
    StartDaemon(Daemon);
    /// Stops a synchronisation daemon.
    StopDaemon(Role);
}
