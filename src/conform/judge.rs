//! Cases carried out: what is sent, and whether the answer is as it should be.

use std::future::Future;
use std::pin::Pin;

use super::judgement::{Judgement, Miss, Needs};
use super::kit::{Answered, Kit, Probe};
use super::message::{ECHO, Message, PASSWORD};
use super::reading::{Reading, outputs, verdict};
use crate::contract::raw::RawResult;
use crate::contract::{OperationInfo, SideEffect, Verdict};
use crate::secret::Secret;
use crate::soap::{FaultCode, SoapVersion};
use crate::xml::charset::Charset;
use crate::xml::escape;

/// Of a service that takes another web service password than the one that was given.
const REFUSED: &str = "the given password is refused (10.1)";

/// A case of its own kind, under way.
pub(super) type Under<'k> = Pin<Box<dyn Future<Output = Judgement> + Send + 'k>>;

/// In which version a case is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Soap {
    /// The one that is spoken, 1.1 rather than 1.2.
    Either,
    V11,
    V12,
}

/// What is expected of the answer to a varied request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expect {
    /// The plain request's answer.
    Same,
    /// The same; only where the answer to our password differs from the one to a wrong password does it
    /// show that the variables were read.
    Read,
    /// Anything but the answer to the plain request: nobody is let in.
    Shut,
    /// The answer to a wrong password: the call is answered, but nobody is let in.
    Denied,
    /// A fault at HTTP 500, of one of these codes.
    Fault(&'static [FaultCode]),
    /// This status, with an empty body.
    Empty(u16),
    /// A result, whatever it says.
    AnyResult,
}

/// How a case is carried out.
#[derive(Clone, Copy)]
pub(super) enum Check {
    /// The plain request, varied.
    Vary(Soap, fn(&mut Message), Expect),
    /// The plain request with these entries more, as XML, and how a service that echoes has read them, in
    /// this order.
    Echo(&'static str, &'static [&'static str]),
    /// A look at what was asked already.
    Seen(fn(&Kit) -> Judgement),
    /// Another request than the plain one.
    Own(for<'k> fn(&'k Kit) -> Under<'k>),
    /// The request of an operation, about nobody unless it is changed, and what its result must be. Of
    /// [`Needs::Plain`] and [`Needs::Password`] the answer is kept, and nothing can be changed.
    Call(&'static str, Needs, fn(&mut Message), fn(&Kit, &Answer<'_>) -> Judgement),
}

/// The result of an operation.
pub(super) struct Answer<'a> {
    pub(super) result: &'a RawResult,
    /// `None` where `Success` is false.
    pub(super) verdict: Option<Verdict>,
    /// In words.
    pub(super) said: String,
}

impl Answer<'_> {
    /// An output variable.
    pub(super) fn output(&self, key: &str) -> Option<&str> {
        // Of several, the last counts (wsdl/CONTRACT.md, section 3).
        let all = outputs(self.result).into_iter().rev();
        all.into_iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// The verdict is a yes.
    pub(super) fn is_yes(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Yes(_)))
    }
}

/// The plain request, varied, in the version that is spoken.
pub(super) const fn any(vary: fn(&mut Message), expect: Expect) -> Check {
    Check::Vary(Soap::Either, vary, expect)
}

/// In SOAP 1.1.
pub(super) const fn v11(vary: fn(&mut Message), expect: Expect) -> Check {
    Check::Vary(Soap::V11, vary, expect)
}

/// In SOAP 1.2.
pub(super) const fn v12(vary: fn(&mut Message), expect: Expect) -> Check {
    Check::Vary(Soap::V12, vary, expect)
}

impl Check {
    pub(super) async fn run(self, kit: &Kit) -> Judgement {
        match self {
            Self::Vary(soap, vary, expect) => kit.vary(soap, vary, expect).await,
            Self::Echo(entries, due) => kit.echo(entries, due).await,
            Self::Seen(look) => look(kit),
            Self::Own(own) => own(kit).await,
            Self::Call(operation, needs, change, expect) => {
                kit.call(operation, needs, change, expect).await
            }
        }
    }
}

