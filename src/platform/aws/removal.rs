//! Removing what a run has made, the last thing first.

use super::account::Account;
use super::entry::unwritten;
use super::errors::error;
use super::function::{self, Function};
use super::{bucket, object, role};
use crate::platform::context::Context;
use crate::platform::{ErrorKind, PlatformError, Resource};

/// Something that this platform makes.
#[derive(Debug, PartialEq, Eq)]
enum Made<'a> {
    Function {
        region: &'a str,
        name: &'a str,
    },
    Role {
        name: &'a str,
    },
    Bucket {
        region: &'a str,
        name: &'a str,
    },
    Object {
        place: (&'a str, &'a str),
        key: &'a str,
    },
}

impl<'a> Made<'a> {
    fn of(resource: &'a Resource) -> Option<Self> {
        match (resource.kind.as_str(), resource.name.split_once('/')) {
            (function::KIND, Some((region, name))) => Some(Self::Function { region, name }),
            (bucket::KIND, Some((region, name))) => Some(Self::Bucket { region, name }),
            (bucket::OBJECT, Some((region, rest))) => {
                let (bucket, key) = rest.split_once('/')?;
                let place = (region, bucket);
                Some(Self::Object { place, key })
            }
            (role::KIND, None) => Some(Self::Role {
                name: &resource.name,
            }),
            _ => None,
        }
    }
}

/// Removes one thing; that it is not there is no error.
pub(super) async fn remove(
    account: &Account,
    context: &Context,
    resource: &Resource,
) -> Result<(), PlatformError> {
    // What was given up may be coming into being.
    account.settled().await;
    match Made::of(resource) {
        Some(Made::Function { region, name }) => {
            let function = Function {
                account,
                context,
                name,
            };
            function.remove(region).await
        }
        Some(Made::Role { name }) => role::remove(account, context, name).await,
        Some(Made::Bucket { region, name }) => bucket::remove(account, context, region, name).await,
        Some(Made::Object { place, key }) => {
            object::remove_object(account, context, place, key).await
        }
        None => {
            let what = format!(
                "a {} of this name was not made here: remove it by hand",
                resource.kind
            );
            Err(error(
                ErrorKind::Unsupported,
                "remove",
                &resource.name,
                what,
            ))
        }
    }
}

/// The command of Amazon's command line that removes it.
pub(super) fn command(account: &Account, resource: &Resource) -> String {
    command_with(&account.flags(), resource)
}

fn command_with(flags: &str, resource: &Resource) -> String {
    match Made::of(resource) {
        Some(Made::Function { region, name }) => {
            format!("aws lambda delete-function --region {region} --function-name {name}{flags}")
        }
        Some(Made::Role { name }) => format!("aws iam delete-role --role-name {name}{flags}"),
        Some(Made::Bucket { region, name }) => {
            format!("aws s3 rb s3://{name} --force --region {region}{flags}")
        }
        Some(Made::Object {
            place: (region, bucket),
            key,
        }) => format!("aws s3 rm s3://{bucket}/{key} --region {region}{flags}"),
        None => format!("aws resourcegroupstaggingapi get-resources{flags}"),
    }
}

/// Removes all that the ledger has, and goes on after a failure, of which the first is returned.
pub(super) async fn everything(account: &Account, context: &Context) -> Result<(), PlatformError> {
    let mut first = Ok(());
    for resource in context.ledger().open().iter().rev() {
        let gone = match remove(account, context, resource).await {
            Ok(()) => {
                let written = context.ledger().removed(resource);
                written.map_err(|why| unwritten(resource, &why))
            }
            Err(left) => Err(PlatformError {
                what: format!(
                    "{}; remove it with `{}`",
                    left.what,
                    command(account, resource)
                ),
                ..left
            }),
        };
        first = first.and(gone);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_the_command_with_the_region_and_the_account() {
        let command = |kind: &str, name: &str| {
            let resource = Resource {
                kind: kind.into(),
                name: name.into(),
            };
            command_with(" --profile lab", &resource)
        };
        assert_eq!(
            command("function", "eu-north-1/f"),
            "aws lambda delete-function --region eu-north-1 --function-name f --profile lab"
        );
        assert_eq!(
            command("role", "r"),
            "aws iam delete-role --role-name r --profile lab"
        );
        assert_eq!(
            command("bucket", "eu-north-1/b"),
            "aws s3 rb s3://b --force --region eu-north-1 --profile lab"
        );
        assert_eq!(
            command("object", "eu-north-1/b/sebs-tui/r/1.zip"),
            "aws s3 rm s3://b/sebs-tui/r/1.zip --region eu-north-1 --profile lab"
        );
    }

    #[test]
    fn what_another_platform_made_is_not_touched() {
        for (kind, name) in [
            ("container", "c"),
            ("function", "without-a-region"),
            ("role", "a/b"),
            ("object", "eu-north-1/without-a-key"),
        ] {
            let resource = Resource {
                kind: kind.into(),
                name: name.into(),
            };
            assert_eq!(Made::of(&resource), None);
        }
    }
}
