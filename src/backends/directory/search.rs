//! Searches, by the account or by the user, with their results told apart.

use super::message::{Answer, Entry, Scope, Search};
use super::servers::{Lease, Servers};
use super::{Cause, DirectoryError, Inner, Kind, filter};
use crate::explanation::Explanation;
use crate::secret::Secret;

/// Who searches.
pub(super) struct Searcher<'s> {
    directory: &'s str,
    servers: &'s Servers,
    /// The user, on the connection of its bind; else the account.
    user: Option<Lease<'s>>,
    /// The user's password, once a server has been given it.
    pub(super) sent: Option<&'s Secret>,
    explanation: &'s Explanation,
    /// The server of the last search.
    pub(super) server: Option<usize>,
    /// Without references to other domains: Active Directory knows the control.
    pub(super) domain_scope: bool,
    /// How often it searched.
    pub(super) count: usize,
}

impl<'s> Searcher<'s> {
    pub(super) fn new(inner: &'s Inner, explanation: &'s Explanation) -> Self {
        Self {
            directory: &inner.name,
            servers: &inner.servers,
            user: None,
            sent: None,
            explanation,
            server: None,
            domain_scope: inner.settings.kind == Kind::ActiveDirectory,
            count: 0,
        }
    }

    /// From now on, the user searches.
    pub(super) fn by_user(&mut self, user: Lease<'s>) {
        self.user = Some(user);
    }

    pub(super) fn error(&self, cause: Cause) -> DirectoryError {
        self.servers.error(self.server, cause)
    }

    /// What a server says, as it may be shown.
    pub(super) fn shown(&self, words: &str) -> String {
        self.servers.shown(words, self.sent)
    }

    /// The server of the last search.
    pub(super) fn url(&self) -> &str {
        self.server.map_or("no server", |number| &self.servers.get(number).url)
    }

    pub(super) fn encode(&self, text: &str) -> Result<Vec<u8>, DirectoryError> {
        let problem = |problem| self.error(Cause::Setting { key: "filter", problem });
        filter::encode(text).map_err(problem)
    }

    /// All entries that are found, or why there are none. Errors name `base`.
    pub(super) async fn search(
        &mut self,
        search: &Search<'_>,
        base: &str,
    ) -> Result<Vec<Entry>, DirectoryError> {
        let (entries, answer) = self.raw(search).await?;
        self.judge(&answer, base)?;
        Ok(entries)
    }

    /// What is found, with the answer as it is.
    pub(super) async fn raw(
        &mut self,
        search: &Search<'_>,
    ) -> Result<(Vec<Entry>, Answer), DirectoryError> {
        self.count += 1;
        if let Some(user) = &mut self.user {
            let within = self.servers.timeout();
            self.server = Some(user.number);
            let found = user.connection.search(search, within).await;
            return found.map_err(|cause| self.servers.error(self.server, cause));
        }
        let (entries, answer, server) = self.servers.search(search).await?;
        self.server = Some(server);
        Ok((entries, answer))
    }

    /// The entry of a DN of our own, if it can be seen.
    pub(super) async fn entry(
        &mut self,
        dn: &str,
        attributes: Vec<&str>,
    ) -> Result<Option<Entry>, DirectoryError> {
        self.entry_shown_as(dn, dn, attributes).await
    }

    /// The same of a DN that a server gave.
    pub(super) async fn entry_found(
        &mut self,
        dn: &str,
        attributes: Vec<&str>,
    ) -> Result<Option<Entry>, DirectoryError> {
        self.entry_shown_as(dn, &self.shown(dn), attributes).await
    }

    async fn entry_shown_as(
        &mut self,
        dn: &str,
        shown: &str,
        attributes: Vec<&str>,
    ) -> Result<Option<Entry>, DirectoryError> {
        let search = Search {
            base: dn,
            scope: Scope::Base,
            filter: self.encode("(objectClass=*)")?,
            attributes,
            limit: 0,
            domain_scope: false,
        };
        let (entries, answer) = self.raw(&search).await?;
        match answer.code {
            0 => Ok(entries.into_iter().next()),
            32 | 50 => {
                self.note(|| format!("entry {shown}: {answer}"));
                Ok(None)
            }
            _ => self.judge(&answer, shown).map(|()| None),
        }
    }

    pub(super) fn judge(&self, answer: &Answer, base: &str) -> Result<(), DirectoryError> {
        let said = answer.to_string();
        Err(self.error(match answer.code {
            0 => return Ok(()),
            4 => Cause::SizeLimit(said),
            10 | 32 | 34 => Cause::Base { base: base.to_owned(), answer: said },
            50 => Cause::Rights(said),
            8 | 13 => Cause::Unencrypted(said),
            _ => Cause::Answer { operation: "the search", answer: said },
        }))
    }

    /// Notes what the last server said.
    pub(super) fn note(&self, line: impl FnOnce() -> String) {
        self.explanation.note(|| {
            let server = self.server.map(|number| self.servers.get(number).url.as_str());
            let server = server.map(|url| format!("{url}: ")).unwrap_or_default();
            format!("directory {}: {server}{}", self.directory, line())
        });
    }

    /// The user's connection is done with.
    pub(super) async fn close(self) {
        if let Some(user) = self.user {
            user.connection.close().await;
        }
    }
}
