//! Everything that can be done to an organization's access, as values: one list for the API and the command line.

use docket_event::Filter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::kept::Part;
use crate::token::{NewToken, end_micros};
use crate::{
    Access, AccessError, Caller, GroupChange, HoldChange, InviteAnswer, IssuedToken, MemberChange,
    NewAssignment, NewGroup, NewHold, NewInstanceToken, NewInvite, NewMember, NewOrganization,
    NewProject, NewRole, NewServiceAccount, ProjectChange, RoleChange, RoleName,
    ServiceAccountChange, SettingsChange, TokenChange, View,
};

/// What a token is asked to be, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenWanted {
    /// Its owner: a member by id or e-mail address, or an account for programs by id.
    pub owner: String,
    /// Its role, which can only narrow what its owner may; all of that if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub role: Option<RoleName>,
    /// After how many seconds it ends; never if absent.
    #[serde(default)]
    pub expires_in_s: Option<u64>,
    /// The project that it is limited to.
    #[serde(default)]
    pub project: Option<String>,
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// Filters that are added to everything it asks, each `name=value` in the words of `GET /api/v1/events`, such as
    /// `type=project.*` or `not.actor_id=bot`.
    #[serde(default)]
    pub view: Vec<String>,
    /// Whether a vendor's surface shows it facts about accounts at other vendors too.
    #[serde(default)]
    pub cross_vendor: bool,
    /// SHA-256 of a key that another system issued, in lower-case hex: that key then is the token.
    #[serde(default)]
    pub key_sha256: Option<String>,
}

/// One thing to do in an organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each arm is named as the method that it calls")]
pub enum Action {
    MemberAdd(NewMember),
    MemberGet {
        id: String,
    },
    MemberList(Part),
    MemberUpdate {
        id: String,
        change: MemberChange,
    },
    MemberBlock {
        id: String,
    },
    MemberUnblock {
        id: String,
    },
    MemberRemove {
        id: String,
    },
    InviteSend(NewInvite),
    InviteGet {
        id: String,
    },
    InviteList(Part),
    InviteWithdraw {
        id: String,
    },
    GroupCreate(NewGroup),
    GroupGet {
        id: String,
    },
    GroupList(Part),
    GroupUpdate {
        id: String,
        change: GroupChange,
    },
    GroupDelete {
        id: String,
    },
    GroupMemberAdd {
        id: String,
        member: String,
    },
    GroupMemberRemove {
        id: String,
        member: String,
    },
    RoleCreate(NewRole),
    RoleGet {
        id: String,
    },
    RoleList(Part),
    RoleUpdate {
        id: String,
        change: RoleChange,
    },
    RoleDelete {
        id: String,
    },
    Assign(NewAssignment),
    AssignmentGet {
        id: String,
    },
    AssignmentList(Part),
    Unassign {
        id: String,
    },
    TokenCreate(TokenWanted),
    TokenGet {
        id: String,
    },
    TokenList(Part),
    TokenUpdate {
        id: String,
        change: TokenChange,
    },
    TokenRotate {
        id: String,
        overlap_s: u64,
    },
    TokenRevoke {
        id: String,
    },
    KeyFind {
        key_sha256: String,
    },
    ProjectCreate(NewProject),
    ProjectGet {
        id: String,
    },
    ProjectList(Part),
    ProjectUpdate {
        id: String,
        change: ProjectChange,
    },
    ProjectArchive {
        id: String,
    },
    ProjectDelete {
        id: String,
    },
    ServiceAccountCreate(NewServiceAccount),
    ServiceAccountGet {
        id: String,
    },
    ServiceAccountList(Part),
    ServiceAccountUpdate {
        id: String,
        change: ServiceAccountChange,
    },
    ServiceAccountDelete {
        id: String,
    },
    SettingsGet,
    SettingsUpdate(SettingsChange),
    HoldPlace(NewHold),
    HoldGet {
        id: String,
    },
    HoldList(Part),
    HoldUpdate {
        id: String,
        change: HoldChange,
    },
    HoldRelease {
        id: String,
    },
    OrganizationDelete,
    OrganizationGet,
}

/// One thing to do to the instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each arm is named as the method that it calls")]
pub enum InstanceAction {
    OrganizationCreate(NewOrganization),
    OrganizationList(Part),
    TokenCreate(NewInstanceToken),
}

/// What was done, as a JSON document. It may hold a secret that is shown this once: never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Done(Value);

/// Reads the filter of a token's view from its words.
pub type ReadView = fn(&[String]) -> Result<Filter, docket_event::Fault>;

impl Done {
    /// The document.
    pub fn document(&self) -> &Value {
        &self.0
    }

