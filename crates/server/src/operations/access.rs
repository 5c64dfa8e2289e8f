//! Orders about organizations, members and tokens, and notes about exports.

use docket_access::{
    AccessError, Caller, Member, MemberState, NewMember, NewOrganization, NewToken, Role, Token,
    TokenState, View,
};
use docket_engine::{Log, Request, Ticket};
use docket_event::{Event, Timestamp, Value};

use super::reply::{MemberRow, Reply, Revealed, TokenRow};
use super::{Failure, FailureKind, MemberChange, Operations, TokenCreate};

const MICROS_PER_SECOND: i64 = 1_000_000;

impl Operations {
    pub(super) fn init(
        &self,
        org: String,
        name: Option<String>,
        owner_email: String,
        by: &Caller,
    ) -> Result<Reply, Failure> {
        let made = self.access.init(
            &NewOrganization {
                org,
                name,
                owner_email,
            },
            by,
        )?;
        let token = Revealed::new(&made.secret);
        Ok(Reply::Initialised {
            org: made.org,
            owner: made.owner,
            token,
        })
    }

    pub(super) fn member_add(
        &self,
        org: &str,
        email: String,
        id: Option<String>,
        name: Option<String>,
        role: Role,
        by: &Caller,
    ) -> Result<Reply, Failure> {
        let id = self.access.add_member(
            org,
            &NewMember {
                email,
                id,
                name,
                role,
            },
            by,
        )?;
        Ok(Reply::Member { id })
    }

    pub(super) fn member_list(&self, org: &str) -> Result<Reply, Failure> {
        let members = self.access.members(org)?;
        Ok(Reply::Members(
            members.into_iter().map(member_row).collect(),
        ))
    }

    pub(super) fn member_change(
        &self,
        org: &str,
        member: &str,
        change: MemberChange,
        by: &Caller,
    ) -> Result<Reply, Failure> {
        let id = match change {
            MemberChange::Block => self.access.block_member(org, member, by)?,
            MemberChange::Unblock => self.access.unblock_member(org, member, by)?,
            MemberChange::Remove => self.access.remove_member(org, member, by)?,
        };
        Ok(Reply::Member { id })
    }

    pub(super) fn token_create(&self, new: TokenCreate, by: &Caller) -> Result<Reply, Failure> {
        let TokenCreate {
            org,
            owner,
            role,
            project,
            expires_s,
            name,
            cross_vendor,
        } = new;
        let now_micros = self.access.engine().environment().now_micros();
        let end = |seconds| i64::try_from(seconds).unwrap_or(i64::MAX);
        let end =
            |seconds| now_micros.saturating_add(end(seconds).saturating_mul(MICROS_PER_SECOND));
        let view = View {
            cross_vendor,
            ..View::default()
        };
        let new = NewToken {
            owner,
            role,
            expires_micros: expires_s.map(end),
            project,
            name,
            view,
        };
        let issued = self.access.create_token(&org, &new, by)?;
        Ok(Reply::Token {
            token: Revealed::new(&issued.secret),
            id: issued.id,
        })
    }

    pub(super) fn token_list(&self, org: &str) -> Result<Reply, Failure> {
        let tokens = self.access.tokens(org)?;
        Ok(Reply::Tokens(tokens.into_iter().map(token_row).collect()))
    }

    pub(super) fn token_revoke(&self, org: &str, id: &str, by: &Caller) -> Result<Reply, Failure> {
        self.access.revoke_token(org, id, by)?;
        Ok(Reply::Revoked { id: id.to_owned() })
    }

    pub(super) fn export(
        &self,
        org: &str,
        filter: &[(String, String)],
        format: &str,
        by: &Caller,
    ) -> Result<Reply, Failure> {
        let filter = filter
            .iter()
            .map(|(name, value)| Value::object([(name.as_str(), Value::string(value.as_str()))]));
        let data = Value::object([
            ("format", Value::string(format)),
            ("filter", Value::Array(filter.collect())),
        ]);
        self.note(org, by.event("docket.events.exported", Vec::new(), &data))
    }

    /// Writes one event of Docket about itself.
    pub(super) fn note(&self, org: &str, event: Event) -> Result<Reply, Failure> {
        let position = end_note(begin_note(&self.log(org)?, event)?)?;
        Ok(Reply::Noted { position })
    }

    /// The log of an organization that exists.
    pub(super) fn log(&self, org: &str) -> Result<Log, Failure> {
        let known = match self.access.organization(org)? {
            Some(_) => self.access.engine().log(org)?,
            None => None,
        };
        known.ok_or_else(|| AccessError::unknown_organization(org).into())
    }
}

/// Puts one event of Docket about itself on its way.
pub(super) fn begin_note(log: &Log, event: Event) -> Result<Ticket, Failure> {
    let request = Request {
        events: vec![event],
        ..Request::default()
    };
    Ok(log.append(request)?)
}

/// Where the event is; it is durable.
pub(super) fn end_note(ticket: Ticket) -> Result<u64, Failure> {
    let position = ticket.wait()?.positions.first().copied();
    position.ok_or_else(|| Failure::new(FailureKind::Corrupt, "an event was stored nowhere"))
}

fn member_row(member: Member) -> MemberRow {
    let state = match member.state {
        MemberState::Active => "active",
        MemberState::Blocked => "blocked",
    };
    MemberRow {
        id: member.id,
        email: member.email,
        name: member.name,
        role: member.role.name().to_owned(),
        state: state.to_owned(),
        created_at: written(member.created_micros),
    }
}

fn token_row(token: Token) -> TokenRow {
    let state = match token.state {
        TokenState::Active => "active",
        TokenState::Expired => "expired",
        TokenState::Revoked => "revoked",
    };
    TokenRow {
        id: token.id,
        owner: token.owner,
        role: token.role.name().to_owned(),
        name: token.name,
        project: token.project,
        state: state.to_owned(),
        created_at: written(token.created_micros),
        expires_at: token.expires_micros.map(written),
    }
}

/// A time that a record holds; such times were checked when they were written.
fn written(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |time| time.to_string())
}
