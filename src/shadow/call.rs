//! A call that went by: whether the candidate may see it, and how its answer compares.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::candidate::Candidate;
use super::conditions::Conditions;
use super::old_names::OldNames;
use super::options::ShadowOptions;
use crate::client::Destination;
use crate::compare::answers::{Parts, Place, Tolerance};
use crate::compare::canonical::path_and_query;
use crate::compare::judgement::{Judgement, says_ok};
use crate::compare::reading::Reading;
use crate::compare::tree::Tree;
use crate::compare::{BadPattern, Difference, Value};
use crate::contract::{Kind, OperationInfo, SideEffect};
use crate::fixture::Fixture;
use crate::fixture::builder::{Captured, FixtureBuilder};
use crate::http::{Answered, HttpRequest, HttpVersion, Outcome};
use crate::inspect::named;
use crate::record::recordable;
use crate::xml::charset::Charset;

/// A call and what the old service answered.
pub(super) struct Call {
    pub(super) request: HttpRequest,
    pub(super) version: HttpVersion,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
    pub(super) size: usize,
}

impl Call {
    /// How much memory one takes, about.
    pub(super) fn size(request: &HttpRequest, answer: Result<&Answered, &str>) -> usize {
        let headers = |headers: &crate::http::Headers| {
            headers.iter().map(|header| header.name.len() + header.value.len() + 64).sum::<usize>()
        };
        let answer = answer.map_or(0, |a| a.response.body.len() + headers(&a.response.headers));
        request.body.len() + request.target.len() + headers(&request.headers) + answer + 256
    }

    fn answer(&self) -> Result<&Answered, &str> {
        said(&self.outcome)
    }
}

fn said(outcome: &Outcome) -> Result<&Answered, &str> {
    match outcome {
        Outcome::Answered(answered) => Ok(answered),
        Outcome::Failed(why) => Err(why),
    }
}

/// What became of a call.
pub(super) enum Verdict {
    /// It was not compared: the operation where that is known, and why.
    NotCompared {
        operation: Option<String>,
        reason: String,
    },
    Compared(Box<Compared>),
}

/// Two answers beside each other.
pub(super) struct Compared {
    pub(super) operation: String,
    pub(super) old: Duration,
    pub(super) candidate: Duration,
    /// Without secrets.
    pub(super) differences: Vec<Difference>,
    /// Where they differ: both exchanges without secrets.
    pub(super) exchanges: Option<[Fixture; 2]>,
    /// The rules that hid differences.
    pub(super) hiding: BTreeSet<usize>,
    /// Were both sides there to answer?
    pub(super) is_answered: bool,
}

impl Verdict {
    fn not_compared(reason: impl Into<String>) -> Self {
        Self::NotCompared { operation: None, reason: reason.into() }
    }

    pub(super) fn of_a_shadow() -> Self {
        Self::not_compared("a shadow asks: does the candidate's URL lead back here?")
    }

    pub(super) fn bug() -> Self {
        Self::not_compared("the comparison broke off: this is a bug")
    }
}

/// What decides, and compares.
pub(super) struct Judge {
    old: String,
    destination: Destination,
    options: ShadowOptions,
    tolerance: Tolerance,
    names: OldNames,
    stop: Arc<Notify>,
}

impl Judge {
    pub(super) fn new(
        (old, destination): (String, Destination),
        candidate: &Candidate,
        mut options: ShadowOptions,
    ) -> Result<Self, BadPattern> {
        options.secrets.extend(candidate.password().cloned());
        let mut tolerance = Tolerance::new(&options.ignore)?;
        tolerance.namespace = candidate.namespace().map(str::to_owned);
        let (names, stop) = (OldNames::default(), Arc::default());
        Ok(Self { old, destination, options, tolerance, names, stop })
    }

    pub(super) fn conditions(&self) -> Conditions {
        Conditions::of(&self.options)
    }

    pub(super) fn old(&self) -> &str {
        &self.old
    }

