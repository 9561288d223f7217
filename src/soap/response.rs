//! Answers: `encode_response` and `decode_response`.

use super::error::{DecodeError, EncodeError, MalformedError, Problem};
use super::fault::Fault;
use super::non_soap::NonSoapResponse;
use super::read::{
    Located, Other, Types, check_type, is_nil, read_bool, read_header, read_list, read_string,
};
use super::version::{answer_headers, root};
use super::{Binding, Limits, SoapVersion};
use crate::contract::raw::{Presence, RawCustomFieldData, RawResult, StringList};
use crate::contract::{Answer, Failure, Operation, OperationResult as _, Variables};
use crate::http::HttpResponse;
use crate::secret::Mask;
use crate::xml::charset::Charset;
use crate::xml::{Reader, Writer};

impl Binding {
    /// The HTTP answer that carries an operation's answer or failure, byte for byte as ASMX writes
    /// it. (For a fault, see [`Fault::encode`].)
    pub fn encode_response<T: Operation>(
        &self,
        answer: Result<&Answer<T::Result>, &Failure>,
    ) -> Result<HttpResponse, EncodeError> {
        let body = match answer {
            Ok(answer) => self.write_answer::<T>(answer)?,
            Err(failure) => self.write_failure::<T>(failure)?,
        };
        Ok(success(self.version(), body))
    }

    /// The HTTP answer that carries a raw result.
    pub fn encode_raw_response(
        &self,
        operation: &'static str,
        result: &Presence<RawResult>,
    ) -> Result<HttpResponse, EncodeError> {
        Ok(success(self.version(), self.write_raw_result(operation, result, Writer::default())?))
    }

    /// Reads the answer to an operation: its result, or the provider's own failure
    /// (`Success=false`).
    ///
    /// Either SOAP version is read, whichever was sent. `mask` knows the secrets of the call; they
    /// are taken out of every text that an error, a fault or a failure carries.
    pub fn decode_response<T: Operation>(
        &self,
        response: &HttpResponse,
        mask: &Mask,
    ) -> Result<Result<Answer<T::Result>, Failure>, DecodeError> {
        let malformed = |inside: &str, problem: Problem| {
            let path =
                format!("Envelope/Body/{0}Response/{0}Result{inside}", self.wire_name(T::NAME));
            Box::new(MalformedError { operation: T::NAME, path, problem })
        };
        let Found { result, other } = self.find_result(T::NAME, response, mask)?;
        let result = match (result, other) {
            (Presence::Value(result), _) => result,
            (Presence::Absent, Some(Other { namespace, local })) => {
                let expected = [self.wire_name(T::NAME), "Result"].concat();
                let problem = Problem::Instead { namespace, local, expected };
                return Err(malformed("", problem.masked(mask)).into());
            }
            (Presence::Absent | Presence::Nil, _) => {
                return Err(malformed("", Problem::NullResult).into());
            }
        };
        let message = result.message.value();
        let outputs = Variables::read(result.output_variables);
        if !result.success {
            let masked = |(key, value): (&str, &str)| (mask.apply(key), mask.apply(value));
            // What callers know word for word is not masked.
            let known = [Failure::PERMISSION_DENIED, Failure::REQUIRED_INPUT_MISSING];
            let message = message.map(|message| match known.contains(&message.as_str()) {
                true => message,
                false => mask.apply(&message),
            });
            return Ok(Err(Failure {
                message,
                // What a provider says when it declines counts more than whether it says it well.
                outputs: outputs.unwrap_or_default().iter().map(masked).collect(),
            }));
        }
        let mut outputs = outputs.map_err(|error| malformed("/OutputVariables", error.into()))?;
        let items = result.custom_field_data_items.value().unwrap_or_default();
        let mut result = T::read_outputs(&mut outputs)
            .map_err(|error| malformed("/OutputVariables", error.into()))?;
        result
            .read_items(items)
            .map_err(|error| malformed("/CustomFieldDataItems", error.into()))?;
        Ok(Ok(Answer { result, message, other: outputs }))
    }

    /// Reads the answer to an operation as it is on the wire: nothing interpreted, nothing lost.
    pub fn decode_raw_response(
        &self,
        operation: &'static str,
        response: &HttpResponse,
        mask: &Mask,
    ) -> Result<Presence<RawResult>, DecodeError> {
        Ok(self.find_result(operation, response, mask)?.result)
    }

