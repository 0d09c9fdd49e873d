// SPDX-License-Identifier: MIT OR GPL-2.0

//! Classes of options: what commands and tunnels say of them, and which were given.

use super::usage::UsageError;
use super::verb::Verb;

/// What a command or a tunnel type says of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Has to be there.
    Required,
    /// May be there.
    Optional,
    /// May be there, if no other that is exclusive is.
    Exclusive,
    /// May not be there.
    Illegal,
}

/// The rules of a class: what isn't named is illegal.
#[derive(Clone, Copy, Debug)]
pub struct Rules<T: 'static> {
    /// Where it is required.
    pub required: &'static [T],
    /// Where it is optional.
    pub optional: &'static [T],
    /// Where it is exclusive.
    pub exclusive: &'static [T],
}

impl<T: PartialEq> Rules<T> {
    /// The rules of a class that is illegal everywhere.
    pub const NONE: Self = Rules {
        required: &[],
        optional: &[],
        exclusive: &[],
    };

    /// The rule of a command or tunnel type.
    pub fn of(&self, case: &T) -> Rule {
        if self.exclusive.contains(case) {
            Rule::Exclusive
        } else if self.required.contains(case) {
            Rule::Required
        } else if self.optional.contains(case) {
            Rule::Optional
        } else {
            Rule::Illegal
        }
    }
}

/// A class of options, of which a command line may have only one: `-t` and `-f` are of one class,
/// for instance.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Name in messages.
    pub name: &'static str,
    /// What commands say of it.
    pub verbs: Rules<Verb>,
    /// What tunnel types say of it, if it is about tunnels.
    pub tunnels: Option<Rules<&'static str>>,
}

/// The classes that a command line has options of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassSet(Vec<&'static str>);

impl ClassSet {
    /// The set of the given classes.
    #[cfg(test)]
    pub(super) fn of(classes: &[&'static str]) -> Self {
        ClassSet(classes.to_vec())
    }

    /// Adds a class, of which there may be only one option.
    pub fn insert(&mut self, class: &Class) -> Result<(), UsageError> {
        if self.contains(class) {
            return Err(UsageError::Repeated(class.name));
        }
        self.0.push(class.name);
        Ok(())
    }

    /// Whether the class is in the set.
    pub fn contains(&self, class: &Class) -> bool {
        self.0.contains(&class.name)
    }
}
