//! A provider of all kinds, as its file says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use super::answer::Answered;
use super::current::{Current, Manner};
use super::delivery::{EventDelivery, deliver};
use super::examples::ExampleOutcome;
use super::model::StoreSection;
use super::sinks::Sinks;
use super::{HostedService, LoadError, ProviderFile, forward};
use crate::contract::handlers::{answers, every_kind};
use crate::contract::{Kind, ProviderResult};
use crate::doctor::Report;
use crate::explanation::Explanation;
use crate::host::{Host, HostBuilder, Service};
use crate::in_force::{self, InForce};
use crate::login_page::LoginPage;
use crate::outbox::{Store, StoreError};
use crate::secret::Secret;
use crate::settings::{SettingsError, line};

/// What a file says, at work: it implements the traits of all kinds. Cheap to clone: clones are the
/// same.
#[derive(Debug, Clone)]
pub struct Provider(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    in_force: Arc<InForce<Current>>,
    /// Says when another file is in force.
    changed: watch::Sender<()>,
    /// How hosts of it are answered.
    manner: Manner,
}

impl Provider {
    /// Puts a file in force. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Something cannot be used as the file says.
    pub fn new(file: ProviderFile) -> Result<Self, LoadError> {
        Ok(Self::of(InForce::new(Current::new(file, None)?), Manner::default()))
    }

    pub(super) fn of(in_force: InForce<Current>, manner: Manner) -> Self {
        let (in_force, changed) = (Arc::new(in_force), watch::Sender::new(()));
        Self(Arc::new(Shared { in_force, changed, manner }))
    }

