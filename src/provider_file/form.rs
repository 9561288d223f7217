//! Custom fields, and what an agent should know about a customer.

use super::current::{Current, Manner};
use super::model::Rules;
use crate::contract::{
    Answer, CustomFieldChange, CustomFieldOptions, GetCustomFieldOptions, GetUserInfo,
    ProviderResult, UserInformation, Variables,
};

impl Current {
    /// Decides which fields a form shows: what rules say, then the rest as the old service has it.
    pub(super) async fn form(
        &self,
        rules: &Rules,
        request: GetCustomFieldOptions,
        manner: &Manner,
    ) -> ProviderResult<GetCustomFieldOptions> {
        let facts = self.facts(&request, &rules.rules, manner).await?;
        let decision = self.decide(&rules.rules, &facts, manner)?;
        let ours = CustomFieldOptions {
            can_start_tickets: decision.can_start_tickets,
            can_start_chats: decision.can_start_chats,
            items: decision.changes,
        };
        if !rules.otherwise.is_elsewhere() {
            let (message, other) = (decision.message, Variables::new());
            return Ok(Answer { result: ours, message, other });
        }
        let Answer { result: old, message, other } = self.elsewhere(request, manner).await?;
        let result = CustomFieldOptions {
            can_start_tickets: ours.can_start_tickets.or(old.can_start_tickets),
            can_start_chats: ours.can_start_chats.or(old.can_start_chats),
            items: merged(ours.items, old.items),
        };
        Ok(Answer { result, message: decision.message.or(message), other })
    }

    /// Looks a customer up: the rows of the file, then those of the old service with other names.
    pub(super) async fn information(
        &self,
        rules: &Rules,
        request: GetUserInfo,
        manner: &Manner,
    ) -> ProviderResult<GetUserInfo> {
        let facts = self.facts(&request, &rules.rules, manner).await?;
        let mut rows = self.decide(&rules.rules, &facts, manner)?.rows;
        let (mut message, mut other) = (None, Variables::new());
        if rules.otherwise.is_elsewhere() {
            let answer = self.elsewhere(request, manner).await?;
            (message, other) = (answer.message, answer.other);
            if let UserInformation::Found { rows: old } = answer.result {
                let new: Vec<_> = old.iter().filter(|(name, _)| rows.get(name).is_none()).collect();
                rows.extend(new);
            }
        }
        let result = match rows.is_empty() {
            true => UserInformation::NotFound,
            false => UserInformation::Found { rows },
        };
        Ok(Answer { result, message, other })
    }
}

/// Changes of fields, by their names: what ours say wins, property by property.
fn merged(ours: Vec<CustomFieldChange>, old: Vec<CustomFieldChange>) -> Vec<CustomFieldChange> {
    let mut all = old;
    for change in ours {
        match all.iter_mut().find(|other| other.name == change.name) {
            Some(other) => {
                other.visible = change.visible.or(other.visible);
                other.required = change.required.or(other.required);
                other.options = change.options.or(other.options.take());
                other.display_with_information_lookup |= change.display_with_information_lookup;
            }
            None => all.push(change),
        }
    }
    all
}
