//! Invites: somebody is asked to join, and joins by a code that is shown once.

use docket_event::Target;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::{Attributes, attributes, target};
use crate::change::Plan;
use crate::kept::{Kept, written};
use crate::member::{NewMember, new_member};
use crate::names::{check_email, check_name};
use crate::permission::Role;
use crate::record::{
    InviteCodeRecord, InviteRecord, Versioned, insert, invite_code_key, invite_key, replace,
};
use crate::secret::{SECRET_BYTES_MAX, Secret, SecretHash};
use crate::token::{self, NewToken, TokenDraft};
use crate::{Access, AccessError, Caller, IssuedToken};

/// How long an invite can be accepted, if it does not say: a week.
pub const INVITE_DEFAULT_S: u64 = 7 * 24 * 3_600;
/// Longest time that an invite can be accepted: 90 days.
pub const INVITE_MAX_S: u64 = 90 * 24 * 3_600;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// What an invite is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvite {
    /// E-mail address of whoever is asked.
    pub email: String,
    /// The built-in role that they get.
    pub role: Role,
    /// For how many seconds it can be accepted; a week if absent.
    #[serde(default)]
    pub expires_in_s: Option<u64>,
}

/// What accepts or declines an invite.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteAnswer {
    /// The code of the invite.
    pub code: String,
    /// Display name of the new member.
    #[serde(default)]
    pub name: Option<String>,
}

impl std::fmt::Debug for InviteAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InviteAnswer(..)")
    }
}

/// An invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invite {
    /// Its id.
    pub id: String,
    /// E-mail address of whoever is asked.
    pub email: Option<String>,
    /// The built-in role that they get.
    pub role: Role,
    /// What became of it.
    pub status: InviteState,
    /// When it was sent, RFC 3339.
    pub created_at: String,
    /// Until when it can be accepted, RFC 3339.
    pub expires_at: String,
}

/// What became of an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InviteState {
    /// Nothing yet.
    Pending,
    /// Its time is over.
    Expired,
    /// A member came of it.
    Accepted,
    /// Whoever was asked does not want to.
    Declined,
    /// It was taken back.
    Withdrawn,
}

/// An invite with its code, which is shown this once.
#[derive(Debug)]
pub struct SentInvite {
    /// The invite.
    pub invite: Invite,
    /// Whoever has it can accept.
    pub code: Secret,
}

/// A member that came of an invite, with a first token.
#[derive(Debug)]
pub struct Joined {
    /// The organization.
    pub org: String,
    /// Id of the new member.
    pub member: String,
    /// Their first token.
    pub token: IssuedToken,
}

impl Kept for InviteRecord {
    const KIND: &'static str = "invite";
    const WHAT: &'static str = "invite";
    const PREFIX: &'static str = "invite_";

    fn is_gone(&self) -> bool {
        false
    }
}

impl Access {
    /// Makes an invite. Durable when it returns, with `invite.sent`. Whom to send the code to is the caller's business.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when the address belongs to a member, [`AccessError::Forbidden`] when the caller lacks
    /// what the role allows.
    pub fn send_invite(
        &self,
        org: &str,
        new: &NewInvite,
        by: &Caller,
    ) -> Result<SentInvite, AccessError> {
        check_email("email", &new.email).map_err(AccessError::Invalid)?;
        let seconds = new.expires_in_s.unwrap_or(INVITE_DEFAULT_S);
        if !(1..=INVITE_MAX_S).contains(&seconds) {
            let reason = format!("lies outside 1 to {INVITE_MAX_S}");
            return Err(AccessError::invalid("expires_in_s", reason));
        }
        by.authority.must_reach(new.role)?;
        self.change(&self.log(org)?, || {
            self.refuse_taken_address(org, &new.email)?;
            let id = self.random_id(InviteRecord::PREFIX);
            let code = Secret::draw(self.engine.environment());
            let now_micros = self.now_micros();
            let lives = i64::try_from(seconds).unwrap_or(0) * MICROS_PER_SECOND;
            let record = InviteRecord {
                email: Some(new.email.clone()),
                role: new.role,
                state: InviteState::Pending,
                secret_sha256: code.hash().as_str().to_owned(),
                created_micros: now_micros,
                expires_micros: now_micros + lives,
            };
            let opened = InviteCodeRecord {
                org: org.to_owned(),
                invite: id.clone(),
            };
            let event = by.tells(
                "invite.sent",
                targets(&id, &record),
                None,
                Some(about(&record)),
            )?;
            let records = vec![
                insert(invite_key(org, &id), &record)?,
                insert(invite_code_key(&code.hash()), &opened)?,
            ];
            let invite = shown(id, &record, now_micros);
            Ok(Plan::of(vec![event], records, SentInvite { invite, code }))
        })
    }