    fn find_result(
        &self,
        operation: &'static str,
        response: &HttpResponse,
        mask: &Mask,
    ) -> Result<Found, DecodeError> {
        if let Some(page) = NonSoapResponse::recognise(response, mask) {
            return Err(Box::new(page).into());
        }
        if response.body.len() > self.limits().body {
            let problem = Problem::TooLarge { limit: self.limits().body };
            return Err(Box::new(MalformedError { operation, path: String::new(), problem }).into());
        }
        let content_type = response.headers.get("Content-Type").unwrap_or_default();
        let read = Charset::of_response(&content_type)
            .decode(&response.body)
            .map_err(|error| Stopped::At(error.into()))
            .and_then(|text| self.read_response(operation, &text, mask));
        match read {
            Ok(result) => Ok(result),
            Err(Stopped::Fault(fault)) => Err(DecodeError::Fault(fault)),
            Err(Stopped::At(Located { path, problem })) => {
                // A proxy may call its error page text/xml.
                if matches!(problem, Problem::Xml(_) | Problem::NoEnvelope { .. })
                    && let Some(page) = NonSoapResponse::html(response, mask)
                {
                    return Err(Box::new(page).into());
                }
                let problem = problem.masked(mask);
                Err(Box::new(MalformedError { operation, path, problem }).into())
            }
        }
    }

    fn read_response(
        &self,
        operation: &'static str,
        text: &str,
        mask: &Mask,
    ) -> Result<Found, Stopped> {
        let mut r = Reader::new(text, self.limits().xml)?;
        root(&mut r)?;
        let Some(version) = SoapVersion::of_envelope(&r) else {
            let (namespace, local) = (r.namespace().to_owned(), r.local().to_owned());
            return Err(Located::new("", Problem::NoEnvelope { namespace, local }).into());
        };
        let mut result = None;
        while r.child()? {
            if r.is(version.envelope(), "Header") {
                if let Some(name) = read_header(&mut r, version)? {
                    let problem = Problem::MustUnderstand { name };
                    return Err(Located::new("Envelope/Header", problem).into());
                }
            } else if r.is(version.envelope(), "Body") && result.is_none() {
                let read = self.read_body(&mut r, operation, version, mask);
                result = Some(read.map_err(|stopped| stopped.inside("Envelope/Body"))?);
            } else {
                r.skip()?;
            }
        }
        r.finish()?;
        result.ok_or_else(|| Located::new("Envelope", Problem::NoBody).into())
    }

    fn read_body(
        &self,
        r: &mut Reader<'_>,
        operation: &'static str,
        version: SoapVersion,
        mask: &Mask,
    ) -> Result<Found, Stopped> {
        let operation = self.wire_name(operation);
        let is_response =
            |local: &str| local.strip_suffix("Response").is_some_and(|stem| stem == operation);
        let expected = || [operation, "Response"].concat();
        if !r.child()? {
            let problem = Problem::EmptyBody { expected: expected() };
            return Err(Located::new("", problem).into());
        }
        if r.is(version.envelope(), "Fault") {
            let mut fault = Fault::read(r, version, mask)?;
            fault.other_version = Some(version).filter(|version| *version != self.version());
            return Err(Stopped::Fault(Box::new(fault)));
        }
        if !is_response(r.local()) || r.namespace() != self.namespace() {
            let problem = Problem::Unexpected {
                namespace: r.namespace().to_owned(),
                local: r.local().to_owned(),
                expected_namespace: self.namespace().to_owned(),
                expected: expected(),
            };
            return Err(Located::new("", problem).into());
        }
        let (mut result, mut other) = (None, None);
        while r.child()? {
            let is_result = r.local().strip_suffix("Result").is_some_and(|stem| stem == operation)
                && r.namespace() == self.namespace();
            if is_result && result.is_none() {
                result =
                    Some(read_result(r, self.namespace(), self.limits()).map_err(|at| {
                        at.inside(&format!("{operation}Response/{operation}Result"))
                    })?);
            } else {
                let is_like = |local: &str| local.strip_suffix("Result") == Some(operation);
                Other::note(&mut other, r, is_like);
                r.skip()?;
            }
        }
        // Whatever follows the first element in the Body is ignored, as ASMX does.
        while r.child()? {
            r.skip()?;
        }
        Ok(Found { result: result.unwrap_or_default(), other })
    }
}

/// The version of the envelope that an answer is, if it is one.
pub(crate) fn answer_version(response: &HttpResponse) -> Option<SoapVersion> {
    let content_type = response.headers.get("Content-Type").unwrap_or_default();
    let text = Charset::of_response(&content_type).decode(&response.body).ok()?;
    let mut r = Reader::new(&text, crate::xml::Limits::default()).ok()?;
    r.root().ok()?;
    SoapVersion::of_envelope(&r)
}

fn success(version: SoapVersion, body: Vec<u8>) -> HttpResponse {
    HttpResponse { status: 200, headers: answer_headers(version), body }
}

/// What an answer holds.
struct Found {
    result: Presence<RawResult>,
    /// What stands beside the result or in its place.
    other: Option<Other>,
}

enum Stopped {
    Fault(Box<Fault>),
    At(Located),
}

