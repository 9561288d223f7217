//! The page for people: the operations, and how to call each from three languages.

use super::examples;
use crate::contract::{OPERATIONS, OperationInfo, SideEffect};
use crate::host::html;
use crate::xml::escape;

const TITLE: &str = "External providers";

/// The page; `base` is where the reader has it from, `http://host:port`.
pub(super) fn page(base: &str) -> String {
    let mut content = format!(
        "<p>Each operation is a <code>POST</code> of a JSON object to \
         <code>{}/v1/<i>Operation</i></code>, with a bearer token. What a provider says, a refusal included, is \
         answered with status 200; everything else is a problem document (RFC 9457) with the blame and a \
         hint. All of it, for programs: <a href=\"openapi.json\">OpenAPI 3.1</a>.</p>\n<ul>\n",
        escape(base)
    );
    for OperationInfo { name, kind, .. } in OPERATIONS {
        content.push_str(&format!("<li><a href=\"#{name}\">{name}</a> ({kind})</li>\n"));
    }
    content.push_str(
        "</ul>\n<p>In the examples the token stands in the file <code>token</code>, and never in an \
         argument, which others on the machine could read.</p>\n",
    );
    OPERATIONS.iter().for_each(|info| operation(&mut content, info, base));
    html::page(TITLE, &content)
}

fn operation(content: &mut String, info: &OperationInfo, base: &str) {
    let name = info.name;
    let effect = match info.side_effect {
        SideEffect::ReadOnly => "It reads only.",
        SideEffect::Mutating => {
            "It may change something at the provider: send it again only after a problem whose member \
             <code>sent</code> is false."
        }
    };
    let inputs = info.inputs.iter().map(|input| match input.required {
        true => format!("<code>{}</code> (required)", input.name),
        false => format!("<code>{}</code>", input.name),
    });
    let more = match (info.open_inputs, info.custom_fields) {
        (true, _) => ", and whatever the site knows",
        (false, true) => ", and custom fields, <code>cf_<i>name</i></code>",
        (false, false) => "",
    };
    let inputs: Vec<_> = inputs.collect();
    content.push_str(&format!(
        "<h2 id=\"{name}\">{name}</h2>\n<p>Of the {} provider. {effect} It takes {}{more}.</p>\n",
        info.kind,
        inputs.join(", ")
    ));
    let (url, request) = (format!("{base}/v1/{name}"), examples::request(info));
    let mut examples = vec![
        ("curl", curl(&url, &request)),
        ("Python", python(&url, &request)),
        ("JavaScript", javascript(&url, &request)),
    ];
    if let Some(answer) = examples::answer(info) {
        examples.push(("An answer", format!("{answer:#}")));
    }
    for (language, text) in examples {
        content.push_str(&format!(
            "<h3>{language}</h3>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"{name}, \
             {language}\">{}</pre>\n",
            escape(&text)
        ));
    }
}

fn curl(url: &str, request: &str) -> String {
    format!(
        "curl {url} --json @- -H @<(printf 'Authorization: Bearer %s' \"$(head -n 1 token)\") \
         <<'END'\n{request}\nEND"
    )
}

fn python(url: &str, request: &str) -> String {
    format!(
        "import json, urllib.request\n\ntoken = open(\"token\").readline().strip()\nrequest = \
         urllib.request.Request(\n    \"{url}\",\n    json.dumps({request}).encode(),\n    \
         {{\"Content-Type\": \"application/json\", \"Authorization\": \"Bearer \" + token}},\n)\nwith \
         urllib.request.urlopen(request) as answer:\n    print(json.load(answer)[\"outcome\"])"
    )
}

fn javascript(url: &str, request: &str) -> String {
    format!(
        "import {{ readFileSync }} from \"node:fs\";\n\nconst [token] = readFileSync(\"token\", \
         \"utf8\").split(/\\s/);\nconst answer = await fetch(\"{url}\", {{\n  method: \"POST\",\n  headers: \
         {{ \"Content-Type\": \"application/json\", Authorization: `Bearer ${{token}}` }},\n  body: \
         JSON.stringify({request}),\n}});\nconsole.log((await answer.json()).outcome);"
    )
}