    /// Loads a file, logs what it [warns of](ProviderFile::warnings), and puts it in force.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let file = ProviderFile::load(path)?;
        log_warnings(&file);
        Self::new(file)
    }

    /// The same as it is now: what is put in force later does not change it. A host of it answers as one
    /// file says in everything, and [`Host::replace`] goes over to the next file in one step.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self::of(InForce::of(self.current()), Manner::default())
    }

    /// What the file in force says of the service.
    pub fn service(&self) -> HostedService {
        self.current().file.service.clone()
    }

    /// The kinds that the file in force provides: those whose section is there.
    pub fn kinds(&self) -> Vec<Kind> {
        self.current().file.kinds.provided().collect()
    }

    /// Which old service or sink is the one at this address and path, in words, if there is one: a loop.
    pub fn loops_to(&self, address: SocketAddr, path: &str) -> Option<String> {
        let current = self.current();
        forward::loops_to(&current.file, address, path).map(|found| found.to_string())
    }

    /// Delivers the events that are kept to the file's sinks, and those that come, until what is returned
    /// is [stopped](EventDelivery::stop) or dropped. A file that is put in force later is followed: sinks
    /// whose settings are the same go on, others begin when the deliveries of the old one have ended. To
    /// be called inside a tokio runtime, once for each host.
    ///
    /// Without it, events are taken and kept all the same. A PostgreSQL server that cannot be reached is
    /// logged: until it is there, events are refused.
    ///
    /// # Errors
    ///
    /// The store cannot be used: another program's file, one of a newer version, one that cannot be
    /// written, or is in use by another host.
    pub async fn deliver_events(&self) -> Result<EventDelivery, StoreError> {
        deliver(Arc::clone(&self.0.in_force), self.0.changed.subscribe()).await
    }

    /// Where the file in force keeps events; `None` where it has no store.
    pub fn event_store(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::clone(self.current().sinks.as_ref()?.outbox.store()))
    }

    /// The file in which the file in force keeps events, if it does not name a database for that.
    pub fn event_store_file(&self) -> Option<PathBuf> {
        match &self.current().sinks.as_ref()?.place {
            StoreSection::File(path) => Some(path.clone()),
            StoreSection::Database(_) => None,
        }
    }

    /// The names of the file's sinks.
    pub fn event_sinks(&self) -> Vec<String> {
        let current = self.current();
        let sinks = current.sinks.iter().flat_map(|sinks| &sinks.sinks);
        sinks.map(|(name, ..)| name.clone()).collect()
    }

    /// A host of the service as the file in force says, with the kinds that it provides and the login page,
    /// if there is one; `password` is the web service password where the file has none. The page stays as it
    /// is now, while its logins follow reloads: host a [`snapshot`](Self::snapshot), and replace it.
    pub fn host(&self, password: Secret) -> HostBuilder {
        let current = self.current();
        let HostedService { path, namespace, password: own, previous_password, allow, .. } =
            current.file.service.clone();
        let mut service = Service::new(path, own.unwrap_or(password)).namespace(namespace);
        if let Some(previous) = previous_password {
            service = service.previous_password(previous);
        }
        let mut host = Host::builder().service(self.provided_by(service));
        if let Some(page) = current.file.login_page.clone() {
            let throttle = Arc::clone(&current.page_throttle);
            host = host.site(Arc::new(LoginPage::new(page, throttle, self.clone())));
        }
        match allow {
            Some(networks) => host.allow(networks),
            None => host,
        }
    }

    /// A service with the kinds that the file in force provides.
    pub(super) fn provided_by(&self, mut service: Service) -> Service {
        for kind in self.current().file.kinds.provided() {
            let provider = self.clone();
            service = match kind {
                Kind::Login => service.login(provider),
                Kind::CustomFields => service.custom_fields(provider),
                Kind::Ticket => service.ticket(provider),
                Kind::LiveChat => service.live_chat(provider),
                Kind::UserInformation => service.user_information(provider),
                Kind::Events => service.events(provider),
                Kind::Registration => service.registration(provider),
            };
        }
        service
    }

    /// Answers a request, and notes every server that is asked, what it says, and every rule with its
    /// values. Nothing is changed: effects are left out, and so are calls of the old service that
    /// could change something there.
    pub async fn explain<T: Answered>(
        &self,
        request: T,
        explanation: &Explanation,
    ) -> ProviderResult<T> {
        let manner = Manner { explanation: explanation.clone(), dry: true, ..Manner::default() };
        request.answer(&self.current(), &manner).await
    }

    /// Looks at what needs no network: the service's own certificate, and the login page, if there are any.
    pub fn check_service(&self) -> Vec<Report> {
        self.current().check_service()
    }

    /// Looks at the service's own certificate and login page, and at every server step by step: directories, databases with
    /// each statement that is asked of them, the store of events, sinks, old services. `user` is one whom the directories should know.
    pub async fn check(&self, user: Option<&str>) -> Vec<Report> {
        self.current().check(user).await
    }

    /// Asks the databases which columns the look-ups have, and reads the file again with that in mind;
    /// of a provider without a file, nothing is asked.
    ///
    /// # Errors
    ///
    /// Rules, texts and logins name columns that there are not, each with its line.
    pub async fn check_columns(&self) -> Result<(), SettingsError> {
        self.current().check_columns().await
    }

    /// Tries the file's examples. Nothing is changed; look-ups that an example does not stand in for are
    /// made.
    pub async fn test(&self) -> Vec<ExampleOutcome> {
        self.current().examples().await
    }

    /// Loads the file in force again and puts it in force, all at once. Directories, databases and old
    /// services whose settings are the same keep their connections, limits, throttles and breakers, look-ups
    /// the answers that they may use again; calls under way end with the old file, and so do deliveries to
    /// sinks that changed. Where events are kept cannot change. What happened is logged.
    ///
    /// # Errors
    ///
    /// The old file stays in force, whatever the error.
    pub async fn reload(&self) -> Result<(), LoadError> {
        self.reload_if(|_| Ok(())).await
    }

    /// The same, unless `may` says that the service cannot become what the file says of it: then nothing
    /// of it is put in force.
    pub async fn reload_if(
        &self,
        may: impl FnOnce(&HostedService) -> Result<(), String> + Send + 'static,
    ) -> Result<(), LoadError> {
        let path = self.current().file.file.clone().ok_or(LoadError::NoFile)?;
        let shown = path.display().to_string();
        let in_force = Arc::clone(&self.0.in_force);
        let runtime = tokio::runtime::Handle::current();
        // Files may be slow, and so is reading the certificates that the system trusts.
        let reading = tokio::task::spawn_blocking(move || {
            in_force.replace(|old| {
                let file = ProviderFile::load(&path)?;
                may(&file.service).map_err(LoadError::Refused)?;
                log_warnings(&file);
                let new = Current::new(file, Some(old))?;
                runtime.block_on(Sinks::succeed(new.sinks.as_ref(), old.sinks.as_ref()))?;
                Ok(new)
            })
        });
        let result = reading.await.unwrap_or(Err(LoadError::Unfinished));
        self.0.changed.send_replace(());
        in_force::log(("provider's file", "the old one stays"), &shown, &result);
        result
    }

    /// Puts another file in force, as [`reload`](Self::reload) does.
    ///
    /// # Errors
    ///
    /// Something cannot be used as it says. The old one stays in force.
    pub fn replace(&self, file: ProviderFile) -> Result<(), LoadError> {
        let replaced = self.0.in_force.replace(|old| Current::new(file, Some(old)));
        self.0.changed.send_replace(());
        replaced
    }

    /// Reloads on every SIGHUP from now on, as long as there is this `Provider` or a clone of it. Errors
    /// are logged. To be called inside a tokio runtime, which must have signals enabled.
    ///
    /// # Errors
    ///
    /// The signal cannot be listened to.
    #[cfg(unix)]
    pub fn reload_on_sighup(&self) -> std::io::Result<()> {
        // What happened is logged there.
        in_force::on_sighup(&self.0, async |shared| drop(Self(shared).reload().await))
    }

    /// The file in force, for people.
    pub(crate) fn name(&self) -> String {
        self.current().file.name()
    }

    pub(super) fn current(&self) -> Arc<Current> {
        self.0.in_force.get()
    }

    async fn answer<T: Answered>(&self, request: T) -> ProviderResult<T> {
        request.answer(&self.current(), &self.0.manner).await
    }
}

/// Logs what a file warns of.
fn log_warnings(file: &ProviderFile) {
    let name = file.name();
    for warning in file.warnings() {
        tracing::warn!("{}", line(&name, warning));
    }
}

every_kind!(answers!(Provider,));