    fn of<T: Serialize>(value: &T) -> Result<Self, AccessError> {
        let value = serde_json::to_value(value);
        value
            .map(Done)
            .map_err(|error| AccessError::Corrupt(format!("write an answer: {error}")))
    }

    fn id(id: &str) -> Self {
        Done(json!({ "id": id }))
    }

    fn issued(made: &IssuedToken) -> Self {
        Done(json!({ "id": made.id, "token": made.secret.reveal() }))
    }
}

impl std::fmt::Debug for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Done(..)")
    }
}

impl Access {
    /// Does it. What it answers is durable.
    ///
    /// The caller's permission is the caller's to check: `access:admin` for everything here.
    ///
    /// # Errors
    /// Those of the method that is called.
    pub fn perform(
        &self,
        org: &str,
        action: Action,
        read_view: ReadView,
        by: &Caller,
    ) -> Result<Done, AccessError> {
        match action {
            Action::MemberAdd(new) => {
                Done::of(&self.member_of(org, &self.add_member(org, &new, by)?)?)
            }
            Action::MemberGet { id } => Done::of(&self.member_of(org, &id)?),
            Action::MemberList(part) => Done::of(&part.of(self.members(org)?, |one| &one.id)),
            Action::MemberUpdate { id, change } => {
                Done::of(&self.update_member(org, &id, &change, by)?)
            }
            Action::MemberBlock { id } => Ok(Done::id(&self.block_member(org, &id, by)?)),
            Action::MemberUnblock { id } => Ok(Done::id(&self.unblock_member(org, &id, by)?)),
            Action::MemberRemove { id } => Ok(Done::id(&self.remove_member(org, &id, by)?)),
            Action::InviteSend(new) => {
                let sent = self.send_invite(org, &new, by)?;
                let mut document = Done::of(&sent.invite)?;
                if let Value::Object(members) = &mut document.0 {
                    members.insert("code".to_owned(), json!(sent.code.reveal()));
                }
                Ok(document)
            }
            Action::InviteGet { id } => Done::of(&self.invite(org, &id)?),
            Action::InviteList(part) => Done::of(&part.of(self.invites(org)?, |one| &one.id)),
            Action::InviteWithdraw { id } => Done::of(&self.withdraw_invite(org, &id, by)?),
            Action::GroupCreate(new) => Done::of(&self.create_group(org, &new, by)?),
            Action::GroupGet { id } => Done::of(&self.group(org, &id)?),
            Action::GroupList(part) => Done::of(&part.of(self.groups(org)?, |one| &one.id)),
            Action::GroupUpdate { id, change } => {
                Done::of(&self.update_group(org, &id, &change, by)?)
            }
            Action::GroupDelete { id } => Done::of(&self.delete_group(org, &id, by)?),
            Action::GroupMemberAdd { id, member } => {
                Done::of(&self.set_group_member(org, &id, &member, true, by)?)
            }
            Action::GroupMemberRemove { id, member } => {
                Done::of(&self.set_group_member(org, &id, &member, false, by)?)
            }
            Action::RoleCreate(new) => Done::of(&self.create_role(org, &new, by)?),
            Action::RoleGet { id } => Done::of(&self.role(org, &id)?),
            Action::RoleList(part) => Done::of(&part.of(self.roles(org)?, |one| &one.id)),
            Action::RoleUpdate { id, change } => {
                Done::of(&self.update_role(org, &id, &change, by)?)
            }
            Action::RoleDelete { id } => Done::of(&self.delete_role(org, &id, by)?),
            Action::Assign(new) => Done::of(&self.assign(org, &new, by)?),
            Action::AssignmentGet { id } => Done::of(&self.assignment(org, &id)?),
            Action::AssignmentList(part) => {
                Done::of(&part.of(self.assignments(org)?, |one| &one.id))
            }
            Action::Unassign { id } => Done::of(&self.unassign(org, &id, by)?),
            Action::TokenCreate(wanted) => {
                let hash = wanted.key_sha256.clone();
                let new = self.wanted(wanted, read_view)?;
                match hash {
                    Some(hash) => Ok(Done::id(&self.register_key(org, &new, &hash, by)?)),
                    None => Ok(Done::issued(&self.create_token(org, &new, by)?)),
                }
            }
            Action::TokenGet { id } => Done::of(&self.token(org, &id)?),
            Action::TokenList(part) => Done::of(&part.of(self.tokens(org)?, |one| &one.id)),
            Action::TokenUpdate { id, change } => {
                Done::of(&self.update_token(org, &id, &change, by)?)
            }
            Action::TokenRotate { id, overlap_s } => {
                Ok(Done::issued(&self.rotate_token(org, &id, overlap_s, by)?))
            }
            Action::TokenRevoke { id } => {
                self.revoke_token(org, &id, by)?;
                Ok(Done::id(&id))
            }
            Action::KeyFind { key_sha256 } => {
                let found = self.find_key(org, &key_sha256)?;
                Ok(Done(json!({ "id": found })))
            }
            Action::ProjectCreate(new) => Done::of(&self.create_project(org, &new, by)?),
            Action::ProjectGet { id } => Done::of(&self.project(org, &id)?),
            Action::ProjectList(part) => Done::of(&part.of(self.projects(org)?, |one| &one.id)),
            Action::ProjectUpdate { id, change } => {
                Done::of(&self.update_project(org, &id, &change, by)?)
            }
            Action::ProjectArchive { id } => Done::of(&self.archive_project(org, &id, by)?),
            Action::ProjectDelete { id } => Done::of(&self.delete_project(org, &id, by)?),
            Action::ServiceAccountCreate(new) => {
                Done::of(&self.create_service_account(org, &new, by)?)
            }
            Action::ServiceAccountGet { id } => Done::of(&self.service_account(org, &id)?),
            Action::ServiceAccountList(part) => {
                Done::of(&part.of(self.service_accounts(org)?, |one| &one.id))
            }
            Action::ServiceAccountUpdate { id, change } => {
                Done::of(&self.update_service_account(org, &id, &change, by)?)
            }
            Action::ServiceAccountDelete { id } => {
                Done::of(&self.delete_service_account(org, &id, by)?)
            }
            Action::SettingsGet => Done::of(&self.settings(org)?),
            Action::SettingsUpdate(change) => Done::of(&self.update_settings(org, &change, by)?),
            Action::HoldPlace(new) => Done::of(&self.place_hold(org, &new, by)?),
            Action::HoldGet { id } => Done::of(&self.hold(org, &id)?),
            Action::HoldList(part) => Done::of(&part.of(self.holds(org)?, |one| &one.id)),
            Action::HoldUpdate { id, change } => {
                Done::of(&self.update_hold(org, &id, &change, by)?)
            }
            Action::HoldRelease { id } => Done::of(&self.release_hold(org, &id, by)?),
            Action::OrganizationDelete => Done::of(&self.delete_organization(org, by)?),
            Action::OrganizationGet => {
                let found = self.organization(org)?;
                Done::of(&found.ok_or_else(|| AccessError::unknown_organization(org))?)
            }
        }
    }

