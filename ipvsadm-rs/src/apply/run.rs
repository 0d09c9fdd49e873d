// SPDX-License-Identifier: MIT OR GPL-2.0

//! Takes the steps of a plan, all or none.

use crate::change::Change;
use crate::control::Control;
use crate::error::Error;
use crate::render::change::line;

use super::plan::Step;

/// Steps on their way at a time. What follows a step that fails has to be taken back too.
const STRIDE: usize = 64;

/// A step that the kernel refused.
#[derive(Debug)]
pub struct Failure {
    /// Its command line.
    pub line: String,
    /// Why.
    pub error: Error,
    /// What couldn't be taken back, with the reason: command lines.
    pub left: Vec<(String, Error)>,
}

/// Takes the steps in order. If one fails, takes back those that were taken, the last one first.
pub fn take(control: &mut dyn Control, steps: &[Step]) -> Result<(), Failure> {
    for (i, stride) in steps.chunks(STRIDE).enumerate() {
        let changes: Vec<Change> = stride.iter().map(|step| step.change.clone()).collect();
        let results = control.submit(&changes);
        let taken: Vec<bool> = results.iter().map(Result::is_ok).collect();
        let failed = stride
            .iter()
            .zip(results)
            .find_map(|(step, result)| Some((step, result.err()?)));
        if let Some((step, error)) = failed {
            let before = &steps[..i * STRIDE];
            let taken = stride.iter().zip(taken).filter(|(_, taken)| *taken);
            let all: Vec<&Step> = before.iter().chain(taken.map(|(step, _)| step)).collect();
            return Err(Failure {
                line: line(&step.change),
                error,
                left: take_back(control, &all),
            });
        }
    }
    Ok(())
}

fn take_back(control: &mut dyn Control, steps: &[&Step]) -> Vec<(String, Error)> {
    let mut left = Vec::new();
    for change in steps.iter().rev().flat_map(|step| &step.undo) {
        if let Err(error) = control.make(change) {
            left.push((line(change), error));
        }
    }
    left
}
