//! What changes when the process is a copy: after `fork`, the child is another client.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Access, Inner};
use crate::http::Connections;

impl Inner {
    /// Notices that this process was forked since the last look, and lets go of what is the parent's.
    ///
    /// Parent and child would otherwise read each other's answers from the same sockets, and the second to present
    /// the shared refresh token would have it refused. Says whether that was so.
    pub(super) fn check_process(&self) -> bool {
        let process = std::process::id();
        if self.process.swap(process, Ordering::Relaxed) == process {
            return false;
        }
        let connections = Arc::new(Connections::new(&self.connection_settings));
        *self.connections.lock() = Arc::clone(&connections);
        self.gate.forked(|access| {
            let connections = Arc::clone(&connections);
            Arc::new(Access { token: access.token.clone(), connections })
        });
        true
    }
}
