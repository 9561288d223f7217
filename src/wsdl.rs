//! What a service says of itself: WSDL documents, read and held against the contract.
