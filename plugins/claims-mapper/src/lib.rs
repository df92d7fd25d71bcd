//! Renames, copies, drops and composes claims.
//!
//! *Comes in:* the binding's `rules`, the claims of the draft.
//! *Goes out:* `set_claim` and `remove_claim`, in the order of the rules; each rule sees what those before it made.
//! *May fail:* what a rule needs and does not find skips it, or refuses the token where the binding says so.
//! *Must never know:* which claims the binding may set; the server says that.

mod template;

use std::collections::BTreeMap;

use claimsmith::{Context, Edits, Refusal, TokenDraft, Value, log};
use serde::Deserialize;
use template::Template;

/// What a binding says. `config.schema.json` is its description.
#[derive(Deserialize)]
struct Configuration {
    rules: Vec<Rule>,
    #[serde(default)]
    missing: Missing,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rule {
    Copy { from: String, to: String },
    Rename { from: String, to: String },
    Drop { claim: String },
    Template { to: String, text: Template },
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Missing {
    #[default]
    Skip,
    Refuse,
}

/// The plugin.
pub struct ClaimsMapper;

#[claimsmith::plugin(schema = "config.schema.json", fixtures = "fixtures.json")]
impl ClaimsMapper {
    fn access_token(context: &Context, draft: &TokenDraft) -> Result<Edits, Refusal> {
        let Configuration { rules, missing } = context.configuration();
        let mut mapping = Mapping::of(draft);
        for rule in &rules {
            let Err(Absent(name)) = mapping.apply(rule, context) else { continue };
            log::debug!("a rule needs `{name}`, which is not there");
            if missing == Missing::Refuse {
                return Err(Refusal::access_denied("a claim that this token needs cannot be made"));
            }
        }
        Ok(mapping.edits)
    }
}

/// What a rule needs and does not find.
struct Absent(String);

/// The claims as they stand after the rules so far, and the edits that made them so.
struct Mapping {
    claims: BTreeMap<String, Value>,
    edits: Edits,
}

impl Mapping {
    fn of(draft: &TokenDraft) -> Self {
        let claims = draft.claims.iter().map(|claim| (claim.name.clone(), claim.value.clone())).collect();
        Self { claims, edits: Edits::new() }
    }

    fn apply(&mut self, rule: &Rule, context: &Context) -> Result<(), Absent> {
        match rule {
            Rule::Copy { from, to } => self.set(to, self.value(from)?),
            Rule::Rename { from, to } => {
                self.set(to, self.value(from)?);
                self.remove(from);
            }
            Rule::Drop { claim } => self.remove(claim),
            Rule::Template { to, text } => {
                let text = text.render(|placeholder| placeholder.resolve(context, &self.claims)).map_err(Absent)?;
                self.set(to, text.into());
            }
        }
        Ok(())
    }

    fn value(&self, claim: &str) -> Result<Value, Absent> {
        self.claims.get(claim).cloned().ok_or_else(|| Absent(claim.to_owned()))
    }

    fn set(&mut self, claim: &str, value: Value) {
        self.edits.set_claim(claim, value.clone());
        self.claims.insert(claim.to_owned(), value);
    }

    fn remove(&mut self, claim: &str) {
        if self.claims.remove(claim).is_some() {
            self.edits.remove_claim(claim);
        }
    }
}