impl Kit {
    async fn vary(&self, soap: Soap, vary: fn(&mut Message), expect: Expect) -> Judgement {
        let probe = self.probe()?;
        let mut message = self.plain_in(match soap {
            Soap::Either => probe.soap(),
            Soap::V11 => SoapVersion::V11,
            Soap::V12 => SoapVersion::V12,
        })?;
        if matches!(expect, Expect::Read | Expect::Shut | Expect::Denied) && !probe.tells {
            return Err(Miss::skipped(self.untold()));
        }
        vary(&mut message);
        if matches!(expect, Expect::Same | Expect::Read) && !self.arrives(&message) {
            return Err(Miss::skipped("in that charset, the web service password does not arrive"));
        }
        let answered = self.ask(message).await;
        self.expect(expect, &answered)
    }

    /// The plain request in a version, if it is answered there.
    pub(super) fn plain_in(&self, soap: SoapVersion) -> Result<Message, Miss> {
        let message = self.plain(soap)?;
        let is_plain = |second: &Answered| self.is_plain(&second.reading);
        match soap == self.probe()?.soap() || self.second.as_ref().is_some_and(is_plain) {
            true => Ok(message),
            false => {
                Err(Miss::skipped(format!("the plain request is not answered in SOAP {soap}")))
            }
        }
    }

    /// Is a password that is not ASCII still there when the request is read in its charset?
    fn arrives(&self, message: &Message) -> bool {
        let Some(password) = self.password.as_ref().map(Secret::expose) else { return true };
        let header = message.headers.iter().find(|(name, _)| name == "Content-Type");
        let charset = Charset::of_request(header.map_or("", |(_, value)| value));
        password.is_ascii()
            || charset
                .decode(&message.bytes(|mark| self.secret(mark)))
                .is_ok_and(|text| text.contains(&escape(password)))
    }

