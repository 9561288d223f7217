//! Events that are kept until they are delivered.