    /// An invite, whatever became of it.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without one.
    pub fn invite(&self, org: &str, id: &str) -> Result<Invite, AccessError> {
        let found = self.kept::<InviteRecord>(org, id)?;
        Ok(shown(found.name, &found.value, self.now_micros()))
    }

    /// All invites, whatever became of them, by id.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] without such an organization.
    pub fn invites(&self, org: &str) -> Result<Vec<Invite>, AccessError> {
        let now_micros = self.now_micros();
        let all = self.all_kept::<InviteRecord>(org)?.into_iter();
        Ok(all
            .map(|found| shown(found.name, &found.value, now_micros))
            .collect())
    }

    /// Takes an open invite back. Durable when it returns, with `invite.deleted`.
    ///
    /// # Errors
    /// [`AccessError::Conflict`] when it is settled already.
    pub fn withdraw_invite(&self, org: &str, id: &str, by: &Caller) -> Result<Invite, AccessError> {
        self.change(&self.log(org)?, || {
            let found = self.kept::<InviteRecord>(org, id)?;
            if found.value.state != InviteState::Pending {
                return Err(settled(&found.name));
            }
            let targets = targets(&found.name, &found.value);
            let event = by.tells("invite.deleted", targets, Some(about(&found.value)), None)?;
            let gone = settle(&found.value, InviteState::Withdrawn);
            let answer = shown(found.name.clone(), &gone, self.now_micros());
            let records = vec![replace(invite_key(org, &found.name), found.version, &gone)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }

    /// Makes a member of whoever shows the code of an open invite, with a first token. Durable when it returns, with
    /// `invite.accepted`, `user_account.created` and `api_key.created`, whose actor is the new member. `by` tells from
    /// where.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] for a code that opens nothing.
    pub fn accept_invite(&self, answer: &InviteAnswer, by: &Caller) -> Result<Joined, AccessError> {
        if let Some(name) = &answer.name {
            check_name("name", name).map_err(AccessError::Invalid)?;
        }
        let opened = self.opened(&answer.code)?;
        let org = &opened.org;
        self.change(&self.log(org)?, || {
            let found = self.pending(&opened)?;
            let invited = &found.value;
            let email = invited.email.clone().ok_or_else(no_such_code)?;
            self.refuse_taken_address(org, &email)?;
            let new = NewMember {
                email,
                id: None,
                name: answer.name.clone(),
                role: invited.role,
            };
            let (id, mut by) = (self.random_id(crate::member::ID_PREFIX), by.clone());
            by.actor.id = Some(id.clone());
            by.actor.email = Some(new.email.clone());
            by.actor.name.clone_from(&new.name);
            let (member_event, mut records) = new_member(self, org, &id, &new, &by)?;
            let accepted = by.tells(
                "invite.accepted",
                targets(&found.name, invited),
                Some(attributes(json!({ "status": InviteState::Pending }))),
                Some(attributes(json!({ "status": InviteState::Accepted }))),
            )?;
            let draft = self.draft_token(&TokenDraft {
                org,
                owner_id: &id,
                owner_may: invited.role.permissions(),
                new: &NewToken::of_owner(&id),
                key_sha256: None,
            })?;
            let token_event = token::created_event(&draft, &by)?;
            records.extend(token::insert_records(org, &draft)?);
            let gone = settle(invited, InviteState::Accepted);
            records.push(replace(invite_key(org, &found.name), found.version, &gone)?);
            let joined = Joined {
                org: org.clone(),
                member: id,
                token: draft.issued(),
            };
            Ok(Plan::of(
                vec![accepted, member_event, token_event],
                records,
                joined,
            ))
        })
    }

    /// Settles an invite whose code is shown by whoever does not want to join. Durable when it returns, with
    /// `invite.declined`.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] for a code that opens nothing.
    pub fn decline_invite(
        &self,
        answer: &InviteAnswer,
        by: &Caller,
    ) -> Result<Invite, AccessError> {
        let opened = self.opened(&answer.code)?;
        self.change(&self.log(&opened.org)?, || {
            let found = self.pending(&opened)?;
            let mut by = by.clone();
            by.actor.email.clone_from(&found.value.email);
            let event = by.tells(
                "invite.declined",
                targets(&found.name, &found.value),
                Some(attributes(json!({ "status": InviteState::Pending }))),
                Some(attributes(json!({ "status": InviteState::Declined }))),
            )?;
            let gone = settle(&found.value, InviteState::Declined);
            let answer = shown(found.name.clone(), &gone, self.now_micros());
            let key = invite_key(&opened.org, &found.name);
            let records = vec![replace(key, found.version, &gone)?];
            Ok(Plan::of(vec![event], records, answer))
        })
    }

    fn opened(&self, code: &str) -> Result<InviteCodeRecord, AccessError> {
        if code.is_empty() || code.len() > SECRET_BYTES_MAX {
            return Err(no_such_code());
        }
        let key = invite_code_key(&SecretHash::of(code));
        let found = self.read::<InviteCodeRecord>(&key)?;
        found.map(|found| found.value).ok_or_else(no_such_code)
    }

    fn pending(&self, opened: &InviteCodeRecord) -> Result<Versioned<InviteRecord>, AccessError> {
        match self.must_exist(&opened.org) {
            Ok(_) => {}
            Err(AccessError::Unknown(_)) => return Err(no_such_code()),
            Err(error) => return Err(error),
        }
        let found = self.find_kept::<InviteRecord>(&opened.org, &opened.invite)?;
        let open = |record: &InviteRecord| {
            record.state == InviteState::Pending && self.now_micros() < record.expires_micros
        };
        found
            .filter(|found| open(&found.value))
            .ok_or_else(no_such_code)
    }
}

fn no_such_code() -> AccessError {
    AccessError::Unknown("this code opens no invite; ask for another one".to_owned())
}

fn settled(id: &str) -> AccessError {
    AccessError::Conflict(format!("invite `{id}` is settled already"))
}

/// The invite afterwards; what is left says nothing about a person.
fn settle(record: &InviteRecord, state: InviteState) -> InviteRecord {
    InviteRecord {
        email: None,
        state,
        ..record.clone()
    }
}

fn targets(id: &str, record: &InviteRecord) -> Vec<Target> {
    vec![
        target("invite", id, record.email.as_deref()),
        target("role", record.role.name(), None),
    ]
}

fn about(record: &InviteRecord) -> Attributes {
    attributes(json!({
        "email": record.email,
        "role": record.role,
        "expires_at": written(record.expires_micros),
    }))
}

fn shown(id: String, record: &InviteRecord, now_micros: i64) -> Invite {
    let status = match record.state {
        InviteState::Pending if record.expires_micros <= now_micros => InviteState::Expired,
        state => state,
    };
    Invite {
        id,
        email: record.email.clone(),
        role: record.role,
        status,
        created_at: written(record.created_micros),
        expires_at: written(record.expires_micros),
    }
}
