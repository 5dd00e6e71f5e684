//! The resources that this process uses.

use std::fs;
use std::ops::Sub;

use anyhow::Context;

#[derive(Clone, Copy)]
pub(super) struct Usage {
    /// Resident memory, in bytes.
    pub(super) resident: i64,
    /// Allocated memory, touched or not, in bytes.
    pub(super) heap: i64,
    pub(super) descriptors: i64,
    pub(super) threads: i64,
    /// CPU time in milliseconds, with a resolution of ten.
    pub(super) cpu: i64,
}

impl Usage {
    pub(super) fn now() -> anyhow::Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"));
        let stat = fs::read_to_string("/proc/self/stat")?;
        // The name before the last parenthesis may have blanks. The 12th and 13th fields after it are CPU ticks.
        let (_, stat) = stat.rsplit_once(')').context("/proc/self/stat has no name")?;
        let ticks: i64 = stat.split_whitespace().skip(11).take(2).flat_map(str::parse::<i64>).sum();
        Ok(Usage {
            resident: resident.context("no VmRSS")?.trim().parse::<i64>()? * 1024,
            heap: heap()?,
            descriptors: count("/proc/self/fd")?,
            threads: count("/proc/self/task")?,
            cpu: ticks * 10,
        })
    }
}

fn count(folder: &str) -> anyhow::Result<i64> {
    Ok(fs::read_dir(folder)?.count().try_into()?)
}

#[expect(
    unsafe_code,
    reason = "glibc's count of allocated bytes has no safe wrapper; the call has no preconditions"
)]
fn heap() -> anyhow::Result<i64> {
    // SAFETY: the function takes no argument and reads the allocator's counters under its locks.
    let info = unsafe { libc::mallinfo2() };
    Ok((info.uordblks + info.hblkhd).try_into()?)
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Usage {
            resident: self.resident - before.resident,
            heap: self.heap - before.heap,
            descriptors: self.descriptors - before.descriptors,
            threads: self.threads - before.threads,
            cpu: self.cpu - before.cpu,
        }
    }
}
