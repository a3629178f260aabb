//! What is about to be made, in the ledger.

use std::io;

use super::errors::error;
use crate::platform::context::Context;
use crate::platform::{ErrorKind, PlatformError, Resource};

/// A resource's line in the ledger, which stays open until the resource is gone.
pub(super) struct Entry<'a> {
    context: &'a Context,
    resource: Resource,
    is_new: bool,
}

impl<'a> Entry<'a> {
    /// Writes it down, unless it is there already.
    pub fn write(context: &'a Context, resource: Resource) -> Result<Self, PlatformError> {
        let is_new = !context.ledger().open().contains(&resource);
        let written = context.ledger().creating(&resource);
        written.map_err(|why| unwritten(&resource, &why))?;
        Ok(Self {
            context,
            resource,
            is_new,
        })
    }

    /// What has the name was made by somebody else, and must not be removed with the run. An entry of before stays: it
    /// may be of something that this run did make.
    pub fn strike(self) -> Result<(), PlatformError> {
        if !self.is_new {
            return Ok(());
        }
        let struck = self.context.ledger().removed(&self.resource);
        struck.map_err(|why| unwritten(&self.resource, &why))
    }
}

/// That the ledger cannot be written.
pub(super) fn unwritten(resource: &Resource, why: &io::Error) -> PlatformError {
    error(
        ErrorKind::Internal,
        "write down",
        &resource.name,
        why.to_string(),
    )
}
