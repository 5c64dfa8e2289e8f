//! Reads query parameters one by one, and says of each wrong one what to write instead.

use docket_event::{FAULTS_MAX, Fault};
use docket_surfaces_kit::{Asked, query};

use crate::error::Problem;

/// The parameters of one request, each of which is asked for once; what nobody asked for is unknown.
pub struct Parameters {
    pairs: Vec<Option<(String, String)>>,
    known: Vec<String>,
    faults: Vec<Fault>,
}

impl Parameters {
    /// The parameters of a request.
    pub fn of(asked: &Asked) -> Result<Self, Problem> {
        Parameters::read(asked.query()).map_err(|fault| Problem::parameters(vec![fault]))
    }

    /// The parameters of a query string.
    pub fn read(query: &str) -> Result<Self, Fault> {
        let pairs = query::pairs(query).map_err(|error| Fault::new("", error.to_string()))?;
        Ok(Parameters::given(pairs))
    }

    /// Parameters that came another way than in a query string.
    pub fn given(pairs: Vec<(String, String)>) -> Self {
        Parameters {
            pairs: pairs.into_iter().map(Some).collect(),
            known: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// All values of the parameter `name`.
    pub fn all(&mut self, name: &str) -> Vec<String> {
        self.known.push(name.to_owned());
        let named = |pair: &&mut Option<(String, String)>| {
            pair.as_ref().is_some_and(|(known, _)| known == name)
        };
        let values = self.pairs.iter_mut().filter(named).filter_map(Option::take);
        let values: Vec<String> = values.map(|(_, value)| value).collect();
        if values.iter().any(String::is_empty) {
            self.fault(name, "is empty; give it a value or leave it out");
        }
        values
    }

    /// The value of a parameter that stands at most once, read by `read`.
    pub fn one<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let values = self.all(name);
        let [value] = values.as_slice() else {
            if !values.is_empty() {
                self.fault(name, "stands more than once");
            }
            return None;
        };
        if value.is_empty() {
            return None;
        }
        match read(value) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.fault(name, reason);
                None
            }
        }
    }

    /// Notes that the parameter `name` is wrong.
    pub fn fault(&mut self, name: &str, reason: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault::new(name, reason));
        }
    }

    /// Nothing may be wrong and nothing left over.
    pub fn finish(self) -> Result<(), Problem> {
        let faults = self.faults();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::parameters(faults))
        }
    }

    /// All that is wrong, and all that is left over.
    pub fn faults(mut self) -> Vec<Fault> {
        let left: Vec<String> = self
            .pairs
            .iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        for name in left {
            let shown: String = name.chars().take(40).collect();
            let nearest = query::nearest(&name, self.known.iter().map(String::as_str));
            let reason = match nearest {
                Some(nearest) => format!("is no parameter here; the nearest one is `{nearest}`"),
                None => "is no parameter here; this address takes none".to_owned(),
            };
            self.fault(&shown, reason);
        }
        self.faults
    }
}
