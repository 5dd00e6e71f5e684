//! One value per process, across forks.

use std::process;
use std::sync::OnceLock;

/// Finds the value of this process without a lock: the parent may have held one when it forked.
pub(crate) struct PerProcess<T> {
    pid: u32,
    value: T,
    next: OnceLock<Box<PerProcess<T>>>,
}

impl<T> PerProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        PerProcess { pid: process::id(), value, next: OnceLock::new() }
    }

    /// Returns the value of this process. The first call in a child makes it from the parent's value.
    pub(crate) fn get(&self, make: impl Fn(&T) -> T) -> &T {
        self.of(process::id(), &make)
    }

    /// Returns the first process's value, unless a child has made its own. Makes no system call. A child that has not
    /// called [`get`](PerProcess::get) yet sees the value as it was at the fork.
    pub(crate) fn first(&self) -> Option<&T> {
        self.next.get().is_none().then_some(&self.value)
    }

    fn of(&self, pid: u32, make: &dyn Fn(&T) -> T) -> &T {
        if self.pid == pid {
            return &self.value;
        }
        if self.next.get().is_none() {
            // Made before the cell is locked, so a process forked during `make` does not find it locked.
            let child = PerProcess { pid, value: make(&self.value), next: OnceLock::new() };
            // If another thread was first, its value stays.
            self.next.set(Box::new(child)).unwrap_or_default();
        }
        self.next.get().map_or(&self.value, |next| next.of(pid, make))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns what `finds` returns in a forked child. A child that hangs on a lock exits after 20 seconds.
    #[cfg(unix)]
    pub(in crate::token) fn in_a_child(finds: impl FnOnce() -> bool) -> bool {
        match fork::fork().unwrap() {
            fork::Fork::Child => {
                std::thread::spawn(|| {
                    std::thread::sleep(std::time::Duration::from_secs(20));
                    process::exit(2);
                });
                process::exit(i32::from(!finds()))
            }
            fork::Fork::Parent(child) => fork::waitpid(child).unwrap() == 0,
        }
    }

    #[test]
    fn each_process_has_its_own_value() {
        let values = PerProcess { pid: 1, value: vec!["parent"], next: OnceLock::new() };
        let make = |parent: &Vec<&'static str>| [parent.as_slice(), &["child"]].concat();
        assert_eq!(values.of(1, &make), &["parent"]);
        assert!(values.first().is_some());
        assert_eq!(values.of(2, &make), &["parent", "child"]);
        assert_eq!(values.of(3, &make), &["parent", "child", "child"]);
        assert_eq!(values.of(2, &make), &["parent", "child"]);
        assert!(values.first().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_forked_child_touches_no_lock_that_its_parent_held() {
        use parking_lot::Mutex;

        let values = PerProcess::new(Mutex::new("parent"));
        let make = |parent: &Mutex<_>| Mutex::new(parent.try_lock().map_or("cold", |value| *value));
        let held = values.get(make).lock();
        assert!(in_a_child(|| *values.get(make).lock() == "cold"));
        assert_eq!(*held, "parent");
    }
}