impl Stopped {
    fn inside(self, element: &str) -> Self {
        match self {
            Self::At(located) => Self::At(located.inside(element)),
            fault => fault,
        }
    }
}

impl<E: Into<Located>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::At(error.into())
    }
}

/// `External…ProviderResult`. The current element is consumed. Of an element that stands twice the
/// first counts, but lists are appended (wsdl/ASMX.md, section 4).
fn read_result(
    r: &mut Reader<'_>,
    namespace: &str,
    limits: &Limits,
) -> Result<Presence<RawResult>, Located> {
    if is_nil(r) {
        r.skip()?;
        return Ok(Presence::Nil);
    }
    let mut result = RawResult::default();
    let (mut success, mut other) = (None, None);
    while r.child()? {
        if r.namespace() != namespace {
            Other::note(&mut other, r, |local| local == "Success");
            r.skip()?;
            continue;
        }
        match r.local() {
            "Success" if success.is_none() => {
                success = Some(read_bool(r).map_err(|at| at.inside("Success"))?);
            }
            "Message" if result.message == Presence::Absent => {
                result.message = read_string(r).map_err(|at| at.inside("Message"))?;
            }
            "OutputVariables" => {
                read_list(r, namespace, Types::Checked, limits, &mut result.output_variables)
                    .map_err(|at| at.inside("OutputVariables"))?
            }
            "CustomFieldDataItems" => {
                read_items(r, namespace, limits, &mut result.custom_field_data_items)
                    .map_err(|at| at.inside("CustomFieldDataItems"))?;
            }
            _ => r.skip()?,
        }
    }
    result.success =
        success.ok_or_else(|| Located::new("Success", Other::problem(other, "Success")))?;
    Ok(Presence::Value(result))
}

fn read_items(
    r: &mut Reader<'_>,
    namespace: &str,
    limits: &Limits,
    items: &mut Presence<Vec<Option<RawCustomFieldData>>>,
) -> Result<(), Located> {
    check_type(r, namespace, "ArrayOfExternalCustomFieldData")
        .map_err(|problem| Located::new("", problem))?;
    if is_nil(r) {
        r.skip()?;
        if matches!(items, Presence::Absent) {
            *items = Presence::Nil;
        }
        return Ok(());
    }
    if !matches!(items, Presence::Value(_)) {
        *items = Presence::Value(Vec::new());
    }
    let Presence::Value(items) = items else { return Ok(()) };
    while r.child()? {
        if !r.is(namespace, "ExternalCustomFieldData") {
            r.skip()?;
            continue;
        }
        if items.len() >= limits.variables {
            return Err(Located::new("", Problem::TooMany { limit: limits.variables }));
        }
        if is_nil(r) {
            r.skip()?;
            items.push(None);
            continue;
        }
        let item = read_item(r, namespace, limits)
            .map_err(|at| at.inside(&format!("ExternalCustomFieldData[{}]", items.len() + 1)))?;
        items.push(Some(item));
    }
    Ok(())
}

fn read_item(
    r: &mut Reader<'_>,
    namespace: &str,
    limits: &Limits,
) -> Result<RawCustomFieldData, Located> {
    /// The booleans of an item, each of which must be there (WSDL: `minOccurs="1"`).
    const FLAGS: [&str; 6] = RawCustomFieldData::FLAGS;
    let mut name = Presence::Absent;
    let mut options: Presence<StringList> = Presence::Absent;
    let mut flags = [None; 6];
    let mut other = None;
    while r.child()? {
        if r.namespace() != namespace {
            Other::note(&mut other, r, |local| FLAGS.contains(&local));
            r.skip()?;
            continue;
        }
        match r.local() {
            "CustomFieldName" if name == Presence::Absent => {
                name = read_string(r).map_err(|at| at.inside("CustomFieldName"))?;
            }
            "ListOptions" => read_list(r, namespace, Types::Checked, limits, &mut options)
                .map_err(|at| at.inside("ListOptions"))?,
            local => match FLAGS.iter().position(|flag| *flag == local) {
                Some(i) if flags[i].is_none() => {
                    flags[i] = Some(read_bool(r).map_err(|at| at.inside(FLAGS[i]))?);
                }
                _ => r.skip()?,
            },
        }
    }
    let mut flag = |i: usize| {
        flags[i].ok_or_else(|| Located::new(FLAGS[i], Other::problem(other.take(), FLAGS[i])))
    };
    Ok(RawCustomFieldData {
        custom_field_name: name,
        change_visible: flag(0)?,
        new_visible_value: flag(1)?,
        change_required: flag(2)?,
        new_required_value: flag(3)?,
        change_list_options: flag(4)?,
        list_options: options,
        display_with_information_lookup: flag(5)?,
    })
}
