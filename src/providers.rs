//! All provider kinds together, as the settings say: the facade that an application uses.
