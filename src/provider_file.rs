//! One file that answers the help desk: directories, databases, rules, and the old service for the
//! rest.
