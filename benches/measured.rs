//! Where a bench leaves what it measured without criterion, so that the report finds it beside criterion's results.

use std::path::{Path, PathBuf};

/// Where criterion leaves its results, for a bench or the report of this package: `criterion` in the target directory.
#[must_use]
pub fn results() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    // target/release/report or target/release/deps/bench-0123456789abcdef
    let target = program.ancestors().find(|path| path.join("CACHEDIR.TAG").is_file())?;
    Some(target.join("criterion"))
}

fn is_trial() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// Notes that a bench begins, so that figures which an earlier run of it left are not compared with those of this one.
///
/// # Panics
/// Where the note cannot be written.
#[expect(clippy::expect_used, reason = "without it figures of two runs could be compared")]
pub fn began(bench: &str) {
    if is_trial() {
        return;
    }
    let place = results().expect("a target directory").join(BEGAN);
    std::fs::create_dir_all(&place).expect("a directory for the note");
    std::fs::write(place.join(bench), "").expect("a file for the note");
}

/// Where benches note that they began, beside the results.
pub const BEGAN: &str = "began";

/// Keeps a figure under a name, as criterion would keep a median of that name: nanoseconds, unless the report's line says otherwise.
///
/// Nothing is kept in a trial run (`--test`), which measures too little to mean anything.
///
/// # Panics
/// Where the file cannot be written.
#[expect(clippy::expect_used, reason = "a bench whose figure is lost has failed")]
pub fn keep(name: &str, value: f64) {
    if is_trial() {
        return;
    }
    let place = results().expect("a target directory").join(Path::new(name)).join("new");
    std::fs::create_dir_all(&place).expect("a directory for the figure");
    let text = serde_json::json!({"median": {"point_estimate": value}}).to_string();
    std::fs::write(place.join("estimates.json"), text).expect("a file for the figure");
}
