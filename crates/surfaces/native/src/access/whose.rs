//! In which organization whoever asks may act: their own, or one that a token of the instance names.

use docket_access::AccessError;
use docket_surfaces_kit::auth::{self, BEARER, Permission, Principal};
use docket_surfaces_kit::{App, Asked, Beyond};

use crate::error::Problem;
use crate::routes::Needs;

/// Names the organization in which a token of the instance acts.
pub const ORGANIZATION: &str = "docket-organization";

/// Whoever asks, as they may act where they want to; `None` where nobody has to say who they are. `named` is the
/// organization that the path names.
pub async fn admitted(
    app: &App,
    asked: &Asked,
    needs: Needs,
    named: Option<&str>,
) -> Result<Option<Principal>, Problem> {
    if matches!(needs, Needs::Nothing | Needs::Code) {
        return Ok(None);
    }
    let caller = auth::authenticate(app, asked, BEARER).await?;
    let acting = match needs {
        Needs::Permission(permission) => {
            auth::require(&caller, permission)?;
            caller
        }
        Needs::NamedOrganizationAdmin => in_named(app, caller, named.unwrap_or_default()).await?,
        Needs::Nothing | Needs::Code | Needs::Reading | Needs::OrganizationAdmin => {
            in_organization(app, asked, caller).await?
        }
    };
    Ok(Some(acting))
}

/// The caller as the administrator of the organization that their token belongs to, or that they name in a header.
async fn in_organization(
    app: &App,
    asked: &Asked,
    caller: Principal,
) -> Result<Principal, Problem> {
    if !caller.of_instance {
        own_organization(asked, &caller)?;
        auth::require(&caller, Permission::AccessAdmin)?;
        return Ok(caller);
    }
    if !caller.permissions.allows(Permission::InstanceAdmin) {
        return Err(caller.denied(Permission::AccessAdmin).into());
    }
    let Some(named) = header(asked)? else {
        let detail = format!(
            "a token of the instance belongs to no organization; name one with the header `{ORGANIZATION}: <id>`"
        );
        return Err(Problem::forbidden(detail));
    };
    acting(app, caller, named).await
}

/// The caller as the administrator of the organization that the path names.
async fn in_named(app: &App, caller: Principal, named: &str) -> Result<Principal, Problem> {
    if caller.permissions.allows(Permission::InstanceAdmin) {
        return acting(app, caller, named).await;
    }
    if caller.of_instance || caller.org != named {
        return Err(caller.denied(Permission::InstanceAdmin).into());
    }
    auth::require(&caller, Permission::AccessAdmin)?;
    Ok(caller)
}

/// Whoever may write into any organization, as they write into this one.
pub async fn acting_for_ingest(
    app: &App,
    asked: &Asked,
    named: &str,
) -> Result<Principal, Problem> {
    let caller = auth::authenticate(app, asked, BEARER).await?;
    auth::require(&caller, Permission::InstanceWrite)?;
    acting(app, caller, named).await
}

/// The caller in the organization of that name, whose log is open afterwards.
async fn acting(app: &App, caller: Principal, named: &str) -> Result<Principal, Problem> {
    let named = named.to_owned();
    let asking = caller.clone();
    let found = app.ask_access(move |access| {
        let acting = access.acting_in(&asking, &named)?;
        access.engine().log(&acting.org)?;
        Ok::<_, AccessError>(acting)
    });
    Ok(caller.acting_as(found.await??))
}

/// A token of an organization can name no other one.
pub fn own_organization(asked: &Asked, caller: &Principal) -> Result<(), Problem> {
    match header(asked)? {
        Some(named) if named != caller.org => {
            caller.note_beyond(Beyond::Organization);
            Err(Problem::forbidden(format!(
                "the header `{ORGANIZATION}` names another organization than the token's; leave it out"
            )))
        }
        Some(_) | None => Ok(()),
    }
}

fn header(asked: &Asked) -> Result<Option<&str>, Problem> {
    let mut values = asked.headers().get_all(ORGANIZATION).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else {
        return Ok(None);
    };
    let named = value.to_str().ok().filter(|_| second.is_none());
    let unreadable =
        || Problem::forbidden(format!("send the header `{ORGANIZATION}` exactly once"));
    named.map(Some).ok_or_else(unreadable)
}
