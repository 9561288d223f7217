//! Writes the seeds of each target into a folder, `corpus` by default: `corpus/wsdl/0` and so on.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let corpus = std::env::args().nth(1).unwrap_or_else(|| "corpus".to_owned());
    for (target, _) in external_providers_fuzz::TARGETS {
        let folder = Path::new(&corpus).join(target);
        std::fs::create_dir_all(&folder)?;
        for (n, seed) in external_providers_fuzz::seeds(target).into_iter().enumerate() {
            std::fs::write(folder.join(n.to_string()), seed)?;
        }
    }
    Ok(())
}
