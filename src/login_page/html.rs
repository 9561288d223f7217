//! The page: plain HTML with a style of its own, and nothing to load or run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use super::return_addresses::ReturnAddresses;
use super::settings::Texts;
use crate::xml::escape;

/// The colours have a contrast of 4.5 : 1 or more to what is behind them, borders of fields 3 : 1 (WCAG 2.2,
/// level AA). Sizes follow the reader's font; nothing has a width that a narrow screen does not.
const STYLE: &str = "\
:root{color-scheme:light dark;--page:#f2f4f7;--card:#fff;--text:#1b2430;--line:#6b7685;--accent:#0b57a4;\
--on-accent:#fff;--error:#9b1c1c;--error-page:#fdecec}\
@media (prefers-color-scheme:dark){:root{--page:#12161c;--card:#1c222b;--text:#e6eaf0;--line:#8a95a5;\
--accent:#8ab8ff;--on-accent:#0c1a2e;--error:#ffb4ab;--error-page:#3b1a1a}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1rem;\
background:var(--page);color:var(--text);font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
main{width:100%;max-width:24rem;padding:clamp(1.25rem,6vw,2.25rem);background:var(--card);\
border:1px solid var(--line);border-radius:.75rem;overflow-wrap:anywhere}\
h1{margin:0 0 1rem;font-size:1.6rem;line-height:1.2}p{margin:0 0 1rem}main>:last-child{margin-bottom:0}\
[role=alert]{padding:.6rem .8rem;border-left:.3rem solid var(--error);border-radius:.25rem;\
background:var(--error-page);color:var(--error)}\
label{display:block;margin-bottom:1rem;font-weight:600}\
input{display:block;width:100%;margin-top:.3rem;padding:.6rem .7rem;font:inherit;font-weight:400;\
color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.4rem}\
.keep{display:flex;align-items:center;gap:.6rem;font-weight:400}\
.keep input{width:1.15rem;height:1.15rem;margin:0;flex:none;accent-color:var(--accent)}\
button{display:block;width:100%;padding:.7rem;font:inherit;font-weight:600;color:var(--on-accent);\
background:var(--accent);border:1px solid transparent;border-radius:.4rem;cursor:pointer}\
button:hover{filter:brightness(1.1)}a{color:var(--accent)}\
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}";

/// Which rules a browser gets for the page. Chromium counts where an answer to a form leads to as one of its
/// actions, so that the places to return to are there.
pub(super) fn security_policy(return_to: &ReturnAddresses) -> String {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let mut origins: Vec<_> = return_to.iter().map(|u| u.origin().ascii_serialization()).collect();
    origins.dedup();
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self' {}; base-uri 'none'; \
         frame-ancestors 'none'",
        origins.join(" ")
    )
}

/// What a form to log in shows.
#[derive(Debug, Default)]
pub(super) struct LoginForm<'f> {
    /// What went wrong.
    pub(super) error: Option<&'f str>,
    pub(super) user_name: &'f str,
    /// Is the box there, and ticked?
    pub(super) keep: Option<bool>,
    pub(super) token: &'f str,
}

impl LoginForm<'_> {
    /// The form as a page. It is sent to the address at which it was shown, so that where to return to need
    /// not be in it.
    pub(super) fn page(&self, texts: &Texts) -> String {
        let word = |key| escape(texts.get(key));
        let mut content = String::new();
        if !texts.get("introduction").is_empty() {
            content.push_str(&format!("<p>{}</p>\n", word("introduction")));
        }
        if let Some(error) = self.error {
            content.push_str(&alert(error));
        }
        let wrong = if self.error.is_some() { " aria-describedby=\"error\"" } else { "" };
        let (in_name, in_password) = match self.user_name {
            "" => (" autofocus", ""),
            _ => ("", " autofocus"),
        };
        let keep = self.keep.map(|is_ticked| {
            let ticked = if is_ticked { " checked" } else { "" };
            format!(
                "<label class=\"keep\"><input type=\"checkbox\" name=\"keep\" value=\"yes\"{ticked}> \
                 {}</label>\n",
                word("keep")
            )
        });
        content.push_str(&format!(
            "<form method=\"post\">\n{}<label>{}<input type=\"text\" name=\"user_name\" value=\"{}\" \
             autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" \
             maxlength=\"256\" required{wrong}{in_name}></label>\n<label>{}<input type=\"password\" \
             name=\"password\" autocomplete=\"current-password\" required{wrong}{in_password}></label>\n{}\
             <button>{}</button>\n</form>\n",
            token(self.token),
            word("user_name"),
            escape(self.user_name),
            word("password_label"),
            keep.unwrap_or_default(),
            word("button"),
        ));
        page(texts, "title", &content)
    }
}

/// The page that asks whether to log out.
pub(super) fn logout_page(texts: &Texts, error: Option<&str>, form_token: &str) -> String {
    let word = |key| escape(texts.get(key));
    let content = format!(
        "{}<p>{}</p>\n<form method=\"post\">\n{}<button autofocus>{}</button>\n</form>\n",
        error.map(alert).unwrap_or_default(),
        word("logout_question"),
        token(form_token),
        word("logout_button"),
    );
    page(texts, "logout_title", &content)
}

/// The page that says so, with the way back in.
pub(super) fn logged_out_page(texts: &Texts, login: &str) -> String {
    let word = |key| escape(texts.get(key));
    let (said, link) = (word("logged_out"), word("title"));
    let content = format!(
        "<p role=\"status\">{said}</p>\n<p><a href=\"../{}\">{link}</a></p>\n",
        escape(login)
    );
    page(texts, "logout_title", &content)
}

/// A page with one sentence.
pub(super) fn refusal_page(texts: &Texts, sentence: &str) -> String {
    page(texts, "title", &alert(sentence))
}

fn alert(sentence: &str) -> String {
    format!("<p role=\"alert\" id=\"error\">{}</p>\n", escape(sentence))
}

fn token(value: &str) -> String {
    format!("<input type=\"hidden\" name=\"token\" value=\"{}\">\n", escape(value))
}

fn page(texts: &Texts, title: &str, content: &str) -> String {
    let (language, title) = (escape(texts.get("language")), escape(texts.get(title)));
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
         name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" \
         content=\"noindex\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n{content}</main>\n</body>\n</html>\n"
    )
}
