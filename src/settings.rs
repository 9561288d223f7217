//! The product's External Providers page as a settings file.