    /// Why it cannot be seen what the service has read.
    pub(super) fn untold(&self) -> &'static str {
        match self.password {
            None => "no web service password was given, so it cannot be seen what is read",
            Some(_) if self.is_refused() => REFUSED,
            Some(_) => {
                "a wrong web service password is answered as the right one, so it cannot be seen what is read"
            }
        }
    }

    pub(super) fn expect(&self, expect: Expect, answered: &Answered) -> Judgement {
        let Answered { exchange, reading } = answered;
        let words = reading.words(&self.mask);
        let miss =
            |due: &str| Err(Miss::of(exchange, format!("{due} is due; it answered {words}")));
        let Ok(got) = &exchange.got else { return Err(Miss::of(exchange, words)) };
        let (status, is_empty) = (got.response.status, got.response.body.is_empty());
        let body = if is_empty { "an empty body" } else { "a body" };
        let http = format!("HTTP {status} with {body}");
        match expect {
            Expect::Same | Expect::Read if self.is_plain(reading) => Ok(()),
            Expect::Same | Expect::Read => miss("the answer to the plain request"),
            Expect::Shut if self.is_plain(reading) => {
                Err(Miss::of(exchange, format!("it answered as to the right password: {words}")))
            }
            Expect::Shut => Ok(()),
            Expect::Denied => match self.probe()? {
                probe if self.is_like(&probe.wrong.reading, reading) || reading.is_denial() => {
                    Ok(())
                }
                _ => miss("the answer to a wrong password"),
            },
            Expect::Fault(codes) => match reading {
                Reading::Fault(fault) if !codes.contains(&fault.code) => {
                    let codes: Vec<_> = codes.iter().map(|code| format!("{code:?}")).collect();
                    miss(&format!("a fault ({})", codes.join(" or ")))
                }
                Reading::Fault(_) if status == 500 => Ok(()),
                Reading::Fault(_) => miss(&format!("HTTP 500 and not {status}")),
                _ => miss("a fault"),
            },
            Expect::Empty(due) if (status, is_empty) == (due, true) => Ok(()),
            Expect::Empty(due) => Err(Miss::of(
                exchange,
                format!("HTTP {due} with an empty body is due; it answered {http}"),
            )),
            Expect::AnyResult if reading.result().is_some() => Ok(()),
            Expect::AnyResult => miss("a result"),
        }
    }

    async fn echo(&self, entries: &str, due: &[&str]) -> Judgement {
        let mut message = self.plain_of_probe()?;
        if self.is_refused() {
            return Err(Miss::skipped(REFUSED));
        }
        if !self.echoes {
            return Err(Miss::skipped(
                "what is read cannot be seen: the service does not echo (diagnostic=echo)",
            ));
        }
        message.add(&format!("{ECHO}{entries}"));
        let Answered { exchange, reading } = &self.ask(message).await;
        let list = reading.result().and_then(|result| result.output_variables.as_ref().value());
        let mut given = list.into_iter().flat_map(|list| list.0.iter().flatten());
        match due.iter().find(|due| !given.any(|entry| entry == **due)) {
            None => Ok(()),
            Some(missing) => {
                Err(Miss::of(exchange, format!("{missing:?} was not read so, or not in order")))
            }
        }
    }

    async fn call(
        &self,
        operation: &'static str,
        needs: Needs,
        change: fn(&mut Message),
        expect: fn(&Kit, &Answer<'_>) -> Judgement,
    ) -> Judgement {
        let (info, mut message) = self.request(operation, needs)?;
        let trial = self.trials.iter().find(|trial| trial.info.name == operation);
        let kept = match needs {
            Needs::Plain => trial.and_then(|trial| trial.ours.clone()),
            Needs::Password => self.login.clone(),
            _ => None,
        };
        let answered = match kept {
            Some(kept) => kept,
            None => {
                change(&mut message);
                self.ask(message).await
            }
        };
        let Answered { exchange, reading } = &answered;
        let said = reading.words(&self.mask);
        let (Some(result), Ok(got)) = (reading.result(), &exchange.got) else {
            return Err(Miss::of(exchange, format!("a result is due; it answered {said}")));
        };
        let binding = self.binding(operation, exchange.sent.soap).cloned().unwrap_or_default();
        let verdict = verdict(info, &binding, &got.response, &self.mask);
        let verdict = verdict.map_err(|error| Miss::of(exchange, error))?;
        let answer = Answer { result, verdict, said };
        expect(self, &answer).map_err(|miss| match miss {
            Miss::Failed { why, exchange: None, .. } => Miss::of(exchange, why),
            miss => miss,
        })
    }

    /// The request of an operation, if all that it needs is there.
    pub(super) fn request(
        &self,
        operation: &str,
        needs: Needs,
    ) -> Result<(&'static OperationInfo, Message), Miss> {
        let Some(offer) = self.offers.iter().find(|offer| offer.info.name == operation) else {
            return Err(Miss::skipped(format!("the service has no {operation}")));
        };
        let info = offer.info;
        if info.side_effect == SideEffect::Mutating && !self.allow_changes {
            return Err(Miss::skipped(format!("{operation} changes something (--allow-changes)")));
        }
        if self.password.is_none() {
            return Err(Miss::skipped("no web service password was given"));
        }
        if self.probe.is_none() && self.has_readers() {
            return Err(Miss::skipped(self.no_probe()));
        }
        if needs == Needs::Leave && !self.allow_changes {
            return Err(Miss::skipped("where it works it may do harm (--allow-changes)"));
        }
        if let Some(trial) = self.trials.iter().find(|trial| trial.info.name == operation) {
            let ours = trial.ours.as_ref().map(|ours| &ours.reading);
            if needs != Needs::Plain && ours.is_some_and(|ours| ours.result().is_none()) {
                let why = format!("the plain request of {operation} is not answered with a result");
                return Err(Miss::skipped(why));
            }
            if self.is_refused() {
                return Err(Miss::skipped(REFUSED));
            }
            if ours.is_some_and(Reading::is_denial) {
                return Err(Miss::skipped(format!(
                    "{operation} refuses the web service password that was given"
                )));
            }
        }
        let soap = self.probe.as_ref().map_or(SoapVersion::V11, Probe::soap);
        let Some(binding) = self.binding(operation, soap) else {
            return Err(Miss::skipped(format!("{operation} is not offered in SOAP")));
        };
        let mut message = self.message(info, binding)?;
        if matches!(needs, Needs::User | Needs::Password | Needs::Entry) {
            let Some(user) = &self.user else {
                return Err(Miss::skipped("no user was given (--user)"));
            };
            message.set("loginUsername", &user.name);
            if needs != Needs::User {
                if user.password.is_none() {
                    return Err(Miss::skipped("no password of the user was given (--password)"));
                }
                message.set("loginPassword", &PASSWORD.to_string());
            }
            if needs == Needs::Entry && !self.login.as_ref().is_some_and(|login| self.is_yes(login))
            {
                return Err(Miss::skipped("the user is not let in with his password (14.1)"));
            }
        }
        Ok((info, message))
    }
}