    /// Ends the work.
    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    pub(super) fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let stop = Arc::clone(&self.stop);
        async move { stop.notified().await }
    }

    /// Asks the candidate, if it may see the call, and compares.
    pub(super) async fn judge(&self, call: &Call, candidate: &Candidate) -> Verdict {
        let request = &call.request;
        let sides = [("request", &request.headers, &request.body)].into_iter();
        let answer = call.answer().ok().map(|answered| &answered.response);
        let answer = answer.map(|answer| ("answer", &answer.headers, &answer.body));
        for (side, headers, body) in sides.chain(answer) {
            if let Err(error) = recordable(side, headers, body) {
                return Verdict::not_compared(error.to_string());
            }
        }
        let reading = Reading::new(request, &request.body);
        let (Some(operation), Some(_)) = reading.call(request) else {
            return Verdict::not_compared("not a SOAP call");
        };
        let known = match self.may_see(call, &operation, &reading, candidate).await {
            Ok(known) => known,
            Err(reason) => {
                return Verdict::NotCompared { operation: self.name(call, &operation), reason };
            }
        };
        let started = Instant::now();
        let asked = candidate.ask(request, call.answer()).await;
        let took = started.elapsed();
        let operation = known.map_or(operation, |info| info.name.to_owned());
        let mut verdict = match asked {
            Err(reason) => Verdict::NotCompared { operation: self.name(call, &operation), reason },
            Ok(answer) => self.compare(call, (operation, took), answer),
        };
        const PLACE: &str = "web service password";
        if let Verdict::Compared(compared) = &mut verdict
            && Judgement::of(call.answer().ok()) == Judgement::Accepted
            && candidate.refuses_password(request)
        {
            match self.tolerance.rule_of_place(PLACE) {
                Some(rule) => drop(compared.hiding.insert(rule)),
                None => compared.differences.push(Difference {
                    place: PLACE.to_owned(),
                    recorded: Value::text("the caller's is accepted"),
                    received: Value::text("the file has another"),
                }),
            }
        }
        verdict
    }

    /// May the candidate see the call? The error says why not.
    async fn may_see(
        &self,
        call: &Call,
        operation: &str,
        reading: &Reading,
        candidate: &Candidate,
    ) -> Result<Option<&'static OperationInfo>, String> {
        let path = path_and_query(&call.request.target).split('?').next().unwrap_or_default();
        if candidate.is_old_service(&self.destination, path) {
            return Err("the candidate is the old service itself: give its own URL".to_owned());
        }
        // Where the connection signs in, that comes before the service (RFC 9110, section 15.5.2).
        if let Ok(Answered { response, .. }) = call.answer()
            && matches!(response.status, 401 | 403 | 407)
        {
            return Err(format!("the old service asked for a sign-in (HTTP {})", response.status));
        }
        if is_ambiguous(&call.request) {
            return Err("it may name two operations, and a service chooses".to_owned());
        }
        let judgement = Judgement::of(call.answer().ok());
        if judgement == Judgement::Denied && !candidate.sees_the_password() {
            return Err("the old service refused the web service password".to_owned());
        }
        let (mut info, mut logs_in) = (None, None);
        // Action and body may name two: a service chooses one of them.
        for name in named(&call.request, Some(operation.to_owned())) {
            let found = match OperationInfo::named(&name) {
                // Callers choose paths: only those that speak SOAP have a WSDL.
                None if Parts::of(call.answer()).is_soap() => {
                    let client = || (self.options.old_client)(&format!("{}{path}", self.old));
                    self.names.operation(path, &name, client).await
                }
                found => found,
            };
            let changes = found.is_none_or(|info| info.side_effect == SideEffect::Mutating);
            let is_allowed = [Some(name.as_str()), found.map(|info| info.name)]
                .into_iter()
                .flatten()
                .any(|name| self.options.allow_changes.iter().any(|allowed| allowed == name));
            if changes && !is_allowed && !candidate.changes_nothing() {
                return Err(match found {
                    Some(_) => {
                        "it may change something (--allow-changes shows it all the same)".to_owned()
                    }
                    None => "the contract does not know it, so it may change something \
                             (--allow-changes shows it all the same)"
                        .to_owned(),
                });
            }
            info = found.filter(|_| name == operation).or(info);
            logs_in = found.map(|info| info.kind).filter(|kind| *kind == Kind::Login).or(logs_in);
        }
        let has_password =
            reading.canonical.variables().any(|v| v.key.eq_ignore_ascii_case("loginPassword"));
        let registers = info.is_some_and(|info| info.kind == Kind::Registration);
        let key = if registers { "Registration" } else { "Authentication" };
        let let_in = || {
            judgement == Judgement::Accepted
                && call.answer().is_ok_and(|answer| says_ok(answer, key))
        };
        if (has_password || logs_in.is_some()) && !let_in() {
            return Err("a login that the old service did not accept".to_owned());
        }
        Ok(info)
    }

    fn compare(
        &self,
        call: &Call,
        (operation, took): (String, Duration),
        answer: Outcome,
    ) -> Verdict {
        let silence = silence([call.answer(), said(&answer)]);
        let answer = match &answer {
            Outcome::Answered(answered) => {
                let response = &answered.response;
                match recordable("answer", &response.headers, &response.body) {
                    Ok(()) => answer,
                    Err(error) => Outcome::Failed(error.to_string()),
                }
            }
            Outcome::Failed(_) => answer,
        };
        let parts = [Parts::of(call.answer()), Parts::of(said(&answer))];
        let mut hiding = BTreeSet::new();
        let places = self.tolerance.places(&parts[0], &parts[1], &mut hiding);
        if places.is_empty() && !parts[0].is_soap() {
            // That both are silent, or show the same page, says nothing of what they answer.
            let reason = "the old service gave no answer in SOAP".to_owned();
            return Verdict::NotCompared { operation: self.name(call, &operation), reason };
        }
        let (mut differences, mut exchanges, mut operation) = (Vec::new(), None, operation);
        if !places.is_empty() {
            let (fixtures, name, overload) = self.redacted(call, &operation, (&answer, took));
            let masked = [0, 1].map(|side| Parts::of(said(&fixtures[side].outcome)));
            // A part is named and shown as it is without secrets.
            let has_twins =
                overload.is_none() && (0..2).all(|side| masked[side].is_twin(&parts[side]));
            differences = match has_twins {
                true => {
                    let shown = |place: &Place| place.difference(&masked[0], &masked[1]);
                    places.iter().filter_map(shown).collect()
                }
                false => vec![Difference {
                    place: "what cannot be shown without secrets".to_owned(),
                    recorded: Value::Secret,
                    received: Value::Secret,
                }],
            };
            if let Some(place) = silence {
                // A service that is away for a moment answers nothing otherwise.
                differences.sort_by_key(|difference| difference.place != "status");
                differences.truncate(1);
                differences.iter_mut().for_each(|one| one.place = place.to_owned());
            }
            // By the very words of the report, whatever they are.
            differences.retain(|difference| {
                let rule = self.tolerance.rule_of_place(&difference.place);
                hiding.extend(rule);
                rule.is_none()
            });
            operation = name;
            exchanges = (overload.is_none() && !differences.is_empty()).then_some(fixtures);
        }
        Verdict::Compared(Box::new(Compared {
            operation,
            old: call.took,
            candidate: took,
            differences,
            exchanges,
            hiding,
            is_answered: silence.is_none(),
        }))
    }

    /// What the report calls an operation whose answers are not compared.
    fn name(&self, call: &Call, operation: &str) -> Option<String> {
        if let Some(info) = OperationInfo::named(operation) {
            return Some(info.name.to_owned());
        }
        let (_, name, overload) = self.redacted(call, operation, (&call.outcome, call.took));
        overload.is_none().then_some(name)
    }

    /// Both exchanges and the operation's name without secrets, whichever side names them; why that cannot
    /// be relied on.
    fn redacted(
        &self,
        call: &Call,
        operation: &str,
        (answer, took): (&Outcome, Duration),
    ) -> ([Fixture; 2], String, Option<&'static str>) {
        let mut builder = FixtureBuilder::live(self.options.rules.clone());
        self.options.secrets.iter().for_each(|secret| builder.redactor.know(secret));
        let (version, recorded) = (call.version, jiff::Timestamp::now());
        let mut overload = None;
        let mut build = |outcome, took| {
            let captured = Captured { request: &call.request, version, outcome, recorded, took };
            let (fixture, _) = builder.build(&captured);
            overload = overload.or(builder.redactor.overload());
            fixture
        };
        // What only the candidate's answer shows to be a secret is one in the old one's, too.
        build(answer, took);
        let fixtures = [build(&call.outcome, call.took), build(answer, took)];
        // A name that the contract does not have is the caller's word.
        let name = match OperationInfo::named(operation) {
            Some(info) => info.name.to_owned(),
            None => builder.redactor.text(operation).chars().take(64).collect(),
        };
        (fixtures, name, overload)
    }
}

/// Which side was not there.
fn silence(answers: [Result<&Answered, &str>; 2]) -> Option<&'static str> {
    let is_silent = |answer: Result<&Answered, &str>| {
        answer.map_or(true, |answered| matches!(answered.response.status, 502..=504))
    };
    match answers.map(is_silent) {
        [false, false] => None,
        [false, true] => Some("no answer of the candidate"),
        [true, false] => Some("no answer of the old service"),
        [true, true] => Some("no answer of either"),
    }
}

/// Are there more actions or elements in the body than one? Services take the first, or the last.
fn is_ambiguous(request: &HttpRequest) -> bool {
    let all = |name: &str| {
        request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).count()
    };
    let content_type = request.headers.get("Content-Type").unwrap_or_default();
    let text = Charset::of_request(&content_type).decode(&request.body);
    let tree = text.as_deref().ok().map(|text| Tree::read_to_error(text).0);
    let elements = tree.and_then(|tree| Some(tree.elements(tree.body()?).count()));
    all("SOAPAction") > 1 || all("Content-Type") > 1 || elements.is_some_and(|count| count > 1)
}
