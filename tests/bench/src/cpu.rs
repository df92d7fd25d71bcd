//! CPU time, user and system, of this process and of others.

use std::time::Duration;

/// The unit of the times in `/proc/PID/stat`: Linux shows user space hundredths of a second on every architecture it runs on.
const TICK: Duration = Duration::from_millis(10);

/// Whether only to try out that everything works: `BENCH_QUICK` is set. Its numbers mean nothing.
pub fn is_quick() -> bool {
    std::env::var_os("BENCH_QUICK").is_some()
}

/// Whether to leave out algorithms, assertions, reference tokens and the large population: `BENCH_SHORT` is set.
pub fn is_short() -> bool {
    std::env::var_os("BENCH_SHORT").is_some()
}

/// The CPU time of this process so far, all its threads together.
pub fn own() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The CPU time of another process so far: user and system, its ended threads among them, its children not.
///
/// # Panics
/// When there is no such process.
pub fn of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    // The name in parentheses may hold anything; what follows the last one does not.
    let fields: Vec<&str> = stat[stat.rfind(')').expect("a name") + 1..].split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u32>().expect("a number");
    TICK * (ticks(11) + ticks(12))
}

/// Memory of another process that is in RAM now, in bytes.
///
/// # Panics
/// When there is no such process.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") << 10
}

/// The least CPU microseconds per turn of five rounds, of the whole process.
pub fn best_of_five(turns: u32, mut round: impl FnMut(u32)) -> f64 {
    let turns = if is_quick() { turns / 50 } else { turns };
    round(turns / 10);
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let before = own();
        round(turns);
        best = best.min(own().saturating_sub(before));
    }
    best.as_secs_f64() * 1e6 / f64::from(turns.max(1))
}
