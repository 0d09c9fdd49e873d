// SPDX-License-Identifier: GPL-2.0

//! Services that nearly take a packet, for an administrator who wonders why they don't.

use lvs_engine::config::ServiceId;
use lvs_engine::near::{
    Asked,
    Nearest, //
};

use super::super::explain::Question;
use super::guard::RulesGuard;
use super::walk::Item;

impl RulesGuard<'_> {
    /// The nearest ones beside the service that was `found`. Looks at all of them; may sleep.
    pub(crate) fn nearest(&self, question: &Question, found: Option<&ServiceId>) -> Nearest {
        let mut nearest = Nearest::new(Asked {
            family: question.family,
            protocol: question.protocol,
            addr: question.virtual_addr,
            port: question.virtual_port,
            mark: question.mark,
        });
        self.walk_all(|_, item| {
            if let Item::Service(service) = item {
                nearest.look(service.id(), found);
            }
        });
        nearest
    }
}
