//! On which cores this process runs. Where there is no `taskset`, on whichever it is put.

use std::{fs, process};

/// The cores that the process started with.
pub(crate) struct Cores {
    /// As in `0-3,8`.
    all: Option<String>,
}

impl Cores {
    /// Asks the system.
    pub(crate) fn find() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let all = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        Self { all: all.map(|list| list.trim().to_owned()) }
    }

    /// Keeps this thread, and threads and processes that it starts, on the last of them.
    pub(crate) fn use_one(&self) {
        if let Some(last) = self.all.as_deref().and_then(last) {
            set(last);
        }
    }

    /// Lets it run on all of them.
    pub(crate) fn use_all(&self) {
        if let Some(all) = &self.all {
            set(all);
        }
    }
}

fn set(cores: &str) {
    // Of the process, `taskset` sets the main thread, which is the one that measures.
    let mut taskset = process::Command::new("taskset");
    let _ = taskset.args(["--cpu-list", "--pid", cores, &process::id().to_string()]).output();
}

/// The last core of a list.
fn last(list: &str) -> Option<&str> {
    list.rsplit(['-', ',']).next().filter(|core| !core.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_core() {
        assert_eq!(["0", "0-3", "0-3,8", "1,5-7", ""].map(last), [Some("0"), Some("3"), Some("8"), Some("7"), None]);
    }
}
