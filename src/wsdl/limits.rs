//! How much a service may say of itself.

/// How much the documents of a service may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document. Default 4 MiB: ASMX writes 3 KB for an operation.
    pub size: usize,
    /// Documents in all. Default 32: WCF splits into about ten.
    pub documents: usize,
    /// Bytes of all documents together. Default 16 MiB: whoever gives 32 large ones has something
    /// else in mind than to be called.
    pub total: usize,
    /// Elements, types, messages, bindings, operations, ports and imports in all. Default 50 000.
    pub definitions: usize,
    /// Bytes of a name, a namespace or another attribute. Default 2 048: identifiers of .NET end at
    /// 1 023, addresses that a browser takes about here.
    pub name: usize,
    /// Bytes of names in all, each counted wherever it is kept: with every definition in a namespace,
    /// and again with every operation whose messages have it. Default 64 MiB, ten times what 50 000
    /// definitions of an honest service take.
    pub names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 4 << 20,
            documents: 32,
            total: 16 << 20,
            definitions: 50_000,
            name: 2048,
            names: 64 << 20,
        }
    }
}
