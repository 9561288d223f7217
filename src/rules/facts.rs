//! What a call is decided by: the request, and what was found out for it.

use std::collections::BTreeMap;

use super::Rows;
use crate::contract::{
    AUTH_PASSWORD, GetCustomFieldOptions, Interaction, Kind, Operation, Page, Sink, Variables,
    may_be_secret,
};

/// What rules see of a call. Passwords are not in it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The kind of provider that is asked.
    pub kind: Kind,
    /// The request's variables by their names on the wire, custom fields left out. Those that the
    /// request does not have are absent.
    pub variables: Variables,
    /// The request's custom fields, by their names without `cf_`.
    pub custom_fields: Variables,
    /// The page of the form; of `GetCustomFieldOptions` alone.
    pub page: Option<Page>,
    /// What the form, the ticket or the chat starts; `None` of other kinds.
    pub interaction: Option<Interaction>,
    /// What look-ups found, by their names.
    pub lookups: BTreeMap<String, Rows>,
    /// The user's groups; none where nobody knows them.
    pub groups: Vec<String>,
}

impl Facts {
    /// What a request says; look-ups and groups are for the caller to add.
    ///
    /// Variables and custom fields whose names say that they hold a secret
    /// ([`may_be_secret`]: `authPW`, `loginPassword`, `password`) are left out.
    pub fn of<T: Operation>(request: &T) -> Self {
        let mut inputs = Inputs::default();
        request.write_inputs(&mut inputs);
        let form = GetCustomFieldOptions::read_inputs(inputs.variables.clone()).unwrap_or_default();
        let is_form = T::KIND == Kind::CustomFields;
        Self {
            kind: T::KIND,
            page: is_form.then(|| form.page()),
            interaction: match T::KIND {
                Kind::CustomFields => Some(form.interaction()),
                Kind::Ticket => Some(Interaction::Ticket),
                Kind::LiveChat => Some(Interaction::Chat),
                _ => None,
            },
            variables: inputs.variables,
            custom_fields: inputs.custom_fields,
            lookups: BTreeMap::new(),
            groups: Vec::new(),
        }
    }
}

/// Collects the inputs of a request.
#[derive(Default)]
struct Inputs {
    variables: Variables,
    custom_fields: Variables,
}

impl Sink for Inputs {
    fn put(&mut self, key: &'static str, value: &str) {
        if key != AUTH_PASSWORD && !may_be_secret(key) {
            self.variables.push(key, value);
        }
    }

    fn put_custom_field(&mut self, entry: &str) {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        if !may_be_secret(name) {
            self.custom_fields.push(name, value);
        }
    }

    fn put_other(&mut self, entry: &str) {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        if !may_be_secret(name) {
            self.variables.push(name, value);
        }
    }

    fn refuse(&mut self, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Authenticate, RegisterUser, StartTicket};

    #[test]
    fn absent_and_empty_are_two_things_and_passwords_are_left_out() {
        let ticket = StartTicket {
            subject: Some(String::new()),
            custom_fields: [("Server", "web=1"), ("Password", "hunter2")].into(),
            other: [("authPW", "hunter2"), ("site", "7")].into(),
            ..Default::default()
        };
        let facts = Facts::of(&ticket);
        assert_eq!(facts.variables, [("subject", ""), ("site", "7")].into());
        assert_eq!(facts.custom_fields, [("Server", "web=1")].into());
        assert_eq!(facts.interaction, Some(Interaction::Ticket));

        let login = Authenticate {
            login_username: "ann".to_owned(),
            login_password: "hunter2".into(),
            other: [("LoginPasword", "hunter2")].into(),
        };
        assert_eq!(Facts::of(&login).variables, [("loginUsername", "ann")].into());
        let user = RegisterUser { login_password: "hunter2".into(), ..Default::default() };
        assert_eq!(Facts::of(&user).variables, [("loginUsername", "")].into());
    }

    #[test]
    fn page_and_interaction_are_what_the_contract_makes_of_the_request() {
        for (location, interaction) in [
            (None, None),
            (Some("pre"), Some("ticket")),
            (Some("REGULAR"), Some("")),
            (Some(""), Some("other")),
        ] {
            let form = GetCustomFieldOptions {
                location: location.map(str::to_owned),
                interaction_type: interaction.map(str::to_owned),
                ..Default::default()
            };
            let facts = Facts::of(&form);
            assert_eq!(facts.page, Some(form.page()), "{location:?}");
            assert_eq!(facts.interaction, Some(form.interaction()), "{interaction:?}");
        }
    }
}