    /// Does it. What it answers is durable.
    ///
    /// The caller's permission is the caller's to check: `instance:admin` for everything here.
    ///
    /// # Errors
    /// Those of the method that is called.
    pub fn perform_on_instance(
        &self,
        action: InstanceAction,
        by: &Caller,
    ) -> Result<Done, AccessError> {
        match action {
            InstanceAction::OrganizationCreate(new) => {
                let made = self.init(&new, by)?;
                Ok(Done(json!({
                    "id": made.org,
                    "owner": made.owner,
                    "token": { "id": made.token_id, "token": made.secret.reveal() },
                })))
            }
            InstanceAction::OrganizationList(part) => {
                Done::of(&part.of(self.organizations()?, |one| &one.org))
            }
            InstanceAction::TokenCreate(new) => {
                Ok(Done::issued(&self.create_instance_token(&new, by)?))
            }
        }
    }

    /// Makes a member of whoever shows an invite's code. Needs no token.
    ///
    /// # Errors
    /// As [`Access::accept_invite`].
    pub fn perform_accept(&self, answer: &InviteAnswer, by: &Caller) -> Result<Done, AccessError> {
        let joined = self.accept_invite(answer, by)?;
        let token = Done::issued(&joined.token);
        Ok(Done(json!({
            "organization": joined.org,
            "member": joined.member,
            "token": token.0,
        })))
    }

    /// Says no for whoever shows an invite's code. Needs no token.
    ///
    /// # Errors
    /// As [`Access::decline_invite`].
    pub fn perform_decline(&self, answer: &InviteAnswer, by: &Caller) -> Result<Done, AccessError> {
        Done::of(&self.decline_invite(answer, by)?)
    }

    fn wanted(&self, wanted: TokenWanted, read_view: ReadView) -> Result<NewToken, AccessError> {
        let filter = read_view(&wanted.view).map_err(AccessError::Invalid)?;
        let now_micros = self.now_micros();
        let end = |seconds| end_micros(now_micros, seconds);
        let expires_micros = wanted.expires_in_s.map(end);
        Ok(NewToken {
            owner: wanted.owner,
            role: wanted.role,
            expires_micros,
            project: wanted.project,
            name: wanted.name,
            view: View {
                filter,
                cross_vendor: wanted.cross_vendor,
            },
            view_words: wanted.view,
        })
    }
}
