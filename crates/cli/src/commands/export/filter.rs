//! Which events are to be exported.

use clap::Args;
use docket_event::{Field, Filter, Group, Outcome, Span, Test, Timestamp, usual_address};

/// Limits of an export. Each option can be given several times, which means or; all of them must hold.
#[derive(Clone, Debug, Default, Args)]
pub struct FilterArgs {
    /// Type of the event, such as project.created or api_key.*
    #[arg(
        long = "type",
        value_name = "TYPE",
        env = "DOCKET_EXPORT_TYPE",
        hide_env_values = true
    )]
    #[arg(value_delimiter = ',')]
    types: Vec<String>,
    /// Id or e-mail address of the actor
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_EXPORT_ACTOR",
        hide_env_values = true
    )]
    actor: Vec<String>,
    /// Id of the project
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_EXPORT_PROJECT",
        hide_env_values = true
    )]
    project: Vec<String>,
    /// Id of something that was acted upon
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_EXPORT_TARGET",
        hide_env_values = true
    )]
    target: Vec<String>,
    /// success or failure
    #[arg(long, env = "DOCKET_EXPORT_OUTCOME", hide_env_values = true)]
    #[arg(value_parser = Outcome::parse)]
    outcome: Option<Outcome>,
    /// Where events came in, such as openai
    #[arg(
        long,
        value_name = "SURFACE",
        env = "DOCKET_EXPORT_ORIGIN",
        hide_env_values = true
    )]
    origin: Vec<String>,
    /// Network address of the source
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "DOCKET_EXPORT_IP",
        hide_env_values = true
    )]
    ip: Vec<String>,
    /// Id of the request
    #[arg(
        long,
        value_name = "ID",
        env = "DOCKET_EXPORT_REQUEST_ID",
        hide_env_values = true
    )]
    request_id: Vec<String>,
    /// Happened at this time or later, such as 2026-11-20T00:00:00Z
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_EXPORT_FROM",
        hide_env_values = true
    )]
    #[arg(value_parser = Timestamp::parse)]
    from: Option<Timestamp>,
    /// Happened before this time
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_EXPORT_TO",
        hide_env_values = true
    )]
    #[arg(value_parser = Timestamp::parse)]
    to: Option<Timestamp>,
    /// Recorded at this time or later
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_EXPORT_RECORDED_FROM",
        hide_env_values = true
    )]
    #[arg(value_parser = Timestamp::parse)]
    recorded_from: Option<Timestamp>,
    /// Recorded before this time
    #[arg(
        long,
        value_name = "TIME",
        env = "DOCKET_EXPORT_RECORDED_TO",
        hide_env_values = true
    )]
    #[arg(value_parser = Timestamp::parse)]
    recorded_to: Option<Timestamp>,
}

impl FilterArgs {
    /// The filter.
    pub fn filter(&self) -> Filter {
        let mut filter = Filter {
            groups: Vec::new(),
            occurred: span(self.from, self.to),
            recorded: span(self.recorded_from, self.recorded_to),
        };
        let types = self.types.iter().map(|name| type_test(name));
        let actors = self.actor.iter().flat_map(|actor| {
            let email = Test::Is(Field::ActorEmail, actor.to_ascii_lowercase());
            [Test::Is(Field::ActorId, actor.clone()), email]
        });
        for group in [Group::any(types), Group::any(actors)] {
            if !group.any.is_empty() {
                filter.groups.push(group);
            }
        }
        filter
            .with(Field::ProjectId, &self.project)
            .with(Field::TargetId, &self.target)
            .with(Field::Outcome, self.outcome.map(Outcome::word))
            .with(Field::Origin, &self.origin)
            .with(Field::SourceIp, self.ip.iter().map(|ip| usual_address(ip)))
            .with(Field::RequestId, &self.request_id)
    }

    /// The limits as they were written, for the event that tells of the export.
    pub fn words(&self) -> Vec<(String, String)> {
        let lists = [
            ("type", &self.types),
            ("actor", &self.actor),
            ("project", &self.project),
            ("target", &self.target),
            ("origin", &self.origin),
            ("ip", &self.ip),
            ("request_id", &self.request_id),
        ];
        let listed = lists.into_iter().flat_map(|(name, values)| {
            values
                .iter()
                .map(move |value| (name.to_owned(), value.clone()))
        });
        let times = [
            ("from", self.from),
            ("to", self.to),
            ("recorded_from", self.recorded_from),
            ("recorded_to", self.recorded_to),
        ];
        let timed = times
            .into_iter()
            .filter_map(|(name, time)| Some((name.to_owned(), time?.to_string())));
        let outcome = self
            .outcome
            .map(|outcome| ("outcome".to_owned(), outcome.word().to_owned()));
        listed.chain(outcome).chain(timed).collect()
    }
}

fn type_test(name: &str) -> Test {
    match name.strip_suffix('*') {
        Some(prefix) => Test::TypeStartsWith(prefix.to_owned()),
        None => Test::Is(Field::Type, name.to_owned()),
    }
}

/// Events are compared by their microsecond. Both bounds become the first one that is not before them, so
/// that spans that share a bound leave nothing out and take nothing twice.
fn span(from: Option<Timestamp>, to: Option<Timestamp>) -> Span {
    Span {
        from: from.map(Timestamp::micros_up),
        to: to.map(Timestamp::micros_up),
    }
}
