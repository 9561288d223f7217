//! What a file would answer to a call that an old service has answered already: nothing is changed.

use super::Provider;
use super::current::{Current, FAILED, Manner};
use super::old_answer::OldAnswer;
use crate::contract::{Kind, Operation, ProviderError, ProviderResult};
use crate::error_chain::error_chain;
use crate::explanation::Explanation;
use crate::host::{Host, Service};
use crate::http::{HttpRequest, HttpResponse};
use crate::in_force::InForce;
use crate::secret::Secret;

/// What a file would answer.
pub(crate) struct Rehearsal {
    pub(crate) response: HttpResponse,
    /// What was not asked or done, so that the answer may be another one.
    pub(crate) left_open: Option<String>,
}

impl Provider {
    /// Answers a call at this path by callers with this password, as a host of the file in force would:
    /// directories are asked, look-ups and questions to endpoints made, but statements with an effect are
    /// not run and no sink is told; in place of the old service stands what it has answered. The error
    /// says why there is no answer.
    pub(crate) async fn rehearse(
        &self,
        request: &HttpRequest,
        (path, password): (&str, Secret),
        old: OldAnswer,
    ) -> Result<Rehearsal, String> {
        let explanation = Explanation::wanted();
        let manner = Manner {
            explanation: explanation.clone(),
            dry: true,
            old: Some(old),
            ..Manner::default()
        };
        let rehearsed = Self::of(InForce::of(self.current()), manner);
        let service = Service::new(path, password).namespace(self.service().namespace);
        let host = Host::builder().service(rehearsed.provided_by(service)).build();
        let host = host.map_err(|error| error_chain(&error))?;
        let response = host.answer(request).await;
        let response = response.ok_or_else(|| "there is no such path".to_owned())?;
        Ok(Rehearsal { response, left_open: explanation.left_open() })
    }
}

impl Manner {
    /// May whoever is asked about the rest be asked about what changes something?
    pub(super) fn may_change(&self, current: &Current, kind: Kind) -> bool {
        !self.dry || self.old.is_some() && !current.endpoints.contains_key(&kind)
    }

    /// What an old service has said in place of what it would be asked.
    pub(super) fn answered<T: Operation>(&self) -> Option<ProviderResult<T>> {
        let old = self.old.as_ref()?;
        // Its words may hold secrets that are not known here: they are not logged.
        let failed = |why: &str| {
            self.explanation.note(|| format!("failed: the old service: {why}"));
            Err(ProviderError::failure(FAILED))
        };
        Some(match old.read::<T>() {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(declined)) if !declined.is_permission_denied() => {
                Err(ProviderError::Failure(declined))
            }
            Ok(Err(_)) => failed("it refused the web service password"),
            Err(why) => failed(&why),
        })
    }
}
