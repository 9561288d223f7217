//! What stands below the options of `call --help`.

use external_providers::contract::OPERATIONS;

use crate::cli::EXIT_CODES;

/// What `--json` prints.
const JSON: &str = "\
JSON (--json): one object. Members may be added; none is removed.
  operation  the operation's name
  outcome    authenticated, allowed, options, found, not-found, handled, registered, refused, declined
             (Success=false) or error
  message    the provider's, or null
  outputs    a list of key and value, since their order and what comes twice have a meaning: first
             the contract's variables, then the others in their order
  items      of GetCustomFieldOptions: name; visible, required and options (null where it stays as it
             is); displayWithInformationLookup
  error      null, or kind (usage, transport, not-soap, malformed, fault, declined), text, hint, and
             where they apply sent (may the service have got the request?) and status (of HTTP). What came with an
             answer that lacks something is in message and outputs

";

/// Every operation with its variables, from the catalogue; what JSON holds; exit codes.
pub(super) fn text() -> String {
    let mut help = "Operations (* is required; names marked (c) are conventions of this tool, the others are the vendor's):\n".to_owned();
    for operation in OPERATIONS {
        help.push_str(&format!("  {operation}\n"));
    }
    help.push('\n');
    help.push_str(JSON);
    // A call compares nothing, and looks for nothing.
    let codes = EXIT_CODES;
    help.push_str(&codes[..codes.find("\n  8").unwrap_or(codes.len())]);
    help
}
